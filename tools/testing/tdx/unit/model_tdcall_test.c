// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDCALLs of a scripted guest in the software TDX module.
 *
 * Expected values are literally those of the specification.
 */
#include <linux/kernel.h>
#include <string.h>

#include "harness.h"
#include "model_guest.h"

#define RCX(status)	(TDX_##status | TDX_OPERAND_ID_RCX)
#define RDX(status)	(TDX_##status | TDX_OPERAND_ID_RDX)
#define RAX_INVALID	TDX_OPERAND_INVALID
#define SHARED		BIT_ULL(47)
#define LEFT		(~0ULL)		/* no status, but an exit to the host */

FIXTURE(tdcall) {
	struct model_machine *machine;
	u64 *gpr;
};

FIXTURE_SETUP(tdcall)
{
	self->machine = machine_alloc();
	ASSERT_NE(NULL, self->machine);
	machine_init(self->machine, 4);
	ASSERT_TRUE(guest_bring_to(self->machine, AUGMENTED));
	self->gpr = guest_of(self->machine)->gpr;
}

FIXTURE_TEARDOWN(tdcall)
{
	machine_free(self->machine);
}

/* The instruction */
TEST_F(tdcall, outside_of_64_bit_mode_tdcall_faults)
{
	const struct tdx_model_exit exit = {
		.reason = TDX_MODEL_EXIT_TDCALL, .instruction_length = 4,
	};

	self->gpr[TDX_MODEL_RAX] = TDG_VP_INFO;
	ASSERT_EQ(0, guest_enter(self->machine, &exit, 1));
	EXPECT_EQ(0x80000b0d, script.seen[1].event.info);
	EXPECT_EQ(0, script.seen[1].event.error);
	EXPECT_EQ(0xfffffff0, script.seen[1].rip);
	EXPECT_EQ(TDG_VP_INFO, self->gpr[TDX_MODEL_RAX]);
	/* CS.L has no meaning outside of long mode. */
	guest_of(self->machine)->segment[TDX_MODEL_CS].access_rights = 0xa09b;
	ASSERT_EQ(0, guest_enter(self->machine, &exit, 1));
	EXPECT_EQ(13, guest_exception());
	guest_of(self->machine)->segment[TDX_MODEL_CS].access_rights = 0xc09b;
	guest_of(self->machine)->efer |= 0x400;
	ASSERT_EQ(0, guest_enter(self->machine, &exit, 1));
	EXPECT_EQ(13, guest_exception());
}

/* A 32-bit instruction pointer wraps. */
TEST_F(tdcall, rip_wraps_at_32_bits_outside_of_64_bit_mode)
{
	const struct tdx_model_exit exit = {
		.reason = TDX_MODEL_EXIT_CPUID, .instruction_length = 2,
	};

	guest_of(self->machine)->rip = 0xfffffffe;
	ASSERT_EQ(0, guest_enter(self->machine, &exit, 1));
	EXPECT_EQ(0, script.seen[1].rip);
	self->gpr[TDX_MODEL_RAX] = 0;
	ASSERT_EQ(0, guest_enter(self->machine, &exit, 1));
	EXPECT_EQ(2, script.seen[1].rip);
}

TEST_F(tdcall, leaves_and_versions_that_do_not_exist_are_refused)
{
	static const u64 bad[] = {
		13, 17, 19, 21, 28, 255, 0xffff, TDG_VP_INFO | 1 << 16, TDG_VM_WR | 1 << 16,
		TDG_VM_RD | 2 << 16, TDG_VP_INFO | 1 << 24, TDG_VP_INFO | BIT_ULL(63),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(RAX_INVALID, guest_tdcall(self->machine, bad[i])) TH_LOG("case %u", i);
		EXPECT_EQ(RIP_64BIT + 3, script.seen[1].rip);
	}
}

TEST_F(tdcall, a_tdcall_ends_blocking_and_may_be_stepped)
{
	struct tdx_model_guest *guest = guest_of(self->machine);

	guest->interruptibility = 0xb;
	guest->rflags = 0x10102;
	guest_tdcall(self->machine, TDG_VP_INFO);
	EXPECT_EQ(8, script.seen[1].interruptibility);
	EXPECT_EQ(0x102, script.seen[1].rflags);
	EXPECT_EQ(BIT_ULL(14), script.seen[1].pending_debug);
	guest->pending_debug = 0;
	guest->debugctl = 2;
	guest_tdcall(self->machine, TDG_VP_INFO);
	EXPECT_EQ(0, script.seen[1].pending_debug);
}

/* TDG.VP.VMCALL */
TEST_F(tdcall, some_registers_are_not_passed_by_a_vmcall)
{
	static const u64 bad[] = { 1, 2, 0x10, BIT_ULL(32), BIT_ULL(63), 0xfc01 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		self->gpr[TDX_MODEL_RCX] = bad[i];
		EXPECT_EQ(RCX(OPERAND_INVALID), guest_tdcall(self->machine, TDG_VP_VMCALL))
			TH_LOG("mask 0x%llx", bad[i]);
		EXPECT_EQ(2, script.nr_runs);
		EXPECT_EQ(RIP_64BIT + 3, script.seen[1].rip);
	}
	tdcs_of(self->machine)->config_flags |= TDX_CONFIG_FLAG_NO_RBP_MOD;
	self->gpr[TDX_MODEL_RCX] = 0x20;
	EXPECT_EQ(RCX(OPERAND_INVALID), guest_tdcall(self->machine, TDG_VP_VMCALL));
}

static const struct tdx_model_exit tdcall = {
	.reason = TDX_MODEL_EXIT_TDCALL, .instruction_length = 4,
};

/* The guest's registers are 0x100 and more, and the host's are 0x200 and more. */
static u64 vmcall(struct model_machine *m, u64 mask, struct tdx_model_regs *regs)
{
	u64 *gpr = guest_of(m)->gpr;
	unsigned int i;

	guest_in_64bit_mode(guest_of(m));
	for (i = 0; i < TDX_MODEL_NR_GPRS; i++)
		gpr[i] = 0x100 + i;
	gpr[TDX_MODEL_RAX] = TDG_VP_VMCALL;
	gpr[TDX_MODEL_RCX] = mask;
	*regs = (struct tdx_model_regs) {
		.rbp = 0x205,
		.gpr = { TDVPR_PA, 0x202, 0x203, 0x206, 0x207, 0x208, 0x209, 0x20a, 0x20b, 0x20c,
			 0x20d, 0x20e, 0x20f },
	};
	script.exits = &tdcall;
	script.nr_exits = 1;
	return guest_enter_regs(m, regs);
}

