// SPDX-License-Identifier: GPL-2.0-only
/* A decoder for the instructions that cause exits. */
#include <linux/string.h>

#include "cpu/decode.h"
#include "cpu/walk.h"

#define MAX_INSN_BYTES	15

#define REX_R		4
#define REX_X		2
#define REX_B		1

/* Parts of the instruction after the opcode. */
#define F_MODRM		BIT_ULL(0)
#define F_REG_ONLY	BIT_ULL(1)	/* ModRM names registers, mod is ignored */
#define F_IMM32		BIT_ULL(2)	/* 16 bits with a 66 prefix */
#define F_IMM8		BIT_ULL(3)
#define F_OFFSET	BIT_ULL(4)	/* the address of a memory operand */

struct opcode {
	enum opcode_map map;
	u8 opcode;
	u8 flags;
};

static const struct opcode opcodes[] = {
	/* accesses to the local APIC's page: XCHG, MOV, MOVZX */
	{ MAP_ONE_BYTE, 0x86, F_MODRM },
	{ MAP_ONE_BYTE, 0x87, F_MODRM },
	{ MAP_ONE_BYTE, 0x88, F_MODRM },
	{ MAP_ONE_BYTE, 0x89, F_MODRM },
	{ MAP_ONE_BYTE, 0x8a, F_MODRM },
	{ MAP_ONE_BYTE, 0x8b, F_MODRM },
	{ MAP_ONE_BYTE, 0xa0, F_OFFSET },
	{ MAP_ONE_BYTE, 0xa1, F_OFFSET },
	{ MAP_ONE_BYTE, 0xa2, F_OFFSET },
	{ MAP_ONE_BYTE, 0xa3, F_OFFSET },
	{ MAP_ONE_BYTE, 0xc6, F_MODRM | F_IMM8 },
	{ MAP_ONE_BYTE, 0xc7, F_MODRM | F_IMM32 },
	{ MAP_0F, 0xb6, F_MODRM },
	{ MAP_0F, 0xb7, F_MODRM },
	/* software interrupts */
	{ MAP_ONE_BYTE, 0xcc, 0 },
	{ MAP_ONE_BYTE, 0xcd, F_IMM8 },
	{ MAP_ONE_BYTE, 0xce, 0 },
	/* I/O: INS, OUTS, IN, OUT */
	{ MAP_ONE_BYTE, 0x6c, 0 },
	{ MAP_ONE_BYTE, 0x6d, 0 },
	{ MAP_ONE_BYTE, 0x6e, 0 },
	{ MAP_ONE_BYTE, 0x6f, 0 },
	{ MAP_ONE_BYTE, 0xe4, F_IMM8 },
	{ MAP_ONE_BYTE, 0xe5, F_IMM8 },
	{ MAP_ONE_BYTE, 0xe6, F_IMM8 },
	{ MAP_ONE_BYTE, 0xe7, F_IMM8 },
	{ MAP_ONE_BYTE, 0xec, 0 },
	{ MAP_ONE_BYTE, 0xed, 0 },
	{ MAP_ONE_BYTE, 0xee, 0 },
	{ MAP_ONE_BYTE, 0xef, 0 },
	/* intercepted because the guest's view differs from the CPU's */
	{ MAP_ONE_BYTE, 0x90, 0 },			/* PAUSE */
	{ MAP_ONE_BYTE, 0xf4, 0 },			/* HLT */
	{ MAP_0F, 0x00, F_MODRM },			/* SLDT, STR, LLDT, LTR */
	{ MAP_0F, 0x06, 0 },				/* CLTS */
	{ MAP_0F, 0x08, 0 },				/* INVD */
	{ MAP_0F, 0x09, 0 },				/* WBINVD, WBNOINVD */
	{ MAP_0F, 0x20, F_MODRM | F_REG_ONLY },		/* MOV from CR */
	{ MAP_0F, 0x21, F_MODRM | F_REG_ONLY },		/* MOV from DR */
	{ MAP_0F, 0x22, F_MODRM | F_REG_ONLY },		/* MOV to CR */
	{ MAP_0F, 0x23, F_MODRM | F_REG_ONLY },		/* MOV to DR */
	{ MAP_0F, 0x30, 0 },				/* WRMSR */
	{ MAP_0F, 0x31, 0 },				/* RDTSC */
	{ MAP_0F, 0x32, 0 },				/* RDMSR */
	{ MAP_0F, 0x33, 0 },				/* RDPMC */
	{ MAP_0F, 0xa2, 0 },				/* CPUID */
	/* invalid opcodes to QEMU's CPU */
	{ MAP_0F, 0x01, F_MODRM },			/* VMXOFF, SEAMCALL, TDCALL, SMSW, ... */
	{ MAP_0F, 0x34, 0 },				/* SYSENTER */
	{ MAP_0F, 0x78, F_MODRM },			/* VMREAD */
	{ MAP_0F, 0x79, F_MODRM },			/* VMWRITE */
	{ MAP_0F, 0xc7, F_MODRM },			/* VMXON, VMCLEAR, VMPTRLD, VMPTRST */
	{ MAP_0F38, 0x80, F_MODRM },			/* INVEPT */
	{ MAP_0F38, 0x81, F_MODRM },			/* INVVPID */
	{ MAP_0F38, 0xf8, F_MODRM },			/* MOVDIR64B */
};

