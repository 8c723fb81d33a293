// SPDX-License-Identifier: GPL-2.0-only
/*
 * Translation of guest physical addresses by the software TDX module.
 *
 * Expected results are literally those of the Intel SDM and of the TDX module's
 * specification.
 */
#include <linux/kernel.h>
#include <string.h>

#include "harness.h"
#include "model/guest.h"
#include "model_mem.h"

#define SHARED		BIT_ULL(47)
#define NO_VE		BIT_ULL(63)	/* in an EPT entry: suppress #VE */

/* EPT of the host: the root, and a table of each lower level */
#define EPT_PA(i)	(BUFFER_PA + K(160) + K(4) * (i))
#define MEMORY_PA	G(2)		/* and what it maps */

#define EXITS		TDX_MODEL_TRANSLATION_EXITS

struct vcpu {
	struct tdx_model_call call;
	struct tdx_model_run run;
	/* The last translation */
	struct tdx_model_translation to;
	struct tdx_model_exit exit;
};

FIXTURE(translate) {
	struct model_machine *machine;
	struct vcpu vcpu;
};

FIXTURE_SETUP(translate)
{
	struct model_machine *m = machine_alloc();

	ASSERT_NE(NULL, m);
	self->machine = m;
	machine_init(m, 4);
	ASSERT_TRUE(mem_bring_to(m, AUGMENTED));
	memset(&m->buffer[EPT_PA(0) - BUFFER_PA], 0, K(16));
	memset(&self->vcpu, 0, sizeof(self->vcpu));
	self->vcpu.call.td = td_of(m);
	self->vcpu.call.tdcs = tdcs_of(m);
	self->vcpu.call.vcpu = vcpu_of(m);
	vcpu_of(m)->shared_eptp = EPT_PA(0);
	self->vcpu.run = (struct tdx_model_run) {
		.m = &m->model, .hkid = TD_KEYID, .shared_eptp = EPT_PA(0),
		.call = &self->vcpu.call,
	};
}

FIXTURE_TEARDOWN(translate)
{
	machine_free(self->machine);
}

static enum tdx_model_translated translate(struct vcpu *vcpu, u64 gpa, u8 rights)
{
	struct tdx_model_access access = { .gpa = gpa, .rights = rights };

	memset(&vcpu->exit, 0xff, sizeof(vcpu->exit));
	return tdx_model_translate(&vcpu->run, &access, &vcpu->to, &vcpu->exit);
}

/* Set the entry of a shared address at a level. */
static void set_entry(struct model_machine *m, u64 gpa, unsigned int level, u64 value)
{
	u64 pa = EPT_PA(3 - level) + (gpa >> (12 + 9 * level) & 511) * sizeof(value);

	memcpy(&m->buffer[pa - BUFFER_PA], &value, sizeof(value));
}

/* Tables for the guest address down to a level */
static void add_tables(struct model_machine *m, u64 gpa, unsigned int level)
{
	unsigned int i;

	for (i = 3; i > level; i--)
		set_entry(m, gpa, i, EPT_PA(4 - i) | 7);
}

TEST_F(translate, private_pages_have_the_keyid_of_the_td)
{
	ASSERT_EQ(TDX_MODEL_TRANSLATED, translate(&self->vcpu, ADDED_GPA + 0x123, TDX_MODEL_RWX));
	EXPECT_EQ(ADDED_PA + 0x123, self->vcpu.to.hpa);
	EXPECT_EQ(TD_KEYID, self->vcpu.to.keyid);
	EXPECT_EQ(TDX_MODEL_RWX, self->vcpu.to.rights);
	EXPECT_EQ(0, self->vcpu.to.level);
	EXPECT_EQ(6, self->vcpu.to.memory_type);
	EXPECT_FALSE(self->vcpu.to.ignores_pat);

	/* After the guest has accepted it */
	*sept_entry_of(self->machine, LARGE_GPA, 1) = LARGE_PA | 0x80000000000000f7ULL;
	ASSERT_EQ(TDX_MODEL_TRANSLATED,
		  translate(&self->vcpu, LARGE_GPA + 0x12345, TDX_MODEL_WRITE));
	EXPECT_EQ(LARGE_PA + 0x12345, self->vcpu.to.hpa);
	EXPECT_EQ(1, self->vcpu.to.level);
}

