/* SPDX-License-Identifier: GPL-2.0-only */
/* What a loop of MOVDIR64B does between two of them. */
#ifndef _TDX_EMU_STORE_LOOP_H
#define _TDX_EMU_STORE_LOOP_H

#include "cpu/vcpu.h"

/**
 * struct store_loop - 64-bit code with a MOVDIR64B, and the registers that it uses
 * @gpr:	general registers
 * @rip:	the next instruction
 * @rflags:	with the flags of arithmetic
 * @start:	where @code is
 * @code:	of the guest, around the first MOVDIR64B
 * @bytes:	how much of @code could be read
 * @from:	what the MOVDIR64B at @rip reads
 * @to:		where it stores that
 * @length:	of it, in bytes
 */
struct store_loop {
	u64 gpr[NR_GPRS];
	u64 rip, rflags;
	u64 start;
	u8 code[256];
	unsigned int bytes;
	u64 from, to;
	unsigned int length;
};

/**
 * store_loop_next() - execute the few instructions in front of the next MOVDIR64B
 * @loop:	@gpr to @bytes are given, and @rip is not at a MOVDIR64B; @gpr, @rip and @rflags are
 *		changed, also on failure
 *
 * They may copy, add, subtract and compare 64-bit registers, and jump in @code: compilers make
 * the loop of these, and may have unrolled it.  @from is in a register, without a displacement.
 *
 * Return: true if it was reached: @from, @to and @length are its own.
 */
bool store_loop_next(struct store_loop *loop);

#endif /* _TDX_EMU_STORE_LOOP_H */
