// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: loops of MOVDIR64B as compilers make them. */
#include <string.h>

#include "harness.h"
#include "emulator/exit/store_loop.h"

#define ZEROES		0x5000
#define PAGE		0x100000
#define LINE_BYTES	64
#define LINES		64
#define CODE		0x2000

/* Loops that clear a page, and the registers that they begin with. */
static const struct {
	const char *compiler;
	u8 code[112];
	struct { unsigned int number; u64 value; } registers[2];
} loops[] = {
	{ "gcc 12", {
		0x66, 0x0f, 0x38, 0xf8, 0x02,		/* movdir64b (%rdx),%rax */
		0x48, 0x83, 0xc0, 0x40,			/* add $0x40,%rax */
		0x48, 0x39, 0xc8,			/* cmp %rcx,%rax */
		0x75, 0xf2,				/* jne */
	}, { { RAX, PAGE }, { RCX, PAGE + PAGE_SIZE } } },
	{ "gcc 14", {
		0x48, 0x89, 0xf8,			/* mov %rdi,%rax */
		0x66, 0x0f, 0x38, 0xf8, 0x02,
		0x48, 0x8d, 0x47, 0x40,			/* lea 0x40(%rdi),%rax */
		0x66, 0x0f, 0x38, 0xf8, 0x02,
		0x48, 0x83, 0xef, 0x80,			/* sub $-0x80,%rdi */
		0x48, 0x39, 0xcf,			/* cmp %rcx,%rdi */
		0x75, 0xe6,				/* jne */
	}, { { RDI, PAGE }, { RCX, PAGE + PAGE_SIZE } } },
	{ "clang 14", {
		0x48, 0x8d, 0x04, 0x0f,			/* lea (%rdi,%rcx,1),%rax */
		0x48, 0x83, 0xc0, 0x40,			/* add $0x40,%rax */
		0x66, 0x0f, 0x38, 0xf8, 0x02,
		0x48, 0x83, 0xc1, 0x40,			/* add $0x40,%rcx */
		0x48, 0x81, 0xf9, 0xc0, 0x0f, 0, 0,	/* cmp $0xfc0,%rcx */
		0x72, 0xe6,				/* jb */
	}, { { RDI, PAGE }, { RCX, -LINE_BYTES } } },
	{ "physical addresses", {
		0x4a, 0x8d, 0x04, 0x0f,			/* lea (%rdi,%r9,1),%rax */
		0x66, 0x0f, 0x38, 0xf8, 0x02,
		0x48, 0x83, 0xc7, 0x40,			/* add $0x40,%rdi */
		0x48, 0x81, 0xff, 0, 0, 0x10, 0,	/* cmp $0x100000,%rdi */
		0x72, 0xea,				/* jb */
	}, { { RDI, 0xff000 }, { R9, PAGE - 0xff000 } } },
	{ "gcc -funroll-loops", {
		0x48, 0x89, 0xf8,			/* mov %rdi,%rax */
		0x66, 0x0f, 0x38, 0xf8, 0x02,
		0x48, 0x8d, 0x47, 0x40,			/* lea 0x40(%rdi),%rax */
		0x66, 0x0f, 0x38, 0xf8, 0x02,
		0x48, 0x8d, 0x87, 0x80, 0, 0, 0,	/* lea 0x80(%rdi),%rax */
		0x66, 0x0f, 0x38, 0xf8, 0x02,
		0x48, 0x8d, 0x87, 0xc0, 0, 0, 0,
		0x66, 0x0f, 0x38, 0xf8, 0x02,
		0x48, 0x81, 0xc7, 0x00, 0x01, 0, 0,	/* add $0x100,%rdi */
		0x48, 0x39, 0xcf,			/* cmp %rcx,%rdi */
		0x75, 0xcb,				/* jne */
	}, { { RDI, PAGE }, { RCX, PAGE + PAGE_SIZE } } },
};

/* mov %rdx,%rdx: something in front of the loop */
static const u8 before[] = { 0x48, 0x89, 0xd2 };

static void begin(struct store_loop *loop, const u8 *code, unsigned int bytes)
{
	memset(loop, 0, sizeof(*loop));
	loop->gpr[RDX] = ZEROES;
	loop->rflags = X86_EFLAGS_FIXED | X86_EFLAGS_IF;
	loop->start = CODE - 8;
	loop->rip = CODE;
	loop->bytes = 8 + sizeof(before) + bytes;
	memcpy(loop->code + 8, before, sizeof(before));
	memcpy(loop->code + 8 + sizeof(before), code, bytes);
}

