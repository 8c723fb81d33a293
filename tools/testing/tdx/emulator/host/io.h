/* SPDX-License-Identifier: GPL-2.0-only */
/* The ports by which a machine is turned off or reset, and the emulator asked for a dump. */
#ifndef _TDX_EMU_IO_H
#define _TDX_EMU_IO_H

#include "cpu/vcpu.h"

/* A write of any byte to this port asks for a dump. */
#define PORT_DUMP	0xeb

/* Intercept them.  @pm1a_control: the port from the FADT, 0 if there is none. */
void io_init(u16 pm1a_control);

/*
 * The guest accessed an intercepted port.  @on_end is called before the access
 * that ends the run goes through, @on_dump instead of a write to PORT_DUMP.
 */
void io_exit(struct vcpu *vcpu, void (*on_end)(const char *how), void (*on_dump)(void));

#endif /* _TDX_EMU_IO_H */
