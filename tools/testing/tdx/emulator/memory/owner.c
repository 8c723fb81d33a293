// SPDX-License-Identifier: GPL-2.0-only
/* Which memory is the TDX module's. */
#include "check/cache.h"
#include "check/report.h"
#include "lib/log.h"
#include "machine/platform.h"
#include "memory/host_map.h"
#include "memory/overwritten.h"
#include "memory/owner.h"
#include "smp/shootdown.h"

#define MAX_RANGES	(TDX_MODEL_MAX_TDMRS * TDX_NR_PAMT_LEVELS)

struct range {
	u64 pa, bytes;		/* 0 bytes: unused */
	u64 taken_back;		/* pages */
};

static struct range ranges[MAX_RANGES];
static bool unsettled;

static struct range *range_at(u64 pa, u64 bytes)
{
	unsigned int i;

	for (i = 0; i < MAX_RANGES; i++) {
		if (ranges[i].pa == pa && ranges[i].bytes == bytes)
			return &ranges[i];
	}
	fail(EXIT_CRASH, "range 0x%llx, %llu bytes: not in the list of %u, or no room in it", pa,
	     bytes, MAX_RANGES);
}

static struct range *range_of(u64 pa)
{
	unsigned int i;

	for (i = 0; i < MAX_RANGES; i++) {
		if (pa - ranges[i].pa < ranges[i].bytes)
			return &ranges[i];
	}
	return NULL;
}

void owner_set(u64 pa, u64 bytes, bool owned)
{
	if (owned)
		*range_at(0, 0) = (struct range){ pa, bytes, 0 };
	else
		*range_at(pa, bytes) = (struct range){ 0 };
	overwritten_forget(pa, bytes);
	host_map_set_access(pa, bytes, owned ? NPT_NONE : NPT_READ_WRITE);
	__atomic_store_n(&unsettled, true, __ATOMIC_SEQ_CST);
}

void owner_settle(const struct cpu *self)
{
	if (__atomic_load_n(&unsettled, __ATOMIC_SEQ_CST) &&
	    __atomic_exchange_n(&unsettled, false, __ATOMIC_SEQ_CST)) {
		shootdown(self);
		host_map_settle();
	}
}

bool owner_is_module(u64 pa)
{
	return range_of(pa);
}

bool owner_direct_store(u64 pa)
{
	struct range *range = range_of(pa);
	u64 page = pa & PAGE_MASK;

	if (!range || host_map_has(page))
		return false;
	cache_before_reuse(pa);
	if (overwritten_add(pa)) {
		host_map_set_access(page, PAGE_SIZE, NPT_READ_WRITE);
		__atomic_add_fetch(&range->taken_back, 1, __ATOMIC_SEQ_CST);
	}
	return true;
}

void owner_module_write(const struct cpu *cpu, u64 pa)
{
	if (range_of(pa) && host_map_has(pa & PAGE_MASK))
		report_fault("the module writes PAMT memory 0x%llx that the host took back, cpu %u",
			     pa, cpu->index);
}

void owner_count(u64 *owned, u64 *taken_back)
{
	unsigned int i;

	*owned = 0;
	*taken_back = 0;
	for (i = 0; i < MAX_RANGES; i++) {
		*owned += ranges[i].bytes / PAGE_SIZE - ranges[i].taken_back;
		*taken_back += ranges[i].taken_back;
	}
}

void owner_report(void)
{
	u64 owned, taken_back;
	unsigned int i;

	for (i = 0; i < MAX_RANGES; i++) {
		if (ranges[i].bytes / PAGE_SIZE > ranges[i].taken_back)
			log_line("owned 0x%llx 0x%llx", ranges[i].pa, ranges[i].bytes);
	}
	owner_count(&owned, &taken_back);
	log_line("pages_owned %llu", owned);
	log_line("pamt_pages_taken_back %llu", taken_back);
}
