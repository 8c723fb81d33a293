/* SPDX-License-Identifier: GPL-2.0-only */
/* Handling of accesses of the host to memory that is not its own. */
#ifndef _TDX_EMU_FOREIGN_H
#define _TDX_EMU_FOREIGN_H

#include "cpu/cpu.h"

/*
 * A violation: reported with the instruction's address and the CPU, and handled according
 * to the options.  Ends the run if the CPU cannot even take the machine check.
 */
void foreign_access(struct vcpu *vcpu, u64 gpa, bool write);

/* Called by struct vcpu if an emulated instruction of the host accesses unmapped memory. */
void foreign_unreached(struct vcpu *vcpu, u64 gpa, bool write);

#endif /* _TDX_EMU_FOREIGN_H */
