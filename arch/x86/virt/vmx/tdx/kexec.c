// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leaving the machine to the firmware, or to another kernel.
 *
 * The TDX module must do no harm to another kernel, which can use the module if it
 * was disabled before.
 *
 * A crash kernel is started without any of this, it lives in memory that the
 * module never had; see native_machine_crash_shutdown() for the caches.
 */
#define pr_fmt(fmt) "virt/tdx: " fmt

#include <linux/export.h>
#include <linux/init.h>
#include <linux/kexec.h>
#include <linux/notifier.h>
#include <linux/reboot.h>

#include <asm/cpu_device_id.h>
#include <asm/intel-family.h>
#include <asm/tdx_host.h>

#include "cache.h"
#include "error.h"
#include "host.h"
#include "keyid.h"
#include "module.h"
#include "page.h"
#include "pamt.h"
#include "seamcall.h"

/*
 * Here a partial write, with another KeyID, to memory that was last written with
 * a private one poisons it: the next read of it raises a machine check.
 */
static const struct x86_cpu_id partial_write_poisons[] = {
	X86_MATCH_INTEL_FAM6_MODEL(SAPPHIRERAPIDS_X, NULL),
	X86_MATCH_INTEL_FAM6_MODEL(EMERALDRAPIDS_X, NULL),
	{ }
};

/* The module gets on with each call, by a TDMR at least. */
#define DISABLE_CALLS	1000

/**
 * tdx_should_be_disabled - is it time for tdx_disable()?
 *
 * Context: A reboot notifier of a priority above TDX_REBOOT_PRIORITY.
 * Return: Whether another kernel is being started, and the module is in use, but no TD
 *	   has a page.
 */
bool tdx_should_be_disabled(void)
{
	return kexec_in_progress && !tdx_pages_are_owned() &&
	       READ_ONCE(tdx_host_module()->state) == TDX_MODULE_READY;
}
EXPORT_SYMBOL_GPL(tdx_should_be_disabled);

static void disable_module(void)
{
	unsigned int calls = DISABLE_CALLS;
	struct tdx_regs regs;
	u64 status;

	do {
		regs = (struct tdx_regs) {};
		status = tdx_seamcall(TDH_SYS_DISABLE, &regs);
	} while (tdx_status_code(status) == TDX_INTERRUPTED_RESUMABLE && --calls);
}

/**
 * tdx_disable - let another kernel use the TDX module from the beginning
 *
 * A module that cannot do that, as those before 2.0, remains used up until the
 * machine is reset.  So does one that has TDs by then.
 *
 * Context: Where tdx_should_be_disabled() said yes.  All online CPUs are in VMX
 *	    operation.
 * Return: 0
 */
int tdx_disable(void)
{
	/* A TD has a page before it is created, which takes this mutex. */
	mutex_lock(&tdx_keyid_table_mutex);
	if (!tdx_pages_are_owned())
		disable_module();
	mutex_unlock(&tdx_keyid_table_mutex);
	return 0;
}
EXPORT_SYMBOL_GPL(tdx_disable);

/*
 * An initialization that is under way fails at its next SEAMCALL, later ones at
 * their first.  It gives its memory back if another kernel follows, which waits
 * for that; a search for memory is not waited for, nothing is the module's then.
 *
 * TDs that are alive are stopped by the interrupt that writes back caches, and are not
 * entered again.  They remain the module's.
 */
static int leave_machine(struct notifier_block *nb, unsigned long action, void *unused)
{
	struct tdx_module *module = tdx_host_module();

	tdx_cache_retire();
	if (!kexec_in_progress)
		return NOTIFY_DONE;

	tdx_module_wait_for_calls(module);
	if (module->configured && x86_match_cpu(partial_write_poisons)) {
		tdx_pages_make_safe();
		tdx_pamt_make_safe(&module->layout);
	}
	return NOTIFY_DONE;
}

/* Ahead of KVM's, which takes the CPUs out of VMX operation. */
static struct notifier_block reboot_notifier = {
	.notifier_call = leave_machine,
	.priority = TDX_REBOOT_PRIORITY,
};

static int __init tdx_watch_kexec(void)
{
	return platform_tdx_enabled() ? register_reboot_notifier(&reboot_notifier) : 0;
}
late_initcall(tdx_watch_kexec);
