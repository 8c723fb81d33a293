// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: the TDP MMU of ordinary VMs, and of those of which it maps the shared half.
 *
 * The MMU handles page faults of a VM that has no vCPUs that run, so that no CPU with
 * virtualization is needed.  The tables are then read as the CPU walks them.
 */
#include <kunit/test.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <asm/kvm_page_track.h>

#include "../mmu.h"
#include "mmu_internal.h"
#include "spte.h"
#include "tdp_iter.h"
#include "tdp_mmu.h"

/**
 * struct kind - the entries that a kind of VM is expected to have
 * @name: of the kind
 * @gpa_bits: width of guest physical addresses; 0 for an ordinary VM
 * @root_level: level of the root
 * @first: index of the first entry of the root that the CPU uses
 * @end: index behind the last one that is visited; that of an ordinary VM is limited by the
 *	 physical addresses of the host
 * @nonpresent: nothing is mapped
 * @removed: an entry of a table that was removed
 * @leaf: a page that was written to
 * @again: the same after a fault on an entry with the writable bit
 * @aged: the same after its access bit was cleared
 * @mmio: GFN_MMIO
 */
struct kind {
	const char *name;
	unsigned int gpa_bits;
	int root_level;
	unsigned int first;
	unsigned int end;
	u64 nonpresent;
	u64 removed;
	u64 leaf;
	u64 again;
	u64 aged;
	u64 mmio;
};

#define GFN		0x12345678ULL
#define GFN_MMIO	0x12345679ULL
/* Its lower 8 bits are in bits 10:3 of an entry, others begin at bit 52. */
#define GENERATION	0x2a5

#define ORDINARY_LEAF	0x0600000000000b07ULL
#define SHARED_LEAF	0x8610000000000807ULL
#define SHARED_AGED	0x8750000000000800ULL

static const struct kind kinds[] = {
	{ "ordinary", 0, 4, 0, 128, 0, 0x5a0, ORDINARY_LEAF, ORDINARY_LEAF & ~BIT_ULL(9),
	  ORDINARY_LEAF & ~BIT_ULL(8), 0x002000000000052eULL | GFN_MMIO << 12 },
	{ "GPAW 48", 48, 4, 256, 512, BIT_ULL(63), BIT_ULL(63) | 0x5a0, SHARED_LEAF, SHARED_LEAF,
	  SHARED_AGED, 0 },
	{ "GPAW 52", 52, 5, 8, 16, BIT_ULL(63), BIT_ULL(63) | 0x5a0, SHARED_LEAF, SHARED_LEAF,
	  SHARED_AGED, 0 },
};

struct shared_vm {
	struct kvm kvm;
	struct kvm_vcpu vcpu;
	struct kvm_memslots slots[KVM_ADDRESS_SPACE_NUM];
	struct kvm_memory_slot slot;
	struct page *page;
	const struct kind *kind;
};

/* The masks of SPTEs, which depend on the CPU, are those of EPT during a test. */
static u64 *const masks[] = {
	&shadow_host_writable_mask, &shadow_mmu_writable_mask, &shadow_nx_mask, &shadow_x_mask,
	&shadow_user_mask, &shadow_accessed_mask, &shadow_dirty_mask, &shadow_mmio_value,
	&shadow_mmio_mask, &shadow_mmio_access_mask, &shadow_present_mask,
	&shadow_memtype_mask, &shadow_me_value, &shadow_me_mask, &shadow_acc_track_mask,
	&shadow_nonpresent_or_rsvd_mask,
};

static u64 saved_masks[ARRAY_SIZE(masks)];
static u8 saved_phys_bits;
static bool saved_mmio_caching;
static bool is_configured;

#define PHYS_BITS	46

static void use_ept_masks(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(masks); i++)
		saved_masks[i] = *masks[i];
	saved_phys_bits = shadow_phys_bits;
	saved_mmio_caching = enable_mmio_caching;

	kvm_mmu_set_ept_masks(true, true);
	/* It would be asked of kvm_intel. */
	shadow_memtype_mask = 0;
	shadow_me_value = 0;
	shadow_me_mask = 0;
	shadow_nonpresent_or_rsvd_mask = 0;
	shadow_phys_bits = PHYS_BITS;
}

