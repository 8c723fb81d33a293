/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMs and vCPUs as file descriptors, for tests that look at the errno of each ioctl.
 */
#ifndef SELFTEST_KVM_VM_FD_H
#define SELFTEST_KVM_VM_FD_H

#include <stddef.h>
#include <string.h>

#include "test_util.h"

/* Asserts that a result is this errno, or 0. */
#define TEST_ERRNO(result, expected)						\
({										\
	int __result = (result), __expected = (expected);			\
										\
	TEST_ASSERT(__result == __expected, #result " is %d (%s), not %d (%s)",	\
		    __result, strerror(__result), __expected, strerror(__expected)); \
})

/* The result is a descriptor, or -1 after an error. */
int fd_create_vm(unsigned long type);

/* The size of the memory that KVM shares with user space about a vCPU. */
size_t fd_vcpu_mmap_size(void);

/* The result is 0 or an errno. */
int fd_ioctl(int fd, unsigned long request, void *arg);

/* The result is what KVM_CHECK_EXTENSION returns for this VM. */
int fd_check_cap(int vm, long cap);

#endif /* SELFTEST_KVM_VM_FD_H */
