// SPDX-License-Identifier: GPL-2.0-only
/*
 * The leaves that create, configure and flush a vCPU of a TD: TDH.VP, except TDH.VP.ENTER.
 */
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/preempt.h>

#include <asm/tdx_td.h>

#include "seamcall.h"
#include "vcpu.h"

static const struct tdx_td_limits *td_limits;

/*
 * Makes a SEAMCALL that associates the vCPU with this CPU.  With preemption off, the vCPU cannot
 * move to another CPU, and be flushed here, between the note and the SEAMCALL.
 */
static __always_inline u64 associate(struct tdx_vp *vp,
				     u64 (*seamcall)(u64 leaf, struct tdx_regs *regs),
				     u64 leaf, struct tdx_regs *regs)
{
	u64 status;

	preempt_disable();
	vp->associated = true;
	status = seamcall(leaf, regs);
	preempt_enable();
	return status;
}

/**
 * tdx_vcpu_setup - set the limits of the module
 * @limits: must stay valid as long as TDs can be created
 *
 * Context: Any, before TDs can be created.
 */
void tdx_vcpu_setup(const struct tdx_td_limits *limits)
{
	WRITE_ONCE(td_limits, limits);
}

/**
 * tdh_vp_create - create a vCPU
 * @vp:	   vCPU of a TD that is configured
 * @tdvpr: page of tdx_page_alloc(); @vp->tdvpr is set to it on success
 *
 * TDX Module ABI specification, TDH.VP.CREATE.
 *
 * Context: Process.
 * Return: The completion status.
 */
u64 tdh_vp_create(struct tdx_vp *vp, struct page *tdvpr)
{
	struct tdx_regs regs = { .rcx = page_to_phys(tdvpr), .rdx = page_to_phys(vp->td->tdr) };
	u64 status = tdx_seamcall(TDH_VP_CREATE, &regs);

	if (!tdx_status_failed(status))
		vp->tdvpr = tdvpr;
	return status;
}
EXPORT_SYMBOL_GPL(tdh_vp_create);

/**
 * tdh_vp_addcx - give a vCPU a page for its state
 * @vp:	  created
 * @page: page of tdx_page_alloc(); added to @vp->tdvpx on success
 *
 * TDX Module ABI specification, TDH.VP.ADDCX.
 *
 * Context: Process.  Locks @vp exclusively.
 * Return: The completion status; among others TDX_TDCX_NUM_INCORRECT, if it has the
 *	   maximum number of pages.
 */
u64 tdh_vp_addcx(struct tdx_vp *vp, struct page *page)
{
	struct tdx_regs regs = { .rcx = page_to_phys(page), .rdx = page_to_phys(vp->tdvpr) };
	u64 status;

	if (WARN_ON_ONCE(vp->nr_tdvpx == TDX_MAX_TDVPX_PAGES))
		return TDX_TDCX_NUM_INCORRECT;

	status = tdx_seamcall(TDH_VP_ADDCX, &regs);
	if (!tdx_status_failed(status))
		vp->tdvpx[vp->nr_tdvpx++] = page;
	return status;
}
EXPORT_SYMBOL_GPL(tdh_vp_addcx);

/**
 * tdh_vp_init - configure a vCPU
 * @vp:	       with all pages of its state
 * @rcx:       initial value of the guest's RCX and R8
 * @x2apic_id: x2APIC ID in its CPUID; ignored by modules without topology enumeration,
 *	       see struct tdx_td_limits
 *
 * Associates the vCPU with the current CPU.
 * TDX Module ABI specification, TDH.VP.INIT.
 *
 * Context: Process, with the vCPU loaded.  Locks @vp exclusively.
 * Return:
 * * TDX_MAX_VCPUS_EXCEEDED - the TD has the maximum number of its configuration
 * * TDX_INCONSISTENT_MSR   - TSC_ADJUST of this CPU was changed
 * * others		    - TDX_SUCCESS, or another status
 */