static void restore_masks(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(masks); i++)
		*masks[i] = saved_masks[i];
	shadow_phys_bits = saved_phys_bits;
	enable_mmio_caching = saved_mmio_caching;
}

/* Without kvm_intel or kvm_amd the MMU is not configured. */
static int configure_mmu(void)
{
	if (mmu_page_header_cache)
		return tdp_enabled ? 0 : -EOPNOTSUPP;
	mmu_page_header_cache = KMEM_CACHE(kvm_mmu_page, 0);
	if (!mmu_page_header_cache)
		return -ENOMEM;
	kvm_configure_mmu(true, 0, PT64_ROOT_5LEVEL, PG_LEVEL_1G);
	is_configured = true;
	return 0;
}

static void unconfigure_mmu(void)
{
	if (!is_configured)
		return;
	kvm_configure_mmu(false, 0, 0, 0);
	kmem_cache_destroy(mmu_page_header_cache);
	mmu_page_header_cache = NULL;
	is_configured = false;
}

static int shared_suite_init(struct kunit_suite *suite)
{
	int ret = configure_mmu();

	if (!ret)
		use_ept_masks();
	return ret;
}

static void shared_suite_exit(struct kunit_suite *suite)
{
	restore_masks();
	unconfigure_mmu();
}

static void init_vm(struct kvm *kvm)
{
	rwlock_init(&kvm->mmu_lock);
	mutex_init(&kvm->slots_lock);
	kvm->arch.tdp_mmu_enabled = true;
	INIT_LIST_HEAD(&kvm->arch.tdp_mmu_roots);
	INIT_LIST_HEAD(&kvm->arch.tdp_mmu_pages);
	spin_lock_init(&kvm->arch.tdp_mmu_pages_lock);
}

static int init_shared(struct shared_vm *vm, unsigned int gpa_bits, int root_level)
{
	int ret;

	mutex_lock(&vm->kvm.slots_lock);
	ret = kvm_mmu_init_shared(&vm->kvm, gpa_bits, root_level);
	mutex_unlock(&vm->kvm.slots_lock);
	return ret;
}

static void init_vcpu(struct kvm_vcpu *vcpu, struct kvm *kvm)
{
	vcpu->kvm = kvm;
	vcpu->arch.regs_avail = ~0;
	vcpu->arch.mmu = &vcpu->arch.root_mmu;
	vcpu->arch.walk_mmu = &vcpu->arch.root_mmu;
	vcpu->arch.mmu_page_header_cache.kmem_cache = mmu_page_header_cache;
	vcpu->arch.mmu_page_header_cache.gfp_zero = __GFP_ZERO;
	vcpu->arch.mmu_shadow_page_cache.gfp_zero = __GFP_ZERO;
	kvm_init_mmu(vcpu);
}

/* As before a vCPU runs, and before each page fault. */
static void fill_caches(struct kunit *test, struct kvm_vcpu *vcpu)
{
	KUNIT_ASSERT_EQ(test, 0, kvm_mmu_topup_memory_cache(&vcpu->arch.mmu_page_header_cache,
							    PT64_ROOT_MAX_LEVEL + 1));
	KUNIT_ASSERT_EQ(test, 0, kvm_mmu_topup_memory_cache(&vcpu->arch.mmu_shadow_page_cache,
							    PT64_ROOT_MAX_LEVEL + 1));
}

static void load_root(struct kunit *test, struct shared_vm *vm)
{
	fill_caches(test, &vm->vcpu);
	write_lock(&vm->kvm.mmu_lock);
	vm->vcpu.arch.mmu->root.hpa = kvm_tdp_mmu_get_vcpu_root_hpa(&vm->vcpu);
	write_unlock(&vm->kvm.mmu_lock);
}

