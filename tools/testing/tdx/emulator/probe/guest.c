// SPDX-License-Identifier: GPL-2.0-only
/* Cases with a TD that runs: guest.S, which does what it is told. */
#include <linux/types.h>

#include "abi.h"
#include "asm/tdx_abi_td.h"
#include "lib/text.h"
#include "lib/x86.h"
#include "probe.h"

/* Guest addresses */
#define GUEST_GPA		0xffffc000ULL
#define GUEST_PAGES		4
#define PENDING_GPA		0x1000ULL
#define ABSENT_GPA		0x5000ULL
#define SHARED_GPA		BIT_ULL(47)
#define SHARED_LINEAR		SIZE_4G		/* in the guest's page tables */
#define WIDE_LINEAR		(SIZE_4G + SIZE_1G)	/* leads beyond the width of addresses */

/* Pages of the TD, in other ranges of 2 MB */
#define MEMORY			0x10000000ULL
#define PRIVATE			MEMORY
#define VCPU			(MEMORY + SIZE_2M)
#define SECOND_VCPU		(VCPU + 16 * PAGE_SIZE)
#define TABLES			(MEMORY + 2 * SIZE_2M)
#define PENDING			(MEMORY + 3 * SIZE_2M)

#define EXIT_TDCALL		77
#define TURNS			200
#define GUEST_SPINS		511	/* the guest sets this word of shared memory */

/* Orders to the guest */
enum order {
	NOTHING, READ, WRITE, TDCALL, DO_CPUID, DO_RDMSR, DO_WRMSR, WAIT, DO_HLT, CALL, SET_XMM,
	GET_XMM, TRIPLE_FAULT, SPIN, IN, DO_RDTSC, VMCALL_MASK, INTERRUPT,
};

#define CR4_OSFXSR		0x200
#define CR4_OSXSAVE		0x40000
#define MSR_TSC			0x10
#define MSR_X2APIC_TPR		0x808
#define MSR_X2APIC_EOI		0x80b
#define MSR_X2APIC_SELF_IPI	0x83f
#define MSR_TME_ACTIVATE	0x982	/* emulated */
#define MSR_SYSENTER_EIP	0x176
#define MSR_LSTAR		0xc0000082
#define MSR_FMASK		0xc0000084
#define MSR_KERNEL_GS_BASE	0xc0000102
#define MSR_TSC_AUX		0xc0000103

/* TDCALL leaves */
#define TDG_MEM_PAGE_ACCEPT	6

#define EPT_RWX			7ULL
#define EPT_WB			(6ULL << 3)
#define EPT_IGNORE_PAT		BIT_ULL(6)
#define EPT_LARGE		BIT_ULL(7)
#define EPT_SUPPRESS_VE		BIT_ULL(63)
#define IOAPIC			0xfec00000ULL

#define APIC			0xfee00000ULL
#define APIC_EOI		0xb0
#define APIC_SVR		0xf0
#define APIC_ISR		0x100
#define APIC_ICR		0x300
#define APIC_LVT_TIMER		0x320
#define APIC_TIMER_COUNT	0x380
#define APIC_TIMER_DIVIDER	0x3e0
#define NOTIFICATION		0xf2
#define PIC1_MASK		0x21
#define PIC2_MASK		0xa1
#define TO_SELF			0x40000
#define FIXED			0x4000
#define NMI			0x4400
#define INIT			0x4500

static u64 ept[4][512] __page_aligned;
static u64 shared_page[512] __page_aligned;
static struct { u64 pir[4], control, reserved[3]; } posted __aligned(64);

static struct vp_regs regs;

static u64 add_tables(void)
{
	static const u64 operands[] = { 3, 2, 1, 0xc0000000 | 2, 0xffe00000 | 1 };
	u64 status = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(operands) && !status; i++)
		status = td_memory("sept_add", TDH_MEM_SEPT_ADD, operands[i],
				   TABLES + i * PAGE_SIZE, NULL);
	return status;
}

static u64 add_image(void)
{
	u64 status = 0, at;

	for (at = 0; at < GUEST_PAGES * PAGE_SIZE && !status; at += PAGE_SIZE)
		status = td_memory("add", TDH_MEM_PAGE_ADD, GUEST_GPA + at, PRIVATE + at,
				   guest_image + at);
	return status;
}

static u64 vp_write_to(u64 vcpu, const char *name, u64 field, u64 value, u64 mask)
{
	struct regs r = { .rcx = vcpu, .rdx = field, .r8 = value, .r9 = mask };

	return call(name, TDH_VP_WR, &r);
}

static u64 vp_write(const char *name, u64 field, u64 value, u64 mask)
{
	return vp_write_to(VCPU, name, field, value, mask);
}

static u64 use_shared_ept(u64 vcpu)
{
	return vp_write_to(vcpu, "shared", TDX_MD_VMCS_64(TDX_VMCS_SHARED_EPTP), phys_of(ept),
			   ~0ULL);
}

