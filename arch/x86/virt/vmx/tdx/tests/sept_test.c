// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: private memory of TDs in the software TDX module.
 */
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../error.h"
#include "../keyid.h"
#include "../owner.h"
#include "../model/sept.h"
#include "../model/td.h"
#include "model_host.h"
#include "td_life.h"

#define TRIES	100	/* of a SEAMCALL while the module is busy, see asm/tdx_td.h */

/* RCX of a leaf that failed at an entry */
#define FREE_ENTRY	BIT_ULL(63)
#define TABLE_ENTRY	7ULL
#define PAGE_ENTRY(pa)	((pa) | 0x80000000000000f0ULL)	/* not accessible for the guest */

static int sept_test_init(struct kunit *test)
{
	td_life_host_create(test);
	return 0;
}

static void sept_test_exit(struct kunit *test)
{
	td_life_host_unload(test->priv);
}

/* A TD with a vCPU.  The test stays on its CPU until end(). */
static struct td_life *begin(struct kunit *test)
{
	struct td_life *life = td_life_new(test);

	migrate_disable();
	KUNIT_EXPECT_EQ(test, td_life_create(life, 1), 0);
	return life;
}

static void end(struct kunit *test, struct td_life *life)
{
	const struct model_host *host = test->priv;

	td_life_destroy(life);
	migrate_enable();
	KUNIT_EXPECT_EQ(test, host->model.nr_td_pages, 0ULL);
	KUNIT_EXPECT_FALSE(test, tdx_pages_are_owned());
}

static void expect_at(struct kunit *test, const struct tdx_sept_entry *at, u64 entry,
		      unsigned int level, enum tdx_sept_state state)
{
	KUNIT_EXPECT_EQ(test, at->entry, entry);
	KUNIT_EXPECT_EQ(test, tdx_sept_entry_level(at), level);
	KUNIT_EXPECT_EQ(test, tdx_sept_entry_state(at), state);
}

static void expect_nowhere(struct kunit *test, const struct tdx_sept_entry *at)
{
	KUNIT_EXPECT_EQ(test, at->entry, 0ULL);
	KUNIT_EXPECT_EQ(test, at->details, 0ULL);
}

static void memory_is_mapped_removed_and_reclaimed(struct kunit *test)
{
	struct td_life *life = begin(test);
	struct tdx_page_owner owner;
	struct page *page;

	KUNIT_EXPECT_EQ(test, td_life_use_memory(life), 0);
	page = life->private[2];
	KUNIT_EXPECT_TRUE(test, tdx_page_find_owner(page_to_phys(page), &owner));
	KUNIT_EXPECT_EQ(test, owner.tdr, (u64)page_to_phys(life->td.tdr));
	/* The page that was removed is not one of them. */
	KUNIT_EXPECT_EQ(test, tdx_pages_count().owned, (unsigned long)life->nr_pages - 1);
	get_page(page);
	end(test, life);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	put_page(page);
}

static void a_missing_table_is_named_by_its_level(struct kunit *test)
{
	struct td_life *life = begin(test);
	struct page *table = td_life_page(life), *page = td_life_private_page(life);
	struct tdx_td *td = &life->td;
	struct tdx_sept_entry at;

	KUNIT_EXPECT_EQ(test, tdh_mem_sept_add(td, 0, 1, table, &at),
			TDX_EPT_WALK_FAILED | TDX_OPERAND_ID_RCX);
	expect_at(test, &at, FREE_ENTRY, 3, TDX_SEPT_FREE);
	KUNIT_EXPECT_EQ(test, tdh_mem_sept_add(td, 0, 3, table, &at), 0ULL);
	life->sept[life->nr_sept++] = table;
	expect_nowhere(test, &at);
	KUNIT_EXPECT_EQ(test, tdh_mem_page_add(td, 0, page, ZERO_PAGE(0), &at),
			TDX_EPT_WALK_FAILED | TDX_OPERAND_ID_RCX);
	expect_at(test, &at, FREE_ENTRY, 2, TDX_SEPT_FREE);
	KUNIT_EXPECT_EQ(test, tdh_mem_page_aug(td, SZ_4K, 0, page, &at),
			TDX_EPT_WALK_FAILED | TDX_OPERAND_ID_RCX);
	expect_at(test, &at, FREE_ENTRY, 2, TDX_SEPT_FREE);
	KUNIT_EXPECT_EQ(test, tdh_mem_range_block(td, 0, 0, &at),
			TDX_EPT_WALK_FAILED | TDX_OPERAND_ID_RCX);
	expect_at(test, &at, FREE_ENTRY, 2, TDX_SEPT_FREE);
	KUNIT_EXPECT_EQ(test, tdh_mem_page_remove(td, 0, 0, &at),
			TDX_EPT_WALK_FAILED | TDX_OPERAND_ID_RCX);
	expect_at(test, &at, FREE_ENTRY, 2, TDX_SEPT_FREE);
	KUNIT_EXPECT_EQ(test, tdh_mr_extend(td, 0, &at),
			TDX_EPT_ENTRY_NOT_PRESENT | TDX_OPERAND_ID_RCX);
	expect_at(test, &at, FREE_ENTRY, 2, TDX_SEPT_FREE);
	tdx_page_return(td, page);
	put_page(page);
	end(test, life);
}

