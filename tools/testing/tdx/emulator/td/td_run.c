// SPDX-License-Identifier: GPL-2.0-only
/* Running a TD's vCPU until an exit that the module has to handle. */

/*
 * The vCPU runs inside the SEAMCALL of the host.  What a CPU with VMX does without an exit
 * is done here, and the vCPU goes on.
 */
#include "cpu/crash.h"
#include "cpu/decode.h"
#include "cpu/undefined.h"
#include "cpu/vintr.h"
#include "host/cr.h"
#include "host/softint.h"
#include "lib/log.h"
#include "smp/smp.h"
#include "td/td_apic.h"
#include "td/td_exit.h"
#include "td/td_host.h"
#include "td/td_insn.h"
#include "td/td_intercept.h"
#include "td/td_interrupt.h"
#include "td/td_map.h"
#include "td/td_mce.h"
#include "td/td_nmi.h"
#include "td/td_run.h"
#include "td/td_shared.h"
#include "td/td_state.h"

#define MSR_TSC_AUX		0xc0000103
#define PENDING_SINGLE_STEP	BIT_ULL(14)

/* An instruction that was emulated completes with a trap if it was stepped. */
static void load_pending_debug(struct vcpu *vcpu, struct tdx_model_guest *guest)
{
	if (guest->pending_debug & PENDING_SINGLE_STEP && !guest->event.info) {
		vcpu->vmcb.dr6 |= DR6_SINGLE_STEP;
		vcpu_inject(vcpu, VECTOR_DB);
	}
	guest->pending_debug = 0;
}

/* An emulated instruction needs a page that is not mapped: as if it had faulted. */
static void note_unreached(struct vcpu *vcpu, u64 gpa, bool write)
{
	struct vmcb *v = &vcpu->vmcb;

	v->exit_code = SVM_EXIT_NPF;
	v->exit_info1 = write ? SVM_NPF_WRITE : 0;
	v->exit_info2 = gpa;
}

/* Then the SHARED bit is one of those that QEMU's nested walk ignores. */
static void refuse_wide_addresses(const struct tdx_model_run *run)
{
	const struct tdx_model_access access = {
		.gpa = npt_walk_limit(),
		.rights = TDX_MODEL_READ,
	};
	struct tdx_model_translation to;
	struct tdx_model_exit exit;

	if (tdx_model_translate(run, &access, &to, &exit) != TDX_MODEL_TRANSLATION_FAULTS)
		fail(EXIT_CRASH, "a TD with addresses of 52 bits (GPAW) needs ept_levels=5");
}

static void load(struct vcpu *vcpu, const struct tdx_model_run *run)
{
	struct tdx_model_guest *guest = run->guest;

	refuse_wide_addresses(run);
	vcpu->unreached = note_unreached;
	td_intercept(vcpu, run);
	td_state_load(vcpu, guest);
	load_pending_debug(vcpu, guest);
	guest->event = (struct tdx_model_event){ 0 };
	td_map_use(vcpu, run);
	vcpu->xstate = (struct xstate){ run->xstate[0], guest->xcr0 };
	native_vmsave(phys_of(&vcpu->cpu->host.vmcb));
	native_vmload(phys_of(&vcpu->vmcb));
	native_wrmsr(MSR_TSC_AUX, guest->msr[TDX_MODEL_MSR_TSC_AUX]);
}

static void store(struct vcpu *vcpu, const struct tdx_model_run *run)
{
	struct tdx_model_guest *guest = run->guest;

	guest->msr[TDX_MODEL_MSR_TSC_AUX] = native_rdmsr(MSR_TSC_AUX);
	native_vmsave(phys_of(&vcpu->vmcb));
	native_vmload(phys_of(&vcpu->cpu->host.vmcb));
	vcpu_unload_xstate(vcpu);
	guest->xcr0 = vcpu->xstate.xcr0;
	td_map_leave(vcpu->cpu);
	td_state_store(vcpu, guest);
}