static u64 shared_leaf(u64 pa)
{
	return pa | EPT_RWX | EPT_WB | EPT_SUPPRESS_VE;
}

/* The first shared page is mapped, and others are not. */
static u64 share_memory(void)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		ept[3][i] = EPT_SUPPRESS_VE;
	ept[3][0] = shared_leaf(phys_of(shared_page));
	ept[2][0] = phys_of(ept[3]) | EPT_RWX;
	ept[1][0] = phys_of(ept[2]) | EPT_RWX;
	ept[0][SHARED_GPA >> 39] = phys_of(ept[1]) | EPT_RWX;
	return use_shared_ept(VCPU);
}

/* The BIOS left its timer running, which would interrupt the TD. */
static void mask_interrupts(void)
{
	io_out8(PIC1_MASK, 0xff);
	io_out8(PIC2_MASK, 0xff);
	*(u32 *)phys(APIC + APIC_SVR) = 0x1ff;
}

/* A TD that has no shared memory */
static u64 create(u64 status, u64 xfam)
{
	mask_interrupts();
	status = status ?: td_create(0);
	status = status ?: td_init(TDX_TD_ATTR_SEPT_VE_DISABLE, xfam);
	status = status ?: td_create_vcpu(VCPU, 0x1234);
	status = status ?: td_create_vcpu(SECOND_VCPU, 0x5678);
	/* The second CPU will run it */
	status = status ?: td_call("flush", TDH_VP_FLUSH, SECOND_VCPU, 0);
	status = status ?: add_tables();
	status = status ?: add_image();
	status = status ?: td_call("finalize", TDH_MR_FINALIZE, td_tdr(0), 0);
	return status ?: td_memory("aug", TDH_MEM_PAGE_AUG, PENDING_GPA, PENDING, NULL);
}

static void begin_with(u64 status, u64 xfam)
{
	status = create(status, xfam);
	say("created", status ?: share_memory());
}

static void begin(void)
{
	begin_with(bring_up(true), TDX_XFAM_FP_SSE);
}

/* Until the next TD exit.  The guest finds the registers of the last VMCALL in @r. */
static u64 enter_vcpu(u64 vcpu, struct vp_regs *r)
{
	do {
		r->rcx = vcpu;
		vp_enter(r);
	} while ((r->rax & TDX_STATUS_CODE_MASK) == TDX_OPERAND_BUSY);
	return r->rax;
}

static u64 enter(void)
{
	return enter_vcpu(VCPU, &regs);
}

/* Tell the guest to do something; it reports by the next VMCALL, if there is no other exit. */
static u64 order(enum order number, u64 r12, u64 r13, u64 r14, u64 r15)
{
	regs.r10 = 0;
	regs.r11 = number;
	regs.r12 = r12;
	regs.r13 = r13;
	regs.r14 = r14;
	regs.r15 = r15;
	return enter();
}

static void case_vmcall(void)
{
	begin();
	say("exit", enter());
	say("mask", regs.rcx);
	say("operand", regs.r12);
	say("unmasked", regs.rbx | regs.rdx | regs.rsi | regs.rdi | regs.r8 | regs.r9);
	say("again", order(NOTHING, 0x5678, 0x9abc, 0, 0));
	say("r12", regs.r12);
	say("r13", regs.r13);
}

/* The guest has an exception: its vector, and the information of #VE */
static void say_trap(void)
{
	say("vector", regs.r11);
	say("reason", regs.r14);
	say("where", regs.r15);
}

static void begin_guest(void)
{
	begin();
	say("started", enter());
}

/* With a second CPU, which does @job meanwhile */
static void begin_guest_with_ap(void (*job)(void))
{
	u64 status = bring_up_with_ap(job);

	say("bring_up", status);
	begin_with(status, TDX_XFAM_FP_SSE);
	say("started", enter());
}

/* Where the guest has a function or a variable of guest.S */
static u64 guest_address(const void *place)
{
	return GUEST_GPA + (phys_of(place) - phys_of(guest_image));
}

static void guest_call(const u8 *function, u64 r13, u64 r14, u64 r15)
{
	order(CALL, guest_address(function), r13, r14, r15);
}

static u64 guest_variable(const u64 *variable)
{
	order(READ, guest_address(variable), 0, 0, 0);
	return regs.r12;
}

static void say_exit(void)
{
	say("exit", regs.rax);
	say("qualification", regs.rcx);
	say("extended", regs.rdx);
	say("gpa", regs.r8);
	say("interruption", regs.r9);
}

/* A VMCALL passes the registers of its mask, and takes them back. */
static void case_mask(void)
{
	begin_guest();
	order(VMCALL_MASK, 0x8 | 0x40 | 0x200, 0, 0, 0);
	say("rbx", regs.rbx);
	say("rsi", regs.rsi);
	say("r9", regs.r9);
	say("others", regs.rdx | regs.rdi | regs.r8 | regs.r10 | regs.r12);
	regs.rbx = 0x1b;
	enter();
	say("returned", regs.r13);
	order(VMCALL_MASK, 0x2, 0, 0, 0);
	say("refused", regs.r12);
}

