// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test running a vCPU of a TD: its first registers, exits, private and shared memory, interrupts,
 * and the requests that the guest makes by TDG.VP.VMCALL.
 */
#define _GNU_SOURCE /* for sched_setaffinity() */
#include <errno.h>
#include <getopt.h>
#include <linux/compiler.h>
#include <linux/hw_breakpoint.h>
#include <linux/kvm_para.h>
#include <linux/membarrier.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "processor.h"
#include "tdx_guest.h"

#ifndef KVM_CAP_X86_APIC_BUS_CYCLES_NS
#define KVM_CAP_X86_APIC_BUS_CYCLES_NS	237
#endif

#define SEPT_VE_DISABLE		BIT_ULL(28)
#define PORT			0x3f8
#define MMIO_GPA		0xd0000000ull
#define VALUE			0x1122334455667788ull
#define MSR_X2APIC_SPIV		0x80f
#define MSR_X2APIC_IRR_2	0x822	/* of vectors 64 to 95 */
#define APIC_ENABLED		0x1ff
#define MAP_PRIVATE_PAGES	BIT_ULL(4)
#define CHUNK			PM_HUGE_PAGE
#define HIGH_SLOT		12
#define VECTOR			0x40
#define DELAY_US		100000
#define NR_HOST_IPIS		100
#define NR_FAULTS		20
#define TDX_FATAL_EVENT		7
#define NR_BREAKPOINTS		4
#define DR6_INITIAL		0xffff0ff0
#define DR7_INITIAL		0x400

/* KVM lets a guest see XMM registers of user space, if it passes them. */
static bool passes_xmm, truncates_ports;

static struct tg_regs *out(struct tg_td *tg)
{
	return &tg->page->out;
}

/* Specified for the reset vector; RAX, RBP and RSP are not seen. */
static void test_first_registers(struct tg_td *tg)
{
	const struct tg_regs *boot = &tg->page->boot;

	ASSERT_EQ(boot->rbx, tdx_gpa_width);
	ASSERT_EQ(boot->rcx, 0);
	ASSERT_EQ(boot->r8, 0);
	ASSERT_EQ(boot->rsi, 0);
	TEST_ASSERT(boot->rdx, "RDX has no CPUID signature");
	ASSERT_EQ(boot->rdi | boot->r9 | boot->r10 | boot->r11 | boot->r12 | boot->r13 |
		  boot->r14 | boot->r15, 0);
}

/* The processor's physical addresses have 52 bits, whatever those of the guest have. */
static void test_address_width(struct tg_td *tg)
{
	static const uint8_t cpuid[] = { 0x0f, 0xa2 };
	const struct tg_regs info = { .rax = TG_VP_INFO };

	tg_prepare_tdcall(tg, &info);
	tg_finish(tg);
	ASSERT_EQ(out(tg)->rax, 0);
	ASSERT_EQ(out(tg)->rcx & 0x3f, tdx_gpa_width);
	ASSERT_EQ(tg_execute(tg, cpuid, sizeof(cpuid), TDX_ADDRESS_WIDTHS_LEAF) & 0xff, 52);
}

static void expect_cpuid(struct tg_td *tg, uint32_t leaf, uint32_t subleaf,
			 const struct kvm_cpuid_entry2 *entry)
{
	ASSERT_EQ(tg_vmcall(tg, TG_CPUID, leaf, subleaf, -1, -1), 0);
	ASSERT_EQ(out(tg)->r12, entry->eax);
	ASSERT_EQ(out(tg)->r13, entry->ebx);
	ASSERT_EQ(out(tg)->r14, entry->ecx);
	ASSERT_EQ(out(tg)->r15, entry->edx);
}

/* A leaf that does not exist is the last one, as on CPUs of Intel. */
static void test_cpuid(struct tg_td *tg)
{
	const struct kvm_cpuid2 *supported = kvm_get_supported_cpuid();
	const struct kvm_cpuid_entry2 *entry = get_cpuid_entry(supported, 0, 0);
	const uint32_t last = entry->eax;

	expect_cpuid(tg, 0, 0, entry);
	expect_cpuid(tg, 4, 1, get_cpuid_entry(supported, 4, 1));
	entry = get_cpuid_entry(supported, last, 0);
	expect_cpuid(tg, last, 0, entry);
	expect_cpuid(tg, last + 1, 0, entry);
	expect_cpuid(tg, TDX_ADDRESS_WIDTHS_LEAF - 1, 0,
		     get_cpuid_entry(supported, TDX_ADDRESS_WIDTHS_LEAF - 1, 0));
}

/* Registers that are not in the mask are not changed, and the guest may pass fewer. */
static void test_register_mask(struct tg_td *tg)
{
	struct tg_regs regs = { .rcx = BIT(11), .rdx = 2, .rbx = 3, .rsi = 6, .rdi = 7, .r8 = 8,
				.r9 = 9, .r10 = 10, .r11 = 0x77, .r12 = 12, .r13 = 13, .r14 = 14,
				.r15 = 15 };

	tg_prepare_tdcall(tg, &regs);
	tg_finish(tg);
	regs.rax = 0;
	TEST_ASSERT(!memcmp(out(tg), &regs, sizeof(regs)), "registers were changed");

	regs.rcx = 0xffcc;
	regs.r10 = 0;
	tg_prepare_tdcall(tg, &regs);
	tg_finish(tg);
	regs.r10 = TG_UNSUPPORTED;
	TEST_ASSERT(!memcmp(out(tg), &regs, sizeof(regs)), "registers were changed");
}

static void test_unknown(struct tg_td *tg)
{
	ASSERT_EQ(tg_vmcall(tg, 0, 0, 0, 0, 0), TG_UNSUPPORTED);
	ASSERT_EQ(tg_vmcall(tg, 0x10005, 0, 0, 0, 0), TG_UNSUPPORTED);
	ASSERT_EQ(tg_vmcall(tg, -1, 0, 0, 0, 0), TG_UNSUPPORTED);
}

static void test_io_out(struct tg_td *tg, unsigned int size)
{
	struct kvm_run *run = tg->td.run;
	uint64_t value = VALUE;

	tg_prepare_vmcall(tg, TG_IO, size, 1, PORT, value);
	tg_run_to(tg, KVM_EXIT_IO);
	ASSERT_EQ(run->io.port, PORT);
	ASSERT_EQ(run->io.direction, KVM_EXIT_IO_OUT);
	ASSERT_EQ(run->io.size, size);
	ASSERT_EQ(run->io.count, 1);
	TEST_ASSERT(!memcmp((uint8_t *)run + run->io.data_offset, &value, size), "other data");
	tg_finish(tg);
	ASSERT_EQ(out(tg)->r10, 0);
}

