// SPDX-License-Identifier: GPL-2.0-only
/*
 * Machine checks in TDX private memory, which software may have caused.
 */
#define pr_fmt(fmt) "virt/tdx: " fmt

#include <linux/printk.h>

#include <asm/mce.h>
#include <asm/processor.h>
#include <asm/tdx_host.h>

#include "host.h"
#include "layout.h"
#include "module.h"
#include "owner.h"

static void explain_pamt(u64 pa, const struct tdmr *tdmr)
{
	pr_emerg(HW_ERR "0x%llx is TDX private memory, in the PAMT of TDMR [0x%llx-0x%llx]: software that accessed it may be to blame, rather than the memory\n",
		 pa, tdmr->base, tdmr->end - 1);
}

static void explain_page(u64 pa, const struct tdx_page_owner *owner)
{
	if (owner->leaked)
		pr_emerg(HW_ERR "0x%llx is TDX private memory that was lost with the TD of process %d, TDR 0x%llx: software that accessed it may be to blame, rather than the memory\n",
			 pa, owner->creator, owner->tdr);
	else
		pr_emerg(HW_ERR "0x%llx is TDX private memory, of the TD of process %d, TDR 0x%llx: software that accessed it may be to blame, rather than the memory\n",
			 pa, owner->creator, owner->tdr);
}

/**
 * tdx_explain_mce - say that a machine check happened in TDX private memory
 * @m: the machine check
 *
 * Keeps good DIMMs from being replaced.  Makes no SEAMCALL.
 *
 * Context: Any, #MC included.
 */
void tdx_explain_mce(struct mce *m)
{
	const struct tdx_module *module = tdx_host_module();
	struct tdx_page_owner owner;
	const struct tdmr *tdmr;
	u64 pa;

	/* Pairs with the release in set_state(). */
	if (smp_load_acquire(&module->state) != TDX_MODULE_READY || !mce_usable_address(m))
		return;

	pa = mce_phys_addr(m);
	tdmr = tdx_layout_find_pamt(&module->layout, pa);
	if (tdmr)
		explain_pamt(pa, tdmr);
	else if (tdx_page_find_owner(pa, &owner))
		explain_page(pa, &owner);
}
