/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions of a guest that QEMU's CPU does not know. */
#ifndef _TDX_EMU_UNDEFINED_H
#define _TDX_EMU_UNDEFINED_H

#include "cpu/decode.h"

/**
 * decode_undefined() - decode the instruction at the guest's RIP, behind a #UD
 * @vcpu:	the guest's vCPU
 * @insn:	becomes the instruction; 0 if the emulator does not know it either
 *
 * QEMU raises the #UD before it has read all of the instruction.
 *
 * Return: false if the rest of it cannot be read: a page fault was injected, or
 * vcpu->unreached() has handled that; a nested page fault is one of a fetch.
 */
bool decode_undefined(struct vcpu *vcpu, struct insn *insn);

#endif /* _TDX_EMU_UNDEFINED_H */
