/* SPDX-License-Identifier: GPL-2.0-only */
/* The emulator's own exceptions: reported, then the run ends. */
#ifndef _TDX_EMU_CRASH_H
#define _TDX_EMU_CRASH_H

#include "cpu/cpu.h"

/* Load the interrupt descriptor table on the calling CPU. */
void crash_load_idt(void);

/* For a test of the report: crash in the middle of a line of the log, or not. */
void crash_on_purpose(bool in_log);

/* The guest did something that the emulator cannot handle: report it, with registers. */
void __noreturn crash_guest(const struct vcpu *vcpu, const char *what);

/* VMRUN refused the guest's state. */
void __noreturn crash_vmrun(const struct vcpu *vcpu);

#endif /* _TDX_EMU_CRASH_H */
