// SPDX-License-Identifier: GPL-2.0-only
/* Cases of the probe with an ordinary VM, and entries that fail; what all such cases need. */

/*
 * The guest has the probe's own page tables and its memory, through an EPT of its own.  Each case
 * reports exit reasons, and what belongs to them.
 */
#include "host/vmcs.h"
#include "host/vmx_caps.h"
#include "vm.h"

#define PIC1_MASK		0x21
#define PIC2_MASK		0xa1
#define VMXON_REGION		0x2000000ULL
#define VMCS_PAGE		0x2001000ULL
#define EPT_PAGES		0x2008000ULL
#define GUEST_STACK		0x2018000ULL
#define GUEST_IDT		0x2019000ULL
#define TOUCHED			0x2400000ULL
#define REAL_MODE		0x5000ULL
#define REAL_MODE_VECTORS	0x6000ULL

#define MSR_VMX_BASIC		0x480
#define MSR_TRUE_PIN		0x48d
#define MSR_TRUE_PRIMARY	0x48e
#define MSR_TRUE_EXIT		0x48f
#define MSR_TRUE_ENTRY		0x490
#define MSR_SECONDARY		0x48b

#define PIN			(BIT_ULL(0) | BIT_ULL(3) | BIT_ULL(5))
#define PRIMARY			(BIT_ULL(7) | BIT_ULL(24) | BIT_ULL(31))
#define INTERRUPT_WINDOW	BIT_ULL(2)
#define NMI_WINDOW		BIT_ULL(22)
#define TSC_OFFSETTING		BIT_ULL(3)
#define RDTSCP			BIT_ULL(3)
#define PREEMPTION_TIMER	BIT_ULL(6)
#define SECONDARY		(BIT_ULL(1) | BIT_ULL(7))
#define EXIT_CONTROLS		(BIT_ULL(9) | BIT_ULL(15) | BIT_ULL(20) | BIT_ULL(21))
#define ENTRY_CONTROLS		(BIT_ULL(9) | BIT_ULL(15))
#define LONG_MODE_GUEST		BIT_ULL(9)

#define RF			BIT_ULL(16)
#define MOV_SS			BIT_ULL(1)
#define NMI_BLOCKED		BIT_ULL(3)

#define EPT_RWX			7ULL
#define EPT_LEAF		(EPT_RWX | 6ULL << 3 | BIT_ULL(7))
#define EPTP_FLAGS		(6ULL | 3ULL << 3 | BIT_ULL(6))

#define CODE_RIGHTS		0xa09b
#define DATA_RIGHTS		0xc093
#define REAL_RIGHTS		0x93
#define REAL_CODE_RIGHTS	0x9b
#define TASK_RIGHTS		0x8b
#define UNUSABLE		0x10000

#define INJECT(type, vector)	(BIT_ULL(31) | (type) << 8 | (vector))
#define TYPE_NMI		2ULL
#define TYPE_EXCEPTION		3ULL
#define TYPE_PRIVILEGED		5ULL

static void write_controls(u64 field, u32 msr, u64 value)
{
	vm_write(field, value | (u32)native_rdmsr(msr));
}

