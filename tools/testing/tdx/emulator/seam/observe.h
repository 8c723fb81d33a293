/* SPDX-License-Identifier: GPL-2.0-only */
/* Observation of SEAMCALLs: caches, ownership of memory, log and trace. */
#ifndef _TDX_EMU_OBSERVE_H
#define _TDX_EMU_OBSERVE_H

#include "cpu/cpu.h"
#include "model/model.h"

/**
 * struct seamcall - one SEAMCALL, from the instruction to its end
 *
 * @cpu:	that executes it
 * @leaf:	number of the leaf
 * @start_us:	when it began
 * @in:		registers before
 * @out:	registers after
 * @why:	it failed: the module's reason; "" after success
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
 * @call:	what is known of it then; by its CPU
 *
 * Return: what observe_after_leaf() wants to know.
 */
u16 observe_before_leaf(const struct seamcall *call);

/**
 * observe_after_leaf() - the module has returned; the guest has not gone on yet
 * @call:	with its results; by its CPU
 * @first:	what observe_before_leaf() has returned
 *
 * When this returns no CPU has a translation of memory that the module has taken.
 */
void observe_after_leaf(const struct seamcall *call, u16 first);

/**
 * observe_end() - a SEAMCALL is over, be it that its status was injected
 * @call:	all of it; by its CPU
 */
void observe_end(const struct seamcall *call);

#endif /* _TDX_EMU_OBSERVE_H */
