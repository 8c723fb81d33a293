/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports that turn the machine off, reset it, or request a dump. */
#ifndef _TDX_EMU_IO_H
#define _TDX_EMU_IO_H

#include "cpu/vcpu.h"

/* A write of any byte to this port requests a dump. */
#define PORT_DUMP	0xeb

/* The kind of end that is not a reset. */
#define IO_POWER_OFF	"power off"

/*
 * Intercept the ports.  @pm1a_control is the port from the FADT, 0 if there is
 * none.
 */
void io_init(u16 pm1a_control);

/*
 * Handle an access to an intercepted port.  @on_end is called before an access
 * that ends the run, @on_dump instead of a write to PORT_DUMP.
 */
void io_exit(struct vcpu *vcpu, void (*on_end)(const char *how), void (*on_dump)(void));

#endif /* _TDX_EMU_IO_H */