#define read_cr(number)							\
({									\
	u64 value;							\
	asm volatile("movq %%cr" #number ", %0" : "=r"(value));		\
	value;								\
})

/* All of the first 16 GB, in pages of 1 GB */
static u64 *make_ept(void)
{
	u64 *top = phys(EPT_PAGES), *pages = phys(EPT_PAGES + PAGE_SIZE);
	unsigned int i;

	for (i = 0; i < 512; i++) {
		top[i] = 0;
		pages[i] = i < 16 ? i * SIZE_1G | EPT_LEAF : 0;
	}
	top[0] = phys_of(pages) | EPT_RWX;
	return pages;
}

static void set_segment(unsigned int n, u16 selector, u32 limit, u32 rights)
{
	vm_write(VMCS_GUEST_ES_SELECTOR + 2 * n, selector);
	vm_write(VMCS_GUEST_ES_BASE + 2 * n, 0);
	vm_write(VMCS_GUEST_ES_LIMIT + 2 * n, limit);
	vm_write(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * n, rights);
}

static void set_host(void)
{
	vm_write(VMCS_HOST_CR0, read_cr(0));
	vm_write(VMCS_HOST_CR3, read_cr(3));
	vm_write(VMCS_HOST_CR4, read_cr(4));
	vm_write(VMCS_HOST_EFER, native_rdmsr(MSR_EFER));
	vm_write(VMCS_HOST_CS_SELECTOR, 0x18);
	vm_write(VMCS_HOST_SS_SELECTOR, 0x10);
	vm_write(VMCS_HOST_DS_SELECTOR, 0x10);
	vm_write(VMCS_HOST_ES_SELECTOR, 0x10);
	vm_write(VMCS_HOST_TR_SELECTOR, 0x20);
}

static void copy_tables(void)
{
	struct { u16 limit; u64 base; } __packed table;

	asm volatile("sgdt %0" : "=m"(table));
	vm_write(VMCS_HOST_GDTR_BASE, table.base);
	vm_write(VMCS_GUEST_GDTR_BASE, table.base);
	vm_write(VMCS_GUEST_GDTR_LIMIT, table.limit);
	asm volatile("sidt %0" : "=m"(table));
	vm_write(VMCS_HOST_IDTR_BASE, table.base);
	vm_write(VMCS_GUEST_IDTR_BASE, table.base);
	vm_write(VMCS_GUEST_IDTR_LIMIT, table.limit);
}

static void set_guest(const void *code)
{
	unsigned int n;

	for (n = 0; n < 6; n++)
		set_segment(n, 0x10, ~0U, DATA_RIGHTS);
	set_segment(1, 0x18, ~0U, CODE_RIGHTS);
	set_segment(6, 0, 0, UNUSABLE);
	set_segment(7, 0x20, 0x67, TASK_RIGHTS);
	vm_write(VMCS_GUEST_CR0, read_cr(0));
	vm_write(VMCS_GUEST_CR3, read_cr(3));
	vm_write(VMCS_GUEST_CR4, read_cr(4));
	vm_write(VMCS_GUEST_EFER, native_rdmsr(MSR_EFER));
	vm_write(VMCS_GUEST_RIP, phys_of(code));
	vm_write(VMCS_GUEST_RSP, GUEST_STACK);
	vm_write(VMCS_GUEST_RFLAGS, X86_EFLAGS_FIXED);
	vm_write(VMCS_GUEST_DR7, DR7_RESET);
	vm_write(VMCS_LINK_POINTER, ~0ULL);
}

/* A VMCS that a VM entry accepts */
u64 *vm_set_up(const void *code)
{
	u64 region = VMXON_REGION, vmcs = VMCS_PAGE, *ept = make_ept();

	io_out8(PIC1_MASK, 0xff);
	io_out8(PIC2_MASK, 0xff);
	*(u32 *)phys(region) = native_rdmsr(MSR_VMX_BASIC);
	*(u32 *)phys(vmcs) = native_rdmsr(MSR_VMX_BASIC);
	asm volatile("vmxon %0" : : "m"(region) : "cc", "memory");
	asm volatile("vmclear %0" : : "m"(vmcs) : "cc", "memory");
	asm volatile("vmptrld %0" : : "m"(vmcs) : "cc", "memory");
	write_controls(VMCS_PIN_CONTROLS, MSR_TRUE_PIN, PIN);
	write_controls(VMCS_PRIMARY_CONTROLS, MSR_TRUE_PRIMARY, PRIMARY);
	write_controls(VMCS_SECONDARY_CONTROLS, MSR_SECONDARY, SECONDARY);
	write_controls(VMCS_EXIT_CONTROLS, MSR_TRUE_EXIT, EXIT_CONTROLS);
	write_controls(VMCS_ENTRY_CONTROLS, MSR_TRUE_ENTRY, ENTRY_CONTROLS);
	vm_write(VMCS_EPT_POINTER, EPT_PAGES | EPTP_FLAGS);
	copy_tables();
	set_host();
	set_guest(code);
	return ept;
}

void vm_clear_page(u64 page)
{
	u64 *to = phys(page);
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / 8; i++)
		to[i] = 0;
}

void vm_allow(u64 field, u64 control)
{
	vm_write(field, vm_read(field) | control);
}

u64 vm_run(struct vm_regs *regs, bool launch)
{
	u64 failed = vm_enter(regs, launch);

	if (!failed)
		return vm_read(VMCS_EXIT_REASON);
	say("failed", failed);
	return ~0ULL;
}

