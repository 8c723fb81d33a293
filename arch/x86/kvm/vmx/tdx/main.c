// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trust domains (TDs) as a VM type of KVM: module parameters, and whether TDs can be
 * created.
 *
 * If the administrator allows it, with kvm_intel.tdx, the TDX module is
 * initialized when the first TD is created, after VMXON on all CPUs and before
 * user space gets the VM's descriptor, or when kvm_intel is loaded.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/kvm_host.h>
#include <linux/moduleparam.h>
#include <linux/notifier.h>
#include <linux/reboot.h>
#include <linux/sysfs.h>

#include <asm/tdx_host.h>

#include "../../mmu.h"
#include "../../x86.h"
#include "tdx.h"

static bool enable_tdx __read_mostly;

/* Not final: the module may turn out to be missing, or fail. */
static bool tds_may_be_created(void)
{
	return enable_tdx && tdx_may_work();
}

static int get_enable_tdx(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%c\n", tds_may_be_created() ? 'Y' : 'N');
}

static const struct kernel_param_ops enable_tdx_ops = {
	.flags	= KERNEL_PARAM_OPS_FL_NOARG,
	.set	= param_set_bool,
	.get	= get_enable_tdx,
};

/*
 * Off by default: initializing the module takes memory permanently, and on many
 * systems all users may open /dev/kvm.
 */
module_param_cb(tdx, &enable_tdx_ops, &enable_tdx, 0444);
MODULE_PARM_DESC(tdx, "Let user space create TDX guests (default: off)");

static bool init_at_load __initdata;
module_param_named(tdx_at_load, init_at_load, bool, 0);
MODULE_PARM_DESC(tdx_at_load, "With tdx, initialize TDX now, not for the first TDX guest (default: off)");

/* The operations of TDs are installed. */
static bool has_tdx_ops __ro_after_init;

/* The first requirement of TDs that KVM does not meet, or NULL. */
static const char *missing __ro_after_init;

/* Logs why there are no operations of TDs, unless that was logged before. */
static void explain(void)
{
	/* TDX was found unusable before kvm_intel was loaded: this logs the reason. */
	if (enable_tdx)
		tdx_init();
	else if (!missing)
		pr_info_once("TDX guests are turned off: boot with kvm_intel.tdx=1\n");
}

static bool is_vm_type_supported(unsigned long type)
{
	if (type != KVM_X86_TDX_VM)
		return false;
	if (!has_tdx_ops)
		explain();
	return has_tdx_ops;
}

/* Another kernel may use TDX if the module is disabled before. */
static int tdx_reboot(struct notifier_block *nb, unsigned long action, void *unused)
{
	if (tdx_should_be_disabled())
		kvm_call_with_hardware_enabled(tdx_disable);
	return NOTIFY_DONE;
}

/* Called before the core's notifier, after which no SEAMCALLs are made. */
static struct notifier_block tdx_reboot_notifier = {
	.notifier_call = tdx_reboot,
	.priority = TDX_REBOOT_PRIORITY + 1,
};

/**
 * tdx_hardware_unsetup - undo tdx_hardware_setup()
 *
 * Context: While kvm_intel is unloaded.
 */
void tdx_hardware_unsetup(void)
{
	unregister_reboot_notifier(&tdx_reboot_notifier);
	/* They are of kvm.ko, which may stay. */
	kvm_caps.guest_phys_bits = 0;
	kvm_caps.supported_vm_types = 0;
}

static const char * __init find_missing(void)
{
	if (!enable_ept || !enable_ept_ad_bits)
		return "EPT with accessed and dirty bits (kvm_intel.ept=1 kvm_intel.eptad=1)";
	if (!enable_apicv)
		return "APICv (kvm_intel.enable_apicv=1)";
	if (!tdp_mmu_enabled)
		return "the TDP MMU (kvm.tdp_mmu=1)";
	if (!enable_mmio_caching)
		return "MMIO caching (kvm.mmio_caching=1)";
	if (!tdx_find_user_return_msrs())
		return "the MSRs of SYSCALL and RDTSCP";
	return NULL;
}

static u32 __init guest_phys_bits(void)
{
	return min(cpuid_eax(CPUID_ADDRESS_WIDTHS) & 0xff, cpu_has_vmx_ept_5levels() ? 52U : 48U);
}

/**
 * tdx_hardware_setup - add TDs to the VM types of KVM
 * @ops: VMX's operations, otherwise complete; replaced where a TD differs
 *
 * Context: While kvm_intel is loaded, before @ops are used.
 */
void __init tdx_hardware_setup(struct kvm_x86_ops *ops)
{
	if (enable_tdx)
		missing = find_missing();
	if (missing) {
		pr_err("TDX guests are turned off: they need %s\n", missing);
		enable_tdx = false;
	}

	/* TDX may have been initialized when kvm_intel was loaded before. */
	register_reboot_notifier(&tdx_reboot_notifier);
	ops->is_vm_type_supported = is_vm_type_supported;
	if (!tds_may_be_created())
		return;

	tdx_init_cpu_lists();
	tdx_replace_ops(ops);
	has_tdx_ops = true;
	kvm_caps.guest_phys_bits = guest_phys_bits();
	kvm_caps.supported_vm_types = BIT(KVM_X86_TDX_VM);
}

/**
 * tdx_loaded - initialize TDX now, if the parameter tdx_at_load asks for it
 *
 * Memory for PAMTs is easiest to find soon after boot.  A failure is logged and
 * does not affect ordinary VMs; it is returned again for the first TD, unless
 * it was transient.
 *
 * Context: At the end of loading kvm_intel, when VMs can be created.
 */
void __init tdx_loaded(void)
{
	if (init_at_load && is_vm_type_supported(KVM_X86_TDX_VM))
		kvm_call_with_hardware_enabled(tdx_bring_up);
}