/* QEMU's walks need write access to the guest's page tables. */
static u8 rights_of(u64 info)
{
	if (info & SVM_NPF_WALK)
		return TDX_MODEL_READ | TDX_MODEL_WRITE;
	if (info & SVM_NPF_FETCH)
		return TDX_MODEL_EXECUTE;
	return info & SVM_NPF_WRITE ? TDX_MODEL_WRITE : TDX_MODEL_READ;
}

/*
 * QEMU does not report the linear address.  That of the instruction's operand has to be in the
 * same place of a page.
 */
static void find_linear(const struct vcpu *vcpu, struct tdx_model_access *access)
{
	if (access->is_paging)
		return;
	if (access->rights == TDX_MODEL_EXECUTE)
		access->gla = vcpu_rip_linear(vcpu);
	else if (!decode_operand(vcpu, &access->gla))
		return;
	access->gla_is_valid = access->gla % PAGE_SIZE == access->gpa % PAGE_SIZE;
}

static bool nested_page_fault(struct vcpu *vcpu, const struct tdx_model_run *run,
			      struct tdx_model_exit *exit)
{
	const struct vmcb *v = &vcpu->vmcb;
	struct tdx_model_access access = {
		.gpa = v->exit_info2,
		.rights = rights_of(v->exit_info1),
		.is_paging = v->exit_info1 & SVM_NPF_WALK,
	};
	struct tdx_model_translation to;
	enum tdx_model_translated translated = tdx_model_translate(run, &access, &to, exit);

	if (translated != TDX_MODEL_TRANSLATED) {
		find_linear(vcpu, &access);
		translated = tdx_model_translate(run, &access, &to, exit);
	}
	switch (translated) {
	case TDX_MODEL_TRANSLATED:
		if (td_mce_strikes(vcpu->cpu, run, &to, exit))
			return true;
		if (to.keyid != run->hkid)
			td_shared_limit(vcpu, run, &access, &to);
		td_map_add(vcpu->cpu, access.gpa, &to);
		vcpu->vmcb.nested_cr3 = npt_root(vcpu->npt);
		return false;
	case TDX_MODEL_TRANSLATION_FAULTS:
		td_insn_reserved_address(vcpu, &access);
		return false;
	default:
		return true;
	}
}

/* An instruction was emulated, and may have reached a page that is not mapped. */
static bool emulated(struct vcpu *vcpu, const struct tdx_model_run *run,
		     struct tdx_model_exit *exit)
{
	return (u32)vcpu->vmcb.exit_code == SVM_EXIT_NPF && nested_page_fault(vcpu, run, exit);
}

static bool undefined_exit(struct vcpu *vcpu, const struct tdx_model_run *run,
			   struct tdx_model_exit *exit)
{
	struct insn insn;

	if (!decode_undefined(vcpu, &insn))
		return emulated(vcpu, run, exit);
	if (td_exit_undefined(vcpu, &insn, exit))
		return true;
	if (vcpu->vmcb.event_inject & SVM_EVENT_VALID)
		return false;
	if (vcpu->cr4_hidden) {
		/* It may need CR4.OSXSAVE */
		vcpu->cr4_kept = 0;
		vcpu_set_cr4(vcpu, vcpu_cr4(vcpu));
		return false;
	}
	td_insn_emulate(vcpu, &insn);
	return emulated(vcpu, run, exit);
}

static bool instruction_exit(struct vcpu *vcpu, const struct tdx_model_run *run,
			     const struct vapic *apic, struct tdx_model_exit *exit)
{
	struct insn insn;

	if (!decode(vcpu, &insn) || insn.lock) {
		vcpu_inject(vcpu, VECTOR_UD);
		return false;
	}
	if (td_insn_native(vcpu, &insn, run, apic))
		return emulated(vcpu, run, exit);
	if (!td_exit_instruction(vcpu, &insn, exit))
		crash_guest(vcpu, "unexpected exit of a TD");
	return true;
}

