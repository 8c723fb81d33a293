// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_MEMORY_ENCRYPT_OP of a TD, and the other ioctls that differ for TDs.
 *
 * Commands that change the state of the TD lock all of its vCPUs.  So if they are issued
 * on a vCPU's descriptor, they are executed before the mutex of that vCPU is taken.
 */
#include <linux/kvm_host.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>

#include <asm/tsc.h>

#include "../../irq.h"
#include "../../x86.h"
#include "pages.h"
#include "tdx.h"

static int copy_command(struct kvm_tdx_cmd *cmd, const void __user *argp)
{
	if (copy_from_user(cmd, argp, sizeof(*cmd)))
		return -EFAULT;
	return cmd->hw_error ? -EINVAL : 0;
}

static int vm_command(struct kvm *kvm, struct kvm_tdx_cmd *cmd)
{
	switch (cmd->id) {
	case KVM_TDX_INIT_VM:
		return tdx_init_vm(kvm, cmd);
	case KVM_TDX_FINALIZE_VM:
		return tdx_finalize_vm(kvm, cmd);
	default:
		return -EINVAL;
	}
}

/**
 * tdx_vm_mem_enc_ioctl - KVM_MEMORY_ENCRYPT_OP on the descriptor of a TD
 * @kvm: a TD
 * @argp: a struct kvm_tdx_cmd
 *
 * Context: Process context, no locks.
 * Return: The return value of the command, -EFAULT, -EINVAL, -EINTR, or -EIO: the VM is
 *	   dead.
 */
int tdx_vm_mem_enc_ioctl(struct kvm *kvm, void __user *argp)
{
	struct kvm_tdx_cmd cmd;
	int ret;

	ret = copy_command(&cmd, argp);
	if (ret)
		return ret;
	if (cmd.id == KVM_TDX_CAPABILITIES)
		return tdx_get_capabilities(&cmd);

	ret = vm_command(kvm, &cmd);
	/* Also after a failure: hw_error has the reason. */
	if (copy_to_user(argp, &cmd, sizeof(cmd)))
		return -EFAULT;
	return ret;
}

/* Commands on a vCPU require a TD that is initialized and not finalized. */
static bool takes_vcpu_commands(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(to_kvm_tdx(vcpu->kvm)->state) == KVM_TDX_INIT;
}

/* A wrong state takes precedence over other errors. */
static int copy_vcpu_command(struct kvm_vcpu *vcpu, struct kvm_tdx_cmd *cmd,
			     const void __user *argp)
{
	return takes_vcpu_commands(vcpu) ? copy_command(cmd, argp) : -EINVAL;
}

static int init_vcpu(struct kvm_vcpu *vcpu, const struct kvm_tdx_cmd *cmd)
{
	int ret;

	ret = tdx_lock_vm(vcpu->kvm);
	if (ret)
		return ret;

	/* The state may have changed before the locks were taken. */
	ret = -EINVAL;
	if (takes_vcpu_commands(vcpu)) {
		vcpu_load(vcpu);
		ret = tdx_init_vcpu(vcpu, cmd);
		vcpu_put(vcpu);
	}
	tdx_unlock_vm(vcpu->kvm);
	return ret;
}

/* -ENOIOCTLCMD for commands that need vcpu->mutex, and for unknown commands. */
static int async_command(struct kvm_vcpu *vcpu, void __user *argp)
{
	struct kvm_tdx_cmd cmd;
	int ret;

	/* The state is checked again with locks. */
	ret = copy_vcpu_command(vcpu, &cmd, argp);
	if (ret)
		return ret;
	switch (cmd.id) {
	case KVM_TDX_INIT_VCPU:
		return init_vcpu(vcpu, &cmd);
	case KVM_TDX_INIT_MEM_REGION:
		return tdx_init_mem_region(vcpu, &cmd);
	default:
		return -ENOIOCTLCMD;
	}
}

/**
 * tdx_vcpu_mem_enc_ioctl - KVM_MEMORY_ENCRYPT_OP on the descriptor of a TD's vCPU
 * @vcpu: a vCPU of a TD
 * @argp: a struct kvm_tdx_cmd
 *
 * Context: With vcpu->mutex; the vCPU is loaded.
 * Return: The return value of the command, -EFAULT, or -EINVAL.
 */
int tdx_vcpu_mem_enc_ioctl(struct kvm_vcpu *vcpu, void __user *argp)
{
	struct kvm_tdx_cmd cmd;
	int ret;

	ret = copy_vcpu_command(vcpu, &cmd, argp);
	if (ret)
		return ret;
	return cmd.id == KVM_TDX_GET_CPUID ? tdx_get_cpuid(vcpu, &cmd) : -EINVAL;
}

/*
 * There is no page to which KVM could write a TPR.  QEMU sets none when it resets a vCPU.  The
 * address is not read again: it could be another one by then.
 */
static int set_vapic_addr(const struct kvm_vapic_addr __user *argp)
{
	struct kvm_vapic_addr addr;

	if (copy_from_user(&addr, argp, sizeof(addr)))
		return -EFAULT;
	return addr.vapic_addr ? -EINVAL : 0;
}

/**
 * tdx_vcpu_async_ioctl - handle an ioctl on a TD's vCPU without vcpu->mutex
 * @vcpu: a vCPU of a TD
 * @ioctl: its number
 * @argp: its argument
 *
 * Context: Process context, no locks.
 * Return: -ENOIOCTLCMD if it works as for other VMs, or needs vcpu->mutex; otherwise
 *	   the return value of the ioctl.
 */
