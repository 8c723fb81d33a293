// SPDX-License-Identifier: GPL-2.0-only
/*
 * The private memory of a TD, which the module maps in a secure EPT.
 *
 * KVM records the page frame of each GFN that is mapped, and the pages of the secure EPT.
 * Pages come from guest_memfd, and are removed from the TD before they are freed there:
 * mappings never change for other reasons.  Pages of the secure EPT stay until the TD is
 * destroyed.
 *
 * kvm_tdx->sept_lock is held for read to map a page, and for write to remove pages, to add
 * pages of the secure EPT, and for all that the module does not allow concurrently.  It is
 * taken inside of kvm->slots_lock, kvm->srcu and the lock of a guest_memfd, and outside of
 * kvm->mmu_lock, with which no SEAMCALL is made.
 *
 * While vCPUs can run, pages are removed from a range in four steps: all are blocked,
 * TDH.MEM.TRACK begins a new epoch of TLBs, vCPUs that are in the guest leave it, and all
 * pages are removed.  Later, when the KeyID was released, they are only reclaimed.
 */
#include <linux/kvm_host.h>
#include <linux/kvm_private_mem.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/xarray.h>

#include "../../mmu.h"
#include "../../mmu/private.h"
#include "pages.h"
#include "sept.h"
#include "tdx.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* Its page cannot be removed, so there is a reference until the TD is destroyed. */
#define KEPT	XA_MARK_0

/* The level at which private pages are mapped. */
static unsigned int leaf_level(void)
{
	return 0;
}

static bool is_busy(u64 status)
{
	switch (tdx_status_code(status)) {
	case TDX_OPERAND_BUSY:
	case TDX_PREVIOUS_TLB_EPOCH_BUSY:
	case TDX_TLB_TRACKING_NOT_DONE:
		return true;
	default:
		return false;
	}
}

/* @how: td_page_add or td_page_aug */
static void count_private_page(struct kvm *kvm, atomic64_t *how)
{
	atomic64_inc(how);
	atomic64_inc(&kvm->stat.td.td_private_pages);
}

/* @how: td_page_remove or td_page_reclaim */
static void count_lost_page(struct kvm *kvm, atomic64_t *how)
{
	atomic64_inc(how);
	atomic64_dec(&kvm->stat.td.td_private_pages);
}

static void count_busy(struct kvm *kvm, u64 status)
{
	if (is_busy(status))
		atomic64_inc(&kvm->stat.td.td_busy);
}

/**
 * tdx_init_sept - initialize the records of private memory
 * @kvm_tdx: a TD that is being created
 *
 * Context: Any.
 */
void tdx_init_sept(struct kvm_tdx *kvm_tdx)
{
	unsigned int i;

	init_rwsem(&kvm_tdx->sept_lock);
	xa_init_flags(&kvm_tdx->private_pages, XA_FLAGS_ACCOUNT);
	for (i = 0; i < ARRAY_SIZE(kvm_tdx->sept_pages); i++)
		xa_init_flags(&kvm_tdx->sept_pages[i], XA_FLAGS_ACCOUNT);
}

static struct xarray *sept_pages(struct kvm_tdx *kvm_tdx, unsigned int level)
{
	return &kvm_tdx->sept_pages[level - 1];
}

/* Pages of the secure EPT are added from the root, so the last one tells. */
static bool has_sept_pages(struct kvm_tdx *kvm_tdx, gfn_t gfn)
{
	unsigned int level = leaf_level() + 1;

	return xa_load(sept_pages(kvm_tdx, level), gfn >> tdx_sept_shift(level));
}

/* With sept_lock held for write. */
static int add_sept_page(struct kvm *kvm, gfn_t gfn, unsigned int level)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	struct xarray *pages = sept_pages(kvm_tdx, level);
	gfn_t index = gfn >> tdx_sept_shift(level);
	struct tdx_sept_entry entry;
	struct page *page;
	u64 status;
	int ret;

	if (xa_load(pages, index))
		return 0;
	if (tdx_alloc_pages(&kvm_tdx->td, &page, 1))
		return -ENOMEM;

	ret = xa_insert(pages, index, page, GFP_KERNEL_ACCOUNT);
	if (ret) {
		tdx_free_pages(&kvm_tdx->td, &page, 1);
		return ret;
	}

	status = tdh_mem_sept_add(&kvm_tdx->td, gfn_to_gpa(index << tdx_sept_shift(level)), level,
				  page, &entry);
	trace_tdx_sept(&kvm_tdx->td, "TDH.MEM.SEPT.ADD",
		       gfn_to_gpa(index << tdx_sept_shift(level)), level, page_to_pfn(page), status);
	if (!tdx_status_failed(status))
		return 0;

	xa_erase(pages, index);
	tdx_free_pages(&kvm_tdx->td, &page, 1);
	count_busy(kvm, status);
	return is_busy(status) ? -EAGAIN : tdx_kill_vm(kvm, "TDH.MEM.SEPT.ADD", status);
}

