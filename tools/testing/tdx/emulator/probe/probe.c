// SPDX-License-Identifier: GPL-2.0-only
/* A guest that deliberately violates the rules. */

/*
 * This is not Linux: it initializes TDX according to the specifications, and
 * then does one thing that a host must not do, to test the emulator.  It shares
 * no code with the kernel.  The command line is the name of the case.
 */
#include <linux/types.h>

#include "abi.h"
#include "lib/clock.h"
#include "lib/text.h"
#include "lib/x86.h"
#include "probe.h"

#define COM1			0x3f8
#define NEW_REGIONS		50	/* of 512 GB */
#define FIRST_KEYID_BIT		46	/* by default */
#define PA_BITS			52
#define PIC1_MASK		0x21
#define PIC2_MASK		0xa1
#define APIC			0xfee00000ULL
#define FIXED			0x4000
#define NMI			0x4400
#define INIT			0x4500
#define STARTUP			0x4600
#define TO_SELF			0x40000
#define TO_OTHERS		0xc0000
#define LVT_TIMER		0x320
#define TIMER_INITIAL		0x380
#define TIMER_CURRENT		0x390
#define TIMER_DIVIDE		0x3e0
#define TIMER_DIVIDE_BY_1	0xb
#define LVT_MASKED		0x10000
#define TRAMPOLINE		0x8000ULL
#define BOOT_PARAMS_CMDLINE	0x228
#define MSR_KEYID_PARTITIONING	0x87
#define MSR_PAT			0x277
#define MSR_VMX_BASIC		0x480
#define MSR_SEAMRR_BASE		0x1400
#define MSR_MC1_STATUS		0x405
#define MSR_MC1_ADDR		0x406
#define VMXON_REGION(cpu)	(0x2000000ULL + (cpu) * PAGE_SIZE)
#define SYSINFO			0x2010000ULL
#define CMRS			0x2011000ULL
#define TDMR_POINTERS		0x2012000ULL
#define TDMR_INFO		0x2013000ULL
#define PAMT			0x3000000ULL
#define PAMT_1G_BYTES		0x1000ULL
#define PAMT_2M_BYTES		0x2000ULL
#define PAMT_4K_BYTES		0x400000ULL
#define PAMT_BYTES		(PAMT_1G_BYTES + PAMT_2M_BYTES + PAMT_4K_BYTES)

static bool ap_ready, ap_may_go_on, ap_done;

/* Function that the second CPU runs. */
static void (*ap_job)(void);

static void put(char c)
{
	while (!(io_in8(COM1 + 5) & 0x20))
		cpu_pause();
	io_out8(COM1, c);
}

void say(const char *what, u64 value)
{
	int shift;

	while (*what)
		put(*what++);
	put(' ');
	for (shift = 60; shift >= 0; shift -= 4)
		put("0123456789abcdef"[value >> shift & 15]);
	put('\n');
}

/* QEMU ends, because of -no-reboot. */
static void __noreturn reset(void)
{
	io_out8(0xcf9, 0x06);
	for (;;)
		cpu_pause();
}

static void load_idt(void)
{
	static struct {
		u16 low, selector, type, mid;
		u32 high, reserved;
	} idt[INTERRUPT_VECTOR + 1];
	struct { u16 limit; u64 base; } __packed idtr = { sizeof(idt) - 1, phys_of(idt) };
	unsigned int i;
	u64 stub;

	for (i = 0; i < ARRAY_LEN(idt); i++) {
		stub = phys_of(trap_stubs) + 16 * i;
		idt[i].low = stub;
		idt[i].selector = 0x18;
		idt[i].type = 0x8e00;
		idt[i].mid = stub >> 16;
		idt[i].high = stub >> 32;
	}
	asm volatile("lidt %0" : : "m"(idtr));
}

static void vmxon(unsigned int cpu)
{
	u64 region = VMXON_REGION(cpu);

	*(u32 *)phys(region) = native_rdmsr(MSR_VMX_BASIC);
	asm volatile("vmxon %0" : : "m"(region) : "cc", "memory");
}

