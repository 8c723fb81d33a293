// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measurements and reports of a scripted guest in the software TDX module, and memory that its
 * TDCALLs name.
 *
 * Expected values are literally those of the specification.  Digests were computed by
 * Python's hashlib and hmac.
 */
#include <linux/kernel.h>
#include <string.h>

#include "harness.h"
#include "model_guest.h"

#define RCX(status)	(TDX_##status | TDX_OPERAND_ID_RCX)
#define RDX(status)	(TDX_##status | TDX_OPERAND_ID_RDX)
#define SHARED		BIT_ULL(47)
#define SHARED_GPA	(SHARED | K(12))
#define NO_VE		BIT_ULL(63)

/* EPT of the host: the root, and a table of each lower level; and the page that it maps */
#define EPT_PA(i)	(BUFFER_PA + K(160) + K(4) * (i))
#define SHARED_PA	(BUFFER_PA + K(176))

FIXTURE(report) {
	struct model_machine *machine;
	u64 *gpr;
	u8 *page;	/* private, at ADDED_GPA */
	u8 *shared;	/* at SHARED_GPA */
};

static void set_entry(struct model_machine *m, unsigned int level, u64 value)
{
	u64 pa = EPT_PA(3 - level) + (SHARED_GPA >> (12 + 9 * level) & 511) * sizeof(value);

	memcpy(&m->buffer[pa - BUFFER_PA], &value, sizeof(value));
}

FIXTURE_SETUP(report)
{
	struct model_machine *m = machine_alloc();
	unsigned int level;

	ASSERT_NE(NULL, m);
	self->machine = m;
	machine_init(m, 4);
	ASSERT_TRUE(guest_bring_to(m, AUGMENTED));
	self->gpr = guest_of(m)->gpr;
	self->page = memory_map(&m->memory, ADDED_PA);
	self->shared = &m->buffer[SHARED_PA - BUFFER_PA];
	memset(&m->buffer[EPT_PA(0) - BUFFER_PA], 0, K(20));
	for (level = 3; level; level--)
		set_entry(m, level, EPT_PA(4 - level) | 7);
	set_entry(m, 0, SHARED_PA | 0x33);
	vcpu_of(m)->shared_eptp = EPT_PA(0);
}

FIXTURE_TEARDOWN(report)
{
	machine_free(self->machine);
}

TEST(sha384_takes_any_length)
{
	static const struct {
		unsigned int bytes;
		u64 begin;	/* of the digest, big endian */
	} cases[] = {
		{ 0, 0x38b060a751ac9638ULL }, { 1, 0x8d2ce87d86f55fcfULL },
		{ 111, 0x89c1d81d1cbc65caULL },
		{ 112, 0x7b412ee8bc1953a2ULL }, { 127, 0x714fa595ed33148cULL },
		{ 128, 0x147ae27db2fd5e43ULL }, { 239, 0x02010ff24bd03d6fULL },
		{ 240, 0x6b10ff2d44cd2536ULL }, { 256, 0xbe30f176eba7e9cdULL },
		{ 300, 0x3063cf9e06af0f4bULL },
	};
	u8 data[300];
	u64 digest[6];
	unsigned int i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 7 + 1;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		tdx_model_sha384(data, cases[i].bytes, digest);
		EXPECT_EQ(cases[i].begin, __builtin_bswap64(digest[0])) TH_LOG("case %u", i);
	}
}

/* TDG.MR.RTMR.EXTEND, of 48 bytes 0x5a */
static const u8 extended_once[48] = {
	0xa0, 0xcf, 0x46, 0xb9, 0x8d, 0xc1, 0x69, 0xc6, 0x04, 0xe8, 0xcc, 0x9c,
	0x6b, 0x72, 0xb0, 0x12, 0xa6, 0xb9, 0x63, 0x84, 0xa6, 0x62, 0xf6, 0x9e,
	0x73, 0xf6, 0x68, 0x50, 0x50, 0x14, 0x34, 0xcd, 0xee, 0x0f, 0xc0, 0x47,
	0x8d, 0xc5, 0xe0, 0x35, 0xd2, 0xb2, 0xcc, 0x77, 0xc0, 0xea, 0x9a, 0x3a,
};

