/* SPDX-License-Identifier: GPL-2.0-only */
/* The report at the end of a run. */
#ifndef _TDX_EMU_END_H
#define _TDX_EMU_END_H

/* Print the report, before the machine is turned off or reset. */
void end_report(const char *how);

/* Print the report, and end the run like a machine at the shutdown of a CPU. */
void __noreturn end_shutdown(const char *why);

#endif /* _TDX_EMU_END_H */
