// SPDX-License-Identifier: GPL-2.0-only
/*
 * The steps of the initialization on each CPU, and SEAMCALLs on one CPU of each package.
 *
 * Each SEAMCALL is made in an IPI, which also reaches a CPU that is never left
 * by a real-time task.  The calling CPU waits between two tries, as for
 * entropy.
 */
#define pr_fmt(fmt) "virt/tdx: " fmt

#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/printk.h>
#include <linux/smp.h>
#include <linux/topology.h>

#include "cause.h"
#include "cpu.h"
#include "error.h"
#include "platform.h"
#include "seamcall.h"

struct seamcall_here {
	u64 leaf;
	struct tdx_regs regs;
	u64 status;
};

static void seamcall_here(void *data)
{
	struct seamcall_here *call = data;

	call->status = tdx_seamcall_once(call->leaf, &call->regs);
}

static struct seamcall_here seamcall_on_cpu(unsigned int cpu, u64 leaf, struct tdx_regs regs)
{
	struct tdx_backoff backoff = {};
	struct seamcall_here call;

	lockdep_assert_cpus_held();
	do {
		call = (struct seamcall_here) {
			.leaf = leaf, .regs = regs, .status = TDX_SEAMCALL_UD,
		};
		WARN_ON_ONCE(smp_call_function_single(cpu, seamcall_here, &call, true));
	} while (tdx_backoff(&backoff, call.status));
	return call;
}

static int explain_on_cpu(struct tdx_cause *cause, unsigned int cpu,
			  const struct seamcall_here *call)
{
	struct tdx_cause why;
	int ret = tdx_explain_platform(&why, call->leaf, call->status, &call->regs);

	return ret ? tdx_cause(cause, ret, "CPU %u: %s", cpu, why.text) : 0;
}

/* TDH.SYS.RD does not change the module, whatever state it is in. */
static struct seamcall_here ask_on_cpu(unsigned int cpu)
{
	struct tdx_regs regs = { .rdx = TDX_MD_FIELD_ID_NONE };

	return seamcall_on_cpu(cpu, TDH_SYS_RD, regs);
}

/*
 * Success means that the module was initialized before.  The meaning of a
 * failure differs between modules; in that case TDH.SYS.INIT detects whether
 * the module is fresh, and does not change it if not.
 */
static int check_on_cpu(unsigned int cpu, struct tdx_cause *cause)
{
	struct seamcall_here call = ask_on_cpu(cpu);
	int ret;

	if (!tdx_status_failed(call.status))
		return tdx_cause(cause, -EALREADY,
				 "CPU %u: %s: %s 0x%016llx: the module was initialized before, by a previous kernel; reset the machine to use TDX",
				 cpu, tdx_leaf_name(call.leaf), tdx_status_name(call.status),
				 call.status);
	if (tdx_status_code(call.status) != TDX_SYS_SHUTDOWN &&
	    !tdx_status_is_software(call.status) && !tdx_status_may_clear(call.status))
		return 0;

	ret = explain_on_cpu(cause, cpu, &call);
	if (call.status == TDX_SEAMCALL_VMFAILINVALID)
		tdx_cause_add(cause, "; load one in the BIOS setup or update the BIOS");
	return ret;
}

/**
 * tdx_cpus_check - check that a fresh module answers on every CPU
 * @cause: names the CPU and the reason, when the return value is not 0
 *
 * The module can be configured only after it was initialized on every CPU that
 * the BIOS enabled, so all CPUs have to be online.  Does not change the state
 * of the module.
 *
 * Context: Process context, cpus_read_lock() held.  May sleep.
 * Return:
 * * 0		 - success
 * * -ENXIO	 - a CPU is offline
 * * -EIO	 - the CPUs are configured differently
 * * -EPERM	 - a CPU is not in VMX operation
 * * -ENODEV	 - no module is loaded
 * * -EOPNOTSUPP - SEAMRR is not enabled on a CPU
 * * -EALREADY	 - a previous kernel used the module
 * * -EAGAIN, -EBUSY - the module did not answer for a long time
 */
