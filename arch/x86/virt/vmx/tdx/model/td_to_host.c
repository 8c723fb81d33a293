// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: TD exits, what TDH.VP.ENTER returns.
 *
 * TDX Module ABI specification, "TDH.VP.ENTER", "TD Exits"; Base Architecture Specification,
 * "TD Entry and Exit".
 */
#include "platform.h"
#include "td_cpuid.h"
#include "td_run.h"

/* Bits of an EPT violation's qualification that the host does not see */
#define VIOLATION_HIDDEN	0x1f80ULL

/* State of the host that is not preserved */
#define HOST_XCR0		0x602ffULL
#define HOST_XSS		0x1fd00ULL
#define HOST_DR6		0xffff0ff0ULL
#define HOST_DR7		0x400ULL
#define HOST_FMASK		0x20200ULL
#define HOST_DEBUGCTL		(BIT_ULL(1) | BIT_ULL(12) | BIT_ULL(14))

/**
 * tdx_model_leave - end TDH.VP.ENTER
 * @e:       the entry
 * @to_host: its outputs
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_MODEL_LEFT.
 */
enum tdx_model_outcome tdx_model_leave(struct tdx_model_entry *e,
				       const struct tdx_model_to_host *to_host)
{
	e->to_host = *to_host;
	return TDX_MODEL_LEFT;
}

/**
 * tdx_model_leave_by_exit - end TDH.VP.ENTER with the reason and qualification of the VM exit
 * @e: the entry
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_MODEL_LEFT.
 */
enum tdx_model_outcome tdx_model_leave_by_exit(struct tdx_model_entry *e)
{
	const struct tdx_model_to_host to_host = {
		.rax = e->exit.reason, .rcx = (u32)e->exit.qualification,
	};

	return tdx_model_leave(e, &to_host);
}

/**
 * tdx_model_leave_at - end TDH.VP.ENTER with an EPT violation
 * @e:             the entry
 * @qualification: of the violation
 * @gpa:           guest physical address
 * @extended:      extended qualification
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_MODEL_LEFT.
 */
enum tdx_model_outcome tdx_model_leave_at(struct tdx_model_entry *e, u64 qualification, u64 gpa,
					  u64 extended)
{
	const struct tdx_model_to_host to_host = {
		.rax = TDX_MODEL_EXIT_EPT_VIOLATION |
		       (e->exit.reason & TDX_MODEL_EXIT_BUS_LOCK_PREEMPTED),
		.rcx = (u32)(qualification & ~VIOLATION_HIDDEN),
		.rdx = extended,
		.r8 = gpa & ~(PAGE_BYTES - 1),
	};

	return tdx_model_leave(e, &to_host);
}

/**
 * tdx_model_triple_fault - end TDH.VP.ENTER, and the vCPU, because of a triple fault
 * @e: the entry
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_MODEL_LEFT.
 */
enum tdx_model_outcome tdx_model_triple_fault(struct tdx_model_entry *e)
{
	const struct tdx_model_to_host to_host = {
		.rax = TDX_NON_RECOVERABLE_VCPU | TDX_MODEL_EXIT_TRIPLE_FAULT,
	};

	return tdx_model_leave(e, &to_host);
}

/* The registers that the guest passes by TDG.VP.VMCALL */
static void pass_vmcall(struct tdx_model_entry *e, struct tdx_regs *out)
{
	u32 mask = e->vcpu->vmcall_mask;
	unsigned int i;

	out->rcx = mask;
	for (i = 0; i < TDX_MODEL_NR_GPRS; i++) {
		if (mask & BIT(i) && i != TDX_MODEL_RBP)
			*tdx_model_register(out, i) = e->guest->gpr[i];
		if (mask & BIT(TDX_MODEL_NR_GPRS + i))
			tdx_model_get_xmm(e, i, e->host.xmm[i]);
	}
	if (mask & BIT(TDX_MODEL_RBP))
		*e->call->rbp = e->guest->gpr[TDX_MODEL_RBP];
}

/*
 * In 1.5.01, asynchronous exits clear RBP in any case.  Linux 7.3 uses modules from 1.5.06 on, and
 * relies on RBP.
 */
