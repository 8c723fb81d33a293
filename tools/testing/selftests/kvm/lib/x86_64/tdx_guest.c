// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trust domains that run, for tests of their vCPUs.
 */
#include <assert.h>
#include <errno.h>
#include <linux/compiler.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tdx_guest.h"

/* Private memory of the guest's code and page tables, up to the reset vector */
#define BOOT_SLOT	10
#define BOOT_PAGES	7
#define BOOT_GPA	(BIT_ULL(32) - BOOT_PAGES * PM_PAGE)
#define PML4		0
#define PDPT		1
#define LOW_PD		2	/* of the first GB */
#define SHARED_PD	3	/* of the second GB, and of the fourth, where the code is */
#define IDT		4
#define INSN		5
#define CODE		6
static_assert(TG_NR_PAGES * PM_PAGE == PM_HUGE_PAGE, "");
static_assert(BOOT_GPA + PML4 * PM_PAGE == TG_PML4_GPA, "");
static_assert(BOOT_GPA + IDT * PM_PAGE == TG_IDT_GPA, "");
static_assert(BOOT_GPA + INSN * PM_PAGE == TG_INSN_GPA, "");
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
static_assert(offsetof(struct tg_page, insn) == TG_INSN, "");
static_assert(offsetof(struct tg_page, target) == TG_TARGET, "");
static_assert(offsetof(struct tg_page, exception) == TG_EXCEPTION, "");
static_assert(offsetof(struct tg_page, nmis) == TG_NMIS, "");
static_assert(offsetof(struct tg_page, taken) == TG_TAKEN, "");
static_assert(offsetof(struct tg_page, abort) == TG_ABORT, "");
static_assert(offsetof(struct tg_regs, rax) == TG_RAX, "");
static_assert(offsetof(struct tg_regs, r15) == TG_R15, "");

#define CODE_SELECTOR	8
#define INTERRUPT_GATE	(0x8eull << 40)
#define INSN_NOP	0x90
#define INSN_RET	0xc3

static uint64_t boot_page(unsigned int nr)
{
	return BOOT_GPA + nr * PM_PAGE;
}

static void set_gate(uint64_t (*gate)[2], const uint8_t *handler)
{
	const uint64_t address = TG_CODE_GPA + (handler - tg_code);

	(*gate)[0] = (address & 0xffff) | CODE_SELECTOR << 16 | INTERRUPT_GATE |
		     (address >> 16 & 0xffff) << 48;
	(*gate)[1] = address >> 32;
}

static void fill_idt(uint64_t (*gates)[2])
{
	unsigned int i;

	for (i = 0; i < TG_NR_EXCEPTIONS; i++)
		set_gate(&gates[i], tg_exception_handlers + i * TG_HANDLER_SIZE);
	for (i = 0; i < TG_NR_VECTORS; i++)
		set_gate(&gates[TG_FIRST_VECTOR + i], tg_interrupt_handlers + i * TG_HANDLER_SIZE);
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
	table[LOW_PD][TG_HIGH / PM_HUGE_PAGE] = TG_HIGH_GPA | PTE_HUGE;
	table[LOW_PD][TG_WIDE / PM_HUGE_PAGE] = TG_WIDE_GPA | PTE_HUGE;
	table[SHARED_PD][0] = PAGE_GPA | TM_SHARED_BIT | PTE_HUGE;
	table[SHARED_PD][1] = PM_GPA | TM_SHARED_BIT | PTE_HUGE;
	table[SHARED_PD][2] = TG_HIGH_GPA | TM_SHARED_BIT | PTE_HUGE;
	table[SHARED_PD][511] = round_down(BOOT_GPA, PM_HUGE_PAGE) | PTE_HUGE;

	fill_idt((void *)table[IDT]);
	memset(table[INSN], INSN_RET, PM_PAGE);
	memcpy(memory + CODE * PM_PAGE, tg_code, TG_CODE_SIZE);
}

static void add_boot_memory(struct tg_td *tg)
{
	const uint64_t size = BOOT_PAGES * PM_PAGE;
	uint8_t *memory = pm_alloc(PM_HUGE_PAGE);	/* as it gets a huge page */

	fill_boot_memory(memory);
	tg->boot_gmem = pm_create_gmem(tg->td.vm, size, 0);
	TEST_ASSERT(tg->boot_gmem >= 0, "KVM_CREATE_GUEST_MEMFD: %s", strerror(errno));
	TEST_ERRNO(pm_set_gmem_slot(tg->td.vm, BOOT_SLOT, BOOT_GPA, size, memory, tg->boot_gmem, 0),
		   0);
	TEST_ERRNO(tm_set_private(tg->td.vm, BOOT_GPA, size), 0);
	tm_add(tg->td.vcpu, 0, BOOT_GPA, memory, BOOT_PAGES);
	tg->boot_memory = memory;
}

void tg_require(void)
{
	tm_require();
}

static void do_nothing(int signal_number)
{
}

void tg_let_interrupt(int signal_number)
{
	signal(signal_number, do_nothing);
}

