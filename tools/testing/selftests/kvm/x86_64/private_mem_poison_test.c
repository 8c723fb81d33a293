// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test private memory that is poisoned.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bits.h>
#include <linux/falloc.h>
#include <linux/kernel-page-flags.h>
#include <stdlib.h>
#include <unistd.h>

#include "private_mem.h"

#define PRIVATE		KVM_MEMORY_ATTRIBUTE_PRIVATE
/* More than each CPU keeps back before it marks them as unevictable. */
#define PAGES		128
#define SIZE		(PAGES * PM_PAGE)
#define SLOT		1
#define WAIT_MS		10000
#define POISON		"/sys/devices/system/memory/hard_offline_page"

/* Flags that a page of private memory has, and all that are looked at. */
#define FLAGS		(BIT_ULL(KPF_UNEVICTABLE) | BIT_ULL(KPF_DIRTY))
#define LOOKED_AT	(FLAGS | BIT_ULL(KPF_MMAP) | BIT_ULL(KPF_HWPOISON))

struct page_flags {
	uint64_t *flags;
	size_t nr;
};

static struct page_flags read_flags(void)
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
	return (struct page_flags) { .flags = flags, .nr = nr };
}

static bool is_private(const struct page_flags *pages, size_t pfn)
{
	return pfn < pages->nr && (pages->flags[pfn] & LOOKED_AT) == FLAGS;
}

/* A page that has become one of private memory. */
static uint64_t find_pfn(struct page_flags before, struct page_flags after)
{
	size_t pfn;

	for (pfn = 0; pfn < after.nr; pfn++) {
		if (is_private(&after, pfn) && !is_private(&before, pfn))
			break;
	}
	TEST_ASSERT(pfn < after.nr, "no page has become private memory");
	free(before.flags);
	free(after.flags);
	return pfn;
}

static void poison(uint64_t pfn)
{
	char address[32];
	int fd = open(POISON, O_WRONLY);
	int length = snprintf(address, sizeof(address), "0x%llx", pfn * PM_PAGE);

	/* Whether this is a failure, as the page is still used, is up to the kernel. */
	TEST_ASSERT(write(fd, address, length) == length || errno == EBUSY, "%s: %s", POISON,
		    strerror(errno));
	close(fd);
}

static uint64_t page(unsigned int number)
{
	return PM_GPA + number * PM_PAGE;
}

static void store_all(struct pm_guest *guest)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		PM_ERRNO(pm_store(guest, page(i), i + 1), 0);
}

/* The page that cannot be read any more, after a while. */
static unsigned int find_page(struct pm_guest *guest)
{
	unsigned int i, wait;
	uint32_t value;

	for (wait = 0; wait < WAIT_MS; wait++) {
		for (i = 0; i < PAGES; i++) {
			if (pm_load(guest, page(i), &value))
				return i;
		}
		usleep(1000);
	}
	TEST_FAIL("the guest can still read all pages");
	return 0;
}

static unsigned int poison_one(struct pm_guest *guest)
{
	struct page_flags before = read_flags();

	store_all(guest);
	poison(find_pfn(before, read_flags()));
	return find_page(guest);
}

static void test_access(struct pm_guest *guest, unsigned int poisoned)
{
	struct kvm_pre_fault_memory range = { .gpa = page(poisoned), .size = PM_PAGE };
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		if (i == poisoned)
			pm_expect_poison(guest, page(i));
		else
			pm_expect(guest, page(i), i + 1);
	}
	PM_ERRNO(pm_ioctl(guest->vcpu, KVM_PRE_FAULT_MEMORY, &range), EHWPOISON);
}

/* A hole has good pages. */
static void test_punch(struct pm_guest *guest, int gmem, unsigned int poisoned)
{
	TEST_ASSERT(!fallocate(gmem, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
			       poisoned * PM_PAGE, PM_PAGE), "fallocate: %s", strerror(errno));
	pm_expect(guest, page(poisoned), 0);
	PM_ERRNO(pm_store(guest, page(poisoned), poisoned + 1), 0);
	pm_expect(guest, page(poisoned), poisoned + 1);
}

int main(int argc, char *argv[])
{
	struct pm_guest guest;
	unsigned int poisoned;
	int vm, gmem;

	pm_require();
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_GUEST_MEMFD));
	__TEST_REQUIRE(!access(POISON, W_OK), "pages cannot be poisoned");

	vm = pm_create_vm(KVM_X86_SW_PROTECTED_VM);
	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM: %s", strerror(errno));
	gmem = pm_create_gmem(vm, SIZE, 0);
	PM_ERRNO(pm_set_gmem_slot(vm, SLOT, PM_GPA, SIZE, pm_alloc(SIZE), gmem, 0), 0);
	PM_ERRNO(pm_set_attributes(vm, PM_GPA, SIZE, PRIVATE), 0);
	pm_create_guest(&guest, vm);

	poisoned = poison_one(&guest);
	test_access(&guest, poisoned);
	test_punch(&guest, gmem, poisoned);

	/* The file is closed with a poisoned page. */
	TEST_ASSERT(!fallocate(gmem, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, SIZE),
		    "fallocate: %s", strerror(errno));
	poison_one(&guest);
	close(gmem);
	pm_expect_fault(&guest, page(0));

	pm_free_guest(&guest);
	close(vm);
	return 0;
}
