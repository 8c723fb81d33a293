// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDH.MNG.INIT of the software TDX module: each field and reserved bit of TD_PARAMS, the
 * order of checks, and the resulting values.
 */
#include <linux/kernel.h>
#include <string.h>

#include "harness.h"
#include "model_td.h"

#define INVALID(name)	(TDX_OPERAND_INVALID | TDX_OPERAND_ID_##name)

FIXTURE(params) {
	struct model_machine *machine;
};

FIXTURE_SETUP(params)
{
	self->machine = machine_alloc();
	ASSERT_NE(NULL, self->machine);
	machine_init(self->machine, 4);
}

FIXTURE_TEARDOWN(params)
{
	machine_free(self->machine);
}

/* A TD before TDH.MNG.INIT, and valid TD_PARAMS */
static struct tdx_td_params *prepare(struct model_machine *m)
{
	if (!td_bring_to(m, TDCX_6))
		abort();
	return td_params(m);
}

static u64 init(struct model_machine *m)
{
	return td_call(m, 0, TDH_MNG_INIT, TDR_PA, PARAMS_PA);
}

static u64 read_field(struct model_machine *m, u64 id)
{
	struct tdx_model_regs regs = { .rax = TDH_MNG_RD, .gpr = { .rcx = TDR_PA, .rdx = id } };

	return machine_seamcall(m, 0, &regs) ? NONE : regs.gpr.r8;
}

static u64 unless(bool good, u64 status)
{
	return good ? 0 : status;
}

TEST_F(params, only_attributes_that_exist_are_taken)
{
	struct model_machine *m = self->machine;
	struct tdx_td_params *params;
	u64 allowed = 0x8000000070000001ULL;
	unsigned int bit;

	for (bit = 0; bit < 64; bit++) {
		params = prepare(m);
		params->attributes = 1ULL << bit;
		EXPECT_EQ(allowed >> bit & 1 ? 0 : INVALID(ATTRIBUTES), init(m))
			TH_LOG("bit %u", bit);
		if (allowed >> bit & 1)
			EXPECT_EQ(1ULL << bit, read_field(m, TDX_MD_TDCS_ATTRIBUTES));
	}
	params = prepare(m);
	params->attributes = TDX_TD_ATTR_MIGRATABLE | TDX_TD_ATTR_DEBUG;
	EXPECT_EQ(INVALID(ATTRIBUTES), init(m));
	params->attributes = TDX_TD_ATTR_MIGRATABLE | TDX_TD_ATTR_PERFMON;
	EXPECT_EQ(INVALID(ATTRIBUTES), init(m));
	params->attributes = TDX_TD_ATTR_DEBUG | TDX_TD_ATTR_PERFMON;
	EXPECT_EQ(0, init(m));
}

TEST_F(params, xfam_takes_valid_values_only)
{
	static const struct {
		u64 xfam;
		bool good;
	} cases[] = {
		{ 0, false }, { 1, false }, { 2, false }, { 3, true }, { 7, true }, { 0x23, false },
		{ 0x27, false }, { 0xe3, false }, { 0xe7, true }, { 0x67, false }, { 0x203, true },
		{ 0x803, false }, { 0x1003, false }, { 0x1803, true }, { 0x20003, false },
		{ 0x40003, false }, { 0x60003, true }, { 0x61ae7, true }, { 0x103, false },
		{ 0x8003, false }, { 0x4003, false }, { 0x80003, false }, { 1ULL << 63 | 3, false },
	};
	struct model_machine *m = self->machine;
	unsigned int i;
	u64 status;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		status = unless(cases[i].good, INVALID(XFAM));
		prepare(m)->xfam = cases[i].xfam;
		EXPECT_EQ(status, init(m))
			TH_LOG("0x%llx", cases[i].xfam);
	}
}

/* As on a CPU without AVX-512 and AMX, and on one without CET */
TEST_F(params, xfam_has_only_what_the_cpu_has)
{
	static const struct {
		u64 xfam;
		bool good;
	} cases[] = { { 3, true }, { 0x207, true }, { 0xe7, false }, { 0x60003, false },
		      { 0x1803, true } };
	struct model_machine *m = self->machine;
	unsigned int i;
	u64 status;

	m->spoiled_cpuid = (struct spoiled_cpuid) { 0xd, 0, 0, 0x207 };
	m->cpuid_is_spoiled = true;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		status = unless(cases[i].good, INVALID(XFAM));
		prepare(m)->xfam = cases[i].xfam;
		EXPECT_EQ(status, init(m)) TH_LOG("0x%llx", cases[i].xfam);
	}
	m->spoiled_cpuid = (struct spoiled_cpuid) { 0xd, 1, 2, 0 };
	prepare(m)->xfam = 0x1803;
	EXPECT_EQ(INVALID(XFAM), init(m));
}