static bool is_busy(u64 status)
{
	return (status & TDX_STATUS_CODE_MASK) == TDX_SYS_BUSY ||
	       (status & TDX_STATUS_CODE_MASK) == TDX_OPERAND_BUSY;
}

u64 call(const char *name, u64 leaf, struct regs *regs)
{
	const struct regs in = *regs;
	u64 failed;

	do {
		*regs = in;
		failed = seamcall(leaf, regs);
	} while (!failed && is_busy(regs->rax));
	if (failed || regs->rax)
		say(name, failed ? failed : regs->rax);
	return failed ? failed : regs->rax;
}

/* Reserve all memory outside the only CMR, and the PAMT, which is inside. */
static unsigned int reserve(struct tdx_tdmr_info *tdmr)
{
	const struct tdx_cmr_info *cmr = phys(CMRS);
	unsigned int nr = 0;

	tdmr->reserved[nr].size = cmr->base;
	nr++;
	tdmr->reserved[nr].offset = PAMT;
	tdmr->reserved[nr].size = PAMT_BYTES;
	nr++;
	tdmr->reserved[nr].offset = cmr->base + cmr->size;
	tdmr->reserved[nr].size = tdmr->size - tdmr->reserved[nr].offset;
	return nr;
}

/* The first private KeyID; the others are for TDs. */
u64 global_keyid(void)
{
	return (native_rdmsr(MSR_KEYID_PARTITIONING) & 0xffffffff) + 1;
}

static u64 config(void)
{
	struct tdx_tdmr_info *tdmr = phys(TDMR_INFO);
	struct regs regs = { 0, TDMR_POINTERS, 1, global_keyid(), 0 };

	*tdmr = (struct tdx_tdmr_info){ .size = SIZE_1G };
	*tdx_tdmr_pamt(tdmr, TDX_PAMT_1G) = (struct tdx_pamt_area){ PAMT, PAMT_1G_BYTES };
	*tdx_tdmr_pamt(tdmr, TDX_PAMT_2M) =
		(struct tdx_pamt_area){ PAMT + PAMT_1G_BYTES, PAMT_2M_BYTES };
	*tdx_tdmr_pamt(tdmr, TDX_PAMT_4K) =
		(struct tdx_pamt_area){ PAMT + PAMT_1G_BYTES + PAMT_2M_BYTES, PAMT_4K_BYTES };
	reserve(tdmr);
	*(u64 *)phys(TDMR_POINTERS) = TDMR_INFO;
	return call("config", TDH_SYS_CONFIG, &regs);
}

void wbinvd(void)
{
	asm volatile("wbinvd" : : : "memory");
}

static u64 init(void)
{
	struct regs regs = { 0 };
	u64 status;

	status = call("init", TDH_SYS_INIT, &regs);
	regs = (struct regs){ 0 };
	status = status ?: call("lp_init", TDH_SYS_LP_INIT, &regs);
	regs = (struct regs){ 0, SYSINFO, 1024, CMRS, TDX_NR_CMRS };
	return status ?: call("info", TDH_SYS_INFO, &regs);
}

static u64 init_tdmr(void)
{
	struct regs regs;
	u64 status;

	do {
		regs = (struct regs){ 0 };
		status = call("tdmr_init", TDH_SYS_TDMR_INIT, &regs);
	} while (!status && regs.rdx < SIZE_1G);
	return status;
}

static u64 get_ready(bool write_back)
{
	struct regs regs = { 0 };
	u64 status;

	/* Has no effect the second time. */
	vmxon(0);
	status = init();
	if (write_back)
		wbinvd();
	status = status ?: config();
	return status ?: call("key_config", TDH_SYS_KEY_CONFIG, &regs);
}

u64 bring_up(bool write_back)
{
	u64 status = get_ready(write_back);

	status = status ?: init_tdmr();
	say("bring_up", status);
	return status;
}

