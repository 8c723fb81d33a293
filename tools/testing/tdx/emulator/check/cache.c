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
 *   and on a single CPU before its reset.  TDH.PHYMEM.CACHE.WB writes back lines
 *   with the KeyIDs of TDs that are flushed, on all CPUs of a package.
 *
 * Writes are numbered, because a KeyID may be another TD's by the time when the
 * host uses memory of the first one: only earlier writes are relevant then.
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

/* Each report of lines with a private KeyID. */
#define NOT_WRITTEN_BACK "but CPU %u has made no WBINVD since %s: its caches may hold lines with "

/* Modified lines with a KeyID. */
struct lines {
	u16 cpus;		/* bits: CPUs whose caches may hold some */
	u8 leaf[MAX_CPUS];	/* first leaf after which they may */
	u32 number[MAX_CPUS];	/* and the number of this write */
};

/* By KeyID: TDH.SYS.INIT refuses a platform with more. */
static struct lines all_lines[TDX_MODEL_NR_KEYIDS];
static u32 nr_writes;
static struct lock lines_lock;	/* held by callers of the following functions */

static_assert(TDX_MODEL_NR_LEAVES <= 1 << 8 && MAX_CPUS <= 16);

static bool may_hold(const struct lines *l, unsigned int cpu)
{
	return l->cpus & BIT_ULL(cpu);
}

static void drop_lines(struct lines *l, unsigned int cpu)
{
	l->cpus &= ~BIT_ULL(cpu);
}

/* Return true if the caches of @cpu held no such lines before. */
static bool add_lines(struct lines *l, unsigned int cpu, u64 leaf)
{
	if (may_hold(l, cpu))
		return false;
	l->cpus |= BIT_ULL(cpu);
	l->leaf[cpu] = leaf;
	l->number[cpu] = ++nr_writes;
	return true;
}

/* Lines with any private KeyID that the caches of a CPU may hold; NULL if none. */
static struct lines *private_lines(unsigned int cpu)
{
	struct lines *l;

	for (l = all_lines + HOST_KEYID + 1; l < all_lines + TDX_MODEL_NR_KEYIDS; l++) {
		if (may_hold(l, cpu))
			return l;
	}
	return NULL;
}

static void forget_private_lines(unsigned int cpu)
{
	struct lines *l;

	while ((l = private_lines(cpu)))
		drop_lines(l, cpu);
}

/* The following functions take the lock. */

static void host_lines_everywhere(void)
{
	unsigned int i;

	lock(&lines_lock);
	for (i = 0; i < platform.nr_lps; i++)
		add_lines(&all_lines[HOST_KEYID], i, TDH_SYS_INIT);
	unlock(&lines_lock);
}

/*
 * The first leaf after which a CPU may hold lines with @keyid, if it is not
 * after write @until; NULL if none.  It is cleared, so that each CPU is
 * reported once: a page has 64 lines, and a PAMT thousands of pages.
 */
static const char *lines_to_report(unsigned int cpu, u16 keyid, u32 until)
{
	struct lines *l = &all_lines[keyid];
	const char *since = NULL;

	if (!options.check_caches)
		return NULL;
	lock(&lines_lock);
	if (may_hold(l, cpu) && l->number[cpu] <= until) {
		since = leaf_name(l->leaf[cpu]);
		drop_lines(l, cpu);
	}
	unlock(&lines_lock);
	return since;
}

/* Like lines_to_report(), for any private KeyID. */
static const char *private_lines_to_report(unsigned int cpu)
{
	const char *since = NULL;
	const struct lines *l;

	if (!options.check_caches)
		return NULL;
	lock(&lines_lock);
	l = private_lines(cpu);
	if (l)
		since = leaf_name(l->leaf[cpu]);
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
	for (i = 0; i < TDX_MODEL_NR_KEYIDS; i++)
		drop_lines(&all_lines[i], vcpu->cpu->index);
	unlock(&lines_lock);
	vcpu_skip_insn(vcpu, insn->length);
}

