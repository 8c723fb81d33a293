// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing back caches before KeyIDs of TDs are freed: TDH.PHYMEM.CACHE.WB.
 */
#include <linux/cpu.h>
#include <linux/export.h>
#include <linux/mutex.h>

#include <asm/tdx_td.h>

#include "cpu.h"
#include "keyid.h"
#include "seamcall.h"

/* Each call writes back at least a part of the cache. */
#define MAX_CALLS	10000

/* Never restarted: a restart would begin anew, for the KeyIDs that are flushed then. */
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
 * For all TDs between tdh_mng_vpflushdone() and tdh_mng_key_freeid().  It takes some
 * milliseconds with interrupts off, on a CPU of each package, one after the other.
 *
 * TDX Module ABI specification, TDH.PHYMEM.CACHE.WB.
 *
 * Context: Process, unlocked.
 * Return:
 * * TDX_SUCCESS	       - all is done
 * * TDX_INTERRUPTED_RESUMABLE - it did not finish because of interrupts
 * * TDX_SEAMCALL_NO_CPU       - no CPU of a package is online, which is logged
 * * others		       - the first failure
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
