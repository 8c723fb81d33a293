// SPDX-License-Identifier: GPL-2.0-only
/* Machine checks in memory of a TD, by the option mce=. */

/*
 * That of the guest is signaled as SMI, by which the guest is left (MSMI).  The handler of the
 * BIOS returns to the module; the host takes the exception behind its SEAMCALL, with SEAM_NR.
 * That of a VM entry is its exit: the host gets no exception.
 */
#include "cpu/machine_check.h"
#include "lib/log.h"
#include "machine/platform.h"
#include "td/td_mce.h"

#define SMI_IS_MSMI		BIT_ULL(0)

/* A CPU that has not ended the handling of one machine check shuts down at the next. */
static bool takes_exception(const struct vcpu *host)
{
	return host->vmcb.cr4 & X86_CR4_MCE && !(native_rdmsr(MSR_MCG_STATUS) & MCG_MCIP);
}

static void guest_exit(struct vcpu *host, u64 pa, u64 mcg_status, struct tdx_model_exit *exit)
{
	*exit = (struct tdx_model_exit){
		.reason = TDX_MODEL_EXIT_SMI, .qualification = SMI_IS_MSMI,
	};
	if (!takes_exception(host)) {
		host->shut_down = true;
		return;
	}
	machine_check_record(host, pa, MCG_SEAM_NR | mcg_status);
	vcpu_inject(host, VECTOR_MC);
}

static void entry_exit(struct vcpu *host, u64 pa, struct tdx_model_exit *exit)
{
	*exit = (struct tdx_model_exit){
		.reason = TDX_MODEL_EXIT_MACHINE_CHECK | TDX_MODEL_EXIT_ENTRY_FAILURE,
	};
	machine_check_record(host, pa, MCG_RIPV | MCG_EIPV);
}

static void take(struct vcpu *host, enum mce_by by, u64 pa, struct tdx_model_exit *exit)
{
	switch (by) {
	case MCE_OF_GUEST:
		guest_exit(host, pa, MCG_RIPV | MCG_EIPV, exit);
		return;
	case MCE_INEXACT:
		guest_exit(host, pa, MCG_RIPV, exit);
		return;
	case MCE_OF_ENTRY:
		entry_exit(host, pa, exit);
		return;
	}
}

bool td_mce_strikes(struct cpu *cpu, const struct tdx_model_run *run,
		    const struct tdx_model_translation *to, struct tdx_model_exit *exit)
{
	const struct mce_option *mce = options.mces;
	static u64 reached;
	u64 number, i;

	if (!options.nr_mces || to->keyid != run->hkid)
		return false;
	number = __atomic_add_fetch(&reached, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < options.nr_mces && mce->page != number; i++)
		mce++;
	if (i == options.nr_mces)
		return false;
	log_line("[cpu %u] machine check at 0x%llx, KeyID %u", cpu->index, to->hpa, to->keyid);
	take(&cpu->host, mce->by, to->hpa | to->keyid * platform.phys_limit, exit);
	return true;
}
