/* SPDX-License-Identifier: GPL-2.0-only */
/* The x2APIC of a TD: which registers are virtualized. */
#ifndef _TDX_EMU_TD_APIC_H
#define _TDX_EMU_TD_APIC_H

#include "cpu/vapic.h"
#include "model/guest.h"

/**
 * td_apic() - the virtual APIC of a TD's vCPU
 * @run:	what runs
 *
 * Return: its registers.
 */
struct vapic td_apic(const struct tdx_model_run *run);

/**
 * td_apic_has_msr() - test for a register that a TD accesses without an exit
 * @msr:	number of an MSR
 *
 * Return: true if it is one; others are the module's.
 */
bool td_apic_has_msr(u32 msr);

#endif /* _TDX_EMU_TD_APIC_H */
