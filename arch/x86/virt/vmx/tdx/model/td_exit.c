// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: VM exits of a TD, by their reasons.
 *
 * TDX Module Base Architecture Specification, "TD Non-Root Operation"; Intel SDM, volume 3,
 * "VM Exits".
 */
#include "td_run.h"

#define VIOLATION_UNBLOCKED_NMIS	BIT_ULL(12)
#define SMI_IS_MSMI			BIT_ULL(0)
#define NOTIFY_CONTEXT_INVALID		BIT_ULL(0)

static u32 basic_reason(const struct tdx_model_entry *e)
{
	return e->exit.reason & TDX_MODEL_EXIT_BASIC_REASON;
}

static enum tdx_model_outcome leave_fatally(struct tdx_model_entry *e, u64 status)
{
	const struct tdx_model_to_host to_host = {
		.rax = status | e->exit.reason, .rcx = (u32)e->exit.qualification,
	};

	return tdx_model_leave(e, &to_host);
}

/* The host of a debug TD may look at what happened. */
static enum tdx_model_outcome non_recoverable(struct tdx_model_entry *e)
{
	if (e->tdcs->attributes & TDX_TD_ATTR_DEBUG)
		return tdx_model_leave_by_exit(e);
	return leave_fatally(e, TDX_NON_RECOVERABLE_TD);
}

static enum tdx_model_outcome exception_or_nmi(struct tdx_model_entry *e)
{
	struct tdx_model_to_host to_host = { .rax = e->exit.reason, .r9 = e->exit.interrupt.info };
	u32 what = e->exit.interrupt.info & (TDX_MODEL_EVENT_TYPE | 0xff);

	if (what == (TDX_MODEL_EVENT_EXCEPTION | VECTOR_MC))
		to_host.rax |= TDX_NON_RECOVERABLE_TD_NON_ACCESSIBLE;
	else if (what != (TDX_MODEL_EVENT_NMI | VECTOR_NMI))
		return non_recoverable(e);
	return tdx_model_leave(e, &to_host);
}

static enum tdx_model_outcome interrupt(struct tdx_model_entry *e)
{
	const struct tdx_model_to_host to_host = {
		.rax = e->exit.reason, .r9 = e->exit.interrupt.info,
	};

	return tdx_model_leave(e, &to_host);
}

/* A machine check may be signaled as SMI. */
static enum tdx_model_outcome smi(struct tdx_model_entry *e)
{
	if (e->exit.qualification & SMI_IS_MSMI)
		return leave_fatally(e, TDX_NON_RECOVERABLE_TD_NON_ACCESSIBLE);
	return tdx_model_leave_by_exit(e);
}

static enum tdx_model_outcome nmi_window(struct tdx_model_entry *e)
{
	e->guest->nmi_window = false;
	if (!e->vcpu->ve_info.valid && e->vcpu->pend_nmi) {
		e->vcpu->pend_nmi = 0;
		e->guest->event.info = TDX_MODEL_EVENT_VALID | TDX_MODEL_EVENT_NMI | VECTOR_NMI;
	}
	return TDX_MODEL_RESTARTED;
}

static enum tdx_model_outcome invalid_opcode(struct tdx_model_entry *e)
{
	return tdx_model_inject(e, VECTOR_UD);
}

/* State of the guest that cannot be loaded, found before the VM entry */
static enum tdx_model_outcome load_failure(struct tdx_model_entry *e, u64 extended)
{
	struct tdx_model_to_host to_host = { .rax = e->exit.reason, .rdx = extended };

	if (!(e->tdcs->attributes & TDX_TD_ATTR_DEBUG))
		to_host.rax |= TDX_NON_RECOVERABLE_TD;
	return tdx_model_leave(e, &to_host);
}

static enum tdx_model_outcome msr_load(struct tdx_model_entry *e)
{
	return load_failure(e, EXTENDED_MSR_LOAD | e->exit.qualification << 32);
}

static enum tdx_model_outcome xstate_load(struct tdx_model_entry *e)
{
	return load_failure(e, EXTENDED_XSTATE_LOAD);
}

static enum tdx_model_outcome notify(struct tdx_model_entry *e)
{
	if (e->exit.qualification & NOTIFY_CONTEXT_INVALID)
		return leave_fatally(e, TDX_NON_RECOVERABLE_TD);
	return tdx_model_leave_by_exit(e);
}

typedef enum tdx_model_outcome (*handler_t)(struct tdx_model_entry *e);

