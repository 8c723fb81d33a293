/* SPDX-License-Identifier: GPL-2.0-only */
/* The emulator's own exceptions: reported, then the run ends. */
#ifndef _TDX_EMU_CRASH_H
#define _TDX_EMU_CRASH_H

#include "cpu/cpu.h"

/* Load the IDT on the calling CPU. */
void crash_load_idt(void);

/* Crash to test the report, with @in_log while a log line is printed. */
void crash_on_purpose(bool in_log);

/* Report a guest state that the emulator cannot handle, with registers. */
void __noreturn crash_guest(const struct vcpu *vcpu, const char *what);

/* Report that VMRUN refused the guest's state. */
void __noreturn crash_vmrun(const struct vcpu *vcpu);

#endif /* _TDX_EMU_CRASH_H */