int tdx_cpus_check(struct tdx_cause *cause)
{
	unsigned int cpu;
	int ret;

	for_each_present_cpu(cpu)
		if (!cpu_online(cpu))
			return tdx_cause(cause, -ENXIO,
					 "CPU %u is offline, and the module has to be initialized on every CPU; bring it online and try again, or boot without maxcpus= and nosmt",
					 cpu);

	ret = tdx_platform_check_cpus(cause);
	if (ret)
		return ret;

	for_each_online_cpu(cpu) {
		ret = check_on_cpu(cpu, cause);
		if (ret)
			return ret;
	}
	return 0;
}

/* @cpu is offline, so it is not in the masks of its package. */
static bool package_is_online(unsigned int cpu, const struct cpumask *done)
{
	unsigned int other;

	for_each_cpu_and(other, done, cpu_online_mask)
		if (topology_logical_package_id(other) == topology_logical_package_id(cpu))
			return true;
	return false;
}

/* True for one online CPU of each package. */
static bool is_first_of_package(unsigned int cpu)
{
	return cpu == cpumask_first(topology_core_cpumask(cpu));
}

/**
 * tdx_cpus_check_again - check that the online CPUs suffice for the other steps
 * @done:  the CPUs on which the module is initialized
 * @cause: names the CPU and the reason, when the return value is not 0
 *
 * For use after a time without cpus_read_lock(), when CPUs may have come and
 * gone.  After TDH.SYS.CONFIG a missing CPU would be fatal.
 *
 * Context: Process context, cpus_read_lock() held.  May sleep.
 * Return:
 * * 0	     - success
 * * -EAGAIN - no CPU of a package is online
 * * others  - a CPU does not reach the module: see tdx_status_errno()
 */
int tdx_cpus_check_again(const struct cpumask *done, struct tdx_cause *cause)
{
	struct seamcall_here call;
	unsigned int cpu;

	for_each_cpu(cpu, done)
		if (!cpu_online(cpu) && !package_is_online(cpu, done))
			return tdx_cause(cause, -EAGAIN,
					 "no CPU of package %u is online, and its key has to be configured; bring CPU %u online",
					 topology_logical_package_id(cpu), cpu);

	for_each_online_cpu(cpu) {
		call = ask_on_cpu(cpu);
		if (tdx_status_is_software(call.status))
			return explain_on_cpu(cause, cpu, &call);
	}
	return 0;
}

/**
 * tdx_cpus_init - initialize the module on every CPU
 * @done:  the CPUs on which the module is initialized already; those where it
 *	   succeeds are added.  CPUs remain initialized when they go offline.
 * @cause: names the CPU and the reason, when the return value is not 0
 *
 * The others have to be online: TDH.SYS.CONFIG would fail for good without them.
 * TDX Module ABI specification, TDH.SYS.LP.INIT.
 *
 * Context: Process context, cpus_read_lock() held.  May sleep.
 * Return: 0, -EAGAIN if such a CPU is offline, or the errno of tdx_status_errno().
 */
int tdx_cpus_init(struct cpumask *done, struct tdx_cause *cause)
{
	struct seamcall_here call;
	unsigned int cpu;
	int ret;

	for_each_cpu_andnot(cpu, cpu_online_mask, done) {
		call = seamcall_on_cpu(cpu, TDH_SYS_LP_INIT, (struct tdx_regs) {});
		ret = explain_on_cpu(cause, cpu, &call);
		if (ret)
			return ret;
		cpumask_set_cpu(cpu, done);
	}

	for_each_present_cpu(cpu)
		if (!cpumask_test_cpu(cpu, done))
			return tdx_cause(cause, -EAGAIN,
					 "CPU %u is offline, and the module is not initialized on it; bring it online",
					 cpu);
	return 0;
}