void vm_skip(void)
{
	vm_write(VMCS_GUEST_RIP, vm_read(VMCS_GUEST_RIP) + vm_read(VMCS_EXIT_INSTRUCTION_LENGTH));
}

/* Each instruction exits, and the next one does when it was skipped. */
static void case_basic(void)
{
	static const char * const names[] = {
		"vmcall", "cpuid", "rdmsr", "outb", "cr", "int3", "ud2", "hlt"
	};
	struct vm_regs regs = { .rax = 0x55, .rdx = 0x66 };
	unsigned int i;

	vm_set_up(vm_guest_basic);
	vm_write(VMCS_CR4_MASK, ~0ULL);
	vm_write(VMCS_EXCEPTION_BITMAP, BIT_ULL(3) | BIT_ULL(6));
	for (i = 0; i < ARRAY_LEN(names); i++) {
		say(names[i], vm_run(&regs, !i));
		if (i == 0)
			say("rbx", regs.rbx);
		if (i == 3 || i == 4)
			say(i == 3 ? "port" : "register", vm_read(VMCS_EXIT_QUALIFICATION));
		if (i == 5 || i == 6)
			say(i == 5 ? "int3_info" : "ud2_info", vm_read(VMCS_EXIT_INTERRUPTION_INFO));
		if (i == 6)
			vm_write(VMCS_GUEST_RIP, vm_read(VMCS_GUEST_RIP) + 2);
		else
			vm_skip();
	}
	say("rax_is_kept", regs.rax == read_cr(0));
}

/* Without its control, there is no RDTSCP. */
static void case_tsc(void)
{
	struct vm_regs regs = { .rdx = ~0ULL };
	u64 before, now;

	vm_set_up(vm_guest_tsc);
	vm_write(VMCS_EXCEPTION_BITMAP, BIT_ULL(VECTOR_UD));
	vm_allow(VMCS_PRIMARY_CONTROLS, TSC_OFFSETTING);
	vm_write(VMCS_TSC_OFFSET, BIT_ULL(40));
	before = native_rdtsc();
	say("rdtsc", vm_run(&regs, true));
	now = (regs.rdx << 32 | regs.rax) - BIT_ULL(40);
	say("is_time", now > before && now < native_rdtsc());
	vm_skip();
	say("undefined", vm_run(&regs, false));
	say("info", vm_read(VMCS_EXIT_INTERRUPTION_INFO));
	vm_allow(VMCS_SECONDARY_CONTROLS, RDTSCP);
	say("rdtscp", vm_run(&regs, false));
	now = (regs.rdx << 32 | regs.rax) - BIT_ULL(40);
	say("is_later", now > before && now < native_rdtsc());
}

/* VMCALL exits again and again: the same, then behind 1000 instructions, then behind 100 exits. */
static void case_cost(void)
{
	struct vm_regs regs = { 0 };
	u32 low, high;

	vm_set_up(vm_guest_basic);
	say("launched", !vm_enter(&regs, true));
	vm_enter(&regs, false);
	vm_enter(&regs, false);
	asm volatile(".rept 1000; nop; .endr");
	vm_enter(&regs, false);
	asm volatile(".rept 100; rdmsr; .endr" : "=a"(low), "=d"(high) : "c"(MSR_VMX_BASIC));
	vm_enter(&regs, false);
}

static void case_errors(void)
{
	struct vm_regs regs = { 0 };

	vm_set_up(vm_guest_basic);
	say("resume_of_a_clear_one", vm_enter(&regs, false));
	say("resume_error", vm_read(VMCS_INSTRUCTION_ERROR));
	vm_write(VMCS_PIN_CONTROLS, 0);
	say("controls", vm_enter(&regs, true));
	say("controls_error", vm_read(VMCS_INSTRUCTION_ERROR));
	write_controls(VMCS_PIN_CONTROLS, MSR_TRUE_PIN, PIN);
	vm_write(VMCS_HOST_TR_SELECTOR, 0);
	say("host", vm_enter(&regs, true));
	say("host_error", vm_read(VMCS_INSTRUCTION_ERROR));
	set_host();
	vm_write(VMCS_GUEST_RFLAGS, 0);
	say("guest", vm_run(&regs, true));
	say("guest_rip_is_kept", vm_read(VMCS_GUEST_RIP) == phys_of(vm_guest_basic));
	vm_write(VMCS_GUEST_RFLAGS, X86_EFLAGS_FIXED);
	vm_write(VMCS_ENTRY_MSR_LOAD_COUNT, 2);
	vm_write(VMCS_ENTRY_MSR_LOAD_ADDR, TOUCHED);
	*(u64 *)phys(TOUCHED) = 0x48;
	*(u64 *)phys(TOUCHED + 16) = MSR_FS_BASE;
	say("msr", vm_run(&regs, true));
	say("msr_number", vm_read(VMCS_EXIT_QUALIFICATION));
	vm_write(VMCS_ENTRY_MSR_LOAD_COUNT, 0);
	say("launch", vm_run(&regs, true));
	say("launch_of_a_launched_one", vm_enter(&regs, true));
	say("launch_error", vm_read(VMCS_INSTRUCTION_ERROR));
}

