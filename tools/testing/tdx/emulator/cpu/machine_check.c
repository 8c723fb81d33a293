// SPDX-License-Identifier: GPL-2.0-only
/* The machine check of a load that consumed poison. */

/* SDM vol. 3, "Machine-Check Error Codes", data load */
#include "cpu/machine_check.h"

#define MSR_MC1_STATUS		0x405	/* bank 1: data cache unit */
#define MSR_MC1_ADDR		0x406
#define MSR_MC1_MISC		0x407

#define MC_DATA_LOAD		0x134
#define MC_ACTION_REQUIRED	BIT_ULL(55)
#define MC_SIGNALED		BIT_ULL(56)
#define MC_ADDR_VALID		BIT_ULL(58)
#define MC_MISC_VALID		BIT_ULL(59)
#define MC_ENABLED		BIT_ULL(60)
#define MC_UNCORRECTED		BIT_ULL(61)
#define MC_VALID		BIT_ULL(63)
#define MISC_PHYSICAL_LINE	(2ULL << 6 | 6)

void machine_check_record(const struct vcpu *host, u64 pa, u64 mcg_status)
{
	native_wrmsr(MSR_MC1_ADDR, pa);
	native_wrmsr(MSR_MC1_MISC, MISC_PHYSICAL_LINE);
	native_wrmsr(MSR_MC1_STATUS, MC_VALID | MC_UNCORRECTED | MC_ENABLED | MC_MISC_VALID |
		     MC_ADDR_VALID | MC_SIGNALED | MC_ACTION_REQUIRED | MC_DATA_LOAD);
	native_wrmsr(MSR_MCG_STATUS, mcg_status | MCG_MCIP |
		     (host->msr_store[STORE_MCG_EXT_CTL] ? MCG_LMCES : 0));
}
