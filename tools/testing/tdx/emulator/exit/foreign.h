/* SPDX-License-Identifier: GPL-2.0-only */
/* What happens to a host that reaches for memory that is not its own. */
#ifndef _TDX_EMU_FOREIGN_H
#define _TDX_EMU_FOREIGN_H

#include "cpu/cpu.h"

/*
 * A violation: reported with the instruction's address and the CPU, and answered as
 * the options say.  Ends the run if the CPU cannot even take the machine check.
 */
void foreign_access(struct vcpu *vcpu, u64 gpa, bool write);

/* What struct vcpu calls when an instruction of the host's that is emulated reaches nothing. */
void foreign_unreached(struct vcpu *vcpu, u64 gpa, bool write);

#endif /* _TDX_EMU_FOREIGN_H */
