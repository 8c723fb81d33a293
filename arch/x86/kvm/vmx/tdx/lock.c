// SPDX-License-Identifier: GPL-2.0-only
/*
 * The locks of a TD, for commands that change its state.
 */
#include <linux/kvm_host.h>
#include <linux/mutex.h>

#include "tdx.h"

/*
 * Lockdep subclass of the mutexes of vCPUs, except the first.  They are hidden from lockdep
 * while they are held, because it does not support more than MAX_LOCK_DEPTH locks.
 */
#define OTHER_VCPU	1

static void unlock_vcpus(struct kvm *kvm, unsigned long nr)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (i == nr)
			break;
		if (i > 0)
			mutex_acquire(&vcpu->mutex.dep_map, OTHER_VCPU, 0, _THIS_IP_);
		mutex_unlock(&vcpu->mutex);
	}
}

static int lock_vcpus(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (mutex_lock_killable_nested(&vcpu->mutex, i > 0 ? OTHER_VCPU : 0)) {
			unlock_vcpus(kvm, i);
			return -EINTR;
		}
		if (i > 0)
			mutex_release(&vcpu->mutex.dep_map, _THIS_IP_);
	}
	return 0;
}

/**
 * tdx_unlock_vm - release the locks of a TD
 * @kvm: a TD
 *
 * Context: After tdx_lock_vm() has succeeded.
 */
void tdx_unlock_vm(struct kvm *kvm)
{
	mutex_unlock(&kvm->slots_lock);
	unlock_vcpus(kvm, atomic_read(&kvm->online_vcpus));
	mutex_unlock(&kvm->lock);
}

/**
 * tdx_lock_vm - take all locks of a TD
 * @kvm: a TD
 *
 * Prevents that vCPUs run, are initialized or become visible to user space, and that
 * memory slots change.  A vCPU that is being created has no descriptor yet.
 *
 * Others wait for kvm->slots_lock with locks of all VMs, so with these locks nothing may wait for
 * user space, not even for its memory.
 *
 * Context: Process context, no locks of the VM.
 * Return: 0; -EINTR: a fatal signal is pending; -EIO: the VM is dead.
 */
int tdx_lock_vm(struct kvm *kvm)
{
	int ret;

	mutex_lock(&kvm->lock);
	ret = lock_vcpus(kvm);
	if (ret) {
		mutex_unlock(&kvm->lock);
		return ret;
	}
	mutex_lock(&kvm->slots_lock);

	/* It may have died before the locks were taken. */
	if (kvm->vm_dead) {
		tdx_unlock_vm(kvm);
		return -EIO;
	}
	return 0;
}
