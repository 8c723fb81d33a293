/* SPDX-License-Identifier: GPL-2.0-only */
/* Data from the BIOS's ACPI tables. */
#ifndef _TDX_EMU_ACPI_H
#define _TDX_EMU_ACPI_H

#include "cpu/layout.h"
#include "lib/x86.h"

struct acpi_cpu {
	u32 apic_id;
	bool enabled;		/* if not, it can be hot-added */
};

struct acpi_facts {
	unsigned int nr_cpus;
	struct acpi_cpu cpus[MAX_CPUS];
	u16 pm1a_control_port;	/* 0: none */
	u16 pm_timer_port;
};

/* Ends the run if there are no tables, or more than MAX_CPUS CPUs in them. */
void acpi_read(struct acpi_facts *facts);

#endif /* _TDX_EMU_ACPI_H */