static void the_second_caller_sees_what_is_there(struct kunit *test)
{
	struct td_life *life = begin(test);
	struct page *table = td_life_page(life), *page = td_life_private_page(life);
	struct tdx_td *td = &life->td;
	struct tdx_sept_entry at;

	KUNIT_EXPECT_EQ(test, td_life_add_sept(life), 0);
	KUNIT_EXPECT_EQ(test, td_life_add(life, 0, ZERO_PAGE(0)), 0);
	KUNIT_EXPECT_EQ(test, td_life_aug(life, 1), 0);
	KUNIT_EXPECT_EQ(test, tdh_mem_sept_add(td, 0, 1, table, &at),
			TDX_EPT_ENTRY_STATE_INCORRECT | TDX_OPERAND_ID_RCX);
	expect_at(test, &at, TABLE_ENTRY, 1, TDX_SEPT_NL_MAPPED);
	KUNIT_EXPECT_EQ(test, tdh_mem_page_add(td, 0, page, ZERO_PAGE(0), &at),
			TDX_EPT_ENTRY_STATE_INCORRECT | TDX_OPERAND_ID_RCX);
	expect_at(test, &at, PAGE_ENTRY(page_to_phys(life->private[0])) | 7, 0, TDX_SEPT_MAPPED);
	KUNIT_EXPECT_EQ(test, tdh_mem_page_aug(td, SZ_4K, 0, page, &at),
			TDX_EPT_ENTRY_STATE_INCORRECT | TDX_OPERAND_ID_RCX);
	expect_at(test, &at, PAGE_ENTRY(page_to_phys(life->private[1])), 0, TDX_SEPT_PENDING);
	/* Another page of 4 KB is in the way of 2 MB. */
	KUNIT_EXPECT_EQ(test, tdh_mem_page_aug(td, 0, 1, page, &at),
			TDX_EPT_ENTRY_STATE_INCORRECT | TDX_OPERAND_ID_RCX);
	expect_at(test, &at, TABLE_ENTRY, 1, TDX_SEPT_NL_MAPPED);
	/* A page that another TD, or the same one, has. */
	KUNIT_EXPECT_EQ(test, tdh_mem_page_aug(td, SZ_8K, 0, life->private[1], &at),
			TDX_PAGE_METADATA_INCORRECT | TDX_OPERAND_ID_R8);
	expect_nowhere(test, &at);
	tdx_page_return(td, page);
	put_page(page);
	tdx_page_free(td, table);
	end(test, life);
}