static const handler_t handlers[TDX_MODEL_NR_EXIT_REASONS] = {
	[TDX_MODEL_EXIT_EXCEPTION_OR_NMI]	= exception_or_nmi,
	[TDX_MODEL_EXIT_INTERRUPT]		= interrupt,
	[TDX_MODEL_EXIT_TRIPLE_FAULT]		= tdx_model_triple_fault,
	[TDX_MODEL_EXIT_INIT]			= tdx_model_leave_by_exit,
	[TDX_MODEL_EXIT_SMI]			= smi,
	[TDX_MODEL_EXIT_NMI_WINDOW]		= nmi_window,
	[TDX_MODEL_EXIT_TASK_SWITCH]		= tdx_model_leave_by_exit,
	[TDX_MODEL_EXIT_CPUID]			= tdx_model_cpuid,
	[TDX_MODEL_EXIT_GETSEC]			= invalid_opcode,
	[TDX_MODEL_EXIT_HLT]			= tdx_model_instruction_ve,
	[TDX_MODEL_EXIT_INVD]			= tdx_model_instruction_ve,
	[TDX_MODEL_EXIT_RDPMC]			= tdx_model_inject_gp,
	[TDX_MODEL_EXIT_RSM]			= invalid_opcode,
	[TDX_MODEL_EXIT_VMCALL]			= tdx_model_instruction_ve,
	[TDX_MODEL_EXIT_VMCLEAR ... TDX_MODEL_EXIT_VMXON] = invalid_opcode,
	[TDX_MODEL_EXIT_CR]			= tdx_model_cr_access,
	[TDX_MODEL_EXIT_IO]			= tdx_model_instruction_ve,
	[TDX_MODEL_EXIT_RDMSR]			= tdx_model_rdmsr,
	[TDX_MODEL_EXIT_WRMSR]			= tdx_model_wrmsr,
	[TDX_MODEL_EXIT_INVALID_STATE]		= xstate_load,
	[TDX_MODEL_EXIT_MSR_LOAD]		= msr_load,
	[TDX_MODEL_EXIT_MWAIT]			= tdx_model_instruction_ve,
	[TDX_MODEL_EXIT_MONITOR]		= tdx_model_instruction_ve,
	[TDX_MODEL_EXIT_SMI_IN_C_STATE]		= tdx_model_leave_by_exit,
	[TDX_MODEL_EXIT_EPT_VIOLATION]		= tdx_model_violation,
	[TDX_MODEL_EXIT_EPT_MISCONFIG]		= tdx_model_misconfiguration,
	[TDX_MODEL_EXIT_INVEPT]			= invalid_opcode,
	[TDX_MODEL_EXIT_INVVPID]		= invalid_opcode,
	[TDX_MODEL_EXIT_WBINVD]			= tdx_model_instruction_ve,
	[TDX_MODEL_EXIT_XSETBV]			= tdx_model_xsetbv,
	[TDX_MODEL_EXIT_APIC_WRITE]		= tdx_model_instruction_ve,
	[TDX_MODEL_EXIT_VMFUNC]			= invalid_opcode,
	[TDX_MODEL_EXIT_ENCLS]			= invalid_opcode,
	[TDX_MODEL_EXIT_PCONFIG]		= tdx_model_instruction_ve,
	[TDX_MODEL_EXIT_UMWAIT]			= invalid_opcode,
	[TDX_MODEL_EXIT_TPAUSE]			= invalid_opcode,
	[TDX_MODEL_EXIT_ENCLV]			= invalid_opcode,
	[TDX_MODEL_EXIT_BUS_LOCK]		= tdx_model_leave_by_exit,
	[TDX_MODEL_EXIT_NOTIFY]			= notify,
	[TDX_MODEL_EXIT_SEAMCALL]		= invalid_opcode,
	[TDX_MODEL_EXIT_TDCALL]			= tdx_model_tdcall,
};

/* A VM entry that failed: a machine check, or guest state that the CPU refuses */
static enum tdx_model_outcome entry_failure(struct tdx_model_entry *e)
{
	if (basic_reason(e) == TDX_MODEL_EXIT_MACHINE_CHECK)
		return leave_fatally(e, TDX_NON_RECOVERABLE_TD_NON_ACCESSIBLE);
	return non_recoverable(e);
}

static enum tdx_model_outcome handle(struct tdx_model_entry *e)
{
	u32 reason = basic_reason(e);

	if (e->exit.reason & TDX_MODEL_EXIT_ENTRY_FAILURE)
		return entry_failure(e);
	if (reason >= TDX_MODEL_NR_EXIT_REASONS || !handlers[reason])
		return non_recoverable(e);
	return handlers[reason](e);
}

/* NMIs are blocked again if it was IRET that has caused the exit. */
static bool unblocked_nmis(const struct tdx_model_entry *e)
{
	if (basic_reason(e) == TDX_MODEL_EXIT_EPT_VIOLATION)
		return e->exit.qualification & VIOLATION_UNBLOCKED_NMIS;
	return e->exit.interrupt.info & TDX_MODEL_EVENT_UNBLOCKED_NMIS;
}

/* An event whose delivery caused the exit is delivered again, unless there is a later one. */
static void deliver_again(struct tdx_model_entry *e)
{
	const struct tdx_model_event *event = &e->exit.vectoring;

	if (!(event->info & TDX_MODEL_EVENT_VALID)) {
		if (unblocked_nmis(e))
			e->guest->interruptibility |= TDX_MODEL_BLOCKED_BY_NMI;
		return;
	}
	if (e->guest->event.info)
		return;
	e->guest->event = *event;
	if ((event->info & TDX_MODEL_EVENT_TYPE) == TDX_MODEL_EVENT_NMI)
		e->guest->interruptibility &= ~TDX_MODEL_BLOCKED_BY_NMI;
}

/**
 * tdx_model_deliver_nmi - let the guest get an NMI that the host has requested
 * @e: the entry
 *
 * While there is information about #VE that the guest has not read, NMIs wait.
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_deliver_nmi(struct tdx_model_entry *e)
{
	if (e->vcpu->pend_nmi && !e->vcpu->ve_info.valid)
		e->guest->nmi_window = true;
}

/**
 * tdx_model_handle_exit - handle a VM exit
 * @e: the entry
 *
 * Context: On the logical processor that runs the leaf.
 * Return: True if the vCPU continues to run.
 */
bool tdx_model_handle_exit(struct tdx_model_entry *e)
{
	enum tdx_model_outcome outcome = handle(e);

	if (outcome == TDX_MODEL_COMPLETED)
		tdx_model_skip_instruction(e);
	deliver_again(e);
	if (outcome != TDX_MODEL_LEFT && !e->guest->event.info)
		tdx_model_deliver_nmi(e);
	return outcome != TDX_MODEL_LEFT;
}