static const u8 extended_twice[48] = {
	0xd9, 0xb8, 0x71, 0xa1, 0xb9, 0xad, 0x70, 0x0b, 0xd8, 0x35, 0x90, 0x40,
	0x5b, 0xb4, 0x2c, 0x98, 0xef, 0x01, 0xa0, 0xe4, 0xd0, 0x0b, 0x62, 0x80,
	0xb8, 0x6d, 0x3f, 0x83, 0xd8, 0x28, 0xe0, 0x51, 0xa8, 0x1a, 0xa7, 0x37,
	0x49, 0x18, 0xe5, 0x97, 0x8f, 0x55, 0xd1, 0xfe, 0x4f, 0x2b, 0x6f, 0x53,
};

static u64 extend(struct model_machine *m, u64 gpa, u64 i)
{
	u64 *gpr = guest_of(m)->gpr;

	gpr[TDX_MODEL_RCX] = gpa;
	gpr[TDX_MODEL_RDX] = i;
	return guest_tdcall(m, TDG_MR_RTMR_EXTEND);
}

TEST_F(report, extend_hashes_into_one_rtmr)
{
	struct model_machine *m = self->machine;
	unsigned int i;

	memset(&self->page[64], 0x5a, 48);
	self->page[64 + 48] = 1;
	EXPECT_EQ(0, extend(m, ADDED_GPA + 64, 2));
	EXPECT_EQ(0, memcmp(tdcs_of(m)->rtmr[2], extended_once, 48));
	EXPECT_EQ(0, extend(m, ADDED_GPA + 64, 2));
	EXPECT_EQ(0, memcmp(tdcs_of(m)->rtmr[2], extended_twice, 48));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(i != 2, memory_is_zero(tdcs_of(m)->rtmr[i], 48));
	EXPECT_EQ(0, extend(m, ADDED_GPA, 3));
	EXPECT_FALSE(memory_is_zero(tdcs_of(m)->rtmr[3], 48));
}

TEST_F(report, operands_of_extend_are_checked_in_order)
{
	struct model_machine *m = self->machine;

	EXPECT_EQ(RCX(OPERAND_INVALID), extend(m, ADDED_GPA + 32, 4));
	EXPECT_EQ(RCX(OPERAND_INVALID), extend(m, SHARED_GPA, 4));
	EXPECT_EQ(RCX(OPERAND_INVALID), extend(m, BIT_ULL(52), 4));
	tdcs_of(m)->rtmr_lock.holders = 1;
	EXPECT_EQ(RDX(OPERAND_INVALID), extend(m, ADDED_GPA, 4));
	EXPECT_EQ(TDX_OPERAND_BUSY | TDX_OPERAND_ID_RTMR, extend(m, ADDED_GPA, 0));
	tdcs_of(m)->rtmr_lock.holders = 0;
	/* The page comes before the index. */
	extend(m, AUG_GPA, 4);
	EXPECT_EQ(20, guest_exception());
	EXPECT_EQ(TDG_MR_RTMR_EXTEND, self->gpr[TDX_MODEL_RAX]);
	EXPECT_EQ(0, extend(m, ADDED_GPA, 0));
	EXPECT_EQ(0, tdcs_of(m)->rtmr_lock.holders);
}

/* TDG.MR.REPORT */
static u64 report(struct model_machine *m, u64 to, u64 from, u64 subtype)
{
	u64 *gpr = guest_of(m)->gpr;

	gpr[TDX_MODEL_RCX] = to;
	gpr[TDX_MODEL_RDX] = from;
	gpr[TDX_MODEL_R8] = subtype;
	return guest_tdcall(m, TDG_MR_REPORT);
}

