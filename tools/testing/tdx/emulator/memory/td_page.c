// SPDX-License-Identifier: GPL-2.0-only
/* Pages of TDs, from the host to the module and back. */

/*
 * A page that a TD has is not mapped for the host.  It stays unmapped when the module
 * returns it, so that the host's first use of it is noticed.  By then the host has to
 * ensure two things:
 *
 * - No cache holds modified lines of the page with the TD's KeyID, which may be written
 *   back later, over the host's data.  TDH.PHYMEM.PAGE.RECLAIM returns a page only after
 *   this was done for the TD's KeyID, but lines of a TDR page have the global KeyID.
 * - On CPUs where a partial write to such memory poisons it, all of the page has to be
 *   overwritten with MOVDIR64B.
 *
 * What is known of a page is recorded in its entry of the host's nested page table, and
 * not looked up in the PAMT, because a host that starts another kernel overwrites PAMTs,
 * too.
 */
#include "check/cache.h"
#include "check/report.h"
#include "host/cpuid.h"
#include "host/new_kernel.h"
#include "lib/lock.h"
#include "lib/seam_names.h"
#include "machine/override.h"
#include "machine/platform.h"
#include "memory/host_map.h"
#include "memory/overwritten.h"
#include "memory/page_mark.h"
#include "memory/td_page.h"

#define FAMILY_AND_MODEL	0x0fff3ff0
#define SAPPHIRE_RAPIDS		0x000806f0
#define EMERALD_RAPIDS		0x000c06f0

static struct lock pages_lock;	/* changes of marks */

static union page_mark mark_of(u64 pa)
{
	return (union page_mark){ .word = host_map_mark_at(pa) };
}

static void map_page(u64 pa)
{
	host_map_set_access(pa & PAGE_MASK, PAGE_SIZE, NPT_READ_WRITE);
}

static const char *type_name(unsigned int type)
{
	switch (type) {
	case TDX_PAGE_REG:
		return "private";
	case TDX_PAGE_TDR:
		return "TDR";
	case TDX_PAGE_TDCX:
		return "TDCX";
	case TDX_PAGE_TDVPR:
		return "TDVPR";
	case TDX_PAGE_EPT:
		return "secure EPT";
	default:
		return "unknown";
	}
}

static bool partial_writes_poison(const struct cpu *cpu)
{
	u32 regs[4];

	cpuid_guest(&cpu->host, 1, 0, regs);
	override_cpuid(cpu, 1, 0, regs);
	regs[0] &= FAMILY_AND_MODEL;
	return regs[0] == SAPPHIRE_RAPIDS || regs[0] == EMERALD_RAPIDS;
}

/* Other KeyIDs cannot be used, whatever the leaf does. */
static bool is_assigned(const struct tdx_model *module, u16 keyid)
{
	return __atomic_load_n(&module->keyids[keyid].state, __ATOMIC_ACQUIRE) ==
	       TDX_MODEL_KEYID_ASSIGNED;
}

void td_page_take(const struct tdx_model *module, u64 pa, u64 bytes, const struct cpu *cpu,
		  u64 leaf)
{
	const struct tdx_model_page page = tdx_model_page(module, pa);
	union page_mark old, new = {
		.kind = PAGE_TD, .type = page.td_type, .leaf = leaf, .keyid = page.keyid,
		.kernel = new_kernel_number(), .tdr = page.tdr / PAGE_SIZE,
	};

	lock(&pages_lock);
	old = mark_of(pa);
	overwritten_forget(pa, bytes);
	host_map_mark(pa, bytes, new.word);
	unlock(&pages_lock);
	if (old.kind == PAGE_RECLAIMED)
		cache_before_reuse("the module takes memory", pa, old.keyid, old.reclaimed_at);
	if (is_assigned(module, page.keyid))
		cache_module_write(cpu, leaf, page.keyid);
}

/* KEY.FREEID has ensured that no cache holds lines with the KeyID of these pages. */
static bool has_no_lines(union page_mark mark, u64 leaf)
{
	return leaf == TDH_PHYMEM_PAGE_RECLAIM && mark.type != TDX_PAGE_TDR;
}

bool td_page_reclaim(u64 pa, u64 bytes, u64 leaf)
{
	union page_mark mark;
	bool known;

	lock(&pages_lock);
	mark = mark_of(pa);
	known = mark.kind == PAGE_TD;
	if (known) {
		mark.kind = PAGE_RECLAIMED;
		mark.leaf = leaf;
		mark.reclaimed_at = cache_now();
		if (has_no_lines(mark, leaf))
			mark.keyid = 0;
		host_map_mark(pa, bytes, mark.word);
	} else {
		/* The host has accessed it before, which was reported */
		host_map_set_access(pa, bytes, NPT_READ_WRITE);
	}
	unlock(&pages_lock);
	return !known;
}