/* To the first vCPU of a TD, which has all that vCPUs share. */
static void add_memory(struct tg_td *tg)
{
	struct tm_td *td = &tg->td;

	tm_add_memory(td);
	tg->page = pm_alloc(PM_HUGE_PAGE);
	TEST_ERRNO(pm_set_slot(td->vm, PAGE_SLOT, PAGE_GPA, PM_HUGE_PAGE, tg->page), 0);
	add_boot_memory(tg);
	TEST_ERRNO(tm_finalize(td->vm), 0);
}

/* The first operation does nothing but to boot. */
static void prepare_boot(struct tg_td *tg)
{
	tg->page->exception = TG_NO_EXCEPTION;
	tg_prepare_load(tg, TG_PAGE_VA);
}

void tg_create_in_reset(struct tg_td *tg, uint64_t attributes)
{
	tg->td.vm = tdx_create_td_with(attributes, &tg->td.vcpu, 1);
	add_memory(tg);
	prepare_boot(tg);
}

void tg_create(struct tg_td *tg, uint64_t attributes)
{
	tg_create_in_reset(tg, attributes);
	tg_finish(tg);
}

static void load_idt(struct tg_td *tg)
{
	tg->page->operation = TG_LOAD_IDT;
	tg_finish(tg);
}

void tg_create_vcpus(struct tg_td *vcpus, unsigned int nr, uint64_t attributes)
{
	int fds[TG_MAX_VCPUS], vm = tdx_create_td_with(attributes, fds, nr);
	unsigned int i;

	vcpus[0].td.vm = vm;
	vcpus[0].td.vcpu = fds[0];
	add_memory(&vcpus[0]);
	for (i = 1; i < nr; i++) {
		vcpus[i] = vcpus[0];
		vcpus[i].td.vcpu = fds[i];
		vcpus[i].td.run = tm_map_run(fds[i]);
		vcpus[i].page = (void *)((uint8_t *)vcpus[0].page + i * TG_PAGE_SIZE);
	}
	for (i = 0; i < nr; i++) {
		prepare_boot(&vcpus[i]);
		tg_finish(&vcpus[i]);
		load_idt(&vcpus[i]);
	}
}

void tg_close_vcpus(struct tg_td *vcpus, unsigned int nr)
{
	while (nr-- > 1) {
		munmap(vcpus[nr].td.run, TM_RUN_SIZE);
		close(vcpus[nr].td.vcpu);
	}
	tg_close(&vcpus[0]);
}

void tg_close(struct tg_td *tg)
{
	close(tg->boot_gmem);
	tm_close(&tg->td);
	munmap(tg->boot_memory, PM_HUGE_PAGE);
	munmap(tg->page, PM_HUGE_PAGE);
}

int tg_log_writes(struct tg_td *tg, bool on)
{
	struct kvm_userspace_memory_region region = {
		.slot = PAGE_SLOT,
		.flags = on ? KVM_MEM_LOG_DIRTY_PAGES : 0,
		.guest_phys_addr = PAGE_GPA,
		.memory_size = PM_HUGE_PAGE,
		.userspace_addr = (uintptr_t)tg->page,
	};

	return fd_ioctl(tg->td.vm, KVM_SET_USER_MEMORY_REGION, &region);
}

void tg_get_written(struct tg_td *tg, uint64_t bitmap[TG_NR_PAGES / 64])
{
	struct kvm_dirty_log log = { .slot = PAGE_SLOT, .dirty_bitmap = bitmap };

	TEST_ERRNO(fd_ioctl(tg->td.vm, KVM_GET_DIRTY_LOG, &log), 0);
}

int tg_run(struct tg_td *tg)
{
	int err;

	do
		err = fd_ioctl(tg->td.vcpu, KVM_RUN, NULL);
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
	tg->page->value = 0;
}

void tg_wait_for_spin(const struct tg_td *tg)
{
	while (!READ_ONCE(tg->page->value))
		usleep(1000);
}

void tg_stop(struct tg_td *tg)
{
	WRITE_ONCE(tg->page->operation, TG_LOAD);
}

static void prepare_counter(struct tg_td *tg, uint64_t operation, const uint64_t *counter,
			    uint64_t value)
{
	tg->page->operation = operation;
	tg->page->address = (uint8_t *)counter - (uint8_t *)tg->page;
	tg->page->value = value;
}

void tg_prepare_wait(struct tg_td *tg, const uint64_t *counter, uint64_t value)
{
	prepare_counter(tg, TG_WAIT, counter, value);
}

void tg_prepare_halt(struct tg_td *tg, const uint64_t *counter, uint64_t value)
{
	prepare_counter(tg, TG_HALT, counter, value);
}

void tg_prepare_execute(struct tg_td *tg, const void *code, size_t size,
			const struct tg_regs *regs)
{
	TEST_ASSERT(size <= TG_INSN_SIZE, "%zu bytes of code", size);
	tg_prepare_tdcall(tg, regs);
	tg->page->operation = TG_EXECUTE;
	tg->page->exception = TG_NO_EXCEPTION;
	memset(tg->page->insn, INSN_NOP, TG_INSN_SIZE);
	memcpy(tg->page->insn, code, size);
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

uint64_t tg_execute(struct tg_td *tg, const void *code, size_t size, uint64_t rax)
{
	const struct tg_regs regs = { .rax = rax };

	tg_prepare_execute(tg, code, size, &regs);
	tg_finish(tg);
	ASSERT_EQ(tg->page->exception, TG_NO_EXCEPTION);
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