static void a_page_that_vcpus_may_use_is_not_removed(struct kunit *test)
{
	struct td_life *life = begin(test);
	struct tdx_td *td = &life->td;
	struct tdx_sept_entry at;
	u64 pa;

	KUNIT_EXPECT_EQ(test, td_life_use_memory(life), 0);
	pa = page_to_phys(life->private[2]);
	KUNIT_EXPECT_EQ(test, tdh_mem_page_remove(td, SZ_8K, 0, &at),
			TDX_GPA_RANGE_NOT_BLOCKED | TDX_OPERAND_ID_RCX);
	expect_at(test, &at, PAGE_ENTRY(pa), 0, TDX_SEPT_PENDING);
	KUNIT_EXPECT_EQ(test, tdh_mem_page_remove(td, 0, 1, &at),
			TDX_EPT_ENTRY_STATE_INCORRECT | TDX_OPERAND_ID_RCX);
	expect_at(test, &at, TABLE_ENTRY, 1, TDX_SEPT_NL_MAPPED);
	KUNIT_EXPECT_EQ(test, tdh_mem_range_block(td, SZ_4K, 0, &at),
			TDX_EPT_ENTRY_STATE_INCORRECT | TDX_OPERAND_ID_RCX);
	expect_at(test, &at, FREE_ENTRY, 0, TDX_SEPT_FREE);

	KUNIT_EXPECT_EQ(test, tdh_mem_range_block(td, SZ_8K, 0, &at), 0ULL);
	expect_nowhere(test, &at);
	KUNIT_EXPECT_EQ(test, tdh_mem_range_block(td, SZ_8K, 0, &at),
			TDX_GPA_RANGE_ALREADY_BLOCKED | TDX_OPERAND_ID_RCX);
	expect_at(test, &at, PAGE_ENTRY(pa), 0, TDX_SEPT_PEND_BLOCKED);
	KUNIT_EXPECT_EQ(test, tdh_mem_page_remove(td, SZ_8K, 0, &at),
			TDX_TLB_TRACKING_NOT_DONE | TDX_OPERAND_ID_RCX);
	expect_nowhere(test, &at);
	KUNIT_EXPECT_EQ(test, td_life_remove(life, 2), 0);

	KUNIT_EXPECT_EQ(test, tdh_mem_range_block(td, 0, 0, &at), 0ULL);
	KUNIT_EXPECT_EQ(test, tdh_mem_page_remove(td, 0, 0, &at),
			TDX_TLB_TRACKING_NOT_DONE | TDX_OPERAND_ID_RCX);
	KUNIT_EXPECT_EQ(test, td_life_remove(life, 0), 0);
	end(test, life);
}

/* Before that, no vCPU can have a translation. */
static void before_it_is_finalized_a_page_is_removed_at_once(struct kunit *test)
{
	struct td_life *life = begin(test);
	struct tdx_sept_entry at;

	KUNIT_EXPECT_EQ(test, td_life_add_sept(life), 0);
	KUNIT_EXPECT_EQ(test, td_life_add(life, 0, ZERO_PAGE(0)), 0);
	KUNIT_EXPECT_EQ(test, tdh_mem_page_remove(&life->td, 0, 0, &at), 0ULL);
	/* RCX is the address of the page. */
	expect_nowhere(test, &at);
	KUNIT_EXPECT_EQ(test, tdx_page_return(&life->td, life->private[0]), 0ULL);
	put_page(life->private[0]);
	life->private[0] = NULL;
	end(test, life);
}

static void addresses_and_levels_are_checked(struct kunit *test)
{
	const u64 invalid = TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX, shared = BIT_ULL(47);
	struct td_life *life = begin(test);
	struct page *page = td_life_private_page(life);
	struct tdx_td *td = &life->td;
	struct tdx_sept_entry at;

	KUNIT_EXPECT_EQ(test, tdh_mem_sept_add(td, 0, 0, page, &at), invalid);
	KUNIT_EXPECT_EQ(test, tdh_mem_sept_add(td, SZ_4K, 1, page, &at), invalid);
	KUNIT_EXPECT_EQ(test, tdh_mem_page_add(td, shared, page, ZERO_PAGE(0), &at), invalid);
	KUNIT_EXPECT_EQ(test, tdh_mem_page_aug(td, 0, 2, page, &at), invalid);
	KUNIT_EXPECT_EQ(test, tdh_mem_range_block(td, shared, 0, &at), invalid);
	KUNIT_EXPECT_EQ(test, tdh_mem_page_remove(td, 0, 3, &at), invalid);
	KUNIT_EXPECT_EQ(test, tdh_mr_extend(td, 128, &at), invalid);
	expect_nowhere(test, &at);
	tdx_page_return(td, page);
	put_page(page);
	end(test, life);
}