/* Exits that only have to do with the emulation of NMIs */
static bool goes_on(struct vcpu *vcpu, const struct tdx_model_run *run, struct td_nmi_step *step)
{
	switch ((u32)vcpu->vmcb.exit_code) {
	case SVM_EXIT_IRET:
		td_nmi_iret(vcpu, step);
		return true;
	case SVM_EXIT_EXCEPTION + VECTOR_DB:
		td_nmi_stepped(vcpu, run->guest, step);
		return true;
	default:
		return false;
	}
}

/* QEMU also ends a guest that moves a value with reserved bits to CR3. */
static void error_exit(struct vcpu *vcpu)
{
	struct insn insn;

	if (!decode(vcpu, &insn) || !cr3_write_refused(vcpu, &insn))
		crash_vmrun(vcpu);
}

/* False if the vCPU goes on. */
static bool handle(struct vcpu *vcpu, const struct tdx_model_run *run, const struct vapic *apic,
		   struct tdx_model_exit *exit)
{
	if (svm_is_amd_instruction(vcpu->vmcb.exit_code)) {
		vcpu_inject(vcpu, VECTOR_UD);
		return false;
	}
	switch ((u32)vcpu->vmcb.exit_code) {
	case SVM_EXIT_INTR:
	case SVM_EXIT_NMI:
		return td_interrupt_exit(vcpu, run, apic, exit);
	case SVM_EXIT_VINTR:
		return false;
	case SVM_EXIT_NPF:
		return nested_page_fault(vcpu, run, exit);
	case SVM_EXIT_EXCEPTION + VECTOR_UD:
		return undefined_exit(vcpu, run, exit);
	case SVM_EXIT_SWINT:
		softint_exit(vcpu);
		return false;
	case SVM_EXIT_SHUTDOWN:
		*exit = (struct tdx_model_exit){ .reason = TDX_MODEL_EXIT_TRIPLE_FAULT };
		return true;
	case SVM_EXIT_ERROR:
		error_exit(vcpu);
		return false;
	default:
		return instruction_exit(vcpu, run, apic, exit);
	}
}

static void run_until_exit(struct vcpu *vcpu, const struct tdx_model_run *run,
			   struct td_nmi_step *step, struct tdx_model_exit *exit)
{
	const struct vapic apic = td_apic(run);

	do {
		if (td_nmi_window(vcpu, run->guest, step)) {
			*exit = (struct tdx_model_exit){ .reason = TDX_MODEL_EXIT_NMI_WINDOW };
			return;
		}
		if (step->active)
			vintr_hold(vcpu, &apic);
		else
			vintr_prepare(vcpu, &apic);
		td_nmi_prepare(vcpu, run->guest, step);
		smp_enter_guest(vcpu->cpu);
		vcpu_run(vcpu);
		smp_leave_guest(vcpu->cpu);
	} while (goes_on(vcpu, run, step) || !handle(vcpu, run, &apic, exit));
}

static void run(void *ctx, const struct tdx_model_run *run, struct tdx_model_exit *exit)
{
	struct vcpu *vcpu = &this_cpu()->td;
	struct td_nmi_step step = { false };

	__atomic_store_n(&vcpu->cpu->in_td, true, __ATOMIC_RELEASE);
	load(vcpu, run);
	run_until_exit(vcpu, run, &step, exit);
	td_state_event(vcpu, &exit->vectoring);
	td_nmi_leave(vcpu, run->guest, &step, &exit->vectoring);
	store(vcpu, run);
	__atomic_store_n(&vcpu->cpu->in_td, false, __ATOMIC_RELEASE);
}

static void flush(void *ctx, u64 tdr)
{
	td_map_flush(this_cpu());
}

static void get_host(void *ctx, struct tdx_model_host *host)
{
	td_host_get(this_cpu(), host);
}

static void set_host(void *ctx, const struct tdx_model_host *host)
{
	td_host_set(this_cpu(), host);
}

const struct tdx_model_guest_ops td_guest_ops = {
	.run = run,
	.flush = flush,
	.get_host = get_host,
	.set_host = set_host,
};
