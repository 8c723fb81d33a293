// SPDX-License-Identifier: GPL-2.0-only
/* Tracking of modified lines in caches, and of write-backs that are required. */

/*
 * For each CPU and KeyID, the emulator tracks whether the CPU's caches may hold
 * modified lines with that KeyID.  It does not track single lines.  WBINVD
 * resets the state of a CPU.
 *
 * - KeyID 0: lines of later PAMTs, which the host has modified.  WBINVD before
 *   TDH.SYS.INIT does not count, because the host cannot know the location of
 *   PAMTs before that.  The lines have to be written back before
 *   TDH.SYS.KEY.CONFIG.
 * - A private KeyID: lines that the CPU's SEAMCALLs have modified, from the first
 *   one on that writes such memory.  They have to be written back on all CPUs
 *   before the host reuses memory with this KeyID and before a new kernel begins,
 *   and on a single CPU before its reset.
 */
#include "check/cache.h"
#include "check/report.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/seam_names.h"
#include "machine/platform.h"
#include "model/leaves.h"

#define OPCODE_INVD	0x08
#define HOST_KEYID	0

/* Maximum number of KeyIDs with modified lines at the same time. */
#define MAX_KEYIDS	64

/* End of each report of lines with a private KeyID. */
#define KEYID_LINES	"but CPU %u has made no WBINVD since %s: " \
			"its caches may hold lines with a private KeyID"

/*
 * A KeyID, and for each CPU the first leaf after which its caches may hold
 * modified lines with it.
 */
struct lines {
	u16 keyid;
	const char *since[MAX_CPUS];	/* NULL: no such lines */
};

static struct lines all_lines[MAX_KEYIDS];
static struct lock lines_lock;	/* held by callers of the following functions */

static bool in_no_cache(const struct lines *l)
{
	unsigned int i;

	for (i = 0; i < MAX_CPUS; i++) {
		if (l->since[i])
			return false;
	}
	return true;
}

static struct lines *lines_of(u16 keyid)
{
	struct lines *l;

	for (l = all_lines; l < all_lines + MAX_KEYIDS; l++) {
		if (l->keyid == keyid)
			return l;
	}
	for (l = all_lines; l < all_lines + MAX_KEYIDS; l++) {
		if (in_no_cache(l)) {
			l->keyid = keyid;
			return l;
		}
	}
	fail(EXIT_CRASH, "lines with more than %u KeyIDs: raise MAX_KEYIDS", MAX_KEYIDS);
}

/* The first leaf after which a CPU may hold lines with any private KeyID; NULL if none. */
static const char *private_lines_since(unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < MAX_KEYIDS; i++) {
		if (all_lines[i].since[cpu] && all_lines[i].keyid != HOST_KEYID)
			return all_lines[i].since[cpu];
	}
	return NULL;
}

static void forget_private_lines(unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < MAX_KEYIDS; i++) {
		if (all_lines[i].keyid != HOST_KEYID)
			all_lines[i].since[cpu] = NULL;
	}
}

/* The following functions take the lock. */

static void host_lines_everywhere(void)
{
	unsigned int i;

	lock(&lines_lock);
	for (i = 0; i < platform.nr_lps; i++)
		lines_of(HOST_KEYID)->since[i] = leaf_name(TDH_SYS_INIT);
	unlock(&lines_lock);
}

/*
 * The first leaf after which a CPU may hold lines with @keyid; NULL if none.
 * It is cleared, so that each CPU is reported once: a page has 64 lines, and a
 * PAMT thousands of pages.
 */
static const char *lines_to_report(unsigned int cpu, u16 keyid)
{
	const char *since;
	struct lines *l;

	if (!options.check_caches)
		return NULL;
	lock(&lines_lock);
	l = lines_of(keyid);
	since = l->since[cpu];
	l->since[cpu] = NULL;
	unlock(&lines_lock);
	return since;
}