TEST_F(translate, private_pages_violate_unless_present)
{
	static const u64 gpas[] = { AUG_GPA, LARGE_GPA, EMPTY_GPA, K(8), G(5), SHARED - K(4) };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gpas); i++) {
		ASSERT_EQ(TDX_MODEL_TRANSLATION_EXITS,
			  translate(&self->vcpu, gpas[i] + 5, TDX_MODEL_EXECUTE));
		EXPECT_EQ(TDX_MODEL_EXIT_EPT_VIOLATION, self->vcpu.exit.reason);
		EXPECT_EQ(4, self->vcpu.exit.qualification);
		EXPECT_EQ(gpas[i] + 5, self->vcpu.exit.gpa);
		EXPECT_FALSE(self->vcpu.exit.convertible);
		EXPECT_EQ(0, self->vcpu.exit.vectoring.info);
	}
	ASSERT_EQ(0, mem_call(self->machine, TDH_MEM_RANGE_BLOCK, ADDED_GPA, 0));
	EXPECT_EQ(TDX_MODEL_TRANSLATION_EXITS, translate(&self->vcpu, ADDED_GPA, TDX_MODEL_READ));
}

TEST_F(translate, shared_pages_have_keyids_of_the_host)
{
	static const struct {
		unsigned int level;
		u64 bits;	/* write-back; a page of 4 KB needs no bit 7 */
		u64 offset;
	} cases[] = { { 0, 0x33, 0xabc }, { 1, 0xb3, 0x12345 }, { 2, 0xb3, 0x7654321 } };
	u64 gpa = SHARED | G(3);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		add_tables(self->machine, gpa, cases[i].level);
		set_entry(self->machine, gpa, cases[i].level, MEMORY_PA | cases[i].bits);
		ASSERT_EQ(TDX_MODEL_TRANSLATED,
			  translate(&self->vcpu, gpa + cases[i].offset, TDX_MODEL_WRITE));
		EXPECT_EQ(MEMORY_PA + cases[i].offset, self->vcpu.to.hpa);
		EXPECT_EQ(0, self->vcpu.to.keyid);
		EXPECT_EQ(3, self->vcpu.to.rights);
		EXPECT_EQ(cases[i].level, self->vcpu.to.level);
		EXPECT_EQ(6, self->vcpu.to.memory_type);
		EXPECT_FALSE(self->vcpu.to.ignores_pat);
	}
	/* KeyID 3 is one of the host's. */
	set_entry(self->machine, gpa, 2, MEMORY_PA | 3ULL << 46 | 0xb7);
	ASSERT_EQ(TDX_MODEL_TRANSLATED, translate(&self->vcpu, gpa, TDX_MODEL_READ));
	EXPECT_EQ(MEMORY_PA, self->vcpu.to.hpa);
	EXPECT_EQ(3, self->vcpu.to.keyid);
}

TEST_F(translate, shared_pages_have_the_memory_type_of_their_entry)
{
	static const u64 types[] = { 0, 1, 4, 5, 6 };
	u64 gpa = SHARED | G(3);
	unsigned int i, level, pat;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		for (level = 0; level <= 1; level++) {
			for (pat = 0; pat <= 1; pat++) {
				add_tables(self->machine, gpa, level);
				set_entry(self->machine, gpa, level,
					  MEMORY_PA | level << 7 | pat << 6 | types[i] << 3 | 7);
				ASSERT_EQ(TDX_MODEL_TRANSLATED,
					  translate(&self->vcpu, gpa, TDX_MODEL_READ));
				EXPECT_EQ(types[i], self->vcpu.to.memory_type);
				EXPECT_EQ(pat, self->vcpu.to.ignores_pat);
			}
		}
	}
}