static void case_cpuid(void)
{
	begin_guest();
	order(DO_CPUID, 0x21, 0, 0, 0);
	say("name", regs.r13);
	order(DO_CPUID, 0x40000000, 0, 0, 0);
	say_trap();
}

/* After a SEAMCALL, CPUID at such an address is the beginning of a new kernel. */
static void case_cpuid_features(void)
{
	u32 host[4];

	native_cpuid(7, 0, host);
	begin_guest();
	say("host_eax_ebx", host[0] | (u64)host[1] << 32);
	say("host_ecx_edx", host[2] | (u64)host[3] << 32);
	order(DO_CPUID, 7, 0, 0, 0);
	say("eax_ebx", regs.r12);
	say("ecx_edx", regs.r13);
}

/* The same twice, then with 1000 instructions more, then with 100 that exit. */
static void case_entries(void)
{
	u32 low, high;

	begin_guest();
	enter();
	enter();
	asm volatile(".rept 1000; nop; .endr");
	enter();
	asm volatile(".rept 100; rdmsr; .endr" : "=a"(low), "=d"(high) : "c"(MSR_TME_ACTIVATE));
	enter();
}

static void case_hlt(void)
{
	begin_guest();
	order(DO_HLT, 0, 0, 0, 0);
	say_trap();
}

static void case_shared(void)
{
	begin_guest();
	order(WRITE, SHARED_LINEAR + 8, 0x1122334455667788, 0, 0);
	say("written", shared_page[1]);
	shared_page[2] = 0x99;
	order(READ, SHARED_LINEAR + 16, 0, 0, 0);
	say("read", regs.r12);
	/* The next page is not there: the access is repeated when it is. */
	order(WRITE, SHARED_LINEAR + PAGE_SIZE + 24, 0x77, 0, 0);
	say_exit();
	ept[3][1] = shared_leaf(phys_of(shared_page));
	say("again", enter());
	say("later", shared_page[3]);
}

static void case_shared_ve(void)
{
	begin_guest();
	ept[3][1] = 0;
	order(READ, SHARED_LINEAR + PAGE_SIZE + 0x123, 0, 0, 0);
	say_trap();
	say("linear", guest_variable(&guest_ve_linear));
}

/* The TD has no EPT of the host; as with one that has only zeros, each access is #VE. */
static void case_no_shared_ept(void)
{
	say("created", create(bring_up(true), TDX_XFAM_FP_SSE));
	say("started", enter());
	order(READ, SHARED_LINEAR + 0x123, 0, 0, 0);
	say_trap();
}

static void case_shared_read_only(void)
{
	begin_guest();
	ept[3][0] &= ~2ULL;
	shared_page[1] = 0x55;
	order(READ, SHARED_LINEAR + 8, 0, 0, 0);
	say("read", regs.r12);
	order(WRITE, SHARED_LINEAR + 8, 0x77, 0, 0);
	say_exit();
}

/* A table of the EPT, and a page, in memory that is not in the BIOS's map */
static void case_shared_added(void)
{
	u64 *table = phys(SIZE_4G), *page = phys(SIZE_4G + PAGE_SIZE);

	begin_guest();
	table[0] = shared_leaf(phys_of(page));
	page[0] = 0x66;
	ept[2][1] = phys_of(table) | EPT_RWX;
	say("exit", order(READ, SHARED_LINEAR + SIZE_2M, 0, 0, 0));
	say("read", regs.r12);
}

/* The host has given these pages to the module, or never had them. */
static void case_shared_foreign(void)
{
	u64 *beside = phys(td_tdr(0) + SIZE_2M - 8);

	begin_guest();
	*beside = 0x1234;
	ept[3][1] = shared_leaf(td_tdr(0));
	order(READ, SHARED_LINEAR + PAGE_SIZE + 8, 0, 0, 0);
	say("tdr", regs.r12);
	ept[3][2] = shared_leaf(EMULATOR);
	order(WRITE, SHARED_LINEAR + 2 * PAGE_SIZE, 0x55, 0, 0);
	ept[3][3] = shared_leaf(EMULATOR_TRAMPOLINE);
	order(READ, SHARED_LINEAR + 3 * PAGE_SIZE, 0, 0, 0);
	say("trampoline", regs.r12 != ~0ULL);
	order(WRITE, SHARED_LINEAR + 3 * PAGE_SIZE, 0x55, 0, 0);
	ept[2][1] = shared_leaf(td_tdr(0)) | EPT_LARGE;
	order(READ, SHARED_LINEAR + 2 * SIZE_2M - 8, 0, 0, 0);
	say("beside", regs.r12);
	order(READ, SHARED_LINEAR + SIZE_2M, 0, 0, 0);
	say("in_large", regs.r12);
}

