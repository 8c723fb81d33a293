// SPDX-License-Identifier: GPL-2.0-only
/* Linux's boot protocol: placement of kernel and initrd, and boot parameters. */
#include <linux/string.h>

#include "host/linux_boot.h"
#include "lib/log.h"
#include "lib/text.h"

/* Unused low memory; Linux copies the parameters when it starts. */
#define BOOT_PARAMS		0x90000ULL
#define BOOT_COMMAND_LINE	0x91000ULL
#define BOOT_GDT		0x92000ULL
#define BOOT_SETUP_DATA		0x93000ULL

#define SETUP_HEADER		0x1f1
#define SETUP_HEADER_END	0x201	/* a byte: length of the header after 0x202 */
#define SETUP_MAGIC		0x53726448	/* HdrS */
#define SETUP_VERSION_MIN	0x20c	/* the first with init_size and xloadflags */
#define SECTOR			512
#define LOADER_UNDEFINED	0xff
#define E820_MAX		128
#define SETUP_DATA_E820_EXT	1

#define SELECTOR_BOOT_CODE	0x10
#define SELECTOR_BOOT_DATA	0x18

struct setup_header {
	u8 setup_sects;
	u8 unused1[0x202 - 0x1f2];
	u32 magic;
	u16 version;
	u8 unused2[0x210 - 0x208];
	u8 type_of_loader;
	u8 loadflags;
	u16 unused3;
	u32 code32_start;
	u32 ramdisk_image;
	u32 ramdisk_size;
	u8 unused4[0x228 - 0x220];
	u32 cmd_line_ptr;
	u32 initrd_addr_max;
	u8 unused5[0x238 - 0x230];
	u32 cmdline_size;
	u8 unused6[0x250 - 0x23c];
	u64 setup_data;
	u64 pref_address;
	u32 init_size;
} __packed;
static_assert(offsetof(struct setup_header, magic) == 0x202 - SETUP_HEADER);
static_assert(offsetof(struct setup_header, type_of_loader) == 0x210 - SETUP_HEADER);
static_assert(offsetof(struct setup_header, cmd_line_ptr) == 0x228 - SETUP_HEADER);
static_assert(offsetof(struct setup_header, cmdline_size) == 0x238 - SETUP_HEADER);
static_assert(offsetof(struct setup_header, setup_data) == 0x250 - SETUP_HEADER);
static_assert(offsetof(struct setup_header, pref_address) == 0x258 - SETUP_HEADER);

struct boot_params {
	u8 unused0[6];
	u8 video_mode;
	u8 video_columns;
	u8 unused1[0x0e - 0x08];
	u8 video_lines;
	u8 video_is_vga;
	u16 video_points;
	u8 unused2[0x1e8 - 0x012];
	u8 e820_entries;
	u8 unused3[SETUP_HEADER - 0x1e9];
	u8 header[0x290 - SETUP_HEADER];
	u8 unused4[0x2d0 - 0x290];
	struct mem_range e820[E820_MAX];
	u8 unused5[0x1000 - 0x2d0 - E820_MAX * sizeof(struct mem_range)];
} __packed;
static_assert(offsetof(struct boot_params, e820_entries) == 0x1e8);
static_assert(offsetof(struct boot_params, e820) == 0x2d0);
static_assert(sizeof(struct boot_params) == 4096);

/* Entries of the memory map that do not fit into boot_params. */
struct setup_data {
	u64 next;
	u32 type;
	u32 length;
	struct mem_range e820[MEMMAP_MAX - E820_MAX];
} __packed;
static_assert(sizeof(struct setup_data) <= 4096);

/* Sources and destinations of the parts of the image. */
struct plan {
	u64 kernel_from, kernel_to, kernel_bytes, kernel_room;
	u64 initrd_from, initrd_to, initrd_bytes;
};

static bool overlap(u64 a, u64 a_bytes, u64 b, u64 b_bytes)
{
	return a < b + b_bytes && b < a + a_bytes;
}

static const struct setup_header *setup_header(const struct boot_module *kernel)
{
	const struct setup_header *h = phys(kernel->base + SETUP_HEADER);

	if (kernel->size < SETUP_HEADER + sizeof(*h) || h->magic != SETUP_MAGIC)
		fail(EXIT_NO_BOOT, "the first file of qemu's -initrd is not a Linux bzImage");
	if (h->version < SETUP_VERSION_MIN)
		fail(EXIT_NO_BOOT, "the kernel's boot protocol 0x%x is older than 0x%x", h->version,
		     SETUP_VERSION_MIN);
	return h;
}