static void test_io_in(struct tg_td *tg, unsigned int size)
{
	struct kvm_run *run = tg->td.run;
	uint64_t value = VALUE, expected = 0;

	tg_prepare_vmcall(tg, TG_IO, size, 0, PORT, 0);
	tg_run_to(tg, KVM_EXIT_IO);
	ASSERT_EQ(run->io.direction, KVM_EXIT_IO_IN);
	ASSERT_EQ(run->io.size, size);
	memcpy((uint8_t *)run + run->io.data_offset, &value, size);
	memcpy(&expected, &value, size);
	tg_finish(tg);
	ASSERT_EQ(out(tg)->r10, 0);
	ASSERT_EQ(out(tg)->r11, expected);
}

static void test_io(struct tg_td *tg)
{
	unsigned int size;

	for (size = 1; size <= 4; size *= 2) {
		test_io_out(tg, size);
		test_io_in(tg, size);
	}
	ASSERT_EQ(tg_vmcall(tg, TG_IO, 3, 0, PORT, 0), TG_INVALID);
	ASSERT_EQ(tg_vmcall(tg, TG_IO, 8, 0, PORT, 0), TG_INVALID);
	ASSERT_EQ(tg_vmcall(tg, TG_IO, 1, 2, PORT, 0), TG_INVALID);

	/* The registers have more bits than a size, a direction, or a port. */
	ASSERT_EQ(tg_vmcall(tg, TG_IO, BIT_ULL(32) | 1, 0, PORT, 0), TG_INVALID);
	ASSERT_EQ(tg_vmcall(tg, TG_IO, 1, BIT_ULL(32), PORT, 0), TG_INVALID);
	if (!truncates_ports) {
		ASSERT_EQ(tg_vmcall(tg, TG_IO, 1, 0, BIT_ULL(16) | PORT, 0), TG_INVALID);
		ASSERT_EQ(tg_vmcall(tg, TG_IO, 1, 0, BIT_ULL(32) | PORT, 0), TG_INVALID);
	}
}

static void test_mmio_write(struct tg_td *tg, unsigned int size)
{
	struct kvm_run *run = tg->td.run;
	uint64_t value = VALUE;

	tg_prepare_vmcall(tg, TG_MMIO, size, 1, MMIO_GPA | TM_SHARED_BIT, value);
	tg_run_to(tg, KVM_EXIT_MMIO);
	ASSERT_EQ(run->mmio.phys_addr, MMIO_GPA);
	ASSERT_EQ(run->mmio.len, size);
	TEST_ASSERT(run->mmio.is_write && !memcmp(run->mmio.data, &value, size), "other data");
	memset(run->mmio.data, 0xff, size);
	tg_finish(tg);
	ASSERT_EQ(out(tg)->r10, 0);
	ASSERT_EQ(out(tg)->r15, value);
}

static void test_mmio_read(struct tg_td *tg, unsigned int size)
{
	struct kvm_run *run = tg->td.run;
	uint64_t value = VALUE, expected = 0;

	tg_prepare_vmcall(tg, TG_MMIO, size, 0, MMIO_GPA | TM_SHARED_BIT, 0);
	tg_run_to(tg, KVM_EXIT_MMIO);
	TEST_ASSERT(!run->mmio.is_write, "a write");
	memcpy(run->mmio.data, &value, sizeof(value));
	memcpy(&expected, &value, size);
	tg_finish(tg);
	ASSERT_EQ(out(tg)->r10, 0);
	ASSERT_EQ(out(tg)->r11, expected);
}

static void test_mmio(struct tg_td *tg)
{
	unsigned int size;

	for (size = 1; size <= 8; size *= 2) {
		test_mmio_write(tg, size);
		test_mmio_read(tg, size);
	}
	ASSERT_EQ(tg_vmcall(tg, TG_MMIO, 4, 0, MMIO_GPA, 0), TG_INVALID);
	ASSERT_EQ(tg_vmcall(tg, TG_MMIO, 4, 0, TM_SHARED_BIT - 2, 0), TG_INVALID);
	ASSERT_EQ(tg_vmcall(tg, TG_MMIO, 3, 0, MMIO_GPA | TM_SHARED_BIT, 0), TG_INVALID);
	ASSERT_EQ(tg_vmcall(tg, TG_MMIO, 4, 2, MMIO_GPA | TM_SHARED_BIT, 0), TG_INVALID);
}

/* Of the many that there are: see tdx_msr_test. */
static void test_msrs(struct tg_td *tg)
{
	ASSERT_EQ(tg_vmcall(tg, TG_WRMSR, MSR_X2APIC_SPIV, APIC_ENABLED, 0, 0), 0);
	ASSERT_EQ(tg_vmcall(tg, TG_RDMSR, MSR_X2APIC_SPIV, 0, 0, 0), 0);
	ASSERT_EQ(out(tg)->r11, APIC_ENABLED);
}

static void test_info(struct tg_td *tg)
{
	struct kvm_run *run = tg->td.run;

	ASSERT_EQ(tg_vmcall(tg, TG_GET_INFO, 0, 1, 2, 3), 0);
	ASSERT_EQ(out(tg)->r11 | out(tg)->r12 | out(tg)->r13 | out(tg)->r14, 0);
	ASSERT_EQ(tg_vmcall(tg, TG_GET_INFO, 2, 0, 0, 0), TG_INVALID);

	tg_prepare_vmcall(tg, TG_GET_INFO, 1, 0, 0, 0);
	tg_run_to(tg, KVM_EXIT_TDX);
	ASSERT_EQ(run->tdx.flags, 0);
	ASSERT_EQ(run->tdx.nr, TG_GET_INFO);
	ASSERT_EQ(run->tdx.get_tdvmcall_info.ret, 0);
	ASSERT_EQ(run->tdx.get_tdvmcall_info.leaf, 1);
	run->tdx.get_tdvmcall_info.r11 = 2;
	run->tdx.get_tdvmcall_info.r14 = 5;
	tg_finish(tg);
	ASSERT_EQ(out(tg)->r10, 0);
	ASSERT_EQ(out(tg)->r11, 2);
	ASSERT_EQ(out(tg)->r14, 5);
}

