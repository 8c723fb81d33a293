// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_MEMORY_ENCRYPT_OP of a TD, with its locks, and which other ioctls a TD has.
 *
 * A command that changes the state of the TD excludes all its vCPUs, so one on a vCPU's
 * descriptor is executed without the mutex that other ioctls of a vCPU are under.
 */
#include <linux/kvm_host.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>

#include "pages.h"
#include "tdx.h"

/*
 * Of the mutexes of vCPUs.  Lockdep sees the first one, and each other one only while it
 * is taken and released: it counts no more than MAX_LOCK_DEPTH.
 */
#define OTHER_VCPU	1

static void unlock_vcpus(struct kvm *kvm, unsigned long nr)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (i == nr)
			break;
		if (i)
			mutex_acquire(&vcpu->mutex.dep_map, OTHER_VCPU, 0, _THIS_IP_);
		mutex_unlock(&vcpu->mutex);
	}
}

static int lock_vcpus(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (mutex_lock_killable_nested(&vcpu->mutex, i ? OTHER_VCPU : 0)) {
			unlock_vcpus(kvm, i);
			return -EINTR;
		}
		if (i)
			mutex_release(&vcpu->mutex.dep_map, _THIS_IP_);
	}
	return 0;
}

static void unlock_vm(struct kvm *kvm)
{
	mutex_unlock(&kvm->slots_lock);
	unlock_vcpus(kvm, atomic_read(&kvm->online_vcpus));
	mutex_unlock(&kvm->lock);
}

/*
 * No vCPU runs or is initialized, none is added to those that user space sees, and
 * memory slots do not change.  A vCPU that is being created is without a descriptor.
 */
static int lock_vm(struct kvm *kvm)
{
	int ret;

	mutex_lock(&kvm->lock);
	ret = lock_vcpus(kvm);
	if (ret) {
		mutex_unlock(&kvm->lock);
		return ret;
	}
	mutex_lock(&kvm->slots_lock);

	/* It may have died while this waited. */
	if (kvm->vm_dead) {
		unlock_vm(kvm);
		return -EIO;
	}
	return 0;
}

static int copy_command(struct kvm_tdx_cmd *cmd, const void __user *argp)
{
	if (copy_from_user(cmd, argp, sizeof(*cmd)))
		return -EFAULT;
	return cmd->hw_error ? -EINVAL : 0;
}

static int finalize_vm(struct kvm *kvm)
{
	if (to_kvm_tdx(kvm)->state != KVM_TDX_INIT)
		return -EINVAL;

	/* There is no private memory yet that could be measured. */
	return -EOPNOTSUPP;
}