static int shared_test_init(struct kunit *test)
{
	struct shared_vm *vm = kvzalloc(sizeof(*vm), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, vm);
	test->priv = vm;
	vm->kind = test->param_value;
	vm->page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vm->page);

	init_vm(&vm->kvm);
	for (i = 0; i < KVM_ADDRESS_SPACE_NUM; i++) {
		vm->slots[i].generation = GENERATION;
		rcu_assign_pointer(vm->kvm.memslots[i], &vm->slots[i]);
	}
	vm->slot.base_gfn = GFN;
	vm->slot.npages = 1;

	if (vm->kind->gpa_bits)
		KUNIT_ASSERT_EQ(test, 0,
				init_shared(vm, vm->kind->gpa_bits, vm->kind->root_level));
	init_vcpu(&vm->vcpu, &vm->kvm);
	load_root(test, vm);
	return 0;
}

static void shared_test_exit(struct kunit *test)
{
	struct shared_vm *vm = test->priv;
	hpa_t root = vm->vcpu.arch.mmu->root.hpa;

	write_lock(&vm->kvm.mmu_lock);
	kvm_tdp_mmu_put_root(&vm->kvm, to_shadow_page(root), false);
	write_unlock(&vm->kvm.mmu_lock);
	kvm_mmu_uninit_tdp_mmu(&vm->kvm);

	kvm_mmu_free_memory_cache(&vm->vcpu.arch.mmu_page_header_cache);
	kvm_mmu_free_memory_cache(&vm->vcpu.arch.mmu_shadow_page_cache);
	ClearPageDirty(vm->page);
	ClearPageReferenced(vm->page);
	put_page(vm->page);
	kvfree(vm);
}

/* The guest writes to a GFN, of the slot or without one.  Returns RET_PF_*. */
static int fault(struct kunit *test, gfn_t gfn, struct kvm_memory_slot *slot)
{
	struct shared_vm *vm = test->priv;
	struct kvm_page_fault fault = {
		.addr		= gfn_to_gpa(gfn),
		.write		= true,
		.is_tdp		= true,
		.max_level	= PG_LEVEL_4K,
		.req_level	= PG_LEVEL_4K,
		.goal_level	= PG_LEVEL_4K,
		.gfn		= gfn,
		.slot		= slot,
		.pfn		= slot ? page_to_pfn(vm->page) : KVM_PFN_NOSLOT,
		.map_writable	= true,
	};
	int ret;

	fill_caches(test, &vm->vcpu);
	read_lock(&vm->kvm.mmu_lock);
	ret = kvm_tdp_mmu_map(&vm->vcpu, &fault);
	read_unlock(&vm->kvm.mmu_lock);
	return ret;
}

static u64 *root_table(struct shared_vm *vm)
{
	return __va(vm->vcpu.arch.mmu->root.hpa);
}

/* The last table that the CPU reads when it translates the GFN. */
static u64 *walk(struct shared_vm *vm, gfn_t gfn)
{
	unsigned int bits = vm->kind->gpa_bits;
	u64 gpa = gfn << 12 | (bits ? 1ULL << (bits - 1) : 0);
	u64 *table = root_table(vm);
	int level;

	for (level = vm->kind->root_level; level > 1; level--) {
		u64 entry = table[gpa >> (12 + 9 * (level - 1)) & 511];

		if (!(entry & 7))
			return NULL;
		table = __va(entry & GENMASK_ULL(51, 12));
	}
	return table;
}

static u64 entry(struct kunit *test, gfn_t gfn)
{
	u64 *table = walk(test->priv, gfn);

	KUNIT_ASSERT_NOT_NULL(test, table);
	return table[gfn & 511];
}

static void unmap(struct shared_vm *vm, gfn_t gfn)
{
	struct kvm_gfn_range range = { .slot = &vm->slot, .start = gfn, .end = gfn + 1 };

	write_lock(&vm->kvm.mmu_lock);
	kvm_tdp_mmu_unmap_gfn_range(&vm->kvm, &range, false);
	write_unlock(&vm->kvm.mmu_lock);
}

