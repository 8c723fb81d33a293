/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that the TDX module owns, without pages that the host has taken back. */
#ifndef _TDX_EMU_OWNER_H
#define _TDX_EMU_OWNER_H

#include "cpu/cpu.h"
#include "model/model.h"

/**
 * owner_init() - set the module
 * @model:	module that knows the owners of memory; it is about to be loaded
 */
void owner_init(const struct tdx_model *model);

/**
 * owner_set() - the module takes the range of a PAMT from the host, or returns it
 * @pa:		start, page-aligned
 * @bytes:	size, a multiple of PAGE_SIZE
 * @owned:	true if the module owns it from now on
 *
 * The host's TLB entries for the range are flushed when owner_settle() returns.
 */
void owner_set(u64 pa, u64 bytes, bool owned);

/**
 * owner_changed_page() - the host has no access to a page any more, which a TD has
 */
void owner_changed_page(void);

/**
 * owner_settle() - make all CPUs see changes of the host's map
 * @self:	calling CPU, which executes the SEAMCALL and has not resumed the guest
 *
 * When this returns, all CPUs see what owner_set() has changed.  After
 * owner_changed_page(), they may execute a few more instructions before they do.
 */
void owner_settle(const struct cpu *self);

/**
 * owner_is_pamt() - test whether a page belongs to a PAMT
 * @pa:		any address in the page
 *
 * Return: true if it does, even if the host has taken it back.
 */
bool owner_is_pamt(u64 pa);

/**
 * owner_pamt_keyid() - get the KeyID of PAMTs
 *
 * Return: the KeyID, or 0 if there are no PAMTs.
 */
u16 owner_pamt_keyid(void);

/**
 * owner_direct_store() - the host overwrites a line with MOVDIR64B
 * @pa:		address of the line
 *
 * The host takes memory back in this way from a module that it does not use any more, and
 * makes pages usable that the module returned.  A page belongs to the host when all its
 * lines were overwritten.
 *
 * Return: false if the line is the host's, or has no owner.
 */
bool owner_direct_store(u64 pa);

/**
 * owner_module_write() - report an access of the module to a page that the host took back
 * @cpu:	calling CPU
 * @pa:		address that is accessed
 */
void owner_module_write(const struct cpu *cpu, u64 pa);

/**
 * owner_count() - count the pages that the module owns, and those that the host took back
 * @owned:	pages that the module owns and the host has not taken back
 * @taken_back:	PAMT pages that the host has taken back
 */
void owner_count(u64 *owned, u64 *taken_back);

/**
 * owner_nr_td_keyids() - count the KeyIDs of TDs
 *
 * Return: KeyIDs that cannot be used for new TDs.
 */
unsigned int owner_nr_td_keyids(void);

/**
 * owner_report() - log the memory that the module owns, for the report at the end
 */
void owner_report(void);

#endif /* _TDX_EMU_OWNER_H */
