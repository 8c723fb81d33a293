// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: decoding of instructions, with all kinds of prefixes. */
#include <string.h>

#include "harness.h"
#include "emulator/cpu/decode.h"

#define RIP	0x1000

static const u8 *code;
static unsigned int code_bytes;

unsigned int guest_fetch(const struct vcpu *vcpu, u64 linear, u8 *buf, unsigned int bytes)
{
	if (bytes > code_bytes)
		bytes = code_bytes;
	memcpy(buf, code, bytes);
	return bytes;
}

FIXTURE(insn) {
	struct vcpu *vcpu;
};

FIXTURE_SETUP(insn)
{
	static struct vcpu vcpu;
	unsigned int i;

	self->vcpu = &vcpu;
	vcpu.vmcb.efer = EFER_LMA;
	vcpu.vmcb.cs.attributes = SVM_SEG_L;
	vcpu.vmcb.rip = RIP;
	for (i = 0; i < NR_GPRS; i++)
		vcpu.gpr[i] = 0x10000 * i;
}

FIXTURE_TEARDOWN(insn)
{
}

static bool decode_bytes(struct vcpu *vcpu, const void *bytes, unsigned int count,
			 struct insn *insn)
{
	code = bytes;
	code_bytes = count;
	return decode(vcpu, insn);
}

#define DECODE(bytes, insn)	decode_bytes(self->vcpu, bytes, sizeof(bytes) - 1, insn)

static const struct {
	const char *bytes;
	unsigned int length;
	u8 opcode, rex;
	unsigned int prefixes;
	bool lock;
} prefixed[] = {
	{ "\x0f\xa2", 2, 0xa2, 0, 0, false },
	{ "\x48\x0f\xa2", 3, 0xa2, 0x48, 0, false },
	/* a REX that is not the last prefix has no effect */
	{ "\x48\x2e\x0f\xa2", 4, 0xa2, 0, 0, false },
	{ "\x2e\x48\x0f\xa2", 4, 0xa2, 0x48, 0, false },
	{ "\x41\x48\x0f\xa2", 4, 0xa2, 0x48, 0, false },
	{ "\x48\x66\x0f\xa2", 4, 0xa2, 0, PREFIX_66, false },
	{ "\xf0\x0f\xa2", 3, 0xa2, 0, 0, true },
	{ "\xf0\x48\x0f\xa2", 4, 0xa2, 0x48, 0, true },
	{ "\xf3\xf2\x0f\xa2", 4, 0xa2, 0, PREFIX_F2, false },
	{ "\x66\xf2\xf3\x0f\xa2", 5, 0xa2, 0, PREFIX_66 | PREFIX_F3, false },
	{ "\xcc", 1, 0xcc, 0, 0, false },
	{ "\xf3\xcc", 2, 0xcc, 0, PREFIX_F3, false },
	{ "\xcd\x80", 2, 0xcd, 0, 0, false },
	{ "\x66\xcd\x80", 3, 0xcd, 0, PREFIX_66, false },
	{ "\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x0f\xa2", 15, 0xa2, 0, 0, false },
	/* too long, cut off, unknown */
	{ "\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x0f\xa2", 0 },
	{ "\x0f", 0 },
	{ "\xcd", 0 },
	{ "\x48", 0 },
	{ "\xf3\x90", 2, 0x90, 0, PREFIX_F3, false },
	{ "\x0e", 0 },
};

TEST_F(insn, prefixes_come_in_any_order)
{
	struct insn insn;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(prefixed); i++) {
		code = (const u8 *)prefixed[i].bytes;
		code_bytes = strlen(prefixed[i].bytes);
		ASSERT_EQ(!!prefixed[i].length, decode(self->vcpu, &insn)) TH_LOG("case %u", i);
		if (!prefixed[i].length)
			continue;
		EXPECT_EQ(prefixed[i].length, insn.length) TH_LOG("case %u", i);
		EXPECT_EQ(prefixed[i].opcode, insn.opcode) TH_LOG("case %u", i);
		EXPECT_EQ(prefixed[i].rex, insn.rex) TH_LOG("case %u", i);
		EXPECT_EQ(prefixed[i].prefixes, insn.prefixes) TH_LOG("case %u", i);
		EXPECT_EQ(prefixed[i].lock, insn.lock) TH_LOG("case %u", i);
	}
}

