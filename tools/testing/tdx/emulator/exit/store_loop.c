// SPDX-License-Identifier: GPL-2.0-only
/* The instructions that compilers make loops of MOVDIR64B of. */
#include <linux/string.h>

#include "exit/store_loop.h"

/* More than a loop has between two of them */
#define MAX_STEPS	16

#define OPCODE_IMM32	0x81
#define OPCODE_IMM8	0x83
#define OPCODE_MOV_TO	0x89
#define OPCODE_MOV_FROM	0x8b
#define OPCODE_LEA	0x8d

/* Arithmetic, as opcodes and ModRM number it */
enum { OP_ADD = 0, OP_SUB = 5, OP_CMP = 7 };

/* An instruction with REX.W, an opcode of one byte, and a ModRM byte; numbers with REX */
struct fields {
	u8 rex, opcode, modrm;
	unsigned int mod, reg, rm;
};

/* NULL if they are not in the code. */
static const u8 *code_at(const struct store_loop *loop, unsigned int offset, unsigned int bytes)
{
	u64 at = loop->rip - loop->start + offset;

	return at < loop->bytes && bytes <= loop->bytes - at ? loop->code + at : NULL;
}

static u64 signed_bytes(const u8 *code, unsigned int bytes)
{
	s32 value;

	if (bytes == 1)
		return (s64)(s8)*code;
	memcpy(&value, code, sizeof(value));
	return (s64)value;
}

static u64 overflow(u64 a, u64 b, u64 result, bool add)
{
	return (add ? (a ^ result) & (b ^ result) : (a ^ b) & (a ^ result)) >> 63;
}

/* SDM vol. 1, 3.4.3.1 */
static u64 flags_of(u64 a, u64 b, u64 result, bool add)
{
	return ((add ? result < a : a < b) ? X86_EFLAGS_CF : 0) |
	       (__builtin_parity(result & 0xff) ? 0 : X86_EFLAGS_PF) |
	       ((a ^ b ^ result) & X86_EFLAGS_AF) |
	       (result ? 0 : X86_EFLAGS_ZF) |
	       (result >> 63 ? X86_EFLAGS_SF : 0) |
	       (overflow(a, b, result, add) ? X86_EFLAGS_OF : 0);
}

static bool calculate(struct store_loop *loop, unsigned int operation, unsigned int reg, u64 value)
{
	u64 before = loop->gpr[reg], result = before;

	if (operation == OP_ADD)
		result += value;
	else if (operation == OP_SUB || operation == OP_CMP)
		result -= value;
	else
		return false;
	loop->rflags = (loop->rflags & ~X86_EFLAGS_ARITH) |
		       flags_of(before, value, result, operation == OP_ADD);
	if (operation != OP_CMP)
		loop->gpr[reg] = result;
	return true;
}

/* The conditions of jumps come in pairs, of which the second is the opposite.  SDM vol. 1, B.1. */
static bool condition(u64 rflags, unsigned int number)
{
	const bool carry = rflags & X86_EFLAGS_CF, zero = rflags & X86_EFLAGS_ZF,
		   less = !(rflags & X86_EFLAGS_SF) != !(rflags & X86_EFLAGS_OF);
	const bool conditions[] = {
		rflags & X86_EFLAGS_OF, carry, zero, carry || zero,
		rflags & X86_EFLAGS_SF, rflags & X86_EFLAGS_PF, less, less || zero,
	};

	return conditions[number >> 1] != (number & 1);
}

static bool jump(struct store_loop *loop, const u8 *code)
{
	u64 distance = condition(loop->rflags, code[0] & 0xf) ? signed_bytes(code + 1, 1) : 0;

	loop->rip += 2 + distance;
	return true;
}

