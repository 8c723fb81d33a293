// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracking the CPUs whose caches may hold lines that the TDX module wrote.
 *
 * Caches are not coherent across KeyIDs: a modified line with a private KeyID
 * that is written back late overwrites data of the next kernel.  So all caches
 * have to be written back before another kernel is started.
 */
#include <linux/compiler.h>
#include <linux/cpu.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/smp.h>

#include <asm/special_insns.h>
#include <asm/tdx_host.h>

#include "cache.h"
#include "error.h"
#include "seamcall.h"

/* This CPU made a SEAMCALL, or is about to, and has not written back since. */
static DEFINE_PER_CPU(bool, may_be_dirty);

/* The machine is going down, or another kernel is being started. */
static bool retired;

/**
 * tdx_cache_may_seamcall - mark this CPU's caches as dirty, before a SEAMCALL
 *
 * The CPU is marked first, because an NMI can stop it for good as soon as the
 * SEAMCALL ends.  Interrupts are disabled from the check of "retired" to the
 * end of the SEAMCALL, so the IPI of tdx_cache_retire() comes either before the
 * check or after the SEAMCALL.
 *
 * Context: Interrupts off until the SEAMCALL was made; not instrumented.
 * Return: Whether it may be made: tdx_cache_retire() was not called.
 */
noinstr bool tdx_cache_may_seamcall(void)
{
	if (READ_ONCE(retired))
		return false;

	raw_cpu_write(may_be_dirty, true);
	return true;
}

/**
 * tdx_cache_seamcall - mark this CPU's caches as dirty and make a SEAMCALL
 * @leaf: RAX
 * @regs: inputs and outputs
 *
 * Context: Any but NMI.  The CPU must be in VMX operation.
 * Return: As __seamcall(), or TDX_SEAMCALL_RETIRED.
 */
u64 tdx_cache_seamcall(u64 leaf, struct tdx_regs *regs)
{
	u64 status = TDX_SEAMCALL_RETIRED;
	unsigned long flags;

	local_irq_save(flags);
	if (tdx_cache_may_seamcall())
		status = __seamcall(leaf, regs);
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

	/* In this order: an NMI in between writes back again. */
	native_wbinvd();
	__this_cpu_write(may_be_dirty, false);
}

static void write_back(void *unused)
{
	tdx_cache_write_back();
}

/**
 * tdx_cache_retire - refuse SEAMCALLs from now on, and write back all caches
 *
 * CPUs that are offline wrote back their caches in play_dead_common().
 *
 * Context: Process context, takes cpus_read_lock().  Cannot be undone.
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