static void check_host_lines(void)
{
	const char *since;
	unsigned int i;

	for (i = 0; i < platform.nr_lps; i++) {
		since = lines_to_report(i, HOST_KEYID, CACHE_ANY_TIME);
		if (since)
			report_fault("TDH.SYS.KEY.CONFIG, but CPU %u has made no WBINVD since %s: %s",
				     i, since, "its caches may hold lines of PAMTs");
	}
}

/* Set before the leaf runs: meanwhile another CPU may reuse memory that this one writes. */
u16 cache_before_leaf(const struct cpu *cpu, u64 leaf, u16 keyid)
{
	bool first;

	if (!keyid || !tdx_model_leaf(leaf)->writes_private)
		return 0;
	lock(&lines_lock);
	first = add_lines(&all_lines[keyid], cpu->index, leaf);
	unlock(&lines_lock);
	return first ? keyid : 0;
}

void cache_module_write(const struct cpu *cpu, u64 leaf, u16 keyid)
{
	lock(&lines_lock);
	add_lines(&all_lines[keyid], cpu->index, leaf);
	unlock(&lines_lock);
}

u32 cache_now(void)
{
	u32 number;

	lock(&lines_lock);
	number = nr_writes;
	unlock(&lines_lock);
	return number;
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
		drop_lines(&all_lines[first], cpu->index);
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

static bool was_written_back(const struct tdx_model_keyid *keyid, unsigned int package)
{
	return keyid->state == TDX_MODEL_KEYID_FLUSHED && !(keyid->dirty_pkgs & BIT_ULL(package));
}

static void drop_lines_of_package(struct lines *l, unsigned int package)
{
	unsigned int i;

	for (i = 0; i < nr_cpus; i++) {
		if (cpus[i].package == package)
			drop_lines(l, i);
	}
}

void cache_written_back(unsigned int package, const struct tdx_model_keyid *keyids)
{
	unsigned int i;

	lock(&lines_lock);
	for (i = HOST_KEYID + 1; i < TDX_MODEL_NR_KEYIDS; i++) {
		if (all_lines[i].cpus && was_written_back(&keyids[i], package))
			drop_lines_of_package(&all_lines[i], package);
	}
	unlock(&lines_lock);
}

void cache_before_reuse(const char *what, u64 pa, u16 keyid, u32 until)
{
	const char *since;
	unsigned int i;

	for (i = 0; i < platform.nr_lps && keyid; i++) {
		since = lines_to_report(i, keyid, until);
		if (since)
			report_fault("%s 0x%llx, " NOT_WRITTEN_BACK "KeyID %u", what, pa, i, since,
				     keyid);
	}
}

void cache_before_new_kernel(const struct cpu *cpu)
{
	const char *since;
	unsigned int i;

	for (i = 0; i < platform.nr_lps; i++) {
		since = private_lines_to_report(i);
		if (since)
			report_fault("a new kernel begins on CPU %u, " NOT_WRITTEN_BACK
				     "a private KeyID", cpu->index, i, since);
	}
}

void cache_before_init(const struct cpu *cpu)
{
	const char *since = private_lines_to_report(cpu->index);

	if (since)
		report_fault("INIT for APIC ID 0x%x, " NOT_WRITTEN_BACK "a private KeyID",
			     cpu->apic_id, cpu->index, since);
}

bool cache_may_hold_host_lines(const struct cpu *cpu)
{
	bool may;

	lock(&lines_lock);
	may = may_hold(&all_lines[HOST_KEYID], cpu->index);
	unlock(&lines_lock);
	return may;
}

bool cache_may_hold_private_lines(const struct cpu *cpu)
{
	bool may;

	lock(&lines_lock);
	may = private_lines(cpu->index);
	unlock(&lines_lock);
	return may;
}
