// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables of ACPI: a hardware-reduced machine with a serial port, which can be turned off and
 * reset, and whose processors are woken up by a mailbox.
 */
#include <assert.h>
#include <string.h>

#include "vmm.h"

#define SIGNATURE_RSDP		"RSD PTR "
#define OEM			"TDXVMM"
#define TABLE_ALIGN		16

/* FADT */
#define FADT_REVISION		5
#define FADT_NO_VGA		BIT(2)
#define FADT_RESET_REG		BIT(10)
#define FADT_HW_REDUCED		BIT(20)
#define SPACE_IO		1
#define RESET_VALUE		1

/* MADT */
#define MADT_LAPIC		0
#define MADT_IOAPIC		1
#define MADT_WAKEUP		16
#define LAPIC_ENABLED		1

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
} __attribute__((packed));

struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem[6];
	char oem_table[8];
	uint32_t oem_revision;
	char creator[4];
	uint32_t creator_revision;
} __attribute__((packed));

struct gas {
	uint8_t space;
	uint8_t bits;
	uint8_t offset;
	uint8_t access;
	uint64_t address;
} __attribute__((packed));

struct fadt {
	struct header header;
	uint8_t unused1[73];
	uint16_t boot_flags;
	uint8_t unused2;
	uint32_t flags;
	struct gas reset;
	uint8_t reset_value;
	uint8_t unused3[3];
	uint64_t x_facs;
	uint64_t x_dsdt;
	uint8_t unused4[96];
	struct gas sleep_control;
	struct gas sleep_status;
} __attribute__((packed));
static_assert(offsetof(struct fadt, boot_flags) == 109, "");
static_assert(offsetof(struct fadt, reset) == 116, "");
static_assert(offsetof(struct fadt, sleep_control) == 244, "");
static_assert(sizeof(struct fadt) == 268, "");

struct madt {
	struct header header;
	uint32_t lapic;
	uint32_t flags;
} __attribute__((packed));

struct madt_lapic {
	uint8_t type;
	uint8_t length;
	uint8_t processor;
	uint8_t apic_id;
	uint32_t flags;
} __attribute__((packed));

struct madt_ioapic {
	uint8_t type;
	uint8_t length;
	uint8_t id;
	uint8_t reserved;
	uint32_t address;
	uint32_t gsi_base;
} __attribute__((packed));

struct madt_wakeup {
	uint8_t type;
	uint8_t length;
	uint16_t version;
	uint32_t reserved;
	uint64_t mailbox;
} __attribute__((packed));

struct xsdt {
	struct header header;
	uint64_t tables[2];
} __attribute__((packed));

/*
 * Name (\_S5, Package () { 5, 0, 0, 0 })
 * Scope (\_SB) {
 *	Device (COM1) {
 *		Name (_HID, EisaId ("PNP0501"))
 *		Name (_CRS, ResourceTemplate () {
 *			IO (Decode16, 0x3f8, 0x3f8, 1, 8)
 *			IRQNoFlags () { 4 }
 *		})
 *	}
 * }
 */
static const uint8_t aml[] = {
	0x08, '_', 'S', '5', '_', 0x12, 0x07, 0x04, 0x0a, 0x05, 0x00, 0x00, 0x00,
	0x10, 0x2d, '\\', '_', 'S', 'B', '_',
	0x5b, 0x82, 0x25, 'C', 'O', 'M', '1',
	0x08, '_', 'H', 'I', 'D', 0x0c, 0x41, 0xd0, 0x05, 0x01,
	0x08, '_', 'C', 'R', 'S', 0x11, 0x10, 0x0a, 0x0d,
	0x47, 0x01, SERIAL_PORT & 0xff, SERIAL_PORT >> 8, SERIAL_PORT & 0xff, SERIAL_PORT >> 8,
	0x01, 0x08,
	0x22, BIT(SERIAL_GSI), 0x00,
	0x79, 0x00,
};

/*
 * Scope (\_SB) {
 *	Device (DSK0) {
 *		Name (_HID, "LNRO0005")
 *		Name (_CRS, ResourceTemplate () {
 *			Memory32Fixed (ReadWrite, 0xfeb00000, 0x1000)
 *			Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) { 5 }
 *		})
 *	}
 * }
 */
static const uint8_t disk_aml[] = {
	0x10, 0x3c, '\\', '_', 'S', 'B', '_',
	0x5b, 0x82, 0x34, 'D', 'S', 'K', '0',
	0x08, '_', 'H', 'I', 'D', 0x0d, 'L', 'N', 'R', 'O', '0', '0', '0', '5', 0x00,
	0x08, '_', 'C', 'R', 'S', 0x11, 0x1a, 0x0a, 0x17,
	0x86, 0x09, 0x00, 0x01,
	VIRTIO_GPA & 0xff, VIRTIO_GPA >> 8 & 0xff, VIRTIO_GPA >> 16 & 0xff, VIRTIO_GPA >> 24,
	PAGE_SIZE & 0xff, PAGE_SIZE >> 8, 0x00, 0x00,
	0x89, 0x06, 0x00, 0x03, 0x01, VIRTIO_GSI, 0x00, 0x00, 0x00,
	0x79, 0x00,
};

