/* SPDX-License-Identifier: GPL-2.0-only */
/* The log on QEMU's debug console, and the end of a run after a fatal error. */
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
 * Print one line; the newline is added.  Supports %c %d %u %x %s %%, the
 * lengths l and ll, a width and the flags 0 and -.  Lines of different CPUs are
 * not mixed.
 */
__printf(1, 2)
void log_line(const char *format, ...);

/* Like log_line(), with a prefix and a va_list. */
void log_line_args(const char *prefix, const char *format, va_list args);

/*
 * Called before a CPU ends the run.  A CPU may have crashed while it held the
 * lock of the log: wait a short time until its line is complete, then release
 * the lock.
 */
void log_take_over(void);

/*
 * Print a line on the debug console and on the first serial port, and end QEMU
 * with @code if it has an isa-debug-exit device; halt otherwise.
 */
__printf(2, 3)
void __noreturn fail(enum exit_code code, const char *format, ...);

/* Like fail(), without a message. */
void __noreturn end_qemu(enum exit_code code);

#endif /* _TDX_EMU_LOG_H */
