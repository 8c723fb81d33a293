/* SPDX-License-Identifier: GPL-2.0-only */
/* Translations of a TD's guest physical addresses, as the TLB of each CPU has them. */
#ifndef _TDX_EMU_TD_MAP_H
#define _TDX_EMU_TD_MAP_H

#include "cpu/cpu.h"
#include "model/guest.h"

/* Nested page tables of one CPU: 240 MB in pages of 4 KB.  It drops all if they are used up. */
#define TD_MAP_TABLES	128

/**
 * td_map_use() - give a vCPU that is about to run the translations of its CPU
 * @vcpu:	a TD's vCPU on the calling CPU
 * @run:	what runs; translations of other TDs and of other shared EPTs are dropped
 */
void td_map_use(struct vcpu *vcpu, const struct tdx_model_run *run);

/**
 * td_map_leave() - the vCPU does not run any more
 * @cpu:	the calling CPU, which keeps the translations
 */
void td_map_leave(const struct cpu *cpu);

/**
 * td_map_add() - add a translation
 * @cpu:	the calling CPU, after td_map_use()
 * @gpa:	guest physical address in the page
 * @to:		where it leads
 */
void td_map_add(const struct cpu *cpu, u64 gpa, const struct tdx_model_translation *to);

/**
 * td_map_flush() - drop all translations
 * @cpu:	the calling CPU
 */
void td_map_flush(const struct cpu *cpu);

/**
 * td_map_removed() - a page of a TD was removed from its secure EPT, or has moved
 * @tdr:	address of the TD's TDR page
 * @gpa:	guest physical address of the page
 * @pa:		address of the page until now
 *
 * It is a violation if a CPU can use a translation to the page from now on.
 */
void td_map_removed(u64 tdr, u64 gpa, u64 pa);

#endif /* _TDX_EMU_TD_MAP_H */
