// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID, MSRs and control registers of a scripted guest in the software TDX module.
 *
 * Expected values are literally those of the specification.
 */
#include <linux/kernel.h>
#include <string.h>

#include "harness.h"
#include "model_guest.h"

#define VE	20
#define GP	13
#define DONE	0

FIXTURE(insn) {
	struct model_machine *machine;
	struct tdx_model_guest *guest;
	u64 *gpr;
};

FIXTURE_SETUP(insn)
{
	self->machine = machine_alloc();
	ASSERT_NE(NULL, self->machine);
	machine_init(self->machine, 4);
	ASSERT_TRUE(guest_bring_to(self->machine, RUNNABLE));
	self->guest = guest_of(self->machine);
	self->gpr = self->guest->gpr;
}

FIXTURE_TEARDOWN(insn)
{
	machine_free(self->machine);
}

/* The exception that an exit ends with.  The guest reads the information of #VE. */
static unsigned int do_exit(struct model_machine *m, u32 reason, u64 qualification)
{
	unsigned int vector;

	if (guest_exit(m, reason, qualification))
		return ~0U;
	vector = guest_exception();
	if (script.seen[1].rip != RIP_64BIT + (vector ? 0 : 3))
		return ~0U;
	if (vector == VE && vcpu_of(m)->ve_info.reason != reason)
		return ~0U;
	vcpu_of(m)->ve_info.valid = 0;
	return vector;
}

/* CPUID */
static unsigned int cpuid(struct model_machine *m, u32 leaf, u32 subleaf)
{
	guest_of(m)->gpr[TDX_MODEL_RAX] = leaf | 0x1234ULL << 32;
	guest_of(m)->gpr[TDX_MODEL_RCX] = subleaf | 0x1234ULL << 32;
	return do_exit(m, TDX_MODEL_EXIT_CPUID, 0x55);
}