static void fill_td(struct model_machine *m)
{
	struct tdx_model_tdcs *tdcs = tdcs_of(m);

	tdcs->attributes = BIT_ULL(28);
	tdcs->xfam = 3;
	memset(tdcs->mrtd, 0x11, 48);
	memset(tdcs->mrconfigid, 0x22, 48);
	memset(tdcs->mrowner, 0x33, 48);
	memset(tdcs->mrownerconfig, 0x44, 48);
	memset(tdcs->rtmr[0], 0x55, 48);
	memset(tdcs->rtmr[1], 0x66, 48);
	memset(tdcs->rtmr[2], 0x77, 48);
	memset(tdcs->rtmr[3], 0x88, 48);
}

/* With the values of fill_td(), and REPORTDATA of 64 bytes 0x99 */
static const u8 tee_tcb_info_hash[48] = {
	0x20, 0xd4, 0x5e, 0xec, 0xa1, 0x3a, 0xba, 0x9c, 0xc0, 0x1f, 0x25, 0xb8,
	0x8b, 0x52, 0x37, 0x2e, 0xaf, 0x7d, 0xb9, 0x00, 0x8b, 0x94, 0x22, 0x0b,
	0xe6, 0x8b, 0x43, 0x69, 0x56, 0x01, 0xf6, 0xe5, 0x83, 0x74, 0x12, 0x73,
	0xf7, 0x03, 0x83, 0x21, 0x35, 0x55, 0x94, 0xc6, 0x89, 0x2a, 0x26, 0xf3,
};

static const u8 tee_info_hash[48] = {
	0x04, 0xdd, 0xc1, 0xe7, 0x80, 0xab, 0x58, 0x21, 0x01, 0x27, 0x60, 0xe3,
	0xf0, 0x2d, 0x63, 0x31, 0xd4, 0x30, 0x9f, 0x30, 0x5c, 0xce, 0x9b, 0xa8,
	0x02, 0xf7, 0x46, 0x4a, 0xf7, 0x61, 0x5e, 0x55, 0x75, 0x49, 0x05, 0x76,
	0xf9, 0x73, 0xbd, 0x18, 0x97, 0xe9, 0xe7, 0x1c, 0x44, 0x86, 0x6e, 0x20,
};

static const u8 mac[32] = {
	0xa4, 0xe5, 0x81, 0x80, 0xf9, 0xe1, 0x77, 0xad, 0xde, 0xdb, 0xcb, 0xa7,
	0xb3, 0xc6, 0xd2, 0xdb, 0xff, 0x9e, 0xfc, 0xa0, 0xcb, 0xe1, 0xcb, 0x72,
	0xd9, 0x14, 0xd6, 0x3d, 0xef, 0x2c, 0x57, 0xfc,
};

TEST_F(report, a_report_has_all_of_its_fields)
{
	struct model_machine *m = self->machine;
	const u8 *r = &self->page[1024];
	unsigned int i;

	fill_td(m);
	memset(self->page, 0x99, 64);
	memset(&self->page[1024], 0xff, 1024);
	ASSERT_EQ(0, report(m, ADDED_GPA + 1024, ADDED_GPA, 0));
	EXPECT_EQ(0x81, r[0]);
	EXPECT_TRUE(memory_is_zero(&r[1], 31));
	EXPECT_EQ(0, memcmp(&r[32], tee_tcb_info_hash, 48));
	EXPECT_EQ(0, memcmp(&r[80], tee_info_hash, 48));
	EXPECT_EQ(0, memcmp(&r[128], self->page, 64));
	EXPECT_TRUE(memory_is_zero(&r[192], 32));
	EXPECT_EQ(0, memcmp(&r[224], mac, 32));
	/* TEE_TCB_INFO has 239 bytes. */
	EXPECT_EQ(6, r[256 + 8]);
	EXPECT_TRUE(memory_is_zero(&r[256 + 72], 184));
	EXPECT_EQ(0x10, r[512 + 3]);
	EXPECT_EQ(3, r[512 + 8]);
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(0x11 * (i + 1), r[512 + 16 + 48 * i]);
		EXPECT_EQ(0x11 * (i + 1), r[512 + 16 + 48 * i + 47]);
	}
	EXPECT_TRUE(memory_is_zero(&r[512 + 400], 112));
	EXPECT_EQ(0, self->page[2048]);
	EXPECT_EQ(0, tdcs_of(m)->rtmr_lock.holders);
}