/* MSRs with a linear address: how WRMSR ends with more bits than the CPU has, and with less. */
static void case_addresses(void)
{
	static const struct { u32 msr; const char *name; } msrs[] = {
		{ 0x175, "sysenter_esp" }, { 0x176, "sysenter_eip" },
		{ 0xc0000082, "lstar" }, { 0xc0000083, "cstar" },
		{ MSR_FS_BASE, "fs_base" }, { MSR_GS_BASE, "gs_base" },
		{ 0xc0000102, "kernel_gs_base" },
	};
	struct vm_regs regs;
	unsigned int i;
	u64 too_large;

	vm_set_up(vm_guest_wrmsr);
	vm_clear_page(MSR_BITMAP);
	vm_allow(VMCS_PRIMARY_CONTROLS, PRIMARY_MSR_BITMAPS);
	vm_write(VMCS_MSR_BITMAP, MSR_BITMAP);
	vm_write(VMCS_EXCEPTION_BITMAP, BIT_ULL(VECTOR_GP));
	for (i = 0; i < ARRAY_LEN(msrs); i++) {
		vm_write(VMCS_GUEST_RIP, phys_of(vm_guest_wrmsr));
		regs = (struct vm_regs){ .rcx = msrs[i].msr, .rax = 0x1000, .rdx = 0x1000000 };
		too_large = vm_run(&regs, !i);
		regs.rdx = 0xff000000;
		say(msrs[i].name, too_large << 16 | vm_run(&regs, false));
	}
	say("gs_base_is", vm_read(VMCS_GUEST_GS_BASE));
}

static void case_windows(void)
{
	struct vm_regs regs = { 0 };

	vm_set_up(vm_guest_window);
	vm_allow(VMCS_PRIMARY_CONTROLS, INTERRUPT_WINDOW);
	say("interrupt_window", vm_run(&regs, true));
	/* CLI, NOP, STI, NOP */
	say("behind_sti", vm_read(VMCS_GUEST_RIP) - phys_of(vm_guest_window));
	vm_write(VMCS_PRIMARY_CONTROLS, vm_read(VMCS_PRIMARY_CONTROLS) & ~INTERRUPT_WINDOW);
	say("hlt", vm_run(&regs, false));
}

void vm_set_gate(unsigned int vector, const void *handler)
{
	u64 *gate = phys(GUEST_IDT + vector * 16), at = phys_of(handler);

	gate[0] = (at & 0xffff) | 0x18ULL << 16 | 0x8e00ULL << 32 | (at >> 16 & 0xffff) << 48;
	gate[1] = at >> 32;
	vm_write(VMCS_GUEST_IDTR_BASE, GUEST_IDT);
	vm_write(VMCS_GUEST_IDTR_LIMIT, 0xfff);
}

/* An NMI blocks others until the guest's IRET. */
static void case_nmi_window(void)
{
	struct vm_regs regs = { 0 };

	vm_set_up(vm_guest_nmi);
	vm_set_gate(VECTOR_NMI, vm_guest_handler);
	vm_allow(VMCS_PRIMARY_CONTROLS, NMI_WINDOW);
	say("nmi_window", vm_run(&regs, true));
	vm_write(VMCS_ENTRY_INTERRUPTION_INFO, INJECT(TYPE_NMI, VECTOR_NMI));
	say("in_handler", vm_run(&regs, false));
	say("blocked", vm_read(VMCS_GUEST_INTERRUPTIBILITY));
	vm_skip();
	say("behind_iret", vm_run(&regs, false));
	say("at_interrupted", vm_read(VMCS_GUEST_RIP) == phys_of(vm_guest_nmi));
	say("not_blocked", vm_read(VMCS_GUEST_INTERRUPTIBILITY));
}

