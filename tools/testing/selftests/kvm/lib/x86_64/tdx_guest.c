// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trust domains that run, for tests of their vCPUs.
 */
#include <assert.h>
#include <errno.h>
#include <linux/compiler.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tdx_guest.h"

/* Private memory of the guest's code and page tables, up to the reset vector */
#define BOOT_SLOT	10
#define BOOT_PAGES	5
#define BOOT_GPA	(BIT_ULL(32) - BOOT_PAGES * PM_PAGE)
#define PML4		0
#define PDPT		1
#define LOW_PD		2	/* of the first GB */
#define SHARED_PD	3	/* of the second GB, and of the fourth, where the code is */
#define CODE		4
static_assert(BOOT_GPA + PML4 * PM_PAGE == TG_PML4_GPA, "");
static_assert(BOOT_GPA + CODE * PM_PAGE == TG_CODE_GPA, "");

/* The guest physical address of struct tg_page */
#define PAGE_SLOT	11
#define PAGE_GPA	(16 * PM_HUGE_PAGE)

#define PTE_TABLE	0x63ull	/* present, writable, accessed, dirty */
#define PTE_HUGE	(PTE_TABLE | BIT_ULL(7))

static_assert(offsetof(struct tg_page, operation) == TG_OPERATION, "");
static_assert(offsetof(struct tg_page, address) == TG_ADDRESS, "");
static_assert(offsetof(struct tg_page, value) == TG_VALUE, "");
static_assert(offsetof(struct tg_page, in) == TG_IN, "");
static_assert(offsetof(struct tg_page, out) == TG_OUT, "");
static_assert(offsetof(struct tg_page, boot) == TG_BOOT, "");
static_assert(offsetof(struct tg_regs, rax) == TG_RAX, "");
static_assert(offsetof(struct tg_regs, r15) == TG_R15, "");

static uint64_t boot_page(unsigned int nr)
{
	return BOOT_GPA + nr * PM_PAGE;
}

/* Each table is a page. */
static void fill_boot_memory(uint8_t *memory)
{
	uint64_t (*table)[PM_PAGE / 8] = (void *)memory;

	table[PML4][0] = boot_page(PDPT) | PTE_TABLE;
	table[PDPT][0] = boot_page(LOW_PD) | PTE_TABLE;
	table[PDPT][1] = boot_page(SHARED_PD) | PTE_TABLE;
	table[PDPT][3] = boot_page(SHARED_PD) | PTE_TABLE;

	table[LOW_PD][TG_PRIVATE / PM_HUGE_PAGE] = TG_PRIVATE | PTE_HUGE;
	table[LOW_PD][TG_NO_SLOT / PM_HUGE_PAGE] = TG_NO_SLOT | PTE_HUGE;
	table[SHARED_PD][0] = PAGE_GPA | TM_SHARED_BIT | PTE_HUGE;
	table[SHARED_PD][1] = PM_GPA | TM_SHARED_BIT | PTE_HUGE;
	table[SHARED_PD][511] = round_down(BOOT_GPA, PM_HUGE_PAGE) | PTE_HUGE;

	memcpy(memory + CODE * PM_PAGE, tg_code, TG_CODE_SIZE);
}

static void add_boot_memory(struct tg_td *tg)
{
	const uint64_t size = BOOT_PAGES * PM_PAGE;
	uint8_t *memory = pm_alloc(size);

	fill_boot_memory(memory);
	tg->boot_gmem = pm_create_gmem(tg->td.vm, size, 0);
	TEST_ASSERT(tg->boot_gmem >= 0, "KVM_CREATE_GUEST_MEMFD: %s", strerror(errno));
	TEST_ERRNO(pm_set_gmem_slot(tg->td.vm, BOOT_SLOT, BOOT_GPA, size, memory, tg->boot_gmem, 0),
		   0);
	TEST_ERRNO(tm_set_private(tg->td.vm, BOOT_GPA, size), 0);
	tm_add(tg->td.vcpu, 0, BOOT_GPA, memory, BOOT_PAGES);
}

void tg_require(void)
{
	tm_require();
}

