// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creating a TD, and destroying it in any state.
 *
 * KVM_TDX_INIT_VM creates it: it allocates a KeyID and TDR, configures the key on each
 * package, adds TDCX pages, and calls TDH.MNG.INIT.  If it fails, or when the VM is
 * destroyed, the resources that exist are released in two steps.  First the KeyID, while
 * the vCPUs are still allocated: they are flushed, caches are written back on each package,
 * and the KeyID is freed.  Then the pages, after those of the vCPUs; TDR is the last one.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/cpumask.h>
#include <linux/kvm_host.h>
#include <linux/kvm_private_mem.h>
#include <linux/minmax.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <asm/tdx_host.h>

#include "../../mmu.h"
#include "pages.h"
#include "sept.h"
#include "tdx.h"

/* Virtualization may not be enabled yet. */
int tdx_vm_init(struct kvm *kvm)
{
	/* Only the TDP MMU can map the shared half of a TD's memory. */
	if (!is_tdp_mmu_enabled(kvm)) {
		pr_err_once("TDX guests need the TDP MMU, which was turned off: write Y to /sys/module/kvm/parameters/tdp_mmu\n");
		return -EOPNOTSUPP;
	}

	kvm->arch.has_protected_state = true;
	kvm->arch.has_private_mmu = true;
	kvm->arch.no_pre_fault = true;
	kvm_enable_private_mem(kvm);
	tdx_init_sept(to_kvm_tdx(kvm));
	return 0;
}

/* CPUs stay in VMX operation as long as this VM exists. */
int tdx_vm_post_init(struct kvm *kvm)
{
	int ret = tdx_bring_up();

	/* Without TDX, or without a module, TDs are an unsupported VM type. */
	if (ret)
		return ret == -ENODEV ? -EINVAL : ret;

	/* The PMU is controlled by the module. */
	kvm->arch.enable_pmu = false;
	kvm->max_vcpus = min3((unsigned int)kvm->max_vcpus, num_present_cpus(),
			      tdx_td_limits()->max_vcpus);
	return 0;
}

/* Pages of vCPUs were reclaimed before. */
static void reclaim_control_pages(struct kvm_tdx *kvm_tdx)
{
	struct tdx_td *td = &kvm_tdx->td;

	tdx_reclaim_pages(kvm_tdx, td->tdcx, td->nr_tdcx);
	td->nr_tdcx = 0;
	if (td->tdr)
		tdx_reclaim_pages(kvm_tdx, &td->tdr, 1);
}

/* Called after its vCPUs were freed. */
void tdx_vm_free(struct kvm *kvm)
{
	tdx_free_sept(kvm);
	reclaim_control_pages(to_kvm_tdx(kvm));
}

/* After a transient failure the VM stays usable: KVM_TDX_INIT_VM is undone. */
static int create_error(struct kvm *kvm, const char *leaf, u64 status)
{
	/* A package has no online CPU; the core has logged which one. */
	if (status == TDX_SEAMCALL_NO_CPU)
		return -EIO;

	switch (tdx_status_code(status)) {
	case TDX_RND_NO_ENTROPY:
	case TDX_KEY_GENERATION_FAILED:
		return -EAGAIN;
	default:
		return tdx_kill_vm(kvm, leaf, status);
	}
}

static int create_tdr(struct kvm *kvm)
{
	struct tdx_td *td = &to_kvm_tdx(kvm)->td;
	struct page *tdr;
	u64 status;

	if (tdx_alloc_pages(td, &tdr, 1))
		return -ENOMEM;

	status = tdh_mng_create(td, tdr);
	if (tdx_status_failed(status)) {
		tdx_free_pages(td, &tdr, 1);
		/* It would fail for other TDs as well. */
		if (tdx_status_code(status) == TDX_HKID_NOT_FREE) {
			pr_err_ratelimited("the module has another TD with KeyID %u, which is lost until the machine is reset\n",
					   td->keyid);
			tdx_keyid_burn(td);
		}
		return create_error(kvm, "TDH.MNG.CREATE", status);
	}

	status = tdh_mng_key_config(td);
	return tdx_status_failed(status) ? create_error(kvm, "TDH.MNG.KEY.CONFIG", status) : 0;
}

static int add_tdcx_pages(struct kvm *kvm)
{
	unsigned int i, nr = tdx_td_limits()->nr_tdcx;
	struct tdx_td *td = &to_kvm_tdx(kvm)->td;
	struct page *tdcx[TDX_MAX_TDCX_PAGES];
	u64 status = TDX_SUCCESS;

	if (tdx_alloc_pages(td, tdcx, nr))
		return -ENOMEM;

	for (i = 0; !tdx_status_failed(status) && i < nr; i++)
		status = tdh_mng_addcx(td, tdcx[i]);
	if (!tdx_status_failed(status))
		return 0;

	tdx_free_pages(td, tdcx + td->nr_tdcx, nr - td->nr_tdcx);
	return create_error(kvm, "TDH.MNG.ADDCX", status);
}

/* The module chose the offset and the multiplier; timers need them. */
static int read_tsc(struct kvm *kvm)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	u64 status;

	status = tdh_mng_rd(&kvm_tdx->td, TDX_MD_TDCS_TSC_OFFSET, &kvm_tdx->tsc_offset);
	if (!tdx_status_failed(status))
		status = tdh_mng_rd(&kvm_tdx->td, TDX_MD_TDCS_TSC_MULTIPLIER,
				    &kvm_tdx->tsc_multiplier);
	return tdx_status_failed(status) ? tdx_kill_vm(kvm, "TDH.MNG.RD", status) : 0;
}

