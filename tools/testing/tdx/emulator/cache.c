// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two facts for each CPU, instead of one for each line:
 *
 * - May its caches hold modified lines of memory that became PAMTs, from the time
 *   when the host used it?  They may until WBINVD, and no WBINVD before
 *   TDH.SYS.INIT counts: until then no host can know where PAMTs go.  They have
 *   to be gone when the global KeyID is configured.
 * - May they hold modified lines with the global KeyID?  They may from the
 *   CPU's first TDH.SYS.TDMR.INIT until WBINVD.  They have to be gone from all CPUs
 *   when the host takes the memory back, and from a CPU that is reset.
 */
#include "cache.h"
#include "platform.h"
#include "report.h"

#define OPCODE_INVD	0x08

/* QEMU's CPU reports both with the exit code of WBINVD. */
void cache_exit(struct cpu *cpu, const struct insn *insn)
{
	if (insn->opcode == OPCODE_INVD)
		report_fault("INVD on CPU %u at 0x%llx loses what its caches hold", cpu->index,
			     cpu->vmcb.rip);
	cpu->host_lines = false;
	__atomic_store_n(&cpu->keyid_lines, false, __ATOMIC_SEQ_CST);
	cpu_skip_insn(cpu, insn->length);
}

static void host_lines_everywhere(void)
{
	unsigned int i;

	for (i = 0; i < platform.nr_lps; i++)
		cpus[i].host_lines = true;
}

static void check_host_lines(void)
{
	unsigned int i;

	for (i = 0; i < platform.nr_lps; i++) {
		if (!cpus[i].host_lines)
			continue;
		report_fault("TDH.SYS.KEY.CONFIG, but CPU %u has made no WBINVD since %s: %s", i,
			     "TDH.SYS.INIT", "its caches may hold lines of PAMTs");
		cpus[i].host_lines = false;
	}
}

void cache_after_leaf(struct cpu *cpu, u64 leaf)
{
	switch (leaf) {
	case TDH_SYS_INIT:
		host_lines_everywhere();
		break;
	case TDH_SYS_KEY_CONFIG:
		if (options.check_caches)
			check_host_lines();
		break;
	case TDH_SYS_TDMR_INIT:
		__atomic_store_n(&cpu->keyid_lines, true, __ATOMIC_SEQ_CST);
		break;
	}
}

/* Once for each CPU: a page has 64 lines, and a PAMT thousands of pages. */
static void check_keyid_lines(struct cpu *cpu, const char *event, u64 pa)
{
	if (!options.check_caches || !__atomic_exchange_n(&cpu->keyid_lines, false, __ATOMIC_SEQ_CST))
		return;
	report_fault("%s 0x%llx, but CPU %u has made no WBINVD since %s: %s", event, pa,
		     cpu->index, "TDH.SYS.TDMR.INIT",
		     "its caches may hold lines with the global KeyID");
}

void cache_before_reuse(u64 pa)
{
	unsigned int i;

	for (i = 0; i < platform.nr_lps; i++)
		check_keyid_lines(&cpus[i], "the host takes back PAMT memory", pa);
}

void cache_before_init(struct cpu *cpu)
{
	check_keyid_lines(cpu, "INIT for APIC ID", cpu->apic_id);
}