TEST_F(report, a_report_may_be_in_shared_memory)
{
	struct model_machine *m = self->machine;

	memset(&self->shared[2048], 0x99, 64);
	ASSERT_EQ(0, report(m, SHARED_GPA + 1024, SHARED_GPA + 2048, 0));
	EXPECT_EQ(0x81, self->shared[1024]);
	EXPECT_EQ(0x99, self->shared[1024 + 128]);
	EXPECT_EQ(0, self->shared[0]);
}

TEST_F(report, operands_are_checked_in_order)
{
	struct model_machine *m = self->machine;

	EXPECT_EQ(RCX(OPERAND_INVALID), report(m, ADDED_GPA + 512, ADDED_GPA + 1, 1));
	EXPECT_EQ(RCX(OPERAND_INVALID), report(m, BIT_ULL(48), ADDED_GPA + 1, 1));
	EXPECT_EQ(RDX(OPERAND_INVALID), report(m, ADDED_GPA, ADDED_GPA + 32, 1));
	EXPECT_EQ(RDX(OPERAND_INVALID), report(m, ADDED_GPA, BIT_ULL(48), 1));
	EXPECT_EQ(TDX_OPERAND_INVALID | TDX_OPERAND_ID_R8, report(m, ADDED_GPA, ADDED_GPA, 1));
	tdcs_of(m)->rtmr_lock.holders = -1;
	EXPECT_EQ(TDX_OPERAND_BUSY | TDX_OPERAND_ID_RTMR, report(m, AUG_GPA, ADDED_GPA, 0));
	/* Another vCPU may report at the same time. */
	tdcs_of(m)->rtmr_lock.holders = 1;
	EXPECT_EQ(0, report(m, ADDED_GPA, ADDED_GPA, 0));
	EXPECT_EQ(1, tdcs_of(m)->rtmr_lock.holders);
	/* The source comes before R8. */
	report(m, ADDED_GPA, AUG_GPA, 1);
	EXPECT_EQ(20, guest_exception());
	EXPECT_EQ(RIP_64BIT, script.seen[1].rip);
}

static void extend_later(struct model_machine *m, const struct tdx_model_run *run)
{
	if (script.nr_runs != 2)
		return;
	run->guest->gpr[TDX_MODEL_RAX] = TDG_MR_RTMR_EXTEND;
	run->guest->gpr[TDX_MODEL_RDX] = 0;
}

TEST_F(report, and_extend_without_an_exit_to_the_host)
{
	static const struct tdx_model_exit tdcalls[2] = {
		{ .reason = TDX_MODEL_EXIT_TDCALL }, { .reason = TDX_MODEL_EXIT_TDCALL },
	};

	guest_in_64bit_mode(guest_of(self->machine));
	self->gpr[TDX_MODEL_RAX] = TDG_MR_REPORT;
	self->gpr[TDX_MODEL_RCX] = ADDED_GPA;
	self->gpr[TDX_MODEL_RDX] = ADDED_GPA;
	self->gpr[TDX_MODEL_R8] = 0;
	script.during = extend_later;
	ASSERT_EQ(0, guest_enter(self->machine, tdcalls, 2));
	EXPECT_EQ(3, script.nr_runs);
	EXPECT_EQ(0, self->gpr[TDX_MODEL_RAX]);
}

static bool interrupted(struct model_machine *m, unsigned int lp, u32 msr, u64 *value)
{
	*value = 1;
	return msr == 0x9a;
}

