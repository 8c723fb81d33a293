/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions that cause exits: length, operands, addresses. */
#ifndef _TDX_EMU_DECODE_H
#define _TDX_EMU_DECODE_H

#include "cpu/vcpu.h"

enum opcode_map {
	MAP_ONE_BYTE,
	MAP_0F,
	MAP_0F38,
};

enum mandatory_prefix {
	PREFIX_NONE	= 0,
	PREFIX_66	= 1,
	PREFIX_F3	= 2,
	PREFIX_F2	= 4,
};

#define REX_W		8

/* Of struct insn: there is no base or index. */
#define NO_REGISTER	0xff

/* As the instruction information of a VM exit numbers them. */
enum insn_segment { INSN_ES, INSN_CS, INSN_SS, INSN_DS, INSN_FS, INSN_GS };
enum insn_address_size { ADDRESS_16, ADDRESS_32, ADDRESS_64 };

struct insn {
	unsigned int length;
	unsigned int prefixes;		/* of enum mandatory_prefix, or-ed */
	u8 rex;				/* 0 or REX_... */
	bool lock;
	enum opcode_map map;
	u8 opcode;

	u8 modrm;			/* 0 if the instruction has none */
	u8 reg;				/* with REX.R */
	bool mem;			/* memory operand, at linear */
	u64 linear;
	u8 rm;				/* register operand, with REX.B */

	/* how the memory operand is addressed */
	u8 base, index, scale;		/* registers with REX, or NO_REGISTER; log2 of a factor */
	u8 segment;			/* of enum insn_segment */
	u8 address_size;		/* of enum insn_address_size; also without an operand */
	u64 displacement;		/* with RIP, if it is relative to that */
	u64 imm;
	u64 missing;			/* address of the first byte that cannot be read, or 0 */
};

/*
 * Decode the instruction at the guest's RIP.  Return false if it cannot be
 * read, or the emulator does not know it.
 */
bool decode(const struct vcpu *vcpu, struct insn *insn);

/*
 * Find the linear address of the memory operand at the guest's RIP, of any common
 * instruction with a ModRM byte.  Return false if it cannot be found.
 */
bool decode_operand(const struct vcpu *vcpu, u64 *linear);

#endif /* _TDX_EMU_DECODE_H */
