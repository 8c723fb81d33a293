// SPDX-License-Identifier: GPL-2.0-only
/* The SEAMCALL instruction, and the software TDX module behind it. */
#include <linux/string.h>

#include "check/cache.h"
#include "check/report.h"
#include "cpu/crash.h"
#include "memory/host_map.h"
#include "cpu/walk.h"
#include "host/cpuid.h"
#include "host/msr.h"
#include "host/new_kernel.h"
#include "host/vmx.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/seam_names.h"
#include "machine/override.h"
#include "machine/platform.h"
#include "memory/owner.h"
#include "seam/dump.h"
#include "seam/inject.h"
#include "seam/seam.h"
#include "seam/seam_log.h"
#include "seam/trace.h"

#define MSR_TSC_ADJUST		0x3b
#define SEAMCALL_TO_LOADER	BIT_ULL(63)	/* in RAX: for the P-SEAMLDR */

static struct tdx_model model;

/* TDH.SYS.TDMR.INIT works on PAMTs; operands of all leaves are the host's memory. */
static void check_operand(u64 pa, const char *how)
{
	const struct cpu *cpu = this_cpu();

	if (!host_map_has(pa))
		report_fault("%s %s memory 0x%llx, which is not the host's, cpu %u",
			     leaf_name(cpu->host.gpr[RAX] & TDX_LEAF_NUMBER_MASK), how, pa, cpu->index);
}

static bool read_phys(void *ctx, u64 pa, void *buf, u64 bytes)
{
	if (!platform_is_ram(pa, bytes))
		return false;
	check_operand(pa, "reads an operand from");
	memcpy(buf, phys(pa), bytes);
	return true;
}

static bool write_phys(void *ctx, u64 pa, const void *buf, u64 bytes)
{
	const struct cpu *cpu = this_cpu();

	if (!platform_is_ram(pa, bytes))
		return false;
	if ((cpu->host.gpr[RAX] & TDX_LEAF_NUMBER_MASK) == TDH_SYS_TDMR_INIT)
		owner_module_write(cpu, pa);
	else
		check_operand(pa, "writes its result to");
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
	if (msr != MSR_TSC_ADJUST && override_msr(this_cpu(), msr, value))
		return true;
	if (!contains(module_only_msrs, ARRAY_LEN(module_only_msrs), msr) &&
	    msr_read(&this_cpu()->host, msr, value))
		return true;
	return tdx_model_healthy_msr(&model.config, msr, value);
}

static void module_cpuid(void *ctx, u32 leaf, u32 subleaf, u32 regs[4])
{
	const struct cpu *cpu = this_cpu();

	if (contains(module_only_leaves, ARRAY_LEN(module_only_leaves), leaf))
		tdx_model_healthy_cpuid(&model.config, cpu->index, leaf, subleaf, regs);
	else
		cpuid_guest(&cpu->host, leaf, subleaf, regs);
	override_cpuid(cpu, leaf, subleaf, regs);
}

/* RDRAND is there on QEMU's CPU, and never fails. */
static bool module_random(void *ctx, u64 *value)
{
	u8 carry;

	if (chance_strikes(&options.no_entropy))
		return false;
	asm volatile("rdrand %0; setc %1" : "=r"(*value), "=q"(carry) : : "cc");
	return carry;
}

static void own(void *ctx, u64 pa, u64 bytes, bool owned)
{
	owner_set(pa, bytes, owned);
}

static void work(void *ctx, u64 leaf)
{
	if (leaf == TDH_SYS_TDMR_INIT && options.tdmr_init_us)
		clock_wait_us(options.tdmr_init_us);
}

static const struct tdx_model_ops ops = {
	.read_phys = read_phys,
	.write_phys = write_phys,
	.this_lp = this_lp,
	.rdmsr = module_rdmsr,
	.cpuid = module_cpuid,
	.random = module_random,
	.own = own,
	.work = work,
};