/* Calls a leaf with an entry.  Operands need not be valid. */
struct leaf_at {
	const char *name;
	u64 (*call)(struct tdx_td *td, struct page *page, struct tdx_sept_entry *at);
};

static u64 sept_add(struct tdx_td *td, struct page *page, struct tdx_sept_entry *at)
{
	return tdh_mem_sept_add(td, 0, 1, page, at);
}

static u64 page_add(struct tdx_td *td, struct page *page, struct tdx_sept_entry *at)
{
	return tdh_mem_page_add(td, 0, page, ZERO_PAGE(0), at);
}

static u64 page_aug(struct tdx_td *td, struct page *page, struct tdx_sept_entry *at)
{
	return tdh_mem_page_aug(td, 0, 0, page, at);
}

static u64 range_block(struct tdx_td *td, struct page *page, struct tdx_sept_entry *at)
{
	return tdh_mem_range_block(td, 0, 0, at);
}

static u64 page_remove(struct tdx_td *td, struct page *page, struct tdx_sept_entry *at)
{
	return tdh_mem_page_remove(td, 0, 0, at);
}

static u64 mr_extend(struct tdx_td *td, struct page *page, struct tdx_sept_entry *at)
{
	return tdh_mr_extend(td, 0, at);
}

static const struct leaf_at leaves_at[] = {
	{ "SEPT.ADD", sept_add }, { "PAGE.ADD", page_add }, { "PAGE.AUG", page_aug },
	{ "RANGE.BLOCK", range_block }, { "PAGE.REMOVE", page_remove },
	{ "MR.EXTEND", mr_extend },
};

#define STATUS(name, value)	value,
static const u64 all_statuses[] = {
	TDX_SEAMCALL_VMFAILINVALID, TDX_SEAMCALL_GP, TDX_SEAMCALL_UD, TDX_SEAMCALL_RETIRED,
	TDX_STATUS_LIST(STATUS)
};

/* According to the specification, independent of sept.c; without details. */
static bool tells_entry(u64 status)
{
	switch (status) {
	case TDX_EPT_WALK_FAILED ... TDX_EPT_ENTRY_LEAF:
	case TDX_GPA_RANGE_NOT_BLOCKED:
	case TDX_TLB_TRACKING_NOT_DONE ... TDX_EPT_INVALID_PROMOTE_CONDITIONS:
	case TDX_PAGE_SIZE_MISMATCH ... TDX_L2_SEPT_PAGE_NOT_PROVIDED:
	case TDX_GPA_RANGE_ALREADY_BLOCKED:
	case TDX_PAGE_ALREADY_ACCEPTED:
		return true;
	}
	return false;
}

static u64 injected_status;

/* As in a module that describes an entry. */
static u64 fail_at_entry(u64 leaf, u64 status, struct tdx_regs *regs)
{
	regs->rcx = 0x1234;
	regs->rdx = 0x567;
	return injected_status;
}

static void expect_status_of(struct kunit *test, const struct leaf_at *leaf, struct td_life *life,
			     u64 status)
{
	struct tdx_sept_entry at = { 1, 1 };
	bool tells = tells_entry(status) || status == (TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX);

	injected_status = status;
	KUNIT_EXPECT_EQ_MSG(test, leaf->call(&life->td, life->pages[0], &at), status, "%s",
			    leaf->name);
	KUNIT_EXPECT_EQ_MSG(test, at.entry, tells ? 0x1234ULL : 0ULL, "%s, 0x%llx", leaf->name,
			    status);
	KUNIT_EXPECT_EQ_MSG(test, at.details, tells ? 0x567ULL : 0ULL, "%s, 0x%llx", leaf->name,
			    status);
}