/* Return to the guest with new registers of the host. */
static u64 answer(struct model_machine *m)
{
	struct tdx_model_regs regs = {
		.rbp = 0x305,
		.gpr = { TDVPR_PA, 0x302, 0x303, 0x306, 0x307, 0x308, 0x309, 0x30a, 0x30b, 0x30c,
			 0x30d, 0x30e, 0x30f },
	};

	script.nr_exits = 0;
	return guest_enter_regs(m, &regs);
}

static u64 host_gpr(struct tdx_model_regs *regs, unsigned int i)
{
	if (i == TDX_MODEL_RAX)
		return regs->rax;
	if (i == TDX_MODEL_RBP)
		return regs->rbp;
	return i == TDX_MODEL_RSP ? 0 : *tdx_model_register(&regs->gpr, i);
}

TEST_F(tdcall, a_vmcall_and_its_answer_pass_the_chosen_registers)
{
	static const u64 masks[] = { 0, 0xfc00, 0xffec, 0x20, 8, 0x8004 };
	struct tdx_model_regs regs;
	unsigned int i, r;
	bool passed;

	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		ASSERT_EQ(77, vmcall(self->machine, masks[i], &regs));
		EXPECT_EQ(1, script.nr_runs);
		EXPECT_EQ(masks[i], regs.gpr.rcx);
		for (r = TDX_MODEL_RDX; r < TDX_MODEL_NR_GPRS; r++)
			EXPECT_EQ(masks[i] >> r & 1 ? 0x100 + r : 0, host_gpr(&regs, r))
				TH_LOG("mask 0x%llx, register %u", masks[i], r);
		ASSERT_EQ(0, answer(self->machine));
		EXPECT_EQ(RIP_64BIT + 4, script.seen[0].rip);
		EXPECT_EQ(0, script.seen[0].gpr[TDX_MODEL_RAX]);
		EXPECT_EQ(masks[i], script.seen[0].gpr[TDX_MODEL_RCX]);
		for (r = TDX_MODEL_RDX; r < TDX_MODEL_NR_GPRS; r++) {
			passed = masks[i] >> r & 1;
			EXPECT_EQ(r + (passed ? 0x300 : 0x100), script.seen[0].gpr[r])
				TH_LOG("mask 0x%llx, register %u", masks[i], r);
		}
	}
}

TEST_F(tdcall, an_answer_is_given_once_and_only_by_an_entry)
{
	struct tdx_model_regs regs;

	ASSERT_EQ(77, vmcall(self->machine, 0x400, &regs));
	tdcs_of(self->machine)->td_epoch_lock.holders = -1;
	EXPECT_EQ(TDX_OPERAND_BUSY | TDX_OPERAND_ID_TD_EPOCH, answer(self->machine));
	tdcs_of(self->machine)->td_epoch_lock.holders = 0;
	EXPECT_EQ(0x10a, self->gpr[TDX_MODEL_R10]);
	ASSERT_EQ(0, answer(self->machine));
	EXPECT_EQ(0x30a, self->gpr[TDX_MODEL_R10]);
	self->gpr[TDX_MODEL_R10] = 1;
	ASSERT_EQ(0, answer(self->machine));
	EXPECT_EQ(1, self->gpr[TDX_MODEL_R10]);
}

TEST_F(tdcall, a_vmcall_leaves_rbp_alone_if_configured)
{
	struct tdx_model_regs regs;

	tdcs_of(self->machine)->config_flags |= TDX_CONFIG_FLAG_NO_RBP_MOD;
	ASSERT_EQ(77, vmcall(self->machine, 0xffcc, &regs));
	EXPECT_EQ(0x205, regs.rbp);
	ASSERT_EQ(0, answer(self->machine));
	EXPECT_EQ(0x105, script.seen[0].gpr[TDX_MODEL_RBP]);
}

TEST_F(tdcall, a_vmcall_passes_the_chosen_vector_registers)
{
	u8 *area = memory_map(&self->machine->memory, TDVPS_PA(3));
	struct tdx_model_regs regs;
	unsigned int i;

	memset(&script.host.xmm, 0x33, sizeof(script.host.xmm));
	memset(&area[160], 0x11, 256);
	area[512] = 3;
	ASSERT_EQ(77, vmcall(self->machine, 0x80010000, &regs));
	for (i = 0; i < 16; i++)
		EXPECT_EQ(i == 0 || i == 15 ? 0x1111111111111111ULL : 0, script.host.xmm[i][1])
			TH_LOG("XMM%u", i);
	memset(&script.host.xmm, 0x33, sizeof(script.host.xmm));
	ASSERT_EQ(0, answer(self->machine));
	for (i = 0; i < 16; i++)
		EXPECT_EQ(i == 0 || i == 15 ? 0x33 : 0x11, area[160 + 16 * i]) TH_LOG("XMM%u", i);
	EXPECT_EQ(0, script.host.xmm[0][0]);

	/* In their initial state they are 0, whatever the area has. */
	area[512] = 1;
	ASSERT_EQ(77, vmcall(self->machine, 0x10000, &regs));
	EXPECT_EQ(0, script.host.xmm[0][0]);
	script.host.xmm[0][0] = 5;
	ASSERT_EQ(0, answer(self->machine));
	EXPECT_EQ(3, area[512]);
	EXPECT_EQ(5, area[160]);
	EXPECT_EQ(0, area[160 + 16]);
}