TEST_F(report, an_interrupted_report_begins_again)
{
	struct model_machine *m = self->machine;

	m->rdmsr = interrupted;
	report(m, ADDED_GPA, ADDED_GPA, 0);
	EXPECT_EQ(2, script.nr_runs);
	EXPECT_EQ(RIP_64BIT, script.seen[1].rip);
	EXPECT_EQ(TDG_MR_REPORT, self->gpr[TDX_MODEL_RAX]);
	EXPECT_EQ(0, tdcs_of(m)->rtmr_lock.holders);
	m->rdmsr = NULL;
	EXPECT_EQ(0, report(m, ADDED_GPA, ADDED_GPA, 0));
}

/* Memory that a TDCALL names and that is not there */
static const struct {
	u64 gpa, entry;		/* of the host's EPT */
	u64 rax;		/* of TDH.VP.ENTER */
	unsigned int vector;
	u64 rcx, rdx;
} missing[] = {
	{ AUG_GPA, 0, 0, 20 },
	{ K(8), 0, 48, 0, 2, 0 },
	{ SHARED_GPA, 0, 0, 20 },
	{ SHARED_GPA, NO_VE, 48, 0, 2, 0 },
	{ SHARED_GPA, SHARED_PA | 0x31 | NO_VE, 48, 0, 0xa, 0 },	/* read-only */
	{ SHARED_GPA, SHARED_PA | 0x31, 0, 20 },
	{ SHARED_GPA, SHARED_PA | 0x36, 49, 0, 0, 0 },
};

TEST_F(report, missing_memory_raises_ve_or_exits)
{
	struct model_machine *m = self->machine;
	const struct tdx_model_exit tdcall = {
		.reason = TDX_MODEL_EXIT_TDCALL, .instruction_length = 4,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(missing); i++) {
		struct tdx_model_regs regs = { .gpr.rcx = TDVPR_PA };

		set_entry(m, 0, missing[i].entry);
		memset(&vcpu_of(m)->ve_info, 0, sizeof(vcpu_of(m)->ve_info));
		guest_in_64bit_mode(guest_of(m));
		self->gpr[TDX_MODEL_RAX] = TDG_MR_REPORT;
		self->gpr[TDX_MODEL_RCX] = missing[i].gpa;
		self->gpr[TDX_MODEL_RDX] = ADDED_GPA;
		self->gpr[TDX_MODEL_R8] = 0;
		script.exits = &tdcall;
		script.nr_exits = 1;
		EXPECT_EQ(missing[i].rax, guest_enter_regs(m, &regs)) TH_LOG("case %u", i);
		EXPECT_EQ(missing[i].vector, guest_exception()) TH_LOG("case %u", i);
		EXPECT_EQ(RIP_64BIT, guest_of(m)->rip);
		EXPECT_EQ(TDG_MR_REPORT, self->gpr[TDX_MODEL_RAX]);
		EXPECT_EQ(0, tdcs_of(m)->rtmr_lock.holders);
		if (missing[i].vector) {
			EXPECT_EQ(48, vcpu_of(m)->ve_info.reason);
			EXPECT_EQ(missing[i].gpa, vcpu_of(m)->ve_info.gpa);
			EXPECT_EQ(4, vcpu_of(m)->ve_info.instruction_length);
			continue;
		}
		EXPECT_EQ(missing[i].rcx, regs.gpr.rcx) TH_LOG("case %u", i);
		EXPECT_EQ(missing[i].rdx, regs.gpr.rdx) TH_LOG("case %u", i);
		EXPECT_EQ(missing[i].gpa, regs.gpr.r8) TH_LOG("case %u", i);
	}
}

TEST_F(report, pending_memory_exits_without_ve)
{
	struct model_machine *m = self->machine;
	const struct tdx_model_exit tdcall = { .reason = TDX_MODEL_EXIT_TDCALL };
	struct tdx_model_regs regs = { .gpr.rcx = TDVPR_PA };

	tdcs_of(m)->td_ctls = 1;
	guest_in_64bit_mode(guest_of(m));
	self->gpr[TDX_MODEL_RAX] = TDG_MR_RTMR_EXTEND;
	self->gpr[TDX_MODEL_RCX] = AUG_GPA + 64;
	script.exits = &tdcall;
	script.nr_exits = 1;
	EXPECT_EQ(48, guest_enter_regs(m, &regs));
	EXPECT_EQ(1, regs.gpr.rcx);
	EXPECT_EQ(6, regs.gpr.rdx);
	EXPECT_EQ(AUG_GPA, regs.gpr.r8);
}