/* Fields with reserved bits, which are set one at a time */
static const struct {
	const char *name;
	unsigned int offset, bytes;
	u64 bad_bits;		/* each of them alone */
	u64 status;
} reserved_bits[] = {
	{ "config_flags", 32, 8, ~7ULL, INVALID(EXEC_CONTROLS) },
	{ "msr_config_ctls", 19, 1, 0xfe, INVALID(RDX) },
	{ "arch capabilities, without the flag", 224, 8, ~0ULL,
	  INVALID(IA32_ARCH_CAPABILITIES_CONFIG) },
};

static void flip(struct tdx_td_params *params, unsigned int offset, unsigned int bit)
{
	((u8 *)params)[offset + bit / 8] ^= 1 << bit % 8;
}

TEST_F(params, reserved_bits_of_fields_are_refused)
{
	struct model_machine *m = self->machine;
	unsigned int i, bit;

	for (i = 0; i < ARRAY_SIZE(reserved_bits); i++)
		for (bit = 0; bit < 8 * reserved_bits[i].bytes; bit++) {
			if (!(reserved_bits[i].bad_bits >> bit & 1))
				continue;
			flip(prepare(m), reserved_bits[i].offset, bit);
			EXPECT_EQ(reserved_bits[i].status, init(m))
				TH_LOG("%s, bit %u", reserved_bits[i].name, bit);
		}
}

static const struct {
	unsigned int from, to;
} reserved_bytes[] = { { 20, 24 }, { 42, 80 }, { 232, 256 }, { 448, 1024 } };

TEST_F(params, reserved_bytes_are_zero)
{
	struct model_machine *m = self->machine;
	unsigned int i, byte;

	prepare(m);
	for (i = 0; i < ARRAY_SIZE(reserved_bytes); i++)
		for (byte = reserved_bytes[i].from; byte < reserved_bytes[i].to; byte++) {
			flip(td_params(m), byte, byte % 8);
			EXPECT_EQ(INVALID(RDX), init(m)) TH_LOG("byte %u", byte);
		}
	/* A failure has no lasting effect. */
	td_params(m);
	EXPECT_EQ(0, init(m));
}

TEST_F(params, arch_capabilities_are_taken_with_the_flag)
{
	const u64 allowed = 1 << 4 | 1 << 19 | 1 << 20 | 1 << 24;
	struct model_machine *m = self->machine;
	struct tdx_td_params *params;
	unsigned int bit;

	for (bit = 0; bit < 64; bit++) {
		params = prepare(m);
		params->msr_config_ctls = TDX_MSR_CONFIG_ARCH_CAPABILITIES;
		params->ia32_arch_capabilities_config = 1ULL << bit;
		EXPECT_EQ(allowed >> bit & 1 ? 0 : INVALID(IA32_ARCH_CAPABILITIES_CONFIG), init(m))
			TH_LOG("bit %u", bit);
	}
}

TEST_F(params, eptp_controls_have_4_or_5_levels)
{
	struct model_machine *m = self->machine;
	struct tdx_td_params *params;
	u64 controls;

	for (controls = 0; controls < 0x100; controls++) {
		params = prepare(m);
		params->eptp_controls = controls;
		EXPECT_EQ(controls == 0x1e || controls == 0x26 ? 0 : INVALID(EPTP_CONTROLS), init(m))
			TH_LOG("0x%llx", controls);
		params = prepare(m);
		params->eptp_controls = controls;
		params->config_flags = TDX_CONFIG_FLAG_GPAW;
		EXPECT_EQ(controls == 0x26 ? 0 : INVALID(EPTP_CONTROLS), init(m))
			TH_LOG("0x%llx with 52 bits", controls);
	}
	prepare(m)->eptp_controls = 0x1e | 1ULL << 63;
	EXPECT_EQ(INVALID(EPTP_CONTROLS), init(m));
	/* The root, without the KeyID. */
	prepare(m);
	EXPECT_EQ(0, init(m));
	EXPECT_EQ(TDCX_PA(3) | 0x1e, read_field(m, TDX_MD_TDCS_EPTP));
}

