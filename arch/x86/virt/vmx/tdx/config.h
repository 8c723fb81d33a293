/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SEAMCALLs that initialize and configure the module as a whole.
 */
#ifndef _X86_VIRT_TDX_CONFIG_H
#define _X86_VIRT_TDX_CONFIG_H

#include <linux/types.h>

struct tdmr_layout;
struct tdx_cause;

int tdx_sys_init(struct tdx_cause *cause);
int tdx_sys_config(const struct tdmr_layout *layout, u32 global_keyid, struct tdx_cause *cause);

#endif /* _X86_VIRT_TDX_CONFIG_H */
