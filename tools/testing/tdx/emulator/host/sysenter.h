/* SPDX-License-Identifier: GPL-2.0-only */
/* SYSENTER in long mode. */
#ifndef _TDX_EMU_SYSENTER_H
#define _TDX_EMU_SYSENTER_H

#include "cpu/decode.h"

/* Emulate SYSENTER, or inject its exception. */
void sysenter(struct vcpu *vcpu, const struct insn *insn);

#endif /* _TDX_EMU_SYSENTER_H */