/* TDG.VP.INFO, CPUIDVE.SET, VEINFO.GET */
TEST_F(tdcall, vp_info_tells_width_attributes_and_vcpus)
{
	tdcs_of(self->machine)->nr_vcpus = 3;
	vcpu_of(self->machine)->index = 2;
	self->gpr[TDX_MODEL_R11] = 9;
	EXPECT_EQ(0, guest_tdcall(self->machine, TDG_VP_INFO));
	EXPECT_EQ(48, self->gpr[TDX_MODEL_RCX]);
	EXPECT_EQ(0, self->gpr[TDX_MODEL_RDX]);
	EXPECT_EQ(3 | 4ULL << 32, self->gpr[TDX_MODEL_R8]);
	EXPECT_EQ(2, self->gpr[TDX_MODEL_R9]);
	EXPECT_EQ(1, self->gpr[TDX_MODEL_R10]);
	EXPECT_EQ(0, self->gpr[TDX_MODEL_R11]);
	tdcs_of(self->machine)->config_flags |= TDX_CONFIG_FLAG_GPAW;
	tdcs_of(self->machine)->attributes = TDX_TD_ATTR_SEPT_VE_DISABLE;
	EXPECT_EQ(0, guest_tdcall(self->machine, TDG_VP_INFO));
	EXPECT_EQ(52, self->gpr[TDX_MODEL_RCX]);
	EXPECT_EQ(BIT_ULL(28), self->gpr[TDX_MODEL_RDX]);
}

TEST_F(tdcall, cpuidve_set_takes_two_flags)
{
	struct tdx_model_vcpu *vcpu = vcpu_of(self->machine);
	u64 flags;

	for (flags = 0; flags < 4; flags++) {
		self->gpr[TDX_MODEL_RCX] = flags;
		EXPECT_EQ(0, guest_tdcall(self->machine, TDG_VP_CPUIDVE_SET));
		EXPECT_EQ(flags & 1, vcpu->cpuid_supervisor_ve);
		EXPECT_EQ(flags >> 1, vcpu->cpuid_user_ve);
	}
	self->gpr[TDX_MODEL_RCX] = 4;
	EXPECT_EQ(RCX(OPERAND_INVALID), guest_tdcall(self->machine, TDG_VP_CPUIDVE_SET));
	EXPECT_EQ(1, vcpu->cpuid_user_ve);
}

static void no_outputs(u64 *gpr)
{
	gpr[TDX_MODEL_RCX] = 1;
	gpr[TDX_MODEL_RDX] = 1;
	gpr[TDX_MODEL_R8] = 1;
	gpr[TDX_MODEL_R9] = 1;
	gpr[TDX_MODEL_R10] = 1;
}

TEST_F(tdcall, veinfo_get_tells_a_ve_once)
{
	const struct tdx_model_exit exit = {
		.reason = TDX_MODEL_EXIT_IO, .qualification = 0x3f80008, .instruction_length = 2,
		.instruction_info = 0x55, .gla = 1, .gpa = 2,
	};

	no_outputs(self->gpr);
	EXPECT_EQ(TDX_NO_VALID_VE_INFO, guest_tdcall(self->machine, TDG_VP_VEINFO_GET));
	EXPECT_EQ(0, self->gpr[TDX_MODEL_RCX] | self->gpr[TDX_MODEL_RDX] | self->gpr[TDX_MODEL_R8] |
		     self->gpr[TDX_MODEL_R9] | self->gpr[TDX_MODEL_R10]);

	ASSERT_EQ(0, guest_enter(self->machine, &exit, 1));
	EXPECT_EQ(20, guest_exception());
	EXPECT_EQ(0x80000314, script.seen[1].event.info);
	EXPECT_EQ(RIP_64BIT + 3, script.seen[1].rip);
	EXPECT_EQ(BIT_ULL(16), script.seen[1].rflags & BIT_ULL(16));
	no_outputs(self->gpr);
	EXPECT_EQ(0, guest_tdcall(self->machine, TDG_VP_VEINFO_GET));
	EXPECT_EQ(30, self->gpr[TDX_MODEL_RCX]);
	EXPECT_EQ(0x3f80008, self->gpr[TDX_MODEL_RDX]);
	EXPECT_EQ(0, self->gpr[TDX_MODEL_R8]);
	EXPECT_EQ(0, self->gpr[TDX_MODEL_R9]);
	EXPECT_EQ(0x5500000002ULL, self->gpr[TDX_MODEL_R10]);
	EXPECT_EQ(TDX_NO_VALID_VE_INFO, guest_tdcall(self->machine, TDG_VP_VEINFO_GET));
}

/* A second #VE is #DF, and one while #DF is delivered is a triple fault. */
TEST_F(tdcall, a_second_ve_is_a_double_fault)
{
	const struct tdx_model_exit hlt = { .reason = TDX_MODEL_EXIT_HLT };
	const struct tdx_model_exit in_df = {
		.reason = TDX_MODEL_EXIT_EPT_VIOLATION, .gpa = AUG_GPA,
		.vectoring = { .info = 0x80000b08 },
	};

	ASSERT_EQ(0, guest_enter(self->machine, &hlt, 1));
	EXPECT_EQ(20, guest_exception());
	ASSERT_EQ(0, guest_enter(self->machine, &hlt, 1));
	EXPECT_EQ(0x80000b08, script.seen[1].event.info);
	EXPECT_EQ(0, script.seen[1].event.error);
	EXPECT_EQ(0x4000000100000002ULL, guest_enter(self->machine, &in_df, 1));
	EXPECT_EQ(TDX_VCPU_DISABLED, vcpu_of(self->machine)->state);
}

/* EPT violations */
static const struct tdx_model_exit write_to_pending = {
	.reason = TDX_MODEL_EXIT_EPT_VIOLATION, .qualification = 0x182, .gpa = AUG_GPA + 5,
	.gla = 0x7005, .instruction_length = 7,
};

TEST_F(tdcall, pending_pages_are_ve)
{
	struct tdx_model_ve_info *info = &vcpu_of(self->machine)->ve_info;

	ASSERT_EQ(0, guest_enter(self->machine, &write_to_pending, 1));
	EXPECT_EQ(20, guest_exception());
	EXPECT_EQ(48, info->reason);
	EXPECT_EQ(~0U, info->valid);
	EXPECT_EQ(0x182, info->qualification);
	EXPECT_EQ(0x7005, info->gla);
	EXPECT_EQ(AUG_GPA + 5, info->gpa);
	EXPECT_EQ(7, info->instruction_length);
	EXPECT_EQ(0, guest_tdcall(self->machine, TDG_VP_VEINFO_GET));
	EXPECT_EQ(48, self->gpr[TDX_MODEL_RCX]);
	EXPECT_EQ(0x182, self->gpr[TDX_MODEL_RDX]);
	EXPECT_EQ(0x7005, self->gpr[TDX_MODEL_R8]);
	EXPECT_EQ(AUG_GPA + 5, self->gpr[TDX_MODEL_R9]);
	EXPECT_EQ(7, self->gpr[TDX_MODEL_R10]);
}