static void every_status_is_passed_on_with_its_entry_only(struct kunit *test)
{
	struct td_life *life = begin(test);
	struct model_host *host = test->priv;
	unsigned int i, j;

	host->distort = fail_at_entry;
	for (i = 0; i < ARRAY_SIZE(leaves_at); i++) {
		for (j = 0; j < ARRAY_SIZE(all_statuses); j++)
			expect_status_of(test, &leaves_at[i], life, all_statuses[j]);
		expect_status_of(test, &leaves_at[i], life,
				 TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX);
		expect_status_of(test, &leaves_at[i], life,
				 TDX_OPERAND_BUSY | TDX_OPERAND_ID_SEPT_TREE);
	}
	host->distort = NULL;
	end(test, life);
}

/* RCX and RDX are the inputs then. */
static void a_leaf_that_was_not_made_tells_no_entry(struct kunit *test)
{
	struct td_life *life = begin(test);
	struct model_host *host = test->priv;
	struct tdx_sept_entry at;
	unsigned int i;

	model_host_fail(host, atomic64_read(&host->seamcalls) + 1, U64_MAX, TDX_SEAMCALL_RETIRED);
	for (i = 0; i < ARRAY_SIZE(leaves_at); i++) {
		at = (struct tdx_sept_entry) { 1, 1 };
		KUNIT_EXPECT_EQ(test, leaves_at[i].call(&life->td, life->pages[0], &at),
				(u64)TDX_SEAMCALL_RETIRED);
		expect_nowhere(test, &at);
	}
	KUNIT_EXPECT_EQ(test, tdh_mem_track(&life->td), (u64)TDX_SEAMCALL_RETIRED);
	KUNIT_EXPECT_EQ(test, tdh_mr_finalize(&life->td), (u64)TDX_SEAMCALL_RETIRED);
	model_host_fail(host, 0, 0, 0);
	end(test, life);
}

/* The locks that a guest, and a vCPU that is entered, take. */
static struct tdx_model_tdcs *tdcs_of(struct td_life *life)
{
	return page_address(life->td.tdcx[TDX_MODEL_TDCX_TDCS]);
}

static u64 *entry_of(struct td_life *life, unsigned int i)
{
	return (u64 *)page_address(life->sept[TD_LIFE_SEPT_LEVELS - 1]) + i;
}

static u64 tries_since(const struct model_host *host, u64 before)
{
	return atomic64_read(&host->seamcalls) - before;
}

static void while_the_guest_has_a_lock_calls_end(struct kunit *test)
{
	struct td_life *life = begin(test);
	struct model_host *host = test->priv;
	struct tdx_td *td = &life->td;
	struct tdx_sept_entry at;
	u64 before;

	KUNIT_EXPECT_EQ(test, td_life_use_memory(life), 0);

	*entry_of(life, 2) |= SEPT_LOCKED;
	before = atomic64_read(&host->seamcalls);
	KUNIT_EXPECT_EQ(test, tdh_mem_range_block(td, SZ_8K, 0, &at),
			TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX);
	KUNIT_EXPECT_EQ(test, tries_since(host, before), (u64)TRIES);
	expect_at(test, &at, PAGE_ENTRY(page_to_phys(life->private[2])), 0, TDX_SEPT_PENDING);
	*entry_of(life, 2) &= ~SEPT_LOCKED;

	tdcs_of(life)->sept_lock.holders = 1;
	before = atomic64_read(&host->seamcalls);
	KUNIT_EXPECT_EQ(test, tdh_mem_range_block(td, SZ_8K, 0, &at),
			TDX_OPERAND_BUSY | TDX_OPERAND_ID_SEPT_TREE);
	KUNIT_EXPECT_EQ(test, tries_since(host, before), (u64)TRIES);
	expect_nowhere(test, &at);
	tdcs_of(life)->sept_lock.holders = 0;

	tdcs_of(life)->td_epoch_lock.holders = 1;
	before = atomic64_read(&host->seamcalls);
	KUNIT_EXPECT_EQ(test, tdh_mem_track(td), TDX_OPERAND_BUSY | TDX_OPERAND_ID_TD_EPOCH);
	KUNIT_EXPECT_EQ(test, tries_since(host, before), (u64)TRIES);
	tdcs_of(life)->td_epoch_lock.holders = 0;
	end(test, life);
}

