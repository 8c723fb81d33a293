// SPDX-License-Identifier: GPL-2.0-only
/*
 * The leaves that create, configure and destroy a TD: TDH.MNG.
 */
#include <linux/bug.h>
#include <linux/cpu.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mutex.h>

#include <asm/tdx_td.h>

#include "cpu.h"
#include "keyid.h"
#include "seamcall.h"

/* For leaves that lock the module's table of KeyIDs. */
static u64 seamcall_keyid_table(u64 leaf, struct tdx_regs *regs)
{
	u64 status;

	mutex_lock(&tdx_keyid_table_mutex);
	status = tdx_seamcall(leaf, regs);
	mutex_unlock(&tdx_keyid_table_mutex);
	return status;
}

/*
 * Called after a KeyID was allocated, so no package loses its last CPU later.  If one was
 * just losing it, it is offline when cpus_read_lock() is taken.  See hotplug.c.
 */
static bool packages_are_online(void)
{
	bool online;

	cpus_read_lock();
	online = tdx_packages_are_online();
	cpus_read_unlock();
	return online;
}

/**
 * tdh_mng_create - create a TD
 * @td:	 has a KeyID, and no TDR page
 * @tdr: page of tdx_page_alloc(); @td->tdr is set to it on success
 *
 * Destroying a TD requires a CPU of each package, so this is checked before.
 * TDX Module ABI specification, TDH.MNG.CREATE.
 *
 * Context: Process, unlocked.
 * Return:
 * * TDX_HKID_NOT_FREE	 - the module has another TD with this KeyID
 * * TDX_RND_NO_ENTROPY	 - no entropy for an identity
 * * TDX_SEAMCALL_NO_CPU - no CPU of a package is online, which is logged
 * * others		 - TDX_SUCCESS, or another status
 */
u64 tdh_mng_create(struct tdx_td *td, struct page *tdr)
{
	struct tdx_regs regs = { .rcx = page_to_phys(tdr), .rdx = td->keyid };
	u64 status;

	if (!packages_are_online())
		return TDX_SEAMCALL_NO_CPU;

	status = seamcall_keyid_table(TDH_MNG_CREATE, &regs);
	if (!tdx_status_failed(status))
		td->tdr = tdr;
	return status;
}
EXPORT_SYMBOL_GPL(tdh_mng_create);

static u64 config_key(unsigned int cpu, void *data)
{
	const struct tdx_td *td = data;
	struct tdx_regs regs = { .rcx = page_to_phys(td->tdr) };

	return tdx_seamcall_on_cpu(cpu, TDH_MNG_KEY_CONFIG, &regs);
}

/**
 * tdh_mng_key_config - configure a TD's key on each package
 * @td: created
 *
 * On a CPU of each package, one after the other, because the CPUs' key tables are locked
 * meanwhile.  TDX Module ABI specification, TDH.MNG.KEY.CONFIG.
 *
 * Context: Process, unlocked.  Locks @td exclusively.
 * Return:
 * * TDX_SUCCESS	       - all is done
 * * TDX_KEY_GENERATION_FAILED - no entropy for a key
 * * TDX_SEAMCALL_NO_CPU       - no CPU of a package is online, which is logged
 * * others		       - the first failure
 */
u64 tdh_mng_key_config(struct tdx_td *td)
{
	u64 status;

	mutex_lock(&tdx_keyid_table_mutex);
	cpus_read_lock();
	status = tdx_on_each_package(config_key, td);
	cpus_read_unlock();
	mutex_unlock(&tdx_keyid_table_mutex);
	return status;
}
EXPORT_SYMBOL_GPL(tdh_mng_key_config);

/**
 * tdh_mng_addcx - give a TD a page for its control structure
 * @td:	  with keys on all packages
 * @page: page of tdx_page_alloc(); added to @td->tdcx on success
 *
 * TDX Module ABI specification, TDH.MNG.ADDCX.
 *
 * Context: Process.  Locks @td exclusively.
 * Return:
 * * TDX_TDCX_NUM_INCORRECT - it has the maximum number of pages
 * * TDX_RND_NO_ENTROPY	    - no entropy for the last page that is needed
 * * others		    - TDX_SUCCESS, or another status
 */
