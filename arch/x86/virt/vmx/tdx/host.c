// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDX host support as the rest of the kernel sees it: the machine's one
 * module.
 */
#include <linux/compiler.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/mutex.h>

#include <asm/tdx_host.h>

#include "host.h"
#include "module.h"

static struct tdx_module host_module = {
	.lock = __MUTEX_INITIALIZER(host_module.lock),
};

static int __init tdx_host_init(void)
{
	host_module.platform = tdx_platform();
	host_module.ram = tdx_boot_memory();
	return 0;
}
early_initcall(tdx_host_init);

/**
 * tdx_init - get TDX up and running
 *
 * The first caller initialises the TDX module, which takes seconds on a large
 * machine and costs 1/256 of its memory; others wait for the result.  It is
 * remembered: whoever comes later gets it at once.  The reason of a failure is
 * in the kernel log, once.
 *
 * What does not touch the module is not remembered: -EPERM, which is the
 * caller's fault, as every online CPU has to be in VMX operation, and CPUs that
 * come online meanwhile have to enter it before they run anything else; -ENXIO
 * because of a CPU that is offline; -EAGAIN and -EBUSY because of a module that
 * does not answer.
 *
 * Context: Process context, may sleep.  Must not be called with CPU hotplug
 *	    locked: takes cpus_read_lock().
 * Return:
 * * 0		    - guests can be created
 * * -ENODEV	    - the BIOS did not enable TDX, or no module is loaded
 * * -EPERM	    - a CPU is not in VMX operation
 * * -ESHUTDOWN	    - another kernel is being started
 * * -EINTR	    - killed while waiting for another caller
 * * -EALREADY	    - a previous kernel initialised the module
 * * -EOPNOTSUPP    - SEAMRR is not enabled on every CPU
 * * -ENXIO	    - a CPU that the BIOS enabled is offline
 * * -EADDRNOTAVAIL - the BIOS did not make all RAM convertible
 * * -ENOSPC	    - the memory map does not fit the module's limits
 * * -ENOMEM	    - not enough memory, or none contiguous enough
 * * -EAGAIN	    - the CPU ran out of entropy
 * * -EBUSY	    - the module stayed busy
 * * -EINVAL	    - the module's own information is unusable
 * * -EIO	    - CPUs are configured differently, or any other refusal
 */
int tdx_init(void)
{
	return tdx_module_init(&host_module);
}
EXPORT_SYMBOL_GPL(tdx_init);

/**
 * tdx_may_work - is it worth calling tdx_init()?
 *
 * Context: Any.
 * Return: false if the platform has no TDX or an initialisation has failed,
 *	   true otherwise.  True is no promise.
 */
bool tdx_may_work(void)
{
	switch (READ_ONCE(host_module.state)) {
	case TDX_MODULE_UNKNOWN:
	case TDX_MODULE_INITIALISING:
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
 * tdx_cpu_may_run - may a CPU make SEAMCALLs that concern guests?
 * @cpu: which one
 *
 * The module can be initialised on a CPU only before it takes its configuration,
 * so one that was added to the machine later is of no use for TDX.
 *
 * Context: Any, after tdx_init() returned 0.
 * Return: Whether the module was initialised on the CPU.
 */
bool tdx_cpu_may_run(unsigned int cpu)
{
	return cpumask_test_cpu(cpu, &host_module.cpus);
}
EXPORT_SYMBOL_GPL(tdx_cpu_may_run);

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