static void prepare_quote(struct tg_td *tg)
{
	struct kvm_run *run = tg->td.run;

	tg_prepare_vmcall(tg, TG_GET_QUOTE, PM_GPA | TM_SHARED_BIT, PM_PAGE, 0, 0);
	tg_run_to(tg, KVM_EXIT_TDX);
	ASSERT_EQ(run->tdx.nr, TG_GET_QUOTE);
	ASSERT_EQ(run->tdx.get_quote.ret, TG_UNSUPPORTED);
	ASSERT_EQ(run->tdx.get_quote.gpa, PM_GPA);
	ASSERT_EQ(run->tdx.get_quote.size, PM_PAGE);
}

/* The guest gets what user space answers, which may be nothing. */
static void test_quote(struct tg_td *tg)
{
	static const uint64_t answers[] = { 0, TG_RETRY, TG_INVALID, TG_MISALIGNED };
	unsigned int i;

	ASSERT_EQ(tg_vmcall(tg, TG_GET_QUOTE, PM_GPA, PM_PAGE, 0, 0), TG_INVALID);
	prepare_quote(tg);
	tg_finish(tg);
	ASSERT_EQ(out(tg)->r10, TG_UNSUPPORTED);
	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		prepare_quote(tg);
		tg->td.run->tdx.get_quote.ret = answers[i];
		tg_finish(tg);
		ASSERT_EQ(out(tg)->r10, answers[i]);
	}
}

static void test_notify(struct tg_td *tg)
{
	struct kvm_run *run = tg->td.run;

	ASSERT_EQ(tg_vmcall(tg, TG_NOTIFY, 31, 0, 0, 0), TG_INVALID);
	ASSERT_EQ(tg_vmcall(tg, TG_NOTIFY, 256, 0, 0, 0), TG_INVALID);
	tg_prepare_vmcall(tg, TG_NOTIFY, 32, 0, 0, 0);
	tg_run_to(tg, KVM_EXIT_TDX);
	ASSERT_EQ(run->tdx.nr, TG_NOTIFY);
	ASSERT_EQ(run->tdx.setup_event_notify.ret, TG_UNSUPPORTED);
	ASSERT_EQ(run->tdx.setup_event_notify.vector, 32);
	run->tdx.setup_event_notify.ret = 0;
	tg_finish(tg);
	ASSERT_EQ(out(tg)->r10, 0);
}

static void test_fatal_error(struct tg_td *tg)
{
	const struct tg_regs regs = { .rcx = 0xffcc, .rdx = 2, .rbx = 3, .rsi = 6, .rdi = 7,
				      .r8 = 8, .r9 = 9, .r11 = TG_FATAL_ERROR, .r12 = 12,
				      .r13 = 13, .r14 = 14, .r15 = 15 };
	const uint64_t expected[16] = { 77, 0xffcc, 2, 3, 0, 0, 6, 7, 8, 9, 0, TG_FATAL_ERROR, 12,
					13, 14, 15 };
	struct kvm_run *run = tg->td.run;

	tg_prepare_tdcall(tg, &regs);
	tg_run_to(tg, KVM_EXIT_SYSTEM_EVENT);
	ASSERT_EQ(run->system_event.type, TDX_FATAL_EVENT);
	ASSERT_EQ(run->system_event.ndata, 16);
	TEST_ASSERT(!memcmp(run->system_event.data, expected, sizeof(expected)), "other registers");
	tg_finish(tg);
	ASSERT_EQ(out(tg)->r10, 0);
}

static void expect_map(struct tg_td *tg, uint64_t gpa, uint64_t size, bool private)
{
	struct kvm_run *run = tg->td.run;

	ASSERT_EQ(run->hypercall.nr, KVM_HC_MAP_GPA_RANGE);
	ASSERT_EQ(run->hypercall.args[0], gpa);
	ASSERT_EQ(run->hypercall.args[1], size / PM_PAGE);
	ASSERT_EQ(run->hypercall.args[2], private ? MAP_PRIVATE_PAGES : 0);
	ASSERT_EQ(run->hypercall.ret, 0);
}

static void test_map_gpa(struct tg_td *tg)
{
	struct kvm_run *run = tg->td.run;

	/* In chunks, the last one smaller. */
	tg_prepare_vmcall(tg, TG_MAP_GPA, PM_GPA | TM_SHARED_BIT, 2 * CHUNK + PM_PAGE, 0, 0);
	tg_run_to(tg, KVM_EXIT_HYPERCALL);
	expect_map(tg, PM_GPA, CHUNK, false);
	tg_run_to(tg, KVM_EXIT_HYPERCALL);
	expect_map(tg, PM_GPA + CHUNK, CHUNK, false);
	tg_run_to(tg, KVM_EXIT_HYPERCALL);
	expect_map(tg, PM_GPA + 2 * CHUNK, PM_PAGE, false);
	tg_finish(tg);
	ASSERT_EQ(out(tg)->r10, 0);

	tg_prepare_vmcall(tg, TG_MAP_GPA, PM_GPA, 2 * CHUNK, 0, 0);
	tg_run_to(tg, KVM_EXIT_HYPERCALL);
	expect_map(tg, PM_GPA, CHUNK, true);
	tg_run_to(tg, KVM_EXIT_HYPERCALL);
	run->hypercall.ret = EAGAIN;
	tg_finish(tg);
	ASSERT_EQ(out(tg)->r10, TG_RETRY);
	ASSERT_EQ(out(tg)->r11, PM_GPA + CHUNK);

	tg_prepare_vmcall(tg, TG_MAP_GPA, PM_GPA | TM_SHARED_BIT, PM_PAGE, 0, 0);
	tg_run_to(tg, KVM_EXIT_HYPERCALL);
	run->hypercall.ret = EINVAL;
	tg_finish(tg);
	ASSERT_EQ(out(tg)->r10, TG_INVALID);
	ASSERT_EQ(out(tg)->r11, PM_GPA | TM_SHARED_BIT);

	/* An answer that is not one. */
	tg_prepare_vmcall(tg, TG_MAP_GPA, PM_GPA, PM_PAGE, 0, 0);
	tg_run_to(tg, KVM_EXIT_HYPERCALL);
	run->hypercall.ret = EPERM;
	TEST_ERRNO(tg_run(tg), EINVAL);
	tg_finish(tg);
}

static void post_interrupt(struct tg_td *tg)
{
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = VECTOR };
	int delivered = ioctl(tg->td.vm, KVM_SIGNAL_MSI, &msi);

	ASSERT_EQ(delivered, 1);
}

