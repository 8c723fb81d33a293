// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: a host that never maps a page makes the vCPU begin the same
 * instruction again and again, and may learn what it does.
 *
 * So after some EPT violations without any progress, the vCPU is only entered when all pages
 * are there that the instruction has accessed.  The guest is never notified by #VE.
 *
 * TDX Module Base Architecture Specification, "Single-Step and Zero-Step Attack Mitigation
 * Mechanisms"; ABI specification, TDH.VP.ENTER.
 */
#include "td_run.h"

/* More of them are suspicious. */
#define MAX_VIOLATIONS	6

static void add_gpa(struct tdx_model_zero_step *suspect, u64 gpa)
{
	unsigned int i;

	for (i = 0; i < suspect->nr_gpas; i++)
		if (suspect->gpa[i] == gpa)
			return;
	if (i < TDX_MODEL_MAX_ZERO_STEP_GPAS)
		suspect->gpa[suspect->nr_gpas++] = gpa;
}

/**
 * tdx_model_note_progress - take note of how far a vCPU got
 * @e: the entry, which was left
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_note_progress(struct tdx_model_entry *e)
{
	struct tdx_model_zero_step *suspect = &e->vcpu->zero_step;

	if (e->guest->rip != e->first_rip) {
		suspect->nr_violations = 0;
		suspect->nr_gpas = 0;
	}
	if (!e->violates)
		return;
	if (suspect->nr_violations < MAX_VIOLATIONS)
		suspect->nr_violations++;
	else
		add_gpa(suspect, e->exit.gpa & ~(PAGE_BYTES - 1));
}

/* The access succeeds, or the guest learns by #VE that it has to accept the page. */
static bool is_resolved(struct tdx_model_entry *e, u64 gpa)
{
	struct tdx_model_sept_operand sept = { .gpa = gpa };

	tdx_model_sept_walk(e->m, e->call, &sept, 0);
	switch (tdx_model_sept_state(sept.value)) {
	case TDX_MODEL_SEPT_MAPPED:
		return true;
	case TDX_MODEL_SEPT_PENDING:
		return !(__atomic_load_n(&e->tdcs->td_ctls, __ATOMIC_RELAXED) &
			 TDX_TD_CTLS_PENDING_VE_DISABLE);
	default:
		return false;
	}
}

/* As if the guest had accessed the page, but nothing of the host is lost besides registers. */
static u64 leave_at_once(struct tdx_model_entry *e, u64 gpa)
{
	*e->call->out = (struct tdx_regs) { .rcx = TDX_MODEL_WRITE, .r8 = gpa };
	memset(e->host.xmm, 0, sizeof(e->host.xmm));
	e->m->ops->guests->set_host(e->m->ctx, &e->host);
	return TDX_MODEL_EXIT_EPT_VIOLATION;
}

/**
 * tdx_model_expect_progress - refuse to enter a vCPU that would not get further
 * @e: the entry
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS: it can be entered; else the status of the leaf: an EPT violation, or
 *	   TDX_OPERAND_BUSY.
 */
u64 tdx_model_expect_progress(struct tdx_model_entry *e)
{
	const struct tdx_model_zero_step *suspect = &e->vcpu->zero_step;
	u64 status = TDX_SUCCESS;
	unsigned int i;

	if (!suspect->nr_gpas)
		return TDX_SUCCESS;
	if (!tdx_model_hold(e->call, &e->tdcs->sept_lock, TDX_MODEL_EXCLUSIVE))
		return refuse(e->m, TDX_OPERAND_BUSY | TDX_OPERAND_ID_SEPT_TREE,
			      "the TD's secure EPT is locked");
	for (i = 0; i < suspect->nr_gpas && !status; i++)
		if (!is_resolved(e, suspect->gpa[i]))
			status = leave_at_once(e, suspect->gpa[i]);
	tdx_model_release_last_lock(e->call);
	return status;
}
