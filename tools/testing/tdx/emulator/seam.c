// SPDX-License-Identifier: GPL-2.0-only
#include <linux/string.h>

#include "cpuid.h"
#include "log.h"
#include "msr.h"
#include "npt.h"
#include "platform.h"
#include "seam.h"
#include "seam_log.h"
#include "vmx.h"
#include "walk.h"

#define SEAMCALL_TO_LOADER	BIT64(63)	/* in RAX: for the P-SEAMLDR */

static struct tdx_model model;

static bool read_phys(void *ctx, u64 pa, void *buf, u64 bytes)
{
	if (!memmap_is_ram(&platform.ram, pa, bytes))
		return false;
	memcpy(buf, phys(pa), bytes);
	return true;
}

static bool write_phys(void *ctx, u64 pa, const void *buf, u64 bytes)
{
	if (!memmap_is_ram(&platform.ram, pa, bytes))
		return false;
	memcpy(phys(pa), buf, bytes);
	return true;
}

static unsigned int this_lp(void *ctx)
{
	return this_cpu()->index;
}

/*
 * What the module checks and QEMU's CPU does not have.  The module alone sees a
 * healthy value; offered to the guest it would be used.
 */
static const u32 module_only_msrs[] = {
	0x10a,	/* ARCH_CAPABILITIES: says that legacy xAPIC mode can be locked out */
};

static bool module_only(u32 msr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(module_only_msrs); i++) {
		if (module_only_msrs[i] == msr)
			return true;
	}
	return false;
}

static bool module_rdmsr(void *ctx, u32 msr, u64 *value)
{
	if (!module_only(msr) && msr_read(this_cpu(), msr, value))
		return true;
	return tdx_model_healthy_msr(&model.config, msr, value);
}

static void module_cpuid(void *ctx, u32 leaf, u32 subleaf, u32 regs[4])
{
	tdx_model_healthy_cpuid(&model.config, this_cpu()->index, leaf, subleaf, regs);
}

/* RDRAND is there on QEMU's CPU, and never fails. */
static bool module_random(void *ctx, u64 *value)
{
	u8 carry;

	asm volatile("rdrand %0; setc %1" : "=r"(*value), "=q"(carry) : : "cc");
	return carry;
}

/* The module's memory is out of the host's reach. */
static void own(void *ctx, u64 pa, u64 bytes, bool owned)
{
	npt_set_access(pa, bytes, owned ? NPT_NONE : NPT_READ_WRITE);
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

	get_regs(cpu, &in);
	out = in;
	tdx_model_seamcall(&model, &out);
	put_regs(cpu, &out);
	seam_log(cpu, &in, &out, tdx_model_why(&model));
}

void seam_seamcall(struct cpu *cpu, const struct insn *insn)
{
	if (!vmx_root_check(cpu))
		return;
	if (!(platform.msr_seamrr_mask & SEAMRR_ENABLED)) {
		cpu_inject_error(cpu, VECTOR_GP, 0);
		return;
	}
	if (!options.module || cpu->gpr[RAX] & SEAMCALL_TO_LOADER) {
		log_line("[cpu %u] SEAMCALL 0x%llx: VMfailInvalid, no %s is loaded", cpu->index,
			 cpu->gpr[RAX], options.module ? "P-SEAMLDR" : "TDX module");
		vmx_fail_invalid(cpu);
	} else {
		call_module(cpu);
		vmx_succeed(cpu);
	}
	cpu_skip_insn(cpu, insn->length);
}
