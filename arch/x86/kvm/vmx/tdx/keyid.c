// SPDX-License-Identifier: GPL-2.0-only
/*
 * Releasing the KeyID of a TD.
 *
 * The module reclaims pages of a TD only afterwards, and no vCPU can run then.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/kvm_host.h>
#include <linux/ratelimit.h>

#include "tdx.h"

/* The pages cannot be reclaimed before the KeyID is released. */
static u64 retire_keyid(struct tdx_td *td, const char **leaf)
{
	u64 status;

	*leaf = "TDH.MNG.VPFLUSHDONE";
	status = tdh_mng_vpflushdone(td);
	if (tdx_status_failed(status))
		return status;

	*leaf = "TDH.PHYMEM.CACHE.WB";
	status = tdh_phymem_cache_wb();
	if (tdx_status_failed(status))
		return status;

	*leaf = "TDH.MNG.KEY.FREEID";
	return tdh_mng_key_freeid(td);
}

static void burn_keyid(struct kvm_tdx *kvm_tdx, const char *leaf, u64 status)
{
	struct tdx_td *td = &kvm_tdx->td;
	char text[TDX_STATUS_TEXT_SIZE];

	/* Not an error if another kernel is being started. */
	if (status != TDX_SEAMCALL_RETIRED) {
		tdx_status_format(text, sizeof(text), status);
		pr_err_ratelimited("%s failed, KeyID %u and all pages of the TD of process %d are lost until the machine is reset: %s\n",
				   leaf, td->keyid, td->creator, text);
	}
	tdx_keyid_burn(td);
	kvm_tdx->keyid_burnt = true;
}

static void release_keyid(struct kvm_tdx *kvm_tdx)
{
	struct tdx_td *td = &kvm_tdx->td;
	u64 status = TDX_SUCCESS;
	const char *leaf;

	if (!td->keyid)
		return;

	/* The module uses the KeyID only if there is a TDR page. */
	if (td->tdr)
		status = retire_keyid(td, &leaf);
	if (tdx_status_failed(status))
		burn_keyid(kvm_tdx, leaf, status);
	else
		tdx_keyid_free(td);
}

/**
 * tdx_release_keyid - release the KeyID of a TD that will never run again
 * @kvm: a TD in any state; nothing is done if it has no KeyID
 *
 * Also called for VMs whose creation failed, possibly with virtualization disabled.
 *
 * Context: Process context, may sleep.  No vCPU is loaded or created at the same time.
 */
void tdx_release_keyid(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		tdx_vcpu_flush(vcpu);
		/* It may be loaded once more, to free KVM's page tables. */
		to_tdx(vcpu)->associable = false;
	}
	release_keyid(to_kvm_tdx(kvm));
}
