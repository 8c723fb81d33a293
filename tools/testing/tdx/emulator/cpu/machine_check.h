/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine check of a load that consumed poison. */
#ifndef _TDX_EMU_MACHINE_CHECK_H
#define _TDX_EMU_MACHINE_CHECK_H

#include "cpu/vcpu.h"

/* IA32_MCG_STATUS */
#define MSR_MCG_STATUS		0x17a
#define MCG_RIPV		BIT_ULL(0)
#define MCG_EIPV		BIT_ULL(1)
#define MCG_MCIP		BIT_ULL(2)
#define MCG_LMCES		BIT_ULL(3)	/* on this CPU only */
#define MCG_SEAM_NR		BIT_ULL(12)	/* in SEAM non-root operation */

/**
 * machine_check_record() - write the MSRs that describe a machine check
 * @host:	the host's vCPU on the calling CPU
 * @pa:		address that was read, with its KeyID
 * @mcg_status:	bits of IA32_MCG_STATUS besides MCIP and LMCES
 */
void machine_check_record(const struct vcpu *host, u64 pa, u64 mcg_status);

#endif /* _TDX_EMU_MACHINE_CHECK_H */
