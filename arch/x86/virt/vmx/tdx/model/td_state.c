// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: the state of a TD's vCPU.
 *
 * TDX Module Base Architecture Specification, "TD VCPU Initialization"; Intel SDM, volume 3,
 * "Guest-State Area".
 */
#include "td_cpuid.h"
#include "td_run.h"

#define CR0_INITIAL		0x31		/* PE, ET, NE */
#define CR4_MCE			BIT_ULL(6)
#define DR6_INITIAL		0xffff0ff0
#define DR7_INITIAL		0x400
#define PAT_INITIAL		0x0007040600070406ULL
#define FMASK_INITIAL		0x20200
#define PERF_GLOBAL_CTRL_INITIAL 0xff

/* Parts of an XSAVE area */
#define FCW_INITIAL		0x37f
#define MXCSR_INITIAL		0x1f80
#define XSAVE_FCW		0
#define XSAVE_MXCSR		24
#define XSAVE_XMM		160
#define XSAVE_XSTATE_BV		512
#define XMM_BYTES		16

/* All but CS are data segments of 4 GB, in 32-bit mode. */
static void reset_segments(struct tdx_model_guest *guest)
{
	unsigned int i;

	for (i = TDX_MODEL_ES; i <= TDX_MODEL_GS; i++)
		guest->segment[i] = (struct tdx_model_segment) {
			.limit = ~0U, .access_rights = 0xc093,
		};
	guest->segment[TDX_MODEL_CS].access_rights = 0xc09b;
	guest->segment[TDX_MODEL_LDTR] = (struct tdx_model_segment) {
		.limit = 0xffff, .access_rights = 0x10082,
	};
	guest->segment[TDX_MODEL_TR] = (struct tdx_model_segment) {
		.limit = 0xffff, .access_rights = 0x8b,
	};
	guest->gdtr.limit = 0xffff;
}

static void reset_gprs(struct tdx_model *m, struct tdx_model_call *call,
		       struct tdx_model_guest *guest)
{
	u64 *gpr = guest->gpr;

	gpr[TDX_MODEL_RBX] = tdx_model_shared_bit(call->tdcs) + 1;
	gpr[TDX_MODEL_RCX] = call->in.rdx;
	gpr[TDX_MODEL_RDX] = m->cpuid[TDX_MODEL_CPUID_1].eax & ~FMS_RESERVED;
	gpr[TDX_MODEL_RSI] = call->vcpu->index;
	gpr[TDX_MODEL_R8] = call->in.rdx;
}

static void reset_xstate(u8 *area)
{
	const u16 fcw = FCW_INITIAL;
	const u32 mxcsr = MXCSR_INITIAL;

	memcpy(&area[XSAVE_FCW], &fcw, sizeof(fcw));
	memcpy(&area[XSAVE_MXCSR], &mxcsr, sizeof(mxcsr));
}

/**
 * tdx_model_reset_guest - the state in which a vCPU starts
 * @m:    the module
 * @call: the SEAMCALL, with the vCPU, which has its index, and whose pages are zero
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_reset_guest(struct tdx_model *m, struct tdx_model_call *call)
{
	struct tdx_model_guest *guest = tdx_model_guest_of(m, call->vcpu);

	reset_gprs(m, call, guest);
	reset_segments(guest);
	guest->rip = 0xfffffff0;
	guest->rflags = 2;
	guest->cr0 = CR0_INITIAL;
	guest->cr4 = CR4_MCE;
	guest->xcr0 = 1;
	guest->efer = GUEST_EFER_SCE | GUEST_EFER_LME | GUEST_EFER_NXE;
	guest->dr6 = DR6_INITIAL;
	guest->dr7 = DR7_INITIAL;
	guest->msr[TDX_MODEL_MSR_PAT] = PAT_INITIAL;
	guest->msr[TDX_MODEL_MSR_FMASK] = FMASK_INITIAL;
	guest->msr[TDX_MODEL_MSR_PERF_GLOBAL_CTRL] = PERF_GLOBAL_CTRL_INITIAL;
	reset_xstate(m->ops->map(m->ctx, call->vcpu->page_pa[TDX_MODEL_TDVPS_XSTATE], PAGE_BYTES));
}

/**
 * tdx_model_guest_of - find the state of a vCPU
 * @m:    the module
 * @vcpu: the vCPU, which has all its pages
 *
 * Context: On the logical processor that runs the leaf, with the TDVPR locked.
 * Return: The state.
 */
struct tdx_model_guest *tdx_model_guest_of(struct tdx_model *m, const struct tdx_model_vcpu *vcpu)
{
	return m->ops->map(m->ctx, vcpu->page_pa[TDX_MODEL_TDVPS_GUEST], PAGE_BYTES);
}

/* A component that is not in XSTATE_BV has its initial value. */
static bool has_sse(const u8 *area)
{
	return area[XSAVE_XSTATE_BV] & BIT(1);
}

/**
 * tdx_model_get_xmm - read an XMM register of the guest
 * @e:   the entry
 * @i:   number of the register
 * @xmm: its value
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_get_xmm(const struct tdx_model_entry *e, unsigned int i, u64 xmm[2])
{
	const u8 *area = e->run.xstate[0];

	memset(xmm, 0, XMM_BYTES);
	if (has_sse(area))
		memcpy(xmm, &area[XSAVE_XMM + i * XMM_BYTES], XMM_BYTES);
}

/**
 * tdx_model_set_xmm - write an XMM register of the guest
 * @e:   the entry
 * @i:   number of the register
 * @xmm: its value
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_set_xmm(const struct tdx_model_entry *e, unsigned int i, const u64 xmm[2])
{
	u8 *area = e->run.xstate[0];

	if (!has_sse(area))
		memset(&area[XSAVE_XMM], 0, TDX_MODEL_NR_XMM * XMM_BYTES);
	area[XSAVE_XSTATE_BV] |= BIT(1);
	memcpy(&area[XSAVE_XMM + i * XMM_BYTES], xmm, XMM_BYTES);
}

/**
 * tdx_model_is_64bit - whether a guest executes 64-bit code
 * @guest: its state
 *
 * Context: Any.
 * Return: True if it does.
 */
bool tdx_model_is_64bit(const struct tdx_model_guest *guest)
{
	return guest->efer & GUEST_EFER_LMA &&
	       guest->segment[TDX_MODEL_CS].access_rights & ACCESS_RIGHTS_L;
}

/**
 * tdx_model_skip_instruction - let the guest continue behind the instruction that caused an exit
 * @e: the entry
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_skip_instruction(struct tdx_model_entry *e)
{
	struct tdx_model_guest *guest = e->guest;

	guest->rip += e->exit.instruction_length;
	if (!tdx_model_is_64bit(guest))
		guest->rip &= ~0U;
	guest->interruptibility &= ~(TDX_MODEL_BLOCKED_BY_STI | TDX_MODEL_BLOCKED_BY_MOV_SS);
	guest->rflags &= ~RFLAGS_RF;
	if (guest->rflags & RFLAGS_TF && !(guest->debugctl & DEBUGCTL_BTF))
		guest->pending_debug |= PENDING_DEBUG_BS;
}
