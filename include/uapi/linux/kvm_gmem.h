/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
#ifndef __LINUX_KVM_GMEM_H
#define __LINUX_KVM_GMEM_H

/*
 * Private guest memory.  User space gets this from linux/kvm.h.
 */
#include <linux/ioctl.h>
#include <linux/types.h>

/* Available with KVM_CAP_USER_MEMORY2 */
#define KVM_SET_USER_MEMORY_REGION2	_IOW(KVMIO, 0x49, struct kvm_userspace_memory_region2)

struct kvm_userspace_memory_region2 {
	__u32 slot;
	__u32 flags;
	__u64 guest_phys_addr;
	__u64 memory_size; /* bytes */
	__u64 userspace_addr; /* start of the userspace allocated memory */
	__u64 guest_memfd_offset;
	__u32 guest_memfd;
	__u32 pad1;
	__u64 pad2[14];
};

/* A flag of kvm_userspace_memory_region2, beside those of kvm_userspace_memory_region */
#define KVM_MEM_GUEST_MEMFD	(1UL << 2)

/* Available with KVM_CAP_MEMORY_ATTRIBUTES */
#define KVM_SET_MEMORY_ATTRIBUTES	_IOW(KVMIO, 0xd2, struct kvm_memory_attributes)

struct kvm_memory_attributes {
	__u64 address;
	__u64 size;
	__u64 attributes;
	__u64 flags;
};

#define KVM_MEMORY_ATTRIBUTE_PRIVATE	(1ULL << 3)

/* Available with KVM_CAP_GUEST_MEMFD */
#define KVM_CREATE_GUEST_MEMFD	_IOWR(KVMIO, 0xd4, struct kvm_create_guest_memfd)

struct kvm_create_guest_memfd {
	__u64 size;
	__u64 flags;
	__u64 reserved[6];
};

/* Available with KVM_CAP_PRE_FAULT_MEMORY */
#define KVM_PRE_FAULT_MEMORY	_IOWR(KVMIO, 0xd5, struct kvm_pre_fault_memory)

struct kvm_pre_fault_memory {
	__u64 gpa;
	__u64 size;
	__u64 flags;
	__u64 padding[5];
};

#endif /* __LINUX_KVM_GMEM_H */