/* Entries with right and wrong memory types */
static void case_shared_types(void)
{
	u64 ram = phys_of(shared_page) | EPT_RWX | EPT_SUPPRESS_VE;
	u64 mmio = IOAPIC | EPT_RWX | EPT_SUPPRESS_VE;
	const u64 leaves[] = { ram | EPT_WB, mmio, ram, ram | EPT_WB | EPT_IGNORE_PAT,
			       mmio | EPT_WB };
	unsigned int i;

	begin_guest();
	for (i = 0; i < ARRAY_LEN(leaves); i++) {
		ept[3][1 + i] = leaves[i];
		order(READ, SHARED_LINEAR + (1 + i) * PAGE_SIZE, 0, 0, 0);
	}
	say("read", regs.r12);
}

static u64 remove(u64 gpa)
{
	u64 status = td_memory("block", TDH_MEM_RANGE_BLOCK, gpa, 0, NULL);

	status = status ?: td_call("track", TDH_MEM_TRACK, td_tdr(0), 0);
	return status ?: td_memory("remove", TDH_MEM_PAGE_REMOVE, gpa, 0, NULL);
}

/* The host uses a page that it has reclaimed when the TD does. */
static void case_shared_reclaimed(void)
{
	begin_guest();
	order(TDCALL, TDG_MEM_PAGE_ACCEPT, PENDING_GPA, 0, 0);
	say("removed", remove(PENDING_GPA));
	td_write_back(PENDING, td_keyid(0));
	ept[3][1] = shared_leaf(PENDING);
	order(WRITE, SHARED_LINEAR + PAGE_SIZE, 0x77, 0, 0);
	order(READ, SHARED_LINEAR + PAGE_SIZE, 0, 0, 0);
	say("read", regs.r12);
}

static void case_misconfigured(void)
{
	begin_guest();
	ept[3][0] = (ept[3][0] & ~7ULL) | 2;
	order(READ, SHARED_LINEAR, 0, 0, 0);
	say_exit();
}

static void case_pending(void)
{
	begin_guest();
	order(READ, PENDING_GPA, 0, 0, 0);
	say_exit();
}

static void case_accepted(void)
{
	begin_guest();
	order(TDCALL, TDG_MEM_PAGE_ACCEPT, PENDING_GPA, 0, 0);
	say("accepted", regs.r12);
	order(WRITE, PENDING_GPA + 8, 0x5a5a, 0, 0);
	order(READ, PENDING_GPA + 8, 0, 0, 0);
	say("read", regs.r12);
}

static void case_absent(void)
{
	begin_guest();
	order(READ, ABSENT_GPA, 0, 0, 0);
	say_exit();
}

static void case_removed(void)
{
	case_accepted();
	say("removed", remove(PENDING_GPA));
	order(READ, PENDING_GPA, 0, 0, 0);
	say_exit();
}

static void invept(void)
{
	static const u64 all_contexts[2];

	asm volatile("invept %0, %q1" : : "m"(all_contexts), "r"(2ULL) : "cc", "memory");
}

/* Where the host leads shared memory elsewhere, the TD may not notice before INVEPT. */
static void case_invept(void)
{
	static u64 other_page[512] __page_aligned;

	begin_guest();
	shared_page[0] = 1;
	other_page[0] = 2;
	order(READ, SHARED_LINEAR, 0, 0, 0);
	say("first", regs.r12);
	ept[3][0] = shared_leaf(phys_of(other_page));
	order(READ, SHARED_LINEAR, 0, 0, 0);
	say("old", regs.r12);
	invept();
	order(READ, SHARED_LINEAR, 0, 0, 0);
	say("new", regs.r12);
}

/* Not with an absolute address, which the emulator does not decode */
static void apic_write(unsigned int offset, u32 value)
{
	asm volatile("movl %1, (%0)" : : "r"(APIC + offset), "r"(value) : "memory");
}

static u32 apic_isr(u8 vector)
{
	const u32 *isr = phys(APIC + APIC_ISR + vector / 32 * 16);

	return now(*isr) >> vector % 32 & 1;
}

static void case_interrupt(void)
{
	begin_guest();
	shared_page[0] = 0;
	/* One shot, in a millisecond or so */
	apic_write(APIC_TIMER_DIVIDER, 0xb);
	apic_write(APIC_LVT_TIMER, INTERRUPT_VECTOR);
	apic_write(APIC_TIMER_COUNT, 1000000);
	order(SPIN, SHARED_LINEAR, 0, 0, 0);
	say_exit();
	say("in_service", apic_isr(INTERRUPT_VECTOR));
	apic_write(APIC_EOI, 0);
	shared_page[0] = 1;
	say("again", enter());
	say("handled", now(interrupts));
}

