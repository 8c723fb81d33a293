/* SPDX-License-Identifier: GPL-2.0-only */
/* From the reason of an exit to who answers it. */
#ifndef _TDX_EMU_EXIT_H
#define _TDX_EMU_EXIT_H

#include "cpu/cpu.h"

/* Run the guest of the calling CPU for good. */
void __noreturn exit_loop(struct cpu *cpu);

#endif /* _TDX_EMU_EXIT_H */
