// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linux, loaded as its 64-bit boot protocol describes (Documentation/x86/boot.rst).
 *
 * All that the guest begins with is in the TD's initial memory, and measured: the stub, the
 * kernel, the initrd, the command line, and the tables of ACPI.
 */
#define _GNU_SOURCE
#include <asm/bootparam.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm.h"

#define SETUP_HEADER		0x1f1
#define SETUP_HEADER_END	0x201	/* one byte: its offset from 0x202 */
#define HDRS			0x53726448
#define ENTRY_64		0x200
#define LOADER_UNDEFINED	0xff
#define SECTOR			512

#define LOW_MEMORY_END		0xa0000
#define HIGH_MEMORY		0x100000

#define E820_RAM		1
#define E820_RESERVED		2
#define E820_ACPI		3
#define E820_NVS		4

struct file {
	uint8_t *data;
	uint64_t size;
};

static struct file read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct file file;
	struct stat st;
	uint64_t done;
	ssize_t ret;

	if (fd < 0 || fstat(fd, &st))
		die("%s", path);
	file.size = st.st_size;
	file.data = allocate(file.size + 1);
	for (done = 0; done < file.size; done += ret) {
		ret = read(fd, file.data + done, file.size - done);
		if (ret <= 0)
			die("%s", path);
	}
	close(fd);
	return file;
}

/* The part for real mode; the kernel's code follows. */
static uint64_t setup_size(const struct setup_header *header)
{
	return ((header->setup_sects ?: 4) + 1) * SECTOR;
}

static const struct setup_header *setup_header(const struct file *file, const char *path)
{
	const struct setup_header *header = (const void *)(file->data + SETUP_HEADER);

	errno = 0;
	if (file->size < 2 * SECTOR || header->header != HDRS || header->version < 0x20c ||
	    !(header->xloadflags & XLF_KERNEL_64) || file->size <= setup_size(header))
		die("%s is not a bzImage with a 64-bit entry", path);
	return header;
}

static void add_e820(struct boot_params *params, uint64_t start, uint64_t end, uint32_t type)
{
	params->e820_table[params->e820_entries++] = (struct boot_e820_entry) {
		.addr = start,
		.size = end - start,
		.type = type,
	};
}

/* @low_end: of the memory below 4 GB */
static void fill_e820(struct boot_params *params, uint64_t low_end, uint64_t memory)
{
	uint64_t acpi = low_end - ACPI_SIZE, mailbox = acpi + MAILBOX_OFFSET;

	add_e820(params, 0, LOW_MEMORY_END, E820_RAM);
	add_e820(params, LOW_MEMORY_END, HIGH_MEMORY, E820_RESERVED);
	add_e820(params, HIGH_MEMORY, acpi, E820_RAM);
	add_e820(params, acpi, mailbox, E820_ACPI);
	add_e820(params, mailbox, low_end, E820_NVS);
	add_e820(params, STUB_GPA, STUB_GPA + (uint64_t)STUB_SIZE, E820_RESERVED);
	if (memory > low_end)
		add_e820(params, RAM_HIGH, RAM_HIGH + memory - low_end, E820_RAM);
}

static void add_cmdline(struct td *td, const char *append, const struct setup_header *header)
{
	size_t size = strlen(append) + 1;
	char *cmdline;

	errno = 0;
	if (size > header->cmdline_size || size > PAGE_SIZE)
		die("the command line is too long");
	cmdline = allocate(PAGE_SIZE);
	memcpy(cmdline, append, size);
	memory_plan_region(td, CMDLINE_GPA, cmdline, PAGE_SIZE);
}

static void add_boot_params(struct td *td, const struct options *options,
			    const struct file *kernel, uint64_t initrd_gpa, uint64_t initrd_size,
			    uint64_t low_end)
{
	struct boot_params *params = allocate(PAGE_SIZE);
	size_t size = 0x202 + kernel->data[SETUP_HEADER_END] - SETUP_HEADER;

	if (size > sizeof(params->hdr))
		size = sizeof(params->hdr);
	memcpy(&params->hdr, kernel->data + SETUP_HEADER, size);
	params->hdr.type_of_loader = LOADER_UNDEFINED;
	params->hdr.cmd_line_ptr = CMDLINE_GPA;
	params->hdr.ramdisk_image = initrd_gpa;
	params->hdr.ramdisk_size = initrd_size;
	params->hdr.setup_data = 0;
	params->acpi_rsdp_addr = low_end - ACPI_SIZE;
	fill_e820(params, low_end, options->memory);
	memory_plan_region(td, BOOT_PARAMS_GPA, params, PAGE_SIZE);
	add_cmdline(td, options->append, &params->hdr);
}