enum segment { SEG_DEFAULT, SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS };

struct cursor {
	const struct vcpu *vcpu;
	u8 bytes[MAX_INSN_BYTES];
	unsigned int available, at;
	bool overrun;
	bool short_address;	/* 67 prefix */
	unsigned int following;	/* bytes behind the operands */
	enum segment segment;
};

static u64 next(struct cursor *c, unsigned int bytes)
{
	u64 value = 0;

	if (c->at + bytes > c->available) {
		c->overrun = true;
		return 0;
	}
	memcpy(&value, c->bytes + c->at, bytes);
	c->at += bytes;
	return value;
}

static bool prefix(struct cursor *c, struct insn *insn, u8 byte)
{
	switch (byte) {
	case 0x66:
		insn->prefixes |= PREFIX_66;
		return true;
	case 0xf2:
		insn->prefixes = (insn->prefixes & PREFIX_66) | PREFIX_F2;
		return true;
	case 0xf3:
		insn->prefixes = (insn->prefixes & PREFIX_66) | PREFIX_F3;
		return true;
	case 0x67:
		c->short_address = true;
		return true;
	case 0xf0:
		insn->lock = true;
		return true;
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
		c->segment = SEG_ES + (byte - 0x26) / 8;
		return true;
	case 0x64:
	case 0x65:
		c->segment = SEG_FS + (byte - 0x64);
		return true;
	}
	return false;
}

static u8 parse_prefixes(struct cursor *c, struct insn *insn)
{
	u8 byte;

	for (;;) {
		byte = next(c, 1);
		/* A REX is effective only directly before the opcode */
		if (prefix(c, insn, byte))
			insn->rex = 0;
		else if (vcpu_64bit_code(c->vcpu) && (byte & 0xf0) == 0x40)
			insn->rex = byte;
		else
			return byte;
	}
}

static void parse_opcode(struct cursor *c, struct insn *insn)
{
	insn->opcode = parse_prefixes(c, insn);
	insn->map = MAP_ONE_BYTE;
	if (insn->opcode != 0x0f)
		return;
	insn->map = MAP_0F;
	insn->opcode = next(c, 1);
	if (insn->opcode != 0x38)
		return;
	insn->map = MAP_0F38;
	insn->opcode = next(c, 1);
}

static u64 segment_base(const struct cursor *c, bool stack_relative)
{
	const struct vmcb *v = &c->vcpu->vmcb;

	switch (c->segment) {
	case SEG_FS:
		/* VMRUN does not switch FS and GS: the CPU has the guest's */
		return native_rdmsr(MSR_FS_BASE);
	case SEG_GS:
		return native_rdmsr(MSR_GS_BASE);
	default:
		break;
	}
	if (vcpu_64bit_code(c->vcpu))
		return 0;
	switch (c->segment) {
	case SEG_ES:
		return v->es.base;
	case SEG_CS:
		return v->cs.base;
	case SEG_SS:
		return v->ss.base;
	case SEG_DS:
		return v->ds.base;
	default:
		return stack_relative ? v->ss.base : v->ds.base;
	}
}

