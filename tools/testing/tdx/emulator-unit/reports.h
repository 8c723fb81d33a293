/* SPDX-License-Identifier: GPL-2.0-only */
/* What the emulator reports, for tests to see. */
#ifndef _EMULATOR_UNIT_REPORTS_H
#define _EMULATOR_UNIT_REPORTS_H

#include <stdarg.h>
#include <stdio.h>

#include "emulator/check/report.h"

static unsigned int nr_reports;
static char last_report[256];

void report_fault(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(last_report, sizeof(last_report), format, args);
	va_end(args);
	nr_reports++;
}

#endif
