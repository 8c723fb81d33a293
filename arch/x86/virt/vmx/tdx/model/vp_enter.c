// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: TDH.VP.ENTER.
 *
 * TDX Module Base Architecture Specification, "TD VCPU", "TLB Tracking"; ABI specification,
 * TDH.VP.ENTER.
 */
#include "platform.h"
#include "td_cpuid.h"
#include "td_run.h"

#define MISC_ENABLES_MONITOR	BIT_ULL(18)

u64 tdx_model_vp_enter_check(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 status = tdx_model_check_cpuid_limit(m);

	if (!status && call->in.rcx & TDX_VP_ENTER_RESERVED)
		status = refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX,
				 "reserved bits are set in RCX %", call->in.rcx);
	return status;
}

/* There are no exits of the kind of a trap, and no L2 VMs. */
static u64 check_flags(struct tdx_model *m, struct tdx_model_call *call)
{
	return call->in.rcx & TDX_VP_ENTER_FLAGS ?
		refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX,
			"the last exit allows no flags in RCX %", call->in.rcx) :
		TDX_SUCCESS;
}

static u64 check_tsc(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 now = tdx_model_read_msr(m, MSR_TSC);

	return now < call->vcpu->last_exit_tsc ?
		refuse2(m, TDX_TSC_ROLLBACK, "the TSC is %, and was % at the last exit", now,
			call->vcpu->last_exit_tsc) : TDX_SUCCESS;
}

/* A guest with MONITOR relies on it. */
static u64 check_monitor(struct tdx_model *m, struct tdx_model_call *call)
{
	if (!(call->tdcs->cpuid[TDX_MODEL_CPUID_1].ecx & CPUID_1_ECX_MONITOR) ||
	    tdx_model_read_msr(m, MSR_MISC_ENABLES) & MISC_ENABLES_MONITOR)
		return TDX_SUCCESS;
	return refuse(m, TDX_INCORRECT_MSR_VALUE | MSR_MISC_ENABLES,
		      "the TD has MONITOR, and IA32_MISC_ENABLE disables it");
}

static u64 check_vcpu(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 status = tdx_model_check_vcpu_pages(m, call);

	if (!status && tdx_model_vcpu_state(call->vcpu) != TDX_VCPU_READY)
		status = refuse1(m, TDX_VCPU_STATE_INCORRECT, "the vCPU's state is %",
				 tdx_model_vcpu_state(call->vcpu));
	if (!status)
		status = tdx_model_associate(m, call);
	if (!status)
		status = check_flags(m, call);
	if (!status)
		status = tdx_model_check_tsc_adjust(m);
	if (!status)
		status = check_tsc(m, call);
	return status ?: check_monitor(m, call);
}

/* The lock on the TD's epoch is released at once: the count is what TDH.MEM.TRACK waits for. */
static u64 join_epoch(struct tdx_model *m, struct tdx_model_call *call)
{
	struct tdx_model_tdcs *tdcs = call->tdcs;
	u64 epoch;

	if (!tdx_model_hold(call, &tdcs->td_epoch_lock, TDX_MODEL_SHARED))
		return refuse(m, TDX_OPERAND_BUSY | TDX_OPERAND_ID_TD_EPOCH,
			      "the TD's epoch is locked");
	epoch = __atomic_load_n(&tdcs->td_epoch, __ATOMIC_ACQUIRE);
	__atomic_fetch_add(&tdcs->refcount[epoch & 1], 1, __ATOMIC_ACQ_REL);
	tdx_model_release_last_lock(call);
	if (epoch != call->vcpu->epoch)
		m->ops->guests->flush(m->ctx, call->tdr.pa);
	call->vcpu->epoch = epoch;
	return TDX_SUCCESS;
}

