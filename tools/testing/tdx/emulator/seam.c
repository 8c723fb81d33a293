// SPDX-License-Identifier: GPL-2.0-only
#include <linux/string.h>

#include "cpuid.h"
#include "inject.h"
#include "log.h"
#include "msr.h"
#include "npt.h"
#include "platform.h"
#include "report.h"
#include "seam.h"
#include "seam_log.h"
#include "vmx.h"
#include "walk.h"

#define SEAMCALL_TO_LOADER	BIT_ULL(63)	/* in RAX: for the P-SEAMLDR */

#define MAX_OWNED		(TDX_MODEL_MAX_TDMRS * TDX_NR_PAMT_LEVELS)

struct owned_range {
	u64 pa, bytes;		/* 0 bytes: unused */
};

static struct tdx_model model;
static struct owned_range owned_ranges[MAX_OWNED];

static bool read_phys(void *ctx, u64 pa, void *buf, u64 bytes)
{
	if (!platform_is_ram(pa, bytes))
		return false;
	memcpy(buf, phys(pa), bytes);
	return true;
}

static bool write_phys(void *ctx, u64 pa, const void *buf, u64 bytes)
{
	if (!platform_is_ram(pa, bytes))
		return false;
	memcpy(phys(pa), buf, bytes);
	return true;
}

static unsigned int this_lp(void *ctx)
{
	return this_cpu()->index;
}

/*
 * What the module demands and QEMU's CPU does not have.  The module alone sees a
 * healthy value: the guest would use what it is offered.
 */
static const u32 module_only_msrs[] = {
	0x10a,	/* ARCH_CAPABILITIES: legacy xAPIC mode can be locked out */
};

static const u32 module_only_leaves[] = {
	0x7,	/* PCONFIG */
	0xa,	/* performance counters */
	0x15,	/* the TSC's frequency */
};

static bool contains(const u32 *list, unsigned int length, u32 value)
{
	unsigned int i;

	for (i = 0; i < length; i++) {
		if (list[i] == value)
			return true;
	}
	return false;
}

static bool module_rdmsr(void *ctx, u32 msr, u64 *value)
{
	if (!contains(module_only_msrs, ARRAY_LEN(module_only_msrs), msr) &&
	    msr_read(this_cpu(), msr, value))
		return true;
	return tdx_model_healthy_msr(&model.config, msr, value);
}

static void module_cpuid(void *ctx, u32 leaf, u32 subleaf, u32 regs[4])
{
	const struct cpu *cpu = this_cpu();

	if (contains(module_only_leaves, ARRAY_LEN(module_only_leaves), leaf))
		tdx_model_healthy_cpuid(&model.config, cpu->index, leaf, subleaf, regs);
	else
		cpuid_guest(cpu, leaf, subleaf, regs);
}

/* RDRAND is there on QEMU's CPU, and never fails. */
static bool module_random(void *ctx, u64 *value)
{
	u8 carry;

	asm volatile("rdrand %0; setc %1" : "=r"(*value), "=q"(carry) : : "cc");
	return carry;
}

static struct owned_range *find_owned(u64 pa, u64 bytes)
{
	unsigned int i;

	for (i = 0; i < MAX_OWNED; i++) {
		if (owned_ranges[i].pa == pa && owned_ranges[i].bytes == bytes)
			return &owned_ranges[i];
	}
	fail(EXIT_CRASH, "PAMT 0x%llx, %llu bytes: not in the list of %u, or no room in it", pa,
	     bytes, MAX_OWNED);
}

/* The module's memory is out of the host's reach. */
static void own(void *ctx, u64 pa, u64 bytes, bool owned)
{
	if (owned)
		*find_owned(0, 0) = (struct owned_range){ pa, bytes };
	else
		*find_owned(pa, bytes) = (struct owned_range){ 0, 0 };
	npt_set_access(pa, bytes, owned ? NPT_NONE : NPT_READ_WRITE);
}

bool seam_owns(u64 pa)
{
	unsigned int i;

	for (i = 0; i < MAX_OWNED; i++) {
		if (pa - owned_ranges[i].pa < owned_ranges[i].bytes)
			return true;
	}
	return false;
}

static const struct tdx_model_ops ops = {
	.read_phys = read_phys,
	.write_phys = write_phys,
	.this_lp = this_lp,
	.rdmsr = module_rdmsr,
	.cpuid = module_cpuid,
	.random = module_random,
	.own = own,
};

