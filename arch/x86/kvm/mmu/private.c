// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults on private memory, which is in a guest_memfd.
 */
#include <linux/kvm_private_mem.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "../mmu.h"
#include "../x86.h"
#include "mmu_internal.h"
#include "private.h"

/* The access and the memory have to be both private. */
static int faultin(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault, bool is_private)
{
	struct kvm *kvm = vcpu->kvm;
	int r = -EFAULT;

	if (fault->slot && is_private == kvm_mem_is_private(kvm, fault->gfn))
		r = kvm_gmem_get_pfn(kvm, fault->slot, fault->gfn, &fault->pfn);
	if (r == -EAGAIN) {
		/* Those with a private MMU wait before they retry. */
		if (!kvm->arch.has_private_mmu && !fault->prefetch)
			kvm_mmu_before_retry(vcpu, gfn_to_gpa(fault->gfn));
		return RET_PF_RETRY;
	}
	if (r) {
		/* Of a page that is mapped ahead, user space only learns if it has asked for it. */
		if (!fault->prefetch)
			kvm_prepare_memory_fault_exit(vcpu, gfn_to_gpa(fault->gfn), PAGE_SIZE,
						      is_private);
		return r;
	}
	/*
	 * Changes of private memory invalidate the HVAs of its GFNs.  MMU notifiers of the shared
	 * copy have to make this fault retry, too: change_pte() maps a page of the shared copy
	 * where it finds one mapped, and relies on the beginning of the invalidation to have
	 * zapped all.
	 */
	fault->hva = __gfn_to_hva_memslot(fault->slot, fault->gfn);
	fault->map_writable = true;
	fault->max_level = PG_LEVEL_4K;
	return RET_PF_CONTINUE;
}

/**
 * kvm_mmu_faultin_private - get the page for a fault of KVM's MMU on private memory
 * @vcpu: the vCPU that faulted
 * @fault: its fault; gets the page
 *
 * If the VM has a private MMU the access was shared, and fails; otherwise, the attribute of the
 * memory decides.  User space learns from kvm_run which memory could not be accessed.
 *
 * Context: After fault->mmu_seq was read, with the vCPU's kvm->srcu held, which may be released
 *	    meanwhile if the fault has to be retried.
 * Return: RET_PF_CONTINUE; RET_PF_RETRY: pages are being taken away; or a negative errno, with
 *	   which KVM_RUN has to fail: -EFAULT: there is no slot, no guest_memfd behind it, or the
 *	   access was shared; -EHWPOISON, -ENOMEM.
 */
int kvm_mmu_faultin_private(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	return faultin(vcpu, fault, !vcpu->kvm->arch.has_private_mmu);
}

static int map_private(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	int r;

	fault->gfn = gpa_to_gfn(fault->addr);
	fault->slot = kvm_vcpu_gfn_to_memslot(vcpu, fault->gfn);
	if (fault->slot && fault->slot->flags & KVM_MEMSLOT_INVALID)
		return RET_PF_RETRY;

	fault->mmu_seq = vcpu->kvm->mmu_invalidate_seq;
	/* Pairs with kvm_mmu_invalidate_end(): a page that is looked up later is not stale. */
	smp_rmb();
	r = faultin(vcpu, fault, true);
	if (r)
		return r;

	r = static_call(kvm_x86_map_private)(vcpu->kvm, fault->gfn, fault->pfn, fault->mmu_seq);
	put_page(pfn_to_page(fault->pfn));
	switch (r) {
	case 0:
		return RET_PF_FIXED;
	case -EEXIST:
		return RET_PF_SPURIOUS;
	case -EAGAIN:
		return RET_PF_RETRY;
	default:
		return r;
	}
}

/**
 * kvm_mmu_do_private_fault - handle a private access of a VM that has a private MMU, once
 * @vcpu: the vCPU that faulted
 * @gpa: the address, without shared bits
 * @prefetch: there was no access: the page is mapped ahead
 *
 * The access is always regarded as a write.  User space learns from kvm_run which memory could
 * not be accessed.
 *
 * Context: Process context, may sleep; with kvm->srcu held.
 * Return: RET_PF_FIXED; RET_PF_SPURIOUS: the page was mapped before; RET_PF_RETRY: pages are
 *	   being taken away, or memory is being changed; or a negative errno, with which KVM_RUN
 *	   has to fail: -EFAULT: there is no slot, no guest_memfd behind it, or the memory is
 *	   shared; -EHWPOISON, -ENOMEM, or one of the private MMU.
 */
int kvm_mmu_do_private_fault(struct kvm_vcpu *vcpu, gpa_t gpa, bool prefetch)
{
	struct kvm_page_fault fault = { .addr = gpa, .write = true, .prefetch = prefetch };
	int r;

	/* Counted as kvm_mmu_do_page_fault() counts other faults. */
	if (!prefetch)
		vcpu->stat.pf_taken++;
	r = map_private(vcpu, &fault);
	if (r == RET_PF_FIXED)
		vcpu->stat.pf_fixed++;
	else if (r == RET_PF_SPURIOUS && !prefetch)
		vcpu->stat.pf_spurious++;
	return r;
}

/**
 * kvm_mmu_is_stale - whether memory may have changed since a sequence was read
 * @kvm: a VM
 * @hva: the memory; HVAs stand for GFNs, also those of private memory
 * @mmu_seq: an earlier value of kvm->mmu_invalidate_seq
 *
 * Context: Process context; takes kvm->mmu_lock.
 * Return: true if it is being changed, or some memory of the VM was changed.
 */
