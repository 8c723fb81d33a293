// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusal of sleep states that lose the TDX module.
 *
 * The module depends on memory and CPU state that is lost when the CPUs are
 * powered off, and Linux cannot start it a second time.
 */
#define pr_fmt(fmt) "virt/tdx: " fmt

#include <linux/cc_events.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/suspend.h>
#include <linux/syscore_ops.h>

#include <asm/tdx_host.h>

#include "host.h"
#include "module.h"

/**
 * cc_refuses_suspend - must suspend, other than suspend-to-idle, be refused?
 *
 * Context: Process context.
 * Return: True to refuse; that is logged.
 */
bool cc_refuses_suspend(void)
{
	if (!platform_tdx_enabled())
		return false;

	pr_warn("suspend to RAM loses the TDX module: refused; use suspend-to-idle, or boot with tdx_host=off\n");
	return true;
}

static int refuse_hibernation(struct notifier_block *nb, unsigned long event, void *unused)
{
	if (event != PM_HIBERNATION_PREPARE)
		return NOTIFY_DONE;

	pr_warn("hibernation loses the TDX module: refused; boot with tdx_host=off\n");
	return notifier_from_errno(-EPERM);
}

static struct notifier_block hibernation_notifier = {
	.notifier_call = refuse_hibernation,
};

/*
 * A kexec that preserves its context calls none of the above, only the syscore
 * operations.  They are also called before this kernel is replaced by that of a
 * hibernation image, where nothing is lost unless the module is in use.
 */
static int refuse_sleep(void)
{
	if (!tdx_module_in_use(tdx_host_module()))
		return 0;

	pr_warn("this sleep loses the TDX module: refused; boot with tdx_host=off\n");
	return -EPERM;
}

static struct syscore_ops sleep_ops = {
	.suspend = refuse_sleep,
};

static int __init tdx_watch_sleep(void)
{
	if (!platform_tdx_enabled())
		return 0;

	register_syscore_ops(&sleep_ops);
	return register_pm_notifier(&hibernation_notifier);
}
late_initcall(tdx_watch_sleep);
