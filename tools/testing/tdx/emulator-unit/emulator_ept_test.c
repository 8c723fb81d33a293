// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: translation by extended page tables. */
#include <string.h>

#include "harness.h"
#include "emulator/vm/ept.h"

#define NR_TABLES	6
#define ALL		EPT_RIGHTS
#define WB		(EPT_MEMORY_WRITE_BACK << 3)
#define GPA		0x0000123456789abcULL
#define PA		0x000fedcba9876000ULL
#define RIGHTS(rights)	((rights) << EPT_VIOLATION_RIGHTS_SHIFT)

static u64 tables[NR_TABLES][512] __page_aligned;
/* Set before a test changes an entry behind the back of the walk. */
static u64 *steal_at, steal_value;
static u64 not_reachable;

static u64 *table(void *context, u64 pa)
{
	if (steal_at && pa == (u64)&tables[0][0]) {
		*steal_at = steal_value;
		steal_at = NULL;
	}
	return pa == not_reachable ? NULL : (u64 *)pa;
}

FIXTURE(ept) {
	struct ept ept;
	struct ept_access access;
	struct ept_result result;
};

FIXTURE_VARIANT(ept) {
	unsigned int levels;
};

FIXTURE_VARIANT_ADD(ept, 4_levels) {
	.levels = 4,
};

FIXTURE_VARIANT_ADD(ept, 5_levels) {
	.levels = 5,
};

/* The entry for GPA of a table of @level; tables[0] is the lowest one. */
static u64 *entry(unsigned int level)
{
	return &tables[level - 1][GPA >> (12 + 9 * (level - 1)) & 511];
}

FIXTURE_SETUP(ept)
{
	memset(tables, 0, sizeof(tables));
	steal_at = NULL;
	not_reachable = 0;
	for (unsigned int level = 2; level <= variant->levels; level++)
		*entry(level) = (u64)tables[level - 2] | ALL;
	*entry(1) = PA | WB | ALL;
	self->ept = (struct ept){
		.pointer = (u64)tables[variant->levels - 1] | (variant->levels - 1) << 3 |
			   EPT_MEMORY_WRITE_BACK,
		.table = table,
	};
	self->access = (struct ept_access){ .gpa = GPA, .access = EPT_READ, .linear = true };
	memset(&self->result, 0xff, sizeof(self->result));
}

FIXTURE_TEARDOWN(ept)
{
}

static enum ept_outcome walk(struct ept *ept, struct ept_access *access, u64 kind,
			     struct ept_result *result)
{
	access->access = kind;
	return ept_walk(ept, access, result);
}

#define WALK(kind)	walk(&self->ept, &self->access, kind, &self->result)

TEST_F(ept, a_page_of_4_kb_is_mapped)
{
	EXPECT_EQ(EPT_MAPPED, WALK(EPT_READ));
	EXPECT_EQ(PA | 0xabc, self->result.pa);
	EXPECT_EQ(PAGE_SIZE, self->result.size);
	EXPECT_EQ(ALL, self->result.rights);
	EXPECT_FALSE(self->result.clean);
}

TEST_F(ept, a_page_of_2_mb_is_mapped)
{
	*entry(2) = (PA & ~(SIZE_2M - 1)) | WB | ALL | EPT_LARGE;
	EXPECT_EQ(EPT_MAPPED, WALK(EPT_READ));
	EXPECT_EQ((PA & ~(SIZE_2M - 1)) | (GPA & (SIZE_2M - 1)), self->result.pa);
	EXPECT_EQ(SIZE_2M, self->result.size);
}

TEST_F(ept, a_page_of_1_gb_is_mapped)
{
	*entry(3) = (PA & ~(SIZE_1G - 1)) | WB | ALL | EPT_LARGE;
	EXPECT_EQ(EPT_MAPPED, WALK(EPT_READ));
	EXPECT_EQ((PA & ~(SIZE_1G - 1)) | (GPA & (SIZE_1G - 1)), self->result.pa);
	EXPECT_EQ(SIZE_1G, self->result.size);
}