static u64 gpr(const struct cursor *c, unsigned int number)
{
	return c->vcpu->gpr[number];
}

static u64 sib_address(struct cursor *c, struct insn *insn, unsigned int mod,
		       bool *stack_relative)
{
	u8 sib = next(c, 1);
	unsigned int index = (sib >> 3 & 7) | (insn->rex & REX_X ? 8 : 0);
	unsigned int base = (sib & 7) | (insn->rex & REX_B ? 8 : 0);
	u64 address = 0;

	if (index != RSP) {
		insn->index = index;
		insn->scale = sib >> 6;
		address = gpr(c, index) << insn->scale;
	}
	if ((base & 7) == RBP && mod == 0) {
		insn->displacement = (s64)(s32)next(c, 4);
		return address + insn->displacement;
	}
	insn->base = base;
	*stack_relative = base == RSP || base == RBP;
	return address + gpr(c, base);
}

/* The registers of 16-bit addresses, by the last field of ModRM */
static const struct { u8 base, index; } registers_16[] = {
	{ RBX, RSI }, { RBX, RDI }, { RBP, RSI }, { RBP, RDI },
	{ RSI, NO_REGISTER }, { RDI, NO_REGISTER }, { RBP, NO_REGISTER }, { RBX, NO_REGISTER },
};

static u64 memory_operand_16(struct cursor *c, struct insn *insn, bool *stack_relative)
{
	unsigned int mod = insn->modrm >> 6, rm = insn->modrm & 7;
	u64 address = 0;

	if (mod == 1)
		insn->displacement = (s64)(s8)next(c, 1);
	else if (mod == 2 || rm == 6)
		insn->displacement = (s64)(s16)next(c, 2);
	if (mod || rm != 6) {
		insn->base = registers_16[rm].base;
		insn->index = registers_16[rm].index;
		address = gpr(c, insn->base);
	}
	if (insn->index != NO_REGISTER)
		address += gpr(c, insn->index);
	*stack_relative = insn->base == RBP;
	return (u16)(address + insn->displacement);
}

/* A RIP-relative address is based on the instruction's end, which the caller adds. */
static u64 memory_operand(struct cursor *c, struct insn *insn, bool *stack_relative,
			  bool *rip_relative)
{
	unsigned int mod = insn->modrm >> 6, rm = insn->modrm & 7;
	u64 address;

	if (insn->address_size == ADDRESS_16)
		return memory_operand_16(c, insn, stack_relative);
	if (mod == 0 && rm == RBP) {
		*rip_relative = vcpu_64bit_code(c->vcpu);
		insn->displacement = (s64)(s32)next(c, 4);
		return insn->displacement;
	}
	if (rm == RSP) {
		address = sib_address(c, insn, mod, stack_relative);
	} else {
		insn->base = rm | (insn->rex & REX_B ? 8 : 0);
		address = gpr(c, insn->base);
		*stack_relative = rm == RBP && !(insn->rex & REX_B);
	}
	if (mod == 1)
		insn->displacement = (s64)(s8)next(c, 1);
	else if (mod == 2)
		insn->displacement = (s64)(s32)next(c, 4);
	/* What a SIB byte without a base has instead is in the address already */
	return mod ? address + insn->displacement : address;
}

static bool is_16bit_code(const struct cursor *c)
{
	return !vcpu_64bit_code(c->vcpu) && !(c->vcpu->vmcb.cs.attributes & SVM_SEG_DB);
}

static enum insn_address_size address_size(const struct cursor *c)
{
	if (vcpu_64bit_code(c->vcpu))
		return c->short_address ? ADDRESS_32 : ADDRESS_64;
	return is_16bit_code(c) == c->short_address ? ADDRESS_32 : ADDRESS_16;
}