/* The guest may want to handle it before the next chunk. */
static void test_map_gpa_with_an_interrupt(struct tg_td *tg)
{
	tg_prepare_vmcall(tg, TG_MAP_GPA, PM_GPA, 2 * CHUNK, 0, 0);
	tg_run_to(tg, KVM_EXIT_HYPERCALL);
	post_interrupt(tg);
	tg_finish(tg);
	ASSERT_EQ(out(tg)->r10, TG_RETRY);
	ASSERT_EQ(out(tg)->r11, PM_GPA + CHUNK);
}

static void test_map_gpa_errors(struct tg_td *tg)
{
	ASSERT_EQ(tg_vmcall(tg, TG_MAP_GPA, PM_GPA, 0, 0, 0), TG_INVALID);
	ASSERT_EQ(tg_vmcall(tg, TG_MAP_GPA, PM_GPA, -PM_GPA, 0, 0), TG_INVALID);
	ASSERT_EQ(tg_vmcall(tg, TG_MAP_GPA, BIT_ULL(52), PM_PAGE, 0, 0), TG_INVALID);
	ASSERT_EQ(tg_vmcall(tg, TG_MAP_GPA, TM_SHARED_BIT - PM_PAGE, 2 * PM_PAGE, 0, 0), TG_INVALID);
	ASSERT_EQ(tg_vmcall(tg, TG_MAP_GPA, PM_GPA + 1, PM_PAGE, 0, 0), TG_MISALIGNED);
	ASSERT_EQ(out(tg)->r11, PM_GPA + 1);
	ASSERT_EQ(tg_vmcall(tg, TG_MAP_GPA, PM_GPA, PM_PAGE + 1, 0, 0), TG_MISALIGNED);
}

static void test_map_gpa_without_user_space(struct tg_td *tg)
{
	ASSERT_EQ(tg_vmcall(tg, TG_MAP_GPA, PM_GPA, PM_PAGE, 0, 0), TG_UNSUPPORTED);
	ASSERT_EQ(out(tg)->r11, PM_GPA);
	TEST_ERRNO(tdx_enable_cap(tg->td.vm, KVM_CAP_EXIT_HYPERCALL, BIT(KVM_HC_MAP_GPA_RANGE)), 0);
}

/* R10 is not 0: the number of a hypercall of KVM. */
static void test_hypercall(struct tg_td *tg)
{
	struct tg_regs regs = { .rcx = TG_R10_TO_R15, .r10 = 0x7777 };

	tg_prepare_tdcall(tg, &regs);
	tg_finish(tg);
	ASSERT_EQ(out(tg)->r10, -KVM_ENOSYS);

	regs.r10 = KVM_HC_MAP_GPA_RANGE;
	regs.r11 = PM_GPA;
	regs.r12 = 1;
	regs.r13 = MAP_PRIVATE_PAGES;
	tg_prepare_tdcall(tg, &regs);
	tg_run_to(tg, KVM_EXIT_HYPERCALL);
	expect_map(tg, PM_GPA, PM_PAGE, true);
	tg_finish(tg);
	ASSERT_EQ(out(tg)->r10, 0);
}

static void test_requests(void)
{
	struct tg_td tg;

	tg_create(&tg, 0);
	test_first_registers(&tg);
	test_address_width(&tg);
	test_unknown(&tg);
	test_cpuid(&tg);
	test_io(&tg);
	test_mmio(&tg);
	test_msrs(&tg);
	test_info(&tg);
	test_quote(&tg);
	test_notify(&tg);
	test_fatal_error(&tg);
	test_map_gpa_without_user_space(&tg);
	test_map_gpa(&tg);
	test_map_gpa_with_an_interrupt(&tg);
	test_map_gpa_errors(&tg);
	test_hypercall(&tg);
	test_register_mask(&tg);
	tg_close(&tg);
}

static void expect_memory_fault(struct tg_td *tg, uint64_t gpa, bool private)
{
	struct kvm_run *run = tg->td.run;

	TEST_ERRNO(tg_run(tg), EFAULT);
	ASSERT_EQ(run->exit_reason, KVM_EXIT_MEMORY_FAULT);
	ASSERT_EQ(run->memory_fault.flags, private ? KVM_MEMORY_EXIT_FLAG_PRIVATE : 0);
	ASSERT_EQ(run->memory_fault.gpa, gpa);
	ASSERT_EQ(run->memory_fault.size, PM_PAGE);
}

static void run_until_signal(struct tg_td *tg)
{
	tdx_set_timer(DELAY_US);
	TEST_ERRNO(fd_ioctl(tg->td.vcpu, KVM_RUN, NULL), EINTR);
	tdx_set_timer(0);
}

/* Private memory belongs to the guest, and is 0 when it was accepted. */
static void test_private_memory(void)
{
	struct tg_td tg;

	tg_create(&tg, SEPT_VE_DISABLE);
	ASSERT_EQ(tg_accept(&tg, PM_GPA), 0);
	ASSERT_EQ(tg_load(&tg, TG_PRIVATE), 0);
	tg_store(&tg, TG_PRIVATE, VALUE);
	ASSERT_EQ(tg_load(&tg, TG_PRIVATE), VALUE);
	ASSERT_EQ(*(uint64_t *)tg.td.mem, 0);

	/* A page that was taken away comes back empty, after it is accepted again. */
	TEST_ERRNO(tm_punch(tg.td.gmem, 0, PM_PAGE), 0);
	ASSERT_EQ(tg_accept(&tg, PM_GPA), 0);
	ASSERT_EQ(tg_load(&tg, TG_PRIVATE), 0);
	tg_close(&tg);
}

/* The guest gets shared memory by an access of the other kind, which is reported to user space. */
static void test_conversion(void)
{
	struct tg_td tg;

	tg_create(&tg, SEPT_VE_DISABLE);
	tg_prepare_store(&tg, TG_SHARED, VALUE);
	expect_memory_fault(&tg, PM_GPA, false);
	expect_memory_fault(&tg, PM_GPA, false);
	TEST_ERRNO(tm_set_shared(tg.td.vm, PM_GPA, PM_PAGE), 0);
	tg_finish(&tg);
	ASSERT_EQ(*(uint64_t *)tg.td.mem, VALUE);

	tg_prepare_load(&tg, TG_PRIVATE);
	expect_memory_fault(&tg, PM_GPA, true);
	tg_close(&tg);

	tg_create(&tg, SEPT_VE_DISABLE);
	tg_prepare_load(&tg, TG_NO_SLOT);
	expect_memory_fault(&tg, TG_NO_SLOT, true);
	tg_close(&tg);
}

