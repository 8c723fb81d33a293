// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDH.SYS.INIT and TDH.SYS.CONFIG: initialize and configure the module as a
 * whole, on any CPU.
 *
 * TDX Module ABI specification, TDH.SYS.INIT, TDH.SYS.CONFIG.
 */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include <asm/smp.h>

#include "cause.h"
#include "config.h"
#include "error.h"
#include "seamcall.h"
#include "tdmr/tdmr.h"

/**
 * tdx_sys_init - begin the initialization of the module
 * @cause: names the status, when the return value is not 0
 *
 * Context: Process context, may sleep.  The CPU must be in VMX operation.
 * Return: 0, or the errno of tdx_status_errno(); -EALREADY if it was done
 *	   before since the machine was reset.
 */
int tdx_sys_init(struct tdx_cause *cause)
{
	struct tdx_regs regs = {};
	u64 status = tdx_seamcall(TDH_SYS_INIT, &regs);

	return tdx_explain_platform(cause, TDH_SYS_INIT, status, &regs);
}

/*
 * The input of TDH.SYS.CONFIG: the TDMRs, followed by an array of their
 * physical addresses.  kmalloc() aligns sizes that are a power of two to that
 * size.
 */
static struct tdx_tdmr_info *encode_tdmrs(const struct tdmr_layout *layout)
{
	size_t bytes = layout->nr_tdmrs * (sizeof(struct tdx_tdmr_info) + sizeof(u64));
	struct tdx_tdmr_info *tdmrs = kzalloc(roundup_pow_of_two(bytes), GFP_KERNEL);
	unsigned int i;
	u64 *pointers;

	if (!tdmrs)
		return NULL;

	pointers = (u64 *)&tdmrs[layout->nr_tdmrs];
	for (i = 0; i < layout->nr_tdmrs; i++) {
		tdmr_encode(layout, &layout->tdmrs[i], &tdmrs[i]);
		pointers[i] = __pa(&tdmrs[i]);
	}
	return tdmrs;
}

static_assert(TDX_TDMR_INFO_ALIGNMENT % TDX_TDMR_POINTERS_ALIGNMENT == 0);

/**
 * tdx_sys_config - configure the module's TDMRs, PAMTs and global KeyID
 * @layout:	  the TDMRs with their PAMTs; the module owns the PAMTs when
 *		  this returns 0
 * @global_keyid: the private KeyID that protects the PAMTs
 * @cause:	  names the status, when the return value is not 0
 *
 * Context: Process context, may sleep.  cpus_read_lock() held, all online CPUs in VMX
 *	    operation.
 * Return: 0, -ENOMEM, or the errno of tdx_status_errno().
 */
int tdx_sys_config(const struct tdmr_layout *layout, u32 global_keyid, struct tdx_cause *cause)
{
	struct tdx_tdmr_info *tdmrs = encode_tdmrs(layout);
	struct tdx_regs regs;
	u64 status;

	if (!tdmrs)
		return tdx_cause(cause, -ENOMEM, "no memory");

	/* The module does not write back modified cache lines of the PAMTs. */
	wbinvd_on_all_cpus();

	regs = (struct tdx_regs) {
		.rcx = __pa(&tdmrs[layout->nr_tdmrs]),
		.rdx = layout->nr_tdmrs,
		.r8 = global_keyid,
	};
	status = tdx_seamcall(TDH_SYS_CONFIG, &regs);
	kfree(tdmrs);
	return tdx_explain(cause, TDH_SYS_CONFIG, status);
}
