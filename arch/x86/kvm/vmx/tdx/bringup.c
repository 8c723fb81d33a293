// SPDX-License-Identifier: GPL-2.0-only
/*
 * Initialization of TDX for KVM, and the check whether KVM supports the module.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/kvm_host.h>

#include <asm/tdx_host.h>

#include "../../x86.h"
#include "tdx.h"

/* Linux needs RBP across an entry into a TD, with and without frame pointers. */
static int check_module(void)
{
	if (tdx_td_limits()->no_rbp_mod)
		return 0;

	pr_err_once("TDX guests need a TDX module that preserves RBP (NO_RBP_MOD): update the BIOS\n");
	kvm_caps.supported_vm_types &= ~BIT(KVM_X86_TDX_VM);
	return -EOPNOTSUPP;
}

/**
 * tdx_bring_up - initialize TDX, unless it is initialized
 *
 * Context: All online CPUs are in VMX operation; others enter it as they come online.
 * Return: 0, an error of tdx_init(), or -EOPNOTSUPP: the module cannot be used with Linux.
 */
int tdx_bring_up(void)
{
	int ret = tdx_init();

	/* Permanent: KVM_CAP_VM_TYPES does not offer TDs any more. */
	if (!tdx_may_work())
		kvm_caps.supported_vm_types &= ~BIT(KVM_X86_TDX_VM);
	return ret ?: check_module();
}
