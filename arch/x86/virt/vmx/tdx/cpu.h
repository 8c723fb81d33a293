/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The steps of the initialization on each CPU, or on one of each package.
 */
#ifndef _X86_VIRT_TDX_CPU_H
#define _X86_VIRT_TDX_CPU_H

#include <linux/types.h>

struct cpumask;
struct tdx_cause;
struct tdx_regs;

int tdx_cpus_check(struct tdx_cause *cause);
int tdx_cpus_check_again(const struct cpumask *done, struct tdx_cause *cause);
int tdx_cpus_init(struct cpumask *done, struct tdx_cause *cause);
int tdx_packages_config_key(struct tdx_cause *cause);
void tdx_cpus_shutdown(void);
u64 tdx_seamcall_on_cpu(unsigned int cpu, u64 leaf, struct tdx_regs *regs);
bool tdx_packages_are_online(void);
u64 tdx_on_each_package(u64 (*call)(unsigned int cpu, void *data), void *data);

#endif /* _X86_VIRT_TDX_CPU_H */
