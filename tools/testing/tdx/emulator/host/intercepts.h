/* SPDX-License-Identifier: GPL-2.0-only */
/* Intercepts of the host's Linux. */
#ifndef _TDX_EMU_INTERCEPTS_H
#define _TDX_EMU_INTERCEPTS_H

#include "cpu/vcpu.h"

/**
 * host_init_permissions() - intercept all MSRs and no ports
 *
 * Before the following two, by the boot CPU alone.  All CPUs have the same permissions.
 */
void host_init_permissions(void);

/**
 * host_pass_msr() - let the host read and write an MSR of QEMU's CPU
 * @msr:	its number: below 0x2000, or 0xc0000000 and up to 0x1fff more
 */
void host_pass_msr(u32 msr);

/**
 * host_trap_port() - intercept the host's accesses to an I/O port
 * @port:	its number
 */
void host_trap_port(u16 port);

/**
 * host_intercept() - arm the intercepts of a vCPU of the host, and its nested page table
 * @vcpu:	was reset, and has its nested page table
 */
void host_intercept(struct vcpu *vcpu);

#endif /* _TDX_EMU_INTERCEPTS_H */
