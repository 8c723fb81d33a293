// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TDX module of this machine: setup at boot, and the interface to the rest
 * of the kernel.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/init.h>

#include <asm/tdx_host.h>

#include "host.h"
#include "keyid.h"
#include "module.h"
#include "page.h"
#include "vcpu.h"

static struct tdx_module host_module;

/*
 * memblock is discarded between early initcalls and the other ones.  sleep.c,
 * kexec.c, sysfs.c and debugfs.c have initcalls of their own.  These run later,
 * because neither devices nor the x86 directory in debugfs exist yet, and because
 * syscore operations are called in reverse order of their registration, so that a
 * sleep is refused before anything is stopped.
 */
static int __init tdx_host_init(void)
{
	tdx_platform_detect();
	if (platform_tdx_enabled())
		tdx_memory_snapshot();
	tdx_module_setup(&host_module, tdx_platform(), tdx_boot_memory());
	return 0;
}
early_initcall(tdx_host_init);

/* May be repeated: the arguments never change. */
static void allow_tds(void)
{
	tdx_page_setup(&host_module.memory);
	tdx_vcpu_setup(&host_module.sysinfo.td_limits);
	tdx_keyid_setup(host_module.platform);
}

/**
 * tdx_init - initialize TDX, unless that was done before
 *
 * The first caller initializes the TDX module, which takes seconds on a large
 * machine and costs 1/256 of its memory; others wait for the result.  The
 * result is recorded and returned to later callers at once.  The reason of a
 * failure is in the kernel log.
 *
 * Until the module is configured, transient failures are not recorded: the next
 * caller resumes the initialization where it stopped.  These are -EPERM, which
 * is the caller's fault, because every online CPU has to be in VMX operation
 * until this returns, and CPUs that come online meanwhile have to enter it
 * before they run anything else; -ENOMEM; -EAGAIN and -EBUSY because of a
 * module that does not answer; and -EINTR.  Before the module is touched,
 * -ENXIO, -EIO and -EOPNOTSUPP because of a CPU are not recorded either.
 *
 * Context: Process context, may sleep.  Must not be called with CPU hotplug
 *	    locked: takes cpus_read_lock().  A caller can be killed while memory
 *	    for PAMTs is searched, which can take arbitrarily long.
 * Return:
 * * 0		    - guests can be created
 * * -ENODEV	    - the BIOS did not enable TDX, no module is loaded, or it died
 * * -EPERM	    - a CPU is not in VMX operation
 * * -ESHUTDOWN    - a reboot, power-off or kexec is in progress
 * * -EINTR	    - killed
 * * -EALREADY	    - a previous kernel initialized the module
 * * -EOPNOTSUPP    - SEAMRR is not enabled on every CPU
 * * -ENXIO	    - a CPU that the BIOS enabled is offline
 * * -EADDRNOTAVAIL - the BIOS did not make all RAM convertible
 * * -ENOSPC	    - the memory map does not fit the module's limits
 * * -ENOMEM	    - not enough memory, or none contiguous enough
 * * -EAGAIN	    - the CPU ran out of entropy, or CPUs went offline meanwhile
 * * -EBUSY	    - the module stayed busy
 * * -EINVAL	    - the module's own information is unusable
 * * -EIO	    - CPUs are configured differently, or any other refusal
 */
int tdx_init(void)
{
	int ret = tdx_module_init(&host_module);

	if (!ret)
		allow_tds();
	return ret;
}
EXPORT_SYMBOL_GPL(tdx_init);

/**
 * tdx_may_work - may tdx_init() succeed?
 *
 * Context: Any.
 * Return: false if the platform has no TDX or an initialization has failed for
 *	   good, true otherwise.  True is not a guarantee.
 */
bool tdx_may_work(void)
{
	switch (READ_ONCE(host_module.state)) {
	case TDX_MODULE_UNKNOWN:
	case TDX_MODULE_INITIALIZING:
	case TDX_MODULE_PENDING:
	case TDX_MODULE_READY:
		return platform_tdx_enabled();
	default:
		return false;
	}
}
EXPORT_SYMBOL_GPL(tdx_may_work);

/**
 * tdx_td_params_limits - what the module accepts as parameters of a TD
 *
 * Context: Any, after tdx_init() returned 0.
 * Return: The limits; never NULL, never changes.
 */
const struct tdx_td_params_limits *tdx_td_params_limits(void)
{
	return &host_module.sysinfo.td_params;
}
EXPORT_SYMBOL_GPL(tdx_td_params_limits);

/**
 * tdx_td_limits - resources of a TD, and limits
 *
 * Context: Any, after tdx_init() returned 0.
 * Return: The limits; never NULL, never changes.
 */
const struct tdx_td_limits *tdx_td_limits(void)
{
	return &host_module.sysinfo.td_limits;
}
EXPORT_SYMBOL_GPL(tdx_td_limits);

/**
 * tdx_host_module - the machine's module
 *
 * Context: Any.
 * Return: The module; see struct tdx_module for when its fields are valid.
 */
struct tdx_module *tdx_host_module(void)
{
	return &host_module;
}
