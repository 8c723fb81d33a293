// SPDX-License-Identifier: GPL-2.0-only
/* Information from QEMU's multiboot loader. */
#include <linux/string.h>

#include "lib/log.h"
#include "lib/text.h"
#include "machine/multiboot.h"

#define MULTIBOOT_BOOTED	0x2badb002
#define MULTIBOOT_HAS_CMDLINE	BIT_ULL(2)
#define MULTIBOOT_HAS_MODULES	BIT_ULL(3)
#define MULTIBOOT_HAS_MEMMAP	BIT_ULL(6)

struct multiboot_info {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4];
	u32 mmap_length, mmap_addr;
};

struct multiboot_module {
	u32 start, end, string, reserved;
};

struct multiboot_range {
	u32 size;	/* of the rest of the entry */
	u64 base, length;
	u32 type;
} __packed;

/* QEMU's string begins with the name of the file. */
static void copy_arguments(char *to, u32 string_pa)
{
	const char *from = phys(string_pa);
	u64 length;

	while (*from && *from != ' ')
		from++;
	while (*from == ' ')
		from++;
	length = text_length(from);
	if (length >= COMMAND_LINE_MAX)
		fail(EXIT_BAD_OPTION, "a command line has %llu bytes, at most %u are possible",
		     length, COMMAND_LINE_MAX - 1);
	memcpy(to, from, length + 1);
}

static void read_memmap(const struct multiboot_info *info, struct memmap *map)
{
	u64 at = info->mmap_addr, end = at + info->mmap_length;
	const struct multiboot_range *r;

	if (!(info->flags & MULTIBOOT_HAS_MEMMAP))
		fail(EXIT_NO_BOOT, "the boot loader gave no memory map");
	for (; at < end; at += r->size + sizeof(r->size)) {
		r = phys(at);
		memmap_add(map, r->base, r->length, r->type);
	}
}

static void read_module(const struct multiboot_info *info, unsigned int i, struct boot_module *m)
{
	const struct multiboot_module *from = phys(info->mods_addr + i * sizeof(*from));

	m->base = from->start;
	m->size = from->end - from->start;
	copy_arguments(m->arguments, from->string);
}

void multiboot_read(u32 magic, u64 info_pa, struct boot_info *boot)
{
	const struct multiboot_info *info = phys(info_pa);

	if (magic != MULTIBOOT_BOOTED)
		fail(EXIT_NO_BOOT, "not started by a multiboot loader: use qemu's -kernel");
	if (info->flags & MULTIBOOT_HAS_CMDLINE)
		copy_arguments(boot->options, info->cmdline);
	read_memmap(info, &boot->memmap);
	if (!(info->flags & MULTIBOOT_HAS_MODULES))
		return;
	boot->nr_modules = info->mods_count;
	if (boot->nr_modules >= 1)
		read_module(info, 0, &boot->kernel);
	if (boot->nr_modules >= 2)
		read_module(info, 1, &boot->initrd);
}
