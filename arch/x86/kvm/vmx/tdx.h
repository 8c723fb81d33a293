/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trust domains as a VM type of KVM.
 */
#ifndef __KVM_X86_VMX_TDX_H
#define __KVM_X86_VMX_TDX_H

#include <linux/init.h>
#include <linux/types.h>

struct kvm_x86_ops;

#ifdef CONFIG_INTEL_TDX_HOST
void __init tdx_hardware_setup(struct kvm_x86_ops *ops, bool ept);
void __init tdx_loaded(void);
#else
static inline void tdx_hardware_setup(struct kvm_x86_ops *ops, bool ept) { }
static inline void tdx_loaded(void) { }
#endif

#endif /* __KVM_X86_VMX_TDX_H */
