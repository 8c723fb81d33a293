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
 * The module's table of KeyIDs (KOT): it takes it exclusively for a change, shared
 * while it writes back caches, and answers TDX_OPERAND_BUSY to the other.  So all of
 * that is done under this mutex, which is held for some milliseconds for each package.
 * Innermost but for cpus_read_lock().
 */
extern struct mutex tdx_keyid_table_mutex;

/**
 * struct tdx_keyid_counts - how many private KeyIDs there are for TDs
 * @free:  can be allocated
 * @used:  belong to TDs
 * @burnt: can never be used again
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
struct tdx_keyid_counts tdx_keyid_counts(void);

#endif /* _X86_VIRT_TDX_KEYID_H */
