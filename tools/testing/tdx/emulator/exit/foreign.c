// SPDX-License-Identifier: GPL-2.0-only
/* Accesses of the host to memory that it does not own. */

/*
 * The machine check is that of a load that consumed poison (SDM vol. 3,
 * "Machine-Check Error Codes", data load).  This is the worst case for a host
 * that reads a line with another KeyID than the one that the memory was written
 * with.
 */
#include "check/report.h"
#include "cpu/crash.h"
#include "cpu/walk.h"
#include "exit/end.h"
#include "exit/foreign.h"
#include "machine/options.h"
#include "machine/platform.h"
#include "memory/host_map.h"
#include "memory/owner.h"
#include "memory/td_page.h"

#define MSR_MCG_STATUS		0x17a
#define MSR_MC1_STATUS		0x405	/* bank 1: data cache unit */
#define MSR_MC1_ADDR		0x406
#define MSR_MC1_MISC		0x407

#define MCG_EIPV		BIT_ULL(1)
#define MCG_MCIP		BIT_ULL(2)
#define MCG_LMCES		BIT_ULL(3)	/* on this CPU only */
#define MC_DATA_LOAD		0x134
#define MC_ACTION_REQUIRED	BIT_ULL(55)
#define MC_SIGNALED		BIT_ULL(56)
#define MC_ADDR_VALID		BIT_ULL(58)
#define MC_MISC_VALID		BIT_ULL(59)
#define MC_ENABLED		BIT_ULL(60)
#define MC_UNCORRECTED		BIT_ULL(61)
#define MC_VALID		BIT_ULL(63)
#define MISC_PHYSICAL_LINE	(2ULL << 6 | 6)

static const char *whose_memory(u64 pa)
{
	if (owner_is_pamt(pa))
		return "PAMT memory";
	if (pa - platform.seamrr_base < platform.seamrr_size)
		return "the SEAM range";
	if (pa >= platform.phys_limit)
		return "an address with a KeyID";
	return "the emulator's memory";
}

static void machine_check(struct vcpu *vcpu, u64 pa)
{
	native_wrmsr(MSR_MC1_ADDR, pa);
	native_wrmsr(MSR_MC1_MISC, MISC_PHYSICAL_LINE);
	native_wrmsr(MSR_MC1_STATUS, MC_VALID | MC_UNCORRECTED | MC_ENABLED | MC_MISC_VALID |
		     MC_ADDR_VALID | MC_SIGNALED | MC_ACTION_REQUIRED | MC_DATA_LOAD);
	native_wrmsr(MSR_MCG_STATUS, MCG_EIPV | MCG_MCIP |
		     (vcpu->msr_store[STORE_MCG_EXT_CTL] ? MCG_LMCES : 0));
	vcpu_inject(vcpu, VECTOR_MC);
}

bool foreign_is_usable(struct vcpu *vcpu, u64 gpa, bool write)
{
	u64 pa;

	return td_page_reuse(gpa, vcpu->cpu) || npt_reach(vcpu->npt, gpa, write, &pa);
}

void foreign_access(struct vcpu *vcpu, u64 gpa, bool write)
{
	if (!td_page_report_access(vcpu, gpa, write))
		report_violation(vcpu, gpa, write, whose_memory(gpa));
	if (options.foreign == FOREIGN_ONES) {
		host_map_abort_page(gpa);
		return;
	}
	if (!(vcpu->vmcb.cr4 & X86_CR4_MCE))
		end_shutdown("machine check without CR4.MCE");
	machine_check(vcpu, gpa);
}

void foreign_unreached(struct vcpu *vcpu, u64 gpa, bool write)
{
	if (gpa < platform.phys_limit && !phys_reachable(gpa, 1))
		crash_guest(vcpu, "an instruction that is emulated reaches above 512 GB");
	if (foreign_is_usable(vcpu, gpa, write))
		return;
	if (host_map_has(gpa))
		crash_guest(vcpu, "this kind of write to the local APIC is not emulated");
	foreign_access(vcpu, gpa, write);
}
