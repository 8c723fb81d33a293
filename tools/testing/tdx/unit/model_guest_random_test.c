// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that does anything, in the software TDX module: random exits with random registers,
 * and what holds after each.
 */
#include <linux/kernel.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "model_guest.h"

#define NR_ENTRIES	200000

FIXTURE(random) {
	struct model_machine *machine;
};

FIXTURE_SETUP(random)
{
	self->machine = machine_alloc();
	ASSERT_NE(NULL, self->machine);
	machine_init(self->machine, 4);
	ASSERT_TRUE(guest_bring_to(self->machine, AUGMENTED));
	srandom(1);
}

FIXTURE_TEARDOWN(random)
{
	machine_free(self->machine);
}

static u64 any(void)
{
	return (u64)random() << 40 ^ (u64)random() << 20 ^ random();
}

/* Values that matter are more likely. */
static u64 some_value(void)
{
	static const u64 values[] = {
		0, 1, 3, ~0ULL, ADDED_GPA, AUG_GPA, LARGE_GPA | 1, EMPTY_GPA, K(8), BIT_ULL(47),
		BIT_ULL(48), BIT_ULL(63), 0xfc00, 0x80000031, 0x31, 0x60, 0xc0000080, 0x1d9, 0x277,
		0xd, 7, 0x1310000300000040ULL, 0xa120000000000000ULL, 0x1110000300000017ULL,
	};

	switch (random() % 4) {
	case 0:
		return any();
	case 1:
		return random() % 0x2000;
	default:
		return values[random() % ARRAY_SIZE(values)];
	}
}

static struct tdx_model_event some_event(void)
{
	static const u32 infos[] = { 0, 0, 0, 0x80000b0d, 0x80000b08, 0x80000202, 0x800000ec,
				     0x80000314, 0x80000312 };

	return (struct tdx_model_event) { .info = infos[random() % ARRAY_SIZE(infos)] };
}

/* Exits that end the vCPU or the TD are not here: model_vp_enter_test.c has them. */
static const u8 reasons[] = {
	1, 3, 8, 9, 10, 11, 12, 13, 15, 17, 18, 19, 27, 28, 28, 28, 30, 31, 31, 32, 32, 36, 39, 42,
	48, 48, 49, 50, 53, 54, 55, 55, 56, 59, 60, 65, 67, 68, 70, 74, 76, 77, 77, 77, 77, 77, 77,
};

static struct tdx_model_exit some_exit(void)
{
	return (struct tdx_model_exit) {
		.reason = reasons[random() % ARRAY_SIZE(reasons)],
		.instruction_length = random() % 16,
		.qualification = some_value(),
		.gla = some_value(),
		.gpa = some_value() & (BIT_ULL(48) - 1),
		.vectoring = random() % 8 ? (struct tdx_model_event) {} : some_event(),
		.convertible = random() % 2,
	};
}

static void change_guest(struct model_machine *m)
{
	struct tdx_model_guest *guest = guest_of(m);

	if (random() % 2)
		guest_in_64bit_mode(guest);
	/* As if it had needed a page for long */
	vcpu_of(m)->zero_step.gpa[0] = some_value() & (BIT_ULL(47) - 4096);
	vcpu_of(m)->zero_step.nr_gpas = !(random() % 8);
	guest->gpr[random() % TDX_MODEL_NR_GPRS] = some_value();
	guest->gpr[TDX_MODEL_RCX] = some_value();
	if (random() % 4)
		guest->gpr[TDX_MODEL_RAX] = random() % TDG_NR_LEAVES;
	vcpu_of(m)->pend_nmi = !(random() % 8);
	if (random() % 2)
		vcpu_of(m)->ve_info.valid = 0;
}

/* VMX checks these when a VM is entered. */
static bool state_is_legal(const struct tdx_model_guest *guest)
{
	bool pg = guest->cr0 >> 31 & 1, lma = guest->efer >> 10 & 1;
	u32 type = guest->event.info >> 8 & 7;

	if ((guest->cr0 & 0x31) != 0x31 || guest->cr0 & 0xffffffff60000000ULL)
		return false;
	if (lma != pg || (guest->efer & ~0x401ULL) != 0x900 || (lma && !(guest->cr4 & 0x20)))
		return false;
	if ((guest->cr4 & 0x6040) != 0x40 || !(guest->xcr0 & 1))
		return false;
	return !guest->event.info || type == 0 || type == 2 || type == 3;
}

static bool all_states_are_legal(void)
{
	unsigned int i;

	for (i = 0; i < script.nr_runs; i++)
		if (!state_is_legal(&script.seen[i]))
			return false;
	return true;
}

/* Nothing but what the guest passes by TDG.VP.VMCALL */
static bool registers_are_empty(const struct tdx_model_regs *regs)
{
	const struct tdx_regs *r = &regs->gpr;

	return !(regs->rbp | r->rbx | r->rsi | r->rdi | r->r10 | r->r11 | r->r12 | r->r13 | r->r14 |
		 r->r15);
}

TEST_F(random, exits_at_random_leave_legal_states)
{
	struct tdx_model_exit exits[4];
	struct model_machine *m = self->machine;
	unsigned int i, j, nr_vmcalls = 0, nr_violations = 0, nr_refusals = 0, nr_ends = 0;
	u64 rax;

	for (i = 0; i < NR_ENTRIES; i++) {
		struct tdx_model_regs regs = { .gpr.rcx = TDVPR_PA };

		for (j = 0; j < ARRAY_SIZE(exits); j++)
			exits[j] = some_exit();
		change_guest(m);
		script.exits = exits;
		script.nr_exits = ARRAY_SIZE(exits);
		rax = guest_enter_regs(m, &regs);
		nr_vmcalls += rax == 77;
		nr_violations += rax == 48;
		nr_refusals += !script.nr_runs;
		ASSERT_TRUE(all_states_are_legal()) TH_LOG("entry %u", i);
		ASSERT_TRUE(script.nr_runs || rax == 48) TH_LOG("entry %u", i);
		ASSERT_TRUE(rax == 77 || registers_are_empty(&regs)) TH_LOG("entry %u", i);
		ASSERT_EQ(0, tdcs_of(m)->refcount[0] | tdcs_of(m)->refcount[1]);
		ASSERT_EQ(0, entry_of(m, TDVPR_PA, TDX_PAMT_4K)->lock.holders);
		ASSERT_EQ(0, entry_of(m, TDR_PA, TDX_PAMT_4K)->lock.holders);
		ASSERT_EQ(0, tdcs_of(m)->op_state_lock.holders | tdcs_of(m)->rtmr_lock.holders |
			     tdcs_of(m)->td_epoch_lock.holders | tdcs_of(m)->sept_lock.holders);
		/* A triple fault, by a #VE while #DF is delivered */
		if (vcpu_of(m)->state == TDX_VCPU_DISABLED) {
			ASSERT_EQ(0x4000000100000002ULL, rax);
			vcpu_of(m)->state = TDX_VCPU_READY;
			nr_ends++;
		}
		ASSERT_EQ(TDX_VCPU_READY, vcpu_of(m)->state) TH_LOG("entry %u", i);
	}
	EXPECT_LT(1000, nr_vmcalls);
	EXPECT_LT(1000, nr_violations);
	EXPECT_LT(100, nr_refusals);
	EXPECT_LT(0, nr_ends);
}

TEST_HARNESS_MAIN