static void map_gpa(struct tg_td *tg, uint64_t gpa, bool private)
{
	tg_prepare_vmcall(tg, TG_MAP_GPA, gpa, PM_PAGE, 0, 0);
	tg_run_to(tg, KVM_EXIT_HYPERCALL);
	expect_map(tg, PM_GPA, PM_PAGE, private);
	if (private) {
		TEST_ERRNO(tm_set_private(tg->td.vm, PM_GPA, PM_PAGE), 0);
	} else {
		TEST_ERRNO(tm_set_shared(tg->td.vm, PM_GPA, PM_PAGE), 0);
		TEST_ERRNO(tm_punch(tg->td.gmem, 0, PM_PAGE), 0);
	}
	tg_finish(tg);
	ASSERT_EQ(out(tg)->r10, 0);
}

/* The guest asks for it before it accesses the memory. */
static void test_explicit_conversion(void)
{
	uint64_t *mem;
	struct tg_td tg;

	tg_create(&tg, SEPT_VE_DISABLE);
	mem = tg.td.mem;
	TEST_ERRNO(tdx_enable_cap(tg.td.vm, KVM_CAP_EXIT_HYPERCALL, BIT(KVM_HC_MAP_GPA_RANGE)), 0);
	ASSERT_EQ(tg_accept(&tg, PM_GPA), 0);
	tg_store(&tg, TG_PRIVATE, VALUE);

	map_gpa(&tg, PM_GPA | TM_SHARED_BIT, false);
	ASSERT_EQ(tg_load(&tg, TG_SHARED), 0);
	tg_store(&tg, TG_SHARED, VALUE + 1);
	ASSERT_EQ(*mem, VALUE + 1);

	/* It gets other private memory, and user space keeps the shared one. */
	map_gpa(&tg, PM_GPA, true);
	ASSERT_EQ(tg_accept(&tg, PM_GPA), 0);
	ASSERT_EQ(tg_load(&tg, TG_PRIVATE), 0);
	tg_store(&tg, TG_PRIVATE, VALUE + 2);
	ASSERT_EQ(tg_load(&tg, TG_PRIVATE), VALUE + 2);
	ASSERT_EQ(*mem, VALUE + 1);
	tg_prepare_load(&tg, TG_SHARED);
	expect_memory_fault(&tg, PM_GPA, false);
	tg_close(&tg);
}

static void *add_high_memory(struct tg_td *tg, int *gmem)
{
	void *mem = pm_alloc(TM_SIZE);

	*gmem = pm_create_gmem(tg->td.vm, TM_SIZE, 0);
	TEST_ASSERT(*gmem >= 0, "KVM_CREATE_GUEST_MEMFD: %s", strerror(errno));
	TEST_ERRNO(pm_set_gmem_slot(tg->td.vm, HIGH_SLOT, TG_HIGH_GPA, TM_SIZE, mem, *gmem, 0), 0);
	TEST_ERRNO(tm_set_private(tg->td.vm, TG_HIGH_GPA, TM_SIZE), 0);
	return mem;
}

/* Of the first page at the high address, which was private until now. */
static void test_high_conversion(struct tg_td *tg, const uint64_t *mem)
{
	tg_prepare_store(tg, TG_HIGH_SHARED, VALUE + 2);
	expect_memory_fault(tg, TG_HIGH_GPA, false);
	TEST_ERRNO(tm_set_shared(tg->td.vm, TG_HIGH_GPA, PM_PAGE), 0);
	tg_finish(tg);
	ASSERT_EQ(*mem, VALUE + 2);
	ASSERT_EQ(tg_load(tg, TG_HIGH + PM_PAGE), VALUE + 1);
	ASSERT_EQ(tg_load(tg, TG_PRIVATE), VALUE);
	tg_prepare_load(tg, TG_HIGH);
	expect_memory_fault(tg, TG_HIGH_GPA, true);
}

/* An address that differs in high bits from one that is mapped, and has memory of its own. */
static void test_high_memory(void)
{
	struct tg_td tg;
	int gmem;
	void *mem;

	tg_create_vcpus(&tg, 1, SEPT_VE_DISABLE);
	ASSERT_EQ(tg_accept(&tg, PM_GPA), 0);
	tg_store(&tg, TG_PRIVATE, VALUE);
	tg_load(&tg, TG_HIGH_SHARED);
	ASSERT_EQ(tg.page->exception, VE_VECTOR);

	mem = add_high_memory(&tg, &gmem);
	tm_pre_fault(tg.td.vcpu, TG_HIGH_GPA, PM_PAGE, 1);
	ASSERT_EQ(tg_accept(&tg, TG_HIGH_GPA), 0);
	ASSERT_EQ(tg_accept(&tg, TG_HIGH_GPA + PM_PAGE), 0);
	ASSERT_EQ(tg_load(&tg, TG_HIGH), 0);
	tg_store(&tg, TG_HIGH + PM_PAGE, VALUE + 1);
	ASSERT_EQ(tg_load(&tg, TG_PRIVATE), VALUE);
	test_high_conversion(&tg, mem);
	tg_close_vcpus(&tg, 1);
	close(gmem);
	munmap(mem, TM_SIZE);
}

/* More bits than the guest's addresses have are reserved in its page tables. */
static void test_wide_address(void)
{
	struct tg_td tg;

	tg_create_vcpus(&tg, 1, SEPT_VE_DISABLE);
	tg_prepare_load(&tg, TG_WIDE);
	if (tdx_gpa_width > 48) {
		expect_memory_fault(&tg, TG_WIDE_GPA, true);
	} else {
		tg_finish(&tg);
		ASSERT_EQ(tg.page->exception, PF_VECTOR);
	}
	tg_close_vcpus(&tg, 1);
}

/*
 * User space may let the guest try any number of times.  After some attempts the module requires
 * the page before it enters the vCPU again.
 */
static void suspend_conversion(struct tg_td *tg)
{
	int i;

	TEST_ERRNO(tm_set_shared(tg->td.vm, PM_GPA, PM_PAGE), 0);
	tg_prepare_load(tg, TG_PRIVATE);
	for (i = 0; i < NR_FAULTS; i++)
		expect_memory_fault(tg, PM_GPA, true);
	TEST_ERRNO(tm_set_private(tg->td.vm, PM_GPA, PM_PAGE), 0);
}