static int add_sept_pages(struct kvm *kvm, gfn_t gfn)
{
	unsigned int level;
	int ret = 0;

	/* The tables of the two halves have the same level. */
	for (level = kvm->arch.shared_root_level - 1; !ret && level > leaf_level(); level--)
		ret = add_sept_page(kvm, gfn, level);
	return ret;
}

/*
 * A page that guest_memfd may have freed since @mmu_seq was read must not be mapped.  Changes of
 * private memory invalidate the HVAs of its GFNs.  As for shared memory, MMU notifiers of other
 * HVAs are not waited for: unmapping much memory takes long.
 */
static bool is_stale(struct kvm *kvm, gfn_t gfn, unsigned long mmu_seq)
{
	/* It cannot be removed before kvm->srcu or kvm->slots_lock is released. */
	struct kvm_memory_slot *slot = gfn_to_memslot(kvm, gfn);

	return kvm_mmu_is_stale(kvm, __gfn_to_hva_memslot(slot, gfn), mmu_seq);
}

/* Records a page before it is given to the module. */
static int record_page(struct kvm_tdx *kvm_tdx, gfn_t gfn, struct page *page)
{
	int ret;

	ret = xa_insert(&kvm_tdx->private_pages, gfn, xa_mk_value(page_to_pfn(page)),
			GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret == -EBUSY ? -EEXIST : ret;

	ret = tdx_page_take(&kvm_tdx->td, page);
	if (ret)
		xa_erase(&kvm_tdx->private_pages, gfn);
	return ret;
}

static struct page *recorded_page(const void *pfn)
{
	return pfn_to_page(xa_to_value(pfn));
}

/* The module did not accept it. */
static u64 forget_page(struct kvm_tdx *kvm_tdx, gfn_t gfn, struct page *page)
{
	u64 status = tdx_page_return(&kvm_tdx->td, page);

	xa_erase(&kvm_tdx->private_pages, gfn);
	return status;
}

/* With sept_lock held for read. */
static int aug_page(struct kvm *kvm, gfn_t gfn, struct page *page)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	struct tdx_sept_entry entry;
	u64 status, returned;
	int ret;

	ret = record_page(kvm_tdx, gfn, page);
	if (ret)
		return ret;

	status = tdh_mem_page_aug(&kvm_tdx->td, gfn_to_gpa(gfn), leaf_level(), page, &entry);
	trace_tdx_sept(&kvm_tdx->td, "TDH.MEM.PAGE.AUG", gfn_to_gpa(gfn), leaf_level(),
		       page_to_pfn(page), status);
	if (!tdx_status_failed(status)) {
		count_private_page(kvm, &kvm->stat.td.td_page_aug);
		return 0;
	}

	returned = forget_page(kvm_tdx, gfn, page);
	count_busy(kvm, status);
	if (tdx_status_failed(returned))
		return tdx_kill_vm(kvm, "TDH.PHYMEM.PAGE.WBINVD", returned);
	return is_busy(status) ? -EAGAIN : tdx_kill_vm(kvm, "TDH.MEM.PAGE.AUG", status);
}

/* Takes sept_lock for read, unless it fails. */
static int lock_with_sept_pages(struct kvm *kvm, gfn_t gfn)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	int ret;

	if (down_read_killable(&kvm_tdx->sept_lock))
		return -EINTR;
	if (has_sept_pages(kvm_tdx, gfn))
		return 0;
	up_read(&kvm_tdx->sept_lock);

	if (down_write_killable(&kvm_tdx->sept_lock))
		return -EINTR;
	ret = add_sept_pages(kvm, gfn);
	if (ret)
		up_write(&kvm_tdx->sept_lock);
	else
		downgrade_write(&kvm_tdx->sept_lock);
	return ret;
}

