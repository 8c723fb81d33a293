// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID, MSRs, KVM and the kernel log.  See hardware.h.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <unistd.h>

#include "hardware.h"
#include "source.h"

#ifndef KVM_CAP_VM_TYPES
#define KVM_CAP_VM_TYPES		235
#endif

#define SYSLOG_ACTION_READ_ALL		3
#define SYSLOG_ACTION_SIZE_BUFFER	10

#define MOST_RECORDED			4096

/* Reads up to four numbers.  Returns how many there are. */
static int read_numbers(char *text, uint64_t numbers[4])
{
	char *end;
	int i;

	for (i = 0; i < 4; i++) {
		unsigned long long number = strtoull(text, &end, 0);

		if (end == text)
			break;
		numbers[i] = number;
		text = end;
	}
	return i;
}

/*
 * Finds the line of a recorded file that begins with @key, and reads its other numbers.
 * Returns how many there are.
 */
static int recorded(const char *root, const char *name, const char *key, uint64_t numbers[4])
{
	char text[MOST_RECORDED], *line, *save;
	size_t length = strlen(key);

	source_read(root, name, text, sizeof(text));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, key, length) && line[length] == ' ')
			return read_numbers(line + length, numbers);
	return 0;
}

static bool recorded_cpuid(const char *root, uint32_t leaf, uint32_t subleaf,
			   struct cpuid_regs *regs)
{
	uint64_t numbers[4];
	char key[32];

	snprintf(key, sizeof(key), "0x%x 0x%x", leaf, subleaf);
	if (recorded(root, "cpuid", key, numbers) != 4)
		return false;
	*regs = (struct cpuid_regs) { numbers[0], numbers[1], numbers[2], numbers[3] };
	return true;
}

bool hardware_cpuid(const char *root, uint32_t leaf, uint32_t subleaf, struct cpuid_regs *regs)
{
	if (root[0])
		return recorded_cpuid(root, leaf, subleaf, regs);
	return __get_cpuid_count(leaf, subleaf, &regs->eax, &regs->ebx, &regs->ecx, &regs->edx);
}

static bool recorded_msr(const char *root, uint32_t msr, uint64_t *value)
{
	uint64_t numbers[4];
	char key[32];

	snprintf(key, sizeof(key), "0x%x", msr);
	if (recorded(root, "msr", key, numbers) != 1)
		return false;
	*value = numbers[0];
	return true;
}

/* The BIOS has to set up all CPUs alike, and CPU 0 cannot go offline. */
bool hardware_msr(const char *root, uint32_t msr, uint64_t *value)
{
	bool good;
	int file;

	if (root[0])
		return recorded_msr(root, msr, value);
	file = open("/dev/cpu/0/msr", O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return false;
	good = pread(file, value, sizeof(*value), msr) == sizeof(*value);
	close(file);
	return good;
}

static int recorded_vm_types(const char *root, uint64_t *types)
{
	uint64_t numbers[4] = { ENOENT };

	if (recorded(root, "kvm", "vm_types", numbers) != 1) {
		recorded(root, "kvm", "error", numbers);
		return numbers[0];
	}
	*types = numbers[0];
	return 0;
}

int hardware_vm_types(const char *root, uint64_t *types)
{
	int kvm, answer;

	if (root[0])
		return recorded_vm_types(root, types);
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		return errno;
	answer = ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_VM_TYPES);
	close(kvm);
	/* Kernels before 6.8 do not know what is asked. */
	*types = answer < 0 ? 0 : (unsigned int)answer;
	return 0;
}

char *hardware_log(const char *root)
{
	int room, size;
	char *text;

	if (root[0])
		return source_read_all(root, "dmesg");
	room = klogctl(SYSLOG_ACTION_SIZE_BUFFER, NULL, 0);
	if (room <= 0)
		return NULL;
	text = malloc(room + 1);
	if (!text)
		return NULL;
	size = klogctl(SYSLOG_ACTION_READ_ALL, text, room);
	if (size < 0) {
		free(text);
		return NULL;
	}
	text[size] = '\0';
	return text;
}