u64 tdh_vp_init(struct tdx_vp *vp, u64 rcx, u32 x2apic_id)
{
	struct tdx_regs in = { .rcx = page_to_phys(vp->tdvpr), .rdx = rcx };
	struct tdx_backoff backoff = {};
	u64 leaf = TDH_VP_INIT, status;
	struct tdx_regs regs;

	if (READ_ONCE(td_limits)->topology) {
		leaf |= 1ULL << TDX_LEAF_VERSION_SHIFT;
		in.r8 = x2apic_id;
	}
	/* The vCPU may be loaded on another CPU for the next try. */
	do {
		regs = in;
		status = associate(vp, tdx_seamcall_once, leaf, &regs);
	} while (tdx_backoff(&backoff, status));
	return status;
}
EXPORT_SYMBOL_GPL(tdh_vp_init);

/**
 * tdh_vp_rd - read a metadata field of a vCPU
 * @vp:	   configured
 * @field: TDX_MD_VCPU_* or TDX_MD_VMCS_*()
 * @value: set to the value of the field; 0 after a failure
 *
 * Associates the vCPU with the current CPU, even if it fails.
 * TDX Module ABI specification, TDH.VP.RD.
 *
 * Context: Any, with the vCPU loaded.
 * Return:
 * * TDX_VCPU_ASSOCIATED	     - it is associated with another CPU
 * * TDX_METADATA_FIELD_ID_INCORRECT - there is no such field
 * * TDX_METADATA_FIELD_NOT_READABLE - the host is not allowed to read it
 * * others			     - TDX_SUCCESS, or another status
 */
u64 tdh_vp_rd(struct tdx_vp *vp, u64 field, u64 *value)
{
	struct tdx_regs regs = { .rcx = page_to_phys(vp->tdvpr), .rdx = field };
	u64 status = associate(vp, tdx_seamcall_atomic, TDH_VP_RD, &regs);

	*value = tdx_status_failed(status) ? 0 : regs.r8;
	return status;
}
EXPORT_SYMBOL_GPL(tdh_vp_rd);

/**
 * tdh_vp_wr - write a metadata field of a vCPU
 * @vp:	   configured
 * @field: as for tdh_vp_rd()
 * @value: the bits to write
 * @mask:  the bits of the field that are written
 *
 * Associates the vCPU with the current CPU, even if it fails.
 * TDX Module ABI specification, TDH.VP.WR.
 *
 * Context: Any, with the vCPU loaded.
 * Return:
 * * TDX_VCPU_ASSOCIATED		- it is associated with another CPU
 * * TDX_METADATA_FIELD_NOT_WRITABLE	- the host is not allowed to write it
 * * TDX_METADATA_FIELD_VALUE_NOT_VALID - the value is not supported
 * * others				- TDX_SUCCESS, or another status
 */
u64 tdh_vp_wr(struct tdx_vp *vp, u64 field, u64 value, u64 mask)
{
	struct tdx_regs regs = {
		.rcx = page_to_phys(vp->tdvpr),
		.rdx = field,
		.r8 = value,
		.r9 = mask,
	};

	return associate(vp, tdx_seamcall_atomic, TDH_VP_WR, &regs);
}
EXPORT_SYMBOL_GPL(tdh_vp_wr);

/**
 * tdh_vp_flush - end the association of a vCPU with this CPU
 * @vp: with all pages of its state
 *
 * Required before another CPU can use it, before this one leaves VMX operation, and
 * before tdh_mng_vpflushdone().  TDX Module ABI specification, TDH.VP.FLUSH.
 *
 * Context: Any, on the CPU that the vCPU is associated with.  Locks @vp exclusively.
 * Return: The completion status; among others TDX_VCPU_NOT_ASSOCIATED, if it is not
 *	   associated with this CPU.
 */
u64 tdh_vp_flush(struct tdx_vp *vp)
{
	struct tdx_regs regs = { .rcx = page_to_phys(vp->tdvpr) };

	vp->associated = false;
	return tdx_seamcall_atomic(TDH_VP_FLUSH, &regs);
}
EXPORT_SYMBOL_GPL(tdh_vp_flush);