/**
 * tdx_map_private - map a private page
 * @kvm: a TD in the state RUNNABLE
 * @gfn: where the page is mapped
 * @pfn: a page of guest_memfd, with a reference
 * @mmu_seq: kvm->mmu_invalidate_seq from before @pfn was looked up
 *
 * The guest has to accept it.
 *
 * Context: Process context, may sleep; with kvm->srcu or kvm->slots_lock held.
 * Return: 0; -EEXIST: a page was mapped before; -EAGAIN: @pfn may not be current, or the
 *	   guest uses the entry; -EINVAL: @gfn is not private; -ENOMEM; -EINTR: killed; or
 *	   -EIO: the VM is dead.
 */
int tdx_map_private(struct kvm *kvm, gfn_t gfn, kvm_pfn_t pfn, unsigned long mmu_seq)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	int ret;

	if (gfn >= kvm_gfn_shared_bits(kvm))
		return -EINVAL;

	ret = lock_with_sept_pages(kvm, gfn);
	if (ret)
		return ret;
	ret = is_stale(kvm, gfn, mmu_seq) ? -EAGAIN : aug_page(kvm, gfn, pfn_to_page(pfn));
	up_read(&kvm_tdx->sept_lock);
	return ret;
}

static u64 measure_page(struct tdx_td *td, gpa_t gpa)
{
	struct tdx_sept_entry entry;
	u64 status = TDX_SUCCESS;
	gpa_t end = gpa + PAGE_SIZE;

	for (; !tdx_status_failed(status) && gpa < end; gpa += TDX_MR_EXTEND_BYTES)
		status = tdh_mr_extend(td, gpa, &entry);
	return status;
}

/* With sept_lock held for write. */
static int add_page(struct kvm *kvm, gfn_t gfn, struct page *page, struct page *source,
		    bool measure)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	struct tdx_sept_entry entry;
	u64 status;
	int ret;

	ret = record_page(kvm_tdx, gfn, page);
	if (ret)
		return ret == -EEXIST ? -EIO : ret;

	status = tdh_mem_page_add(&kvm_tdx->td, gfn_to_gpa(gfn), page, source, &entry);
	trace_tdx_sept(&kvm_tdx->td, "TDH.MEM.PAGE.ADD", gfn_to_gpa(gfn), leaf_level(),
		       page_to_pfn(page), status);
	if (tdx_status_failed(status)) {
		forget_page(kvm_tdx, gfn, page);
		return tdx_kill_vm(kvm, "TDH.MEM.PAGE.ADD", status);
	}
	count_private_page(kvm, &kvm->stat.td.td_page_add);
	if (!measure)
		return 0;

	/* After a failure the measurement is undefined. */
	status = measure_page(&kvm_tdx->td, gfn_to_gpa(gfn));
	return tdx_status_failed(status) ? tdx_kill_vm(kvm, "TDH.MR.EXTEND", status) : 0;
}

/**
 * tdx_add_private - map a private page with initial contents
 * @kvm: a TD in the state INIT
 * @gfn: where the page is mapped
 * @pfn: a page of guest_memfd, with a reference
 * @source: the page whose contents are copied
 * @measure: the contents are measured
 * @mmu_seq: kvm->mmu_invalidate_seq from before @pfn was looked up
 *
 * Context: Process context, may sleep; with all locks of the VM.
 * Return: 0; -EAGAIN: @pfn may not be current; -EINVAL: @gfn is not private; -ENOMEM; -EIO:
 *	   a page was mapped before, or the VM is dead.
 */
int tdx_add_private(struct kvm *kvm, gfn_t gfn, kvm_pfn_t pfn, struct page *source,
		    bool measure, unsigned long mmu_seq)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	int ret;

	if (gfn >= kvm_gfn_shared_bits(kvm))
		return -EINVAL;

	down_write(&kvm_tdx->sept_lock);
	ret = add_sept_pages(kvm, gfn);
	if (!ret)
		ret = is_stale(kvm, gfn, mmu_seq) ? -EAGAIN :
		      add_page(kvm, gfn, pfn_to_page(pfn), source, measure);
	up_write(&kvm_tdx->sept_lock);
	return ret;
}

static void make_vcpus_leave(struct kvm *kvm)
{
	kvm_make_all_cpus_request(kvm, KVM_REQ_OUTSIDE_GUEST_MODE);
}

typedef u64 (*range_leaf)(struct tdx_td *td, u64 gpa, unsigned int level,
			  struct tdx_sept_entry *entry);