static void zap_all(struct shared_vm *vm)
{
	write_lock(&vm->kvm.mmu_lock);
	kvm_tdp_mmu_invalidate_all_roots(&vm->kvm);
	write_unlock(&vm->kvm.mmu_lock);
	kvm_tdp_mmu_zap_invalidated_roots(&vm->kvm);
}

static void expect_all(struct kunit *test, u64 *table, u64 value)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		KUNIT_EXPECT_EQ_MSG(test, table[i], value, "entry %u", i);
}

static u64 address_of(struct shared_vm *vm)
{
	return page_to_phys(vm->page);
}

static void a_new_root_maps_nothing(struct kunit *test)
{
	struct shared_vm *vm = test->priv;

	KUNIT_EXPECT_EQ(test, (int)vm->vcpu.arch.mmu->root_role.level, vm->kind->root_level);
	expect_all(test, root_table(vm), vm->kind->nonpresent);
}

static void a_page_is_mapped_where_the_cpu_looks_for_it(struct kunit *test)
{
	struct shared_vm *vm = test->priv;

	KUNIT_EXPECT_EQ(test, fault(test, GFN, &vm->slot), (int)RET_PF_FIXED);
	KUNIT_EXPECT_EQ(test, entry(test, GFN), vm->kind->leaf | address_of(vm));
	KUNIT_EXPECT_EQ(test, entry(test, GFN + 1), vm->kind->nonpresent);

	fault(test, GFN, &vm->slot);
	KUNIT_EXPECT_EQ(test, entry(test, GFN), vm->kind->again | address_of(vm));
}

static void only_entries_that_the_cpu_uses_are_present(struct kunit *test)
{
	struct shared_vm *vm = test->priv;
	u64 *root = root_table(vm);
	unsigned int i, index = vm->kind->first + (GFN >> 9 * (vm->kind->root_level - 1));

	fault(test, GFN, &vm->slot);
	for (i = 0; i < 512; i++) {
		bool present = root[i] != vm->kind->nonpresent;

		KUNIT_EXPECT_EQ_MSG(test, present, i == index, "entry %u", i);
	}
}

static void a_page_that_is_unmapped_leaves_nothing(struct kunit *test)
{
	struct shared_vm *vm = test->priv;

	fault(test, GFN, &vm->slot);
	unmap(vm, GFN);
	KUNIT_EXPECT_EQ(test, entry(test, GFN), vm->kind->nonpresent);
}

static void an_aged_page_causes_a_fault_unless_there_are_access_bits(struct kunit *test)
{
	struct shared_vm *vm = test->priv;
	struct kvm_gfn_range range = { .slot = &vm->slot, .start = GFN, .end = GFN + 1 };

	fault(test, GFN, &vm->slot);
	write_lock(&vm->kvm.mmu_lock);
	KUNIT_EXPECT_TRUE(test, kvm_tdp_mmu_age_gfn_range(&vm->kvm, &range));
	KUNIT_EXPECT_FALSE(test, kvm_tdp_mmu_test_age_gfn(&vm->kvm, &range));
	write_unlock(&vm->kvm.mmu_lock);
	KUNIT_EXPECT_EQ(test, entry(test, GFN), vm->kind->aged | address_of(vm));

	fault(test, GFN, &vm->slot);
	KUNIT_EXPECT_EQ(test, entry(test, GFN), vm->kind->again | address_of(vm));
}

static void mmio_exits_or_raises_ve(struct kunit *test)
{
	struct shared_vm *vm = test->priv;

	KUNIT_EXPECT_EQ(test, fault(test, GFN_MMIO, NULL), (int)RET_PF_EMULATE);
	KUNIT_EXPECT_EQ(test, entry(test, GFN_MMIO), vm->kind->mmio);
	KUNIT_EXPECT_EQ(test, entry(test, GFN_MMIO + 1), vm->kind->nonpresent);
	KUNIT_EXPECT_EQ(test, fault(test, GFN_MMIO, NULL), (int)RET_PF_EMULATE);
	KUNIT_EXPECT_EQ(test, vm->vcpu.stat.pf_mmio_spte_created, 2ULL);
}