/* An NMI of the host waits until the guest has read the information. */
TEST_F(tdcall, an_nmi_is_delivered_behind_veinfo_get)
{
	const struct tdx_model_exit hlt = { .reason = TDX_MODEL_EXIT_HLT };

	ASSERT_EQ(0, guest_enter(self->machine, &hlt, 1));
	vcpu_of(self->machine)->pend_nmi = 1;
	ASSERT_EQ(0, guest_tdcall(self->machine, TDG_VP_VEINFO_GET));
	EXPECT_FALSE(script.seen[0].nmi_window);
	EXPECT_TRUE(script.seen[1].nmi_window);
}

TEST_F(tdcall, pending_pages_are_exits_if_configured)
{
	struct tdx_model_regs regs = { .gpr.rcx = TDVPR_PA };

	tdcs_of(self->machine)->td_ctls = 1;
	script.exits = &write_to_pending;
	script.nr_exits = 1;
	EXPECT_EQ(48, guest_enter_regs(self->machine, &regs));
	EXPECT_EQ(2, regs.gpr.rcx);
	EXPECT_EQ(6, regs.gpr.rdx);
	EXPECT_EQ(AUG_GPA, regs.gpr.r8);
}

TEST_F(tdcall, shared_pages_are_ve_if_the_host_says_so)
{
	struct tdx_model_exit exit = {
		.reason = TDX_MODEL_EXIT_EPT_VIOLATION, .qualification = 0x181, .gpa = SHARED | 5,
		.gla = 0x7005, .instruction_length = 7, .convertible = true,
	};
	struct tdx_model_ve_info *info = &vcpu_of(self->machine)->ve_info;

	info->instruction_length = 3;
	info->eptp_index = 9;
	ASSERT_EQ(0, guest_enter(self->machine, &exit, 1));
	EXPECT_EQ(20, guest_exception());
	EXPECT_EQ(SHARED | 5, info->gpa);
	EXPECT_EQ(0x7005, info->gla);
	EXPECT_EQ(0x181, info->qualification);
	EXPECT_EQ(0, info->eptp_index);
	/* The CPU does not write it. */
	EXPECT_EQ(3, info->instruction_length);
	/* It does not deliver a second #VE, nor one during another event. */
	EXPECT_EQ(48, guest_enter(self->machine, &exit, 1));
	info->valid = 0;
	exit.vectoring.info = 0x80000b0d;
	EXPECT_EQ(48, guest_enter(self->machine, &exit, 1));
	exit.vectoring.info = 0;
	exit.convertible = false;
	EXPECT_EQ(48, guest_enter(self->machine, &exit, 1));
}

/* Instructions */
TEST_F(tdcall, instructions_raise_their_exception)
{
	static const struct {
		u32 reason;
		unsigned int vector;
		bool has_error;
	} cases[] = {
		{ TDX_MODEL_EXIT_HLT, 20 }, { TDX_MODEL_EXIT_INVD, 20 },
		{ TDX_MODEL_EXIT_VMCALL, 20 }, { TDX_MODEL_EXIT_WBINVD, 20 },
		{ TDX_MODEL_EXIT_MWAIT, 20 }, { TDX_MODEL_EXIT_MONITOR, 20 },
		{ TDX_MODEL_EXIT_PCONFIG, 20 }, { TDX_MODEL_EXIT_APIC_WRITE, 20 },
		{ TDX_MODEL_EXIT_IO, 20 }, { TDX_MODEL_EXIT_GETSEC, 6 }, { TDX_MODEL_EXIT_RSM, 6 },
		{ 19, 6 }, { 20, 6 }, { 21, 6 }, { 22, 6 }, { 23, 6 }, { 24, 6 }, { 25, 6 },
		{ 26, 6 }, { 27, 6 }, { TDX_MODEL_EXIT_INVEPT, 6 }, { TDX_MODEL_EXIT_INVVPID, 6 },
		{ TDX_MODEL_EXIT_VMFUNC, 6 }, { TDX_MODEL_EXIT_ENCLS, 6 },
		{ TDX_MODEL_EXIT_ENCLV, 6 }, { TDX_MODEL_EXIT_SEAMCALL, 6 },
		{ TDX_MODEL_EXIT_UMWAIT, 6 }, { TDX_MODEL_EXIT_TPAUSE, 6 },
		{ TDX_MODEL_EXIT_RDPMC, 13, true },
	};
	struct tdx_model_ve_info *info = &vcpu_of(self->machine)->ve_info;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(info, 0, sizeof(*info));
		ASSERT_EQ(0, guest_exit(self->machine, cases[i].reason, 0x44));
		EXPECT_EQ(cases[i].vector, guest_exception()) TH_LOG("reason %u", cases[i].reason);
		EXPECT_EQ(cases[i].has_error, script.seen[1].event.info >> 11 & 1)
			TH_LOG("reason %u", cases[i].reason);
		EXPECT_EQ(RIP_64BIT, script.seen[1].rip);
		if (cases[i].vector != 20)
			continue;
		EXPECT_EQ(cases[i].reason, info->reason);
		EXPECT_EQ(0x44, info->qualification);
		EXPECT_EQ(3, info->instruction_length);
	}
}

/* TDG.MEM.PAGE.ACCEPT */
#define EXTENDED(wanted, level, state, leaf) \
	((wanted) << 32 | (level) << 35 | (state) << 38 | (leaf) << 46 | 1)	/* type 1 */

