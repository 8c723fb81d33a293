// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test what a guest sees of private and shared memory, and what its accesses cannot do.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "private_mem.h"

#define PRIVATE		KVM_MEMORY_ATTRIBUTE_PRIVATE
#define SIZE		(2 * PM_HUGE_PAGE)
#define SLOT		1
#define SHARED		0x5a5a5a5a
#define STRESS_LOADS	20000

struct fixture {
	struct pm_guest guest;
	int vm;
	int gmem;
	uint32_t *mem;
};

static void create(struct fixture *f)
{
	f->vm = fd_create_vm(KVM_X86_SW_PROTECTED_VM);
	TEST_ASSERT(f->vm >= 0, "KVM_CREATE_VM: %s", strerror(errno));
	f->gmem = pm_create_gmem(f->vm, SIZE, 0);
	TEST_ASSERT(f->gmem >= 0, "KVM_CREATE_GUEST_MEMFD: %s", strerror(errno));

	f->mem = pm_alloc(SIZE);
	madvise(f->mem, SIZE, MADV_HUGEPAGE);
	memset(f->mem, SHARED & 0xff, SIZE);
	TEST_ERRNO(pm_set_gmem_slot(f->vm, SLOT, PM_GPA, SIZE, f->mem, f->gmem, 0), 0);
	pm_create_guest(&f->guest, f->vm);
}

static void destroy(struct fixture *f)
{
	pm_free_guest(&f->guest);
	if (f->gmem >= 0)
		close(f->gmem);
	close(f->vm);
}

static uint64_t page(unsigned int number)
{
	return PM_GPA + number * PM_PAGE;
}

static void convert(struct fixture *f, unsigned int first, unsigned int nr, uint64_t attributes)
{
	TEST_ERRNO(pm_set_attributes(f->vm, page(first), nr * PM_PAGE, attributes), 0);
}

static void punch(struct fixture *f, unsigned int first, unsigned int nr)
{
	TEST_ASSERT(!fallocate(f->gmem, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
			       first * PM_PAGE, nr * PM_PAGE), "fallocate: %s", strerror(errno));
}

static void store(struct fixture *f, unsigned int number, uint32_t value)
{
	TEST_ERRNO(pm_store(&f->guest, page(number), value), 0);
}

static void expect(struct fixture *f, unsigned int number, uint32_t value)
{
	pm_expect(&f->guest, page(number), value);
}

/* Conversion keeps both copies, and does not touch the neighbours. */
static void test_conversion(struct fixture *f)
{
	expect(f, 1, SHARED);
	store(f, 1, 1);
	TEST_ASSERT(f->mem[PM_PAGE / 4] == 1, "shared memory has 0x%x", f->mem[PM_PAGE / 4]);

	convert(f, 0, SIZE / PM_PAGE, PRIVATE);
	expect(f, 0, 0);
	expect(f, 1, 0);
	store(f, 1, 2);
	store(f, 2, 3);
	TEST_ASSERT(f->mem[PM_PAGE / 4] == 1, "private memory is shared");

	convert(f, 1, 1, 0);
	expect(f, 1, 1);
	expect(f, 2, 3);
	expect(f, 0, 0);
	convert(f, 1, 1, PRIVATE);
	expect(f, 1, 2);

	/* Nothing is changed by what is not a change. */
	convert(f, 0, SIZE / PM_PAGE, PRIVATE);
	expect(f, 1, 2);
	convert(f, 0, SIZE / PM_PAGE, 0);
	expect(f, 1, 1);
	expect(f, 2, SHARED);
}

/* A hole is zeroes, and only the hole. */
static void test_punch(struct fixture *f)
{
	convert(f, 0, SIZE / PM_PAGE, PRIVATE);
	store(f, 4, 4);
	store(f, 5, 5);
	store(f, 6, 6);
	punch(f, 5, 1);
	expect(f, 5, 0);
	expect(f, 4, 4);
	expect(f, 6, 6);
	store(f, 5, 5);
	punch(f, 0, SIZE / PM_PAGE);
	expect(f, 4, 0);
	expect(f, 5, 0);
	convert(f, 0, SIZE / PM_PAGE, 0);
}

/* A huge page of shared memory must not cover private memory. */
static void test_huge_page(struct fixture *f)
{
	expect(f, 512, SHARED);
	convert(f, 520, 1, PRIVATE);
	expect(f, 512, SHARED);
	expect(f, 521, SHARED);
	expect(f, 520, 0);
	expect(f, 512 + 511, SHARED);
	expect(f, 520, 0);
	convert(f, 520, 1, 0);
	expect(f, 520, SHARED);
}

static void test_slot_goes(struct fixture *f)
{
	convert(f, 7, 1, PRIVATE);
	store(f, 7, 7);
	TEST_ERRNO(pm_set_slot(f->vm, SLOT, 0, 0, NULL), 0);
	pm_expect_fault(&f->guest, page(7));

	/* The file still has its contents. */
	TEST_ERRNO(pm_set_gmem_slot(f->vm, SLOT, PM_GPA, SIZE, f->mem, f->gmem, 0), 0);
	expect(f, 7, 7);

	/* Without a file. */
	TEST_ERRNO(pm_set_slot(f->vm, SLOT, 0, 0, NULL), 0);
	TEST_ERRNO(pm_set_slot(f->vm, SLOT, PM_GPA, SIZE, f->mem), 0);
	pm_expect_fault(&f->guest, page(7));
	expect(f, 8, SHARED);
	TEST_ERRNO(pm_set_slot(f->vm, SLOT, 0, 0, NULL), 0);

	TEST_ERRNO(pm_set_gmem_slot(f->vm, SLOT, PM_GPA, SIZE, f->mem, f->gmem, 0), 0);
	expect(f, 7, 7);
	convert(f, 7, 1, 0);
}

