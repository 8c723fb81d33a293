// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDH.VP.ENTER: running a vCPU of a TD until its next exit.
 *
 * It is not made like other SEAMCALLs, which may be retried, traced or redirected: between
 * guest_state_enter_irqoff() and guest_state_exit_irqoff() no code may be instrumented.
 */
#include <linux/compiler.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/linkage.h>
#include <linux/mm.h>
#include <linux/percpu.h>

#include <asm/tdx_td.h>

#include "abi.h"
#include "cache.h"
#include "seamcall.h"
#include "stats.h"

static_assert(TDH_VP_ENTER == 0);

asmlinkage u64 __tdx_vp_enter(u64 tdvpr, const u64 *in, u64 *out);

/**
 * tdh_vp_enter - run a vCPU until its next exit
 * @vp:	 of a TD with NO_RBP_MOD that was finalized
 * @in:	 the answer to the last TDG.VP.VMCALL, for the registers in its mask; after other exits
 *	 it is ignored
 * @out: registers after the exit
 *
 * Both are 16 general purpose registers, by their numbers in instructions, which are those in
 * the register mask of TDG.VP.VMCALL and __VCPU_REGS_*.  RAX, RSP, RBP and in @in RCX are not
 * used.
 *
 * If an exit reason is returned, @out tells about it, as in the tables of TDH.VP.ENTER;
 * else the guest did not run, and gets the answer at the next entry.  The exception is the
 * module's defence against single-stepping, which may refuse an entry with the reason EPT
 * violation: the caller has to keep the answer until there is another TDG.VP.VMCALL.
 *
 * The module leaves part of the CPU's state with fixed values or those of the guest; the
 * caller restores it: XCR0, IA32_XSS, PKRU and all extended state, DR0 to DR3, DR6, DR7,
 * DEBUGCTL, the MSRs of SYSCALL, KERNEL_GS_BASE and TSC_AUX.  CR2 is lost.  An external
 * interrupt that causes an exit was acknowledged, and its handler has to be called.
 *
 * TDX Module ABI specification, TDH.VP.ENTER.
 *
 * The completion status is not retried.  Its details are an exit reason if the code is
 * TDX_SUCCESS or one of TDX_NON_RECOVERABLE_*.
 *
 * Context: Interrupts off, with the vCPU loaded; must not be instrumented.  Locks @vp and
 *	    its TD shared until the exit.
 * Return:
 * * TDX_OPERAND_BUSY	      - a lock, like that of the epoch during TDH.MEM.TRACK
 * * TDX_VCPU_STATE_INCORRECT - it was disabled by a triple fault
 * * TDX_TD_FATAL	      - the TD cannot run any more
 * * others		      - TDX_SUCCESS, or another status
 */
noinstr u64 tdh_vp_enter(struct tdx_vp *vp, const u64 *in, u64 *out)
{
	if (!tdx_cache_may_seamcall())
		return TDX_SEAMCALL_RETIRED;

	this_cpu_inc(tdx_nr_seamcalls[TDH_VP_ENTER]);
	vp->associated = true;
	return __tdx_vp_enter(page_to_phys(vp->tdvpr), in, out);
}
EXPORT_SYMBOL_GPL(tdh_vp_enter);
