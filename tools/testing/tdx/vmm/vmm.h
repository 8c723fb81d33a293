/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VMM that boots Linux in a TD: what its files call of each other.
 */
#ifndef TDX_VMM_H
#define TDX_VMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stub_abi.h"

struct kvm_cpuid2;
struct kvm_run;
struct kvm_tdx_init_vm;

#define PAGE_SIZE	4096ull
#define PAGES(size)	(((size) + PAGE_SIZE - 1) / PAGE_SIZE)
#define PAGE_ALIGN(size) (PAGES(size) * PAGE_SIZE)
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT(nr)		(1ull << (nr))

#define MAX_VCPUS	64
#define NR_EXITS	41	/* exit reasons that are counted */

/* Guest physical addresses */
#define RAM_LOW_END	0xc0000000ull	/* more memory is above 4 GB */
#define RAM_HIGH	0x100000000ull
#define BOOT_PARAMS_GPA	0x10000
#define CMDLINE_GPA	0x11000
#define VIRTIO_GPA	0xfeb00000
#define IOAPIC_GPA	0xfec00000
#define LAPIC_GPA	0xfee00000

/* At the end of low memory: tables of ACPI, and a page for the mailbox */
#define ACPI_SIZE	0x10000ull
#define MAILBOX_OFFSET	(ACPI_SIZE - PAGE_SIZE)

/* Ports */
#define SERIAL_PORT	0x3f8
#define SERIAL_GSI	4
#define VIRTIO_GSI	5
#define PIT_PORT	0x40	/* There is none. */
#define CMOS_PORT	0x70
#define SLEEP_CONTROL_PORT 0x600	/* of ACPI */
#define SLEEP_STATUS_PORT 0x601
#define RESET_PORT	0x602

#define HASH_SIZE	48	/* of SHA-384 */

/* Exit statuses */
#define STATUS_OFF	0
#define STATUS_FAILED	1
#define STATUS_ERROR	2
#define STATUS_RESET	3

/* The options of the command line. */
struct options {
	const char *kernel;
	const char *initrd;
	const char *append;
	uint64_t memory;
	unsigned int cpus;
	unsigned int width;	/* of guest physical addresses */
	const char *disk;
	const uint8_t *nonce;	/* of a report; NULL if none is wanted */
	const char *measured;	/* file to write */
	bool verbose;
};

struct vcpu {
	unsigned int nr;
	int fd;
	struct kvm_run *run;
	unsigned long exits[NR_EXITS];	/* by reason */
};

/* Contents that memory has before the TD runs: measured, in this order. */
struct region {
	uint64_t gpa;
	uint64_t size;		/* whole pages */
	const void *contents;
};

/* Memory of the guest: private pages are in @gmem, shared ones in @shared. */
struct slot {
	uint64_t gpa;
	uint64_t size;
	bool always_shared;
	int gmem;
	uint8_t *shared;
};

struct td {
	int kvm;
	int vm;
	struct slot slots[4];
	unsigned int nr_slots;
	struct region regions[8];
	unsigned int nr_regions;
	struct vcpu vcpus[MAX_VCPUS];
	unsigned int nr_vcpus;
	unsigned int width;	/* of an address; its highest bit is the shared bit */
	bool has_disk;
	const uint8_t *nonce;
};

/* error.c: prints the message, with errno if it is not 0, and exits. */
void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...);
void *allocate(size_t size);

/* linux.c: plans memory and its first contents, as the boot protocol requires. */
void linux_load(struct td *td, const struct options *options);

/* measure.c: writes what will be measured to a file, and what MRTD will be. */
void measure(const struct td *td, const char *path);
void measure_mrtd(const struct td *td, uint8_t mrtd[HASH_SIZE]);
void measure_hash(const void *data, size_t size, uint8_t hash[HASH_SIZE]);

/* report.c: REPORTDATA of 64 bytes from hexadecimal digits; NULL if they are not such. */
const uint8_t *report_parse_nonce(const char *text);
/* Asks for a report. */
void report_request(struct td *td);
/* Prints the report that the stub has written.  Returns what is wrong with it, or NULL. */
const char *report_check(struct td *td);
/* What is wrong with a report of 1024 bytes, or NULL. */
const char *report_error(const void *report, const uint8_t mrtd[HASH_SIZE], const uint8_t *nonce);
void print_hex(const char *name, const void *data, size_t size);

/* td.c: the life of a TD, in this order. */
void td_create(struct td *td);
void td_build(struct td *td);
void td_close(struct td *td);

/* cpuid.c: the bits of CPUID that the TD gets; to be freed. */
struct kvm_tdx_init_vm *cpuid_params(struct td *td);
struct kvm_cpuid2 *cpuid_supported(struct td *td, unsigned int vcpu);

/* memory.c: a slot is planned, and created with the TD. */
void memory_plan(struct td *td, uint64_t gpa, uint64_t size);
void memory_plan_shared(struct td *td, uint64_t gpa, uint64_t size);
void memory_plan_region(struct td *td, uint64_t gpa, const void *contents, uint64_t size);
void memory_create(struct td *td);
/* Makes pages private or shared; their contents are lost.  Returns an errno. */
int memory_convert(struct td *td, uint64_t gpa, uint64_t size, bool private);
void memory_close(struct td *td);

/* slot.c: NULL if the range is not in one slot. */
struct slot *slot_find(struct td *td, uint64_t gpa, uint64_t size);
/* The copy that is used where memory is shared */
void *memory_shared(struct td *td, uint64_t gpa, uint64_t size);

/* acpi.c: tables at @gpa; the first one is the RSDP. */
void acpi_fill(const struct td *td, uint8_t *tables, uint64_t gpa);

/* run.c: runs all vCPUs until the guest turns the machine off.  Returns the exit status. */
int run(struct td *td);
/* Ends run() with this status. */
void run_stop(int status);

/* devices; an access is of one byte */
void serial_write(unsigned int reg, uint8_t value);
uint8_t serial_read(unsigned int reg);
void serial_receive(const uint8_t *bytes, size_t nr);
void cmos_write(unsigned int reg, uint8_t value);
uint8_t cmos_read(unsigned int reg);
void ioapic_init(int vm);
void ioapic_access(uint64_t offset, bool write, void *data, unsigned int size);
void ioapic_set_line(unsigned int pin, bool level);
void disk_open(const char *path);
void virtio_init(struct td *td);
void virtio_access(uint64_t offset, bool write, void *data, unsigned int size);

/* console.c: the terminal */
void console_start(void);
void console_write(char c);

#endif /* TDX_VMM_H */