static void memory_replaces_mmio(struct kunit *test)
{
	struct shared_vm *vm = test->priv;

	fault(test, GFN, NULL);
	KUNIT_EXPECT_EQ(test, fault(test, GFN, &vm->slot), (int)RET_PF_FIXED);
	KUNIT_EXPECT_EQ(test, entry(test, GFN), vm->kind->again | address_of(vm));
}

/* Others exit, and KVM compares the generation. */
static void a_new_slot_finds_no_entry_that_raises_ve(struct kunit *test)
{
	struct shared_vm *vm = test->priv;

	fault(test, GFN_MMIO, NULL);
	unmap(vm, GFN_MMIO);
	KUNIT_EXPECT_EQ(test, entry(test, GFN_MMIO), vm->kind->gpa_bits ? vm->kind->nonpresent :
									 vm->kind->mmio);
}

/* The CPU may still reach a table that was removed, by entries that it has cached. */
static void entries_of_a_removed_table_do_not_raise_ve(struct kunit *test)
{
	struct shared_vm *vm = test->priv;
	struct page *table;

	fault(test, GFN, &vm->slot);
	fault(test, GFN_MMIO, NULL);
	KUNIT_ASSERT_NOT_NULL(test, walk(vm, GFN));
	table = virt_to_page(walk(vm, GFN));
	get_page(table);

	zap_all(vm);
	expect_all(test, page_address(table), vm->kind->removed);
	KUNIT_EXPECT_TRUE(test, is_removed_spte(vm->kind->removed));
	expect_all(test, root_table(vm), vm->kind->nonpresent);
	rcu_barrier();
	put_page(table);
}

static void a_walk_ends_before_it_would_return_to_entries(struct kunit *test)
{
	struct shared_vm *vm = test->priv;
	const struct kind *kind = vm->kind;
	unsigned int nr = 0, index = 0;
	struct tdp_iter iter;

	rcu_read_lock();
	for_each_tdp_pte_min_level(iter, to_shadow_page(vm->vcpu.arch.mmu->root.hpa),
				   kind->root_level, 0, kvm_tdp_max_gfn(&vm->kvm) + 1) {
		index = rcu_dereference(iter.sptep) - root_table(vm);
		KUNIT_EXPECT_EQ(test, index, kind->first + nr++);
	}
	KUNIT_EXPECT_EQ(test, index, kind->end - 1);
	/* Behind the last entry it reads at most another one, of the same table. */
	index = rcu_dereference(iter.sptep) - root_table(vm);
	KUNIT_EXPECT_LT(test, index, (unsigned int)SPTE_ENT_PER_PAGE);
	rcu_read_unlock();
}

static void asking_for_a_mapping_changes_nothing(struct kunit *test)
{
	struct shared_vm *vm = test->priv;

	KUNIT_EXPECT_EQ(test, kvm_mmu_shared_level(&vm->kvm, GFN), (int)PG_LEVEL_NONE);
	expect_all(test, root_table(vm), vm->kind->nonpresent);

	fault(test, GFN, &vm->slot);
	fault(test, GFN_MMIO, NULL);
	KUNIT_EXPECT_EQ(test, kvm_mmu_shared_level(&vm->kvm, GFN), (int)PG_LEVEL_4K);
	KUNIT_EXPECT_EQ(test, kvm_mmu_shared_level(&vm->kvm, GFN_MMIO), (int)PG_LEVEL_NONE);
	KUNIT_EXPECT_EQ(test, entry(test, GFN), vm->kind->leaf | address_of(vm));

	zap_all(vm);
	KUNIT_EXPECT_EQ(test, kvm_mmu_shared_level(&vm->kvm, GFN), (int)PG_LEVEL_NONE);
}

/* Its users would read the guest's page tables. */
static void writes_to_private_memory_are_not_tracked(struct kunit *test)
{
	struct shared_vm *vm = test->priv;

	vm->kvm.arch.shadow_root_allocated = true;
	KUNIT_EXPECT_TRUE(test, kvm_page_track_write_tracking_enabled(&vm->kvm));
	vm->kvm.arch.has_private_mmu = true;
	KUNIT_EXPECT_FALSE(test, kvm_page_track_write_tracking_enabled(&vm->kvm));
	vm->kvm.arch.has_private_mmu = false;
	vm->kvm.arch.shadow_root_allocated = false;
}

