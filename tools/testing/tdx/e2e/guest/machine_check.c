// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses to memory of the TDX module, to test the handling of machine checks.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "guest.h"

/* The first PAMT that the kernel reports; 0 if there is none. */
static unsigned long long pamt_address(void)
{
	FILE *info = fopen("/sys/kernel/debug/x86/tdx/info", "r");
	unsigned long long address = 0;
	char line[512];

	while (info && fgets(line, sizeof(line), info))
		if (sscanf(line, "tdmr %*s %*s pamt1g %llx", &address) == 1)
			break;
	if (info)
		fclose(info);
	return address;
}

/* Offset of a physical address in /proc/kcore; 0 if there is none. */
static off_t kcore_offset(int kcore, unsigned long long address)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	int i;

	if (pread(kcore, &header, sizeof(header), 0) != sizeof(header))
		return 0;
	for (i = 0; i < header.e_phnum; i++) {
		if (pread(kcore, &segment, sizeof(segment), header.e_phoff + i * sizeof(segment)) !=
		    sizeof(segment))
			return 0;
		if (segment.p_type == PT_LOAD && segment.p_paddr != ~0ULL &&
		    address - segment.p_paddr < segment.p_memsz)
			return segment.p_offset + (address - segment.p_paddr);
	}
	return 0;
}

void read_pamt(const char *arg)
{
	int kcore = open("/proc/kcore", O_RDONLY);
	unsigned long long address;
	char word[8];
	off_t offset;

	create_td("");
	address = pamt_address();
	offset = kcore_offset(kcore, address);
	report("pamt", "0x%llx %s", address, offset ? "found" : "not in /proc/kcore");
	report("read_pamt", "%d", error_of(pread(kcore, word, sizeof(word), offset)));
}
