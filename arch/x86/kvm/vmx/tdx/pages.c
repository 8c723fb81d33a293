// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control pages of a TD or a vCPU, and permanent failures of SEAMCALLs.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/kvm_host.h>
#include <linux/ratelimit.h>

#include "pages.h"
#include "tdx.h"

/**
 * tdx_alloc_pages - allocate pages for the module
 * @td: the TD that will own them
 * @pages: filled in
 * @nr: number of pages
 *
 * Context: Process context, may sleep.
 * Return: 0, or -ENOMEM, and no page is allocated.
 */
int tdx_alloc_pages(struct tdx_td *td, struct page **pages, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		pages[i] = tdx_page_alloc(td);
		if (!pages[i]) {
			tdx_free_pages(td, pages, i);
			return -ENOMEM;
		}
	}
	return 0;
}

/**
 * tdx_free_pages - free pages that were not given to the module
 * @td: the TD that they were allocated for
 * @pages: the pages
 * @nr: number of pages
 *
 * Context: Process context, may sleep.
 */
void tdx_free_pages(struct tdx_td *td, struct page **pages, unsigned int nr)
{
	while (nr)
		tdx_page_free(td, pages[--nr]);
}

/**
 * tdx_reclaim_pages - reclaim pages from the module, and free them
 * @kvm_tdx: the TD that owns them; its KeyID was released, or burnt
 * @pages: the pages; those that cannot be reclaimed are leaked
 * @nr: number of pages
 *
 * Context: Process context, may sleep.
 */
void tdx_reclaim_pages(struct kvm_tdx *kvm_tdx, struct page **pages, unsigned int nr)
{
	while (nr--) {
		if (kvm_tdx->keyid_burnt)
			tdx_page_leak(&kvm_tdx->td, pages[nr]);
		else
			tdx_page_reclaim(&kvm_tdx->td, pages[nr]);
	}
}

/**
 * tdx_kill_vm - disable a TD after a SEAMCALL failed permanently
 * @kvm: the TD; every ioctl on it fails with EIO from now on
 * @leaf: name of the leaf
 * @status: its status
 *
 * Context: Process context.
 * Return: -EIO
 */
int tdx_kill_vm(struct kvm *kvm, const char *leaf, u64 status)
{
	char text[TDX_STATUS_TEXT_SIZE];

	tdx_status_format(text, sizeof(text), status);
	pr_err_ratelimited("%s failed, the TD of process %d is dead: %s\n", leaf,
			   to_kvm_tdx(kvm)->td.creator, text);
	kvm_vm_dead(kvm);
	return -EIO;
}

/**
 * tdx_check_vp_wr - disable a TD if TDH.VP.WR failed for a vCPU that is about to be entered
 * @vcpu: the vCPU, which is initialized
 * @status: status of the leaf
 *
 * A vCPU that had a triple fault cannot be written to.  That does not matter, because it cannot
 * be entered either, and the other vCPUs of the TD can run.
 *
 * Context: Process context.
 */
void tdx_check_vp_wr(struct kvm_vcpu *vcpu, u64 status)
{
	if (tdx_status_failed(status) && tdx_status_code(status) != TDX_VCPU_STATE_INCORRECT)
		tdx_kill_vm(vcpu->kvm, "TDH.VP.WR", status);
}