/*
 * No vCPU is in the guest on return, or enters it before allow_entries(): none holds a lock
 * of the module.  A guest that takes one again and again cannot delay this, and causes it once
 * for all pages that are removed together.
 */
static void block_entries(struct kvm *kvm)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);

	if (kvm_tdx->entries_blocked)
		return;
	WRITE_ONCE(kvm_tdx->entries_blocked, true);
	make_vcpus_leave(kvm);
}

/* Those that were refused wait for sept_lock, in tdx_wait_for_entry(). */
static void allow_entries(struct kvm *kvm)
{
	WRITE_ONCE(to_kvm_tdx(kvm)->entries_blocked, false);
}

static u64 try_leaf(struct kvm *kvm, range_leaf leaf, const char *name, gfn_t gfn,
		    const struct page *page)
{
	struct tdx_td *td = &to_kvm_tdx(kvm)->td;
	struct tdx_sept_entry entry;
	u64 status;

	status = leaf(td, gfn_to_gpa(gfn), leaf_level(), &entry);
	trace_tdx_sept(td, name, gfn_to_gpa(gfn), leaf_level(), page ? page_to_pfn(page) : 0,
		       status);
	count_busy(kvm, status);
	return status;
}

/* With sept_lock held for write. */
static int call_leaf(struct kvm *kvm, range_leaf leaf, const char *name, gfn_t gfn,
		     const struct page *page)
{
	u64 status = try_leaf(kvm, leaf, name, gfn, page);

	if (is_busy(status)) {
		block_entries(kvm);
		status = try_leaf(kvm, leaf, name, gfn, page);
	}
	return tdx_status_failed(status) ? tdx_kill_vm(kvm, name, status) : 0;
}

static u64 track(struct tdx_td *td, u64 gpa, unsigned int level, struct tdx_sept_entry *entry)
{
	return tdh_mem_track(td);
}

/* On success no vCPU can access the range, and none has translations of it. */
static int block_range(struct kvm *kvm, gfn_t start, gfn_t last)
{
	unsigned long gfn;
	void *pfn;
	int ret;

	xa_for_each_range(&to_kvm_tdx(kvm)->private_pages, gfn, pfn, start, last) {
		ret = call_leaf(kvm, tdh_mem_range_block, "TDH.MEM.RANGE.BLOCK", gfn,
				recorded_page(pfn));
		if (ret)
			return ret;
		cond_resched();
	}
	ret = call_leaf(kvm, track, "TDH.MEM.TRACK", start, NULL);
	make_vcpus_leave(kvm);
	return ret;
}

/* The module has given the page back.  If it was kept, nothing else refers to it any more. */
static void drop_record(struct kvm_tdx *kvm_tdx, unsigned long gfn, struct page *page)
{
	bool kept = xa_get_mark(&kvm_tdx->private_pages, gfn, KEPT);

	xa_erase(&kvm_tdx->private_pages, gfn);
	if (kept)
		put_page(page);
}

static int remove_range(struct kvm *kvm, gfn_t start, gfn_t last)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	unsigned long gfn;
	void *pfn;
	u64 status;
	int ret;

	/* The module does not track TLBs before the TD can run. */
	ret = kvm_tdx->state == KVM_TDX_RUNNABLE ? block_range(kvm, start, last) : 0;
	if (ret)
		return ret;

	xa_for_each_range(&kvm_tdx->private_pages, gfn, pfn, start, last) {
		ret = call_leaf(kvm, tdh_mem_page_remove, "TDH.MEM.PAGE.REMOVE", gfn,
				recorded_page(pfn));
		if (ret)
			return ret;
		status = tdx_page_return(&kvm_tdx->td, recorded_page(pfn));
		drop_record(kvm_tdx, gfn, recorded_page(pfn));
		count_lost_page(kvm, &kvm->stat.td.td_page_remove);
		if (tdx_status_failed(status))
			return tdx_kill_vm(kvm, "TDH.PHYMEM.PAGE.WBINVD", status);
		cond_resched();
	}
	return 0;
}

/* The TD still has the pages, which guest_memfd is about to free. */
static void keep_range(struct kvm_tdx *kvm_tdx, gfn_t start, gfn_t last)
{
	unsigned long gfn;
	void *pfn;

	xa_for_each_range(&kvm_tdx->private_pages, gfn, pfn, start, last) {
		if (xa_get_mark(&kvm_tdx->private_pages, gfn, KEPT))
			continue;
		get_page(recorded_page(pfn));
		xa_set_mark(&kvm_tdx->private_pages, gfn, KEPT);
	}
}

