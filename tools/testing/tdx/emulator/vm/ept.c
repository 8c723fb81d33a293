// SPDX-License-Identifier: GPL-2.0-only
/* Translation by extended page tables: SDM vol. 3, "The Extended Page Table Mechanism (EPT)". */
#include "vm/ept.h"

#define ENTRY_MEMORY_TYPE(entry)	((entry) >> 3 & 7)
#define LEVEL_PDPTE			3
#define BITS_OF_A_LEVEL			9

/**
 * struct path - the entries that translate an address, from the root
 * @at:		where they are
 * @value:	what was read there
 * @nr:		number of entries; the last one maps the page, unless it is refused
 * @shift:	log2 of the bytes that the last one maps
 */
struct path {
	u64 *at[EPT_MAX_LEVELS];
	u64 value[EPT_MAX_LEVELS];
	unsigned int nr;
	unsigned int shift;
};

static unsigned int shift_of_level(unsigned int level)
{
	return 12 + BITS_OF_A_LEVEL * (level - 1);
}

static bool is_leaf(u64 entry, unsigned int level)
{
	return level == 1 || (level <= LEVEL_PDPTE && entry & EPT_LARGE);
}

static bool memory_type_valid(unsigned int type)
{
	return type == 0 || type == 1 || (type >= 4 && type <= 6);
}

/* Execute-only pages are not offered, so that each entry that is present is readable. */
static bool misconfigured(const struct ept *ept, u64 entry, unsigned int level)
{
	if (!(entry & EPT_READ) || entry & PTE_ADDR & ept->reserved)
		return true;
	if (is_leaf(entry, level))
		return !memory_type_valid(ENTRY_MEMORY_TYPE(entry)) ||
		       entry & PTE_ADDR & (BIT_ULL(shift_of_level(level)) - 1);
	/* bits 6:3, and bit 7 where there are no large pages */
	return entry & 0xf8;
}

/* Returns the rights of all entries in @path, 0 if the last is not present. */
static u64 rights_of(const struct path *path)
{
	u64 rights = EPT_RIGHTS;

	for (unsigned int i = 0; i < path->nr; i++)
		rights &= path->value[i];
	return rights;
}

/* EPT_MAPPED if the path ends at a page, whatever its rights. */
static enum ept_outcome follow(const struct ept *ept, u64 gpa, struct path *path)
{
	unsigned int level = EPTP_LEVELS(ept->pointer);
	u64 entry, next = ept->pointer & PTE_ADDR, *table;

	path->nr = 0;
	for (;; level--) {
		table = ept->table(ept->context, next);
		if (!table)
			return EPT_NOT_REACHED;
		path->shift = shift_of_level(level);
		table += gpa >> path->shift & (BIT_ULL(BITS_OF_A_LEVEL) - 1);
		entry = __atomic_load_n(table, __ATOMIC_RELAXED);
		path->at[path->nr] = table;
		path->value[path->nr++] = entry;
		if (!(entry & EPT_RIGHTS))
			return EPT_VIOLATES;
		if (misconfigured(ept, entry, level))
			return EPT_MISCONFIGURED;
		if (is_leaf(entry, level))
			return EPT_MAPPED;
		next = entry & PTE_ADDR;
	}
}

/* Returns false if an entry has changed meanwhile. */
static bool set_flags(struct path *path, bool write)
{
	for (unsigned int i = 0; i < path->nr; i++) {
		u64 flags = EPT_ACCESSED | (write && i == path->nr - 1 ? EPT_DIRTY : 0);

		if (!(~path->value[i] & flags))
			continue;
		if (!__atomic_compare_exchange_n(path->at[i], &path->value[i],
						 path->value[i] | flags, false, __ATOMIC_SEQ_CST,
						 __ATOMIC_RELAXED))
			return false;
		path->value[i] |= flags;
	}
	return true;
}

static u64 violation(const struct ept_access *access, u64 needed, u64 rights)
{
	return needed | rights << EPT_VIOLATION_RIGHTS_SHIFT |
	       (access->linear ? EPT_VIOLATION_GLA_VALID : 0) |
	       (access->linear && !access->walk ? EPT_VIOLATION_FINAL : 0);
}

static bool beyond_limit(const struct ept *ept, u64 gpa)
{
	return gpa >> shift_of_level(EPTP_LEVELS(ept->pointer) + 1);
}

enum ept_outcome ept_walk(const struct ept *ept, const struct ept_access *access,
			  struct ept_result *result)
{
	bool has_flags = ept->pointer & EPTP_ACCESSED_DIRTY;
	/* With the flags, the guest's page tables are read as if they were written. */
	u64 needed = access->access | (has_flags && access->walk ? EPT_WRITE : 0);
	enum ept_outcome outcome;
	struct path path;
	u64 rights;

	if (beyond_limit(ept, access->gpa)) {
		result->qualification = violation(access, needed, 0);
		return EPT_VIOLATES;
	}
	do {
		outcome = follow(ept, access->gpa, &path);
		rights = rights_of(&path);
		if (outcome == EPT_MAPPED && needed & ~rights)
			outcome = EPT_VIOLATES;
		if (outcome == EPT_VIOLATES)
			result->qualification = violation(access, needed, rights);
		if (outcome != EPT_MAPPED)
			return outcome;
	} while (has_flags && !set_flags(&path, needed & EPT_WRITE));

	result->size = BIT_ULL(path.shift);
	result->pa = (path.value[path.nr - 1] & PTE_ADDR & ~(result->size - 1)) |
		     (access->gpa & (result->size - 1));
	result->rights = rights;
	result->clean = has_flags && !(path.value[path.nr - 1] & EPT_DIRTY);
	return EPT_MAPPED;
}