void seam_init(void)
{
	struct tdx_model_config config = {
		.generation = options.generation,
		.nr_lps = platform.nr_lps,
		.nr_pkgs = platform.nr_packages,
		.seamrr_base = platform.seamrr_base,
		.seamrr_size = platform.seamrr_size,
		.keyid_bits = platform.keyid_bits,
		.first_private_keyid = options.mktme_keyids + 1,
		.nr_private_keyids = options.tdx_keyids,
		.max_tdmrs = options.max_tdmrs,
		.max_reserved_per_tdmr = options.max_reserved,
		.pamt_entry_size = 16,
		.tdx_features0 = TDX_FEATURES0_NO_RBP_MOD,
		.major_version = options.generation == TDX_MODEL_2_0 ? 2 : 1,
		.minor_version = options.generation == TDX_MODEL_1_5 ? 5 : 0,
		.update_version = 1,
		.build_num = 481,
		.build_date = 0x20240129,
	};
	unsigned int i;

	for (i = 0; i < platform.nr_lps; i++)
		config.pkg_of_lp[i] = cpus[i].package;
	for (i = 0; i < platform.nr_cmrs; i++)
		config.cmrs[i] = platform.cmrs[i];
	tdx_model_load(&model, &config, &ops, NULL);
}

static void get_regs(const struct cpu *cpu, struct tdx_model_regs *regs)
{
	const u64 *g = cpu->gpr;

	*regs = (struct tdx_model_regs){
		g[RAX], g[RCX], g[RDX], g[RBX], g[RBP], g[RSI], g[RDI],
		g[R8], g[R9], g[R10], g[R11], g[R12], g[R13], g[R14], g[R15],
	};
}

static void put_regs(struct cpu *cpu, const struct tdx_model_regs *regs)
{
	u64 *g = cpu->gpr;

	g[RAX] = regs->rax;
	g[RCX] = regs->rcx;
	g[RDX] = regs->rdx;
	g[RBX] = regs->rbx;
	g[RBP] = regs->rbp;
	g[RSI] = regs->rsi;
	g[RDI] = regs->rdi;
	g[R8] = regs->r8;
	g[R9] = regs->r9;
	g[R10] = regs->r10;
	g[R11] = regs->r11;
	g[R12] = regs->r12;
	g[R13] = regs->r13;
	g[R14] = regs->r14;
	g[R15] = regs->r15;
}

static void call_module(struct cpu *cpu)
{
	struct tdx_model_regs in, out;
	const char *why;

	get_regs(cpu, &in);
	out = in;
	if (inject_status(in.rax & TDX_LEAF_NUMBER_MASK, &out.rax)) {
		why = "injected";
	} else {
		tdx_model_seamcall(&model, &out);
		why = tdx_model_why(&model);
	}
	put_regs(cpu, &out);
	seam_log(cpu, &in, &out, why);
}

void seam_direct_store(u64 pa)
{
	if (seam_owns(pa) && npt_give_back_page(pa))
		report_taken_back();
}

static const char *ud_reason(const struct cpu *cpu)
{
	return cpu->vmx.on ? "not in 64-bit mode" : "not in VMX operation: VMXON first";
}

static void log_refusal(const struct cpu *cpu, u64 rax, const char *how, const char *why)
{
	if (options.log_level >= LOG_FAILURES)
		log_line("[cpu %u] SEAMCALL 0x%llx: %s, %s", cpu->index, rax, how, why);
}

void seam_seamcall(struct cpu *cpu, const struct insn *insn)
{
	u64 rax = cpu->gpr[RAX];

	if (!vmx_root_check(cpu)) {
		if (cpu->vmcb.cpl && cpu->vmx.on)
			log_refusal(cpu, rax, "#GP", "not at privilege level 0");
		else
			log_refusal(cpu, rax, "#UD", ud_reason(cpu));
		return;
	}
	if (!(platform.msr_seamrr_mask & SEAMRR_ENABLED)) {
		log_refusal(cpu, rax, "#GP", "the BIOS has not enabled the SEAM range");
		cpu_inject_error(cpu, VECTOR_GP, 0);
		return;
	}
	if (!options.module || rax & SEAMCALL_TO_LOADER) {
		log_refusal(cpu, rax, "VMfailInvalid",
			    options.module ? "no P-SEAMLDR is loaded" : "no TDX module is loaded");
		vmx_fail_invalid(cpu);
	} else {
		call_module(cpu);
		vmx_succeed(cpu);
	}
	cpu_skip_insn(cpu, insn->length);
}
