// SPDX-License-Identifier: GPL-2.0-only
/* What the host executes between a VM exit and the next VM entry. */
#include "lib/log.h"
#include "machine/options.h"
#include "vm/vm_cost.h"

/* The last exit on each CPU */
static struct last_exit {
	bool any;
	u32 reason;
	u64 qualification;
	u64 host_ticks, host_runs;	/* at its end */
} exits[MAX_CPUS];

void vm_cost_entry(const struct cpu *cpu)
{
	const struct last_exit *last = &exits[cpu->index];

	if (!options.log_entries || !last->any)
		return;
	log_line("[cpu %u] vm entry: host %llu in %llu runs, after %u qualification 0x%llx",
		 cpu->index, cpu->host.ticks - last->host_ticks,
		 cpu->host.nr_runs - last->host_runs, last->reason, last->qualification);
}

void vm_cost_exit(const struct cpu *cpu, const struct vm_exit *exit)
{
	exits[cpu->index] = (struct last_exit){
		true, exit->reason, exit->qualification, cpu->host.ticks, cpu->host.nr_runs,
	};
}
