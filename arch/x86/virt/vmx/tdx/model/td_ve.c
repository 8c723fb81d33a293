// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: exceptions in a TD, and EPT violations, which may become #VE.
 *
 * TDX Module Base Architecture Specification, "Virtualization Exception (#VE)"; Intel SDM,
 * volume 3, "Virtualization Exceptions".
 */
#include "td_run.h"

static bool is_delivering(const struct tdx_model_entry *e, unsigned int vector)
{
	return e->exit.vectoring.info & TDX_MODEL_EVENT_VALID &&
	       (e->exit.vectoring.info & (TDX_MODEL_EVENT_TYPE | 0xff)) ==
	       (TDX_MODEL_EVENT_EXCEPTION | vector);
}

static enum tdx_model_outcome inject_with_error(struct tdx_model_entry *e, unsigned int vector)
{
	tdx_model_inject(e, vector);
	e->guest->event.info |= TDX_MODEL_EVENT_HAS_ERROR;
	return TDX_MODEL_RESTARTED;
}

/**
 * tdx_model_inject - deliver an exception without error code
 * @e:      the entry
 * @vector: of the exception
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_MODEL_RESTARTED.
 */
enum tdx_model_outcome tdx_model_inject(struct tdx_model_entry *e, unsigned int vector)
{
	e->guest->event = (struct tdx_model_event) {
		.info = TDX_MODEL_EVENT_VALID | TDX_MODEL_EVENT_EXCEPTION | vector,
	};
	return TDX_MODEL_RESTARTED;
}

/**
 * tdx_model_inject_gp - deliver #GP(0)
 * @e: the entry
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_MODEL_RESTARTED.
 */
enum tdx_model_outcome tdx_model_inject_gp(struct tdx_model_entry *e)
{
	return inject_with_error(e, VECTOR_GP);
}

/**
 * tdx_model_inject_ve - deliver #VE
 * @e:    the entry
 * @info: for the guest; all but @info->valid
 *
 * If the guest has not read the information of the last one, it is #DF.
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_MODEL_RESTARTED, or TDX_MODEL_LEFT after a triple fault.
 */
enum tdx_model_outcome tdx_model_inject_ve(struct tdx_model_entry *e,
					   const struct tdx_model_ve_info *info)
{
	if (is_delivering(e, VECTOR_DF))
		return tdx_model_triple_fault(e);
	if (e->vcpu->ve_info.valid)
		return inject_with_error(e, VECTOR_DF);
	e->vcpu->ve_info = *info;
	e->vcpu->ve_info.valid = TDX_MODEL_VE_VALID;
	e->guest->rflags |= RFLAGS_RF;
	return tdx_model_inject(e, VECTOR_VE);
}

/**
 * tdx_model_instruction_ve - deliver #VE because of an instruction
 * @e: the entry
 *
 * Context: On the logical processor that runs the leaf.
 * Return: As for tdx_model_inject_ve().
 */
enum tdx_model_outcome tdx_model_instruction_ve(struct tdx_model_entry *e)
{
	const struct tdx_model_ve_info info = {
		.reason = e->exit.reason & TDX_MODEL_EXIT_BASIC_REASON,
		.qualification = e->exit.qualification,
		.instruction_length = e->exit.instruction_length,
		.instruction_info = e->exit.instruction_info,
	};

	return tdx_model_inject_ve(e, &info);
}

/* The CPU does not write the information about the instruction. */
static enum tdx_model_outcome violation_ve(struct tdx_model_entry *e, bool by_cpu)
{
	struct tdx_model_ve_info info = e->vcpu->ve_info;

	info.reason = TDX_MODEL_EXIT_EPT_VIOLATION;
	info.qualification = e->exit.qualification;
	info.gla = e->exit.gla;
	info.gpa = e->exit.gpa;
	info.eptp_index = 0;
	if (!by_cpu) {
		info.instruction_length = e->exit.instruction_length;
		info.instruction_info = e->exit.instruction_info;
	}
	return tdx_model_inject_ve(e, &info);
}

static bool is_pending(struct tdx_model_entry *e)
{
	struct tdx_model_sept_operand sept = { .gpa = e->exit.gpa };

	tdx_model_sept_walk(e->m, e->call, &sept, 0);
	return tdx_model_sept_state(sept.value) == TDX_MODEL_SEPT_PENDING;
}

/* The CPU delivers #VE itself, unless it delivers another event or the last one was not read. */
static bool is_converted(const struct tdx_model_entry *e)
{
	return e->exit.convertible && !e->vcpu->ve_info.valid &&
	       !(e->exit.vectoring.info & TDX_MODEL_EVENT_VALID);
}

static bool is_private(const struct tdx_model_entry *e)
{
	return !(e->exit.gpa >> tdx_model_shared_bit(e->tdcs));
}

static enum tdx_model_outcome violation(struct tdx_model_entry *e)
{
	u64 td_ctls = __atomic_load_n(&e->tdcs->td_ctls, __ATOMIC_RELAXED);
	bool pending = is_private(e) && is_pending(e);

	if (pending && !(td_ctls & TDX_TD_CTLS_PENDING_VE_DISABLE))
		return violation_ve(e, false);
	if (!is_private(e) && is_converted(e))
		return violation_ve(e, true);
	return tdx_model_leave_at(e, e->exit.qualification, e->exit.gpa,
				  pending ? EXTENDED_PENDING : 0);
}

/**
 * tdx_model_violation - handle an EPT violation of an instruction
 * @e: the entry; the exit describes the violation
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_MODEL_RESTARTED with #VE, or TDX_MODEL_LEFT.
 */
enum tdx_model_outcome tdx_model_violation(struct tdx_model_entry *e)
{
	enum tdx_model_outcome outcome = violation(e);

	e->violates = outcome == TDX_MODEL_LEFT && is_private(e);
	return outcome;
}

/**
 * tdx_model_guest_memory - find memory that is an operand of TDCALL
 * @e:      the entry
 * @gpa:    guest physical address, within the TD's width
 * @rights: that are needed
 * @memory: set to the memory
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_MODEL_COMPLETED; or what happens instead of the TDCALL.
 */
enum tdx_model_outcome tdx_model_guest_memory(struct tdx_model_entry *e, u64 gpa, u8 rights,
					      struct tdx_model_guest_memory *memory)
{
	const struct tdx_model_access access = { .gpa = gpa, .rights = rights };
	struct tdx_model_translation to;
	struct tdx_model_exit exit;

	if (tdx_model_translate(&e->run, &access, &to, &exit) == TDX_MODEL_TRANSLATED) {
		memory->hpa = to.hpa;
		memory->is_shared = gpa >> tdx_model_shared_bit(e->tdcs);
		return TDX_MODEL_COMPLETED;
	}
	exit.instruction_length = e->exit.instruction_length;
	e->exit = exit;
	if (exit.reason == TDX_MODEL_EXIT_EPT_MISCONFIG)
		return tdx_model_misconfiguration(e);
	/* Here it is the module that delivers #VE for shared memory. */
	if (exit.convertible)
		return violation_ve(e, false);
	return violation(e);
}

/**
 * tdx_model_misconfiguration - handle an EPT misconfiguration, of a shared address
 * @e: the entry
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_MODEL_LEFT.
 */
enum tdx_model_outcome tdx_model_misconfiguration(struct tdx_model_entry *e)
{
	const struct tdx_model_to_host to_host = {
		.rax = e->exit.reason, .r8 = e->exit.gpa & ~(PAGE_BYTES - 1),
	};

	return tdx_model_leave(e, &to_host);
}
