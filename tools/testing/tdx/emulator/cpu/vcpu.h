/* SPDX-License-Identifier: GPL-2.0-only */
/* One virtual CPU: the registers of a guest, and its view of memory. */
#ifndef _TDX_EMU_VCPU_H
#define _TDX_EMU_VCPU_H

#include "cpu/layout.h"
#include "cpu/npt.h"
#include "cpu/svm.h"
#include "cpu/xstate.h"

enum gpr {
	RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI,
	R8, R9, R10, R11, R12, R13, R14, R15,
	NR_GPRS
};

/* MSRs that QEMU does not have and that only need to keep what was written. */
enum msr_store {
	STORE_SPEC_CTRL,
	STORE_DEBUGCTL,
	STORE_MCG_EXT_CTL,
	NR_MSR_STORES
};

/* What VMRUN began with: one that fails overwrites it. */
struct entry_state {
	u64 rip, rflags, cr0, cr3, cr4, efer;
	u32 event;
};

/**
 * struct vcpu - what VMRUN runs.  Page aligned, for the VMCB.
 *
 * @vmcb:	the state that the CPU loads and stores; and the intercepts
 * @gpr:	the other registers; RAX and RSP are copied from and to the VMCB
 * @cr4_kept:	bits of CR4 that the CPU does not get, like VMXE, which TCG reserves
 * @cr4_hidden:	those of them that the guest has set
 * @efer_lme:	EFER.LME as the guest sees it: the CPU's own may come later
 * @entered:	what the last VMRUN began with
 * @waiting:	an interrupt that is delivered when the guest allows it, or 0
 * @delivering:	the last exit has interrupted the delivery of the exception that is injected
 * @inject_now:	deliver an interrupt that is injected before anything else
 * @shut_down:	an exception could not be delivered: instead of running it, that is the next exit
 * @msr_store:	MSRs that only keep what was written
 * @xstate:	its floating point and vector registers, unless @cpu->loaded is this vCPU
 * @cpu:	the logical processor that runs it
 * @npt:	its nested page table
 * @unreached:	an instruction that is emulated has reached nothing at @gpa: answers it,
 *		by an event for the guest, and may end the run
 */
struct vcpu {
	struct vmcb vmcb;

	u64 gpr[NR_GPRS];
	u64 cr4_kept, cr4_hidden;
	bool efer_lme;
	struct entry_state entered;
	u32 waiting;
	bool delivering, inject_now, shut_down;
	u64 msr_store[NR_MSR_STORES];
	struct xstate xstate;

	struct cpu *cpu;
	u64 ticks;		/* that it was in the guest, and how often */
	u64 nr_runs;
	struct npt *npt;
	void (*unreached)(struct vcpu *vcpu, u64 gpa, bool write);
};

static_assert(offsetof(struct vcpu, gpr[R15]) - offsetof(struct vcpu, gpr) == GPR_R15);
static_assert(offsetof(struct vcpu, gpr[RBP]) - offsetof(struct vcpu, gpr) == GPR_RBP);
static_assert(RDI * 8 == GPR_RDI && RBX * 8 == GPR_RBX && R8 * 8 == GPR_R8);

static inline bool vcpu_long_mode(const struct vcpu *vcpu)
{
	return vcpu->vmcb.efer & EFER_LMA;
}

static inline bool vcpu_64bit_code(const struct vcpu *vcpu)
{
	return vcpu_long_mode(vcpu) && (vcpu->vmcb.cs.attributes & SVM_SEG_L);
}

/* The linear address of the instruction at RIP */
static inline u64 vcpu_rip_linear(const struct vcpu *vcpu)
{
	return vcpu->vmcb.rip + (vcpu_64bit_code(vcpu) ? 0 : vcpu->vmcb.cs.base);
}

static inline u64 vcpu_cr4(const struct vcpu *vcpu)
{
	return vcpu->vmcb.cr4 | vcpu->cr4_hidden;
}

static inline u64 vcpu_efer(const struct vcpu *vcpu)
{
	return (vcpu->vmcb.efer & ~EFER_SVME) | (vcpu->efer_lme ? EFER_LME : 0);
}

/**
 * vcpu_set_efer() - let the guest see another EFER
 * @vcpu:	is not in the guest
 * @value:	as vcpu_efer() shows it from now on, except for LMA
 */
void vcpu_set_efer(struct vcpu *vcpu, u64 value);

/**
 * vcpu_set_cr4() - let the guest see another CR4
 * @vcpu:	is not in the guest
 * @value:	as vcpu_cr4() shows it from now on
 */
void vcpu_set_cr4(struct vcpu *vcpu, u64 value);

/**
 * vcpu_reset() - the registers of a vCPU after INIT and a SIPI, without intercepts
 * @vcpu:	is not in the guest
 * @vector:	of the SIPI: the guest starts at @vector << 12
 */
void vcpu_reset(struct vcpu *vcpu, u8 vector);

/**
 * vcpu_injects_as_interrupt() - is QEMU given the exception that is injected as an interrupt?
 * @vcpu:	is about to run
 *
 * Return: true if it is.  QEMU would deliver it a second time if the guest went on: it has to be
 * left at once.
 */
bool vcpu_injects_as_interrupt(const struct vcpu *vcpu);

/**
 * vcpu_run() - run the guest until its next exit
 * @vcpu:	of the calling CPU, which has called cpu_enable_svm()
 *
 * The exit is in @vcpu->vmcb.  An event whose delivery it has interrupted is injected again.
 */
void vcpu_run(struct vcpu *vcpu);

/**
 * vcpu_unload_xstate() - bring @vcpu->xstate up to date, to change or to replace it
 * @vcpu:	of the calling CPU; is not in the guest
 *
 * When @vcpu runs again its registers are loaded from there.
 */
void vcpu_unload_xstate(struct vcpu *vcpu);

/**
 * vcpu_skip_insn() - go on behind an instruction that is emulated
 * @vcpu:	is not in the guest
 * @length:	of the instruction, in bytes
 */
void vcpu_skip_insn(struct vcpu *vcpu, unsigned int length);

/**
 * vcpu_inject() - deliver an exception without an error code when the guest goes on
 * @vcpu:	is not in the guest; an event that waits is replaced
 * @vector:	of the exception
 *
 * If the last exit has interrupted the delivery of another exception, the guest may get a double
 * fault instead, or shut down.
 */
void vcpu_inject(struct vcpu *vcpu, unsigned int vector);

/**
 * vcpu_inject_error() - deliver an exception with an error code when the guest goes on
 * @vcpu:	is not in the guest; an event that waits is replaced
 * @vector:	of the exception
 * @error:	its error code
 *
 * With another exception as vcpu_inject().
 */
void vcpu_inject_error(struct vcpu *vcpu, unsigned int vector, u32 error);

/**
 * vcpu_inject_nmi() - deliver an NMI when the guest goes on
 * @vcpu:	is not in the guest; an event that waits is replaced
 */
void vcpu_inject_nmi(struct vcpu *vcpu);

/**
 * vcpu_software_interrupt() - deliver INT n when the guest goes on
 * @vcpu:	is not in the guest, and at the instruction
 * @vector:	n
 * @length:	of the instruction, in bytes
 */
void vcpu_software_interrupt(struct vcpu *vcpu, u8 vector, unsigned int length);

#endif /* _TDX_EMU_VCPU_H */