/* The window opens behind an event that is injected, and behind an interrupt shadow. */
static void case_nmi_window_late(void)
{
	struct vm_regs regs = { 0 };

	vm_set_up(vm_guest_nmi);
	vm_set_gate(0x30, vm_guest_handler);
	vm_allow(VMCS_PRIMARY_CONTROLS, NMI_WINDOW);
	vm_write(VMCS_GUEST_RFLAGS, X86_EFLAGS_FIXED | X86_EFLAGS_IF);
	vm_write(VMCS_ENTRY_INTERRUPTION_INFO, INJECT(0, 0x30));
	say("behind_event", vm_run(&regs, true));
	say("at_handler", vm_read(VMCS_GUEST_RIP) == phys_of(vm_guest_handler));
	vm_write(VMCS_GUEST_RIP, phys_of(vm_guest_nmi));
	vm_write(VMCS_GUEST_RFLAGS, X86_EFLAGS_FIXED);
	vm_write(VMCS_GUEST_INTERRUPTIBILITY, MOV_SS);
	say("behind_mov_ss", vm_run(&regs, false));
	say("at", vm_read(VMCS_GUEST_RIP) - phys_of(vm_guest_nmi));
	say("rflags", vm_read(VMCS_GUEST_RFLAGS));
}

#define read_dr6()							\
({									\
	u64 value;							\
	asm volatile("movq %%dr6, %0" : "=r"(value));			\
	value;								\
})

/* Debug exceptions that exit, also one that MOV to SS has held back */
static void case_debug(void)
{
	struct vm_regs regs = { 0 };

	vm_set_up(vm_guest_nmi);
	vm_write(VMCS_EXCEPTION_BITMAP, BIT_ULL(VECTOR_DB));
	asm volatile("movq %0, %%dr6" : : "r"(0xffff0ff2ULL));
	vm_write(VMCS_GUEST_RFLAGS, X86_EFLAGS_FIXED | X86_EFLAGS_TF);
	say("step", vm_run(&regs, true));
	say("step_causes", vm_read(VMCS_EXIT_QUALIFICATION));
	say("dr6", read_dr6());
	vm_write(VMCS_GUEST_RIP, phys_of(vm_guest_nmi));
	vm_write(VMCS_GUEST_RFLAGS, X86_EFLAGS_FIXED);
	vm_write(VMCS_GUEST_INTERRUPTIBILITY, MOV_SS);
	vm_write(VMCS_GUEST_PENDING_DEBUG, BIT_ULL(12) | 1);
	say("held", vm_run(&regs, false));
	say("held_causes", vm_read(VMCS_EXIT_QUALIFICATION));
	say("at", vm_read(VMCS_GUEST_RIP) - phys_of(vm_guest_nmi));
	vm_write(VMCS_GUEST_PENDING_DEBUG, 2);
	say("not_enabled", vm_run(&regs, false));
}

/* An IRET that ends the blocking of NMIs has a bad selector.  QEMU 7.2 does not set RF. */
static void case_iret(void)
{
	u64 *frame = phys(GUEST_STACK - 40);
	struct vm_regs regs = { 0 };
	unsigned int i;

	vm_set_up(vm_guest_handler + 3);
	vm_set_gate(VECTOR_GP, vm_guest_handler);
	for (i = 0; i < 5; i++)
		frame[i] = 0;
	vm_write(VMCS_GUEST_RSP, phys_of(frame));
	vm_write(VMCS_GUEST_INTERRUPTIBILITY, NMI_BLOCKED);
	say("in_handler", vm_run(&regs, true));
	say("blocked", vm_read(VMCS_GUEST_INTERRUPTIBILITY));
	frame = phys(vm_read(VMCS_GUEST_RSP));
	say("rflags", frame[3] & ~RF);
	vm_write(VMCS_GUEST_RIP, phys_of(vm_guest_handler + 3));
	vm_write(VMCS_GUEST_RSP, GUEST_STACK - 40);
	vm_write(VMCS_GUEST_INTERRUPTIBILITY, NMI_BLOCKED);
	vm_write(VMCS_EXCEPTION_BITMAP, BIT_ULL(VECTOR_GP));
	say("exit", vm_run(&regs, false));
	say("info", vm_read(VMCS_EXIT_INTERRUPTION_INFO));
	say("exit_blocked", vm_read(VMCS_GUEST_INTERRUPTIBILITY));
	say("exit_rflags", vm_read(VMCS_GUEST_RFLAGS) & ~RF);
}