/* TDG.MR.VERIFYREPORT */
static u64 verify(struct model_machine *m, u64 gpa)
{
	guest_of(m)->gpr[TDX_MODEL_RCX] = gpa;
	return guest_tdcall(m, TDG_MR_VERIFYREPORT);
}

TEST_F(report, a_report_with_a_changed_byte_is_not_verified)
{
	struct model_machine *m = self->machine;
	unsigned int i;

	ASSERT_EQ(0, report(m, ADDED_GPA + 1024, ADDED_GPA, 0));
	EXPECT_EQ(0, verify(m, ADDED_GPA + 1024));
	EXPECT_EQ(RCX(OPERAND_INVALID), verify(m, ADDED_GPA + 1024 + 128));
	EXPECT_EQ(RCX(OPERAND_INVALID), verify(m, SHARED_GPA));
	for (i = 0; i < 256; i++) {
		self->page[1024 + i] ^= 1;
		EXPECT_EQ(i >= 16 && i < 32 ? TDX_INVALID_CPUSVN : TDX_INVALID_REPORTMACSTRUCT,
			  verify(m, ADDED_GPA + 1024)) TH_LOG("byte %u", i);
		self->page[1024 + i] ^= 1;
	}
	verify(m, AUG_GPA);
	EXPECT_EQ(20, guest_exception());
	EXPECT_EQ(RIP_64BIT, script.seen[1].rip);
}

/* TDG.SYS.RDALL */
static u64 rdall(struct model_machine *m, u64 gpa, u64 id)
{
	guest_of(m)->gpr[TDX_MODEL_RDX] = gpa;
	guest_of(m)->gpr[TDX_MODEL_R8] = id;
	return guest_tdcall(m, TDG_SYS_RDALL);
}

TEST_F(report, rdall_lists_fields_of_the_module)
{
	struct model_machine *m = self->machine;
	const u64 *list = (const u64 *)self->page;

	ASSERT_EQ(0, rdall(m, ADDED_GPA, ~0ULL));
	EXPECT_EQ(~0ULL, self->gpr[TDX_MODEL_R8]);
	/* 12 fields, each an id and a value, behind the header */
	EXPECT_EQ(8 + 12 * 16 + (12 << 16), list[0]);
	EXPECT_EQ(0x0800000200000000ULL, list[1]);
	EXPECT_EQ(0x8086, list[2]);
	EXPECT_EQ(0, list[25]);

	ASSERT_EQ(0, rdall(m, ADDED_GPA, 0x0800000100000004ULL));	/* MAJOR_VERSION */
	EXPECT_EQ(0x0800000100000004ULL, list[1]);
	EXPECT_EQ(RDX(OPERAND_INVALID), rdall(m, ADDED_GPA + 8, ~0ULL));
	EXPECT_EQ(RDX(OPERAND_INVALID), rdall(m, SHARED_GPA, ~0ULL));
	EXPECT_EQ(TDX_METADATA_FIELD_ID_INCORRECT, rdall(m, ADDED_GPA, 0x0800000100000009ULL));
	EXPECT_EQ(~0ULL, self->gpr[TDX_MODEL_R8]);

	m->model.config.metadata_list_bytes = 8 + 16 * 5;
	EXPECT_EQ(TDX_METADATA_LIST_OVERFLOW, rdall(m, ADDED_GPA, ~0ULL));
	EXPECT_EQ(0x0a00000300000008ULL, self->gpr[TDX_MODEL_R8]);	/* TDX_FEATURES0 */
	rdall(m, AUG_GPA, ~0ULL);
	EXPECT_EQ(20, guest_exception());
	EXPECT_EQ(RIP_64BIT, script.seen[1].rip);
}

TEST_HARNESS_MAIN