static const struct {
	u64 rcx;
	u64 status;		/* of TDCALL, or LEFT */
	u64 exit_rcx, exit_rdx;
} accepts[] = {
	{ ADDED_GPA, TDX_PAGE_ALREADY_ACCEPTED },
	{ AUG_GPA | 8, RCX(OPERAND_INVALID) }, { AUG_GPA | 2, RCX(OPERAND_INVALID) },
	{ AUG_GPA | 0x800, RCX(OPERAND_INVALID) }, { AUG_GPA | BIT_ULL(52), RCX(OPERAND_INVALID) },
	{ AUG_GPA | 1, RCX(OPERAND_INVALID) },		/* not aligned to 2 MB */
	{ AUG_GPA | SHARED, RCX(OPERAND_INVALID) }, { AUG_GPA | BIT_ULL(48), RCX(OPERAND_INVALID) },
	{ ADDED_GPA | 1, TDX_PAGE_SIZE_MISMATCH | 1 },
	{ EMPTY_GPA | 1, TDX_PAGE_SIZE_MISMATCH | 1 },
	{ LARGE_GPA, LEFT, 2, EXTENDED(0ULL, 1ULL, 2ULL, 1ULL) },	/* the host has to demote */
	{ LARGE_GPA + K(4), LEFT, 2, EXTENDED(0ULL, 1ULL, 2ULL, 1ULL) },
	{ K(8), LEFT, 2, EXTENDED(0ULL, 0ULL, 0ULL, 0ULL) },	/* free */
	{ EMPTY_GPA, LEFT, 2, EXTENDED(0ULL, 0ULL, 0ULL, 0ULL) },
	{ M(8) | 1, LEFT, 2, EXTENDED(1ULL, 1ULL, 0ULL, 0ULL) },
	{ M(8), LEFT, 2, EXTENDED(0ULL, 1ULL, 0ULL, 0ULL) },
	{ G(1) | 1, LEFT, 2, EXTENDED(1ULL, 2ULL, 0ULL, 0ULL) },
	{ AUG_GPA, 0 }, { LARGE_GPA | 1, 0 },
};

TEST_F(tdcall, accept_follows_the_state_of_the_entry)
{
	struct model_machine *m = self->machine;
	struct tdx_model_regs regs;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(accepts); i++) {
		guest_in_64bit_mode(guest_of(m));
		self->gpr[TDX_MODEL_RAX] = TDG_MEM_PAGE_ACCEPT;
		self->gpr[TDX_MODEL_RCX] = accepts[i].rcx;
		regs = (struct tdx_model_regs) { .gpr.rcx = TDVPR_PA };
		script.exits = &tdcall;
		script.nr_exits = 1;
		if (accepts[i].status != LEFT) {
			EXPECT_EQ(0, guest_enter_regs(m, &regs)) TH_LOG("case %u", i);
			EXPECT_EQ(accepts[i].status, self->gpr[TDX_MODEL_RAX]) TH_LOG("case %u", i);
			continue;
		}
		EXPECT_EQ(48, guest_enter_regs(m, &regs)) TH_LOG("case %u", i);
		EXPECT_EQ(accepts[i].exit_rcx, regs.gpr.rcx) TH_LOG("case %u", i);
		EXPECT_EQ(accepts[i].exit_rdx, regs.gpr.rdx) TH_LOG("case %u", i);
		EXPECT_EQ(accepts[i].rcx & ~1ULL, regs.gpr.r8) TH_LOG("case %u", i);
		/* The guest executes TDCALL again. */
		EXPECT_EQ(TDG_MEM_PAGE_ACCEPT, self->gpr[TDX_MODEL_RAX]);
		EXPECT_EQ(RIP_64BIT, guest_of(m)->rip);
	}
}

static u64 accept(struct model_machine *m, u64 rcx)
{
	guest_of(m)->gpr[TDX_MODEL_RCX] = rcx;
	return guest_tdcall(m, TDG_MEM_PAGE_ACCEPT);
}

TEST_F(tdcall, accepted_pages_are_zero)
{
	struct model_machine *m = self->machine;
	u8 *last = memory_map(&m->memory, LARGE_PA + M(2) - 1);
	u8 *small = memory_map(&m->memory, AUG_PA);

	memset(small, 0x55, K(4));
	memset(last, 0x55, K(4));
	ASSERT_EQ(0, accept(m, AUG_GPA));
	EXPECT_TRUE(memory_is_zero(small, K(4)));
	EXPECT_EQ(AUG_PA | 0x80000000000000f7ULL, *sept_entry_of(m, AUG_GPA, 0));
	ASSERT_EQ(0, accept(m, LARGE_GPA | 1));
	EXPECT_TRUE(memory_is_zero(last, K(4)));
	EXPECT_EQ(LARGE_PA | 0x80000000000000f7ULL, *sept_entry_of(m, LARGE_GPA, 1));
	/* Once accepted, also by parts */
	EXPECT_EQ(TDX_PAGE_ALREADY_ACCEPTED | 1, accept(m, LARGE_GPA | 1));
	EXPECT_EQ(TDX_PAGE_ALREADY_ACCEPTED | 1, accept(m, LARGE_GPA + K(4)));
}

TEST_F(tdcall, a_blocked_or_locked_page_is_not_accepted)
{
	struct model_machine *m = self->machine;
	u64 *entry = sept_entry_of(m, AUG_GPA, 0);

	*entry |= BIT_ULL(11);
	EXPECT_EQ(RCX(OPERAND_BUSY), accept(m, AUG_GPA));
	*entry &= ~BIT_ULL(11);
	ASSERT_EQ(0, mem_call(m, TDH_MEM_RANGE_BLOCK, AUG_GPA, 0));
	accept(m, AUG_GPA);
	EXPECT_EQ(1, script.nr_runs);
	EXPECT_EQ(AUG_PA | 0x81800000000000f0ULL, *entry);
}

/* An interrupt comes after each part of 4 KB. */
static bool interrupted(struct model_machine *m, unsigned int lp, u32 msr, u64 *value)
{
	*value = 1;
	return msr == 0x9a;
}