TEST_F(insn, int_n_has_its_vector)
{
	struct insn insn;

	ASSERT_TRUE(DECODE("\xcd\x80", &insn));
	EXPECT_EQ(0x80, insn.imm);
}

/* Outside 64-bit mode a REX is INC or DEC, which decode() does not know. */
TEST_F(insn, there_is_no_rex_in_32_bit_code)
{
	struct insn insn;

	self->vcpu->vmcb.cs.attributes = SVM_SEG_DB;
	EXPECT_FALSE(DECODE("\x48\x0f\xa2", &insn));
	EXPECT_TRUE(DECODE("\x0f\xa2", &insn));
}

TEST_F(insn, operands_are_where_the_manual_says)
{
	struct insn insn;

	/* mov %r9d, 0x300(%rax,%rcx,4) */
	ASSERT_TRUE(DECODE("\x44\x89\x8c\x88\x00\x03\x00\x00", &insn));
	EXPECT_EQ(R9, insn.reg);
	EXPECT_EQ(0x10000 * 4 + 0x300, insn.linear);
	/* movl $-2, 0x10(%rip), from the end of the instruction on */
	ASSERT_TRUE(DECODE("\xc7\x05\x10\x00\x00\x00\xfe\xff\xff\xff", &insn));
	EXPECT_EQ(RIP + 10 + 0x10, insn.linear);
	EXPECT_EQ(-2ULL, insn.imm);
	/* mov %cr4, %r10 */
	ASSERT_TRUE(DECODE("\x41\x0f\x20\xe2", &insn));
	EXPECT_EQ(4, insn.reg);
	EXPECT_EQ(R10, insn.rm);
	/* a 67 prefix truncates the address: movdir64b (%eax), %ecx */
	self->vcpu->gpr[RAX] = 0x123456789ULL;
	ASSERT_TRUE(DECODE("\x67\x66\x0f\x38\xf8\x08", &insn));
	EXPECT_EQ(0x23456789, insn.linear);
}

static const struct {
	const char *bytes;
	unsigned int count;
	u64 linear;		/* 0: none */
} memory[] = {
	{ "\x48\x8b\x03", 3, 0x30000 },			/* mov (%rbx), %rax */
	{ "\x01\x4b\x08", 3, 0x30008 },			/* add %ecx, 8(%rbx) */
	{ "\x0f\xb6\x44\x91\x01", 5, 0x10000 + 4 * 0x20000 + 1 },	/* movzbl 1(%rcx,%rdx,4) */
	{ "\xc6\x05\x10\x00\x00\x00\x55", 7, RIP + 7 + 0x10 },	/* movb $0x55, 0x10(%rip) */
	{ "\xc7\x05\x10\x00\x00\x00\x55\x00\x00\x00", 10, RIP + 10 + 0x10 },
	{ "\x83\x0d\x10\x00\x00\x00\x01", 7, RIP + 7 + 0x10 },	/* orl $1, 0x10(%rip) */
	{ "\xf3\x0f\x6f\x07", 4, 0x70000 },			/* movdqu (%rdi), %xmm0 */
	{ "\x89\xc8", 2, 0 },					/* mov %ecx, %eax */
	{ "\x50", 1, 0 },					/* push %rax */
	{ "\x48\x8b", 2, 0 },					/* cut off */
};

TEST_F(insn, the_operand_of_any_instruction_is_found)
{
	unsigned int i;
	u64 linear;

	for (i = 0; i < ARRAY_LEN(memory); i++) {
		code = (const u8 *)memory[i].bytes;
		code_bytes = memory[i].count;
		linear = 0;
		EXPECT_EQ(!!memory[i].linear, decode_operand(self->vcpu, &linear));
		EXPECT_EQ(memory[i].linear, linear) TH_LOG("case %u", i);
	}
}

#define DS	0x300000
#define SS	0x500000

