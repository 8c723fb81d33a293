/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the stub and the VMM have to agree on.
 */
#ifndef TDX_VMM_STUB_ABI_H
#define TDX_VMM_STUB_ABI_H

/* The stub ends at the reset vector: page tables, its parameters, and its code. */
#define STUB_GPA		0xffff8000
#define STUB_SIZE		0x8000
#define STUB_PML4_GPA		0xffff8000
#define STUB_PARAMS_GPA		0xffffe000
#define STUB_CODE_GPA		0xfffff000

/* struct stub_params */
#define STUB_ENTRY		0
#define STUB_BOOT_PARAMS	8
#define STUB_MAILBOX		16
#define STUB_REPORT		24
#define STUB_NR_RANGES		32
#define STUB_RANGES		40
#define STUB_MAX_RANGES		32

/* Other vCPUs write to this port while they wait, so that they do not take the CPU. */
#define STUB_WAIT_PORT		0x610

/* A shared page: TDREPORT of the TD, and REPORTDATA, which the VMM provides */
#define STUB_REPORT_GPA		0xffff0000
#define STUB_REPORTDATA		0x400
/* The first vCPU writes to this port when the report is there. */
#define STUB_REPORT_PORT	0x611

/* R12 of TDG.VP.VMCALL<ReportFatalError>: R14 is an address, R15 a status */
#define STUB_ACCEPT_FAILED	1
#define STUB_REPORT_FAILED	2

#ifndef __ASSEMBLER__

#include <stdint.h>

struct stub_range {
	uint64_t start;
	uint64_t end;
};

struct stub_params {
	uint64_t entry;		/* of the kernel, in 64-bit mode */
	uint64_t boot_params;
	uint64_t mailbox;	/* of ACPI's multiprocessor wakeup */
	uint64_t report;	/* address of a report, with the shared bit; 0 if none is wanted */
	uint64_t nr_ranges;
	struct stub_range ranges[STUB_MAX_RANGES];	/* to be accepted */
};

extern const uint8_t stub_image[STUB_SIZE];

#endif /* __ASSEMBLER__ */

#endif /* TDX_VMM_STUB_ABI_H */