TEST_F(tdcall, an_interrupted_accept_is_continued)
{
	struct model_machine *m = self->machine;
	u8 *second = memory_map(&m->memory, LARGE_PA + K(4));
	u64 *entry = sept_entry_of(m, LARGE_GPA, 1);

	memset(second, 0x55, K(4));
	m->rdmsr = interrupted;
	accept(m, LARGE_GPA | 1);
	EXPECT_EQ(2, script.nr_runs);
	EXPECT_EQ(RIP_64BIT, script.seen[1].rip);
	EXPECT_EQ(TDG_MEM_PAGE_ACCEPT, script.seen[1].gpr[TDX_MODEL_RAX]);
	EXPECT_EQ(LARGE_PA | 0x81000000000010f0ULL, *entry);
	EXPECT_EQ(0x55, *second);
	m->rdmsr = NULL;
	EXPECT_EQ(0, accept(m, LARGE_GPA | 1));
	EXPECT_EQ(0, *second);
	EXPECT_EQ(LARGE_PA | 0x80000000000000f7ULL, *entry);
}

TEST_F(tdcall, block_forgets_an_interrupted_accept)
{
	struct model_machine *m = self->machine;

	m->rdmsr = interrupted;
	accept(m, LARGE_GPA | 1);
	m->rdmsr = NULL;
	ASSERT_EQ(0, mem_call(m, TDH_MEM_RANGE_BLOCK, LARGE_GPA | 1, 0));
	EXPECT_EQ(LARGE_PA | 0x81800000000000f0ULL, *sept_entry_of(m, LARGE_GPA, 1));
}

/* TDG.MEM.PAGE.ATTR.RD and _WR */
TEST_F(tdcall, attributes_are_those_of_the_page)
{
	static const struct {
		u64 leaf, rcx, rdx, r8, status, out_rcx, out_rdx;
	} cases[] = {
		{ TDG_MEM_PAGE_ATTR_RD, ADDED_GPA, 0, 0, 0, ADDED_GPA, 7 },
		{ TDG_MEM_PAGE_ATTR_RD, AUG_GPA, 0, 0, 0, AUG_GPA | BIT_ULL(62), 0 },
		{ TDG_MEM_PAGE_ATTR_RD, LARGE_GPA + K(4), 0, 0, 0, LARGE_GPA | 1 | BIT_ULL(62), 0 },
		{ TDG_MEM_PAGE_ATTR_RD, K(8), 0, 0, LEFT },
		{ TDG_MEM_PAGE_ATTR_RD, SHARED, 0, 0, RCX(OPERAND_INVALID) },
		{ TDG_MEM_PAGE_ATTR_WR, ADDED_GPA, 0, 0, 0, ADDED_GPA, 7 },
		{ TDG_MEM_PAGE_ATTR_WR, LARGE_GPA | 1, 0, 0, 0, LARGE_GPA | 1 | BIT_ULL(62), 0 },
		{ TDG_MEM_PAGE_ATTR_WR, SHARED, 1, 1, RDX(OPERAND_INVALID) },
		{ TDG_MEM_PAGE_ATTR_WR, SHARED, 0, 1, TDX_OPERAND_INVALID | TDX_OPERAND_ID_R8 },
		{ TDG_MEM_PAGE_ATTR_WR, SHARED, 0, 0, RCX(OPERAND_INVALID) },
		{ TDG_MEM_PAGE_ATTR_WR, ADDED_GPA | 3, 0, 0, RCX(OPERAND_INVALID) },
		{ TDG_MEM_PAGE_ATTR_WR, ADDED_GPA | 1, 0, 0, TDX_PAGE_SIZE_MISMATCH | 1 },
		{ TDG_MEM_PAGE_ATTR_WR, LARGE_GPA, 0, 0, LEFT },
		{ TDG_MEM_PAGE_ATTR_WR, K(8), 0, 0, LEFT },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		self->gpr[TDX_MODEL_RCX] = cases[i].rcx;
		self->gpr[TDX_MODEL_RDX] = cases[i].rdx;
		self->gpr[TDX_MODEL_R8] = cases[i].r8;
		guest_tdcall(self->machine, cases[i].leaf);
		EXPECT_EQ(cases[i].status == LEFT, script.nr_runs == 1) TH_LOG("case %u", i);
		if (cases[i].status == LEFT)
			continue;
		EXPECT_EQ(cases[i].status, self->gpr[TDX_MODEL_RAX]) TH_LOG("case %u", i);
		EXPECT_EQ(cases[i].out_rcx, self->gpr[TDX_MODEL_RCX]) TH_LOG("case %u", i);
		EXPECT_EQ(cases[i].out_rdx, self->gpr[TDX_MODEL_RDX]) TH_LOG("case %u", i);
		EXPECT_EQ(0, *sept_entry_of(self->machine, ADDED_GPA, 0) & BIT_ULL(11));
	}
}

TEST_F(tdcall, attributes_of_a_locked_entry_are_busy)
{
	u64 *entry = sept_entry_of(self->machine, AUG_GPA, 0);

	*entry |= BIT_ULL(11);
	self->gpr[TDX_MODEL_RCX] = AUG_GPA;
	EXPECT_EQ(RCX(OPERAND_BUSY), guest_tdcall(self->machine, TDG_MEM_PAGE_ATTR_RD));
	self->gpr[TDX_MODEL_RCX] = AUG_GPA;
	EXPECT_EQ(RCX(OPERAND_BUSY), guest_tdcall(self->machine, TDG_MEM_PAGE_ATTR_WR));
	EXPECT_EQ(AUG_PA | 0x81000000000008f0ULL, *entry);
}

/* Leaves for L2 VMs and for other TDs */
TEST_F(tdcall, leaves_for_l2_vms_and_service_tds_find_none)
{
	static const struct {
		u64 leaf, rcx, rdx, status;
	} cases[] = {
		{ TDG_VP_ENTER, 0, 0x1001, RDX(OPERAND_INVALID) },
		{ TDG_VP_ENTER, 0, SHARED, RDX(OPERAND_INVALID) },
		{ TDG_VP_ENTER, 0, 0x1000, RCX(OPERAND_INVALID) },
		{ TDG_VP_INVEPT, 0, 0, 0 }, { TDG_VP_INVEPT, 1, 0, RCX(OPERAND_INVALID) },
		{ TDG_VP_INVVPID, 0, 0, RCX(OPERAND_INVALID) },
		{ TDG_SERVTD_RD, 0, 0, TDX_SERVTD_NOT_BOUND },
		{ TDG_SERVTD_WR, 0, 0, TDX_SERVTD_NOT_BOUND },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		self->gpr[TDX_MODEL_RCX] = cases[i].rcx;
		self->gpr[TDX_MODEL_RDX] = cases[i].rdx;
		EXPECT_EQ(cases[i].status, guest_tdcall(self->machine, cases[i].leaf))
			TH_LOG("case %u", i);
	}
}

