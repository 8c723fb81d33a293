/* SPDX-License-Identifier: GPL-2.0-only */
/* The module's view of the machine, printed at the guest's request. */
#ifndef _TDX_EMU_DUMP_H
#define _TDX_EMU_DUMP_H

/**
 * dump_module() - log the module's state, its logical processors, TDMRs and memory
 */
void dump_module(void);

#endif /* _TDX_EMU_DUMP_H */
