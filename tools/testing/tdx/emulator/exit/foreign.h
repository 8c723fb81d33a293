/* SPDX-License-Identifier: GPL-2.0-only */
/* Handling of accesses of the host to memory that it does not own. */
#ifndef _TDX_EMU_FOREIGN_H
#define _TDX_EMU_FOREIGN_H

#include "cpu/cpu.h"

/*
 * True if the access succeeds when it is repeated: the page was mapped since the fault, or
 * is mapped now because the host may use a page that was a TD's.
 */
bool foreign_is_usable(struct vcpu *vcpu, u64 gpa, bool write);

/*
 * Report a violation with the CPU and the address of the instruction, and
 * handle the access according to the option foreign=.  Ends the run if the CPU
 * cannot take the machine check.
 */
void foreign_access(struct vcpu *vcpu, u64 gpa, bool write);

/* Called by struct vcpu if an emulated instruction of the host accesses unmapped memory. */
void foreign_unreached(struct vcpu *vcpu, u64 gpa, bool write);

#endif /* _TDX_EMU_FOREIGN_H */
