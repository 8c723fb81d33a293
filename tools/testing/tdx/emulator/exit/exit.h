/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch of exits, by their reason. */
#ifndef _TDX_EMU_EXIT_H
#define _TDX_EMU_EXIT_H

#include "cpu/cpu.h"

/* Run the guest of the calling CPU; does not return. */
void __noreturn exit_loop(struct cpu *cpu);

#endif /* _TDX_EMU_EXIT_H */