void direct_store(u64 page, unsigned int lines)
{
	static const u8 zeroes[64] __aligned(64);
	unsigned int i;

	for (i = 0; i < lines; i++)
		asm volatile("movdir64b %0, %1" : : "m"(zeroes), "r"(page + 64 * i) : "memory");
}

#define read_cr(number)						\
({								\
	u64 value;						\
	asm volatile("movq %%cr" #number ", %0" : "=r"(value));	\
	value;							\
})

/* With CR4.VMXE set, the platform intercepts reads of control registers. */
static void case_control_registers(void)
{
	u64 word, wide = ~0ULL;
	u16 stored = 0;

	asm volatile("movq %0, %%cr2; movq %1, %%cr8" : : "r"(0x12345678ULL), "r"(5ULL));
	say("cr0", read_cr(0));
	say("cr2", read_cr(2));
	say("cr3", read_cr(3) - phys_of(pml4));
	say("cr4", read_cr(4));
	say("cr8", read_cr(8));
	asm volatile("smsw %0" : "=m"(stored));
	say("smsw_memory", stored);
	word = ~0ULL;
	asm volatile("smsw %w0" : "+r"(word));
	say("smsw_word", word);
	asm volatile("smsw %q0" : "+r"(wide));
	say("smsw", wide);
}

static void case_outside_vmx(void)
{
	struct regs regs = { 0 };

	seamcall(TDH_SYS_INIT, &regs);
	say("trapped", now(trapped));
}

static void case_good(void)
{
	bring_up(true);
	wbinvd();
	direct_store(PAMT, 64);
	say("touched", touch(PAMT, true));
}

static void case_dump(void)
{
	io_out8(0xeb, 0);
	bring_up(true);
	io_out8(0xeb, 0);
}

static void apic_write(unsigned int offset, u32 value)
{
	asm volatile("movl %1, %0" : "=m"(*(u32 *)phys(APIC + offset)) : "r"(value));
}

static u32 apic_read(unsigned int offset)
{
	u32 value;

	asm volatile("movl %1, %0" : "=r"(value) : "m"(*(u32 *)phys(APIC + offset)));
	return value;
}

static void ipi(u32 command)
{
	apic_write(0x310, 1 << 24);
	apic_write(0x300, command);
}

/*
 * Send an interrupt to the calling CPU, which must have interrupts disabled.
 * The PICs are masked, because the BIOS left its timer running.
 */
static void pend_interrupt(void)
{
	io_out8(PIC1_MASK, 0xff);
	io_out8(PIC2_MASK, 0xff);
	apic_write(0xf0, 0x1ff);
	apic_write(0x300, TO_SELF | FIXED | INTERRUPT_VECTOR);
}

/* The vector of the exception that an instruction raises on the first CPU, 0 for none. */
#define attempt(instruction, operands...)					\
({										\
	__atomic_store_n(&trapped, 0, __ATOMIC_RELEASE);			\
	asm volatile("leaq 1f(%%rip), %%rax; movq %%rax, fixup(%%rip);"		\
		     instruction "; 1:" : : operands : "rax", "cc", "memory");	\
	now(trapped);								\
})

static void load_vmcs(u64 pa)
{
	*(u32 *)phys(pa) = native_rdmsr(MSR_VMX_BASIC);
	asm volatile("vmptrld %0" : : "m"(pa) : "cc", "memory");
}

/* Emulated instructions with operands in memory that the host does not own. */
static void case_foreign_operands(void)
{
	static u8 line[64] __aligned(64);
	u64 pa = PAMT, vmcs = VMXON_REGION(1), keyid = SIZE_1G * 16;

	vmxon(0);
	init();
	load_vmcs(PAMT);
	wbinvd();
	say("config", config());
	say("vmread_vmcs", attempt("vmread %q0, %%rax", "r"(0ULL)));
	say("vmwrite_vmcs", attempt("vmwrite %q0, %q0", "r"(0ULL)));
	load_vmcs(vmcs);
	say("vmread", attempt("vmread %q0, (%1)", "r"(0ULL), "r"(pa)));
	say("vmwrite", attempt("vmwrite (%1), %q0", "r"(0ULL), "r"(pa)));
	say("vmptrst", attempt("vmptrst (%0)", "r"(pa)));
	say("vmptrld", attempt("vmptrld %0", "m"(pa)));
	say("invept", attempt("invept (%0), %q1", "r"(pa), "r"(1ULL)));
	say("movdir64b_from", attempt("movdir64b (%0), %1", "r"(pa), "r"(line)));
	say("movdir64b_to", attempt("movdir64b (%0), %1", "r"(line), "r"(EMULATOR)));
	pdpt[16] = BIT_ULL(46) | PTE_P | PTE_W | PTE_PS;
	say("movdir64b_keyid", attempt("movdir64b (%0), %1", "r"(line), "r"(keyid)));
	pdpt[17] = PAMT | PTE_P | PTE_W;
	say("table", attempt("movdir64b (%0), %1", "r"(line), "r"(keyid + SIZE_1G)));
}

/* What an emulated instruction, MOVDIR64B, leaves in page tables */
static void case_accessed_and_dirty(void)
{
	static u64 table[512] __page_aligned, directory[512] __page_aligned;
	static u8 pages[2][PAGE_SIZE] __page_aligned;
	const u64 linear = SIZE_1G * 16, flags = PTE_A | PTE_D;

	table[0] = phys_of(pages[0]) | PTE_P | PTE_W;
	table[1] = phys_of(pages[1]) | PTE_P | PTE_W;
	directory[0] = phys_of(table) | PTE_P | PTE_W;
	pdpt[16] = phys_of(directory) | PTE_P | PTE_W;
	pages[0][0] = 0x77;
	attempt("movdir64b (%0), %1", "r"(linear), "r"(linear + PAGE_SIZE));
	say("stored", pages[1][0]);
	say("directory", now(directory[0]) & flags);
	say("read", now(table[0]) & flags);
	say("written", now(table[1]) & flags);
}

/* Memory that is not in the BIOS's map. */
static void case_vmcs_in_added_memory(void)
{
	u64 current = 0;

	vmxon(0);
	load_vmcs(SIZE_4G);
	asm volatile("vmptrst %0" : "=m"(current) : : "cc");
	say("current", current);
}

/* The stack for the delivery of an interrupt is in memory of the module. */
static void case_interrupt_on_a_foreign_stack(void)
{
	vmxon(0);
	init();
	wbinvd();
	say("config", config());
	pend_interrupt();
	asm volatile("movq %%rsp, %%rbx; movq %0, %%rsp; sti; nop; nop; cli; movq %%rbx, %%rsp"
		     : : "r"(PAMT + PAGE_SIZE) : "rbx", "memory");
	say("interrupts", now(interrupts));
}

/* The instruction after STI causes an exit, and is executed before the interrupt. */
static void case_interrupt_shadow(void)
{
	u64 behind;

	pdpt[16] = SIZE_512G * 2 | PTE_P | PTE_W | PTE_PS;
	pend_interrupt();
	asm volatile("leaq 1f(%%rip), %0; sti; movq (%1), %%rax; 1: nop; cli"
		     : "=&r"(behind) : "r"(SIZE_1G * 16) : "rax", "memory");
	say("interrupts", now(interrupts));
	say("too_early", behind - now(interrupted_at));
}

static void case_write_pat(void)
{
	say("trapped", attempt("xchgq %%rax, %0; wrmsr", "r"(0x00070406ULL), "c"(MSR_PAT), "d"(0)));
	say("pat", native_rdmsr(MSR_PAT));
}

static void case_features(void)
{
	u32 regs[4];

	native_cpuid(1, 0, regs);
	say("features_ecx", regs[2]);
	native_cpuid(7, 0, regs);
	say("extended_ecx", regs[2]);
	native_cpuid(0xd, 0, regs);
	say("xcr0", regs[0]);
	native_cpuid(0xd, 3, regs);
	say("bndregs", regs[0]);
}

/* The crystal feeds the APIC's timer, which counts down. */
static void case_frequency(void)
{
	u32 regs[4], start, now;
	u64 tsc_start, tsc;

	native_cpuid(0x15, 0, regs);
	say("crystal_part", regs[0]);
	say("tsc_part", regs[1]);
	say("crystal_hz", regs[2]);
	apic_write(TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
	apic_write(LVT_TIMER, LVT_MASKED);
	apic_write(TIMER_INITIAL, ~0U);
	start = clock_read_both(apic_read, TIMER_CURRENT, &tsc_start);
	do {
		now = clock_read_both(apic_read, TIMER_CURRENT, &tsc);
	} while (start - now < regs[2] / 50);
	say("crystal", start - now);
	say("tsc", tsc - tsc_start);
	native_cpuid(0x16, 0, regs);
	say("base_mhz", regs[0]);
}

static void case_seam_range(void)
{
	u64 base = native_rdmsr(MSR_SEAMRR_BASE) & PAGE_MASK;

	pdpt[16] = (base & ~(SIZE_1G - 1)) | PTE_P | PTE_W | PTE_PS;
	say("touched", touch(SIZE_1G * 16 + base % SIZE_1G, false));
}

/* RAM, with one bit of the KeyID after the other. */
static void case_each_keyid_bit(void)
{
	unsigned int bit, i = 16;
	u64 reached = 0;

	for (bit = FIRST_KEYID_BIT; bit < PA_BITS; bit++, i++) {
		pdpt[i] = BIT_ULL(bit) | PTE_P | PTE_W | PTE_PS;
		if (touch(SIZE_1G * i + PAMT, false))
			reached |= BIT_ULL(bit);
	}
	say("reached", reached);
}

static void case_trampoline(void)
{
	say("touched", touch(EMULATOR_TRAMPOLINE, true));
}

/* The CPU's page walk reads a table in a PAMT. */
static void case_table_in_a_pamt(void)
{
	vmxon(0);
	init();
	wbinvd();
	say("config", config());
	pdpt[16] = PAMT | PTE_P | PTE_W;
	say("touched", touch(SIZE_1G * 16, false));
}

static void case_reserved_bits_of_cr3(void)
{
	say("trapped", attempt("movq %0, %%cr3", "r"(BIT_ULL(60) | phys_of(pml4))));
}

static void case_prefixes(void)
{
	u32 regs[4] = { 0 };

	asm volatile(".byte 0x48, 0x2e, 0x0f, 0xa2"
		     : "+a"(regs[0]), "=b"(regs[1]), "+c"(regs[2]), "=d"(regs[3]));
	say("cpuid", regs[1]);
	say("locked_cpuid", attempt(".byte 0xf0, 0x0f, 0xa2", "r"(0)));
	say("int3", attempt(".byte 0xf3, 0xcc", "r"(0)));
	say("int_n", attempt(".byte 0x66, 0xcd, 0x04", "r"(0)));
}

static void case_operands_of_the_module(void)
{
	struct regs regs = { 0, PAMT, 1024, CMRS, TDX_NR_CMRS };

	bring_up(true);
	say("info", call("info", TDH_SYS_INFO, &regs));
}

/* The status of TDH.SYS.CONFIG is injected, so the TDMRs are not checked. */
static void case_operands_in_added_memory(void)
{
	struct regs regs = { 0, SIZE_4G, 1024, CMRS, TDX_NR_CMRS };

	bring_up(true);
	say("info", call("info", TDH_SYS_INFO, &regs));
	say("written", *(u64 *)phys(SIZE_4G) == *(u64 *)phys(SYSINFO));
}

static void case_config_is_injected(void)
{
	struct regs regs = { 0, BIT_ULL(45), 1000, 32, 0 };

	vmxon(0);
	init();
	say("config", seamcall(TDH_SYS_CONFIG, &regs) ? 1 : regs.rax);
}

static void case_many_leaves(void)
{
	struct regs regs = { 0 };
	u64 leaf;

	vmxon(0);
	for (leaf = 1000; leaf < 1300; leaf++)
		seamcall(leaf, &regs);
}

static void case_no_write_back(void)
{
	bring_up(false);
}

static void touch_pamt(bool write)
{
	bring_up(true);
	say("touched", touch(PAMT, write));
	say("trapped", now(trapped));
	say("mc_status", native_rdmsr(MSR_MC1_STATUS));
	say("mc_address", native_rdmsr(MSR_MC1_ADDR));
}

static void case_read_pamt(void)
{
	touch_pamt(false);
}

static void case_write_pamt(void)
{
	touch_pamt(true);
}

static void case_many_violations(void)
{
	unsigned int i;

	bring_up(true);
	for (i = 0; i < 1200; i++)
		touch(PAMT, false);
}

static void case_reuse_without_write_back(void)
{
	bring_up(true);
	direct_store(PAMT, 64);
}

static void case_reuse_half_a_page(void)
{
	bring_up(true);
	wbinvd();
	direct_store(PAMT, 63);
	say("touched", touch(PAMT, false));
}

/* The host takes a page back from a module that still uses it. */
static void case_use_after_reuse(void)
{
	struct regs regs = { 0 };

	get_ready(true);
	direct_store(PAMT, 64);
	say("touched", touch(PAMT, true));
	call("tdmr_init", TDH_SYS_TDMR_INIT, &regs);
}

static void case_invd(void)
{
	asm volatile("invd" : : : "memory");
}

static void start_ap(void (*job)(void))
{
	const u8 *from = ap_trampoline;
	u8 *to = phys(TRAMPOLINE);

	while (from < ap_trampoline_end)
		*to++ = *from++;
	ap_job = job;
	__atomic_store_n(&ap_ready, false, __ATOMIC_RELEASE);
	ipi(INIT);
	ipi(STARTUP | TRAMPOLINE >> 12);
	while (!now(ap_ready))
		cpu_pause();
}

static void be_ready(void)
{
	__atomic_store_n(&ap_ready, true, __ATOMIC_RELEASE);
}

void join_vmx(void)
{
	struct regs regs = { 0 };

	vmxon(1);
	seamcall(TDH_SYS_LP_INIT, &regs);
	be_ready();
}

static void touch_pamt_forever(void)
{
	join_vmx();
	touch_forever(PAMT);
}

u64 bring_up_with_ap(void (*job)(void))
{
	struct regs regs = { 0 };
	u64 status;

	vmxon(0);
	status = init();
	start_ap(job);
	wbinvd();
	status = status ?: config();
	status = status ?: call("key_config", TDH_SYS_KEY_CONFIG, &regs);
	return status ?: init_tdmr();
}

/* The second CPU reads a page in a loop, and has to stop when it becomes a PAMT. */
static void case_stale_translation(void)
{
	u64 seen;

	vmxon(0);
	init();
	start_ap(touch_pamt_forever);
	while (!now(touches))
		cpu_pause();
	wbinvd();
	say("config", config());
	seen = now(touches);
	while (!now(ap_done) && now(touches) - seen < 1000)
		cpu_pause();
	say("touched_later", now(touches) - seen);
	say("trapped", now(trapped));
}

/* The first CPUID of a kernel that is entered by a jump reveals it. */
void begin_new_kernel(void)
{
	u32 regs[4];

	native_cpuid(0, 0, regs);
}

static void case_new_kernel(void)
{
	bring_up(true);
	wbinvd();
	begin_new_kernel();
	/* detected only once */
	begin_new_kernel();
}

/* Leaves that write pages of TDs, but are refused by the module. */
static void case_refused_leaves(void)
{
	struct regs regs = { 0 };

	vmxon(0);
	init();
	call("not_ready", TDH_MNG_CREATE, &regs);
	call("unknown", 0x1ff, &regs);
	call("reserved", TDH_MNG_CREATE | BIT_ULL(40), &regs);
	begin_new_kernel();
}

static void case_new_kernel_without_write_back(void)
{
	bring_up(true);
	begin_new_kernel();
}

static u64 disable(void)
{
	struct regs regs = { 0 };

	return call("disable", TDH_SYS_DISABLE, &regs);
}

/* The next kernel owns all memory, and can initialize the module again. */
static void case_disable(void)
{
	bring_up(true);
	say("disable", disable());
	wbinvd();
	say("touched", touch(PAMT, true));
	begin_new_kernel();
	bring_up(true);
	wbinvd();
}

static void case_disable_without_write_back(void)
{
	bring_up(true);
	wbinvd();
	say("disable", disable());
	begin_new_kernel();
}

static void seamcall_when_told(void)
{
	struct regs regs = { 0 };

	join_vmx();
	while (!now(ap_may_go_on))
		cpu_pause();
	seamcall(TDH_SYS_RD, &regs);
}

static void case_old_kernel_goes_on(void)
{
	vmxon(0);
	init();
	start_ap(seamcall_when_told);
	begin_new_kernel();
	__atomic_store_n(&ap_may_go_on, true, __ATOMIC_RELEASE);
	while (!now(ap_done))
		cpu_pause();
}

#define TWO_NOPS	0x9090

static bool woken;

static void halt_for_good(void)
{
	join_vmx();
	asm volatile("1:	hlt\n"
		     "after_halt:\n"
		     "	jmp 1b\n"
		     "	movb $1, %0" : "=m"(woken));
}

/* The new kernel overwrites the jump back to HLT. */
static void case_halted_cpu(void)
{
	unsigned int tries;

	vmxon(0);
	init();
	start_ap(halt_for_good);
	begin_new_kernel();
	*(u16 *)after_halt = TWO_NOPS;
	wbinvd();
	say("config", config());
	for (tries = 0; tries < 1000 && !now(woken); tries++)
		cpu_pause();
	say("woken", now(woken));
}

static void overwrite_from(u64 line, u64 end)
{
	for (; line < end; line += 64)
		direct_store(line, 1);
}

static void second_half_when_told(void)
{
	join_vmx();
	while (!now(ap_may_go_on))
		cpu_pause();
	overwrite_from(PAMT + PAGE_SIZE / 2, PAMT + PAGE_SIZE);
}

/* Like two tasks, one of which moves to another CPU. */
static void case_reuse_by_turns(void)
{
	vmxon(0);
	init();
	start_ap(second_half_when_told);
	say("config", config());
	overwrite_from(PAMT, PAMT + PAGE_SIZE / 2);
	direct_store(PAMT + PAGE_SIZE, 64);
	__atomic_store_n(&ap_may_go_on, true, __ATOMIC_RELEASE);
	while (!now(ap_done))
		cpu_pause();
	say("touched", touch(PAMT, true));
}

/* Both CPUs access each region for the first time, at the same time. */
static unsigned int touch_new_regions(void)
{
	static unsigned int arrived;
	unsigned int i, reached = 0;

	for (i = 0; i < NEW_REGIONS; i++) {
		__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
		while (now(arrived) < 2 * (i + 1))
			;
		reached += touch(SIZE_1G * (16 + i), false);
	}
	return reached;
}

static void touch_new_regions_too(void)
{
	be_ready();
	touch_new_regions();
}

static void case_new_regions(void)
{
	unsigned int i;

	for (i = 0; i < NEW_REGIONS; i++)
		pdpt[16 + i] = SIZE_512G * (2 + i) | PTE_P | PTE_W | PTE_PS;
	start_ap(touch_new_regions_too);
	say("reached", touch_new_regions());
	while (!now(ap_done))
		cpu_pause();
}

static void send_nmis(u32 destination)
{
	u64 before = now(nmis);
	unsigned int i;

	for (i = 1; i <= 100; i++) {
		ipi(destination | NMI);
		while (now(nmis) - before < i)
			cpu_pause();
	}
}

static void case_nmi(void)
{
	start_ap(be_ready);
	send_nmis(0);
	send_nmis(TO_OTHERS);
	say("nmis", now(nmis));
}

/*
 * A CPU that waits for a SIPI is the target of broadcasts, and must ignore
 * them.
 */
static void case_broadcast_to_a_waiting_cpu(void)
{
	unsigned int i;

	start_ap(be_ready);
	ipi(INIT);
	for (i = 0; i < 5000; i++) {
		ipi(TO_OTHERS | NMI);
		ipi(TO_OTHERS | FIXED | 0xf0);
	}
	start_ap(be_ready);
	say("nmis", now(nmis));
}

static const struct probe_case cases[] = {
	{ "control-registers", case_control_registers },
	{ "outside-vmx", case_outside_vmx },
	{ "good", case_good },
	{ "dump", case_dump },
	{ "foreign-operands", case_foreign_operands },
	{ "accessed-and-dirty", case_accessed_and_dirty },
	{ "vmcs-in-added-memory", case_vmcs_in_added_memory },
	{ "interrupt-on-a-foreign-stack", case_interrupt_on_a_foreign_stack },
	{ "interrupt-shadow", case_interrupt_shadow },
	{ "write-pat", case_write_pat },
	{ "features", case_features },
	{ "frequency", case_frequency },
	{ "seam-range", case_seam_range },
	{ "each-keyid-bit", case_each_keyid_bit },
	{ "trampoline", case_trampoline },
	{ "table-in-a-pamt", case_table_in_a_pamt },
	{ "reserved-bits-of-cr3", case_reserved_bits_of_cr3 },
	{ "prefixes", case_prefixes },
	{ "operands-of-the-module", case_operands_of_the_module },
	{ "operands-in-added-memory", case_operands_in_added_memory },
	{ "config-is-injected", case_config_is_injected },
	{ "many-leaves", case_many_leaves },
	{ "no-write-back", case_no_write_back },
	{ "read-pamt", case_read_pamt },
	{ "write-pamt", case_write_pamt },
	{ "many-violations", case_many_violations },
	{ "reuse-without-write-back", case_reuse_without_write_back },
	{ "reuse-half-a-page", case_reuse_half_a_page },
	{ "reuse-by-turns", case_reuse_by_turns },
	{ "use-after-reuse", case_use_after_reuse },
	{ "invd", case_invd },
	{ "stale-translation", case_stale_translation },
	{ "new-kernel", case_new_kernel },
	{ "refused-leaves", case_refused_leaves },
	{ "new-kernel-without-write-back", case_new_kernel_without_write_back },
	{ "disable", case_disable },
	{ "disable-without-write-back", case_disable_without_write_back },
	{ "old-kernel-goes-on", case_old_kernel_goes_on },
	{ "halted-cpu", case_halted_cpu },
	{ "new-regions", case_new_regions },
	{ "nmi", case_nmi },
	{ "broadcast-to-a-waiting-cpu", case_broadcast_to_a_waiting_cpu },
};

bool run_case(const char *name, const struct probe_case *list, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (text_equal(name, list[i].name)) {
			list[i].run();
			return true;
		}
	}
	return false;
}

void probe_main(u64 boot_params)
{
	const char *name = phys(*(u32 *)phys(boot_params + BOOT_PARAMS_CMDLINE));

	load_idt();
	if (run_case(name, cases, ARRAY_LEN(cases)) || run_td_case(name) || run_vm_case(name))
		say("done", true);
	reset();
}

void ap_main(void)
{
	load_idt();
	ap_job();
	__atomic_store_n(&ap_done, true, __ATOMIC_RELEASE);
	for (;;)
		cpu_pause();
}