/* An interrupt is delivered before the window or the timer is seen. */
static void case_injection(void)
{
	struct vm_regs regs = { 0 };

	vm_set_up(vm_guest_window + 3);
	vm_set_gate(0x30, vm_guest_handler);
	vm_allow(VMCS_PRIMARY_CONTROLS, INTERRUPT_WINDOW);
	vm_write(VMCS_GUEST_RFLAGS, X86_EFLAGS_FIXED | X86_EFLAGS_IF);
	vm_write(VMCS_ENTRY_INTERRUPTION_INFO, INJECT(0, 0x30));
	say("in_handler", vm_run(&regs, true));
	vm_skip();
	say("window", vm_run(&regs, false));
	say("at_interrupted", vm_read(VMCS_GUEST_RIP) == phys_of(vm_guest_window + 3));
	say("vectoring", vm_read(VMCS_IDT_VECTORING_INFO));
	vm_allow(VMCS_PIN_CONTROLS, PREEMPTION_TIMER);
	vm_write(VMCS_PREEMPTION_TIMER, 0);
	vm_write(VMCS_ENTRY_INTERRUPTION_INFO, INJECT(0, 0x30));
	say("timer", vm_run(&regs, false));
	say("at_handler", vm_read(VMCS_GUEST_RIP) == phys_of(vm_guest_handler));
	say("timer_vectoring", vm_read(VMCS_IDT_VECTORING_INFO));
}

/* Exceptions that no CPU raises: each is delivered once, and without an error code. */
static void case_odd_exceptions(void)
{
	static const struct {
		const char *name, *blocked, *behind;
		u64 type, vector;
	} odd[] = {
		{ "2", "2_blocked", "2_behind", TYPE_EXCEPTION, 2 },
		{ "31", "31_blocked", "31_behind", TYPE_EXCEPTION, 31 },
		{ "13", "13_blocked", "13_behind", TYPE_PRIVILEGED, 13 },
		{ "0x80", "0x80_blocked", "0x80_behind", TYPE_PRIVILEGED, 0x80 },
	};
	struct vm_regs regs = { 0 };
	unsigned int i;

	vm_set_up(vm_guest_nmi);
	for (i = 0; i < ARRAY_LEN(odd); i++) {
		vm_set_gate(odd[i].vector, vm_guest_handler);
		vm_write(VMCS_GUEST_RIP, phys_of(vm_guest_nmi) -
					 (odd[i].type == TYPE_PRIVILEGED));
		vm_write(VMCS_ENTRY_INSTRUCTION_LENGTH, 1);
		vm_write(VMCS_ENTRY_INTERRUPTION_INFO, INJECT(odd[i].type, odd[i].vector));
		say(odd[i].name, vm_run(&regs, !i));
		say(odd[i].blocked, vm_read(VMCS_GUEST_INTERRUPTIBILITY));
		vm_skip();
		say(odd[i].behind, vm_run(&regs, false));
	}
}

/* The host's timer does not run. */
static void case_timer(void)
{
	struct vm_regs regs = { 0 };

	vm_set_up(vm_guest_spin);
	vm_allow(VMCS_PIN_CONTROLS, PREEMPTION_TIMER);
	vm_write(VMCS_PREEMPTION_TIMER, 0x100000);
	*(u32 *)phys(0xfee000f0) = 0x1ff;
	*(u32 *)phys(0xfee00320) = 0x40;
	say("timer", vm_run(&regs, true));
	say("in_loop", vm_read(VMCS_GUEST_RIP) - phys_of(vm_guest_spin) <= 2);
}

