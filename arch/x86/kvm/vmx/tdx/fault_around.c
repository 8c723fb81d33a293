// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping the private memory that a guest is about to access.
 *
 * A guest accepts its memory in the order of addresses, and exits for each page that is not
 * mapped.  As long as the faults of a vCPU are in order, pages behind are mapped with each of
 * them: twice as many every time, up to those of a huge page.  With any other fault this
 * begins anew, so that a guest that uses its memory at random only has what it accesses.
 */
#include <linux/kvm_host.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "../../mmu/private.h"
#include "tdx.h"

#define MOST_PAGES	KVM_PAGES_PER_HPAGE(PG_LEVEL_2M)

/* The number of pages for a fault, with the one that faulted; not beyond its huge page. */
static gfn_t count_pages(struct vcpu_tdx *tdx, gfn_t gfn)
{
	gfn_t end = round_down(gfn, MOST_PAGES) + MOST_PAGES;

	if (gfn == tdx->fault_around.next)
		tdx->fault_around.nr = clamp_t(gfn_t, 2 * tdx->fault_around.nr, 1, MOST_PAGES);
	else
		tdx->fault_around.nr = 1;
	return min(tdx->fault_around.nr, end - gfn);
}

/**
 * tdx_fault_around - map private pages behind one that faulted
 * @vcpu: a vCPU of a TD
 * @gpa: address of the fault, whose page is mapped
 *
 * Context: Process context, may sleep; with kvm->srcu held.
 */
void tdx_fault_around(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	gfn_t gfn = gpa_to_gfn(gpa), end = gfn + count_pages(tdx, gfn);

	do {
		cond_resched();
		gfn++;
	} while (gfn < end && !signal_pending(current) && kvm_mmu_map_private_ahead(vcpu, gfn));
	tdx->fault_around.next = gfn;
}