TEST_F(ept, an_entry_that_is_not_present_violates_at_any_level)
{
	u64 saved;

	for (unsigned int level = 1; level <= variant->levels; level++) {
		saved = *entry(level);
		*entry(level) = saved & ~ALL;
		EXPECT_EQ(EPT_VIOLATES, WALK(EPT_READ));
		EXPECT_EQ(EPT_READ | EPT_VIOLATION_GLA_VALID | EPT_VIOLATION_FINAL,
			  self->result.qualification) TH_LOG("level %u", level);
		*entry(level) = saved;
	}
}

TEST_F(ept, rights_are_those_of_all_levels)
{
	u64 saved;

	for (unsigned int level = 1; level <= variant->levels; level++) {
		saved = *entry(level);
		*entry(level) = saved & ~EPT_WRITE;
		EXPECT_EQ(EPT_MAPPED, WALK(EPT_READ));
		EXPECT_EQ(EPT_READ | EPT_EXECUTE, self->result.rights);
		EXPECT_EQ(EPT_VIOLATES, WALK(EPT_WRITE));
		*entry(level) = saved & ~EPT_EXECUTE;
		EXPECT_EQ(EPT_MAPPED, WALK(EPT_WRITE));
		EXPECT_EQ(EPT_READ | EPT_WRITE, self->result.rights);
		EXPECT_EQ(EPT_VIOLATES, WALK(EPT_EXECUTE));
		*entry(level) = saved;
	}
	*entry(1) &= ~EPT_WRITE;
	*entry(2) &= ~EPT_EXECUTE;
	EXPECT_EQ(EPT_MAPPED, WALK(EPT_READ));
	EXPECT_EQ(EPT_READ, self->result.rights);
}

TEST_F(ept, a_violation_tells_access_and_rights)
{
	const u64 linear = EPT_VIOLATION_GLA_VALID | EPT_VIOLATION_FINAL;

	*entry(1) &= ~(EPT_WRITE | EPT_EXECUTE);
	EXPECT_EQ(EPT_VIOLATES, WALK(EPT_WRITE));
	EXPECT_EQ(EPT_WRITE | RIGHTS(EPT_READ) | linear, self->result.qualification);
	EXPECT_EQ(EPT_VIOLATES, WALK(EPT_EXECUTE));
	EXPECT_EQ(EPT_EXECUTE | RIGHTS(EPT_READ) | linear, self->result.qualification);
	EXPECT_EQ(EPT_VIOLATES, WALK(EPT_READ | EPT_WRITE));
	EXPECT_EQ(EPT_READ | EPT_WRITE | RIGHTS(EPT_READ) | linear, self->result.qualification);
	*entry(1) |= EPT_WRITE;
	EXPECT_EQ(EPT_VIOLATES, WALK(EPT_EXECUTE));
	EXPECT_EQ(EPT_EXECUTE | RIGHTS(EPT_READ | EPT_WRITE) | linear, self->result.qualification);
}

TEST_F(ept, an_access_to_page_tables_is_no_final_one)
{
	self->access.walk = true;
	*entry(1) = 0;
	EXPECT_EQ(EPT_VIOLATES, WALK(EPT_READ));
	EXPECT_EQ(EPT_READ | EPT_VIOLATION_GLA_VALID, self->result.qualification);
}

TEST_F(ept, a_load_of_pdptes_has_no_linear_address)
{
	self->access.linear = false;
	*entry(1) = 0;
	EXPECT_EQ(EPT_VIOLATES, WALK(EPT_READ));
	EXPECT_EQ(EPT_READ, self->result.qualification);
}

TEST_F(ept, addresses_beyond_the_levels_violate)
{
	u64 limit = BIT_ULL(12 + 9 * variant->levels);

	self->access.gpa |= limit;
	EXPECT_EQ(EPT_VIOLATES, WALK(EPT_WRITE));
	EXPECT_EQ(EPT_WRITE | EPT_VIOLATION_GLA_VALID | EPT_VIOLATION_FINAL,
		  self->result.qualification);
}