/* Tables, one after the other */
struct builder {
	uint8_t *tables;
	uint64_t gpa;
	uint64_t used;
};

static uint8_t checksum(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint8_t sum = 0;

	while (size--)
		sum -= *bytes++;
	return sum;
}

static void *begin(struct builder *builder, const char *signature, uint8_t revision, size_t size)
{
	struct header *header = (void *)(builder->tables + builder->used);

	memcpy(header->signature, signature, sizeof(header->signature));
	header->length = size;
	header->revision = revision;
	memcpy(header->oem, OEM, sizeof(header->oem));
	memcpy(header->oem_table, OEM "TD", sizeof(header->oem_table));
	memcpy(header->creator, "TDXV", sizeof(header->creator));
	header->oem_revision = 1;
	header->creator_revision = 1;
	return header;
}

/* Returns the table's address in the guest. */
static uint64_t end(struct builder *builder)
{
	struct header *header = (void *)(builder->tables + builder->used);
	uint64_t gpa = builder->gpa + builder->used;

	header->checksum = checksum(header, header->length);
	builder->used += (header->length + TABLE_ALIGN - 1) & -TABLE_ALIGN;
	return gpa;
}

static uint64_t add_dsdt(struct builder *builder, bool has_disk)
{
	size_t disk_size = has_disk ? sizeof(disk_aml) : 0;
	struct header *dsdt = begin(builder, "DSDT", 2, sizeof(*dsdt) + sizeof(aml) + disk_size);

	memcpy(dsdt + 1, aml, sizeof(aml));
	memcpy((uint8_t *)(dsdt + 1) + sizeof(aml), disk_aml, disk_size);
	return end(builder);
}

static struct gas port(uint16_t address)
{
	return (struct gas) { .space = SPACE_IO, .bits = 8, .access = 1, .address = address };
}

static uint64_t add_fadt(struct builder *builder, uint64_t dsdt)
{
	struct fadt *fadt = begin(builder, "FACP", FADT_REVISION, sizeof(*fadt));

	fadt->boot_flags = FADT_NO_VGA;
	fadt->flags = FADT_RESET_REG | FADT_HW_REDUCED;
	fadt->reset = port(RESET_PORT);
	fadt->reset_value = RESET_VALUE;
	fadt->x_dsdt = dsdt;
	fadt->sleep_control = port(SLEEP_CONTROL_PORT);
	fadt->sleep_status = port(SLEEP_STATUS_PORT);
	return end(builder);
}

static uint64_t add_madt(struct builder *builder, unsigned int nr_vcpus, uint64_t mailbox)
{
	size_t size = sizeof(struct madt) + nr_vcpus * sizeof(struct madt_lapic) +
		      sizeof(struct madt_ioapic) + sizeof(struct madt_wakeup);
	struct madt *madt = begin(builder, "APIC", 5, size);
	struct madt_lapic *lapic = (void *)(madt + 1);
	struct madt_ioapic *ioapic = (void *)(lapic + nr_vcpus);
	struct madt_wakeup *wakeup = (void *)(ioapic + 1);
	unsigned int i;

	madt->lapic = LAPIC_GPA;
	for (i = 0; i < nr_vcpus; i++)
		lapic[i] = (struct madt_lapic) { MADT_LAPIC, sizeof(*lapic), i, i, LAPIC_ENABLED };
	*ioapic = (struct madt_ioapic) { MADT_IOAPIC, sizeof(*ioapic), .address = IOAPIC_GPA };
	*wakeup = (struct madt_wakeup) { MADT_WAKEUP, sizeof(*wakeup), .mailbox = mailbox };
	return end(builder);
}

static uint64_t add_xsdt(struct builder *builder, uint64_t fadt, uint64_t madt)
{
	struct xsdt *xsdt = begin(builder, "XSDT", 1, sizeof(*xsdt));

	xsdt->tables[0] = fadt;
	xsdt->tables[1] = madt;
	return end(builder);
}

void acpi_fill(const struct td *td, uint8_t *tables, uint64_t gpa)
{
	struct builder builder = { .tables = tables, .gpa = gpa, .used = 64 };
	struct rsdp *rsdp = (void *)tables;
	uint64_t fadt, madt;

	fadt = add_fadt(&builder, add_dsdt(&builder, td->has_disk));
	madt = add_madt(&builder, td->nr_vcpus, gpa + MAILBOX_OFFSET);

	memcpy(rsdp->signature, SIGNATURE_RSDP, sizeof(rsdp->signature));
	memcpy(rsdp->oem, OEM, sizeof(rsdp->oem));
	rsdp->revision = 2;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt = add_xsdt(&builder, fadt, madt);
	rsdp->checksum = checksum(rsdp, offsetof(struct rsdp, length));
	rsdp->extended_checksum = checksum(rsdp, sizeof(*rsdp));
}
