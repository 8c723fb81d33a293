/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUID virtualization in the software TDX module.
 */
#ifndef _X86_VIRT_TDX_MODEL_TD_CPUID_H
#define _X86_VIRT_TDX_MODEL_TD_CPUID_H

#include "cpuid_entries.h"
#include "internal.h"

#define TDX_MODEL_NR_CPUID_CONFIGS	12

/* Leaf 1, EAX: reserved bits of family, model and stepping */
#define FMS_RESERVED			0xf000c000U

#define CPUID_1_ECX_MONITOR		BIT(3)
#define CPUID_7_EBX_RTM			BIT(11)

void tdx_model_record_cpuid(struct tdx_model *m);
u64 tdx_model_tsc_hz(const struct tdx_model *m);
u64 tdx_model_xfam_fixed0(const struct tdx_model *m);
unsigned int tdx_model_cpuid_config(unsigned int slot);
struct tdx_cpuid_config tdx_model_configurable_cpuid(const struct tdx_model *m, unsigned int slot,
						     bool allowed);
u64 tdx_model_configure_cpuid(struct tdx_model *m, struct tdx_model_tdcs *tdcs,
			      const struct tdx_td_params *params, u64 *which);
u32 tdx_model_xsave_bytes(const struct tdx_model *m, u64 xfeatures);
u32 tdx_model_compacted_bytes(const struct tdx_model *m, u64 xfeatures);
void tdx_model_lay_out_xbuff(const struct tdx_model *m, struct tdx_model_tdcs *tdcs);

#endif /* _X86_VIRT_TDX_MODEL_TD_CPUID_H */