static unsigned int length_of(const u8 *code, unsigned int bytes)
{
	while (bytes && !code[bytes - 1])
		bytes--;
	return bytes;
}

TEST(every_compilers_loop_is_executed_to_its_end)
{
	unsigned int i, r, stores, length;
	struct store_loop loop;

	for (i = 0; i < ARRAY_LEN(loops); i++) {
		length = length_of(loops[i].code, sizeof(loops[i].code));
		begin(&loop, loops[i].code, sizeof(loops[i].code));
		for (r = 0; r < ARRAY_LEN(loops[i].registers); r++)
			loop.gpr[loops[i].registers[r].number] = loops[i].registers[r].value;
		for (stores = 0; store_loop_next(&loop); stores++) {
			ASSERT_EQ(ZEROES, loop.from) TH_LOG("%s", loops[i].compiler);
			ASSERT_EQ(PAGE + stores * LINE_BYTES, loop.to);
			ASSERT_EQ(5, loop.length);
			loop.rip += loop.length;
		}
		ASSERT_EQ(LINES, stores) TH_LOG("%s", loops[i].compiler);
		ASSERT_EQ(CODE + sizeof(before) + length, loop.rip) TH_LOG("%s", loops[i].compiler);
	}
}

TEST(registers_of_rex_are_used)
{
	/* mov %rax,%r9; lea -0x40(%r13,%r12,8),%r14; movdir64b (%r14),%r9 */
	static const u8 code[] = { 0x49, 0x89, 0xc1, 0x4f, 0x8d, 0x74, 0xe5, 0xc0,
				   0x66, 0x45, 0x0f, 0x38, 0xf8, 0x0e };
	struct store_loop loop;

	begin(&loop, code, sizeof(code));
	loop.gpr[RAX] = PAGE;
	loop.gpr[R12] = 0x100;
	loop.gpr[R13] = 0x10000;
	ASSERT_TRUE(store_loop_next(&loop));
	EXPECT_EQ(PAGE, loop.to);
	EXPECT_EQ(0x107c0, loop.from);
	EXPECT_EQ(6, loop.length);
}

/* What the CPU calculates, and its flags */
#define ON_THE_CPU(insn, a, b, flags)						\
	asm("leaq -128(%%rsp), %%rsp; " insn " %2, %0; pushfq; popq %1; "	\
	    "leaq 128(%%rsp), %%rsp" : "+r"(a), "=&r"(flags) : "r"(b) : "cc")

TEST(arithmetic_is_that_of_the_cpu)
{
	static const u64 values[] = { 0, 1, 0x40, 0xf, 0x10, 0xff, 1ULL << 31, 1ULL << 63,
				      (1ULL << 63) - 1, -1ULL, -0x40ULL, PAGE };
	static const u8 opcodes[] = { 0x01, 0x29, 0x39 };
	unsigned int i, k, o;
	struct store_loop loop;
	u64 result, flags;

	for (i = 0; i < ARRAY_LEN(values) * ARRAY_LEN(values) * 3; i++) {
		o = i % 3;
		k = i / 3 % ARRAY_LEN(values);
		result = values[i / 3 / ARRAY_LEN(values)];
		/* add, sub or cmp %rcx,%rax */
		begin(&loop, (const u8 []){ 0x48, opcodes[o], 0xc8 }, 3);
		loop.gpr[RAX] = result;
		loop.gpr[RCX] = values[k];
		if (o == 0)
			ON_THE_CPU("addq", result, values[k], flags);
		else if (o == 1)
			ON_THE_CPU("subq", result, values[k], flags);
		else
			ON_THE_CPU("cmpq", result, values[k], flags);
		ASSERT_FALSE(store_loop_next(&loop));
		ASSERT_EQ(CODE + sizeof(before) + 3, loop.rip);
		ASSERT_EQ(result, loop.gpr[RAX]);
		ASSERT_EQ(X86_EFLAGS_FIXED | X86_EFLAGS_IF | (flags & X86_EFLAGS_ARITH),
			  loop.rflags);
	}
}