static void test_conversion_after_many_faults(void)
{
	struct tg_td tg;

	tg_create_vcpus(&tg, 1, 0);
	suspend_conversion(&tg);
	tg_finish(&tg);
	ASSERT_EQ(tg.page->exception, VE_VECTOR);
	tg_close_vcpus(&tg, 1);
}

/* The guest has not accepted the page and cannot be told: it never gets further. */
static void test_signal_after_many_faults(void)
{
	struct tg_td tg;

	tg_create(&tg, SEPT_VE_DISABLE);
	suspend_conversion(&tg);
	run_until_signal(&tg);
	run_until_signal(&tg);
	tg_close(&tg);
}

/* There is no exception for that: nothing but closing the TD is possible. */
static void test_access_before_accept(void)
{
	struct tg_td tg;

	tg_create(&tg, SEPT_VE_DISABLE);
	tg_prepare_load(&tg, TG_PRIVATE);
	TEST_ERRNO(tg_run(&tg), EIO);
	TEST_ERRNO(tg_run(&tg), EIO);
	tg_close(&tg);
}

/* Without SEPT_VE_DISABLE there is #VE, but this guest has no handlers. */
static void test_triple_fault(void)
{
	struct tg_td tg;

	tg_create(&tg, 0);
	tg_prepare_load(&tg, TG_PRIVATE);
	tg_run_to(&tg, KVM_EXIT_SHUTDOWN);
	tg_run_to(&tg, KVM_EXIT_INTERNAL_ERROR);
	tg_close(&tg);
}

/* Signals are handled while the guest does not exit on its own. */
static void test_signal(void)
{
	struct tg_td tg;
	int i;

	tg_create(&tg, 0);
	tg_prepare_spin(&tg);
	for (i = 0; i < 3; i++)
		run_until_signal(&tg);
	tg_stop(&tg);
	tg_finish(&tg);
	tg_close(&tg);
}

/* What user space has answered is taken, but the guest does not run. */
static void test_immediate_exit(void)
{
	struct kvm_run *run;
	struct tg_td tg;
	uint8_t *data;

	tg_create(&tg, 0);
	run = tg.td.run;
	tg_prepare_vmcall(&tg, TG_IO, 1, 0, PORT, 0);
	run->immediate_exit = 1;
	TEST_ERRNO(fd_ioctl(tg.td.vcpu, KVM_RUN, NULL), EINTR);
	run->immediate_exit = 0;
	tg_run_to(&tg, KVM_EXIT_IO);
	ASSERT_EQ(run->io.port, PORT);

	data = (uint8_t *)run + run->io.data_offset;
	*data = 1;
	run->immediate_exit = 1;
	TEST_ERRNO(fd_ioctl(tg.td.vcpu, KVM_RUN, NULL), EINTR);
	*data = 2;
	TEST_ERRNO(fd_ioctl(tg.td.vcpu, KVM_RUN, NULL), EINTR);
	ASSERT_EQ(out(&tg)->r11, 0xaaaaaaaaaaaaaaaa);
	run->immediate_exit = 0;
	tg_finish(&tg);
	ASSERT_EQ(out(&tg)->r11, 1);
	tg_close(&tg);
}

static void set_events(struct tg_td *tg, bool pending)
{
	struct kvm_vcpu_events events;

	TEST_ERRNO(fd_ioctl(tg->td.vcpu, KVM_GET_VCPU_EVENTS, &events), 0);
	events.flags &= ~KVM_VCPUEVENT_VALID_SMM;
	events.exception.injected = !pending;
	events.exception.nr = GP_VECTOR;
	events.exception.has_error_code = 1;
	events.interrupt.injected = 1;
	events.interrupt.nr = VECTOR;
	TEST_ERRNO(fd_ioctl(tg->td.vcpu, KVM_SET_VCPU_EVENTS, &events), 0);
}

/* Events that KVM cannot inject are dropped, and interrupts are posted as before. */
static void test_events(void)
{
	struct tg_td tg;
	int i;

	tg_create_vcpus(&tg, 1, 0);
	ASSERT_EQ(tg_vmcall(&tg, TG_WRMSR, MSR_X2APIC_SPIV, APIC_ENABLED, 0, 0), 0);
	for (i = 0; i < 3; i++) {
		set_events(&tg, i);
		tg_load(&tg, TG_PAGE_VA);
		ASSERT_EQ(tg.page->exception, TG_NO_EXCEPTION);
		ASSERT_EQ(tg.page->taken[0], i);
		post_interrupt(&tg);
		tg_prepare_wait(&tg, &tg.page->taken[0], i + 1);
		tg_finish(&tg);
	}
	tg_close_vcpus(&tg, 1);
}

/* Of shared memory: the guest's operations write to the first page. */
static void test_dirty_logging(void)
{
	uint64_t bitmap[TG_NR_PAGES / 64];
	struct tg_td tg;
	int i;

	tg_create(&tg, 0);
	TEST_ERRNO(tg_log_writes(&tg, true), 0);
	for (i = 0; i < 3; i++) {
		tg_load(&tg, TG_PAGE_VA);
		tg_get_written(&tg, bitmap);
		ASSERT_EQ(bitmap[0], 1);
		ASSERT_EQ(bitmap[1] | bitmap[TG_NR_PAGES / 64 - 1], 0);
		tg_get_written(&tg, bitmap);
		ASSERT_EQ(bitmap[0], 0);
	}
	tg_load(&tg, TG_PAGE_VA + PM_PAGE);
	tg_get_written(&tg, bitmap);
	ASSERT_EQ(bitmap[0], 1);
	tg_store(&tg, TG_PAGE_VA + PM_PAGE, VALUE);
	tg_get_written(&tg, bitmap);
	ASSERT_EQ(bitmap[0], 2);
	TEST_ERRNO(tg_log_writes(&tg, false), 0);
	tg_store(&tg, TG_PAGE_VA + PM_PAGE, VALUE);
	tg_close(&tg);
}

static int membarrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0);
}

/* Each waits until all CPUs that run the process have handled an IPI. */
static void *send_host_ipis(void *arg)
{
	int i;

	tg_wait_for_spin(arg);
	for (i = 0; i < NR_HOST_IPIS; i++)
		ASSERT_EQ(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED), 0);
	tg_stop(arg);
	return NULL;
}

