/* SPDX-License-Identifier: GPL-2.0-only */
/* Intercepts of the host's Linux. */
#ifndef _TDX_EMU_INTERCEPTS_H
#define _TDX_EMU_INTERCEPTS_H

#include "cpu/vcpu.h"

/**
 * host_init_permissions() - intercept all MSRs and no ports
 *
 * Called by the boot CPU before the following two functions.  All CPUs share the
 * permissions.
 */
void host_init_permissions(void);

/**
 * host_pass_msr() - let the host read and write an MSR of QEMU's CPU
 * @msr:	number, below 0x2000 or from 0xc0000000 to 0xc0001fff
 */
void host_pass_msr(u32 msr);

/**
 * host_trap_port() - intercept the host's accesses to an I/O port
 * @port:	number of the port
 */
void host_trap_port(u16 port);

/**
 * host_trapped_ports() - get the ports that are intercepted for the host
 *
 * Return: a bitmap of them, IO_BITMAP_BYTES long.
 */
const u8 *host_trapped_ports(void);

#define IO_BITMAP_BYTES		8192

/**
 * host_intercept() - set the intercepts of a vCPU of the host, and its nested page table
 * @vcpu:	vCPU, after its reset and with its nested page table
 */
void host_intercept(struct vcpu *vcpu);

#endif /* _TDX_EMU_INTERCEPTS_H */