static void a_lock_that_is_held_for_a_moment_is_waited_for(struct kunit *test)
{
	struct td_life *life = begin(test);
	struct model_host *host = test->priv;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, td_life_add_sept(life), 0);
	for (i = 0; i < TD_LIFE_MAX_PRIVATE; i++) {
		model_host_fail(host, atomic64_read(&host->seamcalls) + 1, TRIES - 1,
				TDX_OPERAND_BUSY | TDX_OPERAND_ID_SEPT_TREE);
		KUNIT_EXPECT_EQ(test, td_life_aug(life, i), 0);
	}
	end(test, life);
}

/* It would take until a vCPU leaves the guest. */
static void an_epoch_in_use_is_not_waited_for(struct kunit *test)
{
	struct td_life *life = begin(test);
	struct model_host *host = test->priv;
	struct tdx_model_tdcs *tdcs;
	u64 before, epoch;

	KUNIT_EXPECT_EQ(test, td_life_use_memory(life), 0);
	tdcs = tdcs_of(life);
	epoch = tdcs->td_epoch;
	tdcs->refcount[~epoch & 1] = 1;
	before = atomic64_read(&host->seamcalls);
	KUNIT_EXPECT_EQ(test, tdh_mem_track(&life->td), (u64)TDX_PREVIOUS_TLB_EPOCH_BUSY);
	KUNIT_EXPECT_EQ(test, tries_since(host, before), 1ULL);
	KUNIT_EXPECT_EQ(test, tdcs->td_epoch, epoch);
	tdcs->refcount[~epoch & 1] = 0;
	KUNIT_EXPECT_EQ(test, tdh_mem_track(&life->td), 0ULL);
	KUNIT_EXPECT_EQ(test, tdcs->td_epoch, epoch + 1);
	end(test, life);
}

/* Reads MRTD of a TD that has a page with the contents. */
static void measure(struct kunit *test, struct page *source, u64 gpa, u64 mrtd[6])
{
	struct td_life *life = begin(test);
	struct tdx_sept_entry at;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, td_life_add_sept(life), 0);
	KUNIT_EXPECT_EQ(test, td_life_add(life, 0, source), 0);
	KUNIT_EXPECT_EQ(test, tdh_mr_extend(&life->td, gpa, &at), 0ULL);
	KUNIT_EXPECT_EQ(test, tdh_mr_finalize(&life->td), 0ULL);
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, tdh_mng_rd(&life->td, TDX_MD_TDCS_MRTD + i, &mrtd[i]), 0ULL);
	end(test, life);
}

static void the_contents_at_the_address_are_measured(struct kunit *test)
{
	const size_t size = TDX_MR_BYTES;
	u64 zero[6], same[6], other[6], elsewhere[6];
	struct page *source = alloc_page(GFP_KERNEL | __GFP_ZERO);

	KUNIT_ASSERT_NOT_NULL(test, source);
	measure(test, ZERO_PAGE(0), TDX_MR_EXTEND_BYTES, zero);
	measure(test, source, TDX_MR_EXTEND_BYTES, same);
	((u8 *)page_address(source))[2 * TDX_MR_EXTEND_BYTES - 1] = 1;
	measure(test, source, TDX_MR_EXTEND_BYTES, other);
	measure(test, source, 0, elsewhere);
	KUNIT_EXPECT_EQ(test, memcmp(zero, same, size), 0);
	KUNIT_EXPECT_NE(test, memcmp(zero, other, size), 0);
	KUNIT_EXPECT_NE(test, memcmp(zero, elsewhere, size), 0);
	KUNIT_EXPECT_NE(test, memcmp(other, elsewhere, size), 0);
	__free_page(source);
}

