/* SPDX-License-Identifier: GPL-2.0-only */
/* The verdict. */
#ifndef _TDX_EMU_END_H
#define _TDX_EMU_END_H

/* The machine is about to be turned off or reset: print what there was. */
void end_report(const char *how);

#endif /* _TDX_EMU_END_H */