static void make_plan(const struct boot_info *boot, const struct memmap *map, struct plan *p)
{
	const struct setup_header *h = setup_header(&boot->kernel);
	u64 setup_bytes = ((h->setup_sects ?: 4) + 1) * SECTOR;

	p->kernel_from = boot->kernel.base + setup_bytes;
	p->kernel_bytes = boot->kernel.size - setup_bytes;
	p->kernel_to = h->pref_address;
	p->kernel_room = h->init_size;
	if (!memmap_is_ram(map, p->kernel_to, p->kernel_room))
		fail(EXIT_NO_BOOT, "the kernel needs RAM at 0x%llx to 0x%llx: raise qemu's -m",
		     p->kernel_to, p->kernel_to + p->kernel_room);

	p->initrd_from = boot->initrd.base;
	p->initrd_bytes = boot->initrd.size;
	if (!p->initrd_bytes)
		return;
	p->initrd_to = memmap_find_top(map, p->initrd_bytes, PAGE_SIZE, h->initrd_addr_max);
	/*
	 * The initrd is moved first: it must not overlap the kernel's source
	 * and destination.
	 */
	if (!p->initrd_to ||
	    overlap(p->initrd_to, p->initrd_bytes, p->kernel_to, p->kernel_room) ||
	    overlap(p->initrd_to, p->initrd_bytes, boot->kernel.base, boot->kernel.size))
		fail(EXIT_NO_BOOT, "no room for an initrd of %llu bytes: raise qemu's -m",
		     p->initrd_bytes);
}

static void fill_memory_map(struct boot_params *params, const struct memmap *map)
{
	struct setup_header *h = (struct setup_header *)params->header;
	unsigned int i, here = map->nr < E820_MAX ? map->nr : E820_MAX;
	struct setup_data *more = phys(BOOT_SETUP_DATA);

	for (i = 0; i < here; i++)
		params->e820[i] = map->ranges[i];
	params->e820_entries = here;
	if (map->nr == here)
		return;
	*more = (struct setup_data){
		.type = SETUP_DATA_E820_EXT,
		.length = (map->nr - here) * sizeof(struct mem_range),
	};
	for (i = here; i < map->nr; i++)
		more->e820[i - here] = map->ranges[i];
	h->setup_data = BOOT_SETUP_DATA;
}

static void fill_boot_params(const struct boot_info *boot, const struct memmap *map,
			     const struct plan *plan)
{
	const struct setup_header *from = setup_header(&boot->kernel);
	u64 header_bytes = 0x202 + *(u8 *)phys(boot->kernel.base + SETUP_HEADER_END) - SETUP_HEADER;
	struct boot_params *params = phys(BOOT_PARAMS);
	struct setup_header *h = (struct setup_header *)params->header;

	memset(params, 0, sizeof(*params));
	if (header_bytes > sizeof(params->header))
		header_bytes = sizeof(params->header);
	memcpy(h, from, header_bytes);
	h->type_of_loader = LOADER_UNDEFINED;
	h->code32_start = plan->kernel_to;
	h->ramdisk_image = plan->initrd_to;
	h->ramdisk_size = plan->initrd_bytes;
	h->cmd_line_ptr = BOOT_COMMAND_LINE;
	params->video_mode = 3;
	params->video_columns = 80;
	params->video_lines = 25;
	params->video_points = 16;
	params->video_is_vga = 1;
	fill_memory_map(params, map);
	if (text_length(boot->kernel.arguments) > h->cmdline_size)
		fail(EXIT_NO_BOOT, "the kernel takes a command line of %u bytes only",
		     h->cmdline_size);
	memcpy(phys(BOOT_COMMAND_LINE), boot->kernel.arguments,
	       text_length(boot->kernel.arguments) + 1);
}

static void set_entry_state(struct vcpu *bsp, u64 entry)
{
	static const u64 gdt[] = { 0, 0, 0x00cf9b000000ffffULL, 0x00cf93000000ffffULL };
	struct vmcb *v = &bsp->vmcb;

	memcpy(phys(BOOT_GDT), gdt, sizeof(gdt));
	v->gdtr = (struct vmcb_segment){ 0, 0, sizeof(gdt) - 1, BOOT_GDT };
	v->cs = (struct vmcb_segment){ SELECTOR_BOOT_CODE, 0xc9b, 0xffffffff, 0 };
	v->ds = (struct vmcb_segment){ SELECTOR_BOOT_DATA, 0xc93, 0xffffffff, 0 };
	v->es = v->ds;
	v->ss = v->ds;
	v->cr0 = X86_CR0_PE | X86_CR0_ET;
	v->rip = entry;
	bsp->gpr[RSI] = BOOT_PARAMS;
}

void linux_boot(const struct boot_info *boot, const struct memmap *linux_map, struct vcpu *bsp)
{
	struct plan plan = { 0 };

	if (!boot->nr_modules)
		fail(EXIT_NO_BOOT,
		     "no kernel: give qemu -initrd \"bzImage COMMAND LINE,INITRD\"");
	make_plan(boot, linux_map, &plan);
	fill_boot_params(boot, linux_map, &plan);
	if (plan.initrd_bytes)
		memmove(phys(plan.initrd_to), phys(plan.initrd_from), plan.initrd_bytes);
	memmove(phys(plan.kernel_to), phys(plan.kernel_from), plan.kernel_bytes);
	set_entry_state(bsp, plan.kernel_to);
}
