// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handing over the machine to the firmware, or to another kernel.
 *
 * The TDX module must not harm the next kernel, which can use the module if it
 * was disabled before.
 *
 * Nothing of this is done for a crash kernel, whose memory the module never
 * had; caches are written back in native_machine_crash_shutdown().
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
#include "owner.h"
#include "pamt.h"
#include "seamcall.h"

/*
 * On these CPUs a partial write, with another KeyID, to memory that was last
 * written with a private KeyID poisons it: the next read raises a machine
 * check.
 */
static const struct x86_cpu_id partial_write_poisons[] = {
	X86_MATCH_INTEL_FAM6_MODEL(SAPPHIRERAPIDS_X, NULL),
	X86_MATCH_INTEL_FAM6_MODEL(EMERALDRAPIDS_X, NULL),
	{ }
};

/* Each call makes progress, by at least one TDMR. */
#define DISABLE_CALLS	1000

/**
 * tdx_should_be_disabled - must tdx_disable() be called?
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

/* An older module does not know the leaf; the next kernel reports that it is in use. */
static void report_disable(u64 status)
{
	char text[TDX_STATUS_TEXT_SIZE];

	if (!tdx_status_failed(status) || tdx_status_code(status) == TDX_OPERAND_INVALID)
		return;
	tdx_status_format(text, sizeof(text), status);
	pr_err("TDH.SYS.DISABLE failed, the next kernel cannot use TDX until the machine is reset: %s\n",
	       text);
}

static void disable_module(void)
{
	unsigned int calls = DISABLE_CALLS;
	struct tdx_regs regs;
	u64 status;

	do {
		regs = (struct tdx_regs) {};
		status = tdx_seamcall(TDH_SYS_DISABLE, &regs);
	} while (tdx_status_code(status) == TDX_INTERRUPTED_RESUMABLE && --calls);
	report_disable(status);
}

/**
 * tdx_disable - disable the TDX module, for another kernel to initialize it
 *
 * Modules before 2.0 do not support this, and cannot be initialized again until
 * the machine is reset.  Neither can a module that has TDs.
 *
 * Context: After tdx_should_be_disabled() returned true.  All online CPUs are in VMX
 *	    operation.
 * Return: 0
 */
int tdx_disable(void)
{
	/* The first page of a TD is recorded before TDH.MNG.CREATE takes this mutex. */
	mutex_lock(&tdx_keyid_table_mutex);
	if (!tdx_pages_are_owned())
		disable_module();
	mutex_unlock(&tdx_keyid_table_mutex);
	return 0;
}
EXPORT_SYMBOL_GPL(tdx_disable);

/*
 * An initialization in progress fails at its next SEAMCALL, later ones at their
 * first.  If another kernel follows, wait until it has freed its memory; but
 * not while it searches memory for PAMTs, when the module owns none yet.
 *
 * Running TDs are stopped by the IPI that writes back caches, and are not entered
 * again.  Their pages stay owned by the module.
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

/* Called before KVM's notifier, which takes the CPUs out of VMX operation. */
static struct notifier_block reboot_notifier = {
	.notifier_call = leave_machine,
	.priority = TDX_REBOOT_PRIORITY,
};

static int __init tdx_watch_kexec(void)
{
	return platform_tdx_enabled() ? register_reboot_notifier(&reboot_notifier) : 0;
}
late_initcall(tdx_watch_kexec);
