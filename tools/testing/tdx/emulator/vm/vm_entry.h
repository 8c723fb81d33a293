/* SPDX-License-Identifier: GPL-2.0-only */
/* VM entries and VM exits. */
#ifndef _TDX_EMU_VM_ENTRY_H
#define _TDX_EMU_VM_ENTRY_H

#include "cpu/decode.h"

/**
 * vm_launch() - the host has executed VMLAUNCH
 * @vcpu:	vCPU of the host
 * @insn:	the instruction
 *
 * Returns after the VM exit.
 */
void vm_launch(struct vcpu *vcpu, const struct insn *insn);

/**
 * vm_resume() - the host has executed VMRESUME
 * @vcpu:	vCPU of the host
 * @insn:	the instruction
 *
 * Returns after the VM exit.
 */
void vm_resume(struct vcpu *vcpu, const struct insn *insn);

#endif /* _TDX_EMU_VM_ENTRY_H */