TEST_F(params, numbers_have_limits)
{
	struct model_machine *m = self->machine;

	prepare(m)->max_vcpus = 0;
	EXPECT_EQ(INVALID(MAX_VCPUS), init(m));
	td_params(m)->tsc_frequency = 3;
	EXPECT_EQ(INVALID(TSC_FREQUENCY), init(m));
	td_params(m)->tsc_frequency = 401;
	EXPECT_EQ(INVALID(TSC_FREQUENCY), init(m));
	td_params(m)->num_l2_vms = 4;
	EXPECT_EQ(INVALID(NUM_L2_VMS), init(m));
	/* An L2 VM needs a page more. */
	td_params(m)->num_l2_vms = 1;
	EXPECT_EQ(TDX_TDCS_NOT_ALLOCATED, init(m));
	EXPECT_EQ(0, td_call(m, 0, TDH_MNG_ADDCX, TDCX_PA(6), TDR_PA));
	EXPECT_EQ(0, init(m));
	prepare(m)->tsc_frequency = 4;
	EXPECT_EQ(0, init(m));
	/* 100 MHz of 2 GHz, and no time has passed. */
	EXPECT_EQ((1ULL << 48) / 20, read_field(m, TDX_MD_TDCS_TSC_MULTIPLIER));
	EXPECT_EQ(0, read_field(m, TDX_MD_TDCS_TSC_OFFSET));
	prepare(m)->tsc_frequency = 400;
	EXPECT_EQ(0, init(m));
	EXPECT_EQ(5ULL << 48, read_field(m, TDX_MD_TDCS_TSC_MULTIPLIER));
}

/* Configurable bits of CPUID, from the specification */
static const struct {
	u32 leaf, subleaf;
	u32 bits[4];
} configurable[] = {
	{ 0x1, ~0U, { 0, 0xff0000, 0x31044d88, 0xb8440000 } },	/* EAX: see below */
	{ 0x4, 0, { 0xffffc3ff, 0xfffff000, ~0U, 0xfffffffb } },
	{ 0x4, 1, { 0xffffc3ff, 0xfffff000, ~0U, 0xfffffffb } },
	{ 0x4, 2, { 0xffffc3ff, 0xfffff000, ~0U, 0xfffffffb } },
	{ 0x4, 3, { 0xffffc3ff, 0xfffff000, ~0U, 0x7 } },
	{ 0x7, 0, { 0, 0xdc2b9b18 & ~0x810, 0x2417f65, 0x5411c } },	/* HLE, RTM: see below */
	{ 0x7, 1, { 0x1d30, 0, 0, 0 } },
	{ 0xa, ~0U, { 0, 0, 0, 0 } },
	{ 0x1c, ~0U, { 0xff, 0, 0, 0 } },
	{ 0x80000008, ~0U, { 0, 0x200, 0, 0 } },
	{ 0x7, 2, { 0, 0, 0, 0x28 } },
	{ 0x23, 0, { 0xf, 0, 0, 0 } },
};

TEST_F(params, only_configurable_bits_of_cpuid_are_taken)
{
	struct model_machine *m = self->machine;
	struct tdx_model_regs regs;
	unsigned int i, bit;
	bool good;

	for (i = 0; i < ARRAY_SIZE(configurable); i++)
		for (bit = 0; bit < 128; bit++) {
			if ((i == 0 && bit < 32) || (i == 5 && (bit == 32 + 4 || bit == 32 + 11)))
				continue;
			good = configurable[i].bits[bit / 32] >> bit % 32 & 1;
			flip(prepare(m), 256 + 16 * i, bit);
			regs = (struct tdx_model_regs) {
				.rax = TDH_MNG_INIT, .gpr = { .rcx = TDR_PA, .rdx = PARAMS_PA },
			};
			EXPECT_EQ(good ? 0 : INVALID(CPUID_CONFIG), machine_seamcall(m, 0, &regs))
				TH_LOG("leaf 0x%x, bit %u", configurable[i].leaf, bit);
			EXPECT_EQ(good ? 0 : configurable[i].leaf |
				  (u64)configurable[i].subleaf << 32, regs.gpr.rcx);
		}
}

TEST_F(params, tsx_is_on_as_a_whole_or_off)
{
	static const struct {
		u32 ebx;
		u64 status;
	} cases[] = { { 0, 0 }, { 0x10, INVALID(CPUID_CONFIG) }, { 0x800, INVALID(CPUID_CONFIG) },
		      { 0x810, 0 } };
	struct model_machine *m = self->machine;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		prepare(m)->cpuid_config[5].ebx = cases[i].ebx;
		EXPECT_EQ(cases[i].status, init(m));
	}
	/* Without TSX_CTRL. */
	m->spoiled = (struct spoiled_msr) { 0x10a, 0x20fd6b };
	prepare(m)->cpuid_config[5].ebx = 0x810;
	EXPECT_EQ(TDX_INCORRECT_MSR_VALUE | 0x10a, init(m));
	td_params(m);
	EXPECT_EQ(0, init(m));
}