static const struct {
	u8 opcode;
	u64 taken, not_taken;
} jumps[] = {
	{ 0x70, X86_EFLAGS_OF, X86_EFLAGS_CF },
	{ 0x72, X86_EFLAGS_CF, X86_EFLAGS_ZF },
	{ 0x74, X86_EFLAGS_ZF, X86_EFLAGS_CF },
	{ 0x76, X86_EFLAGS_CF, 0 },
	{ 0x76, X86_EFLAGS_ZF, X86_EFLAGS_SF },
	{ 0x78, X86_EFLAGS_SF, X86_EFLAGS_OF },
	{ 0x7a, X86_EFLAGS_PF, X86_EFLAGS_CF },
	{ 0x7c, X86_EFLAGS_SF, X86_EFLAGS_SF | X86_EFLAGS_OF },
	{ 0x7c, X86_EFLAGS_OF, X86_EFLAGS_ZF },
	{ 0x7e, X86_EFLAGS_ZF, 0 },
	{ 0x7e, X86_EFLAGS_OF, X86_EFLAGS_SF | X86_EFLAGS_OF },
};

static u64 after_jump(u8 opcode, u64 rflags)
{
	struct store_loop loop;

	begin(&loop, (const u8 []){ opcode, 0x10, 0 }, 3);
	loop.rflags = rflags;
	store_loop_next(&loop);
	return loop.rip - CODE - sizeof(before);
}

TEST(a_jump_depends_on_flags_and_has_an_opposite)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(jumps); i++) {
		EXPECT_EQ(0x12, after_jump(jumps[i].opcode, jumps[i].taken));
		EXPECT_EQ(2, after_jump(jumps[i].opcode, jumps[i].not_taken));
		EXPECT_EQ(2, after_jump(jumps[i].opcode + 1, jumps[i].taken));
		EXPECT_EQ(0x12, after_jump(jumps[i].opcode + 1, jumps[i].not_taken));
	}
}

/* The instruction in front of another MOVDIR64B, or that itself, is not of such a loop. */
static const u8 others[][12] = {
	{ 0x83, 0xc0, 0x40, 0x66, 0x0f, 0x38, 0xf8, 0x02 },		/* add $0x40,%eax */
	{ 0x48, 0x83, 0xc8, 0x40, 0x66, 0x0f, 0x38, 0xf8, 0x02 },	/* or $0x40,%rax */
	{ 0x48, 0x83, 0x00, 0x40, 0x66, 0x0f, 0x38, 0xf8, 0x02 },	/* addq $0x40,(%rax) */
	{ 0x48, 0x09, 0xc8, 0x66, 0x0f, 0x38, 0xf8, 0x02 },		/* or %rcx,%rax */
	{ 0x48, 0x89, 0x08, 0x66, 0x0f, 0x38, 0xf8, 0x02 },		/* mov %rcx,(%rax) */
	{ 0x48, 0x8d, 0x05, 0, 0, 0, 0, 0x66, 0x0f, 0x38, 0xf8, 0x02 },	/* lea (%rip),%rax */
	{ 0x66, 0x0f, 0x38, 0xf8, 0x42, 0x40 },			/* movdir64b 0x40(%rdx),%rax */
	{ 0x66, 0x0f, 0x38, 0xf8, 0x04, 0x22 },			/* movdir64b (%rdx),%rax by SIB */
	{ 0x66, 0x0f, 0x38, 0xf6, 0x02, 0 },				/* adcx (%rdx),%eax */
	{ 0x75, 0xfe, 0 },						/* jne to itself */
};

TEST(other_instructions_are_left_to_the_cpu)
{
	struct store_loop loop;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(others); i++) {
		begin(&loop, others[i], sizeof(others[i]));
		EXPECT_FALSE(store_loop_next(&loop)) TH_LOG("instruction %u", i);
	}
}

TEST(code_that_was_not_read_is_not_executed)
{
	static const u8 code[] = { 0x48, 0x83, 0xc0, 0x40, 0x66, 0x0f, 0x38, 0xf8, 0x02, 0x48 };
	struct store_loop loop;
	unsigned int bytes;

	for (bytes = 0; bytes < sizeof(code); bytes++) {
		begin(&loop, code, bytes);
		EXPECT_FALSE(store_loop_next(&loop));
	}
	begin(&loop, code, sizeof(code));
	EXPECT_TRUE(store_loop_next(&loop));
	begin(&loop, code, sizeof(code));
	loop.start = CODE + 1;
	EXPECT_FALSE(store_loop_next(&loop));
}

TEST_HARNESS_MAIN
