// SPDX-License-Identifier: GPL-2.0-only
/*
 * The steps of the initialisation that concern each logical CPU, or each
 * package.
 *
 * All of them run in process context on the CPU in question, one CPU after
 * the other: none is worth an IPI that keeps interrupts off for the length of
 * a SEAMCALL, and each may have to wait for entropy.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/topology.h>

#include "cause.h"
#include "cpu.h"
#include "platform.h"
#include "seamcall.h"
#include "status.h"

struct seamcall_here {
	u64 leaf;
	struct tdx_regs regs;
	u64 status;
};

static int seamcall_here(void *data)
{
	struct seamcall_here *call = data;

	call->status = tdx_seamcall(call->leaf, &call->regs);
	return 0;
}

static struct seamcall_here seamcall_on_cpu(unsigned int cpu, u64 leaf, struct tdx_regs regs)
{
	struct seamcall_here call = { .leaf = leaf, .regs = regs };

	lockdep_assert_cpus_held();
	WARN_ON_ONCE(smp_call_on_cpu(cpu, seamcall_here, &call, false));
	return call;
}

static int explain_on_cpu(struct tdx_cause *cause, unsigned int cpu,
			  const struct seamcall_here *call)
{
	struct tdx_cause why;
	int ret = tdx_explain_platform(&why, call->leaf, call->status, &call->regs);

	return ret ? tdx_cause(cause, ret, "CPU %u: %s", cpu, why.text) : 0;
}

/*
 * Asking for a metadata field changes nothing, and what comes back tells in
 * which state the module is: a fresh one refuses.
 */
static int check_on_cpu(unsigned int cpu, struct tdx_cause *cause)
{
	struct tdx_regs regs = { .rdx = TDX_MD_FIELD_ID_NONE };
	struct seamcall_here call = seamcall_on_cpu(cpu, TDH_SYS_RD, regs);

	switch (tdx_status_code(call.status)) {
	case TDX_SYS_LP_INIT_NOT_DONE:
	case TDX_SYS_NOT_READY:	/* modules before 1.5 do not know the leaf */
		return 0;
	case TDX_SYS_SHUTDOWN:
		return explain_on_cpu(cause, cpu, &call);
	}

	if ((call.status & TDX_SW_ERROR) == TDX_SW_ERROR || tdx_status_may_clear(call.status))
		return explain_on_cpu(cause, cpu, &call);

	/* Whatever a module in use answers, a fresh one answers as above. */
	call.leaf = TDH_SYS_INIT;
	call.status = TDX_SYS_INIT_NOT_PENDING;
	return explain_on_cpu(cause, cpu, &call);
}

/**
 * tdx_cpus_check - does a fresh module answer on every CPU?
 * @cause: names the CPU and the reason, when the return value is not 0
 *
 * The module takes its configuration only after it was initialised on every
 * CPU that the BIOS enabled, so one that is offline is a reason not to begin.
 * Changes no state of the module.
 *
 * Context: Process context, cpus_read_lock() held.  May sleep.
 * Return:
 * * 0		 - yes
 * * -ENXIO	 - a CPU is offline
 * * -EIO	 - the BIOS configured CPUs differently
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
					 "CPU %u is offline, and the module has to be initialised on every CPU; bring it online and try again, boot without maxcpus= and nosmt",
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

/**
 * tdx_cpus_init - initialise the module on every online CPU
 * @done:  the CPUs on which that succeeded; they remain initialised when offline
 * @cause: names the CPU and the reason, when the return value is not 0
 *
 * TDX Module ABI specification, TDH.SYS.LP.INIT.
 *
 * Context: Process context, cpus_read_lock() held.  May sleep.
 * Return: 0, or the errno of tdx_status_errno().
 */
int tdx_cpus_init(struct cpumask *done, struct tdx_cause *cause)
{
	struct seamcall_here call;
	unsigned int cpu;
	int ret;

	cpumask_clear(done);
	for_each_online_cpu(cpu) {
		call = seamcall_on_cpu(cpu, TDH_SYS_LP_INIT, (struct tdx_regs) {});
		ret = explain_on_cpu(cause, cpu, &call);
		if (ret)
			return ret;
		cpumask_set_cpu(cpu, done);
	}
	return 0;
}

/**
 * tdx_packages_config_key - configure the global KeyID's key on every package
 * @cause: names the CPU and the reason, when the return value is not 0
 *
 * The module takes its global lock for this, so the packages go one by one.
 * TDX Module ABI specification, TDH.SYS.KEY.CONFIG.
 *
 * Context: Process context, cpus_read_lock() held.  May sleep.
 * Return: 0, -ENOMEM, or the errno of tdx_status_errno().
 */
int tdx_packages_config_key(struct tdx_cause *cause)
{
	struct seamcall_here call;
	cpumask_var_t todo;
	unsigned int cpu;
	int ret = 0;

	if (!alloc_cpumask_var(&todo, GFP_KERNEL))
		return tdx_cause(cause, -ENOMEM, "no memory");

	cpumask_copy(todo, cpu_online_mask);
	while (!ret && !cpumask_empty(todo)) {
		cpu = cpumask_first(todo);
		call = seamcall_on_cpu(cpu, TDH_SYS_KEY_CONFIG, (struct tdx_regs) {});
		ret = explain_on_cpu(cause, cpu, &call);
		cpumask_andnot(todo, todo, topology_core_cpumask(cpu));
	}

	free_cpumask_var(todo);
	return ret;
}

/**
 * tdx_cpus_shutdown - shut the module down
 *
 * For a module that is left half initialised.  The result does not matter: a
 * module from 1.5 on does nothing, one that is dead cannot do more.
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