/* The host's interrupts are handled while the guest runs, which does not notice. */
static void test_host_interrupts(void)
{
	pthread_t thread;
	struct tg_td tg;

	ASSERT_EQ(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED), 0);
	tg_create(&tg, 0);
	tg_prepare_spin(&tg);
	pthread_create(&thread, NULL, send_host_ipis, &tg);
	tg_finish(&tg);
	pthread_join(thread, NULL);
	tg_close(&tg);
}

static void *punch_holes(void *arg)
{
	struct tg_td *tg = arg;
	int i;

	tg_wait_for_spin(tg);
	for (i = 0; i < TM_PAGES; i++)
		TEST_ERRNO(tm_punch(tg->td.gmem, i * PM_PAGE, PM_PAGE), 0);
	TEST_ERRNO(tm_set_shared(tg->td.vm, PM_GPA, TM_SIZE), 0);
	TEST_ERRNO(tm_set_private(tg->td.vm, PM_GPA, TM_SIZE), 0);
	tg_stop(tg);
	return NULL;
}

/* Pages are taken away while the guest runs. */
static void test_removal(void)
{
	pthread_t thread;
	struct tg_td tg;
	int i;

	tg_create(&tg, SEPT_VE_DISABLE);
	for (i = 0; i < TM_PAGES; i++) {
		ASSERT_EQ(tg_accept(&tg, PM_GPA + i * PM_PAGE), 0);
		tg_store(&tg, TG_PRIVATE + i * PM_PAGE, VALUE);
	}

	tg_prepare_spin(&tg);
	pthread_create(&thread, NULL, punch_holes, &tg);
	tg_finish(&tg);
	pthread_join(thread, NULL);
	for (i = 0; i < TM_PAGES; i++) {
		ASSERT_EQ(tg_accept(&tg, PM_GPA + i * PM_PAGE), 0);
		ASSERT_EQ(tg_load(&tg, TG_PRIVATE + i * PM_PAGE), 0);
	}
	tg_close(&tg);
}

/* What depends on the width of guest physical addresses. */
static void test_memory(void)
{
	test_requests();
	test_private_memory();
	test_conversion();
	test_explicit_conversion();
	test_high_memory();
	test_wide_address();
	test_dirty_logging();
	test_removal();
	printf("width %u\n", tdx_gpa_width);
}

/* Without the C library, which may use the register. */
static long run_with_xmm(int vcpu, uint64_t *value)
{
	long ret;

	asm volatile("movq	%[value], %%xmm6\n\t"
		     "syscall\n\t"
		     "movq	%%xmm6, %[value]"
		     : "=a" (ret), [value] "+r" (*value)
		     : "a" (SYS_ioctl), "D" (vcpu), "S" (KVM_RUN), "d" (0)
		     : "rcx", "r11", "xmm6", "memory");
	return ret;
}

/* The guest gets 0 in those that it passes, and never what user space has there. */
static void test_xmm(void)
{
	static const uint8_t allow[] = { 0x0f, 0x20, 0xe0,		/* mov %cr4, %rax */
					 0x80, 0xcc, 0x02,		/* or $2, %ah: OSFXSR */
					 0x0f, 0x22, 0xe0 };		/* mov %rax, %cr4 */
	static const uint8_t get[] = { 0x66, 0x48, 0x0f, 0x7e, 0xf0 };	/* movq %xmm6, %rax */
	const struct tg_regs regs = { .rcx = TG_R10_TO_R15 | BIT(16 + 6), .r11 = TG_GET_INFO,
				      .r12 = 1 };
	uint64_t xmm = VALUE;
	struct tg_td tg;

	tg_create_vcpus(&tg, 1, 0);
	tg_execute(&tg, allow, sizeof(allow), 0);
	tg_prepare_tdcall(&tg, &regs);
	tg_run_to(&tg, KVM_EXIT_TDX);
	ASSERT_EQ(run_with_xmm(tg.td.vcpu, &xmm), 0);
	ASSERT_EQ(tg.td.run->exit_reason, KVM_EXIT_IO);
	ASSERT_EQ(xmm, VALUE);
	ASSERT_EQ(tg_execute(&tg, get, sizeof(get), 0), passes_xmm ? VALUE : 0);
	tg_close_vcpus(&tg, 1);
}

static void test_reserved_bits_of_cr3(void)
{
	static const uint8_t code[] = { 0x0f, 0x22, 0xd8 };	/* mov %rax, %cr3 */
	const struct tg_regs regs = { .rax = BIT_ULL(52) };
	struct tg_td tg;

	tg_create_vcpus(&tg, 1, 0);
	tg_prepare_execute(&tg, code, sizeof(code), &regs);
	tg_finish(&tg);
	ASSERT_EQ(tg.page->exception, GP_VECTOR);
	tg_close_vcpus(&tg, 1);
}

static int watch(const uint64_t *address)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_W,
		.bp_addr = (uintptr_t)address,
		.bp_len = HW_BREAKPOINT_LEN_8,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

	TEST_ASSERT(fd >= 0, "perf_event_open: %s", strerror(errno));
	return fd;
}

static uint64_t nr_hits(int fd)
{
	uint64_t nr;

	ASSERT_EQ(read(fd, &nr, sizeof(nr)), (ssize_t)sizeof(nr));
	return nr;
}

static uint64_t read_dr(struct tg_td *tg, unsigned int nr)
{
	return tg_execute(tg, (uint8_t []){ 0x0f, 0x21, 0xc0 | nr << 3 }, 3, VALUE);
}

static void write_dr(struct tg_td *tg, unsigned int nr, uint64_t value)
{
	tg_execute(tg, (uint8_t []){ 0x0f, 0x23, 0xc0 | nr << 3 }, 3, value);
	ASSERT_EQ(read_dr(tg, nr), value);
}

/* The guest has its own, and does not see the host's. */
static void test_guest_debug_registers(struct tg_td *tg)
{
	unsigned int i;

	for (i = 0; i < NR_BREAKPOINTS; i++)
		ASSERT_EQ(read_dr(tg, i), 0);
	ASSERT_EQ(read_dr(tg, 6), DR6_INITIAL);
	ASSERT_EQ(read_dr(tg, 7), DR7_INITIAL);
	for (i = 0; i < NR_BREAKPOINTS; i++)
		write_dr(tg, i, VALUE + i);
	write_dr(tg, 7, DR7_INITIAL | 1);
	for (i = 0; i < NR_BREAKPOINTS; i++)
		ASSERT_EQ(read_dr(tg, i), VALUE + i);
}

