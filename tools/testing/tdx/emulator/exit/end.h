/* SPDX-License-Identifier: GPL-2.0-only */
/* The report at the end of a run. */
#ifndef _TDX_EMU_END_H
#define _TDX_EMU_END_H

/* The machine is about to be turned off or reset: print the report. */
void end_report(const char *how);

/* The same, and end the run as the machine does on a CPU's shutdown. */
void __noreturn end_shutdown(const char *why);

#endif /* _TDX_EMU_END_H */