TEST_F(ept, flags_are_not_touched_without_the_control)
{
	EXPECT_EQ(EPT_MAPPED, WALK(EPT_WRITE));
	EXPECT_EQ(PA | WB | ALL, *entry(1));
	EXPECT_FALSE(self->result.clean);
}

TEST_F(ept, a_read_sets_accessed_at_all_levels)
{
	self->ept.pointer |= EPTP_ACCESSED_DIRTY;
	EXPECT_EQ(EPT_MAPPED, WALK(EPT_READ));
	for (unsigned int level = 1; level <= variant->levels; level++)
		EXPECT_EQ(EPT_ACCESSED, *entry(level) & (EPT_ACCESSED | EPT_DIRTY));
	EXPECT_TRUE(self->result.clean);
}

TEST_F(ept, a_write_sets_dirty_in_the_last_entry)
{
	self->ept.pointer |= EPTP_ACCESSED_DIRTY;
	EXPECT_EQ(EPT_MAPPED, WALK(EPT_WRITE));
	EXPECT_EQ(EPT_ACCESSED | EPT_DIRTY, *entry(1) & (EPT_ACCESSED | EPT_DIRTY));
	EXPECT_EQ(EPT_ACCESSED, *entry(2) & (EPT_ACCESSED | EPT_DIRTY));
	EXPECT_FALSE(self->result.clean);
	/* a page that is dirty already stays so */
	EXPECT_EQ(EPT_MAPPED, WALK(EPT_READ));
	EXPECT_FALSE(self->result.clean);
}

TEST_F(ept, a_write_sets_dirty_in_a_large_entry)
{
	self->ept.pointer |= EPTP_ACCESSED_DIRTY;
	*entry(2) = WB | ALL | EPT_LARGE;
	EXPECT_EQ(EPT_MAPPED, WALK(EPT_WRITE));
	EXPECT_EQ(EPT_ACCESSED | EPT_DIRTY, *entry(2) & (EPT_ACCESSED | EPT_DIRTY));
}

TEST_F(ept, a_refused_access_sets_no_flags)
{
	self->ept.pointer |= EPTP_ACCESSED_DIRTY;
	*entry(1) &= ~EPT_WRITE;
	EXPECT_EQ(EPT_VIOLATES, WALK(EPT_WRITE));
	for (unsigned int level = 1; level <= variant->levels; level++)
		EXPECT_EQ(0, *entry(level) & (EPT_ACCESSED | EPT_DIRTY));
}

/* SDM vol. 3, "Accessed and Dirty Flags for EPT": also both bits of the qualification */
TEST_F(ept, with_flags_page_tables_are_read_with_write_permission)
{
	self->access.walk = true;
	*entry(1) &= ~EPT_WRITE;
	EXPECT_EQ(EPT_MAPPED, WALK(EPT_READ));
	self->ept.pointer |= EPTP_ACCESSED_DIRTY;
	EXPECT_EQ(EPT_VIOLATES, WALK(EPT_READ));
	EXPECT_EQ(EPT_READ | EPT_WRITE | RIGHTS(EPT_READ | EPT_EXECUTE) | EPT_VIOLATION_GLA_VALID,
		  self->result.qualification);
	*entry(1) |= EPT_WRITE;
	EXPECT_EQ(EPT_MAPPED, WALK(EPT_READ));
	EXPECT_EQ(EPT_DIRTY, *entry(1) & EPT_DIRTY);
}

TEST_F(ept, an_entry_that_changes_meanwhile_is_read_again)
{
	self->ept.pointer |= EPTP_ACCESSED_DIRTY;
	steal_at = entry(2);
	steal_value = *entry(2) & ~EPT_EXECUTE;
	EXPECT_EQ(EPT_MAPPED, WALK(EPT_READ));
	EXPECT_EQ(EPT_READ | EPT_WRITE, self->result.rights);
	EXPECT_EQ(EPT_ACCESSED, *entry(2) & EPT_ACCESSED);
}