TEST_F(translate, shared_violations_tell_access_and_rights)
{
	static const struct {
		u64 table, leaf;	/* entries of levels 1 and 0 */
		u8 rights;
		u64 qualification;
		bool convertible;
	} cases[] = {
		{ 0, 0, TDX_MODEL_READ, 1, true },
		{ NO_VE, 0, TDX_MODEL_READ, 1, false },
		{ EPT_PA(3) | 7, 0, TDX_MODEL_WRITE, 2, true },
		{ EPT_PA(3) | 7 | NO_VE, 0, TDX_MODEL_WRITE, 2, true },
		{ EPT_PA(3) | 7, NO_VE, TDX_MODEL_EXECUTE, 4, false },
		{ EPT_PA(3) | 7, MEMORY_PA | 0x31, TDX_MODEL_WRITE, 0xa, true },
		{ EPT_PA(3) | 7, MEMORY_PA | 0x35 | NO_VE, TDX_MODEL_WRITE, 0x2a, false },
		{ EPT_PA(3) | 1, MEMORY_PA | 0x37, TDX_MODEL_WRITE | TDX_MODEL_READ, 0xb, true },
		{ EPT_PA(3) | 7, MEMORY_PA | 0x34, TDX_MODEL_READ, 0x21, true },
	};
	u64 gpa = SHARED | K(12);
	unsigned int i;

	add_tables(self->machine, gpa, 1);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		set_entry(self->machine, gpa, 1, cases[i].table);
		set_entry(self->machine, gpa, 0, cases[i].leaf);
		ASSERT_EQ(EXITS, translate(&self->vcpu, gpa + 8, cases[i].rights))
			TH_LOG("case %u", i);
		EXPECT_EQ(TDX_MODEL_EXIT_EPT_VIOLATION, self->vcpu.exit.reason);
		EXPECT_EQ(cases[i].qualification, self->vcpu.exit.qualification)
			TH_LOG("case %u", i);
		EXPECT_EQ(gpa + 8, self->vcpu.exit.gpa);
		EXPECT_EQ(cases[i].convertible, self->vcpu.exit.convertible) TH_LOG("case %u", i);
	}
}

TEST_F(translate, tables_that_are_not_in_memory_violate)
{
	self->vcpu.run.shared_eptp = G(40);
	ASSERT_EQ(EXITS, translate(&self->vcpu, SHARED, TDX_MODEL_READ));
	EXPECT_EQ(TDX_MODEL_EXIT_EPT_VIOLATION, self->vcpu.exit.reason);
	EXPECT_FALSE(self->vcpu.exit.convertible);
}

/* Until the host sets its own: a page of the TD, all zero */
TEST_F(translate, the_first_shared_ept_has_no_mappings)
{
	vcpu_of(self->machine)->shared_eptp = TDCX_PA(4) | (u64)TD_KEYID << 46;
	self->vcpu.run.shared_eptp = TDCX_PA(4);
	ASSERT_EQ(EXITS, translate(&self->vcpu, SHARED | K(8), TDX_MODEL_READ));
	EXPECT_EQ(TDX_MODEL_EXIT_EPT_VIOLATION, self->vcpu.exit.reason);
	EXPECT_EQ(1, self->vcpu.exit.qualification);
	EXPECT_TRUE(self->vcpu.exit.convertible);
}

TEST_F(translate, the_linear_address_is_in_the_exit)
{
	struct tdx_model_access access = { .gpa = G(1), .gla = 0x1234, .rights = TDX_MODEL_READ };

	EXPECT_EQ(TDX_MODEL_TRANSLATION_EXITS,
		  tdx_model_translate(&self->vcpu.run, &access, &self->vcpu.to,
				      &self->vcpu.exit));
	EXPECT_EQ(1, self->vcpu.exit.qualification);
	EXPECT_EQ(0, self->vcpu.exit.gla);
	access.gla_is_valid = true;
	tdx_model_translate(&self->vcpu.run, &access, &self->vcpu.to, &self->vcpu.exit);
	EXPECT_EQ(0x181, self->vcpu.exit.qualification);
	EXPECT_EQ(0x1234, self->vcpu.exit.gla);
	access.is_paging = true;
	tdx_model_translate(&self->vcpu.run, &access, &self->vcpu.to, &self->vcpu.exit);
	EXPECT_EQ(0x81, self->vcpu.exit.qualification);
}