static void the_shared_bit_is_in_addresses_of_the_guest_only(struct kunit *test)
{
	struct shared_vm *vm = test->priv;
	unsigned int bits = vm->kind->gpa_bits;
	u64 bit = bits ? 1ULL << (bits - 1) : 0;

	KUNIT_EXPECT_EQ(test, kvm_gfn_shared_bits(&vm->kvm), bit >> 12);
	KUNIT_EXPECT_EQ(test, kvm_gpa_is_shared(&vm->kvm, bit | 0x1234), bits != 0);
	KUNIT_EXPECT_FALSE(test, kvm_gpa_is_shared(&vm->kvm, 0x1234));
	KUNIT_EXPECT_EQ(test, kvm_gpa_without_shared(&vm->kvm, bit | 0x1234), 0x1234ULL);

	/* Both are limited by the host in an ordinary VM, the former always. */
	KUNIT_EXPECT_EQ(test, kvm_slot_max_gfn(&vm->kvm), BIT_ULL(PHYS_BITS - 12) - 1);
	KUNIT_EXPECT_EQ(test, kvm_tdp_max_gfn(&vm->kvm),
			(bit ?: BIT_ULL(PHYS_BITS)) / PAGE_SIZE - 1);
}

static void a_slot_that_reaches_the_shared_bit_is_refused(struct kunit *test)
{
	struct shared_vm *vm = test->priv;
	struct rb_root *tree = &vm->slots[0].gfn_tree;
	gfn_t old = kvm_gfn_shared_bits(&vm->kvm);

	vm->slot.base_gfn = BIT_ULL(48 - 1 - 12) - 2;
	vm->slot.npages = 3;
	rb_link_node(&vm->slot.gfn_node[0], NULL, &tree->rb_node);
	rb_insert_color(&vm->slot.gfn_node[0], tree);
	KUNIT_EXPECT_EQ(test, init_shared(vm, 48, 4), -EINVAL);
	KUNIT_EXPECT_EQ(test, kvm_gfn_shared_bits(&vm->kvm), old);

	vm->slot.npages = 2;
	KUNIT_EXPECT_EQ(test, init_shared(vm, 48, 4), 0);
	KUNIT_EXPECT_EQ(test, kvm_gfn_shared_bits(&vm->kvm), BIT_ULL(48 - 1 - 12));
}

static void describe(const struct kind *kind, char *text)
{
	strscpy(text, kind->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kind, kinds, describe);
#define CASE(function)	KUNIT_CASE_PARAM(function, kind_gen_params)

static struct kunit_case shared_test_cases[] = {
	CASE(a_new_root_maps_nothing),
	CASE(a_page_is_mapped_where_the_cpu_looks_for_it),
	CASE(only_entries_that_the_cpu_uses_are_present),
	CASE(a_page_that_is_unmapped_leaves_nothing),
	CASE(an_aged_page_causes_a_fault_unless_there_are_access_bits),
	CASE(mmio_exits_or_raises_ve),
	CASE(memory_replaces_mmio),
	CASE(a_new_slot_finds_no_entry_that_raises_ve),
	CASE(entries_of_a_removed_table_do_not_raise_ve),
	CASE(a_walk_ends_before_it_would_return_to_entries),
	CASE(asking_for_a_mapping_changes_nothing),
	CASE(writes_to_private_memory_are_not_tracked),
	CASE(the_shared_bit_is_in_addresses_of_the_guest_only),
	CASE(a_slot_that_reaches_the_shared_bit_is_refused),
	{}
};

static struct kunit_suite shared_test_suite = {
	.name = "tdx_shared_half",
	.suite_init = shared_suite_init,
	.suite_exit = shared_suite_exit,
	.init = shared_test_init,
	.exit = shared_test_exit,
	.test_cases = shared_test_cases,
};

kunit_test_suite(shared_test_suite);