static void case_pending_interrupt(void)
{
	begin_guest();
	apic_write(APIC_ICR, TO_SELF | FIXED | INTERRUPT_VECTOR);
	order(NOTHING, 0x11, 0, 0, 0);
	say_exit();
	apic_write(APIC_EOI, 0);
	say("again", enter());
	say("r12", regs.r12);
}

static void post(u8 vector)
{
	posted.pir[vector / 64] |= BIT_ULL(vector % 64);
	posted.control |= 1;
	apic_write(APIC_ICR, TO_SELF | FIXED | NOTIFICATION);
}

static u64 use_posted_interrupts(void)
{
	u64 status = vp_write("vector", TDX_MD_VMCS_16(TDX_VMCS_NOTIFICATION_VECTOR), NOTIFICATION,
			      ~0ULL);

	status = status ?: vp_write("descriptor", TDX_MD_VMCS_64(TDX_VMCS_PI_DESCRIPTOR),
				    phys_of(&posted), ~0ULL);
	return status ?: vp_write("pin", TDX_MD_VMCS_32(TDX_VMCS_PIN_CONTROLS),
				  TDX_PIN_CONTROLS_POSTED_INTERRUPTS,
				  TDX_PIN_CONTROLS_POSTED_INTERRUPTS);
}

static void case_posted(void)
{
	begin_guest();
	say("posting", use_posted_interrupts());
	post(0x31);
	say("exit", order(WAIT, 0, 0, 0, 0));
	say("interrupts", regs.r12);
	say("vector", regs.r13);
	say("in_service", apic_isr(NOTIFICATION));
	say("outstanding", posted.control & 1);
	say("left", posted.pir[0]);
	/* A self IPI of the guest is another way. */
	order(DO_WRMSR, MSR_X2APIC_SELF_IPI, 0x35, 0, 0);
	order(WAIT, 0, 0, 0, 0);
	say("second", regs.r13);
	/* The task priority holds one back. */
	order(DO_WRMSR, 0x808, 0x40, 0, 0);
	post(0x3a);
	post(0x2a);
	order(NOTHING, 0, 0, 0, 0);
	order(DO_RDMSR, 0x821, 0, 0, 0);
	say("requested", regs.r12);
	order(DO_WRMSR, 0x808, 0x20, 0, 0);
	order(WAIT, 0, 0, 0, 0);
	say("third", regs.r13);
}

/* The delivery begins with an exit, because the IDT has no translation then. */
static void interrupt_guest(u8 vector)
{
	invept();
	order(INTERRUPT, vector, 0, 0, 0);
}

/* QEMU takes such interrupts for exceptions of the CPU when their delivery exits. */
static void case_low_vectors(void)
{
	begin_guest();
	interrupt_guest(0x1f);
	say("first", regs.r11);
	order(DO_WRMSR, MSR_X2APIC_EOI, 0, 0, 0);
	interrupt_guest(0x14);
	say("second", regs.r11);
	order(DO_WRMSR, MSR_X2APIC_EOI, 0, 0, 0);
	order(DO_WRMSR, MSR_X2APIC_SELF_IPI, 0x35, 0, 0);
	order(WAIT, 0, 0, 0, 0);
	say("exception", regs.r11);
	say("third", regs.r13);
}

static void case_xmm(void)
{
	u64 xmm = ~0ULL, before = 0x4444, cr4;

	begin_guest();
	asm volatile("movq %%cr4, %0; orq %1, %0; movq %0, %%cr4" : "=&r"(cr4) : "i"(CR4_OSFXSR));
	order(SET_XMM, 0x123456789, 0, 0, 0);
	asm volatile("movq %0, %%xmm5" : : "r"(before));
	order(NOTHING, 0, 0, 0, 0);
	asm volatile("movq %%xmm5, %0" : "=r"(xmm));
	say("host", xmm);
	order(GET_XMM, 0, 0, 0, 0);
	say("guest", regs.r12);
	order(VMCALL_MASK, BIT_ULL(21), 0, 0, 0);
	asm volatile("movq %%xmm5, %0" : "=r"(xmm));
	say("passed", xmm);
	asm volatile("movq %0, %%xmm5" : : "r"(before));
	enter();
	order(GET_XMM, 0, 0, 0, 0);
	say("returned", regs.r12);
}

static void case_triple_fault(void)
{
	begin_guest();
	order(TRIPLE_FAULT, 0, 0, 0, 0);
	say("exit", regs.rax);
}

/* Page tables that it cannot reach, so that it cannot get an exception either */
static void case_unreachable_tables(void)
{
	begin_guest();
	guest_call(guest_load_cr3, BIT_ULL(50), 0, 0);
	say("exit", regs.rax);
}

