// SPDX-License-Identifier: GPL-2.0-only
/*
 * Machine checks in TDX private memory, which software may have caused.
 */
#define pr_fmt(fmt) "virt/tdx: " fmt

#include <linux/bits.h>
#include <linux/printk.h>

#include <asm/mce.h>
#include <asm/processor.h>
#include <asm/tdx_host.h>

#include "host.h"
#include "layout.h"
#include "module.h"

/* KeyID bits are not part of x86_phys_bits. */
static u64 address(const struct mce *m)
{
	return m->addr & GENMASK_ULL(boot_cpu_data.x86_phys_bits - 1, 0);
}

/**
 * tdx_explain_mce - say that a machine check happened in TDX private memory
 * @m: the machine check
 *
 * Keeps good DIMMs from being replaced.  As long as guests are not supported,
 * PAMTs are the only private memory.
 *
 * Context: Any, #MC included.
 */
void tdx_explain_mce(struct mce *m)
{
	const struct tdx_module *module = tdx_host_module();
	const struct tdmr *tdmr;

	/* Pairs with the release in set_state(). */
	if (smp_load_acquire(&module->state) != TDX_MODULE_READY || !mce_usable_address(m))
		return;

	tdmr = tdx_layout_find_pamt(&module->layout, address(m));
	if (tdmr)
		pr_emerg(HW_ERR "0x%llx is TDX private memory, in the PAMT of TDMR [0x%llx-0x%llx]: software that accessed it may be to blame, rather than the memory\n",
			 address(m), tdmr->base, tdmr->end - 1);
}