/* Faults of the EPT, and its flags */
/* The entry of TOUCHED's page in the EPT, which maps the first GB by pages of 2 MB then */
static u64 *touched_entry(u64 *ept)
{
	u64 *directory = phys(EPT_PAGES + 2 * PAGE_SIZE);
	unsigned int i;

	for (i = 0; i < 512; i++)
		directory[i] = i * SIZE_2M | EPT_LEAF;
	ept[0] = phys_of(directory) | EPT_RWX;
	return &directory[TOUCHED / SIZE_2M];
}

static void case_ept(void)
{
	u64 *page = touched_entry(vm_set_up(vm_guest_touch));
	struct vm_regs regs = { .rbx = TOUCHED, .rcx = 0x77 };

	*page = 0;
	say("missing", vm_run(&regs, true));
	say("missing_qualification", vm_read(VMCS_EXIT_QUALIFICATION));
	say("missing_gpa", vm_read(VMCS_GUEST_PHYSICAL_ADDRESS));
	say("missing_linear", vm_read(VMCS_GUEST_LINEAR_ADDRESS));
	*page = TOUCHED | (EPT_LEAF & ~2ULL);
	say("read_only", vm_run(&regs, false));
	say("read_only_qualification", vm_read(VMCS_EXIT_QUALIFICATION));
	*page = TOUCHED | 2;
	say("misconfigured", vm_run(&regs, false));
	*page = TOUCHED | EPT_LEAF;
	say("written", vm_run(&regs, false));
	say("flags", *page & 0x300);
	say("value", *(u64 *)phys(TOUCHED));
	vm_skip();
	*page = 0;
	say("stale", vm_run(&regs, false));
	say("stale_value", regs.rax);
}

/* The last byte of VMXON is in a page that is not there. */
static void case_cut_insn(void)
{
	static const u8 vmxon_at_rsp[] = { 0xf3, 0x0f, 0xc7, 0x74, 0x24, 0xf8 };
	u8 *code = phys(TOUCHED - sizeof(vmxon_at_rsp) + 1);
	u64 *page = touched_entry(vm_set_up(code));
	struct vm_regs regs = { 0 };
	unsigned int i;

	for (i = 0; i < sizeof(vmxon_at_rsp); i++)
		code[i] = vmxon_at_rsp[i];
	*page = 0;
	say("cut", vm_run(&regs, true));
	say("qualification", vm_read(VMCS_EXIT_QUALIFICATION));
	say("gpa", vm_read(VMCS_GUEST_PHYSICAL_ADDRESS));
	*page = TOUCHED | EPT_LEAF;
	say("whole", vm_run(&regs, false));
	say("length", vm_read(VMCS_EXIT_INSTRUCTION_LENGTH));
}

/* An EPT of 4 levels has no address with bit 48; the guest has one by its own page tables. */
static void case_beyond_ept(void)
{
	u64 *top = phys(read_cr(3) & PTE_ADDR), *pages = phys(top[0] & PTE_ADDR);
	struct vm_regs regs = { .rbx = TOUCHED };

	vm_set_up(vm_guest_touch);
	*(u64 *)phys(TOUCHED) = 0x99;
	say("read", vm_run(&regs, true));
	say("value", regs.rax);
	pages[20] = BIT_ULL(48) | 0x83;
	regs = (struct vm_regs){ .rbx = 20 * SIZE_1G + TOUCHED };
	vm_write(VMCS_GUEST_RIP, phys_of(vm_guest_touch));
	say("beyond", vm_run(&regs, false));
	say("qualification", vm_read(VMCS_EXIT_QUALIFICATION));
	say("gpa", vm_read(VMCS_GUEST_PHYSICAL_ADDRESS));
}

static void case_invept(void)
{
	u64 *ept = vm_set_up(vm_guest_touch), operand[2] = { EPT_PAGES | EPTP_FLAGS, 0 };
	struct vm_regs regs = { .rbx = SIZE_1G * 5 };

	ept[5] = SIZE_1G * 0 | EPT_LEAF;
	vm_write(VMCS_GUEST_RIP, phys_of(vm_guest_touch));
	regs.rbx = SIZE_1G * 5 + TOUCHED;
	*(u64 *)phys(TOUCHED) = 0x99;
	say("read", vm_run(&regs, true));
	say("value", regs.rax);
	ept[5] = 0;
	asm volatile("invept %0, %1" : : "m"(operand), "r"(1ULL) : "cc", "memory");
	vm_write(VMCS_GUEST_RIP, phys_of(vm_guest_touch));
	say("flushed", vm_run(&regs, false));
}