/* Registers that a host finds changed, and others that it finds as they were */
static void case_host_state(void)
{
	begin_guest();
	native_wrmsr(MSR_LSTAR, 0x1234);
	native_wrmsr(MSR_FMASK, 0x5678);
	native_wrmsr(MSR_KERNEL_GS_BASE, 0x9abc);
	native_wrmsr(MSR_TSC_AUX, 5);
	native_wrmsr(MSR_FS_BASE, 0x1111);
	native_wrmsr(MSR_GS_BASE, 0x2222);
	native_wrmsr(MSR_SYSENTER_EIP, 0x3333);
	asm volatile("movq %0, %%cr2" : : "r"(0x77ULL));
	order(DO_WRMSR, MSR_LSTAR, 0x4321, 0, 0);
	say("lstar", native_rdmsr(MSR_LSTAR));
	say("fmask", native_rdmsr(MSR_FMASK));
	say("kernel_gs", native_rdmsr(MSR_KERNEL_GS_BASE));
	say("tsc_aux", native_rdmsr(MSR_TSC_AUX));
	say("fs", native_rdmsr(MSR_FS_BASE));
	say("gs", native_rdmsr(MSR_GS_BASE));
	say("sysenter", native_rdmsr(MSR_SYSENTER_EIP));
	order(DO_RDMSR, MSR_LSTAR, 0, 0, 0);
	say("guest", regs.r12);
}

static void request_nmi(void)
{
	say("requested", vp_write("nmi", TDX_MD_VCPU_PEND_NMI, 1, 0xff));
}

/* The second NMI waits for the IRET of the first. */
static void case_virtual_nmi(void)
{
	begin_guest();
	request_nmi();
	order(NOTHING, 0, 0, 0, 0);
	say("nmis", guest_variable(&guest_nmis));
	order(WRITE, guest_address(&guest_reports_nmis), 1, 0, 0);
	request_nmi();
	say("exit", order(NOTHING, 0x66, 0, 0, 0));
	say("in_handler", regs.r11);
	request_nmi();
	say("again", enter());
	say("second", regs.r11);
	enter();
	say("r12", regs.r12);
	say("nmis_at_end", guest_variable(&guest_nmis));
	say("depth", guest_variable(&guest_nmi_depth));
}

/* XCR0 may have the bits of XFAM, which are x87 and SSE. */
static void case_xcr0(void)
{
	begin_guest();
	guest_call(guest_set_cr4, CR4_OSXSAVE, 0, 0);
	say("cr4", regs.r12);
	guest_call(guest_xsetbv, 7, 0, 0);
	say("refused", regs.r11);
	guest_call(guest_xsetbv, 3, 0, 0);
	say("xcr0", regs.r12);
	order(SET_XMM, 0x77, 0, 0, 0);
	order(GET_XMM, 0, 0, 0, 0);
	say("xmm", regs.r12);
}

/* A TD with all components of extended state that the module offers */
static void case_xfam(void)
{
	struct regs field = { .rdx = TDX_MD_XFAM_FIXED0 };
	u64 status = bring_up(true);

	status = status ?: call("read", TDH_SYS_RD, &field);
	say("xfam", field.r8);
	begin_with(status, field.r8);
	say("started", enter());
	guest_call(guest_set_cr4, CR4_OSXSAVE, 0, 0);
	guest_call(guest_xsetbv, field.r8, 0, 0);
	say("xcr0", regs.r12);
}

static void case_task_priority(void)
{
	begin_guest();
	guest_call(guest_cr8, 5, 0, 0);
	say("cr8", regs.r12);
	order(DO_RDMSR, MSR_X2APIC_TPR, 0, 0, 0);
	say("tpr", regs.r12);
	guest_call(guest_cr8, 0x10, 0, 0);
	say("refused", regs.r11);
}

static void case_debug_registers(void)
{
	begin_guest();
	asm volatile("movq %0, %%db2" : : "r"(0x1111ULL));
	guest_call(guest_drs, 0x12345678, 0xffff4ff1, 0x400);
	say("dr2", regs.r12);
	say("dr6", (u32)regs.r13);
	say("dr7", regs.r13 >> 32);
	say("host_dr2", native_read_dr(2));
	guest_call(guest_drs, 0, BIT_ULL(32), 0x400);
	say("refused", regs.r11);
}

static void say_page_fault(void)
{
	say("vector", regs.r11);
	guest_call(guest_cr2, 0, 0, 0);
	say("cr2", regs.r12);
}

static void case_wide_read(void)
{
	begin_guest();
	order(READ, WIDE_LINEAR + ABSENT_GPA + 0x123, 0, 0, 0);
	say_page_fault();
}

static void case_wide_fetch(void)
{
	begin_guest();
	order(CALL, WIDE_LINEAR + ABSENT_GPA + 0x123, 0, 0, 0);
	say_page_fault();
}

/* A CPU raises #GP for a code segment with L and D. */
static void case_bad_cs(void)
{
	begin_guest();
	guest_call(guest_load_cs, 0x20, 0, 0);
	say("exit", regs.rax);
	say("vector", regs.r11);
	say("ebx", regs.r12);
}