TEST_F(insn, some_cpuid_leaves_raise_ve)
{
	static const struct {
		u32 leaf, subleaf;
		unsigned int vector;
	} cases[] = {
		{ 0, 5, DONE }, { 1, 0, DONE }, { 2, 0, VE }, { 3, 0, DONE }, { 4, 0, DONE },
		{ 4, 4, DONE }, { 4, 5, VE }, { 5, 9, DONE }, { 6, 0, VE }, { 7, 0, DONE },
		{ 7, 1, DONE }, { 7, 2, DONE }, { 7, 3, VE }, { 8, 0, DONE }, { 9, 0, VE },
		{ 0xa, 0, DONE },
		{ 0xb, 0, VE }, { 0xc, 0, VE }, { 0xd, 0, DONE }, { 0xd, 0x12, DONE },
		{ 0xd, 0x13, VE }, { 0xe, 0, DONE }, { 0xf, 0, VE }, { 0x10, 0, VE },
		{ 0x14, 1, DONE }, { 0x14, 2, VE }, { 0x15, 0, DONE }, { 0x16, 0, VE },
		{ 0x19, 0, DONE }, { 0x1a, 0, VE }, { 0x1f, 0, VE }, { 0x20, 0, DONE },
		{ 0x21, 0, DONE }, { 0x21, 1, VE }, { 0x23, 0, DONE }, { 0x23, 3, DONE },
		{ 0x23, 4, VE }, { 0x24, 0, DONE }, { 0x24, 4, VE }, { 0x3fffffff, 1, DONE },
		{ 0x40000000, 0, VE }, { 0x4fffffff, 0, VE }, { 0x50000000, 0, DONE },
		{ 0x7fffffff, 0, DONE }, { 0x80000000, 0, DONE }, { 0x80000001, 0, DONE },
		{ 0x80000002, 0, VE }, { 0x80000006, 0, VE }, { 0x80000007, 0, DONE },
		{ 0x80000008, 0, DONE }, { 0x80000009, 0, DONE }, { 0xffffffff, 4, VE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT_EQ(cases[i].vector, cpuid(self->machine, cases[i].leaf, cases[i].subleaf))
			TH_LOG("leaf 0x%x, subleaf %u", cases[i].leaf, cases[i].subleaf);
}

TEST_F(insn, ve_of_cpuid_tells_reason_and_length)
{
	const struct tdx_model_ve_info *info = &vcpu_of(self->machine)->ve_info;

	EXPECT_EQ(VE, cpuid(self->machine, 2, 0));
	EXPECT_EQ(10, info->reason);
	EXPECT_EQ(0, info->qualification);
	EXPECT_EQ(3, info->instruction_length);
	EXPECT_EQ(2 | 0x1234ULL << 32, self->gpr[TDX_MODEL_RAX]);
}

TEST_F(insn, cpuid_has_values_of_the_module)
{
	static const struct {
		u32 leaf, subleaf, eax, ebx, ecx, edx;
	} cases[] = {
		{ 0, 0, 0x23, 0x756e6547, 0x6c65746e, 0x49656e69 },
		{ 0x21, 0, 0, 0x65746e49, 0x20202020, 0x5844546c },
		{ 0x80000000, 0, 0x80000008, 0, 0, 0 },
		{ 0x15, 0, 1, 100, 25000000, 0 },
		{ 0x20, 0, 0, 0, 0, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_EQ(DONE, cpuid(self->machine, cases[i].leaf, cases[i].subleaf));
		EXPECT_EQ(cases[i].eax, self->gpr[TDX_MODEL_RAX]) TH_LOG("case %u", i);
		EXPECT_EQ(cases[i].ebx, self->gpr[TDX_MODEL_RBX]) TH_LOG("case %u", i);
		EXPECT_EQ(cases[i].ecx, self->gpr[TDX_MODEL_RCX]) TH_LOG("case %u", i);
		EXPECT_EQ(cases[i].edx, self->gpr[TDX_MODEL_RDX]) TH_LOG("case %u", i);
	}
}

TEST_F(insn, extended_leaves_of_the_cpu_raise_ve)
{
	/* The last one of this CPU is 0x80000021, but the TD sees no more than 0x80000008. */
	self->machine->model.cpuid[54].eax = 0x80000021;
	EXPECT_EQ(VE, cpuid(self->machine, 0x80000021, 0));
	EXPECT_EQ(DONE, cpuid(self->machine, 0x80000022, 0));
	EXPECT_EQ(DONE, cpuid(self->machine, 0x80000000, 0));
	EXPECT_EQ(0x80000008, self->gpr[TDX_MODEL_RAX]);
}

TEST_F(insn, some_bits_of_cpuid_follow_the_vcpu)
{
	struct model_machine *m = self->machine;

	tdcs_of(m)->cpuid[0].ebx = 0xff00aabb;
	tdcs_of(m)->cpuid[5].ebx = 0xffffffff;
	tdcs_of(m)->cpuid[5].ecx = 0;
	vcpu_of(m)->index = 5;
	ASSERT_EQ(DONE, cpuid(m, 1, 0));
	EXPECT_EQ(0x0500aabb, self->gpr[TDX_MODEL_RBX]);
	EXPECT_EQ(0, self->gpr[TDX_MODEL_RCX] >> 27 & 1);
	ASSERT_EQ(DONE, cpuid(m, 7, 0));
	EXPECT_EQ(0xffffffff, self->gpr[TDX_MODEL_RBX]);
	EXPECT_EQ(0, self->gpr[TDX_MODEL_RCX]);
	self->guest->msr[TDX_MODEL_MSR_TSX_CTRL] = 2;
	ASSERT_EQ(DONE, cpuid(m, 7, 0));
	EXPECT_EQ(0xfffff7ef, self->gpr[TDX_MODEL_RBX]);
	ASSERT_EQ(DONE, cpuid(m, 0x80000001, 0));
	EXPECT_EQ(1, self->gpr[TDX_MODEL_RDX] >> 11 & 1);
	ASSERT_EQ(DONE, cpuid(m, 0xd, 1));
	EXPECT_EQ(0, self->gpr[TDX_MODEL_RDX]);
	tdcs_of(m)->cpuid[0].ecx = 0x8000010;
	ASSERT_EQ(DONE, cpuid(m, 1, 0));
	EXPECT_EQ(0x10, self->gpr[TDX_MODEL_RCX]);
}

static u64 cpuid_with_cr4(struct model_machine *m, u32 leaf, u64 cr4)
{
	const struct tdx_model_exit exit = { .reason = TDX_MODEL_EXIT_CPUID };
	u64 *gpr = guest_of(m)->gpr;

	guest_of(m)->cr4 = cr4;
	gpr[TDX_MODEL_RAX] = leaf;
	gpr[TDX_MODEL_RCX] = 0;
	guest_enter(m, &exit, 1);
	return leaf == 0x80000001 ? gpr[TDX_MODEL_RDX] : gpr[TDX_MODEL_RCX];
}

TEST_F(insn, some_bits_of_cpuid_follow_cr4_and_the_mode)
{
	EXPECT_EQ(0, cpuid_with_cr4(self->machine, 1, 0x40) >> 27 & 1);
	EXPECT_EQ(1, cpuid_with_cr4(self->machine, 1, 0x40040) >> 27 & 1);
	EXPECT_EQ(0, cpuid_with_cr4(self->machine, 7, 0x40040) >> 4 & 1);
	EXPECT_EQ(1, cpuid_with_cr4(self->machine, 7, 0x400040) >> 4 & 1);
	EXPECT_EQ(0, cpuid_with_cr4(self->machine, 0x80000001, 0x40) >> 11 & 1);
}

TEST_F(insn, xsave_sizes_follow_xcr0_and_xss)
{
	static const struct {
		u64 xcr0, xss;
		u32 standard, compacted;
	} cases[] = {
		{ 1, 0, 576, 576 }, { 3, 0, 576, 576 }, { 7, 0, 832, 832 },
		{ 0x207, 0, 2696, 840 }, { 0xe7, 0, 2688, 2432 },
		{ 7, 0x1800, 832, 872 }, { 0x60007, 0, 11008, 9088 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		self->guest->xcr0 = cases[i].xcr0;
		self->guest->xss = cases[i].xss;
		ASSERT_EQ(DONE, cpuid(self->machine, 0xd, 0));
		EXPECT_EQ(cases[i].standard, self->gpr[TDX_MODEL_RBX]) TH_LOG("case %u", i);
		ASSERT_EQ(DONE, cpuid(self->machine, 0xd, 1));
		EXPECT_EQ(cases[i].compacted, self->gpr[TDX_MODEL_RBX]) TH_LOG("case %u", i);
	}
}

TEST_F(insn, the_guest_asks_for_ve)
{
	struct tdx_model_vcpu *vcpu = vcpu_of(self->machine);
	u32 *ss = &self->guest->segment[TDX_MODEL_SS].access_rights;
	const u32 supervisor = 0xc093, user = 0xc0f3;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		vcpu->cpuid_supervisor_ve = i & 1;
		vcpu->cpuid_user_ve = i >> 1;
		*ss = supervisor;
		EXPECT_EQ(i & 1 ? VE : DONE, cpuid(self->machine, 7, 1)) TH_LOG("flags %u", i);
		*ss = user;
		EXPECT_EQ(i >> 1 ? VE : DONE, cpuid(self->machine, 7, 1)) TH_LOG("flags %u", i);
	}
	vcpu->cpuid_supervisor_ve = 0;
	vcpu->cpuid_user_ve = 0;
	for (i = 0; i < 4; i++) {
		vcpu->cpuid_control[6] = i;
		*ss = supervisor;
		EXPECT_EQ(i & 1 ? VE : DONE, cpuid(self->machine, 7, 1)) TH_LOG("flags %u", i);
		EXPECT_EQ(DONE, cpuid(self->machine, 7, 0));
		*ss = user;
		EXPECT_EQ(i >> 1 ? VE : DONE, cpuid(self->machine, 7, 1)) TH_LOG("flags %u", i);
		EXPECT_EQ(DONE, cpuid(self->machine, 7, 0));
	}
}

/* MSRs */
static unsigned int rdmsr(struct model_machine *m, u32 msr)
{
	guest_of(m)->gpr[TDX_MODEL_RCX] = msr | 0x1234ULL << 32;
	return do_exit(m, TDX_MODEL_EXIT_RDMSR, 0x55);
}

static u64 value_of(struct model_machine *m)
{
	u64 *gpr = guest_of(m)->gpr;

	return gpr[TDX_MODEL_RAX] | gpr[TDX_MODEL_RDX] << 32;
}

static unsigned int wrmsr(struct model_machine *m, u32 msr, u64 value)
{
	guest_of(m)->gpr[TDX_MODEL_RCX] = msr | 0x1234ULL << 32;
	guest_of(m)->gpr[TDX_MODEL_RAX] = (u32)value | 0x1234ULL << 32;
	guest_of(m)->gpr[TDX_MODEL_RDX] = value >> 32 | 0x1234ULL << 32;
	return do_exit(m, TDX_MODEL_EXIT_WRMSR, 0x55);
}

/* Without features that a TD can have or not have */
static const struct {
	u32 first, last;
	unsigned int read, write;	/* of 0 */
} msrs[] = {
	{ 0x10, 0x10, DONE, VE }, { 0x1b, 0x1b, VE, VE }, { 0x3a, 0x3b, VE, VE },
	{ 0x48, 0x48, DONE, DONE }, { 0x79, 0x79, VE, VE }, { 0x87, 0x87, GP, GP },
	{ 0x8b, 0x8b, VE, VE }, { 0x8c, 0x8f, GP, GP }, { 0x98, 0x9b, GP, GP },
	{ 0x9e, 0x9e, GP, GP }, { 0xbc, 0xbc, DONE, VE }, { 0xbd, 0xbd, DONE, GP },
	{ 0xc1, 0xc8, GP, GP }, { 0xce, 0xce, VE, VE }, { 0xe1, 0xe1, GP, GP },
	{ 0xfe, 0xfe, VE, VE }, { 0x10a, 0x10a, DONE, GP }, { 0x122, 0x122, GP, GP },
	{ 0x140, 0x140, VE, VE }, { 0x174, 0x176, DONE, DONE }, { 0x179, 0x17a, VE, VE },
	{ 0x186, 0x18d, GP, GP }, { 0x195, 0x195, GP, GP }, { 0x1a0, 0x1a0, DONE, VE },
	{ 0x1a6, 0x1a7, GP, GP }, { 0x1c4, 0x1c5, GP, GP }, { 0x1d9, 0x1d9, DONE, DONE },
	{ 0x1f8, 0x1fa, GP, GP }, { 0x200, 0x20f, VE, VE }, { 0x250, 0x26f, VE, VE },
	{ 0x276, 0x276, GP, GP }, { 0x277, 0x277, DONE, DONE }, { 0x2ff, 0x2ff, VE, VE },
	{ 0x309, 0x310, GP, GP }, { 0x329, 0x329, GP, GP }, { 0x345, 0x345, DONE, GP },
	{ 0x38d, 0x392, GP, GP }, { 0x3f1, 0x3f2, GP, GP }, { 0x3f6, 0x3f7, GP, GP },
	{ 0x400, 0x473, VE, VE }, { 0x480, 0x480, DONE, GP }, { 0x481, 0x484, VE, GP },
	{ 0x485, 0x489, DONE, GP }, { 0x48a, 0x48a, VE, GP }, { 0x48b, 0x492, DONE, GP },
	{ 0x4c1, 0x4c8, GP, GP }, { 0x500, 0x500, GP, GP }, { 0x560, 0x561, GP, GP },
	{ 0x570, 0x572, GP, GP }, { 0x580, 0x587, GP, GP }, { 0x600, 0x600, DONE, DONE },
	{ 0x606, 0x606, VE, VE }, { 0x6a0, 0x6a0, GP, GP }, { 0x6a2, 0x6a2, GP, GP },
	{ 0x6a4, 0x6a8, GP, GP }, { 0x6e0, 0x6e1, GP, GP }, { 0x800, 0x801, GP, GP },
	{ 0x802, 0x803, VE, VE }, { 0x804, 0x807, GP, GP }, { 0x80d, 0x80d, VE, VE },
	{ 0x80f, 0x80f, VE, VE }, { 0x828, 0x828, VE, VE }, { 0x829, 0x82e, GP, GP },
	{ 0x82f, 0x830, VE, VE }, { 0x831, 0x831, GP, GP }, { 0x832, 0x83e, VE, VE },
	{ 0x840, 0x8ff, GP, GP }, { 0x981, 0x984, GP, GP }, { 0x985, 0x98a, GP, GP },
	{ 0xc80, 0xc80, DONE, VE }, { 0xd90, 0xd90, GP, GP }, { 0xd93, 0xd93, GP, GP },
	{ 0xda0, 0xda0, DONE, DONE }, { 0x1200, 0x12ff, GP, GP }, { 0x14ce, 0x14cf, GP, GP },
	{ 0x1500, 0x16ff, GP, GP }, { 0x1b01, 0x1b01, DONE, DONE },
	{ 0x2000, 0x2000, VE, VE }, { 0x40000000, 0x40000000, VE, VE },
	{ 0xc0000080, 0xc0000080, DONE, VE }, { 0xc0000081, 0xc0000082, DONE, DONE },
	{ 0xc0000083, 0xc0000083, VE, VE }, { 0xc0000084, 0xc0000084, DONE, DONE },
	{ 0xc0000100, 0xc0000103, DONE, DONE }, { 0xc0000104, 0xc0000104, VE, VE },
	{ 0xc0010000, 0xc0010000, VE, VE }, { 0x49, 0x49, GP, DONE }, { 0x10b, 0x10b, GP, DONE },
};

static void without_features(struct model_machine *m)
{
	tdcs_of(m)->cpuid[0].ecx = 0;
	memset(&tdcs_of(m)->cpuid[5], 0, sizeof(tdcs_of(m)->cpuid[5]));
	tdcs_of(m)->cpuid[17].eax = 0;
}

TEST_F(insn, each_msr_is_accessed_refused_or_raises_ve)
{
	struct model_machine *m = self->machine;
	unsigned int i;
	u32 msr;

	without_features(m);
	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		for (msr = msrs[i].first; msr <= msrs[i].last; msr++) {
			EXPECT_EQ(msrs[i].read, rdmsr(m, msr)) TH_LOG("MSR 0x%x", msr);
			EXPECT_EQ(msrs[i].write, wrmsr(m, msr, 0)) TH_LOG("MSR 0x%x", msr);
		}
}

TEST_F(insn, a_guest_that_enumerates_its_topology_reads_its_x2apic_id)
{
	struct model_machine *m = self->machine;

	vcpu_of(m)->x2apic_id = 0x12345678;
	EXPECT_EQ(VE, rdmsr(m, 0x802));
	tdcs_of(m)->td_ctls = 2;
	EXPECT_EQ(DONE, rdmsr(m, 0x802));
	EXPECT_EQ(0x12345678, value_of(m));
	EXPECT_EQ(VE, wrmsr(m, 0x802, 0));
	EXPECT_EQ(VE, rdmsr(m, 0x803));
}

TEST_F(insn, ve_of_msrs_tells_reason_and_length)
{
	const struct tdx_model_ve_info *info = &vcpu_of(self->machine)->ve_info;

	EXPECT_EQ(VE, rdmsr(self->machine, 0x1b));
	EXPECT_EQ(31, info->reason);
	EXPECT_EQ(0, info->qualification);
	EXPECT_EQ(VE, wrmsr(self->machine, 0x1b, 0));
	EXPECT_EQ(32, info->reason);
	EXPECT_EQ(0, info->qualification);
	EXPECT_EQ(3, info->instruction_length);
}

/* With a feature, MSRs are the guest's, or raise #VE. */
static void perfmon(struct tdx_model_tdcs *tdcs)
{
	tdcs->attributes = TDX_TD_ATTR_PERFMON;
}

static void pks(struct tdx_model_tdcs *tdcs)
{
	tdcs->attributes = TDX_TD_ATTR_PKS;
}

static void waitpkg(struct tdx_model_tdcs *tdcs)
{
	tdcs->cpuid[5].ecx = 1 << 5;
}

static void tsx(struct tdx_model_tdcs *tdcs)
{
	tdcs->cpuid[5].ebx = 1 << 11;
}

static void xfd(struct tdx_model_tdcs *tdcs)
{
	tdcs->cpuid[17].eax = 1 << 4;
}

static void pt(struct tdx_model_tdcs *tdcs)
{
	tdcs->xfam = 0x103;
}

static void cet(struct tdx_model_tdcs *tdcs)
{
	tdcs->xfam = 0x1803;
}

static void uintr(struct tdx_model_tdcs *tdcs)
{
	tdcs->xfam = 0x4003;
}

static void pconfig(struct tdx_model_tdcs *tdcs)
{
	tdcs->cpuid[5].edx = 1 << 18;
}

static void dca(struct tdx_model_tdcs *tdcs)
{
	tdcs->cpuid[0].ecx = 1 << 18;
}

static void tsc_deadline(struct tdx_model_tdcs *tdcs)
{
	tdcs->cpuid[0].ecx = 1 << 24;
}

static void tme(struct tdx_model_tdcs *tdcs)
{
	tdcs->cpuid[5].ecx = 1 << 13;
}

static const struct {
	u32 first, last;
	void (*feature)(struct tdx_model_tdcs *tdcs);
	unsigned int vector;
} feature_msrs[] = {
	{ 0xc1, 0xc8, perfmon }, { 0x186, 0x18d, perfmon }, { 0x1a6, 0x1a7, perfmon },
	{ 0x309, 0x310, perfmon }, { 0x329, 0x329, perfmon }, { 0x38d, 0x392, perfmon },
	{ 0x3f1, 0x3f2, perfmon }, { 0x3f6, 0x3f7, perfmon }, { 0x4c1, 0x4c8, perfmon },
	{ 0xe1, 0xe1, waitpkg }, { 0x122, 0x122, tsx }, { 0x1c4, 0x1c5, xfd },
	{ 0x560, 0x561, pt }, { 0x570, 0x572, pt }, { 0x580, 0x587, pt }, { 0x6a0, 0x6a0, cet },
	{ 0x6a2, 0x6a2, cet }, { 0x6a4, 0x6a8, cet }, { 0x6e1, 0x6e1, pks },
	{ 0x985, 0x98a, uintr }, { 0x87, 0x87, pconfig, VE }, { 0x1f8, 0x1fa, dca, VE },
	{ 0x6e0, 0x6e0, tsc_deadline, VE }, { 0x981, 0x984, tme, VE },
};

TEST_F(insn, msrs_of_a_feature_need_that_feature)
{
	struct model_machine *m = self->machine;
	struct tdx_model_tdcs saved;
	unsigned int i;
	u32 msr;

	without_features(m);
	saved = *tdcs_of(m);
	for (i = 0; i < ARRAY_SIZE(feature_msrs); i++) {
		feature_msrs[i].feature(tdcs_of(m));
		for (msr = feature_msrs[i].first; msr <= feature_msrs[i].last; msr++) {
			EXPECT_EQ(feature_msrs[i].vector, wrmsr(m, msr, msr))
				TH_LOG("MSR 0x%x", msr);
			EXPECT_EQ(feature_msrs[i].vector, rdmsr(m, msr)) TH_LOG("MSR 0x%x", msr);
		}
		/* Each has its own value. */
		for (msr = feature_msrs[i].first; msr <= feature_msrs[i].last; msr++)
			if (!feature_msrs[i].vector && rdmsr(m, msr) == DONE)
				EXPECT_EQ(msr, value_of(m));
		*tdcs_of(m) = saved;
	}
}

#define NOT_CANONICAL	0x0000800000000000ULL
#define CANONICAL	0xffff800000000000ULL

static const struct {
	u32 msr;
	u64 value;
	unsigned int vector;
	u64 then;
} msr_values[] = {
	{ 0x48, 0x107, DONE, 7 }, { 0x174, 0x10, DONE, 0x10 }, { 0x174, 1ULL << 32, GP, 0x10 },
	{ 0x175, CANONICAL, DONE, CANONICAL }, { 0x175, NOT_CANONICAL, GP, CANONICAL },
	{ 0x176, CANONICAL, DONE, CANONICAL }, { 0x176, NOT_CANONICAL, GP, CANONICAL },
	{ 0x277, 0x0706050401000706ULL, DONE, 0x0706050401000706ULL },
	{ 0x277, 2ULL << 56, GP, 0x0706050401000706ULL }, { 0x277, 3, GP, 0x0706050401000706ULL },
	{ 0x277, 8 << 8, GP, 0x0706050401000706ULL },
	{ 0x600, CANONICAL, DONE, CANONICAL }, { 0x600, NOT_CANONICAL, GP, CANONICAL },
	{ 0xc0000081, ~0ULL, DONE, ~0ULL }, { 0xc0000082, CANONICAL, DONE, CANONICAL },
	{ 0xc0000082, NOT_CANONICAL, GP, CANONICAL }, { 0xc0000084, 0x700, DONE, 0x700 },
	{ 0xc0000084, 1ULL << 32, GP, 0x700 }, { 0xc0000100, CANONICAL, DONE, CANONICAL },
	{ 0xc0000100, NOT_CANONICAL, GP, CANONICAL }, { 0xc0000101, 0x123, DONE, 0x123 },
	{ 0xc0000102, NOT_CANONICAL, GP, 0 }, { 0xc0000102, CANONICAL, DONE, CANONICAL },
	{ 0xc0000103, 5, DONE, 5 }, { 0xc0000103, 1ULL << 32, GP, 5 },
	{ 0xc0000080, 0xd00, DONE, 0xd00 }, { 0xc0000080, 0x901, DONE, 0xd01 },	/* LMA is ignored */
	{ 0xc0000080, 0x501, VE, 0xd01 }, { 0xc0000080, 0x1d01, VE, 0xd01 },
	{ 0xda0, 0x1800, DONE, 0x1800 }, { 0xda0, 0x1900, GP, 0x1800 }, { 0xda0, 1, GP, 0x1800 },
	{ 0x1d9, 0xff83, DONE, 0xdf83 }, { 0x1d9, 0x4, GP, 0xdf83 }, { 0x1d9, 0x10000, GP, 0xdf83 },
	{ 0x1d9, 0x40, VE, 0xdf83 }, { 0x1d9, 0xc0, DONE, 0xc0 },
};

TEST_F(insn, msrs_take_valid_values_only)
{
	struct model_machine *m = self->machine;
	unsigned int i;

	tdcs_of(m)->xfam = 0x1803;
	tdcs_of(m)->cpuid[14].edx = 0;
	for (i = 0; i < ARRAY_SIZE(msr_values); i++) {
		EXPECT_EQ(msr_values[i].vector, wrmsr(m, msr_values[i].msr, msr_values[i].value))
			TH_LOG("case %u", i);
		EXPECT_EQ(DONE, rdmsr(m, msr_values[i].msr));
		/* guest_exit() sets EFER. */
		if (msr_values[i].msr == 0xc0000080)
			continue;
		EXPECT_EQ(msr_values[i].then, value_of(m)) TH_LOG("case %u", i);
	}
	EXPECT_EQ(0x123, self->guest->segment[TDX_MODEL_GS].base);
	EXPECT_EQ(CANONICAL, self->guest->segment[TDX_MODEL_FS].base);
	/* With the feature, this bit exists. */
	tdcs_of(m)->cpuid[14].edx = 8;
	EXPECT_EQ(DONE, wrmsr(m, 0x48, 0x107));
	EXPECT_EQ(0x107, self->guest->msr[TDX_MODEL_MSR_SPEC_CTRL]);
}

TEST_F(insn, efer_takes_all_but_lma)
{
	struct model_machine *m = self->machine;

	EXPECT_EQ(DONE, wrmsr(m, 0xc0000080, 0x900));
	EXPECT_EQ(0xd00, self->guest->efer);
	EXPECT_EQ(DONE, wrmsr(m, 0xc0000080, 0xd01));
	EXPECT_EQ(0xd01, self->guest->efer);
	EXPECT_EQ(DONE, rdmsr(m, 0xc0000080));
	EXPECT_EQ(0xd01, value_of(m));
}

TEST_F(insn, msrs_take_addresses_of_57_bits_with_la57)
{
	const struct tdx_model_exit exit = { .reason = TDX_MODEL_EXIT_WRMSR };

	self->guest->cr4 |= 1 << 12;
	self->gpr[TDX_MODEL_RCX] = 0xc0000082;
	self->gpr[TDX_MODEL_RAX] = 0;
	self->gpr[TDX_MODEL_RDX] = 0xff000000;
	ASSERT_EQ(0, guest_enter(self->machine, &exit, 1));
	EXPECT_EQ(0, guest_exception());
	self->gpr[TDX_MODEL_RDX] = 0x01000000;
	ASSERT_EQ(0, guest_enter(self->machine, &exit, 1));
	EXPECT_EQ(GP, guest_exception());
}

/* The host's setting of bit 13 stays, and the guest does not see it. */
TEST_F(insn, the_hosts_bit_of_debugctl_is_kept_and_hidden)
{
	struct model_machine *m = self->machine;

	self->guest->debugctl = 0x2000;
	ASSERT_EQ(DONE, rdmsr(m, 0x1d9));
	EXPECT_EQ(0, value_of(m));
	ASSERT_EQ(DONE, wrmsr(m, 0x1d9, 1));
	EXPECT_EQ(0x2001, self->guest->debugctl);
	/* Module 2.0 knows features. */
	m->model.config.generation = TDX_MODEL_2_0;
	without_features(m);
	EXPECT_EQ(GP, wrmsr(m, 0x1d9, 0x4000));
	EXPECT_EQ(GP, wrmsr(m, 0x1d9, 0x8000));
	perfmon(tdcs_of(m));
	tsx(tdcs_of(m));
	EXPECT_EQ(DONE, wrmsr(m, 0x1d9, 0xc000));
}

static bool read_machine(struct model_machine *m, unsigned int lp, u32 msr, u64 *value)
{
	*value = msr == 0x10 ? 1000 : 0x1234567800019880ULL;
	return msr == 0x10 || msr == 0x1a0 || msr == 0x345 || msr == 0xbc || msr == 0xc80;
}

TEST_F(insn, msrs_of_the_cpu_are_read_as_a_td_may_see_them)
{
	struct model_machine *m = self->machine;

	m->rdmsr = read_machine;
	tdcs_of(m)->tsc_multiplier = 5ULL << 47;
	tdcs_of(m)->tsc_offset = 7;
	tdcs_of(m)->arch_capabilities = 0x55;
	ASSERT_EQ(DONE, rdmsr(m, 0x10));
	EXPECT_EQ(2507, value_of(m));
	ASSERT_EQ(DONE, rdmsr(m, 0x10a));
	EXPECT_EQ(0x55, value_of(m));
	ASSERT_EQ(DONE, rdmsr(m, 0xbc));
	EXPECT_EQ(0x1234567800019880ULL, value_of(m));
	ASSERT_EQ(DONE, rdmsr(m, 0xbd));
	EXPECT_EQ(1, value_of(m));
	ASSERT_EQ(DONE, rdmsr(m, 0x480));
	EXPECT_EQ(0, value_of(m));
	ASSERT_EQ(DONE, rdmsr(m, 0x1a0));
	EXPECT_EQ(0x1234567800019800ULL, value_of(m));
	ASSERT_EQ(DONE, rdmsr(m, 0x345));
	EXPECT_EQ(0, value_of(m));
	perfmon(tdcs_of(m));
	ASSERT_EQ(DONE, rdmsr(m, 0x1a0));
	EXPECT_EQ(0x1234567800019880ULL, value_of(m));
	ASSERT_EQ(DONE, rdmsr(m, 0x345));
	EXPECT_EQ(0x1234567800009880ULL, value_of(m));
	pt(tdcs_of(m));
	ASSERT_EQ(DONE, rdmsr(m, 0x345));
	EXPECT_EQ(0x1234567800019880ULL, value_of(m));
}

/* Control registers.  The source of MOV is RBX. */
struct cr_case {
	u64 value;
	unsigned int vector;
	u64 then;
};

static unsigned int mov_to_cr(struct model_machine *m, unsigned int number, u64 value)
{
	const struct tdx_model_exit exit = {
		.reason = TDX_MODEL_EXIT_CR, .qualification = number | 3 << 8,
		.instruction_length = 3,
	};

	guest_of(m)->gpr[TDX_MODEL_RBX] = value;
	if (guest_enter(m, &exit, 1))
		return ~0U;
	vcpu_of(m)->ve_info.valid = 0;
	return guest_exception();
}

TEST_F(insn, cr0_takes_valid_values_only)
{
	static const struct cr_case cases[] = {
		{ 0x80000031, DONE, 0x80000031 }, { 0x80050033, DONE, 0x80050033 },
		{ 0x8000003b, DONE, 0x8000003b }, { 0x80000035, DONE, 0x80000035 },
		{ 0x80000021, DONE, 0x80000031 },		/* ET is always 1 */
		{ 0x9ffaffff, DONE, 0x8000003f },		/* reserved bits are ignored */
		{ 0x80000011, GP, 0x80000031 },			/* NE */
		{ 0x80000030, GP, 0x80000031 },			/* PG without PE */
		{ 0x31, GP, 0x80000031 },			/* no paging in 64-bit code */
		{ 0xa0000031, VE, 0x80000031 }, { 0xc0000031, VE, 0x80000031 },
		{ 0x180000031ULL, VE, 0x80000031 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		guest_in_64bit_mode(self->guest);
		EXPECT_EQ(cases[i].vector, mov_to_cr(self->machine, 0, cases[i].value))
			TH_LOG("case %u", i);
		EXPECT_EQ(cases[i].then, self->guest->cr0) TH_LOG("case %u", i);
		EXPECT_EQ(0xd01, self->guest->efer);
	}
	tdcs_of(self->machine)->xfam = 0x1803;
	self->guest->cr4 |= 1 << 23;
	EXPECT_EQ(GP, mov_to_cr(self->machine, 0, 0x80000031));
	EXPECT_EQ(DONE, mov_to_cr(self->machine, 0, 0x80010031));
}

/* From 32-bit code: into long mode, compatibility mode first */
TEST_F(insn, paging_starts_and_ends_long_mode)
{
	struct model_machine *m = self->machine;

	EXPECT_EQ(GP, mov_to_cr(m, 0, 0x80000031));	/* LME without PAE */
	EXPECT_EQ(0x901, self->guest->efer);
	self->guest->cr4 |= 0x20;
	EXPECT_EQ(GP, mov_to_cr(m, 0, 0x11));
	EXPECT_EQ(VE, mov_to_cr(m, 0, 0x30));
	EXPECT_EQ(28, vcpu_of(m)->ve_info.reason);
	EXPECT_EQ(0x300, vcpu_of(m)->ve_info.qualification);
	self->guest->segment[TDX_MODEL_CS].access_rights |= 0x2000;
	EXPECT_EQ(GP, mov_to_cr(m, 0, 0x80000031));
	self->guest->segment[TDX_MODEL_CS].access_rights &= ~0x2000;
	EXPECT_EQ(DONE, mov_to_cr(m, 0, 0x80000031));
	EXPECT_EQ(0xd01, self->guest->efer);
	EXPECT_EQ(0x80000031, self->guest->cr0);
	self->guest->cr4 |= 1 << 17;
	EXPECT_EQ(GP, mov_to_cr(m, 0, 0x31));		/* PCIDE */
	self->guest->cr4 &= ~(1 << 17);
	EXPECT_EQ(DONE, mov_to_cr(m, 0, 0x31));
	EXPECT_EQ(0x901, self->guest->efer);
	/* Only the lower half of the register is the operand. */
	EXPECT_EQ(DONE, mov_to_cr(m, 0, 0x100000031ULL));
}

TEST_F(insn, cr4_takes_valid_values_only)
{
	static const struct cr_case cases[] = {
		{ 0x60, DONE, 0x60 }, { 0x3707ff, DONE, 0x3707ff }, { 0x20, VE, 0x60 },
		{ 0x2060, VE, 0x60 }, { 0x4060, VE, 0x60 },	/* VMXE, SMXE */
		{ 0x40, GP, 0x60 },				/* PAE in long mode */
		{ 0x1060, GP, 0x60 },				/* LA57 in long mode */
		{ 0x8060, GP, 0x60 }, { 0x4000060, GP, 0x60 }, { 0x100000060ULL, GP, 0x60 },
		{ 0x80060, GP, 0x60 }, { 0x400060, GP, 0x60 },	/* KL, PKE */
		{ 0x800060, GP, 0x60 }, { 0x1000060, GP, 0x60 }, { 0x2000060, GP, 0x60 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		guest_in_64bit_mode(self->guest);
		EXPECT_EQ(cases[i].vector, mov_to_cr(self->machine, 4, cases[i].value))
			TH_LOG("case %u", i);
		EXPECT_EQ(cases[i].then, self->guest->cr4) TH_LOG("case %u", i);
	}
}

TEST_F(insn, bits_of_cr4_need_their_features)
{
	struct model_machine *m = self->machine;

	guest_in_64bit_mode(self->guest);
	tdcs_of(m)->xfam = 0x5a03;
	tdcs_of(m)->attributes = TDX_TD_ATTR_PKS;
	EXPECT_EQ(DONE, mov_to_cr(m, 4, 0x3400060));	/* UINTR, PKS, PKE */
	EXPECT_EQ(GP, mov_to_cr(m, 4, 0x3c00060));	/* CET without CR0.WP */
	self->guest->cr0 |= 1 << 16;
	EXPECT_EQ(DONE, mov_to_cr(m, 4, 0x3c00060));
	EXPECT_EQ(0x3c00060, self->guest->cr4);
	tdcs_of(m)->xfam = 0x4203;
	EXPECT_EQ(GP, mov_to_cr(m, 4, 0x800060));
	/* PCIDE needs PCID 0 and long mode. */
	self->guest->cr3 = 0x1001;
	EXPECT_EQ(GP, mov_to_cr(m, 4, 0x20060));
	self->guest->cr3 = 0x1000;
	EXPECT_EQ(DONE, mov_to_cr(m, 4, 0x20060));
	self->guest->efer = 0x901;
	self->guest->cr4 = 0x60;
	EXPECT_EQ(GP, mov_to_cr(m, 4, 0x20060));
	EXPECT_EQ(DONE, mov_to_cr(m, 4, 0x1060));	/* LA57 */
}

static bool cpu_without_uintr(struct model_machine *m, unsigned int lp, u32 msr, u64 *value)
{
	*value = 0x1ff2fff;
	return msr == 0x489;
}

TEST_F(insn, bits_of_cr4_need_a_cpu_that_has_them)
{
	guest_in_64bit_mode(self->guest);
	self->machine->rdmsr = cpu_without_uintr;
	EXPECT_EQ(DONE, mov_to_cr(self->machine, 4, 0x100060));
	self->machine->rdmsr = NULL;
	EXPECT_EQ(DONE, mov_to_cr(self->machine, 4, 0x200060));
	self->machine->rdmsr = cpu_without_uintr;
	tdcs_of(self->machine)->xfam = 0x4003;
	EXPECT_EQ(GP, mov_to_cr(self->machine, 4, 0x2000060));	/* UINTR */
	/* On any CPU */
	EXPECT_EQ(VE, mov_to_cr(self->machine, 4, 0x4060));	/* SMXE */
}

TEST_F(insn, clts_and_lmsw_change_cr0)
{
	struct model_machine *m = self->machine;

	const struct tdx_model_exit clts = {
		.reason = TDX_MODEL_EXIT_CR, .qualification = 2 << 4,
	};

	self->guest->cr0 = 0x3f;
	ASSERT_EQ(0, guest_enter(m, &clts, 1));
	EXPECT_EQ(0, guest_exception());
	EXPECT_EQ(0x37, self->guest->cr0);
	ASSERT_EQ(DONE, do_exit(m, TDX_MODEL_EXIT_CR, 3 << 4 | 0xfffeULL << 16));
	EXPECT_EQ(0x8000003f, self->guest->cr0);
	ASSERT_EQ(DONE, do_exit(m, TDX_MODEL_EXIT_CR, 3 << 4));
	EXPECT_EQ(0x80000031, self->guest->cr0);
}

/* Their accesses do not exit. */
TEST_F(insn, other_control_registers_raise_ve)
{
	EXPECT_EQ(VE, mov_to_cr(self->machine, 3, 0));
	EXPECT_EQ(VE, do_exit(self->machine, TDX_MODEL_EXIT_CR, 3 | 1 << 4));
}

TEST_F(insn, mov_from_cr_reads_cr0_and_cr4)
{
	ASSERT_EQ(DONE, do_exit(self->machine, TDX_MODEL_EXIT_CR, 1 << 4 | 15 << 8));
	EXPECT_EQ(0x80000031, self->gpr[TDX_MODEL_R15]);
	ASSERT_EQ(DONE, do_exit(self->machine, TDX_MODEL_EXIT_CR, 4 | 1 << 4 | 2 << 8));
	EXPECT_EQ(0x60, self->gpr[TDX_MODEL_RDX]);
}

TEST_F(insn, xsetbv_takes_what_xfam_allows)
{
	static const struct {
		u64 xfam, xcr0;
		unsigned int vector;
	} cases[] = {
		{ 0x3, 0x1, DONE }, { 0x3, 0x3, DONE }, { 0x3, 0x2, GP }, { 0x3, 0, GP },
		{ 0x3, 0x7, GP }, { 0x7, 0x7, DONE }, { 0x7, 0x5, GP }, { 0xe7, 0xe7, DONE },
		{ 0xe7, 0xe3, GP }, { 0xe7, 0x27, GP }, { 0xe7, 0xa7, GP }, { 0x203, 0x203, DONE },
		{ 0x60003, 0x60003, DONE }, { 0x60003, 0x20003, GP }, { 0x60003, 0x40003, GP },
		{ 0x1803, 0x1803, GP }, { 0x103, 0x103, GP }, { 0x3, 1ULL << 63 | 3, GP },
	};
	unsigned int i;
	u64 then;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		tdcs_of(self->machine)->xfam = cases[i].xfam;
		self->gpr[TDX_MODEL_RCX] = 1ULL << 32;
		self->gpr[TDX_MODEL_RAX] = (u32)cases[i].xcr0 | 1ULL << 32;
		self->gpr[TDX_MODEL_RDX] = cases[i].xcr0 >> 32;
		self->guest->xcr0 = 1;
		EXPECT_EQ(cases[i].vector, do_exit(self->machine, TDX_MODEL_EXIT_XSETBV, 0))
			TH_LOG("case %u", i);
		then = cases[i].xcr0;
		if (cases[i].vector)
			then = 1;
		EXPECT_EQ(then, self->guest->xcr0) TH_LOG("case %u", i);
	}
	self->gpr[TDX_MODEL_RCX] = 1;
	EXPECT_EQ(GP, do_exit(self->machine, TDX_MODEL_EXIT_XSETBV, 0));
}

TEST_HARNESS_MAIN