static int init_td(struct kvm *kvm, const struct tdx_td_params *params, u64 *hw_error)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	u64 status, details;

	status = tdh_mng_init(&kvm_tdx->td, params, &details);
	if (tdx_status_code(status) == TDX_OPERAND_INVALID) {
		*hw_error = status;
		return -EINVAL;
	}
	if (tdx_status_failed(status))
		return tdx_kill_vm(kvm, "TDH.MNG.INIT", status);

	/* What vCPUs report, and what their timers count with */
	WRITE_ONCE(kvm->arch.default_tsc_khz, params->tsc_frequency * (TDX_TSC_UNIT_HZ / 1000));
	kvm_tdx->xfam = params->xfam;
	kvm_tdx->gpaw_bits = params->config_flags & TDX_CONFIG_FLAG_GPAW ? 52 : 48;
	return read_tsc(kvm) ?: tdx_init_shared(kvm);
}

static int create_td(struct kvm *kvm, const struct tdx_td_params *params, u64 *hw_error)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	int ret;

	ret = tdx_keyid_alloc(&kvm_tdx->td);
	if (ret)
		return ret;

	/* Set if an earlier attempt failed; its pages are leaked. */
	kvm_tdx->keyid_burnt = false;
	ret = create_tdr(kvm);
	if (!ret)
		ret = add_tdcx_pages(kvm);
	if (!ret)
		ret = init_td(kvm, params, hw_error);
	if (ret) {
		tdx_release_keyid(kvm);
		reclaim_control_pages(kvm_tdx);
		return ret;
	}
	WRITE_ONCE(kvm_tdx->state, KVM_TDX_INIT);
	tdx_create_debugfs(kvm);
	return 0;
}

static bool is_well_formed(const struct kvm_tdx_init_vm *init, u32 nent)
{
	return !memchr_inv(init->reserved, 0, sizeof(init->reserved)) &&
	       !init->cpuid.padding && init->cpuid.nent == nent;
}

static struct kvm_tdx_init_vm *copy_init_vm(struct kvm_tdx_init_vm __user *uinit)
{
	struct kvm_tdx_init_vm *init;
	u32 nent;

	if (get_user(nent, &uinit->cpuid.nent))
		return ERR_PTR(-EFAULT);
	if (nent > KVM_MAX_CPUID_ENTRIES)
		return ERR_PTR(-E2BIG);

	init = memdup_user(uinit, struct_size(init, cpuid.entries, nent));
	if (!IS_ERR(init) && !is_well_formed(init, nent)) {
		kfree(init);
		return ERR_PTR(-EINVAL);
	}
	return init;
}

/* With all locks of the VM. */
static int init_vm(struct kvm *kvm, const struct kvm_tdx_init_vm *init,
		   struct tdx_td_params *params, u64 *hw_error)
{
	int ret;

	if (to_kvm_tdx(kvm)->state != KVM_TDX_UNINIT)
		return -EINVAL;
	if (kvm->created_vcpus)
		return -EBUSY;

	ret = tdx_fill_params(kvm, init, params);
	return ret ?: create_td(kvm, params, hw_error);
}

static int lock_and_init_vm(struct kvm *kvm, const struct kvm_tdx_init_vm *init, u64 *hw_error)
{
	struct tdx_td_params *params;
	int ret;

	/* kzalloc() aligns it to its size, as the module requires. */
	params = kzalloc(sizeof(*params), GFP_KERNEL_ACCOUNT);
	if (!params)
		return -ENOMEM;

	ret = tdx_lock_vm(kvm);
	if (!ret) {
		ret = init_vm(kvm, init, params, hw_error);
		tdx_unlock_vm(kvm);
	}
	kfree(params);
	return ret;
}

/**
 * tdx_init_vm - KVM_TDX_INIT_VM
 * @kvm: a TD
 * @cmd: its data is a struct kvm_tdx_init_vm; its hw_error is set to the status if the
 *	 module refused a parameter
 *
 * Context: Process context, no locks.
 * Return: 0, -EINVAL: also if a memory slot reaches the shared half; -EFAULT, -E2BIG,
 *	   -EBUSY: there are vCPUs; -ENOSPC: no free KeyID;
 *	   an error of the misc cgroup, -ENOMEM, -EAGAIN: no entropy; -EINTR: a fatal signal
 *	   is pending; or -EIO.  All is undone after a failure; with -EIO the VM is dead, unless
 *	   a package has no online CPU.
 */
int tdx_init_vm(struct kvm *kvm, struct kvm_tdx_cmd *cmd)
{
	struct kvm_tdx_init_vm *init;
	int ret;

	/* The state is checked again with locks. */
	if (READ_ONCE(to_kvm_tdx(kvm)->state) != KVM_TDX_UNINIT || cmd->flags)
		return -EINVAL;

	init = copy_init_vm(u64_to_user_ptr(cmd->data));
	if (IS_ERR(init))
		return PTR_ERR(init);

	ret = lock_and_init_vm(kvm, init, &cmd->hw_error);
	kfree(init);
	return ret;
}