/* Watchpoints of the thread that runs the vCPU; they use all debug registers. */
static void test_debug_registers(void)
{
	static uint64_t watched[NR_BREAKPOINTS];
	int fds[NR_BREAKPOINTS];
	unsigned int i, round;
	struct tg_td tg;

	tg_create_vcpus(&tg, 1, 0);
	for (i = 0; i < NR_BREAKPOINTS; i++)
		fds[i] = watch(&watched[i]);
	test_guest_debug_registers(&tg);
	for (round = 1; round <= 3; round++) {
		for (i = 0; i < NR_BREAKPOINTS; i++) {
			WRITE_ONCE(watched[i], round);
			ASSERT_EQ(nr_hits(fds[i]), round);
		}
		ASSERT_EQ(read_dr(&tg, 0), VALUE);
		ASSERT_EQ(read_dr(&tg, 7), DR7_INITIAL | 1);
	}
	for (i = 0; i < NR_BREAKPOINTS; i++)
		close(fds[i]);
	ASSERT_EQ(read_dr(&tg, 3), VALUE + 3);
	tg_close_vcpus(&tg, 1);
}

static void *post_later(void *arg)
{
	usleep(DELAY_US);
	post_interrupt(arg);
	return NULL;
}

static void test_stays_halted(struct tg_td *tg, bool blocked)
{
	tg_prepare_vmcall(tg, TG_HLT, blocked, 0, 0, 0);
	run_until_signal(tg);
}

/* The guest does not take interrupts, so that they stay pending. */
static void test_halt(void)
{
	pthread_t thread;
	struct tg_td tg;

	tg_create(&tg, 0);
	ASSERT_EQ(tg_vmcall(&tg, TG_WRMSR, MSR_X2APIC_SPIV, APIC_ENABLED, 0, 0), 0);

	/* Nothing is pending; an interrupt ends it. */
	ASSERT_EQ(tg_read_msr(&tg, MSR_X2APIC_IRR_2), 0);
	test_stays_halted(&tg, false);
	pthread_create(&thread, NULL, post_later, &tg);
	tg_finish(&tg);
	pthread_join(thread, NULL);

	/* It was taken from the descriptor before, but not by the guest: this HLT ends at once. */
	ASSERT_EQ(tg_read_msr(&tg, MSR_X2APIC_IRR_2), BIT(VECTOR - 64));
	ASSERT_EQ(tg_vmcall(&tg, TG_HLT, false, 0, 0, 0), 0);

	/* It does not count if the guest says that it blocks interrupts, but an NMI does. */
	test_stays_halted(&tg, true);
	TEST_ERRNO(fd_ioctl(tg.td.vcpu, KVM_NMI, NULL), 0);
	tg_run_to(&tg, KVM_EXIT_SHUTDOWN);
	tg_close(&tg);
}

static void test_bus_frequency(void)
{
	int vm = tdx_create_vm();

	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM: %s", strerror(errno));
	ASSERT_EQ(fd_check_cap(vm, KVM_CAP_X86_APIC_BUS_CYCLES_NS), 1);
	TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_X86_APIC_BUS_CYCLES_NS, 40), ENXIO);
	TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_SPLIT_IRQCHIP, 24), 0);
	TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_X86_APIC_BUS_CYCLES_NS, 0), EINVAL);
	TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_X86_APIC_BUS_CYCLES_NS, -1), EINVAL);
	TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_X86_APIC_BUS_CYCLES_NS, 40), 0);
	ASSERT_EQ(fd_check_cap(vm, KVM_CAP_X86_APIC_BUS_CYCLES_NS), 40);
	close(vm);
}

/* RCX times */
static const uint8_t loop[] = { 0x48, 0x0f, 0xaf, 0xc2,	/* imul %rdx, %rax */
				0x48, 0xff, 0xc0,		/* inc %rax */
				0x48, 0xff, 0xc9,		/* dec %rcx */
				0x75, 0xf4 };			/* jnz to the first one */

static uint64_t loop_here(uint64_t times)
{
	uint8_t *code = mmap(NULL, PM_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t rax = 0, start = rdtsc();

	TEST_ASSERT(code != MAP_FAILED, "mmap: %s", strerror(errno));
	memcpy(code, loop, sizeof(loop));
	code[sizeof(loop)] = 0xc3;	/* ret */
	asm volatile("call *%[code]" : "+a" (rax), "+c" (times) : [code] "r" (code), "d" (VALUE));
	return rdtsc() - start;
}

/* The same work in the guest and here, for measurements. */
static void compare_loops(uint64_t times)
{
	const struct tg_regs regs = { .rcx = times, .rdx = VALUE };
	uint64_t start, here = loop_here(times);
	struct tg_td tg;

	tg_create_vcpus(&tg, 1, 0);
	tg_prepare_execute(&tg, loop, sizeof(loop), &regs);
	start = rdtsc();
	tg_finish(&tg);
	printf("loop %lu %lu\n", rdtsc() - start, here);
	tg_close_vcpus(&tg, 1);
}

static void measure(uint64_t times)
{
	test_requests();
	test_signal();
	compare_loops(times);
	exit(0);
}

static void help(const char *name)
{
	printf("usage: %s [-m times] [-p] [-x]\n"
	       " -m: only requests, interrupts, and the ticks that a loop takes in a guest and in\n"
	       "     the host, for measurements on a single CPU\n"
	       " -p: of the register with an I/O port KVM reads 16 bits only\n"
	       " -x: KVM passes XMM registers of user space on\n", name);
	exit(KSFT_SKIP);
}

static void parse_options(int argc, char *argv[])
{
	int option;

	while ((option = getopt(argc, argv, "m:px")) != -1) {
		if (option == 'm')
			measure(atol(optarg));
		else if (option == 'p')
			truncates_ports = true;
		else if (option == 'x')
			passes_xmm = true;
		else
			help(argv[0]);
	}
}

int main(int argc, char *argv[])
{
	tg_require();
	tg_let_interrupt(SIGALRM);
	parse_options(argc, argv);
	test_bus_frequency();
	for (; tdx_gpa_width <= tdx_largest_width(); tdx_gpa_width += 4)
		test_memory();
	tdx_gpa_width = 48;
	test_conversion_after_many_faults();
	test_signal_after_many_faults();
	test_access_before_accept();
	test_triple_fault();
	test_signal();
	test_immediate_exit();
	test_events();
	test_host_interrupts();
	test_halt();
	test_debug_registers();
	test_xmm();
	test_reserved_bits_of_cr3();
	return 0;
}
