// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a machine with a long uptime: free pages, but few contiguous ones.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "guest.h"

#define KB		1024UL
#define MB		(1024 * KB)
#define GB		(1024 * MB)
#define PAGE		(4 * KB)
#define KEEP_FREE	(48 * MB)
#define SPARE		(64 * MB)
#define PIPE_PAGES	256

/* Bits 54:0 of an entry of /proc/PID/pagemap. */
#define PAGEMAP_PFN	((1ULL << 55) - 1)

#define THP		"/sys/kernel/mm/transparent_hugepage/enabled"

/* With huge pages, the kernel keeps contiguous memory in reserve. */
static void without_huge_pages(void)
{
	write_text(THP, "never");
}

/* A page in a pipe cannot be migrated, because the pipe holds a reference. */
static int pin(void *page)
{
	static int fds[2], used = PIPE_PAGES;
	struct iovec iov = { page, PAGE };

	if (used == PIPE_PAGES) {
		if (pipe(fds) || fcntl(fds[1], F_SETPIPE_SZ, PIPE_PAGES * PAGE) < 0)
			return -1;
		used = 0;
	}
	used++;
	return vmsplice(fds[1], &iov, 1, SPLICE_F_NONBLOCK) == PAGE ? 0 : -1;
}

/* One page in each MB is pinned, except in the middle of each GB. */
static int obstructs(uint64_t pa, unsigned long window)
{
	uint64_t in_gb = pa % GB;

	return pa % MB == 0 && (in_gb < GB / 2 || in_gb >= GB / 2 + window);
}

static void pin_obstructions(char *memory, size_t size, unsigned long window)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	unsigned int pinned = 0, failed = 0;
	uint64_t entries[512];
	size_t at, page;

	for (at = 0; at < size; at += ARRAY_SIZE(entries) * PAGE) {
		off_t offset = (uintptr_t)(memory + at) / PAGE * sizeof(entries[0]);

		if (pread(pagemap, entries, sizeof(entries), offset) != sizeof(entries))
			break;
		for (page = 0; page < ARRAY_SIZE(entries) && at + page * PAGE < size; page++) {
			if (!obstructs((entries[page] & PAGEMAP_PFN) * PAGE, window))
				continue;
			if (pin(memory + at + page * PAGE))
				failed++;
			else
				pinned++;
		}
	}
	close(pagemap);
	report("pinned", "%u", pinned);
	report("pin_failed", "%u", failed);
}

static void fragment(size_t size, unsigned long window)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED) {
		report("fragment", "%s", "no memory");
		return;
	}
	pin_obstructions(memory, size, window);
	munmap(memory, size);
}

/* Most memory is free, but contiguous only in @arg MB in the middle of each GB. */
void create_td_in_fragmented_memory(const char *arg)
{
	without_huge_pages();
	fragment(free_memory_kb() * KB - KEEP_FREE, strtoul(arg, NULL, 10) * MB);
	create_td("");
}

/* Contiguous free memory is used for huge pages; the kernel uses the fragments. */
void create_td_without_contiguous_memory(const char *arg)
{
	unsigned long before;

	without_huge_pages();
	fragment(SPARE, 0);
	report("hugepages", "%d", write_text("/proc/sys/vm/nr_hugepages", "1000000"));
	before = free_memory_kb();
	create_td("");
	report("lost_kb", "%ld", (long)(before - free_memory_kb()));
}