static bool has_16bit_operand(const struct cursor *c, const struct insn *insn)
{
	return is_16bit_code(c) == !(insn->prefixes & PREFIX_66);
}

static void parse_operands(struct cursor *c, struct insn *insn, const struct opcode *op)
{
	bool stack_relative = false, rip_relative = false;

	insn->modrm = next(c, 1);
	insn->reg = (insn->modrm >> 3 & 7) | (insn->rex & REX_R ? 8 : 0);
	insn->rm = (insn->modrm & 7) | (insn->rex & REX_B ? 8 : 0);
	insn->mem = insn->modrm >> 6 != 3 && !(op->flags & F_REG_ONLY);
	if (insn->mem)
		insn->linear = memory_operand(c, insn, &stack_relative, &rip_relative);
	if (op->flags & F_IMM32)
		insn->imm = has_16bit_operand(c, insn) ? next(c, 2) : (u64)(s64)(s32)next(c, 4);
	if (!insn->mem)
		return;
	if (rip_relative) {
		insn->displacement += c->vcpu->vmcb.rip + c->at + c->following;
		insn->linear = insn->displacement;
	}
	insn->segment = c->segment != SEG_DEFAULT ? c->segment - SEG_ES :
			stack_relative ? INSN_SS : INSN_DS;
	if (c->short_address || !vcpu_64bit_code(c->vcpu))
		insn->linear = (u32)insn->linear;
	insn->linear += segment_base(c, stack_relative);
	if (!vcpu_64bit_code(c->vcpu))
		insn->linear = (u32)insn->linear;
}

/* The address has no base, and the register is RAX. */
static void parse_offset(struct cursor *c, struct insn *insn)
{
	const unsigned int bytes[] = { [ADDRESS_16] = 2, [ADDRESS_32] = 4, [ADDRESS_64] = 8 };

	insn->mem = true;
	insn->displacement = next(c, bytes[insn->address_size]);
	insn->linear = insn->displacement + segment_base(c, false);
	if (!vcpu_64bit_code(c->vcpu))
		insn->linear = (u32)insn->linear;
}

static const struct opcode *find_opcode(const struct insn *insn)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(opcodes); i++) {
		if (opcodes[i].map == insn->map && opcodes[i].opcode == insn->opcode)
			return &opcodes[i];
	}
	return NULL;
}

/* False if the opcode is unknown. */
static bool parse(struct cursor *c, struct insn *insn)
{
	const struct opcode *op;

	parse_opcode(c, insn);
	insn->address_size = address_size(c);
	/* Of instructions without ModRM, like OUTS */
	insn->segment = c->segment != SEG_DEFAULT ? c->segment - SEG_ES : INSN_DS;
	op = find_opcode(insn);
	if (!op || c->overrun)
		return false;
	c->following = op->flags & F_IMM8 ? 1 : 0;
	if (op->flags & F_MODRM)
		parse_operands(c, insn, op);
	if (op->flags & F_OFFSET)
		parse_offset(c, insn);
	if (op->flags & F_IMM8)
		insn->imm = next(c, 1);
	insn->length = c->at;
	return true;
}

bool decode(const struct vcpu *vcpu, struct insn *insn)
{
	struct cursor c = { .vcpu = vcpu };
	u64 linear = vcpu_rip_linear(vcpu);
	bool known;

	*insn = (struct insn){ .base = NO_REGISTER, .index = NO_REGISTER };
	c.available = guest_fetch(vcpu, linear, c.bytes, sizeof(c.bytes));
	known = parse(&c, insn);
	if (c.overrun && c.available < sizeof(c.bytes))
		insn->missing = linear + c.available;
	return known && !c.overrun;
}

/* Opcodes with a ModRM byte, by their first and last one, and what follows it. */
struct operand_range {
	enum opcode_map map;
	u8 first, last;
	u8 flags;
};