/* Neither page was used before. */
static void case_direct_store(void)
{
	begin_guest();
	shared_page[7] = 0x1234;
	order(TDCALL, TDG_MEM_PAGE_ACCEPT, PENDING_GPA, 0, 0);
	guest_call(guest_direct_store, SHARED_LINEAR, PENDING_GPA + 64, 0);
	order(READ, PENDING_GPA + 64 + 7 * 8, 0, 0, 0);
	say("read", regs.r12);
}

static void case_tsc(void)
{
	u64 first, second, third;

	begin_guest();
	order(DO_RDTSC, 0, 0, 0, 0);
	first = regs.r12;
	say("tsc", first);
	order(DO_RDMSR, MSR_TSC, 0, 0, 0);
	second = regs.r12;
	guest_call(guest_rdtscp, 5, 0, 0);
	third = regs.r13;
	say("aux", regs.r12);
	order(DO_RDTSC, 0, 0, 0, 0);
	say("ordered", first < second && second < third && third < regs.r12);
	say("close", regs.r12 - first < BIT_ULL(36));
}

static bool td_spins;

static void spin(void)
{
	shared_page[0] = 0;
	shared_page[GUEST_SPINS] = 0;
	__atomic_store_n(&td_spins, true, __ATOMIC_RELEASE);
	order(SPIN, SHARED_LINEAR, 0, 0, 0);
}

static void wait_until_td_spins(void)
{
	wbinvd();
	join_vmx();
	while (!now(td_spins))
		cpu_pause();
}

/* The first CPU, which is about to enter the TD, may take long until it does. */
static void wait_until_guest_spins(void)
{
	wait_until_td_spins();
	while (!now(shared_page[GUEST_SPINS]))
		cpu_pause();
}

static void send_nmi(void)
{
	wait_until_guest_spins();
	apic_write(APIC_ICR + 0x10, 0);
	apic_write(APIC_ICR, NMI);
}

static void case_nmi(void)
{
	begin_guest_with_ap(send_nmi);
	spin();
	say_exit();
	say("delivered", now(nmis));
	shared_page[0] = 1;
	say("again", enter());
}

/* The module takes pages for TDs, so that the first CPU has to leave its TD. */
static void create_tds(void)
{
	unsigned int td;
	u64 status = 0;

	wait_until_guest_spins();
	for (td = 1; td < 10 && !status; td++)
		status = td_create(td);
	shared_page[1] = status;
	__atomic_store_n(&shared_page[0], 1, __ATOMIC_RELEASE);
}

static void case_shootdown(void)
{
	begin_guest_with_ap(create_tds);
	spin();
	say("exit", regs.rax);
	say("other", shared_page[1]);
}

/* While it runs its vCPU is locked; an IPI makes it exit. */
static void disturb(void)
{
	struct regs flush = { .rcx = VCPU };

	wait_until_guest_spins();
	seamcall(TDH_VP_FLUSH, &flush);
	shared_page[1] = flush.rax;
	apic_write(APIC_ICR + 0x10, 0);
	apic_write(APIC_ICR, FIXED | INTERRUPT_VECTOR);
}

static void case_disturbed(void)
{
	begin_guest_with_ap(disturb);
	spin();
	say_exit();
	say("flush", shared_page[1]);
	apic_write(APIC_EOI, 0);
	shared_page[0] = 1;
	say("again", enter());
}

/* Add numbers in shared memory, each of which the other vCPU has written. */
static u64 count_up(u64 vcpu, struct vp_regs *r, u64 first)
{
	u64 number;

	for (number = first; number < TURNS; number += 2) {
		while (now(shared_page[0]) != number)
			cpu_pause();
		*r = (struct vp_regs){ .r11 = WRITE, .r12 = SHARED_LINEAR, .r13 = number + 1 };
		if (enter_vcpu(vcpu, r) != EXIT_TDCALL)
			return r->rax;
	}
	return 0;
}

static void run_second_vcpu(void)
{
	static struct vp_regs r;

	wait_until_td_spins();
	shared_page[1] = use_shared_ept(SECOND_VCPU) ?: enter_vcpu(SECOND_VCPU, &r);
	shared_page[2] = r.r12;
	shared_page[3] = count_up(SECOND_VCPU, &r, 1);
}

/* Two CPUs run vCPUs of a TD at the same time. */
static void case_two_vcpus(void)
{
	begin_guest_with_ap(run_second_vcpu);
	shared_page[0] = 0;
	__atomic_store_n(&td_spins, true, __ATOMIC_RELEASE);
	say("first", count_up(VCPU, &regs, 0));
	while (now(shared_page[0]) != TURNS)
		cpu_pause();
	say("second_started", shared_page[1]);
	say("second_operand", shared_page[2]);
	say("second", shared_page[3]);
}

static bool second_vcpu_spins;