static int vm_command(struct kvm *kvm, struct kvm_tdx_cmd *cmd)
{
	switch (cmd->id) {
	case KVM_TDX_INIT_VM:
		return tdx_init_vm(kvm, cmd);
	case KVM_TDX_FINALIZE_VM:
		return finalize_vm(kvm);
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
 * Return: 0 or what the command returns, -EFAULT, -EINVAL, -EINTR, -EIO: the VM is dead.
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

	ret = lock_vm(kvm);
	if (ret)
		return ret;
	ret = vm_command(kvm, &cmd);
	unlock_vm(kvm);

	/* Also when it failed: hw_error says why. */
	if (copy_to_user(argp, &cmd, sizeof(cmd)))
		return -EFAULT;
	return ret;
}

static int init_mem_region(struct kvm_vcpu *vcpu, const struct kvm_tdx_cmd *cmd)
{
	if (!to_tdx(vcpu)->initialized || cmd->flags & ~KVM_TDX_MEASURE_MEMORY_REGION)
		return -EINVAL;

	/* There is no private memory yet that could be filled. */
	return -EOPNOTSUPP;
}

/* Commands on a vCPU are for a TD that was created and is not finished. */
static bool takes_vcpu_commands(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(to_kvm_tdx(vcpu->kvm)->state) == KVM_TDX_INIT;
}

static int vcpu_command(struct kvm_vcpu *vcpu, const struct kvm_tdx_cmd *cmd)
{
	int ret;

	if (!takes_vcpu_commands(vcpu))
		return -EINVAL;

	vcpu_load(vcpu);
	ret = cmd->id == KVM_TDX_INIT_VCPU ? tdx_init_vcpu(vcpu, cmd) :
					     init_mem_region(vcpu, cmd);
	vcpu_put(vcpu);
	return ret;
}

/* -ENOIOCTLCMD for commands that are under vcpu->mutex, and those that do not exist. */
static int async_command(struct kvm_vcpu *vcpu, void __user *argp)
{
	struct kvm_tdx_cmd cmd;
	int ret;

	/* Without locks: to be told before other errors.  Asked again with them. */
	if (!takes_vcpu_commands(vcpu))
		return -EINVAL;

	ret = copy_command(&cmd, argp);
	if (ret)
		return ret;
	if (cmd.id != KVM_TDX_INIT_VCPU && cmd.id != KVM_TDX_INIT_MEM_REGION)
		return -ENOIOCTLCMD;

	ret = lock_vm(vcpu->kvm);
	if (ret)
		return ret;
	ret = vcpu_command(vcpu, &cmd);
	unlock_vm(vcpu->kvm);
	return ret;
}

/**
 * tdx_vcpu_mem_enc_ioctl - KVM_MEMORY_ENCRYPT_OP on the descriptor of a TD's vCPU
 * @vcpu: a vCPU of a TD
 * @argp: a struct kvm_tdx_cmd
 *
 * Context: With vcpu->mutex; the vCPU is loaded.
 * Return: 0 or what the command returns, -EFAULT, -EINVAL.
 */
int tdx_vcpu_mem_enc_ioctl(struct kvm_vcpu *vcpu, void __user *argp)
{
	struct kvm_tdx_cmd cmd;
	int ret;

	if (!takes_vcpu_commands(vcpu))
		return -EINVAL;

	ret = copy_command(&cmd, argp);
	if (ret)
		return ret;
	return cmd.id == KVM_TDX_GET_CPUID ? tdx_get_cpuid(vcpu, &cmd) : -EINVAL;
}

/**
 * tdx_vcpu_async_ioctl - an ioctl on a TD's vCPU, before vcpu->mutex is taken
 * @vcpu: a vCPU of a TD
 * @ioctl: which one
 * @argp: its argument
 *
 * Context: Process context, no locks.
 * Return: -ENOIOCTLCMD if it works as for other VMs, or is under vcpu->mutex; otherwise
 *	   what it returns.
 */
int tdx_vcpu_async_ioctl(struct kvm_vcpu *vcpu, unsigned int ioctl, void __user *argp)
{
	switch (ioctl) {
	case KVM_MEMORY_ENCRYPT_OP:
		return async_command(vcpu, argp);

	/* The guest's state is the module's. */
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
	/* So are its TSC, and the delivery of interrupts. */
	case KVM_SET_TSC_KHZ:
	case KVM_INTERRUPT:
	case KVM_SET_VAPIC_ADDR:
	/* What Hyper-V and Xen give to guests takes private memory. */
	case KVM_ENABLE_CAP:
	case KVM_XEN_VCPU_GET_ATTR:
	case KVM_XEN_VCPU_SET_ATTR:
		return -EINVAL;
	case KVM_SMI:
		return -ENOTTY;
	default:
		return -ENOIOCTLCMD;
	}
}

/**
 * tdx_vm_ioctl - whether a TD has an ioctl
 * @kvm: a TD
 * @ioctl: which one
 *
 * Context: Process context, no locks.
 * Return: -ENOIOCTLCMD if it works as for other VMs, another errno if there is none.
 */
int tdx_vm_ioctl(struct kvm *kvm, unsigned int ioctl)
{
	switch (ioctl) {
	case KVM_CREATE_IRQCHIP:
		return -ENOTTY;
	case KVM_CREATE_PIT:
	case KVM_CREATE_PIT2:
		return -ENOENT;
	case KVM_SET_TSC_KHZ:
		return READ_ONCE(kvm->created_vcpus) ? -EINVAL : -ENOIOCTLCMD;
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

/* The module is told when the TD is initialized. */
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
 * @cap: which one, its flags are 0
 *
 * Context: Process context, no locks.
 * Return: -ENOIOCTLCMD if it works as for other VMs, otherwise what KVM_ENABLE_CAP
 *	   returns.
 */
int tdx_vm_enable_cap(struct kvm *kvm, struct kvm_enable_cap *cap)
{
	switch (cap->cap) {
	case KVM_CAP_MAX_VCPUS:
		return set_max_vcpus(kvm, cap->args[0]);
	case KVM_CAP_PMU_CAPABILITY:
		/* The module has the PMU. */
		return cap->args[0] == KVM_PMU_CAP_DISABLE ? -ENOIOCTLCMD : -EINVAL;
	default:
		return -ENOIOCTLCMD;
	}
}

/**
 * tdx_vm_check_extension - what a TD has of a capability
 * @kvm: a TD
 * @ext: the capability
 *
 * Context: Process context, no locks.
 * Return: -ENOIOCTLCMD if it is the same as for other VMs.
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
