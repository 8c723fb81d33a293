/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _X86_VIRT_TDX_HOST_H
#define _X86_VIRT_TDX_HOST_H

struct tdx_module;

struct tdx_module *tdx_host_module(void);

#endif /* _X86_VIRT_TDX_HOST_H */