/* Metadata fields */
#define ATTRIBUTES	0x1110000300000000ULL
#define TD_CTLS		0x1110000300000017ULL
#define NOTIFY_ENABLES	0x9110000300000010ULL
#define TOPOLOGY_ENUM_CONFIGURED 0x9100000000000019ULL
#define CPUID_CONTROL	0xa120000000000000ULL
#define L2_CTLS		0xa020000300000050ULL
#define TSC_DEADLINE	0xa020000300000058ULL

static const struct {
	u64 leaf, id, status, value;
} reads[] = {
	{ TDG_VM_RD, ATTRIBUTES, 0, 0x10000000 }, { TDG_VM_RD, TD_CTLS, 0, 1 },
	{ TDG_VM_RD, 0x9010000200000001ULL, 0, 1 },			/* NUM_VCPUS */
	{ TDG_VM_RD, 0x1110000200000002ULL, 0, 4 },			/* MAX_VCPUS */
	{ TDG_VM_RD, 0x1310000300000047ULL, 0, 0 },			/* RTMR */
	{ TDG_VM_RD, 0x9910000100000006ULL, 0, 0 },			/* SERVTD_NUM */
	{ TDG_VM_RD, NOTIFY_ENABLES, 0, 0 },
	{ TDG_VM_RD, 0x9210000300000000ULL, TDX_METADATA_FIELD_NOT_READABLE },	/* TD_EPOCH */
	{ TDG_VM_RD, 0x8110000100000001ULL, TDX_METADATA_FIELD_NOT_READABLE },	/* HKID */
	{ TDG_VM_RD, 0x9010000200000009ULL, TDX_METADATA_FIELD_ID_INCORRECT },
	{ TDG_VM_RD, ~0ULL, TDX_METADATA_FIELD_ID_INCORRECT },
	{ TDG_VP_RD, 0xa020000200000002ULL, 0, 7 },			/* VCPU_INDEX */
	{ TDG_VP_RD, CPUID_CONTROL + 5, 0, 0 },
	{ TDG_VP_RD, L2_CTLS + 3, 0, 0 },
	{ TDG_VP_RD, TSC_DEADLINE, 0, 0 },
	{ TDG_VP_RD, 0x202000000000000bULL, TDX_METADATA_FIELD_NOT_READABLE },	/* PEND_NMI */
	{ TDG_VP_RD, 0x0024000200004000ULL, TDX_METADATA_FIELD_NOT_READABLE },	/* VMCS */
	{ TDG_VP_RD, 0x2520000300000000ULL, TDX_METADATA_FIELD_ID_INCORRECT },	/* of an L2 VM */
	{ TDG_SYS_RD, 0x0800000200000000ULL, 0, 0x8086 },		/* VENDOR_ID */
	{ TDG_SYS_RD, 0x0800000100000004ULL, 0, 1 },			/* MAJOR_VERSION */
	{ TDG_SYS_RD, 0x9000000100000000ULL, TDX_METADATA_FIELD_NOT_READABLE },	/* NUM_CMRS */
};

TEST_F(tdcall, the_guest_reads_some_fields)
{
	struct model_machine *m = self->machine;
	unsigned int i;

	tdcs_of(m)->attributes = TDX_TD_ATTR_SEPT_VE_DISABLE;
	tdcs_of(m)->td_ctls = 1;
	vcpu_of(m)->index = 7;
	for (i = 0; i < ARRAY_SIZE(reads); i++) {
		self->gpr[TDX_MODEL_RCX] = 0;
		self->gpr[TDX_MODEL_RDX] = reads[i].id;
		self->gpr[TDX_MODEL_R8] = 99;
		EXPECT_EQ(reads[i].status, guest_tdcall(m, reads[i].leaf)) TH_LOG("case %u", i);
		EXPECT_EQ(reads[i].value, self->gpr[TDX_MODEL_R8]) TH_LOG("case %u", i);
		if (reads[i].leaf == TDG_VM_RD)
			EXPECT_EQ(reads[i].id, self->gpr[TDX_MODEL_RDX]);
	}
}

/* A walk visits all fields that the guest can read. */
TEST_F(tdcall, a_walk_visits_all_readable_fields)
{
	static const struct {
		u64 leaf;
		unsigned int nr;
	} cases[] = {
		/*
		 * TD_UUID 4, then 11 single ones, MRTD to MROWNERCONFIG 24, RTMR 24,
		 * PRE_IMPORT_UUID 4, SERVTD 6 + 1 + 16
		 */
		{ TDG_VM_RD | 1 << 16, 4 + 11 + 24 + 24 + 4 + 23 },
		/* 3 single ones, L2_CTLS, TSC_DEADLINE and CPUID_CONTROL */
		{ TDG_VP_RD, 3 + 4 + 4 + 128 },
		{ TDG_SYS_RD, 12 },
	};
	unsigned int i, nr;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		self->gpr[TDX_MODEL_RCX] = 0;
		self->gpr[TDX_MODEL_RDX] = ~0ULL;
		EXPECT_EQ(TDX_METADATA_FIRST_FIELD_ID_IN_CONTEXT,
			  guest_tdcall(self->machine, cases[i].leaf)) TH_LOG("case %u", i);
		for (nr = 0; nr < 300 && ~self->gpr[TDX_MODEL_RDX]; nr++)
			ASSERT_EQ(0, guest_tdcall(self->machine, cases[i].leaf))
				TH_LOG("case %u, id 0x%llx", i, self->gpr[TDX_MODEL_RDX]);
		EXPECT_EQ(cases[i].nr, nr) TH_LOG("case %u", i);
	}
}