TEST_F(params, family_model_and_stepping_are_those_of_the_cpu)
{
	static const struct {
		u32 eax;
		bool good, good_to_migrate;
	} cases[] = {
		{ 0, true, true }, { 0x806f8, true, true }, { 0x806f7, false, true },
		{ 0x806f9, false, false }, { 0x806e8, false, false }, { 0x1806f8, false, false },
		{ 0x807f8, false, false }, { 0x846f8, false, false },
	};
	struct model_machine *m = self->machine;
	struct tdx_td_params *params;
	unsigned int i;
	u64 status;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		status = unless(cases[i].good, INVALID(CPUID_CONFIG));
		prepare(m)->cpuid_config[0].eax = cases[i].eax;
		EXPECT_EQ(status, init(m))
			TH_LOG("0x%x", cases[i].eax);
		params = prepare(m);
		params->cpuid_config[0].eax = cases[i].eax;
		params->attributes = TDX_TD_ATTR_MIGRATABLE;
		status = unless(cases[i].good_to_migrate, INVALID(CPUID_CONFIG));
		EXPECT_EQ(status, init(m))
			TH_LOG("0x%x", cases[i].eax);
	}
}

#define BREAK(name, statement) \
	static void name(struct model_machine *m, struct tdx_td_params *p) { statement; }

BREAK(limit, m->spoiled = ((struct spoiled_msr) { 0x1a0, 1 << 22 }))
BREAK(attributes, p->attributes |= 2)
BREAK(xfam, p->xfam = 1)
BREAK(max_vcpus, p->max_vcpus = 0)
BREAK(l2_vms, p->num_l2_vms = 4)
BREAK(no_page_for_l2, p->num_l2_vms = 1)
BREAK(bytes_20, p->reserved0[3] = 1)
BREAK(flags, p->config_flags = 8)
BREAK(eptp, p->eptp_controls = 0x16)
BREAK(tsc, p->tsc_frequency = 500)
BREAK(tsc_adjust, m->spoiled = ((struct spoiled_msr) { 0x3b, 1 }))
BREAK(bytes_42, p->reserved1[0] = 1)
BREAK(msr_ctls, p->msr_config_ctls = 2)
BREAK(bytes_232, p->reserved2[0] = 1)
BREAK(cpuid, p->cpuid_config[7].eax = 1)
BREAK(last_cpuid, p->cpuid_config[11].eax = 0x80)
BREAK(bytes_448, p->cpuid_config[12].eax = 1)
BREAK(arch_caps, p->ia32_arch_capabilities_config = 1)

/* In the order of checks */
static const struct {
	void (*broken)(struct model_machine *m, struct tdx_td_params *p);
	u64 status;
} order[] = {
	{ limit, TDX_LIMIT_CPUID_MAXVAL_SET }, { attributes, INVALID(ATTRIBUTES) },
	{ xfam, INVALID(XFAM) }, { max_vcpus, INVALID(MAX_VCPUS) }, { l2_vms, INVALID(NUM_L2_VMS) },
	{ no_page_for_l2, TDX_TDCS_NOT_ALLOCATED }, { bytes_20, INVALID(RDX) },
	{ flags, INVALID(EXEC_CONTROLS) }, { eptp, INVALID(EPTP_CONTROLS) },
	{ tsc, INVALID(TSC_FREQUENCY) }, { tsc_adjust, TDX_INCONSISTENT_MSR | 0x3b },
	{ bytes_42, INVALID(RDX) }, { msr_ctls, INVALID(RDX) }, { bytes_232, INVALID(RDX) },
	{ cpuid, INVALID(CPUID_CONFIG) }, { last_cpuid, INVALID(CPUID_CONFIG) },
	{ bytes_448, INVALID(RDX) }, { arch_caps, INVALID(IA32_ARCH_CAPABILITIES_CONFIG) },
};

TEST_F(params, of_two_mistakes_the_first_is_reported)
{
	struct model_machine *m = self->machine;
	struct tdx_td_params *params;
	unsigned int first, later;

	for (first = 0; first < ARRAY_SIZE(order); first++)
		for (later = first; later < ARRAY_SIZE(order); later++) {
			m->spoiled = (struct spoiled_msr) {};
			params = prepare(m);
			order[later].broken(m, params);
			order[first].broken(m, params);
			EXPECT_EQ(order[first].status, init(m))
				TH_LOG("%u and %u: %s", first, later, tdx_model_why(&m->model));
		}
	m->spoiled = (struct spoiled_msr) {};
}

