// SPDX-License-Identifier: GPL-2.0-only
/* Values of MSRs and CPUID leaves, and times, that are set by options for some CPUs. */
#include "machine/options.h"
#include "machine/override.h"

static bool is_for(unsigned int wanted, const struct cpu *cpu)
{
	return wanted == ALL_CPUS || wanted == cpu->index;
}

bool override_msr(const struct cpu *cpu, u32 msr, u64 *value)
{
	unsigned int i;

	for (i = 0; i < options.nr_msrs; i++) {
		if (options.msrs[i].msr != msr || !is_for(options.msrs[i].cpu, cpu))
			continue;
		*value = options.msrs[i].value;
		return true;
	}
	return false;
}

bool override_has_msr(u32 msr)
{
	unsigned int i;

	for (i = 0; i < options.nr_msrs; i++) {
		if (options.msrs[i].msr == msr)
			return true;
	}
	return false;
}

void override_cpuid(const struct cpu *cpu, u32 leaf, u32 subleaf, u32 regs[4])
{
	const struct cpuid_option *o;
	unsigned int i;

	for (i = 0; i < options.nr_cpuids; i++) {
		o = &options.cpuids[i];
		if (o->leaf == leaf && o->subleaf == subleaf && is_for(o->cpu, cpu))
			regs[o->reg] = o->value;
	}
}

unsigned int override_writeback_us(const struct cpu *cpu)
{
	return is_for(options.writeback.cpu, cpu) ? options.writeback.us : 0;
}
