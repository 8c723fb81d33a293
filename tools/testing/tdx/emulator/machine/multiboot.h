/* SPDX-License-Identifier: GPL-2.0-only */
/* Information from QEMU's multiboot loader: command line, memory map, two modules. */
#ifndef _TDX_EMU_MULTIBOOT_H
#define _TDX_EMU_MULTIBOOT_H

#include "machine/memmap.h"

#define COMMAND_LINE_MAX	2048

struct boot_module {
	u64 base, size;
	char arguments[COMMAND_LINE_MAX];	/* after the file's name */
};

struct boot_info {
	char options[COMMAND_LINE_MAX];		/* of the emulator */
	struct memmap memmap;
	unsigned int nr_modules;
	struct boot_module kernel, initrd;
};

/* Copy the information out of the loader's memory, which can be reused then. */
void multiboot_read(u32 magic, u64 info_pa, struct boot_info *boot);

#endif /* _TDX_EMU_MULTIBOOT_H */
