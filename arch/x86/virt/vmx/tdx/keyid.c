// SPDX-License-Identifier: GPL-2.0-only
/*
 * Private KeyIDs of TDs, and the cgroups that are charged for them.
 *
 * The first private KeyID is the global one, used by the module itself.  The KeyID of a
 * TD that could not be torn down is burnt: the module refuses it for other TDs.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/misc_cgroup.h>
#include <linux/sched.h>
#include <linux/xarray.h>

#include <asm/tdx_td.h>

#include "keyid.h"
#include "platform.h"

/* For the module's table, see keyid.h. */
DEFINE_MUTEX(tdx_keyid_table_mutex);

/* By KeyID: the cgroup that is charged for it; or BURNT. */
static DEFINE_XARRAY_ALLOC(charges);

#define BURNT	xa_mk_value(0)

/* Protects the following and @charges.  @used is also read without it. */
static DEFINE_MUTEX(lock);

static struct tdx_platform keyids;	/* set by tdx_keyid_setup() */
static unsigned int used, burnt;

/* The limit of all charges, shown in misc.capacity. */
static void set_capacity(void)
{
	misc_cg_set_capacity(MISC_CG_RES_TDX, tdx_platform_td_keyids(&keyids) - burnt);
}

static bool is_unchanged(const struct tdx_platform *platform)
{
	return keyids.first_private_keyid == platform->first_private_keyid &&
	       keyids.nr_private_keyids == platform->nr_private_keyids &&
	       keyids.keyid_shift == platform->keyid_shift;
}

/**
 * tdx_keyid_setup - set the range of KeyIDs
 * @platform: configuration by the BIOS; without KeyIDs, all state is reset, for tests
 *
 * Does nothing if @platform is the same as in the last call.
 *
 * Context: Process context, may sleep.
 */
void tdx_keyid_setup(const struct tdx_platform *platform)
{
	mutex_lock(&lock);
	if (!is_unchanged(platform)) {
		xa_destroy(&charges);
		keyids = *platform;
		WRITE_ONCE(used, 0);
		burnt = 0;
		set_capacity();
	}
	mutex_unlock(&lock);
}

/**
 * tdx_keyid_global - the KeyID of the module itself
 *
 * It encrypts PAMTs and TDR pages.
 *
 * Context: Any, after tdx_init() returned 0.
 * Return: The KeyID.
 */
u16 tdx_keyid_global(void)
{
	return keyids.first_private_keyid;
}

/**
 * tdx_keyid_address - add a KeyID to a physical address
 * @keyid: the KeyID
 * @pa:	   the address, without KeyID
 *
 * Context: Any, after tdx_init() returned 0.
 * Return: The operand of a leaf that writes back lines with that KeyID.
 */
u64 tdx_keyid_address(u16 keyid, u64 pa)
{
	return pa | (u64)keyid << keyids.keyid_shift;
}

/**
 * tdx_keyids_are_used - does a TD have a KeyID?
 *
 * Before a KeyID is freed, the caches of all packages have to be written back.
 *
 * Context: Any.
 * Return: True if at least one TD has a KeyID.
 */
bool tdx_keyids_are_used(void)
{
	return READ_ONCE(used);
}

/**
 * tdx_keyids_count - count the KeyIDs for TDs
 *
 * Context: Process context, may sleep.
 * Return: The numbers.
 */
struct tdx_keyid_counts tdx_keyids_count(void)
{
	struct tdx_keyid_counts counts;

	mutex_lock(&lock);
	counts = (struct tdx_keyid_counts) {
		.free  = tdx_platform_td_keyids(&keyids) - used - burnt,
		.used  = used,
		.burnt = burnt,
	};
	mutex_unlock(&lock);
	return counts;
}

static int charge(u32 keyid)
{
	struct misc_cg *cg = get_current_misc_cg();
	int ret = misc_cg_try_charge(MISC_CG_RES_TDX, cg, 1);

	if (ret)
		put_misc_cg(cg);
	else
		xa_store(&charges, keyid, cg, GFP_KERNEL);
	return ret;
}

static void uncharge(u32 keyid)
{
	struct misc_cg *cg = xa_load(&charges, keyid);

	misc_cg_uncharge(MISC_CG_RES_TDX, cg, 1);
	put_misc_cg(cg);
}

static int alloc(u32 *keyid)
{
	u32 first = keyids.first_private_keyid + 1, nr = tdx_platform_td_keyids(&keyids);
	int ret;

	if (!nr)
		return -ENOSPC;
	ret = xa_alloc(&charges, keyid, NULL, XA_LIMIT(first, first + nr - 1), GFP_KERNEL);
	if (ret)
		return ret == -EBUSY ? -ENOSPC : ret;

	ret = charge(*keyid);
	if (ret)
		xa_erase(&charges, *keyid);
	return ret;
}

/**
 * tdx_keyid_alloc - allocate a private KeyID for a TD
 * @td: a TD without KeyID and pages; its keyid and creator are set
 *
 * An earlier attempt to create it may have failed: pages that were leaked then have nothing to
 * do with the new TD.
 *
 * The misc cgroup of the current process is charged with one unit of "tdx", until
 * tdx_keyid_free() or tdx_keyid_burn().
 *
 * Context: Process context, may sleep.  After tdx_init() returned 0.
 * Return:
 * * 0	     - success
 * * -ENOSPC - no KeyID is free
 * * -ENOMEM - no memory
 * * others  - the cgroup's limit: see misc_cg_try_charge()
 */
int tdx_keyid_alloc(struct tdx_td *td)
{
	u32 keyid;
	int ret;

	mutex_lock(&lock);
	ret = alloc(&keyid);
	if (!ret) {
		td->keyid = keyid;
		td->creator = task_tgid_nr(current);
		td->owner = 0;
		atomic_set(&td->nr_leaked, 0);
		WRITE_ONCE(used, used + 1);
	}
	mutex_unlock(&lock);
	return ret;
}
EXPORT_SYMBOL_GPL(tdx_keyid_alloc);

/**
 * tdx_keyid_free - free the KeyID of a TD
 * @td: its keyid is set to 0; nothing is done if it is 0
 *
 * Context: Process context, may sleep.  The module does not use the KeyID, because
 *	    tdh_mng_create() failed or was not called, or after tdh_mng_key_freeid().
 */
void tdx_keyid_free(struct tdx_td *td)
{
	if (!td->keyid)
		return;

	mutex_lock(&lock);
	uncharge(td->keyid);
	xa_erase(&charges, td->keyid);
	WRITE_ONCE(used, used - 1);
	mutex_unlock(&lock);
	td->keyid = 0;
}
EXPORT_SYMBOL_GPL(tdx_keyid_free);

/**
 * tdx_keyid_burn - never use the KeyID of a TD again
 * @td: its keyid is set to 0; nothing is done if it is 0
 *
 * For a KeyID that the module did not free.  It is not charged any more, and is removed
 * from the capacity of the misc cgroup.  It is logged by the caller.
 *
 * Context: Process context, may sleep.
 */
void tdx_keyid_burn(struct tdx_td *td)
{
	if (!td->keyid)
		return;

	mutex_lock(&lock);
	uncharge(td->keyid);
	xa_store(&charges, td->keyid, BURNT, GFP_KERNEL);
	burnt++;
	WRITE_ONCE(used, used - 1);
	set_capacity();
	mutex_unlock(&lock);
	td->keyid = 0;
}
EXPORT_SYMBOL_GPL(tdx_keyid_burn);
