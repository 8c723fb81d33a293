// SPDX-License-Identifier: GPL-2.0-only
/* Which caches may hold modified lines, and what must be written back before what. */

/*
 * Two facts for each CPU, instead of one for each line:
 *
 * - May its caches hold modified lines of memory that became PAMTs, from the time
 *   when the host used it?  They may until WBINVD, and no WBINVD before
 *   TDH.SYS.INIT counts: until then no host can know where PAMTs go.  They have
 *   to be gone when the global KeyID is configured.
 * - May they hold modified lines with a private KeyID?  They may from the CPU's
 *   first SEAMCALL that writes such memory until WBINVD.  They have to be gone
 *   from all CPUs when the host takes the memory back and when a new kernel
 *   begins, and from a CPU that is reset.
 */
#include "check/cache.h"
#include "check/report.h"
#include "lib/seam_names.h"
#include "machine/platform.h"

#define OPCODE_INVD	0x08

/* How each report of lines with a private KeyID goes on. */
#define KEYID_LINES	"but CPU %u has made no WBINVD since %s: " \
			"its caches may hold lines with a private KeyID"

/* QEMU's CPU reports both with the exit code of WBINVD. */
void cache_exit(struct vcpu *vcpu, const struct insn *insn)
{
	struct cpu *cpu = vcpu->cpu;

	if (insn->opcode == OPCODE_INVD)
		report_fault("INVD on CPU %u at 0x%llx loses what its caches hold", cpu->index,
			     vcpu->vmcb.rip);
	cpu->host_lines = false;
	__atomic_store_n(&cpu->keyid_lines, NULL, __ATOMIC_SEQ_CST);
	vcpu_skip_insn(vcpu, insn->length);
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

/*
 * The SYS leaves write the module's own memory, which no host ever gets, and
 * buffers, which have no private KeyID.  TDH.SYS.TDMR.INIT writes PAMTs, and so may
 * TDH.SYS.DISABLE; so do the leaves for TDs, which lock a page's entry before they
 * look at it, and they write pages of TDs.
 */
static bool writes_with_private_keyid(u64 leaf)
{
	switch (leaf) {
	case TDH_SYS_INIT:
	case TDH_SYS_LP_INIT:
	case TDH_SYS_INFO:
	case TDH_SYS_RD:
	case TDH_SYS_RDALL:
	case TDH_SYS_CONFIG:
	case TDH_SYS_KEY_CONFIG:
	case TDH_SYS_LP_SHUTDOWN:
	case TDH_SYS_SHUTDOWN:
	case TDH_SYS_UPDATE:
		return false;
	default:
		return true;
	}
}

/* Before: meanwhile another CPU may take back what this one writes. */
bool cache_before_leaf(struct cpu *cpu, u64 leaf)
{
	if (!writes_with_private_keyid(leaf) || cpu->keyid_lines)
		return false;
	__atomic_store_n(&cpu->keyid_lines, leaf_name(leaf), __ATOMIC_SEQ_CST);
	return true;
}

/* The module's answer to a leaf that it does not begin: it has written nothing. */
static bool is_refusal(u64 status)
{
	u64 code = status & TDX_STATUS_CODE_MASK;

	return code == TDX_SYS_NOT_READY || code == TDX_SYS_SHUTDOWN ||
	       status == (TDX_OPERAND_INVALID | TDX_OPERAND_ID_RAX);
}

void cache_after_leaf(struct cpu *cpu, u64 leaf, u64 status, bool first)
{
	if (first && is_refusal(status))
		__atomic_store_n(&cpu->keyid_lines, NULL, __ATOMIC_SEQ_CST);
	if (status != TDX_SUCCESS)
		return;
	switch (leaf) {
	case TDH_SYS_INIT:
		host_lines_everywhere();
		break;
	case TDH_SYS_KEY_CONFIG:
		if (options.check_caches)
			check_host_lines();
		break;
	}
}

/*
 * Since which leaf the CPU may hold lines with a private KeyID; NULL if it holds
 * none.  Once for each CPU: a page has 64 lines, and a PAMT thousands of pages.
 */
static const char *keyid_lines_to_report(struct cpu *cpu)
{
	if (!options.check_caches)
		return NULL;
	return __atomic_exchange_n(&cpu->keyid_lines, NULL, __ATOMIC_SEQ_CST);
}

void cache_before_reuse(u64 pa)
{
	const char *since;
	unsigned int i;

	for (i = 0; i < platform.nr_lps; i++) {
		since = keyid_lines_to_report(&cpus[i]);
		if (since)
			report_fault("the host takes back PAMT memory 0x%llx, " KEYID_LINES, pa,
				     i, since);
	}
}

void cache_before_new_kernel(const struct cpu *cpu)
{
	const char *since;
	unsigned int i;

	for (i = 0; i < platform.nr_lps; i++) {
		since = keyid_lines_to_report(&cpus[i]);
		if (since)
			report_fault("a new kernel begins on CPU %u, " KEYID_LINES, cpu->index,
				     i, since);
	}
}

void cache_before_init(struct cpu *cpu)
{
	const char *since = keyid_lines_to_report(cpu);

	if (since)
		report_fault("INIT for APIC ID 0x%x, " KEYID_LINES, cpu->apic_id, cpu->index,
			     since);
}
