// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: lifecycle of vCPUs.
 *
 * TDX Module Base Architecture Specification, "TD VCPU"; ABI specification, each leaf's
 * section.
 */
#include "platform.h"
#include "td_run.h"

static u64 add_page(struct tdx_model *m, struct tdx_model_call *call, enum tdx_page_type type,
		    void **page)
{
	*page = m->ops->map(m->ctx, call->page.pa, PAGE_BYTES);
	if (!*page)
		return refuse1(m, TDX_OPERAND_ADDR_RANGE_ERROR | TDX_OPERAND_ID_RCX,
			       "no memory at %", call->page.pa);
	memset(*page, 0, PAGE_BYTES);
	tdx_model_take_page(m, &call->page, type, call->tdr.pa);
	__atomic_fetch_add(&call->td->chldcnt, 1, __ATOMIC_RELAXED);
	return TDX_SUCCESS;
}

u64 tdx_model_vp_create(struct tdx_model *m, struct tdx_model_call *call)
{
	void *page;
	u64 status = add_page(m, call, TDX_PAGE_TDVPR, &page);

	if (!status) {
		call->vcpu = page;
		call->vcpu->nr_pages = 1;
		call->vcpu->page_pa[0] = call->page.pa;
		call->vcpu->assoc_lp = TDX_MODEL_NO_LP;
	}
	return status;
}

static u64 check_uninitialized(struct tdx_model *m, const struct tdx_model_vcpu *vcpu)
{
	return vcpu->state == TDX_VCPU_UNINITIALIZED ? TDX_SUCCESS :
		refuse1(m, TDX_VCPU_STATE_INCORRECT, "the vCPU's state is %", vcpu->state);
}

/* Checks of the vCPU, before the new page. */
u64 tdx_model_vp_addcx_check(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 status = check_uninitialized(m, call->vcpu);

	if (!status && call->vcpu->nr_pages >= TDX_MAX_TDVPS_PAGES)
		status = refuse1(m, TDX_TDCX_NUM_INCORRECT, "the vCPU has % pages",
				 call->vcpu->nr_pages);
	return status;
}

u64 tdx_model_vp_addcx(struct tdx_model *m, struct tdx_model_call *call)
{
	struct tdx_model_vcpu *vcpu = call->vcpu;
	void *page;
	u64 status = add_page(m, call, TDX_PAGE_TDCX, &page);

	if (!status)
		vcpu->page_pa[vcpu->nr_pages++] = call->page.pa;
	return status;
}

/* Modules that have version 1 of TDH.VP.INIT check the TSC first. */
static bool has_version_1(const struct tdx_model *m)
{
	return m->config.generation >= TDX_MODEL_1_5_06;
}

u64 tdx_model_vp_init_check(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 status = has_version_1(m) ? tdx_model_check_tsc_adjust(m) : TDX_SUCCESS;

	if (!status && call->version && !(m->config.tdx_features0 & TDX_FEATURES0_ENUM_TOPOLOGY))
		status = refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RAX,
				 "no version % without topology enumeration in TDX_FEATURES0",
				 call->version);
	return status;
}

/* Indices are assigned in the order of calls. */
static u64 take_index(struct tdx_model *m, struct tdx_model_call *call)
{
	struct tdx_model_tdcs *tdcs = call->tdcs;
	u32 index = __atomic_fetch_add(&tdcs->nr_vcpus, 1, __ATOMIC_RELAXED);

	if (index < tdcs->max_vcpus) {
		call->vcpu->index = index;
		return TDX_SUCCESS;
	}
	__atomic_fetch_sub(&tdcs->nr_vcpus, 1, __ATOMIC_RELAXED);
	return refuse1(m, TDX_MAX_VCPUS_EXCEEDED, "the TD has room for % vCPUs", tdcs->max_vcpus);
}