TEST_F(params, a_td_with_l2_vms_cannot_migrate)
{
	struct model_machine *m = self->machine;
	struct tdx_td_params *params = prepare(m);

	EXPECT_EQ(0, td_call(m, 0, TDH_MNG_ADDCX, TDCX_PA(6), TDR_PA));
	params->attributes = TDX_TD_ATTR_MIGRATABLE;
	params->num_l2_vms = 1;
	EXPECT_EQ(INVALID(RDX), init(m));
	arch_caps(m, params);
	EXPECT_EQ(INVALID(IA32_ARCH_CAPABILITIES_CONFIG), init(m));
}

/* A module 1.0 has fewer fields. */
TEST_F(params, module_1_0_has_fewer_of_them)
{
	struct model_machine *m = self->machine;

	m->config.generation = TDX_MODEL_1_0;
	prepare(m)->num_l2_vms = 1;
	EXPECT_EQ(INVALID(RDX), init(m));
	td_params(m)->msr_config_ctls = 1;
	EXPECT_EQ(INVALID(RDX), init(m));
	td_params(m)->config_flags = TDX_CONFIG_FLAG_NO_RBP_MOD;
	EXPECT_EQ(INVALID(EXEC_CONTROLS), init(m));
	td_params(m);
	EXPECT_EQ(0, init(m));
}

static u64 cpuid_field(u32 leaf, u32 subleaf, unsigned int element)
{
	return TDX_MD_TDCS_CPUID_VALUES | (u64)(leaf >> 31) << 16 | (leaf & 0x7f) << 9 |
	       (subleaf == ~0U ? 0x1fe : subleaf << 1) | element;
}

TEST_F(params, the_td_sees_the_cpuid_that_was_configured)
{
	struct model_machine *m = self->machine;
	struct tdx_td_params *params = prepare(m);

	params->xfam = 0x61ae7;
	params->attributes = TDX_TD_ATTR_PKS;
	params->cpuid_config[0].ebx = 0x40000;	/* 4 logical processors */
	params->cpuid_config[0].ecx = 8;	/* MONITOR */
	ASSERT_EQ(0, init(m));
	EXPECT_EQ(0x756e654700000023ULL, read_field(m, cpuid_field(0, ~0U, 0)));
	EXPECT_EQ(0x40000000806f8ULL, read_field(m, cpuid_field(1, ~0U, 0)));
	EXPECT_EQ(0x20080000008ULL, read_field(m, cpuid_field(1, ~0U, 1)));
	EXPECT_EQ(0x6400000001ULL, read_field(m, cpuid_field(0x15, ~0U, 0)));
	EXPECT_EQ(25000000, read_field(m, cpuid_field(0x15, ~0U, 1)));
	EXPECT_EQ(0x65746e4900000000ULL, read_field(m, cpuid_field(0x21, 0, 0)));
	EXPECT_EQ(0x5844546c20202020ULL, read_field(m, cpuid_field(0x21, 0, 1)));
	EXPECT_EQ(0x602e7, read_field(m, cpuid_field(0xd, 0, 0)));
	EXPECT_EQ(11008, read_field(m, cpuid_field(0xd, 0, 1)));
	EXPECT_TRUE(read_field(m, cpuid_field(7, 0, 1)) & 1U << 31);
	EXPECT_EQ(64, read_field(m, 0x911000010000000eULL));	/* NUM_CPUID_VALUES */
	/* #VE, and an unknown leaf */
	EXPECT_EQ(NONE, read_field(m, cpuid_field(6, ~0U, 0)));
	EXPECT_EQ(NONE, read_field(m, cpuid_field(2, ~0U, 0)));
}

TEST_F(params, cpuid_follows_xfam_and_attributes)
{
	struct model_machine *m = self->machine;

	prepare(m);
	ASSERT_EQ(0, init(m));
	EXPECT_EQ(3, read_field(m, cpuid_field(0xd, 0, 0)));
	EXPECT_EQ(576, read_field(m, cpuid_field(0xd, 0, 1)));
	EXPECT_EQ(0, read_field(m, cpuid_field(0xd, 2, 0)));
	EXPECT_EQ(0, read_field(m, cpuid_field(0xa, ~0U, 0)));
	EXPECT_EQ(0, read_field(m, cpuid_field(0x1d, 1, 0)));
	EXPECT_FALSE(read_field(m, cpuid_field(7, 0, 1)) & 1U << 31);
	prepare(m)->attributes = TDX_TD_ATTR_PERFMON;
	ASSERT_EQ(0, init(m));
	EXPECT_EQ(5, read_field(m, cpuid_field(0xa, ~0U, 0)));
}

TEST_HARNESS_MAIN
