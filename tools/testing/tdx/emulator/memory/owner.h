/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that the TDX module owns: its PAMTs, without pages that the host has taken back. */
#ifndef _TDX_EMU_OWNER_H
#define _TDX_EMU_OWNER_H

#include "cpu/cpu.h"
#include "model/model.h"

/**
 * owner_init() - there is a module
 * @model:	the module that is asked which memory is its own; is about to be loaded
 */
void owner_init(const struct tdx_model *model);

/**
 * owner_set() - the module takes a range from the host, or returns it
 * @pa:		where it begins; a page's address
 * @bytes:	its size, whole pages
 * @owned:	it is the module's from now on
 *
 * What the host may still have in TLBs is gone when owner_settle() returns.
 */
void owner_set(u64 pa, u64 bytes, bool owned);

/**
 * owner_settle() - make all CPUs see what owner_set() has changed
 * @self:	the calling CPU, in whose SEAMCALL that was, before the guest goes on
 */
void owner_settle(const struct cpu *self);

/**
 * owner_is_module() - find the owner of a page
 * @pa:		in the page
 *
 * Return: true if it is the module's, also if the host has taken it back.
 */
bool owner_is_module(u64 pa);

/**
 * owner_pamt_keyid() - the KeyID that the module writes PAMTs with
 *
 * Return: it, or 0 if there are no PAMTs.
 */
u16 owner_pamt_keyid(void);

/**
 * owner_direct_store() - the host overwrites a line with MOVDIR64B
 * @pa:		of the line
 *
 * That is how it takes PAMT memory back from a module that it gives up; a page is the
 * host's when all its lines were overwritten.
 *
 * Return: false if the line is not the module's, or was taken back before.
 */
bool owner_direct_store(u64 pa);

/**
 * owner_module_write() - the module writes: a violation if the host has taken that page back
 * @cpu:	the calling CPU
 * @pa:		where it writes
 */
void owner_module_write(const struct cpu *cpu, u64 pa);

/**
 * owner_count() - count the pages that the module owns, and those that the host took back
 * @owned:	not counting the latter
 * @taken_back:	of PAMTs
 */
void owner_count(u64 *owned, u64 *taken_back);

/**
 * owner_report() - log what the module owns at the end
 */
void owner_report(void);

#endif /* _TDX_EMU_OWNER_H */
