// SPDX-License-Identifier: GPL-2.0-only
/* Accesses of the host to memory that it does not own. */

/*
 * A machine check is the worst case for a host that reads a line with another KeyID than the
 * one that the memory was written with.
 */
#include "check/report.h"
#include "cpu/crash.h"
#include "cpu/machine_check.h"
#include "cpu/walk.h"
#include "exit/end.h"
#include "exit/foreign.h"
#include "machine/options.h"
#include "machine/platform.h"
#include "memory/host_map.h"
#include "memory/owner.h"
#include "memory/td_page.h"

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
	machine_check_record(vcpu, gpa, MCG_EIPV);
	vcpu_inject(vcpu, VECTOR_MC);
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