TEST_F(translate, shared_entries_can_be_misconfigured)
{
	static const struct {
		unsigned int level;
		u64 entry;
		enum tdx_model_translated result;
	} cases[] = {
		{ 0, MEMORY_PA | 0x32, EXITS },			/* W without R */
		{ 0, MEMORY_PA | 0x36, EXITS },
		{ 0, MEMORY_PA | 0x17, EXITS },			/* memory types 2, 3, 7 */
		{ 0, MEMORY_PA | 0x1f, EXITS },
		{ 0, MEMORY_PA | 0x3f, EXITS },
		{ 0, MEMORY_PA | 0x07, TDX_MODEL_TRANSLATED },			/* and 0, 1, 4, 5 */
		{ 0, MEMORY_PA | 0x0f, TDX_MODEL_TRANSLATED },
		{ 0, MEMORY_PA | 0x27, TDX_MODEL_TRANSLATED },
		{ 0, MEMORY_PA | 0x2f, TDX_MODEL_TRANSLATED },
		{ 0, MEMORY_PA | 0x37 | 33ULL << 46, EXITS },	/* a private KeyID */
		{ 1, MEMORY_PA | 0xb7 | K(4), EXITS },		/* not aligned to 2 MB */
		{ 2, MEMORY_PA | 0xb7 | M(2), EXITS },
		{ 1, EPT_PA(3) | 0x0f, EXITS },			/* reserved in a table's entry */
		{ 2, EPT_PA(2) | 0x47, EXITS },
		{ 3, EPT_PA(1) | 0x87, EXITS },			/* no pages of 512 GB */
	};
	u64 gpa = SHARED | K(12);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		add_tables(self->machine, gpa, cases[i].level);
		set_entry(self->machine, gpa, cases[i].level, cases[i].entry);
		EXPECT_EQ(cases[i].result, translate(&self->vcpu, gpa + 8, TDX_MODEL_READ))
			TH_LOG("case %u", i);
		if (cases[i].result == TDX_MODEL_TRANSLATED)
			continue;
		EXPECT_EQ(TDX_MODEL_EXIT_EPT_MISCONFIG, self->vcpu.exit.reason)
			TH_LOG("case %u", i);
		EXPECT_EQ(gpa + 8, self->vcpu.exit.gpa);
		EXPECT_EQ(0, self->vcpu.exit.qualification);
	}
}

TEST_F(translate, addresses_beyond_the_width_fault)
{
	unsigned int bit;

	for (bit = 48; bit < 64; bit++)
		EXPECT_EQ(TDX_MODEL_TRANSLATION_FAULTS,
			  translate(&self->vcpu, 1ULL << bit, TDX_MODEL_READ))
			TH_LOG("bit %u", bit);
	EXPECT_EQ(TDX_MODEL_TRANSLATION_EXITS, translate(&self->vcpu, SHARED, TDX_MODEL_READ));
	EXPECT_TRUE(self->vcpu.exit.convertible);

	/* With GPAW, bit 51 is SHARED. */
	tdcs_of(self->machine)->config_flags |= TDX_CONFIG_FLAG_GPAW;
	EXPECT_EQ(TDX_MODEL_TRANSLATION_EXITS, translate(&self->vcpu, 1ULL << 51, TDX_MODEL_READ));
	EXPECT_TRUE(self->vcpu.exit.convertible);
	EXPECT_EQ(TDX_MODEL_TRANSLATION_EXITS, translate(&self->vcpu, 1ULL << 47, TDX_MODEL_READ));
	EXPECT_FALSE(self->vcpu.exit.convertible);
	EXPECT_EQ(TDX_MODEL_TRANSLATION_FAULTS, translate(&self->vcpu, 1ULL << 52, TDX_MODEL_READ));
}

TEST_HARNESS_MAIN