bool kvm_mmu_is_stale(struct kvm *kvm, unsigned long hva, unsigned long mmu_seq)
{
	bool stale;

	read_lock(&kvm->mmu_lock);
	stale = mmu_invalidate_retry_hva(kvm, mmu_seq, hva);
	read_unlock(&kvm->mmu_lock);
	return stale;
}
EXPORT_SYMBOL_GPL(kvm_mmu_is_stale);

static bool is_changing(struct kvm *kvm, unsigned long hva)
{
	return kvm_mmu_is_stale(kvm, hva, READ_ONCE(kvm->mmu_invalidate_seq));
}

/**
 * kvm_mmu_before_retry - let others go on before a fault is retried
 * @vcpu: the vCPU that faulted
 * @gpa: the address, without shared bits
 *
 * The thread that the fault waits for may need this CPU, and this one may have a real-time
 * priority.  So it sleeps: until no pages of the file are being taken away, or a tick if the slot
 * or the attributes of the memory are being changed.
 *
 * Context: Process context, may sleep; with the vCPU's kvm->srcu held.  It is released meanwhile:
 *	    changes of slots wait for it, and what the fault waits for may take long.
 */
void kvm_mmu_before_retry(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	gfn_t gfn = gpa_to_gfn(gpa);
	struct kvm_memory_slot *slot = kvm_vcpu_gfn_to_memslot(vcpu, gfn);
	struct kvm_gmem *gmem = slot ? kvm_gmem_get(slot) : NULL;
	unsigned long hva = slot ? __gfn_to_hva_memslot(slot, gfn) : KVM_HVA_ERR_BAD;
	bool invalid = slot && slot->flags & KVM_MEMSLOT_INVALID;

	kvm_vcpu_srcu_read_unlock(vcpu);
	kvm_gmem_wait(gmem);
	if (invalid || is_changing(vcpu->kvm, hva))
		schedule_timeout_interruptible(1);
	cond_resched();
	kvm_vcpu_srcu_read_lock(vcpu);
}

/* Requests are not consumed: they are handled before the guest is entered. */
static bool may_retry(struct kvm_vcpu *vcpu)
{
	return !signal_pending(current) && !kvm_test_request(KVM_REQ_VM_DEAD, vcpu) &&
	       !kvm_arch_dy_runnable(vcpu) && !kvm_cpu_has_pending_timer(vcpu);
}

/**
 * kvm_mmu_private_fault - handle a private access that made a guest with a private MMU exit
 * @vcpu: the vCPU that accessed the memory
 * @gpa: the address, without shared bits
 *
 * It is retried here: a vendor module may take it for an attack if the guest exits at the same
 * instruction again and again.
 *
 * Context: Process context, may sleep; with the vCPU's kvm->srcu held, which may be released
 *	    meanwhile.
 * Return: 1: the page was mapped, or something has to be done before the next try; or a
 *	   negative errno, with which KVM_RUN has to fail, see kvm_mmu_do_private_fault().
 */
int kvm_mmu_private_fault(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	int r;

	for (;;) {
		r = kvm_mmu_do_private_fault(vcpu, gpa, false);
		if (r != RET_PF_RETRY || !may_retry(vcpu))
			return r < 0 ? r : 1;
		kvm_mmu_before_retry(vcpu, gpa);
	}
}
EXPORT_SYMBOL_GPL(kvm_mmu_private_fault);

/**
 * kvm_mmu_map_private_ahead - map a private page that the guest may access next
 * @vcpu: the vCPU
 * @gfn: the page
 *
 * Context: Process context, may sleep; with kvm->srcu held.
 * Return: Whether a page was mapped that was not mapped before.
 */
bool kvm_mmu_map_private_ahead(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	if (!kvm_vcpu_gfn_to_memslot(vcpu, gfn) || !kvm_mem_is_private(vcpu->kvm, gfn))
		return false;

	return kvm_mmu_do_private_fault(vcpu, gfn_to_gpa(gfn), true) == RET_PF_FIXED;
}
EXPORT_SYMBOL_GPL(kvm_mmu_map_private_ahead);

/**
 * kvm_arch_has_private_mmu - whether private memory has an MMU of its own
 * @kvm: a VM
 *
 * Context: Any.
 * Return: true if the vendor module maps private memory, and KVM's MMU only shared memory.
 */
bool kvm_arch_has_private_mmu(struct kvm *kvm)
{
	return kvm->arch.has_private_mmu;
}

/**
 * kvm_arch_zap_private - remove the mappings of private memory by a private MMU
 * @kvm: a VM
 * @start: first GFN
 * @end: GFN after the last one
 *
 * Context: Process context, may sleep.  Faults that started before are made to retry.
 */
void kvm_arch_zap_private(struct kvm *kvm, gfn_t start, gfn_t end)
{
	if (kvm->arch.has_private_mmu)
		static_call_cond(kvm_x86_zap_private)(kvm, start, end);
}

/**
 * kvm_mmu_max_shared_level - limit the size of a mapping to memory that is shared as a whole
 * @kvm: a VM that has private memory
 * @gfn: a GFN
 * @max_level: the largest level that is possible otherwise
 *
 * A larger mapping would give the guest shared memory where memory is private.
 *
 * Context: Any; see kvm_range_has_memory_attributes().
 * Return: the largest level up to @max_level; PG_LEVEL_4K if @gfn is private.
 */
int kvm_mmu_max_shared_level(struct kvm *kvm, gfn_t gfn, int max_level)
{
	for (; max_level > PG_LEVEL_4K; max_level--) {
		gfn_t pages = KVM_PAGES_PER_HPAGE(max_level);
		gfn_t first = round_down(gfn, pages);

		if (kvm_range_has_memory_attributes(kvm, first, first + pages, 0))
			break;
	}
	return max_level;
}