/* Like lines_to_report(), for any private KeyID. */
static const char *private_lines_to_report(unsigned int cpu)
{
	const char *since;

	if (!options.check_caches)
		return NULL;
	lock(&lines_lock);
	since = private_lines_since(cpu);
	forget_private_lines(cpu);
	unlock(&lines_lock);
	return since;
}

/* QEMU's CPU uses the exit code of WBINVD for INVD, too. */
void cache_exit(struct vcpu *vcpu, const struct insn *insn)
{
	unsigned int i;

	if (insn->opcode == OPCODE_INVD)
		report_fault("INVD on CPU %u at 0x%llx loses what its caches hold",
			     vcpu->cpu->index, vcpu->vmcb.rip);
	lock(&lines_lock);
	for (i = 0; i < MAX_KEYIDS; i++)
		all_lines[i].since[vcpu->cpu->index] = NULL;
	unlock(&lines_lock);
	vcpu_skip_insn(vcpu, insn->length);
}

static void check_host_lines(void)
{
	const char *since;
	unsigned int i;

	for (i = 0; i < platform.nr_lps; i++) {
		since = lines_to_report(i, HOST_KEYID);
		if (since)
			report_fault("TDH.SYS.KEY.CONFIG, but CPU %u has made no WBINVD since %s: %s",
				     i, since, "its caches may hold lines of PAMTs");
	}
}

/* Set before the leaf runs: meanwhile another CPU may reuse memory that this one writes. */
u16 cache_before_leaf(const struct cpu *cpu, u64 leaf, u16 keyid)
{
	const char **since;
	bool first;

	if (!keyid || !tdx_model_leaf(leaf)->writes_private)
		return 0;
	lock(&lines_lock);
	since = &lines_of(keyid)->since[cpu->index];
	first = !*since;
	if (first)
		*since = leaf_name(leaf);
	unlock(&lines_lock);
	return first ? keyid : 0;
}

/* Statuses of calls that the module refuses before it writes anything. */
static bool is_refusal(u64 status)
{
	u64 code = status & TDX_STATUS_CODE_MASK;

	return code == TDX_SYS_NOT_READY || code == TDX_SYS_SHUTDOWN ||
	       status == (TDX_OPERAND_INVALID | TDX_OPERAND_ID_RAX);
}

void cache_after_leaf(const struct cpu *cpu, u64 leaf, u64 status, u16 first)
{
	if (first && is_refusal(status)) {
		lock(&lines_lock);
		lines_of(first)->since[cpu->index] = NULL;
		unlock(&lines_lock);
	}
	if (status != TDX_SUCCESS)
		return;
	switch (leaf) {
	case TDH_SYS_INIT:
		host_lines_everywhere();
		break;
	case TDH_SYS_KEY_CONFIG:
		check_host_lines();
		break;
	}
}

void cache_before_reuse(u64 pa, u16 keyid)
{
	const char *since;
	unsigned int i;

	for (i = 0; i < platform.nr_lps; i++) {
		since = lines_to_report(i, keyid);
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
		since = private_lines_to_report(i);
		if (since)
			report_fault("a new kernel begins on CPU %u, " KEYID_LINES, cpu->index,
				     i, since);
	}
}

void cache_before_init(const struct cpu *cpu)
{
	const char *since = private_lines_to_report(cpu->index);

	if (since)
		report_fault("INIT for APIC ID 0x%x, " KEYID_LINES, cpu->apic_id, cpu->index,
			     since);
}

bool cache_may_hold_host_lines(const struct cpu *cpu)
{
	bool may;

	lock(&lines_lock);
	may = lines_of(HOST_KEYID)->since[cpu->index];
	unlock(&lines_lock);
	return may;
}

bool cache_may_hold_private_lines(const struct cpu *cpu)
{
	bool may;

	lock(&lines_lock);
	may = private_lines_since(cpu->index);
	unlock(&lines_lock);
	return may;
}
