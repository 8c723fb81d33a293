// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trust domains (TDs) as a VM type of KVM.
 *
 * If the administrator allows it, with kvm_intel.tdx, the TDX module is
 * initialized when the first TD is created, after VMXON on all CPUs and before
 * user space gets the VM's descriptor, or when kvm_intel is loaded.
 *
 * Ordinary VMs are not affected: only those of KVM's operations are wrapped
 * that differ for a TD, and each wrapper checks the VM type first.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/kvm_host.h>
#include <linux/moduleparam.h>
#include <linux/notifier.h>
#include <linux/reboot.h>
#include <linux/sysfs.h>

#include <asm/tdx_host.h>

#include "x86.h"
#include "tdx.h"

static bool enable_tdx __read_mostly;

/* Not final: the module may turn out to be missing, or fail. */
static bool tds_can_be_had(void)
{
	return enable_tdx && tdx_may_work();
}

static int get_enable_tdx(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%c\n", tds_can_be_had() ? 'Y' : 'N');
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

/* TD attributes that KVM knows how to deal with. */
#define TD_ATTR_SEPT_VE_DISABLE		BIT_ULL(28)
#define KVM_SUPPORTED_TD_ATTRS		TD_ATTR_SEPT_VE_DISABLE

/* The operations of ordinary VMs, which the operations of this file wrap. */
static int (*vmx_vcpu_precreate)(struct kvm *kvm) __ro_after_init;
static void (*vmx_hardware_unsetup)(void) __ro_after_init;

static bool is_td(struct kvm *kvm)
{
	return kvm->arch.vm_type == KVM_X86_TDX_VM;
}

static bool tdx_is_vm_type_supported(unsigned long type)
{
	if (type == KVM_X86_TDX_VM && !enable_tdx)
		pr_info_once("TDX guests are turned off: boot with kvm_intel.tdx=1, and with EPT\n");
	return type == KVM_X86_TDX_VM && enable_tdx;
}

/* All online CPUs are in VMX operation; others enter it as they come online. */
static int tdx_bring_up(void)
{
	int ret = tdx_init();

	/* Permanent: KVM_CAP_VM_TYPES does not offer TDs any more. */
	if (!tdx_may_work())
		kvm_caps.supported_vm_types &= ~BIT(KVM_X86_TDX_VM);
	return ret;
}

/* CPUs stay in VMX operation as long as this VM exists. */
static int tdx_vm_post_init(struct kvm *kvm)
{
	int ret;

	if (!is_td(kvm))
		return 0;

	ret = tdx_bring_up();

	/* Without TDX, or without a module, TDs are an unsupported VM type. */
	return ret == -ENODEV ? -EINVAL : ret;
}

static int tdx_vcpu_precreate(struct kvm *kvm)
{
	/* KVM cannot use the VMCS of a TD's VCPU: do not let VMX create one. */
	if (is_td(kvm))
		return -EOPNOTSUPP;

	return vmx_vcpu_precreate(kvm);
}

static struct kvm_cpuid_entry2 to_cpuid_entry(const struct tdx_td_cpuid *config)
{
	struct kvm_cpuid_entry2 entry = {
		.function = config->leaf,
		.eax = config->eax,
		.ebx = config->ebx,
		.ecx = config->ecx,
		.edx = config->edx,
	};

	if (config->subleaf != ~0U) {
		entry.index = config->subleaf;
		entry.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	}
	return entry;
}

static int put_configurable_cpuid(struct kvm_cpuid2 __user *ucpuid)
{
	const struct tdx_td_params_limits *limits = tdx_td_params_limits();
	struct kvm_cpuid_entry2 entry;
	u32 i, room;

	if (get_user(room, &ucpuid->nent) || put_user(limits->nr_cpuid_configs, &ucpuid->nent))
		return -EFAULT;
	if (room < limits->nr_cpuid_configs)
		return -E2BIG;

	for (i = 0; i < limits->nr_cpuid_configs; i++) {
		entry = to_cpuid_entry(&limits->cpuid_configs[i]);
		if (copy_to_user(&ucpuid->entries[i], &entry, sizeof(entry)))
			return -EFAULT;
	}
	return 0;
}

/* None, if the module requires bits that KVM does not know. */
static u64 supported(u64 kvm, u64 fixed0, u64 fixed1)
{
	return fixed1 & ~kvm ? 0 : kvm & fixed0;
}

static int tdx_capabilities(const struct kvm_tdx_cmd *cmd)
{
	struct kvm_tdx_capabilities __user *ucaps = u64_to_user_ptr(cmd->data);
	const struct tdx_td_params_limits *limits = tdx_td_params_limits();
	struct kvm_tdx_capabilities *caps;
	int ret = 0;

	if (cmd->flags)
		return -EINVAL;

	caps = kzalloc(sizeof(*caps), GFP_KERNEL);
	if (!caps)
		return -ENOMEM;

	caps->supported_attrs = supported(KVM_SUPPORTED_TD_ATTRS, limits->attributes_fixed0,
					  limits->attributes_fixed1);
	caps->supported_xfam = supported(kvm_caps.supported_xcr0 | kvm_caps.supported_xss,
					 limits->xfam_fixed0, limits->xfam_fixed1);

	if (copy_to_user(ucaps, caps, offsetof(struct kvm_tdx_capabilities, cpuid)))
		ret = -EFAULT;
	kfree(caps);
	return ret ?: put_configurable_cpuid(&ucaps->cpuid);
}

static int tdx_mem_enc_ioctl(struct kvm *kvm, void __user *argp)
{
	struct kvm_tdx_cmd cmd;
	int ret;

	/* As for an ordinary VM on a CPU without memory encryption. */
	if (!is_td(kvm))
		return -ENOTTY;

	if (copy_from_user(&cmd, argp, sizeof(cmd)))
		return -EFAULT;
	if (cmd.hw_error)
		return -EINVAL;

	switch (cmd.id) {
	case KVM_TDX_CAPABILITIES:
		ret = tdx_capabilities(&cmd);
		break;
	default:
		return -EINVAL;
	}

	if (copy_to_user(argp, &cmd, sizeof(cmd)))
		return -EFAULT;
	return ret;
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

static void tdx_hardware_unsetup(void)
{
	unregister_reboot_notifier(&tdx_reboot_notifier);
	vmx_hardware_unsetup();
}

/**
 * tdx_hardware_setup - add TDs to the VM types of KVM
 * @ops: VMX's operations, otherwise complete; wrapped where a TD differs
 * @ept: KVM uses EPT, which TDs need
 *
 * Context: While kvm_intel is loaded, before @ops are used.
 */
void __init tdx_hardware_setup(struct kvm_x86_ops *ops, bool ept)
{
	enable_tdx &= ept;

	vmx_hardware_unsetup = ops->hardware_unsetup;
	ops->hardware_unsetup = tdx_hardware_unsetup;
	register_reboot_notifier(&tdx_reboot_notifier);

	vmx_vcpu_precreate = ops->vcpu_precreate;
	ops->vcpu_precreate = tdx_vcpu_precreate;
	ops->is_vm_type_supported = tdx_is_vm_type_supported;
	ops->vm_post_init = tdx_vm_post_init;
	ops->mem_enc_ioctl = tdx_mem_enc_ioctl;

	kvm_caps.supported_vm_types = tds_can_be_had() ? BIT(KVM_X86_TDX_VM) : 0;
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
	if (init_at_load && tdx_is_vm_type_supported(KVM_X86_TDX_VM))
		kvm_call_with_hardware_enabled(tdx_bring_up);
}