static void spin_on_second_vcpu(void)
{
	static struct vp_regs r;

	wait_until_td_spins();
	shared_page[1] = use_shared_ept(SECOND_VCPU) ?: enter_vcpu(SECOND_VCPU, &r);
	r = (struct vp_regs){ .r11 = SPIN, .r12 = SHARED_LINEAR };
	__atomic_store_n(&second_vcpu_spins, true, __ATOMIC_RELEASE);
	__atomic_store_n(&shared_page[2], enter_vcpu(SECOND_VCPU, &r), __ATOMIC_RELEASE);
}

/* An INIT for a CPU that runs a TD: VMX operation holds it back. */
static void case_init(void)
{
	begin_guest_with_ap(spin_on_second_vcpu);
	shared_page[0] = 0;
	__atomic_store_n(&td_spins, true, __ATOMIC_RELEASE);
	while (!now(second_vcpu_spins))
		cpu_pause();
	apic_write(APIC_ICR + 0x10, 1 << 24);
	apic_write(APIC_ICR, INIT);
	__atomic_store_n(&shared_page[0], 1, __ATOMIC_RELEASE);
	while (!now(shared_page[2]))
		cpu_pause();
	say("exit", shared_page[2]);
}

static bool td_was_entered_again;

/* A page is removed from a TD that has used it, and that goes on to run. */
static void remove_page(void)
{
	wait_until_guest_spins();
	td_memory("block", TDH_MEM_RANGE_BLOCK, PENDING_GPA, 0, NULL);
	td_call("track", TDH_MEM_TRACK, td_tdr(0), 0);
	shared_page[1] = td_memory("early", TDH_MEM_PAGE_REMOVE, PENDING_GPA, 0, NULL);
	apic_write(APIC_ICR + 0x10, 0);
	apic_write(APIC_ICR, FIXED | INTERRUPT_VECTOR);
	while (!now(td_was_entered_again))
		cpu_pause();
	shared_page[2] = td_memory("removed", TDH_MEM_PAGE_REMOVE, PENDING_GPA, 0, NULL);
	__atomic_store_n(&shared_page[0], 1, __ATOMIC_RELEASE);
}

static void case_tracking(void)
{
	begin_guest_with_ap(remove_page);
	order(TDCALL, TDG_MEM_PAGE_ACCEPT, PENDING_GPA, 0, 0);
	order(WRITE, PENDING_GPA, 1, 0, 0);
	spin();
	say("interrupted", regs.rax);
	apic_write(APIC_EOI, 0);
	__atomic_store_n(&td_was_entered_again, true, __ATOMIC_RELEASE);
	say("exit", enter());
	say("early", shared_page[1]);
	say("removed", shared_page[2]);
	order(READ, PENDING_GPA, 0, 0, 0);
	say("absent", regs.rax);
}

static const struct probe_case cases[] = {
	{ "guest-two-vcpus", case_two_vcpus },
	{ "guest-init", case_init },
	{ "guest-tracking", case_tracking },
	{ "guest-xcr0", case_xcr0 },
	{ "guest-xfam", case_xfam },
	{ "guest-task-priority", case_task_priority },
	{ "guest-debug-registers", case_debug_registers },
	{ "guest-wide-read", case_wide_read },
	{ "guest-wide-fetch", case_wide_fetch },
	{ "guest-bad-cs", case_bad_cs },
	{ "guest-direct-store", case_direct_store },
	{ "guest-tsc", case_tsc },
	{ "guest-virtual-nmi", case_virtual_nmi },
	{ "guest-nmi", case_nmi },
	{ "guest-shootdown", case_shootdown },
	{ "guest-disturbed", case_disturbed },
	{ "guest-vmcall", case_vmcall },
	{ "guest-mask", case_mask },
	{ "guest-cpuid", case_cpuid },
	{ "guest-cpuid-features", case_cpuid_features },
	{ "guest-entries", case_entries },
	{ "guest-hlt", case_hlt },
	{ "guest-shared", case_shared },
	{ "guest-shared-ve", case_shared_ve },
	{ "guest-no-shared-ept", case_no_shared_ept },
	{ "guest-shared-read-only", case_shared_read_only },
	{ "guest-shared-added", case_shared_added },
	{ "guest-shared-foreign", case_shared_foreign },
	{ "guest-shared-reclaimed", case_shared_reclaimed },
	{ "guest-shared-types", case_shared_types },
	{ "guest-misconfigured", case_misconfigured },
	{ "guest-pending", case_pending },
	{ "guest-accepted", case_accepted },
	{ "guest-absent", case_absent },
	{ "guest-removed", case_removed },
	{ "guest-invept", case_invept },
	{ "guest-interrupt", case_interrupt },
	{ "guest-pending-interrupt", case_pending_interrupt },
	{ "guest-posted", case_posted },
	{ "guest-low-vectors", case_low_vectors },
	{ "guest-xmm", case_xmm },
	{ "guest-triple-fault", case_triple_fault },
	{ "guest-unreachable-tables", case_unreachable_tables },
	{ "guest-host-state", case_host_state },
};

bool run_guest_case(const char *name)
{
	return run_case(name, cases, ARRAY_LEN(cases));
}
