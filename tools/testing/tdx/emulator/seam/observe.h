/* SPDX-License-Identifier: GPL-2.0-only */
/* Observation of SEAMCALLs: caches, ownership of memory, log and trace. */
#ifndef _TDX_EMU_OBSERVE_H
#define _TDX_EMU_OBSERVE_H

#include "cpu/cpu.h"
#include "model/model.h"

/**
 * struct seamcall - one SEAMCALL, from the instruction to its end
 *
 * @cpu:	CPU that executes it
 * @leaf:	number of the leaf
 * @start_us:	start time
 * @in:		registers before
 * @out:	registers after
 * @why:	the module's reason for a failure; "" after success
 */
struct seamcall {
	struct cpu *cpu;
	u64 leaf;
	u64 start_us;
	struct tdx_model_regs in, out;
	const char *why;
};

/**
 * observe_before_leaf() - the module is about to be called
 * @call:	the SEAMCALL, without results; on the calling CPU
 *
 * Return: argument for observe_after_leaf().
 */
u16 observe_before_leaf(const struct seamcall *call);

/**
 * observe_after_leaf() - the module has returned; the guest is not resumed yet
 * @call:	the SEAMCALL, with its results; on the calling CPU
 * @first:	return value of observe_before_leaf()
 *
 * When this returns no CPU has a translation of memory that the module has taken for
 * PAMTs, and none will have one of pages that it has taken for TDs.
 */
void observe_after_leaf(const struct seamcall *call, u16 first);

/**
 * observe_end() - a SEAMCALL has ended, also if its status was injected
 * @call:	the complete SEAMCALL; on the calling CPU
 */
void observe_end(const struct seamcall *call);

#endif /* _TDX_EMU_OBSERVE_H */
