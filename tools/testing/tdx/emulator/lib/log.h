/* SPDX-License-Identifier: GPL-2.0-only */
/* The log on QEMU's debug console, and the end of a run that cannot go on. */
#ifndef _TDX_EMU_LOG_H
#define _TDX_EMU_LOG_H

#include <stdarg.h>

#include "lib/x86.h"

/* Exit codes on QEMU's isa-debug-exit device; QEMU ends with 2 * code + 1. */
enum exit_code {
	EXIT_HELP	= 0x10,
	EXIT_BAD_OPTION	= 0x11,
	EXIT_NO_BOOT	= 0x12,
	EXIT_CRASH	= 0x13,
};

/*
 * Print one line; the newline is added.  Knows %c %d %u %x %s %%, the lengths l
 * and ll, a width and the flags 0 and -.  Lines of several CPUs do not mix.
 */
__printf(1, 2)
void log_line(const char *format, ...);

/* The same, behind a prefix and with the arguments of another function. */
void log_line_args(const char *prefix, const char *format, va_list args);

/*
 * The calling CPU is about to end the run, and this or another CPU may have crashed while
 * it printed: wait a short time for the end of the line, and do not wait any more after
 * that.
 */
void log_take_over(void);

/*
 * Print a line on the debug console and on the first serial port, and end QEMU
 * with @code when it has an isa-debug-exit device; stop for good otherwise.
 */
__printf(2, 3)
void __noreturn fail(enum exit_code code, const char *format, ...);

/* As fail(), without a message. */
void __noreturn end_qemu(enum exit_code code);

#endif /* _TDX_EMU_LOG_H */
