/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's writes to the local APIC. */
#ifndef _TDX_EMU_APIC_H
#define _TDX_EMU_APIC_H

#include "cpu/decode.h"

/*
 * Emulate @insn, a write to @gpa in the APIC's page.  Return false if it is not
 * supported.
 */
bool apic_write_exit(struct vcpu *vcpu, const struct insn *insn, u64 gpa);

#endif /* _TDX_EMU_APIC_H */
