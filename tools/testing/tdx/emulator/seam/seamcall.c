// SPDX-License-Identifier: GPL-2.0-only
/* The SEAMCALL instruction. */
#include "cpu/crash.h"
#include "host/new_kernel.h"
#include "host/vmx.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "machine/platform.h"
#include "seam/entries.h"
#include "seam/inject.h"
#include "seam/module.h"
#include "seam/observe.h"
#include "seam/seamcall.h"

#define SEAMCALL_TO_LOADER	BIT_ULL(63)	/* in RAX: for the P-SEAMLDR */

static void get_regs(const struct vcpu *vcpu, struct tdx_model_regs *regs)
{
	const u64 *g = vcpu->gpr;

	*regs = (struct tdx_model_regs){
		.rax = g[RAX],
		.rbp = g[RBP],
		.gpr = {
			.rcx = g[RCX], .rdx = g[RDX], .rbx = g[RBX], .rsi = g[RSI], .rdi = g[RDI],
			.r8 = g[R8], .r9 = g[R9], .r10 = g[R10], .r11 = g[R11], .r12 = g[R12],
			.r13 = g[R13], .r14 = g[R14], .r15 = g[R15],
		},
	};
}

static void put_regs(struct vcpu *vcpu, const struct tdx_model_regs *regs)
{
	const struct tdx_regs *from = &regs->gpr;
	u64 *g = vcpu->gpr;

	g[RAX] = regs->rax;
	g[RCX] = from->rcx;
	g[RDX] = from->rdx;
	g[RBX] = from->rbx;
	g[RBP] = regs->rbp;
	g[RSI] = from->rsi;
	g[RDI] = from->rdi;
	g[R8] = from->r8;
	g[R9] = from->r9;
	g[R10] = from->r10;
	g[R11] = from->r11;
	g[R12] = from->r12;
	g[R13] = from->r13;
	g[R14] = from->r14;
	g[R15] = from->r15;
}

static void run_leaf(struct seamcall *call)
{
	u16 first;

	if (options.crash != CRASH_OFF)
		crash_on_purpose(options.crash == CRASH_IN_LOG);
	first = observe_before_leaf(call);
	tdx_model_seamcall(&tdx_module, &call->out);
	call->why = tdx_model_why(&tdx_module);
	observe_after_leaf(call, first);
}

static void call_module(struct vcpu *vcpu)
{
	struct seamcall call = {
		.cpu = vcpu->cpu,
		.leaf = vcpu->gpr[RAX] & TDX_LEAF_NUMBER_MASK,
		.start_us = clock_us(),
		.why = "injected",
	};

	get_regs(vcpu, &call.in);
	call.out = call.in;
	entries_begin(&call);
	if (!inject_status(call.leaf, &call.out.rax))
		run_leaf(&call);
	put_regs(vcpu, &call.out);
	if (inject_nmi(call.leaf))
		vcpu_inject_nmi(vcpu);
	observe_end(&call);
	entries_end(&call);
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

void seamcall_exit(struct vcpu *vcpu, const struct insn *insn)
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