/* The guest can be moved to another part of the file. */
static void test_offset(struct fixture *f)
{
	convert(f, 0, SIZE / PM_PAGE, PRIVATE);
	store(f, 520, 520);
	TEST_ERRNO(pm_set_slot(f->vm, SLOT, 0, 0, NULL), 0);
	TEST_ERRNO(pm_set_gmem_slot(f->vm, SLOT, PM_GPA, PM_HUGE_PAGE, f->mem, f->gmem,
				    PM_HUGE_PAGE), 0);
	expect(f, 8, 520);
	punch(f, 8, 1);
	expect(f, 8, 520);
	punch(f, 520, 1);
	expect(f, 8, 0);
	TEST_ERRNO(pm_set_slot(f->vm, SLOT, 0, 0, NULL), 0);
	TEST_ERRNO(pm_set_gmem_slot(f->vm, SLOT, PM_GPA, SIZE, f->mem, f->gmem, 0), 0);
	convert(f, 0, SIZE / PM_PAGE, 0);
}

struct stress {
	struct fixture *f;
	bool stop;
};

static void *change(void *data)
{
	struct stress *stress = data;
	struct fixture *f = stress->f;
	unsigned int i;

	for (i = 0; !__atomic_load_n(&stress->stop, __ATOMIC_RELAXED); i++) {
		convert(f, i % 8, 8, PRIVATE);
		punch(f, i % 5, 4);
		convert(f, i % 7, 8, 0);
		if (i % 16 == 0) {
			TEST_ERRNO(pm_set_slot(f->vm, SLOT, 0, 0, NULL), 0);
			TEST_ERRNO(pm_set_gmem_slot(f->vm, SLOT, PM_GPA, SIZE, f->mem, f->gmem, 0),
				   0);
		}
	}
	return NULL;
}

/* A load gets shared memory, a hole of private memory, or a memory fault while there is no slot. */
static void test_stress(struct fixture *f)
{
	struct stress stress = { .f = f };
	unsigned int i;
	pthread_t thread;

	punch(f, 0, SIZE / PM_PAGE);
	TEST_ASSERT(!pthread_create(&thread, NULL, change, &stress), "pthread_create");
	for (i = 0; i < STRESS_LOADS; i++) {
		struct kvm_run *run = f->guest.run;
		unsigned int err, number = i % 16;
		struct kvm_regs regs = { .rip = 0x1000, .rflags = 2, .rsi = page(number) };

		TEST_ERRNO(fd_ioctl(f->guest.vcpu, KVM_SET_REGS, &regs), 0);
		err = fd_ioctl(f->guest.vcpu, KVM_RUN, NULL);
		if (err == EINTR || err == EAGAIN)
			continue;
		if (err) {
			TEST_ERRNO(err, EFAULT);
			TEST_ASSERT(run->exit_reason == KVM_EXIT_MEMORY_FAULT, "exit reason %u",
				    run->exit_reason);
			continue;
		}
		/* Shared memory without a slot is MMIO. */
		if (run->exit_reason == KVM_EXIT_MMIO) {
			pm_complete_mmio(&f->guest);
			continue;
		}
		TEST_ASSERT(run->exit_reason == KVM_EXIT_HLT, "exit reason %u", run->exit_reason);
		TEST_ERRNO(fd_ioctl(f->guest.vcpu, KVM_GET_REGS, &regs), 0);
		TEST_ASSERT(!regs.rax || regs.rax == SHARED || regs.rax == 1, "0x%llx", regs.rax);
	}
	__atomic_store_n(&stress.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	convert(f, 0, SIZE / PM_PAGE, 0);
}

/* Last: an error is not mistaken for a memory fault, and the file is gone. */
static void test_file_goes(struct fixture *f)
{
	struct kvm_run *run = f->guest.run;

	convert(f, 3, 1, PRIVATE);
	store(f, 3, 3);
	close(f->gmem);
	f->gmem = -1;
	pm_expect_fault(&f->guest, page(3));
	expect(f, 2, SHARED);

	pm_expect_fault(&f->guest, page(3));
	run->immediate_exit = 1;
	TEST_ERRNO(fd_ioctl(f->guest.vcpu, KVM_RUN, NULL), EINTR);
	run->immediate_exit = 0;
}

int main(int argc, char *argv[])
{
	struct fixture f;

	pm_require();
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_GUEST_MEMFD));
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_MEMORY_FAULT_INFO));

	create(&f);
	test_conversion(&f);
	test_punch(&f);
	test_huge_page(&f);
	test_slot_goes(&f);
	test_offset(&f);
	test_stress(&f);
	test_file_goes(&f);
	destroy(&f);
	return 0;
}
