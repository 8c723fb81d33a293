/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions that a TD executes without an exit on a CPU with VMX. */
#ifndef _TDX_EMU_TD_INSN_H
#define _TDX_EMU_TD_INSN_H

#include "cpu/decode.h"
#include "cpu/vapic.h"
#include "model/guest.h"

/**
 * td_insn_native() - emulate an instruction that was intercepted
 * @vcpu:	vCPU at the instruction
 * @insn:	the instruction
 * @run:	what runs
 * @apic:	its virtual APIC
 *
 * Return: false if the instruction is the module's.
 */
bool td_insn_native(struct vcpu *vcpu, const struct insn *insn, const struct tdx_model_run *run,
		    const struct vapic *apic);

/**
 * td_insn_emulate() - emulate an instruction that QEMU's CPU does not have
 * @vcpu:	vCPU at the instruction; gets #UD if there is no such instruction
 * @insn:	the instruction
 */
void td_insn_emulate(struct vcpu *vcpu, const struct insn *insn);

/**
 * td_insn_reserved_address() - deliver the page fault of a guest physical address that is too
 * wide
 * @vcpu:	vCPU at the instruction
 * @access:	access to the address; its linear address is 0 if it is not known
 */
void td_insn_reserved_address(struct vcpu *vcpu, const struct tdx_model_access *access);

#endif /* _TDX_EMU_TD_INSN_H */
