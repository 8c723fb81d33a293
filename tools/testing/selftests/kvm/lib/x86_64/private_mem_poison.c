// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of private memory as the machine has them, and those that are poisoned on purpose.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bits.h>
#include <linux/kernel-page-flags.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "private_mem_poison.h"

#define POISON		"/sys/devices/system/memory/hard_offline_page"

/* Flags that a page of private memory has, and all that are looked at. */
#define FLAGS		(BIT_ULL(KPF_UNEVICTABLE) | BIT_ULL(KPF_DIRTY))
#define LOOKED_AT	(FLAGS | BIT_ULL(KPF_MMAP) | BIT_ULL(KPF_HWPOISON))

void pp_require(void)
{
	__TEST_REQUIRE(!access(POISON, W_OK), "pages cannot be poisoned");
}

struct pp_pages pp_read_pages(void)
{
	size_t chunk = 1 << 16, nr = 0;
	uint64_t *flags = NULL;
	int fd = open("/proc/kpageflags", O_RDONLY);
	ssize_t got;

	TEST_ASSERT(fd >= 0, "/proc/kpageflags: %s", strerror(errno));
	do {
		flags = realloc(flags, (nr + chunk) * sizeof(*flags));
		got = read(fd, flags + nr, chunk * sizeof(*flags));
		nr += got > 0 ? got / sizeof(*flags) : 0;
	} while (got > 0);
	close(fd);
	return (struct pp_pages) { .flags = flags, .nr = nr };
}

bool pp_is_private(const struct pp_pages *pages, size_t pfn)
{
	return pfn < pages->nr && (pages->flags[pfn] & LOOKED_AT) == FLAGS;
}

static uint64_t find_new_page(struct pp_pages before)
{
	struct pp_pages after = pp_read_pages();
	size_t pfn;

	for (pfn = 0; pfn < after.nr; pfn++) {
		if (pp_is_private(&after, pfn) && !pp_is_private(&before, pfn))
			break;
	}
	TEST_ASSERT(pfn < after.nr, "no page has become private memory");
	free(before.flags);
	free(after.flags);
	return pfn;
}

void pp_poison_new_page(struct pp_pages before)
{
	char address[32];
	int fd = open(POISON, O_WRONLY);
	int length = snprintf(address, sizeof(address), "0x%lx",
			      find_new_page(before) * getpagesize());

	/* Whether this is a failure, as the page is still used, is up to the kernel. */
	TEST_ASSERT(write(fd, address, length) == length || errno == EBUSY, "%s: %s", POISON,
		    strerror(errno));
	close(fd);
}
