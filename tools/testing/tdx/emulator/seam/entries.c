// SPDX-License-Identifier: GPL-2.0-only
/* What the host executes between two entries of a TD. */
#include "lib/log.h"
#include "machine/options.h"
#include "seam/entries.h"

#define AFTER	"after 0x%llx r8 0x%llx r9 0x%llx r11 0x%llx"

/* Of each CPU */
static struct entry {
	u64 start;			/* of the last TDH.VP.ENTER */
	u64 td_ticks;			/* until then */
	u64 host_ticks, host_runs;	/* until its end */
	struct tdx_model_regs out;
} entries[MAX_CPUS];

static bool is_entry(const struct seamcall *call)
{
	return options.log_entries && call->leaf == TDH_VP_ENTER;
}

static void log_last(const struct cpu *cpu, const struct entry *last, u64 now)
{
	const struct tdx_regs *r = &last->out.gpr;
	u64 td = cpu->td.ticks - last->td_ticks;

	log_line("[cpu %u] entry: host %llu in %llu runs, all %llu, " AFTER, cpu->index,
		 cpu->host.ticks - last->host_ticks, cpu->host.nr_runs - last->host_runs,
		 now - last->start - td, last->out.rax, r->r8, r->r9, r->r11);
}

void entries_begin(const struct seamcall *call)
{
	struct cpu *cpu = call->cpu;
	struct entry *entry = &entries[cpu->index];
	u64 now = native_rdtsc();

	if (!is_entry(call))
		return;
	if (entry->start)
		log_last(cpu, entry, now);
	entry->start = native_rdtsc();
	entry->td_ticks = cpu->td.ticks;
}

void entries_end(const struct seamcall *call)
{
	struct entry *entry = &entries[call->cpu->index];

	if (!is_entry(call))
		return;
	entry->out = call->out;
	entry->host_ticks = call->cpu->host.ticks;
	entry->host_runs = call->cpu->host.nr_runs;
}