u64 tdh_mng_addcx(struct tdx_td *td, struct page *page)
{
	struct tdx_regs regs = { .rcx = page_to_phys(page), .rdx = page_to_phys(td->tdr) };
	u64 status;

	if (WARN_ON_ONCE(td->nr_tdcx == TDX_MAX_TDCX_PAGES))
		return TDX_TDCX_NUM_INCORRECT;

	status = tdx_seamcall(TDH_MNG_ADDCX, &regs);
	if (!tdx_status_failed(status))
		td->tdcx[td->nr_tdcx++] = page;
	return status;
}
EXPORT_SYMBOL_GPL(tdh_mng_addcx);

/**
 * tdh_mng_init - configure a TD
 * @td:	     with all pages of its control structure
 * @params:  its parameters, allocated by kmalloc() or the page allocator
 * @details: set to details of a failure
 *
 * After a failure it can be repeated with other parameters.
 * TDX Module ABI specification, TDH.MNG.INIT.
 *
 * Context: Process.  Locks @td exclusively.
 * Return: The completion status; among others TDX_OPERAND_INVALID with the operand id
 *	   of the parameter that is refused; for TDX_OPERAND_ID_CPUID_CONFIG @details
 *	   is the leaf, and the subleaf in bits 63:32.
 */
u64 tdh_mng_init(struct tdx_td *td, const struct tdx_td_params *params, u64 *details)
{
	struct tdx_regs regs = { .rcx = page_to_phys(td->tdr), .rdx = __pa(params) };
	u64 status = tdx_seamcall(TDH_MNG_INIT, &regs);

	*details = regs.rcx;
	return status;
}
EXPORT_SYMBOL_GPL(tdh_mng_init);

/**
 * tdh_mng_rd - read a metadata field of a TD
 * @td:	   configured
 * @field: TDX_MD_TDR_* or TDX_MD_TDCS_*
 * @value: set to the value of the field; 0 after a failure
 *
 * TDX Module ABI specification, TDH.MNG.RD.
 *
 * Context: Process.
 * Return:
 * * TDX_METADATA_FIELD_ID_INCORRECT - there is no such field
 * * TDX_METADATA_FIELD_NOT_READABLE - the host is not allowed to read it
 * * others			     - TDX_SUCCESS, or another status
 */
u64 tdh_mng_rd(struct tdx_td *td, u64 field, u64 *value)
{
	struct tdx_regs regs = { .rcx = page_to_phys(td->tdr), .rdx = field };
	u64 status = tdx_seamcall(TDH_MNG_RD, &regs);

	*value = tdx_status_failed(status) ? 0 : regs.r8;
	return status;
}
EXPORT_SYMBOL_GPL(tdh_mng_rd);

/**
 * tdh_mng_vpflushdone - prevent that a TD's vCPUs run again
 * @td: created; all vCPUs that were associated with a CPU are flushed
 *
 * The first step of its destruction, in any state.
 * TDX Module ABI specification, TDH.MNG.VPFLUSHDONE.
 *
 * Context: Process, unlocked.  Locks @td exclusively.
 * Return:
 * * TDX_FLUSHVP_NOT_DONE	   - a vCPU is associated with a CPU
 * * TDX_LIFECYCLE_STATE_INCORRECT - it was done before
 * * others			   - TDX_SUCCESS, or another status
 */
u64 tdh_mng_vpflushdone(struct tdx_td *td)
{
	struct tdx_regs regs = { .rcx = page_to_phys(td->tdr) };

	return seamcall_keyid_table(TDH_MNG_VPFLUSHDONE, &regs);
}
EXPORT_SYMBOL_GPL(tdh_mng_vpflushdone);

/**
 * tdh_mng_key_freeid - let the module free a TD's KeyID
 * @td: after tdh_mng_vpflushdone() and tdh_phymem_cache_wb()
 *
 * Afterwards its pages can be reclaimed, and the caller has to call tdx_keyid_free().
 * TDX Module ABI specification, TDH.MNG.KEY.FREEID.
 *
 * Context: Process, unlocked.  Locks @td exclusively.
 * Return: The completion status; among others TDX_WBCACHE_NOT_COMPLETE.
 */
u64 tdh_mng_key_freeid(struct tdx_td *td)
{
	struct tdx_regs regs = { .rcx = page_to_phys(td->tdr) };

	return seamcall_keyid_table(TDH_MNG_KEY_FREEID, &regs);
}
EXPORT_SYMBOL_GPL(tdh_mng_key_freeid);