#define MANY	100

/* A page that was removed may be flushed late, but not behind another one in its place. */
static void case_old_page(void)
{
	u64 *ept = vm_set_up(vm_guest_touch), operand[2] = { EPT_PAGES | EPTP_FLAGS, 0 };
	struct vm_regs regs = { .rbx = 5 * SIZE_1G + TOUCHED };
	unsigned int i;

	*(u64 *)phys(TOUCHED) = 0x99;
	ept[5] = EPT_LEAF;
	say("read", vm_run(&regs, true));
	ept[5] = 0;
	for (i = 0; i < MANY; i++) {
		vm_write(VMCS_GUEST_RIP, phys_of(vm_guest_touch));
		vm_run(&regs, false);
	}
	say("removed", regs.rax);
	ept[5] = SIZE_1G | EPT_LEAF;
	for (i = 0; i < MANY; i++) {
		vm_write(VMCS_GUEST_RIP, phys_of(vm_guest_touch));
		vm_run(&regs, false);
	}
	say("replaced", regs.rax);
	asm volatile("invept %0, %1" : : "m"(operand), "r"(1ULL) : "cc", "memory");
	vm_write(VMCS_GUEST_RIP, phys_of(vm_guest_touch));
	say("flushed", vm_run(&regs, false));
	say("is_new", regs.rax == *(u64 *)phys(SIZE_1G + TOUCHED));
}

static void case_real_mode(void)
{
	struct vm_regs regs = { 0 };
	unsigned int n;
	u8 *to = phys(REAL_MODE);

	vm_set_up(0);
	for (n = 0; n < vm_guest_real_end - vm_guest_real; n++)
		to[n] = vm_guest_real[n];
	for (n = 0; n < 6; n++)
		set_segment(n, 0, 0xffff, REAL_RIGHTS);
	set_segment(1, REAL_MODE >> 4, 0xffff, REAL_CODE_RIGHTS);
	vm_write(VMCS_GUEST_CS_BASE, REAL_MODE);
	vm_write(VMCS_GUEST_CR0, read_cr(0) & ~(X86_CR0_PE | X86_CR0_PG));
	vm_write(VMCS_GUEST_EFER, 0);
	vm_write(VMCS_ENTRY_CONTROLS, vm_read(VMCS_ENTRY_CONTROLS) & ~LONG_MODE_GUEST);
	vm_write(VMCS_GUEST_RIP, 0);
	vm_write(VMCS_GUEST_RSP, 0x4000);
	vm_write(VMCS_GUEST_IDTR_BASE, REAL_MODE_VECTORS);
	vm_write(VMCS_GUEST_IDTR_LIMIT, 0x3ff);
	/* INT 21h leads to the HLT behind it. */
	n = vm_guest_real_end - vm_guest_real - 1;
	*(u32 *)phys(REAL_MODE_VECTORS + 0x21 * 4) = REAL_MODE << 12 | n;
	say("vmcall", vm_run(&regs, true));
	say("rbx", regs.rbx);
	vm_skip();
	say("hlt", vm_run(&regs, false));
	say("stack", vm_read(VMCS_GUEST_RSP));
}

static const struct probe_case cases[] = {
	{ "vm-basic", case_basic },
	{ "vm-tsc", case_tsc },
	{ "vm-cost", case_cost },
	{ "vm-errors", case_errors },
	{ "vm-addresses", case_addresses },
	{ "vm-windows", case_windows },
	{ "vm-nmi-window", case_nmi_window },
	{ "vm-nmi-window-late", case_nmi_window_late },
	{ "vm-debug", case_debug },
	{ "vm-iret", case_iret },
	{ "vm-injection", case_injection },
	{ "vm-odd-exceptions", case_odd_exceptions },
	{ "vm-timer", case_timer },
	{ "vm-ept", case_ept },
	{ "vm-cut-insn", case_cut_insn },
	{ "vm-beyond-ept", case_beyond_ept },
	{ "vm-invept", case_invept },
	{ "vm-old-page", case_old_page },
	{ "vm-real-mode", case_real_mode },
};

bool run_vm_case(const char *name)
{
	return run_case(name, cases, ARRAY_LEN(cases)) || run_vm_apic_case(name);
}
