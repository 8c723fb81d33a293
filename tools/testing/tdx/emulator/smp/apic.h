/* SPDX-License-Identifier: GPL-2.0-only */
/* The local APIC: writes of the guest, and the end of an interrupt. */
#ifndef _TDX_EMU_APIC_H
#define _TDX_EMU_APIC_H

#include "cpu/decode.h"

/*
 * Emulate @insn, a write to @gpa in the APIC's page.  Return false if it is not
 * supported.
 */
bool apic_write_exit(struct vcpu *vcpu, const struct insn *insn, u64 gpa);

/* End the interrupt that is in service on the calling CPU, and that the emulator handles itself. */
void apic_end_interrupt(void);

#endif /* _TDX_EMU_APIC_H */