/* After the KeyID was released or burnt. */
static void reclaim_range(struct kvm *kvm, gfn_t start, gfn_t last)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	unsigned long gfn;
	void *pfn;

	xa_for_each_range(&kvm_tdx->private_pages, gfn, pfn, start, last) {
		struct page *page = recorded_page(pfn);

		if (kvm_tdx->keyid_burnt)
			tdx_page_leak(&kvm_tdx->td, page);
		else
			tdx_page_reclaim_private(&kvm_tdx->td, page);
		drop_record(kvm_tdx, gfn, page);
		count_lost_page(kvm, &kvm->stat.td.td_page_reclaim);
		cond_resched();
	}
}

/* KVM_RUN requires a descriptor of the vCPU, and the process that created the VM. */
static bool vcpus_never_run_again(struct kvm *kvm)
{
	return !atomic_read(&kvm->mm->mm_users) || kvm_only_gmem_left(kvm);
}

/*
 * Taking memory from a TD that could run takes a time in which its process cannot be killed, and
 * which others wait for if the caller has kvm->slots_lock.
 */
static bool is_being_killed(struct kvm *kvm)
{
	return fatal_signal_pending(current) && current->mm == kvm->mm;
}

static void zap_range(struct kvm *kvm, gfn_t start, gfn_t last)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	bool killed = is_being_killed(kvm);

	/* One SEAMCALL for each page instead of three. */
	if (vcpus_never_run_again(kvm))
		tdx_release_keyid(kvm);
	else if (killed)
		kvm_vm_dead(kvm);

	if (!kvm_tdx->td.keyid)
		reclaim_range(kvm, start, last);
	else if (killed || remove_range(kvm, start, last))
		keep_range(kvm_tdx, start, last);
}

/*
 * Others wait for the lock for so many pages: vCPUs with faults elsewhere, and after
 * block_entries() those that run, too.  On hardware a page was seen to take 53 us, with four
 * SEAMCALLs (400 GB in 5539 s), so that is less than a second.
 *
 * Entries are not allowed again before: each SEAMCALL that finds a lock taken is tried for 40 ms,
 * and then IPIs are sent.  If the guest could do that for each page, 16384 of them would take 11
 * minutes.  If it could in each 2 MB, a second would become more than two, for fewer pauses of the
 * guest that causes them.
 */
#define ZAPPED_AT_ONCE	(SZ_64M >> PAGE_SHIFT)

/**
 * tdx_zap_private - remove private pages from a TD
 * @kvm: a TD in any state
 * @start: first GFN
 * @end: GFN after the last one
 *
 * On return the pages are ordinary memory.  Those that the module does not remove, and
 * those that are left when the process of the TD is killed, are referred to until the TD
 * is destroyed; it is dead then.
 *
 * Context: Process context, may sleep.  New mappings of the range are prevented by the
 *	    caller.
 */
void tdx_zap_private(struct kvm *kvm, gfn_t start, gfn_t end)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	unsigned long first = start, last;

	while (first < end) {
		down_write(&kvm_tdx->sept_lock);
		last = end - 1;
		if (xa_find(&kvm_tdx->private_pages, &first, last, XA_PRESENT)) {
			last = min(last, first + ZAPPED_AT_ONCE - 1);
			zap_range(kvm, first, last);
			allow_entries(kvm);
		}
		up_write(&kvm_tdx->sept_lock);
		first = last + 1;
	}
}

/**
 * tdx_free_sept - reclaim the pages of a TD's secure EPT, and private pages that were kept
 * @kvm: a TD whose KeyID was released or burnt
 *
 * Context: Process context, may sleep.
 */
void tdx_free_sept(struct kvm *kvm)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	struct page *page;
	unsigned long index;
	unsigned int i;

	reclaim_range(kvm, 0, ULONG_MAX);
	for (i = 0; i < ARRAY_SIZE(kvm_tdx->sept_pages); i++) {
		xa_for_each(&kvm_tdx->sept_pages[i], index, page) {
			tdx_reclaim_pages(kvm_tdx, &page, 1);
			cond_resched();
		}
		xa_destroy(&kvm_tdx->sept_pages[i]);
	}
	xa_destroy(&kvm_tdx->private_pages);
}