int tdx_vcpu_async_ioctl(struct kvm_vcpu *vcpu, unsigned int ioctl, void __user *argp)
{
	switch (ioctl) {
	case KVM_MEMORY_ENCRYPT_OP:
		return async_command(vcpu, argp);

	/* The guest's state is protected by the module. */
	case KVM_GET_REGS:
	case KVM_SET_REGS:
	case KVM_GET_SREGS:
	case KVM_SET_SREGS:
	case KVM_GET_SREGS2:
	case KVM_SET_SREGS2:
	case KVM_GET_DEBUGREGS:
	case KVM_SET_DEBUGREGS:
	case KVM_GET_FPU:
	case KVM_SET_FPU:
	case KVM_GET_XSAVE:
	case KVM_GET_XSAVE2:
	case KVM_SET_XSAVE:
	case KVM_GET_XCRS:
	case KVM_SET_XCRS:
	case KVM_GET_LAPIC:
	case KVM_SET_LAPIC:
	case KVM_SET_GUEST_DEBUG:
	case KVM_TRANSLATE:
	case KVM_GET_NESTED_STATE:
	case KVM_SET_NESTED_STATE:
	/* The module controls the TSC and the delivery of interrupts. */
	case KVM_SET_TSC_KHZ:
	case KVM_INTERRUPT:
	/* Hyper-V and Xen enlightenments would access private memory. */
	case KVM_ENABLE_CAP:
	case KVM_XEN_VCPU_GET_ATTR:
	case KVM_XEN_VCPU_SET_ATTR:
		return -EINVAL;
	case KVM_SET_VAPIC_ADDR:
		return set_vapic_addr(argp);
	case KVM_SMI:
		return -ENOTTY;
	default:
		return -ENOIOCTLCMD;
	}
}

/*
 * As for other VMs, but with the lock of KVM_TDX_INIT_VM, from which the module gets the
 * frequency: a later one would be that of the vCPUs in KVM, and not in the guest.
 */
static int set_tsc_khz(struct kvm *kvm, u32 khz)
{
	int ret = -EINVAL;

	if (kvm_caps.has_tsc_control && khz >= kvm_caps.max_guest_tsc_khz)
		return -EINVAL;

	mutex_lock(&kvm->lock);
	if (to_kvm_tdx(kvm)->state == KVM_TDX_UNINIT) {
		WRITE_ONCE(kvm->arch.default_tsc_khz, khz ?: tsc_khz);
		ret = 0;
	}
	mutex_unlock(&kvm->lock);
	return ret;
}

/**
 * tdx_vm_ioctl - handle an ioctl on a TD that differs from other VMs
 * @kvm: a TD
 * @ioctl: its number
 * @arg: its argument
 *
 * Context: Process context, no locks.
 * Return: -ENOIOCTLCMD if it works as for other VMs, otherwise the return value of the ioctl.
 */
int tdx_vm_ioctl(struct kvm *kvm, unsigned int ioctl, unsigned long arg)
{
	switch (ioctl) {
	case KVM_CREATE_IRQCHIP:
		return irqchip_in_kernel(kvm) ? -EEXIST : -ENOTTY;
	case KVM_CREATE_PIT:
	case KVM_CREATE_PIT2:
		return -ENOENT;
	case KVM_SET_TSC_KHZ:
		return set_tsc_khz(kvm, arg);
	case KVM_XEN_HVM_CONFIG:
	case KVM_XEN_HVM_GET_ATTR:
	case KVM_XEN_HVM_SET_ATTR:
	case KVM_XEN_HVM_EVTCHN_SEND:
	case KVM_HYPERV_EVENTFD:
		return -EINVAL;
	default:
		return -ENOIOCTLCMD;
	}
}

/* The module gets the number when the TD is initialized. */
static int set_max_vcpus(struct kvm *kvm, u64 nr)
{
	int ret = 0;

	mutex_lock(&kvm->lock);
	if (!nr || nr > kvm->max_vcpus)
		ret = -EINVAL;
	else if (to_kvm_tdx(kvm)->state != KVM_TDX_UNINIT)
		ret = -EBUSY;
	else
		kvm->max_vcpus = nr;
	mutex_unlock(&kvm->lock);
	return ret;
}

/**
 * tdx_vm_enable_cap - enable a capability of a TD
 * @kvm: a TD
 * @cap: the capability; its flags are 0
 *
 * Context: Process context, no locks.
 * Return: -ENOIOCTLCMD if it works as for other VMs, otherwise the return value of
 *	   KVM_ENABLE_CAP.
 */
int tdx_vm_enable_cap(struct kvm *kvm, struct kvm_enable_cap *cap)
{
	switch (cap->cap) {
	case KVM_CAP_MAX_VCPUS:
		return set_max_vcpus(kvm, cap->args[0]);
	case KVM_CAP_PMU_CAPABILITY:
		/* The PMU is controlled by the module. */
		return cap->args[0] == KVM_PMU_CAP_DISABLE ? -ENOIOCTLCMD : -EINVAL;
	default:
		return -ENOIOCTLCMD;
	}
}

/**
 * tdx_vm_check_extension - value of a capability of a TD
 * @kvm: a TD
 * @ext: the capability
 *
 * Context: Process context, no locks.
 * Return: The value, or -ENOIOCTLCMD if it is the same as for other VMs.
 */
int tdx_vm_check_extension(struct kvm *kvm, long ext)
{
	switch (ext) {
	case KVM_CAP_MAX_VCPUS:
		return kvm->max_vcpus;
	case KVM_CAP_READONLY_MEM:
		return 0;
	default:
		return -ENOIOCTLCMD;
	}
}