bool td_page_module_access(const struct tdx_model *module, u64 pa, const struct cpu *cpu,
			   u64 leaf)
{
	const union page_mark mark = mark_of(pa);

	if (mark.kind == PAGE_TD && is_assigned(module, mark.keyid))
		cache_module_write(cpu, leaf, mark.keyid);
	return mark.kind == PAGE_TD;
}

void td_page_written_back(u64 pa)
{
	u64 keyid = (pa % BIT_ULL(PLATFORM_PHYS_BITS)) / platform.phys_limit;
	union page_mark mark;

	pa %= platform.phys_limit;
	lock(&pages_lock);
	mark = mark_of(pa);
	if (mark.kind == PAGE_RECLAIMED && mark.keyid == keyid) {
		mark.keyid = 0;
		host_map_mark(pa & PAGE_MASK, PAGE_SIZE, mark.word);
	}
	unlock(&pages_lock);
}

void td_page_forget_all(void)
{
	union page_mark mark;
	u64 pa, size;

	lock(&pages_lock);
	for (pa = 0; (mark.word = host_map_next_mark(&pa, &size)); pa += size) {
		if (mark.kind == PAGE_TD)
			host_map_set_access(pa, size, NPT_READ_WRITE);
	}
	unlock(&pages_lock);
}

bool td_page_direct_store(u64 pa)
{
	union page_mark mark;

	lock(&pages_lock);
	mark = mark_of(pa);
	if (mark.kind == PAGE_TD)
		cache_before_reuse("the host takes back memory of a TD", pa, mark.keyid,
				   CACHE_ANY_TIME);
	if (mark.kind == PAGE_RECLAIMED)
		cache_before_reuse("the host overwrites reclaimed memory", pa, mark.keyid,
				   mark.reclaimed_at);
	if ((mark.kind == PAGE_TD || mark.kind == PAGE_RECLAIMED) && overwritten_add(pa))
		map_page(pa);
	unlock(&pages_lock);
	return mark.kind == PAGE_TD || mark.kind == PAGE_RECLAIMED;
}

static void check_reuse(u64 pa, union page_mark mark, const struct cpu *cpu)
{
	cache_before_reuse("the host uses reclaimed memory", pa, mark.keyid, mark.reclaimed_at);
	if (partial_writes_poison(cpu))
		report_fault("the host uses memory 0x%llx, which it has not overwritten with MOVDIR64B since %s of a %s page, at 0x%llx cpu %u",
			     pa, leaf_name(mark.leaf), type_name(mark.type), cpu->host.vmcb.rip,
			     cpu->index);
}

static bool is_of_this_kernel(union page_mark mark)
{
	const union page_mark current = { .kernel = new_kernel_number() };

	return mark.kernel == current.kernel;
}

/* If nothing poisons memory, pages of a kernel that is gone are left as they are. */
static bool is_left_by_old_kernel(union page_mark mark, const struct cpu *cpu)
{
	return mark.kind == PAGE_TD && !is_of_this_kernel(mark) && !partial_writes_poison(cpu);
}

bool td_page_reuse(u64 pa, const struct cpu *cpu)
{
	union page_mark mark;
	bool usable;

	lock(&pages_lock);
	mark = mark_of(pa);
	if (mark.kind == PAGE_RECLAIMED)
		check_reuse(pa, mark, cpu);
	usable = mark.kind == PAGE_RECLAIMED || is_left_by_old_kernel(mark, cpu);
	if (usable) {
		overwritten_forget(pa & PAGE_MASK, PAGE_SIZE);
		map_page(pa);
	}
	unlock(&pages_lock);
	return usable;
}

bool td_page_report_access(const struct vcpu *vcpu, u64 pa, bool write)
{
	const union page_mark mark = mark_of(pa);

	if (mark.kind != PAGE_TD)
		return false;
	report_fault("host %s of 0x%llx, a %s page of TD 0x%llx since %s, at 0x%llx cpu %u",
		     write ? "write" : "read", pa, type_name(mark.type), (u64)mark.tdr * PAGE_SIZE,
		     leaf_name(mark.leaf), vcpu->vmcb.rip, vcpu->cpu->index);
	return true;
}

void td_page_report_left(unsigned int nr_keyids)
{
	union page_mark mark, first = { 0 };
	u64 pa, size, first_pa = 0, pages = 0;

	for (pa = 0; (mark.word = host_map_next_mark(&pa, &size)); pa += size) {
		if (mark.kind != PAGE_TD || !is_of_this_kernel(mark))
			continue;
		if (!pages) {
			first = mark;
			first_pa = pa;
		}
		pages += size / PAGE_SIZE;
	}
	if (pages)
		report_fault("TDs still have %llu pages and %u KeyIDs; first 0x%llx, a %s page of TD 0x%llx since %s",
			     pages, nr_keyids, first_pa, type_name(first.type),
			     (u64)first.tdr * PAGE_SIZE, leaf_name(first.leaf));
}