static void add_kernel(struct td *td, const struct file *file, const struct setup_header *header)
{
	uint64_t setup = setup_size(header);
	uint8_t *code = allocate(file->size - setup);

	memcpy(code, file->data + setup, file->size - setup);
	memory_plan_region(td, header->pref_address, code, file->size - setup);
}

static void add_acpi(struct td *td, uint64_t gpa)
{
	uint8_t *tables = allocate(ACPI_SIZE);

	acpi_fill(td, tables, gpa);
	/* The mailbox is the last page. */
	memory_plan_region(td, gpa, tables, ACPI_SIZE);
}

/* Sorts the regions of a slot: what is between them has to be accepted. */
static const struct region *next_region(const struct td *td, uint64_t gpa, uint64_t end)
{
	const struct region *region, *next = NULL;

	for (region = td->regions; region < td->regions + td->nr_regions; region++)
		if (region->gpa >= gpa && region->gpa < end && (!next || region->gpa < next->gpa))
			next = region;
	return next;
}

static void add_range(struct stub_params *params, uint64_t start, uint64_t end)
{
	if (start < end)
		params->ranges[params->nr_ranges++] = (struct stub_range) { start, end };
}

static void add_ranges(struct stub_params *params, const struct td *td, const struct slot *slot)
{
	uint64_t gpa = slot->gpa, end = slot->gpa + slot->size;
	const struct region *region;

	while ((region = next_region(td, gpa, end))) {
		add_range(params, gpa, region->gpa);
		gpa = region->gpa + region->size;
	}
	add_range(params, gpa, end);
}

/* After all other regions. */
static void add_stub(struct td *td, uint64_t entry, uint64_t mailbox)
{
	uint8_t *image = allocate(STUB_SIZE);
	struct stub_params *params = (void *)(image + STUB_PARAMS_GPA - STUB_GPA);
	unsigned int i;

	memcpy(image, stub_image, STUB_SIZE);
	params->entry = entry;
	params->boot_params = BOOT_PARAMS_GPA;
	params->mailbox = mailbox;
	params->report = td->nonce ? STUB_REPORT_GPA | BIT(td->width - 1) : 0;
	for (i = 0; i < td->nr_slots; i++)
		if (td->slots[i].gpa != STUB_GPA && !td->slots[i].always_shared)
			add_ranges(params, td, &td->slots[i]);
	memory_plan_region(td, STUB_GPA, image, STUB_SIZE);
}

/* Below the end of memory, where the kernel is not when it is decompressed. */
static uint64_t initrd_address(const struct options *options, const struct setup_header *header,
			       uint64_t acpi, uint64_t size)
{
	uint64_t kernel_end = header->pref_address + PAGE_ALIGN(header->init_size);

	errno = 0;
	if (acpi < kernel_end || acpi - kernel_end < PAGE_ALIGN(size))
		die("%llu MB are too little memory for %s", options->memory / 1048576ull,
		    options->kernel);
	return acpi - PAGE_ALIGN(size);
}

void linux_load(struct td *td, const struct options *options)
{
	uint64_t low_end = options->memory < RAM_LOW_END ? options->memory : RAM_LOW_END;
	uint64_t acpi = low_end - ACPI_SIZE, initrd_gpa;
	struct file kernel = read_file(options->kernel), initrd = {};
	const struct setup_header *header = setup_header(&kernel, options->kernel);

	if (options->initrd)
		initrd = read_file(options->initrd);
	initrd_gpa = initrd_address(options, header, acpi, initrd.size);

	td->nr_vcpus = options->cpus;
	td->width = options->width;
	td->has_disk = options->disk;
	td->nonce = options->nonce;
	memory_plan(td, STUB_GPA, STUB_SIZE);
	memory_plan(td, 0, low_end);
	if (options->memory > low_end)
		memory_plan(td, RAM_HIGH, options->memory - low_end);
	if (td->nonce)
		memory_plan_shared(td, STUB_REPORT_GPA, PAGE_SIZE);

	add_boot_params(td, options, &kernel, initrd.size ? initrd_gpa : 0, initrd.size, low_end);
	add_kernel(td, &kernel, header);
	if (initrd.size)
		memory_plan_region(td, initrd_gpa, initrd.data, initrd.size);
	add_acpi(td, acpi);
	add_stub(td, header->pref_address + ENTRY_64, acpi + MAILBOX_OFFSET);
}