static bool clears_rbp(const struct tdx_model_entry *e)
{
	return !(e->tdcs->config_flags & TDX_CONFIG_FLAG_NO_RBP_MOD) ||
	       (!e->to_host.is_vmcall && e->m->config.generation < TDX_MODEL_1_5_06);
}

static void set_registers(struct tdx_model_entry *e)
{
	struct tdx_regs *out = e->call->out;

	*out = (struct tdx_regs) {
		.rcx = e->to_host.rcx, .rdx = e->to_host.rdx,
		.r8 = e->to_host.r8, .r9 = e->to_host.r9,
	};
	memset(e->host.xmm, 0, sizeof(e->host.xmm));
	if (clears_rbp(e))
		*e->call->rbp = 0;
	if (e->to_host.is_vmcall)
		pass_vmcall(e, out);
}

/* The host's state that is lost in the guest, besides vector registers */
static void set_host(struct tdx_model_entry *e)
{
	struct tdx_model_host *host = &e->host;

	host->xcr0 = e->tdcs->xfam & HOST_XCR0;
	host->xss = e->tdcs->xfam & HOST_XSS;
	host->cr2 = 0;
	memset(host->dr, 0, sizeof(host->dr));
	host->dr6 = HOST_DR6;
	host->dr7 = HOST_DR7;
	host->star = 0;
	host->lstar = 0;
	host->fmask = HOST_FMASK;
	host->kernel_gs_base = 0;
	host->tsc_aux = 0;
	host->xfd = 0;
	host->xfd_err = 0;
	host->debugctl &= HOST_DEBUGCTL;
	host->uarch_misc_ctl = 0;
	host->umwait_control = e->guest->msr[TDX_MODEL_MSR_UMWAIT_CONTROL];
	if (e->tdcs->cpuid[TDX_MODEL_CPUID_7_0].ebx & CPUID_7_EBX_RTM)
		host->tsx_ctrl = 0;
	e->m->ops->guests->set_host(e->m->ctx, host);
}

static bool is_not_accessible(u64 rax)
{
	return (rax & TDX_STATUS_CODE_MASK) == TDX_NON_RECOVERABLE_TD_NON_ACCESSIBLE;
}

/* A fatal error of the TD ends all its vCPUs, at their next exits. */
static u64 status_of(struct tdx_model_entry *e)
{
	struct tdx_model_td *td = e->call->td;
	u64 rax = e->to_host.rax;

	if (__atomic_load_n(&td->fatal, __ATOMIC_ACQUIRE)) {
		e->to_host = (struct tdx_model_to_host) {};
		return TDX_NON_RECOVERABLE_TD_NON_ACCESSIBLE | (u32)rax;
	}
	if (rax & TDX_STATUS_FATAL)
		__atomic_store_n(&td->fatal, true, __ATOMIC_RELEASE);
	return rax;
}

/* After a fatal error the vCPU remains active. */
static void end_run(struct tdx_model_entry *e, u64 rax)
{
	struct tdx_model_vcpu *vcpu = e->vcpu;

	vcpu->last_exit = e->to_host.is_vmcall ? TDX_MODEL_LAST_VMCALL :
						 TDX_MODEL_LAST_ASYNCHRONOUS;
	vcpu->last_exit_tsc = tdx_model_read_msr(e->m, MSR_TSC);
	if (!is_not_accessible(rax))
		tdx_model_leave_epoch(e);
	if (rax & TDX_STATUS_FATAL)
		return;
	__atomic_store_n(&vcpu->state, rax & TDX_STATUS_NON_RECOVERABLE ? TDX_VCPU_DISABLED :
									  TDX_VCPU_READY,
			 __ATOMIC_RELEASE);
}

/**
 * tdx_model_return_to_host - return from the guest
 * @e: the entry, which was left
 *
 * Context: On the logical processor that runs the leaf.
 * Return: Status of the leaf, with the exit reason.
 */
u64 tdx_model_return_to_host(struct tdx_model_entry *e)
{
	u64 rax = status_of(e);

	tdx_model_note_progress(e);
	set_registers(e);
	set_host(e);
	end_run(e, rax);
	return rax;
}
