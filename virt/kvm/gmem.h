/* SPDX-License-Identifier: GPL-2.0-only */
/* A guest_memfd, as its own files see it. */
#ifndef __KVM_GMEM_H
#define __KVM_GMEM_H

#include <linux/bits.h>
#include <linux/kref.h>
#include <linux/pagemap.h>
#include <linux/rbtree.h>
#include <linux/rwsem.h>
#include <linux/workqueue.h>

struct kvm;

/**
 * struct kvm_gmem - a guest_memfd
 * @kref: held by the file, and by each slot, which can outlive the file
 * @lock: taken for read to get a page for a fault, and for write to take pages away and to
 *	  change what is below.  Inside of kvm->slots_arch_lock and the slots' SRCU; outside of
 *	  kvm->mmu_lock and of the locks of pages
 * @kvm: the VM that the file belongs to; NULL after all of its pages were taken away
 * @mapping: the pages; NULL from when the file is closed, while it still has pages
 * @slots: slots whose private memory is in this file, by page offset
 * @poison_work: zaps pages with the mark GMEM_POISONED; not pending after the file was closed
 */
struct kvm_gmem {
	struct kref kref;
	struct rw_semaphore lock;
	struct kvm *kvm;
	struct address_space *mapping;
	struct rb_root_cached slots;
	struct work_struct poison_work;
};

/* The smallest huge page that a guest can be given. */
#define GMEM_HUGE_ORDER	(PMD_SHIFT - PAGE_SHIFT)
#define GMEM_HUGE_PAGES	BIT(GMEM_HUGE_ORDER)

/* There is no writeback that uses this mark. */
#define GMEM_POISONED	PAGECACHE_TAG_TOWRITE

extern const struct address_space_operations kvm_gmem_aops;

struct folio *kvm_gmem_get_folio(struct address_space *mapping, pgoff_t index, bool huge);

void kvm_gmem_zap(struct kvm_gmem *gmem, pgoff_t start, pgoff_t end);
void kvm_gmem_poison_work(struct work_struct *work);

#endif /* __KVM_GMEM_H */
