// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDX is initialized for KVM, and KVM looks at what it got.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/kvm_host.h>

#include <asm/tdx_host.h>

#include "../../x86.h"
#include "tdx.h"

/* Linux is compiled with frame pointers or without, but needs its RBP. */
static int check_module(void)
{
	if (tdx_td_limits()->no_rbp_mod)
		return 0;

	pr_err_once("TDX guests take a TDX module that leaves RBP alone (NO_RBP_MOD): update the BIOS\n");
	kvm_caps.supported_vm_types &= ~BIT(KVM_X86_TDX_VM);
	return -EOPNOTSUPP;
}

/**
 * tdx_bring_up - initialize TDX, if it is not yet
 *
 * Context: All online CPUs are in VMX operation; those that come online enter it first.
 * Return: 0, what tdx_init() returns, or -EOPNOTSUPP: the module cannot have guests of
 *	   Linux.
 */
int tdx_bring_up(void)
{
	int ret = tdx_init();

	/* For good: who probes for TDs then is told. */
	if (!tdx_may_work())
		kvm_caps.supported_vm_types &= ~BIT(KVM_X86_TDX_VM);
	return ret ?: check_module();
}
