/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private KeyIDs of TDs.
 */
#ifndef _X86_VIRT_TDX_KEYID_H
#define _X86_VIRT_TDX_KEYID_H

#include <linux/mutex.h>
#include <linux/types.h>

struct tdx_platform;

/*
 * Serializes leaves that use the module's table of KeyIDs (KOT).  The module locks it
 * exclusively for changes, and shared while it writes back caches; other leaves then
 * return TDX_OPERAND_BUSY.  The mutex is held for some milliseconds for each package.
 * Only cpus_read_lock() is taken inside of it.
 */
extern struct mutex tdx_keyid_table_mutex;

/**
 * struct tdx_keyid_counts - numbers of private KeyIDs for TDs
 * @free:  KeyIDs that can be allocated
 * @used:  KeyIDs of TDs
 * @burnt: KeyIDs that are never used again
 */
struct tdx_keyid_counts {
	unsigned int free;
	unsigned int used;
	unsigned int burnt;
};

void tdx_keyid_setup(const struct tdx_platform *platform);
u16 tdx_keyid_global(void);
u64 tdx_keyid_address(u16 keyid, u64 pa);
bool tdx_keyids_are_used(void);
struct tdx_keyid_counts tdx_keyids_count(void);

#endif /* _X86_VIRT_TDX_KEYID_H */