/**
 * tdx_model_leave_epoch - do not let TDH.MEM.TRACK wait for the vCPU any more
 * @e: the entry, which has joined the epoch
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_leave_epoch(struct tdx_model_entry *e)
{
	__atomic_fetch_sub(&e->tdcs->refcount[e->vcpu->epoch & 1], 1, __ATOMIC_ACQ_REL);
}

static void *map_tdvps(struct tdx_model_entry *e, unsigned int i)
{
	return e->m->ops->map(e->m->ctx, e->vcpu->page_pa[i], PAGE_BYTES);
}

static void describe_run(struct tdx_model_entry *e)
{
	struct tdx_model_vcpu *vcpu = e->vcpu;
	unsigned int i;

	e->run = (struct tdx_model_run) {
		.m = e->m,
		.tdr = e->call->tdr.pa,
		.tdvpr = e->call->tdvpr.pa,
		.hkid = e->call->td->hkid,
		.xfam = e->tdcs->xfam,
		.guest = e->guest,
		.vapic = map_tdvps(e, TDX_MODEL_TDVPS_VAPIC),
		.tsc_offset = e->tdcs->tsc_offset,
		.tsc_multiplier = e->tdcs->tsc_multiplier,
		.posted_interrupts = vcpu->pin_controls & TDX_PIN_CONTROLS_POSTED_INTERRUPTS,
		.notification_vector = vcpu->notification_vector,
		.pi_descriptor = tdx_model_strip_keyid(e->m, vcpu->pi_descriptor),
		.shared_eptp = tdx_model_strip_keyid(e->m, vcpu->shared_eptp),
		.call = e->call,
	};
	for (i = 0; i < TDX_MODEL_NR_XSTATE_PAGES; i++)
		e->run.xstate[i] = map_tdvps(e, TDX_MODEL_TDVPS_XSTATE + i);
}

/* The results of TDG.VP.VMCALL: the masked registers are the host's. */
static void return_from_vmcall(struct tdx_model_entry *e)
{
	u32 mask = e->vcpu->vmcall_mask;
	u64 *gpr = e->guest->gpr;
	unsigned int i;

	for (i = 0; i < TDX_MODEL_NR_GPRS; i++) {
		if (mask & BIT(i))
			gpr[i] = i == TDX_MODEL_RBP ? *e->call->rbp :
						      *tdx_model_register(&e->call->in, i);
		if (mask & BIT(TDX_MODEL_NR_GPRS + i))
			tdx_model_set_xmm(e, i, e->host.xmm[i]);
	}
	/* RCX still has the mask. */
	gpr[TDX_MODEL_RAX] = TDX_SUCCESS;
}

static void run(struct tdx_model_entry *e)
{
	struct tdx_model *m = e->m;

	do {
		memset(&e->exit, 0, sizeof(e->exit));
		m->ops->guests->run(m->ctx, &e->run, &e->exit);
		memset(&e->guest->event, 0, sizeof(e->guest->event));
	} while (tdx_model_handle_exit(e));
}

u64 tdx_model_vp_enter(struct tdx_model *m, struct tdx_model_call *call)
{
	struct tdx_model_entry e = {
		.m = m, .call = call, .tdcs = call->tdcs, .vcpu = call->vcpu,
	};
	u64 status = check_vcpu(m, call);

	if (!status)
		status = join_epoch(m, call);
	if (status)
		return status;
	e.guest = tdx_model_guest_of(m, call->vcpu);
	e.first_rip = e.guest->rip;
	m->ops->guests->get_host(m->ctx, &e.host);
	status = tdx_model_expect_progress(&e);
	if (status) {
		tdx_model_leave_epoch(&e);
		return status;
	}
	describe_run(&e);
	if (call->vcpu->last_exit == TDX_MODEL_LAST_VMCALL)
		return_from_vmcall(&e);
	tdx_model_deliver_nmi(&e);
	/* The TD's state may change while the vCPU runs.  Its lock was taken last. */
	tdx_model_release_last_lock(call);
	__atomic_store_n(&call->vcpu->state, TDX_VCPU_ACTIVE, __ATOMIC_RELEASE);
	run(&e);
	return tdx_model_return_to_host(&e);
}