static void a_td_is_finalized_once_and_with_a_vcpu(struct kunit *test)
{
	struct td_life *life = td_life_new(test);
	struct page *page;
	struct tdx_sept_entry at;

	migrate_disable();
	KUNIT_EXPECT_EQ(test, td_life_create(life, 0), 0);
	KUNIT_EXPECT_EQ(test, tdh_mr_finalize(&life->td), (u64)TDX_NO_VCPUS);
	end(test, life);

	life = begin(test);
	KUNIT_EXPECT_EQ(test, td_life_use_memory(life), 0);
	page = td_life_private_page(life);
	KUNIT_EXPECT_EQ(test, tdh_mr_finalize(&life->td), (u64)TDX_OP_STATE_INCORRECT);
	KUNIT_EXPECT_EQ(test, tdh_mr_extend(&life->td, 0, &at), (u64)TDX_OP_STATE_INCORRECT);
	expect_nowhere(test, &at);
	KUNIT_EXPECT_EQ(test, tdh_mem_page_add(&life->td, SZ_4K, page, ZERO_PAGE(0), &at),
			(u64)TDX_OP_STATE_INCORRECT);
	tdx_page_return(&life->td, page);
	put_page(page);
	end(test, life);
}

#define LARGE_ORDER	9	/* 2 MB */

static void remove_large(struct kunit *test, struct td_life *life, struct page *page)
{
	struct tdx_td *td = &life->td;
	struct tdx_sept_entry at;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, tdh_mem_range_block(td, 0, 0, &at),
			TDX_EPT_WALK_FAILED | TDX_OPERAND_ID_RCX);
	expect_at(test, &at, PAGE_ENTRY(page_to_phys(page)), 1, TDX_SEPT_PENDING);
	KUNIT_EXPECT_EQ(test, tdh_mem_range_block(td, 0, 1, &at), 0ULL);
	KUNIT_EXPECT_EQ(test, tdh_mem_track(td), 0ULL);
	KUNIT_EXPECT_EQ(test, tdh_mem_page_remove(td, 0, 1, &at), 0ULL);
	for (i = 0; i < 1 << LARGE_ORDER; i++)
		KUNIT_EXPECT_EQ(test, tdx_page_return(td, page + i), 0ULL);
}

static void two_megabytes_are_mapped_at_once(struct kunit *test)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN, LARGE_ORDER);
	struct td_life *life;
	struct tdx_sept_entry at;
	unsigned int i;

	if (!page)
		kunit_skip(test, "memory is fragmented");
	life = begin(test);
	for (i = 3; i > 1; i--) {
		struct page *table = td_life_page(life);

		KUNIT_EXPECT_EQ(test, tdh_mem_sept_add(&life->td, 0, i, table, &at), 0ULL);
		life->sept[life->nr_sept++] = table;
	}
	KUNIT_EXPECT_EQ(test, tdh_mr_finalize(&life->td), 0ULL);
	for (i = 0; i < 1 << LARGE_ORDER; i++)
		KUNIT_EXPECT_EQ(test, tdx_page_take(&life->td, page + i), 0);
	KUNIT_EXPECT_EQ(test, tdh_mem_page_aug(&life->td, 0, 1, page, &at), 0ULL);
	remove_large(test, life, page);
	end(test, life);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	__free_pages(page, LARGE_ORDER);
}

static struct kunit_case sept_test_cases[] = {
	KUNIT_CASE(memory_is_mapped_removed_and_reclaimed),
	KUNIT_CASE(a_missing_table_is_named_by_its_level),
	KUNIT_CASE(the_second_caller_sees_what_is_there),
	KUNIT_CASE(a_page_that_vcpus_may_use_is_not_removed),
	KUNIT_CASE(before_it_is_finalized_a_page_is_removed_at_once),
	KUNIT_CASE(addresses_and_levels_are_checked),
	KUNIT_CASE(every_status_is_passed_on_with_its_entry_only),
	KUNIT_CASE(a_leaf_that_was_not_made_tells_no_entry),
	KUNIT_CASE(while_the_guest_has_a_lock_calls_end),
	KUNIT_CASE(a_lock_that_is_held_for_a_moment_is_waited_for),
	KUNIT_CASE(an_epoch_in_use_is_not_waited_for),
	KUNIT_CASE(the_contents_at_the_address_are_measured),
	KUNIT_CASE(a_td_is_finalized_once_and_with_a_vcpu),
	KUNIT_CASE(two_megabytes_are_mapped_at_once),
	{}
};

static struct kunit_suite sept_test_suite = {
	.name = "tdx_sept",
	.init = sept_test_init,
	.exit = sept_test_exit,
	.test_cases = sept_test_cases,
};

kunit_test_suite(sept_test_suite);
