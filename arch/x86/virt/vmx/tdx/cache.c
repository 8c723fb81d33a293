// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which CPUs' caches may hold lines that the TDX module wrote.
 *
 * Caches are not coherent among KeyIDs: a modified line with a private KeyID
 * that is written back late destroys what another kernel keeps there by then.
 * So all have to be written back before another kernel starts.
 */
#include <linux/cpu.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/smp.h>

#include <asm/special_insns.h>
#include <asm/tdx_host.h>

#include "cache.h"
#include "error.h"
#include "seamcall.h"

/* This CPU made a SEAMCALL, or is about to, and did not write back since. */
static DEFINE_PER_CPU(bool, may_be_dirty);

/* The machine is left to another kernel, or to the firmware. */
static bool retired;

/**
 * tdx_cache_seamcall - make a SEAMCALL that the caches are accountable for
 * @leaf: RAX
 * @regs: inputs and outputs
 *
 * The CPU is marked first: an NMI can stop it for good as soon as the SEAMCALL
 * ends.  Interrupts are off from the question whether there may be SEAMCALLs to
 * the end of this one, so an IPI finds either done.
 *
 * Context: Any but NMI.  The CPU must be in VMX operation.
 * Return: As __seamcall(), or TDX_SEAMCALL_RETIRED.
 */
u64 tdx_cache_seamcall(u64 leaf, struct tdx_regs *regs)
{
	u64 status = TDX_SEAMCALL_RETIRED;
	unsigned long flags;

	local_irq_save(flags);
	if (!READ_ONCE(retired)) {
		__this_cpu_write(may_be_dirty, true);
		status = __seamcall(leaf, regs);
	}
	local_irq_restore(flags);
	return status;
}

/**
 * tdx_cache_write_back - write back this CPU's caches, if it made SEAMCALLs
 *
 * Context: Any, NMI included; the caller is bound to the CPU.
 */
void tdx_cache_write_back(void)
{
	if (!__this_cpu_read(may_be_dirty))
		return;

	/* In this order: an NMI in between writes back once more. */
	native_wbinvd();
	__this_cpu_write(may_be_dirty, false);
}

static void write_back(void *unused)
{
	tdx_cache_write_back();
}

/**
 * tdx_cache_retire - no SEAMCALL any more, and nothing of them left in caches
 *
 * CPUs that are offline wrote back when they went there, see play_dead_common().
 *
 * Context: Process context, takes cpus_read_lock().  There is no way back.
 */
void tdx_cache_retire(void)
{
	cpus_read_lock();
	WRITE_ONCE(retired, true);
	on_each_cpu(write_back, NULL, true);
	cpus_read_unlock();
}

/**
 * tdx_cache_retired - was tdx_cache_retire() called?
 *
 * Context: Any.
 * Return: Whether SEAMCALLs are refused.
 */
bool tdx_cache_retired(void)
{
	return READ_ONCE(retired);
}