void seam_init(void)
{
	const struct tdx_model_release *release = &tdx_model_releases[options.generation];
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
		.tdx_features0 = options.has_features0 ? options.features0 :
							 release->tdx_features0,
		.major_version = release->major_version,
		.minor_version = release->minor_version,
		.update_version = release->update_version,
		.build_num = 481,
		.build_date = 20240129,
	};
	unsigned int i;

	/* Also those that may be hot-added, as far as there can be so many packages */
	for (i = 0; i < nr_cpus && cpus[i].package < TDX_MODEL_MAX_PKGS; i++)
		config.pkg_of_lp[i] = cpus[i].package;
	for (i = 0; i < platform.nr_cmrs; i++)
		config.cmrs[i] = platform.cmrs[i];
	owner_init(&model);
	if (!tdx_model_load(&model, &config, &ops, NULL))
		fail(EXIT_NO_BOOT, "the TDX module has no room for a machine like this");
	tdx_model_find_in_state(&model, options.state);
}

static void get_regs(const struct vcpu *vcpu, struct tdx_model_regs *regs)
{
	const u64 *g = vcpu->gpr;

	*regs = (struct tdx_model_regs){
		g[RAX], g[RCX], g[RDX], g[RBX], g[RBP], g[RSI], g[RDI],
		g[R8], g[R9], g[R10], g[R11], g[R12], g[R13], g[R14], g[R15],
	};
}

static void put_regs(struct vcpu *vcpu, const struct tdx_model_regs *regs)
{
	u64 *g = vcpu->gpr;

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

static void run_leaf(struct cpu *cpu, u64 leaf, struct tdx_model_regs *regs)
{
	u16 first = cache_before_leaf(cpu, leaf, owner_pamt_keyid());

	tdx_model_seamcall(&model, regs);
	owner_settle(cpu);
	cache_after_leaf(cpu, leaf, regs->rax, first);
}

static void call_module(struct vcpu *vcpu)
{
	u64 start = clock_us(), leaf = vcpu->gpr[RAX] & TDX_LEAF_NUMBER_MASK;
	struct cpu *cpu = vcpu->cpu;
	struct tdx_model_regs in, out;
	const char *why;

	get_regs(vcpu, &in);
	out = in;
	if (inject_status(leaf, &out.rax)) {
		why = "injected";
	} else {
		if (options.crash != CRASH_OFF)
			crash_on_purpose(options.crash == CRASH_IN_LOG);
		run_leaf(cpu, leaf, &out);
		why = tdx_model_why(&model);
		seam_log_progress(&model, &in, &out);
	}
	put_regs(vcpu, &out);
	if (inject_nmi(leaf))
		vcpu_inject_nmi(vcpu);
	trace_seamcall(cpu->index, start, clock_us(), &in, &out);
	seam_log(cpu, &in, &out, why);
}

void seam_dump(void)
{
	if (options.module)
		dump_module(&model);
	else
		log_line("dump: no module");
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

void seam_seamcall(struct vcpu *vcpu, const struct insn *insn)
{
	struct cpu *cpu = vcpu->cpu;
	u64 rax = vcpu->gpr[RAX];

	if (!vmx_root_check(vcpu)) {
		if (vcpu->vmcb.cpl && cpu->vmx.on)
			log_refusal(cpu, rax, "#GP", "not at privilege level 0");
		else
			log_refusal(cpu, rax, "#UD", ud_reason(cpu));
		return;
	}
	if (!(platform.msr_seamrr_mask & SEAMRR_ENABLED)) {
		log_refusal(cpu, rax, "#GP", "the BIOS has not enabled the SEAM range");
		vcpu_inject_error(vcpu, VECTOR_GP, 0);
		return;
	}
	if (!options.module || rax & SEAMCALL_TO_LOADER) {
		log_refusal(cpu, rax, "VMfailInvalid",
			    options.module ? "no P-SEAMLDR is loaded" : "no TDX module is loaded");
		vmx_fail_invalid(vcpu);
	} else {
		new_kernel_seamcall(vcpu);
		call_module(vcpu);
		vmx_succeed(vcpu);
	}
	vcpu_skip_insn(vcpu, insn->length);
}