/**
 * tdx_packages_config_key - configure the global KeyID's key on every package
 * @cause: names the CPU and the reason, when the return value is not 0
 *
 * The module takes its global lock for this, so packages are configured one at
 * a time.  TDX Module ABI specification, TDH.SYS.KEY.CONFIG.
 *
 * Context: Process context, cpus_read_lock() held.  May sleep.
 * Return: 0, or the errno of tdx_status_errno().
 */
int tdx_packages_config_key(struct tdx_cause *cause)
{
	struct seamcall_here call;
	unsigned int cpu;
	int ret = 0;

	for_each_online_cpu(cpu) {
		if (!is_first_of_package(cpu))
			continue;
		call = seamcall_on_cpu(cpu, TDH_SYS_KEY_CONFIG, (struct tdx_regs) {});
		ret = explain_on_cpu(cause, cpu, &call);
		if (ret)
			break;
	}
	return ret;
}

/**
 * tdx_seamcall_on_cpu - make a SEAMCALL on a CPU, with retries
 * @cpu:  an online CPU
 * @leaf: RAX
 * @regs: inputs; outputs of the last try on return
 *
 * The CPU has interrupts off during the SEAMCALL.
 *
 * Context: Process context, cpus_read_lock() held.  May sleep.
 * Return: As tdx_seamcall().
 */
u64 tdx_seamcall_on_cpu(unsigned int cpu, u64 leaf, struct tdx_regs *regs)
{
	struct seamcall_here call = seamcall_on_cpu(cpu, leaf, *regs);

	*regs = call.regs;
	return call.status;
}

/**
 * tdx_packages_are_online - does each package have an online CPU?
 *
 * The module requires the packages of all CPUs that were present when it was initialized.
 *
 * Context: Process context, cpus_read_lock() held.
 * Return: True if each package has one; otherwise a package without is logged.
 */
bool tdx_packages_are_online(void)
{
	unsigned int cpu;

	for_each_present_cpu(cpu) {
		if (cpu_online(cpu) || package_is_online(cpu, cpu_online_mask))
			continue;
		pr_warn_ratelimited("no CPU of package %u is online, and a TD's key has to be configured or flushed on each; bring CPU %u online and try again\n",
				    topology_logical_package_id(cpu), cpu);
		return false;
	}
	return true;
}

/**
 * tdx_on_each_package - make SEAMCALLs on one CPU of each package
 * @call: makes SEAMCALLs on @cpu with tdx_seamcall_on_cpu(), and returns a status
 * @data: for @call
 *
 * One package after the other; on none if one of them has no online CPU, which is logged.
 *
 * Context: Process context, cpus_read_lock() held.  May sleep.
 * Return: TDX_SUCCESS, TDX_SEAMCALL_NO_CPU, or the first failure of @call.
 */
u64 tdx_on_each_package(u64 (*call)(unsigned int cpu, void *data), void *data)
{
	unsigned int cpu;
	u64 status;

	if (!tdx_packages_are_online())
		return TDX_SEAMCALL_NO_CPU;

	for_each_online_cpu(cpu) {
		if (!is_first_of_package(cpu))
			continue;
		status = call(cpu, data);
		if (tdx_status_failed(status))
			return status;
	}
	return TDX_SUCCESS;
}

/**
 * tdx_cpus_shutdown - shut the module down
 *
 * For a module that is left partly initialized.  The result does not matter:
 * modules from 1.5 on do nothing, and one that has died needs no shutdown.
 * TDX Module ABI specification, TDH.SYS.LP.SHUTDOWN.
 *
 * Context: Process context, cpus_read_lock() held.  May sleep.
 */
void tdx_cpus_shutdown(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		seamcall_on_cpu(cpu, TDH_SYS_LP_SHUTDOWN, (struct tdx_regs) {});
}