static const struct {
	const char *bytes;
	unsigned int count;
	u32 attributes;
	u64 linear, displacement;
	u8 base, index;
	u64 imm;
} short_addresses[] = {
	/* lidt (%bx,%si), (%bx,%di), (%bp,%si), (%bp,%di), (%si), (%di), 0x8000, (%bx) */
	{ "\x0f\x01\x18", 3, 0, DS + 0x9009, 0, RBX, RSI },
	{ "\x0f\x01\x19", 3, 0, DS + 0xa00a, 0, RBX, RDI },
	{ "\x0f\x01\x1a", 3, 0, SS + 0xb00b, 0, RBP, RSI },
	{ "\x0f\x01\x1b", 3, 0, SS + 0xc00c, 0, RBP, RDI },
	{ "\x0f\x01\x1c", 3, 0, DS + 0x6006, 0, RSI, NO_REGISTER },
	{ "\x0f\x01\x1d", 3, 0, DS + 0x7007, 0, RDI, NO_REGISTER },
	{ "\x0f\x01\x1e\x00\x80", 5, 0, DS + 0x8000, -0x8000ULL, NO_REGISTER, NO_REGISTER },
	{ "\x0f\x01\x1f", 3, 0, DS + 0x3003, 0, RBX, NO_REGISTER },
	/* -2(%bp), 0x1234(%bp), 0xfff0(%bx,%di), which wraps */
	{ "\x0f\x01\x5e\xfe", 4, 0, SS + 0x5003, -2ULL, RBP, NO_REGISTER },
	{ "\x0f\x01\x9e\x34\x12", 5, 0, SS + 0x6239, 0x1234, RBP, NO_REGISTER },
	{ "\x0f\x01\x99\xf0\xff", 5, 0, DS + 0x9ffa, -0x10ULL, RBX, RDI },
	/* %ss:; in 32-bit code by a prefix, and the reverse */
	{ "\x36\x0f\x01\x1f", 4, 0, SS + 0x3003, 0, RBX, NO_REGISTER },
	{ "\x67\x0f\x01\x1f", 4, SVM_SEG_DB, DS + 0x3003, 0, RBX, NO_REGISTER },
	{ "\x67\x0f\x01\x1b", 4, 0, DS + 0x33003, 0, RBX, NO_REGISTER },
	/* movw and movl $..., (%bx) */
	{ "\xc7\x07\x34\x12", 4, 0, DS + 0x3003, 0, RBX, NO_REGISTER, 0x1234 },
	{ "\x66\xc7\x07\x78\x56\x34\x12", 7, 0, DS + 0x3003, 0, RBX, NO_REGISTER, 0x12345678 },
	{ "\x67\x66\xc7\x07\x34\x12", 6, SVM_SEG_DB, DS + 0x3003, 0, RBX, NO_REGISTER, 0x1234 },
};

TEST_F(insn, addresses_have_16_bits_in_16_bit_code)
{
	struct vmcb *v = &self->vcpu->vmcb;
	struct insn insn;
	unsigned int i;
	u64 linear;

	v->efer = 0;
	v->ds.base = DS;
	v->ss.base = SS;
	for (i = 0; i < NR_GPRS; i++)
		self->vcpu->gpr[i] = 0x11001ULL * i;
	for (i = 0; i < ARRAY_LEN(short_addresses); i++) {
		v->cs.attributes = short_addresses[i].attributes;
		ASSERT_TRUE(decode_bytes(self->vcpu, short_addresses[i].bytes,
					 short_addresses[i].count, &insn)) TH_LOG("case %u", i);
		EXPECT_EQ(short_addresses[i].count, insn.length) TH_LOG("case %u", i);
		EXPECT_EQ(short_addresses[i].linear, insn.linear) TH_LOG("case %u", i);
		EXPECT_EQ(short_addresses[i].displacement, insn.displacement)
			TH_LOG("case %u", i);
		EXPECT_EQ(short_addresses[i].base, insn.base) TH_LOG("case %u", i);
		EXPECT_EQ(short_addresses[i].index, insn.index) TH_LOG("case %u", i);
		EXPECT_EQ(short_addresses[i].imm, insn.imm) TH_LOG("case %u", i);
		if (insn.opcode == 0xc7) {
			EXPECT_TRUE(decode_operand(self->vcpu, &linear)) TH_LOG("case %u", i);
			EXPECT_EQ(insn.linear, linear) TH_LOG("case %u", i);
		}
	}
}

TEST_HARNESS_MAIN