void tg_create(struct tg_td *tg, uint64_t attributes)
{
	struct tm_td *td = &tg->td;

	td->vm = tdx_create_td_with(attributes, &td->vcpu, 1);
	tm_add_memory(td);
	tg->page = pm_alloc(PM_HUGE_PAGE);
	TEST_ERRNO(pm_set_slot(td->vm, PAGE_SLOT, PAGE_GPA, PM_HUGE_PAGE, tg->page), 0);
	add_boot_memory(tg);
	TEST_ERRNO(tm_finalize(td->vm), 0);

	/* The first operation does nothing but to boot. */
	tg_prepare_load(tg, TG_PAGE_VA);
	tg_finish(tg);
}

void tg_close(struct tg_td *tg)
{
	close(tg->boot_gmem);
	tm_close(&tg->td);
	munmap(tg->page, PM_HUGE_PAGE);
}

int tg_run(struct tg_td *tg)
{
	int err;

	do
		err = tdx_ioctl(tg->td.vcpu, KVM_RUN, NULL);
	while (err == EINTR || err == EAGAIN);
	return err;
}

void tg_run_to(struct tg_td *tg, uint32_t reason)
{
	struct kvm_run *run = tg->td.run;

	TEST_ERRNO(tg_run(tg), 0);
	TEST_ASSERT(run->exit_reason == reason, "exit %u, not %u: 0x%llx 0x%llx 0x%llx",
		    run->exit_reason, reason, run->system_event.data[0],
		    run->system_event.data[1], run->system_event.data[2]);
}

void tg_finish(struct tg_td *tg)
{
	struct kvm_run *run = tg->td.run;

	tg_run_to(tg, KVM_EXIT_IO);
	TEST_ASSERT(run->io.port == TG_DONE_PORT && run->io.direction == KVM_EXIT_IO_OUT &&
		    run->io.size == 1 && run->io.count == 1, "port 0x%x", run->io.port);
}

void tg_prepare_tdcall(struct tg_td *tg, const struct tg_regs *regs)
{
	tg->page->operation = TG_TDCALL;
	memcpy(&tg->page->in, regs, sizeof(*regs));
	memset(&tg->page->out, 0xaa, sizeof(tg->page->out));
}

void tg_prepare_vmcall(struct tg_td *tg, uint64_t function, uint64_t r12, uint64_t r13,
		       uint64_t r14, uint64_t r15)
{
	const struct tg_regs regs = {
		.rax = TG_VMCALL,
		.rcx = TG_R10_TO_R15,
		.r11 = function,
		.r12 = r12,
		.r13 = r13,
		.r14 = r14,
		.r15 = r15,
	};

	tg_prepare_tdcall(tg, &regs);
}

void tg_prepare_load(struct tg_td *tg, uint64_t address)
{
	tg->page->operation = TG_LOAD;
	tg->page->address = address;
}

void tg_prepare_store(struct tg_td *tg, uint64_t address, uint64_t value)
{
	tg->page->operation = TG_STORE;
	tg->page->address = address;
	tg->page->value = value;
}

void tg_prepare_spin(struct tg_td *tg)
{
	tg->page->operation = TG_SPIN;
}

void tg_stop(struct tg_td *tg)
{
	WRITE_ONCE(tg->page->operation, TG_LOAD);
}

uint64_t tg_vmcall(struct tg_td *tg, uint64_t function, uint64_t r12, uint64_t r13, uint64_t r14,
		   uint64_t r15)
{
	tg_prepare_vmcall(tg, function, r12, r13, r14, r15);
	tg_finish(tg);
	ASSERT_EQ(tg->page->out.rax, 0);
	return tg->page->out.r10;
}

uint64_t tg_accept(struct tg_td *tg, uint64_t gpa)
{
	const struct tg_regs regs = { .rax = TG_PAGE_ACCEPT, .rcx = gpa };

	tg_prepare_tdcall(tg, &regs);
	tg_finish(tg);
	return tg->page->out.rax;
}

uint64_t tg_load(struct tg_td *tg, uint64_t address)
{
	tg_prepare_load(tg, address);
	tg_finish(tg);
	return tg->page->value;
}

void tg_store(struct tg_td *tg, uint64_t address, uint64_t value)
{
	tg_prepare_store(tg, address, value);
	tg_finish(tg);
}

uint64_t tg_read_msr(struct tg_td *tg, uint32_t msr)
{
	tg->page->operation = TG_READ_MSR;
	tg->page->address = msr;
	tg_finish(tg);
	return tg->page->value;
}