/* The TDR is locked exclusively, so the list does not change. */
static u64 check_x2apic_id(struct tdx_model *m, struct tdx_model_call *call)
{
	const struct tdx_model_vcpu *vcpu;
	u64 pa;

	if (call->in.r8 >> 32)
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_R8,
			       "% is no x2APIC id", call->in.r8);
	for (pa = call->tdcs->last_vcpu_pa; pa; pa = vcpu->previous_vcpu_pa) {
		vcpu = m->ops->map(m->ctx, pa, PAGE_BYTES);
		if (vcpu->x2apic_id == call->in.r8)
			return refuse2(m, TDX_X2APIC_ID_NOT_UNIQUE | call->in.r8,
				       "vCPU % has x2APIC id %", vcpu->index, call->in.r8);
	}
	return TDX_SUCCESS;
}

static u64 take_x2apic_id(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 status = check_x2apic_id(m, call);

	if (status) {
		__atomic_fetch_sub(&call->tdcs->nr_vcpus, 1, __ATOMIC_RELAXED);
		return status;
	}
	call->vcpu->x2apic_id = call->in.r8;
	call->vcpu->previous_vcpu_pa = call->tdcs->last_vcpu_pa;
	call->tdcs->last_vcpu_pa = call->tdvpr.pa;
	return TDX_SUCCESS;
}

/*
 * Bits that the host cannot read, but has to keep if its mask includes them.  PIN_CONTROLS is
 * 0x29, exits by interrupts and NMIs and virtual NMIs, and 0x16, which is set in every VMCS.
 */
#define PIN_CONTROLS		0x3f
#define SECONDARY_CONTROLS	0x133cb3fa

static void init_vcpu(struct tdx_model *m, struct tdx_model_call *call)
{
	struct tdx_model_vcpu *vcpu = call->vcpu;

	tdx_model_reset_guest(m, call);
	vcpu->last_exit_tsc = tdx_model_read_msr(m, MSR_TSC);
	vcpu->notification_vector = 0xffff;
	vcpu->pi_descriptor = ~0ULL;
	vcpu->pin_controls = PIN_CONTROLS;
	vcpu->secondary_controls = SECONDARY_CONTROLS;
	vcpu->shared_eptp =
		tdx_model_hpa_with_keyid(m, call->td->tdcx_pa[TDX_MODEL_TDCX_ZERO_PAGE],
					 call->td->hkid);
	if (!call->version)
		__atomic_store_n(&call->tdcs->topology_unknown, true, __ATOMIC_RELAXED);
	vcpu->state = TDX_VCPU_READY;
}

u64 tdx_model_vp_init(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 status = tdx_model_check_vcpu_pages(m, call);

	if (!status)
		status = check_uninitialized(m, call->vcpu);
	if (!status)
		status = take_index(m, call);
	if (!status && call->version)
		status = take_x2apic_id(m, call);
	/* A failure does not return the index. */
	if (!status && !has_version_1(m))
		status = tdx_model_check_tsc_adjust(m);
	if (status)
		return status;
	init_vcpu(m, call);
	return tdx_model_associate(m, call);
}

u64 tdx_model_vp_flush(struct tdx_model *m, struct tdx_model_call *call)
{
	struct tdx_model_td *td = call->td;
	u64 status = tdx_model_check_keys_configured(m, call);

	if (status)
		return status;
	/* A TD with vCPUs is initialized, so it has a TDCS. */
	call->tdcs = m->ops->map(m->ctx, td->tdcx_pa[TDX_MODEL_TDCX_TDCS], PAGE_BYTES);
	status = tdx_model_check_vcpu_pages(m, call);
	if (status)
		return status;
	if (call->vcpu->assoc_lp != this_lp(m))
		return refuse2(m, TDX_VCPU_NOT_ASSOCIATED,
			       "the vCPU is associated with logical processor %, not with %",
			       call->vcpu->assoc_lp, this_lp(m));
	call->vcpu->assoc_lp = TDX_MODEL_NO_LP;
	__atomic_fetch_sub(&call->tdcs->nr_assoc_vcpus, 1, __ATOMIC_RELAXED);
	return TDX_SUCCESS;
}
