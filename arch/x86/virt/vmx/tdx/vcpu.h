/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPUs of TDs.
 */
#ifndef _X86_VIRT_TDX_VCPU_H
#define _X86_VIRT_TDX_VCPU_H

struct tdx_td_limits;

void tdx_vcpu_setup(const struct tdx_td_limits *limits);

#endif /* _X86_VIRT_TDX_VCPU_H */
