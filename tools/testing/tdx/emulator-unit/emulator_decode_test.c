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

TEST_HARNESS_MAIN
