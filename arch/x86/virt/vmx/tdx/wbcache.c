// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing back caches for KeyIDs that TDs leave: TDH.PHYMEM.CACHE.WB.
 */
#include <linux/cpu.h>
#include <linux/export.h>
#include <linux/mutex.h>

#include <asm/tdx_td.h>

#include "cpu.h"
#include "keyid.h"
#include "seamcall.h"

/* Each call gets on by a part of the cache at least. */
#define MAX_CALLS	10000

/* A second start would begin anew, for the KeyIDs that are flushed by then. */
static u64 write_back_package(unsigned int cpu, void *unused)
{
	struct tdx_regs regs = { .rcx = TDX_CACHE_WB_START };
	unsigned int calls = MAX_CALLS;
	u64 status;

	for (;;) {
		status = tdx_seamcall_on_cpu(cpu, TDH_PHYMEM_CACHE_WB, &regs);
		if (tdx_status_code(status) != TDX_INTERRUPTED_RESUMABLE || !--calls)
			return status;
		regs = (struct tdx_regs) { .rcx = TDX_CACHE_WB_RESUME };
	}
}

/**
 * tdh_phymem_cache_wb - write back the caches of each package
 *
 * For all TDs that are past tdh_mng_vpflushdone(), and not yet past
 * tdh_mng_key_freeid().  A CPU of each package, one after the other, is busy with it
 * for some milliseconds, with interrupts off.
 *
 * TDX Module ABI specification, TDH.PHYMEM.CACHE.WB.
 *
 * Context: Process, unlocked.
 * Return: TDX_SUCCESS, or the first failure; among others
 * * TDX_INTERRUPTED_RESUMABLE - interrupts did not let it finish
 * * TDX_SEAMCALL_NO_CPU       - no CPU of a package is online, which the log says
 */
u64 tdh_phymem_cache_wb(void)
{
	u64 status;

	mutex_lock(&tdx_keyid_table_mutex);
	cpus_read_lock();
	status = tdx_on_each_package(write_back_package, NULL);
	cpus_read_unlock();
	mutex_unlock(&tdx_keyid_table_mutex);
	return status;
}
EXPORT_SYMBOL_GPL(tdh_phymem_cache_wb);
