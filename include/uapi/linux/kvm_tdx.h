/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
#ifndef __LINUX_KVM_TDX_H
#define __LINUX_KVM_TDX_H

/*
 * TDVMCALLs of a TD that user space answers.  It gets this from linux/kvm.h.
 */
#include <linux/types.h>

/*
 * KVM_EXIT_TDX: nr is the function in R11.  The answer is returned by the next KVM_RUN: ret, a
 * status of the GHCI, in R10.  If user space does not change it, the function is not supported.
 */
struct kvm_tdx_exit {
	__u64 flags;	/* 0 */
	__u64 nr;
	union {
		struct {
			__u64 ret;
			__u64 data[5];
		} unknown;
		struct {
			__u64 ret;
			__u64 gpa;	/* of shared memory, without the shared bit */
			__u64 size;
		} get_quote;
		/* ret and the other values are 0: there are no other functions. */
		struct {
			__u64 ret;
			__u64 leaf;
			__u64 r11, r12, r13, r14;
		} get_tdvmcall_info;
		struct {
			__u64 ret;
			__u64 vector;
		} setup_event_notify;
	};
};

#endif /* __LINUX_KVM_TDX_H */
