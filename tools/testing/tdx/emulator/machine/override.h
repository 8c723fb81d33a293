/* SPDX-License-Identifier: GPL-2.0-only */
/* What options set for some CPUs: msr= and cpuid=, deliberate BIOS bugs, and writeback=. */
#ifndef _TDX_EMU_OVERRIDE_H
#define _TDX_EMU_OVERRIDE_H

#include "cpu/cpu.h"

/* Return true and set @value if an option sets this MSR of this CPU. */
bool override_msr(const struct cpu *cpu, u32 msr, u64 *value);

/* True if an option sets the MSR of any CPU: then it has to be intercepted. */
bool override_has_msr(u32 msr);

void override_cpuid(const struct cpu *cpu, u32 leaf, u32 subleaf, u32 regs[4]);

/* The minimum time of WBINVD in microseconds. */
unsigned int override_writeback_us(const struct cpu *cpu);

#endif /* _TDX_EMU_OVERRIDE_H */