TEST_F(ept, an_entry_without_read_is_misconfigured)
{
	static const u64 rights[] = { EPT_WRITE, EPT_EXECUTE, EPT_WRITE | EPT_EXECUTE };
	u64 saved;

	for (unsigned int level = 1; level <= variant->levels; level++) {
		saved = *entry(level);
		for (unsigned int i = 0; i < ARRAY_LEN(rights); i++) {
			*entry(level) = (saved & ~ALL) | rights[i];
			EXPECT_EQ(EPT_MISCONFIGURED, WALK(EPT_READ)) TH_LOG("level %u", level);
		}
		*entry(level) = saved;
	}
}

TEST_F(ept, reserved_bits_of_upper_entries_are_misconfigured)
{
	u64 saved;

	for (unsigned int level = 2; level <= variant->levels; level++) {
		saved = *entry(level);
		for (unsigned int bit = 3; bit < 8; bit++) {
			if (bit == 7 && level <= 3)
				continue;	/* a large page */
			*entry(level) = saved | BIT_ULL(bit);
			EXPECT_EQ(EPT_MISCONFIGURED, WALK(EPT_READ))
				TH_LOG("level %u bit %u", level, bit);
		}
		*entry(level) = saved;
	}
}

TEST_F(ept, reserved_address_bits_of_large_pages_are_misconfigured)
{
	for (unsigned int bit = 12; bit < 21; bit++) {
		*entry(2) = BIT_ULL(bit) | WB | ALL | EPT_LARGE;
		EXPECT_EQ(EPT_MISCONFIGURED, WALK(EPT_READ));
	}
	for (unsigned int bit = 12; bit < 30; bit++) {
		*entry(3) = BIT_ULL(bit) | WB | ALL | EPT_LARGE;
		EXPECT_EQ(EPT_MISCONFIGURED, WALK(EPT_READ));
	}
}

TEST_F(ept, reserved_address_bits_of_the_machine_are_misconfigured)
{
	u64 saved;

	self->ept.reserved = BIT_ULL(51);
	for (unsigned int level = 1; level <= variant->levels; level++) {
		saved = *entry(level);
		*entry(level) |= BIT_ULL(51);
		EXPECT_EQ(EPT_MISCONFIGURED, WALK(EPT_READ));
		*entry(level) = saved & ~BIT_ULL(51);
	}
}

TEST_F(ept, reserved_memory_types_are_misconfigured)
{
	static const bool valid[8] = { true, true, false, false, true, true, true, false };

	for (u64 type = 0; type < 8; type++) {
		*entry(1) = PA | ALL | type << 3;
		EXPECT_EQ(valid[type] ? EPT_MAPPED : EPT_MISCONFIGURED, WALK(EPT_READ));
	}
}

TEST_F(ept, bits_for_software_are_ignored)
{
	for (unsigned int level = 1; level <= variant->levels; level++)
		*entry(level) |= 0xfff0000000000c00ULL;
	EXPECT_EQ(EPT_MAPPED, WALK(EPT_READ));
	EXPECT_EQ(PA | 0xabc, self->result.pa);
	/* ignore PAT, in the last entry */
	*entry(1) |= BIT_ULL(6);
	EXPECT_EQ(EPT_MAPPED, WALK(EPT_READ));
}

/* A violation is found first only if its entry comes first. */
TEST_F(ept, a_misconfiguration_is_found_below_an_entry_without_the_right)
{
	*entry(2) &= ~EPT_WRITE;
	*entry(1) = PA | EPT_WRITE;
	EXPECT_EQ(EPT_MISCONFIGURED, WALK(EPT_WRITE));
	*entry(2) = 0;
	EXPECT_EQ(EPT_VIOLATES, WALK(EPT_WRITE));
}

TEST_F(ept, a_table_that_cannot_be_reached_ends_the_walk)
{
	not_reachable = (u64)tables[1];
	EXPECT_EQ(EPT_NOT_REACHED, WALK(EPT_READ));
}

TEST_HARNESS_MAIN
