// SPDX-License-Identifier: GPL-2.0-only
/* CPUs and ports in the BIOS's ACPI tables. */
#include <linux/string.h>

#include "lib/log.h"
#include "machine/acpi.h"

#define BIOS_AREA		0xe0000
#define BIOS_AREA_END		0x100000
#define RSDP_ALIGN		16

#define MADT_LOCAL_APIC		0
#define MADT_APIC_ENABLED	BIT_ULL(0)
#define MADT_APIC_ID_UNUSED	0xff
#define FADT_PM1A_CONTROL	64	/* offsets */
#define FADT_PM_TIMER		76

struct rsdp {
	char signature[8];
	u8 checksum;
	char oem[6];
	u8 revision;
	u32 rsdt;
} __packed;

struct header {
	char signature[4];
	u32 length;
	u8 rest[28];
} __packed;

struct madt {
	struct header header;
	u32 apic_base, flags;
} __packed;

struct madt_local_apic {
	u8 type, length, processor, apic_id;
	u32 flags;
} __packed;

static const struct rsdp *find_rsdp(void)
{
	u64 at;

	for (at = BIOS_AREA; at < BIOS_AREA_END; at += RSDP_ALIGN) {
		if (!memcmp(phys(at), "RSD PTR ", 8))
			return phys(at);
	}
	return NULL;
}

static const struct header *find_table(const char *signature)
{
	const struct rsdp *rsdp = find_rsdp();
	const struct header *rsdt, *table;
	const u32 *entry;

	if (!rsdp)
		fail(EXIT_NO_BOOT, "no ACPI tables: qemu's machine must be q35 with ACPI on");
	rsdt = phys(rsdp->rsdt);
	for (entry = (const u32 *)(rsdt + 1); (u64)entry < phys_of(rsdt) + rsdt->length; entry++) {
		table = phys(*entry);
		if (!memcmp(table->signature, signature, 4))
			return table;
	}
	fail(EXIT_NO_BOOT, "no ACPI table %s: qemu's machine must be q35 with ACPI on", signature);
}

static void read_cpu(struct acpi_facts *facts, const struct madt_local_apic *e)
{
	/* QEMU lists CPUs for hotplug as disabled, without the flag of ACPI 6.3 */
	if (!(e->flags & MADT_APIC_ENABLED) && e->apic_id == MADT_APIC_ID_UNUSED)
		return;
	if (facts->nr_cpus == MAX_CPUS)
		fail(EXIT_NO_BOOT, "more than %u CPUs: lower qemu's -smp", MAX_CPUS);
	facts->cpus[facts->nr_cpus++] = (struct acpi_cpu){
		e->apic_id, e->flags & MADT_APIC_ENABLED
	};
}

void acpi_read(struct acpi_facts *facts)
{
	const struct header *madt = find_table("APIC");
	const struct madt_local_apic *e;
	u64 at = phys_of(madt) + sizeof(struct madt), fadt;

	*facts = (struct acpi_facts){ 0 };
	for (; at < phys_of(madt) + madt->length; at += e->length) {
		e = phys(at);
		if (e->type == MADT_LOCAL_APIC)
			read_cpu(facts, e);
	}
	fadt = phys_of(find_table("FACP"));
	facts->pm1a_control_port = *(u32 *)phys(fadt + FADT_PM1A_CONTROL);
	facts->pm_timer_port = *(u32 *)phys(fadt + FADT_PM_TIMER);
}
