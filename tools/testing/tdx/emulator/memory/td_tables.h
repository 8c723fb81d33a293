/* SPDX-License-Identifier: GPL-2.0-only */
/* Do the secure EPTs and the PAMTs of the module agree? */
#ifndef _TDX_EMU_TD_TABLES_H
#define _TDX_EMU_TD_TABLES_H

#include "model/model.h"

/**
 * td_tables_check() - compare the secure EPTs of all TDs with the PAMTs
 * @module:	the module, in which no CPU executes a leaf
 *
 * Each difference is a violation.  Memory that the host has taken back is not checked.
 */
void td_tables_check(const struct tdx_model *module);

/**
 * td_tables_dump() - the same, and log the entries of the secure EPTs
 * @module:	the module, in which no CPU executes a leaf
 *
 * Each line has the level of the entry, 0 for a page of 4 KB, the guest address and the page.
 */
void td_tables_dump(const struct tdx_model *module);

/**
 * td_tables_check_td() - the same for one TD
 * @module:	the module; other CPUs may execute leaves for other TDs
 * @tdr:	address of the TD's TDR page
 */
void td_tables_check_td(const struct tdx_model *module, u64 tdr);

/**
 * td_tables_report() - log how often a TD was checked, for the report at the end
 */
void td_tables_report(void);

#endif /* _TDX_EMU_TD_TABLES_H */