/* Arithmetic with an operand of 1 or 4 bytes behind ModRM */
static bool with_constant(struct store_loop *loop, const struct fields *f)
{
	unsigned int bytes = f->opcode == OPCODE_IMM8 ? 1 : 4;
	const u8 *constant = code_at(loop, 3, bytes);

	if (!constant)
		return false;
	loop->rip += 3 + bytes;
	return calculate(loop, f->modrm >> 3 & 7, f->rm, signed_bytes(constant, bytes));
}

/* SDM vol. 2, tables 2-2 and 2-3; without addresses that are relative to RIP, or have no base */
static bool load_address(struct store_loop *loop, const struct fields *f)
{
	unsigned int displacement = f->mod == 0 ? 0 : f->mod == 1 ? 1 : 4, length = 3, base = f->rm;
	const u8 *code = code_at(loop, length, 1 + displacement);
	u64 address = 0;
	u8 index;

	if (f->mod == 3 || !code)
		return false;
	if ((f->rm & 7) == RSP) {
		base = (*code & 7) | (f->rex & 1) << 3;
		index = (*code >> 3 & 7) | (f->rex & 2) << 2;
		if (index != RSP)
			address = loop->gpr[index] << (*code >> 6);
		code++;
		length++;
	}
	if (f->mod == 0 && (base & 7) == RBP)
		return false;
	address += loop->gpr[base];
	if (displacement)
		address += signed_bytes(code, displacement);
	loop->gpr[f->reg] = address;
	loop->rip += length + displacement;
	return true;
}

static bool with_registers(struct store_loop *loop, const struct fields *f)
{
	bool reversed = f->opcode & 2;
	unsigned int to = reversed ? f->reg : f->rm, from = reversed ? f->rm : f->reg;

	loop->rip += 3;
	if (f->opcode != OPCODE_MOV_TO && f->opcode != OPCODE_MOV_FROM)
		return calculate(loop, f->opcode >> 3, to, loop->gpr[from]);
	loop->gpr[to] = loop->gpr[from];
	return true;
}

static bool step(struct store_loop *loop)
{
	const u8 *code = code_at(loop, 0, 3);
	struct fields f;

	if (!code)
		return false;
	if ((code[0] & 0xf0) == 0x70)
		return jump(loop, code);
	f = (struct fields){
		.rex = code[0], .opcode = code[1], .modrm = code[2], .mod = code[2] >> 6,
		.reg = (code[2] >> 3 & 7) | (code[0] & 4) << 1,
		.rm = (code[2] & 7) | (code[0] & 1) << 3,
	};
	if ((f.rex & 0xf8) != 0x48)
		return false;
	if (f.opcode == OPCODE_LEA)
		return load_address(loop, &f);
	if (f.mod != 3)
		return false;
	if (f.opcode == OPCODE_IMM8 || f.opcode == OPCODE_IMM32)
		return with_constant(loop, &f);
	if (f.opcode == OPCODE_MOV_TO || f.opcode == OPCODE_MOV_FROM || (f.opcode & 0xc5) == 1)
		return with_registers(loop, &f);
	return false;
}

/* 66, REX if there is one, 0F 38 F8, and a ModRM byte that names two registers */
static bool at_direct_store(struct store_loop *loop)
{
	const u8 *code = code_at(loop, 0, 6);
	u8 rex = 0, modrm;

	if (!code || code[0] != 0x66)
		return false;
	if ((code[1] & 0xf0) == 0x40)
		rex = *++code;
	if (code[1] != 0x0f || code[2] != 0x38 || code[3] != 0xf8)
		return false;
	modrm = code[4];
	loop->length = rex ? 6 : 5;
	loop->from = loop->gpr[(modrm & 7) | (rex & 1) << 3];
	loop->to = loop->gpr[(modrm >> 3 & 7) | (rex & 4) << 1];
	return modrm >> 6 == 0 && (modrm & 7) != RSP && (modrm & 7) != RBP;
}

bool store_loop_next(struct store_loop *loop)
{
	unsigned int steps;

	for (steps = 0; steps < MAX_STEPS && step(loop); steps++) {
		if (at_direct_store(loop))
			return true;
	}
	return false;
}
