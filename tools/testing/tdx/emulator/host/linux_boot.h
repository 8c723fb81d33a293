/* SPDX-License-Identifier: GPL-2.0-only */
/* Linux's x86 boot protocol, 32-bit entry (Documentation/x86/boot.rst). */
#ifndef _TDX_EMU_LINUX_BOOT_H
#define _TDX_EMU_LINUX_BOOT_H

#include "cpu/cpu.h"
#include "machine/multiboot.h"

/*
 * Move kernel and initrd to their destinations, fill the boot parameters, and
 * set @bsp's guest to the kernel's entry.  Ends the run if they do not fit.
 */
void linux_boot(const struct boot_info *boot, const struct memmap *linux_map, struct vcpu *bsp);

#endif /* _TDX_EMU_LINUX_BOOT_H */