static const struct {
	u64 leaf, id, value, mask, status;
} writes[] = {
	{ TDG_VP_WR, CPUID_CONTROL + 63, 3, ~0ULL, 0 },
	{ TDG_VP_WR, CPUID_CONTROL, 4, ~0ULL, TDX_METADATA_FIELD_VALUE_NOT_VALID },
	{ TDG_VP_WR, CPUID_CONTROL, 3, 4, TDX_METADATA_FIELD_NOT_WRITABLE },
	{ TDG_VP_WR, 0xa020000000000007ULL, 1, ~0ULL, 0 },	/* CPUID_SUPERVISOR_VE */
	{ TDG_VP_WR, 0xa020000000000008ULL, 1, ~0ULL, 0 },	/* CPUID_USER_VE */
	{ TDG_VP_WR, 0xa020000200000002ULL, 1, ~0ULL, TDX_METADATA_FIELD_NOT_WRITABLE },
	{ TDG_VP_WR, L2_CTLS + 3, 7, ~0ULL, 0 },
	{ TDG_VP_WR, L2_CTLS, 8, ~0ULL, TDX_METADATA_FIELD_VALUE_NOT_VALID },
	{ TDG_VP_WR, TSC_DEADLINE + 3, ~0ULL, ~0ULL, 0 },
	{ TDG_VM_WR, NOTIFY_ENABLES, 1, ~0ULL, 0 },
	{ TDG_VM_WR, TD_CTLS, 1, 1, TDX_METADATA_FIELD_VALUE_NOT_VALID },
	{ TDG_VM_WR, TD_CTLS, 0, 1, 0 },			/* no change */
	{ TDG_VM_WR, ATTRIBUTES, 0, ~0ULL, TDX_METADATA_FIELD_NOT_WRITABLE },
	{ TDG_VM_WR, 0x9010000200000009ULL, 0, 1, TDX_METADATA_FIELD_ID_INCORRECT },
};

TEST_F(tdcall, the_guest_writes_some_fields)
{
	struct model_machine *m = self->machine;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(writes); i++) {
		self->gpr[TDX_MODEL_RCX] = 0;
		self->gpr[TDX_MODEL_RDX] = writes[i].id;
		self->gpr[TDX_MODEL_R8] = writes[i].value;
		self->gpr[TDX_MODEL_R9] = writes[i].mask;
		EXPECT_EQ(writes[i].status, guest_tdcall(m, writes[i].leaf)) TH_LOG("case %u", i);
		EXPECT_EQ(0, self->gpr[TDX_MODEL_R8]) TH_LOG("case %u", i);
	}
	EXPECT_EQ(3, vcpu_of(m)->cpuid_control[63]);
	EXPECT_EQ(1, vcpu_of(m)->cpuid_supervisor_ve);
	EXPECT_EQ(1, vcpu_of(m)->cpuid_user_ve);
	EXPECT_EQ(7, vcpu_of(m)->l2_ctls[3]);
	EXPECT_EQ(~0ULL, vcpu_of(m)->tsc_deadline[3]);
	EXPECT_EQ(1, tdcs_of(m)->notify_enables);
}

TEST_F(tdcall, the_guest_turns_ve_of_pending_pages_off)
{
	struct model_machine *m = self->machine;
	u64 value;

	tdcs_of(m)->config_flags |= TDX_CONFIG_FLAG_FLEXIBLE_PENDING_VE;
	for (value = 1; value < 2; value--) {
		self->gpr[TDX_MODEL_RCX] = 0;
		self->gpr[TDX_MODEL_RDX] = TD_CTLS;
		self->gpr[TDX_MODEL_R8] = value;
		self->gpr[TDX_MODEL_R9] = 1;
		EXPECT_EQ(0, guest_tdcall(m, TDG_VM_WR));
		EXPECT_EQ(!value, self->gpr[TDX_MODEL_R8]);
		EXPECT_EQ(value, tdcs_of(m)->td_ctls);
	}
}

static u64 read_td(struct model_machine *m, u64 id, u64 *value)
{
	u64 *gpr = guest_of(m)->gpr, status;

	gpr[TDX_MODEL_RCX] = 0;
	gpr[TDX_MODEL_RDX] = id;
	status = guest_tdcall(m, TDG_VM_RD);
	*value = gpr[TDX_MODEL_R8];
	return status;
}

/* ENUM_TOPOLOGY of TD_CTLS */
static u64 enumerate_topology(struct model_machine *m, bool on)
{
	u64 *gpr = guest_of(m)->gpr;

	gpr[TDX_MODEL_RCX] = 0;
	gpr[TDX_MODEL_RDX] = TD_CTLS;
	gpr[TDX_MODEL_R8] = on ? 2 : 0;
	gpr[TDX_MODEL_R9] = 2;
	return guest_tdcall(m, TDG_VM_WR);
}

/* Only if all vCPUs have an x2APIC id, those of TDH.VP.INIT version 1 */
TEST_F(tdcall, the_guest_enumerates_its_topology)
{
	struct model_machine *m = self->machine;
	u64 value;

	/* This vCPU has none. */
	EXPECT_EQ(0, read_td(m, TOPOLOGY_ENUM_CONFIGURED, &value));
	EXPECT_EQ(0, value);
	EXPECT_EQ(TDX_METADATA_FIELD_VALUE_NOT_VALID, enumerate_topology(m, true));
	EXPECT_EQ(0, enumerate_topology(m, false));
	tdcs_of(m)->topology_unknown = false;
	EXPECT_EQ(0, read_td(m, TOPOLOGY_ENUM_CONFIGURED, &value));
	EXPECT_EQ(1, value);
	EXPECT_EQ(0, enumerate_topology(m, true));
	EXPECT_EQ(0, read_td(m, TD_CTLS, &value));
	EXPECT_EQ(2, value);
	EXPECT_EQ(0, enumerate_topology(m, false));
	m->model.config.generation = TDX_MODEL_1_5;
	EXPECT_EQ(TDX_METADATA_FIELD_ID_INCORRECT, read_td(m, TOPOLOGY_ENUM_CONFIGURED, &value));
}

TEST_F(tdcall, fields_of_another_td_are_refused)
{
	static const u64 leaves[] = { TDG_VM_RD, TDG_VM_WR, TDG_VP_RD, TDG_VP_WR };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(leaves); i++) {
		self->gpr[TDX_MODEL_RCX] = 1;
		self->gpr[TDX_MODEL_RDX] = ATTRIBUTES;
		EXPECT_EQ(RCX(OPERAND_INVALID), guest_tdcall(self->machine, leaves[i]));
	}
}

TEST_HARNESS_MAIN