static const struct operand_range operands[] = {
	{ MAP_ONE_BYTE, 0x62, 0x63, 0 },		/* MOVSXD */
	{ MAP_ONE_BYTE, 0x69, 0x69, F_IMM32 },
	{ MAP_ONE_BYTE, 0x6b, 0x6b, F_IMM8 },
	{ MAP_ONE_BYTE, 0x80, 0x80, F_IMM8 },
	{ MAP_ONE_BYTE, 0x81, 0x81, F_IMM32 },
	{ MAP_ONE_BYTE, 0x83, 0x83, F_IMM8 },
	{ MAP_ONE_BYTE, 0x84, 0x8b, 0 },		/* TEST, XCHG, MOV */
	{ MAP_ONE_BYTE, 0x8f, 0x8f, 0 },
	{ MAP_ONE_BYTE, 0xc0, 0xc1, F_IMM8 },
	{ MAP_ONE_BYTE, 0xc6, 0xc6, F_IMM8 },
	{ MAP_ONE_BYTE, 0xc7, 0xc7, F_IMM32 },
	{ MAP_ONE_BYTE, 0xd0, 0xd3, 0 },
	{ MAP_ONE_BYTE, 0xd8, 0xdf, 0 },		/* x87 */
	{ MAP_ONE_BYTE, 0xfe, 0xff, 0 },
	{ MAP_0F, 0x10, 0x17, 0 },			/* MOVUPS and so on */
	{ MAP_0F, 0x28, 0x2f, 0 },
	{ MAP_0F, 0x40, 0x6f, 0 },			/* CMOV, SSE */
	{ MAP_0F, 0x74, 0x76, 0 },
	{ MAP_0F, 0x7c, 0x7f, 0 },
	{ MAP_0F, 0x90, 0x9f, 0 },			/* SET */
	{ MAP_0F, 0xa3, 0xa3, 0 },
	{ MAP_0F, 0xab, 0xab, 0 },
	{ MAP_0F, 0xae, 0xb1, 0 },			/* FXSAVE, XSAVE, CMPXCHG */
	{ MAP_0F, 0xb3, 0xb3, 0 },
	{ MAP_0F, 0xb6, 0xb8, 0 },			/* MOVZX, POPCNT */
	{ MAP_0F, 0xba, 0xba, F_IMM8 },
	{ MAP_0F, 0xbb, 0xc1, 0 },			/* MOVSX, XADD */
	{ MAP_0F, 0xc3, 0xc3, 0 },			/* MOVNTI */
	{ MAP_0F, 0xc7, 0xc7, 0 },			/* CMPXCHG8B */
	{ MAP_0F, 0xd0, 0xfe, 0 },			/* SSE */
	{ MAP_0F38, 0x00, 0xff, 0 },
};

/* Arithmetic has four opcodes with a ModRM byte in every eight. */
static bool find_operand(const struct insn *insn, u8 *flags)
{
	unsigned int i;

	*flags = 0;
	if (insn->map == MAP_ONE_BYTE && insn->opcode < 0x40)
		return (insn->opcode & 7) < 4;
	for (i = 0; i < ARRAY_LEN(operands); i++) {
		if (operands[i].map == insn->map && insn->opcode >= operands[i].first &&
		    insn->opcode <= operands[i].last) {
			*flags = operands[i].flags;
			return true;
		}
	}
	return false;
}

bool decode_operand(const struct vcpu *vcpu, u64 *linear)
{
	struct cursor c = { .vcpu = vcpu };
	struct insn insn = { .base = NO_REGISTER, .index = NO_REGISTER };
	struct opcode op = { 0 };

	c.available = guest_fetch(vcpu, vcpu_rip_linear(vcpu), c.bytes, sizeof(c.bytes));
	parse_opcode(&c, &insn);
	insn.address_size = address_size(&c);
	if (!find_operand(&insn, &op.flags))
		return false;
	c.following = op.flags & F_IMM8 ? 1 : 0;
	parse_operands(&c, &insn, &op);
	if (c.overrun || !insn.mem)
		return false;
	*linear = insn.linear;
	return true;
}
