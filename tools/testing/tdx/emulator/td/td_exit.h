/* SPDX-License-Identifier: GPL-2.0-only */
/* An exit of a TD's vCPU from the guest in the module's format, which is that of VMX. */
#ifndef _TDX_EMU_TD_EXIT_H
#define _TDX_EMU_TD_EXIT_H

#include "cpu/decode.h"
#include "model/guest.h"

/**
 * td_exit_instruction() - describe an exit that an instruction has caused
 * @vcpu:	vCPU at the instruction
 * @insn:	the instruction
 * @exit:	becomes the description, without the event in delivery
 *
 * Return: false if a TD's exit has no such reason.
 */
bool td_exit_instruction(struct vcpu *vcpu, const struct insn *insn, struct tdx_model_exit *exit);

/**
 * td_exit_undefined() - describe the exit of an instruction that QEMU's CPU does not have
 * @vcpu:	vCPU at the instruction, which has raised #UD
 * @insn:	the instruction
 * @exit:	becomes the description, without the event in delivery
 *
 * Return: false if the instruction is to raise the exception that was injected, or if no
 * exit reason belongs to it; then none was injected.
 */
bool td_exit_undefined(struct vcpu *vcpu, const struct insn *insn, struct tdx_model_exit *exit);

#endif /* _TDX_EMU_TD_EXIT_H */
