/* SPDX-License-Identifier: GPL-2.0-only */
/* What the rest of KVM calls for private guest memory; nothing without the option. */
#ifndef __KVM_PRIVATE_MEM_H
#define __KVM_PRIVATE_MEM_H

#include <linux/kvm_private_mem.h>

#ifdef CONFIG_KVM_PRIVATE_MEM
void kvm_init_memory_attributes(struct kvm *kvm);
void kvm_destroy_memory_attributes(struct kvm *kvm);
u64 kvm_supported_memory_attributes(struct kvm *kvm);
int kvm_vm_ioctl_set_memory_attributes(struct kvm *kvm, void __user *argp);

int kvm_vm_ioctl_create_guest_memfd(struct kvm *kvm, void __user *argp);
int kvm_gmem_prepare_slot(struct kvm *kvm, struct kvm_memory_slot *slot, unsigned int fd,
			  u64 offset);
void kvm_gmem_bind_slot(struct kvm_memory_slot *slot);
void kvm_gmem_free_slot(struct kvm_memory_slot *slot);

void kvm_begin_zap(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t start, gfn_t end,
		   bool private);
void kvm_end_zap(struct kvm *kvm);
#else
static inline void kvm_init_memory_attributes(struct kvm *kvm)
{
}

static inline void kvm_destroy_memory_attributes(struct kvm *kvm)
{
}

static inline u64 kvm_supported_memory_attributes(struct kvm *kvm)
{
	return 0;
}

/* As for ioctls that do not exist. */
static inline int kvm_vm_ioctl_set_memory_attributes(struct kvm *kvm, void __user *argp)
{
	return -ENOTTY;
}

static inline int kvm_vm_ioctl_create_guest_memfd(struct kvm *kvm, void __user *argp)
{
	return -ENOTTY;
}

static inline int kvm_gmem_prepare_slot(struct kvm *kvm, struct kvm_memory_slot *slot,
					unsigned int fd, u64 offset)
{
	return -EINVAL;
}

static inline void kvm_gmem_bind_slot(struct kvm_memory_slot *slot)
{
}

static inline void kvm_gmem_free_slot(struct kvm_memory_slot *slot)
{
}
#endif

#endif /* __KVM_PRIVATE_MEM_H */
