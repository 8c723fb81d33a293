// SPDX-License-Identifier: GPL-2.0-only
/* Memory that the TDX module owns: PAMTs, and how all CPUs see changes. */
#include "check/cache.h"
#include "check/report.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "memory/host_map.h"
#include "memory/overwritten.h"
#include "memory/owner.h"
#include "memory/td_page.h"
#include "smp/shootdown.h"

static const struct tdx_model *module;	/* NULL if there is none */
static bool unsettled;		/* all CPUs have to leave the guest before the SEAMCALL returns */
static bool unflushed;		/* or soon */
static struct lock settle_lock;	/* held until they have */

void owner_init(const struct tdx_model *model)
{
	module = model;
}

static void set(bool *flag)
{
	__atomic_store_n(flag, true, __ATOMIC_SEQ_CST);
}

static bool take(bool *flag)
{
	return __atomic_load_n(flag, __ATOMIC_SEQ_CST) &&
	       __atomic_exchange_n(flag, false, __ATOMIC_SEQ_CST);
}

void owner_changed_page(void)
{
	set(&unflushed);
}

void owner_set(u64 pa, u64 bytes, bool owned)
{
	overwritten_forget(pa, bytes);
	host_map_set_access(pa, bytes, owned ? NPT_NONE : NPT_READ_WRITE);
	set(&unsettled);
}

/* Another CPU may settle what this one has changed: then it is waited for. */
void owner_settle(const struct cpu *self)
{
	unsigned int tables;
	bool flush;

	lock(&settle_lock);
	tables = host_map_take_retired();
	flush = take(&unflushed);
	if (take(&unsettled) || tables != NPT_NO_TABLES)
		shootdown(self);
	else if (flush)
		shootdown_start(self);
	host_map_free_tables(tables);
	unlock(&settle_lock);
}

bool owner_is_pamt(u64 pa)
{
	struct tdx_pamt_area pamt;
	unsigned int i;

	for (i = 0; module && tdx_model_pamt(module, i, &pamt); i++) {
		if (pa - pamt.base < pamt.size)
			return true;
	}
	return false;
}

u16 owner_pamt_keyid(void)
{
	struct tdx_pamt_area pamt;

	if (!module || !tdx_model_pamt(module, 0, &pamt))
		return 0;
	return tdx_model_page(module, pamt.base).keyid;
}

bool owner_direct_store(u64 pa)
{
	if (host_map_has(pa))
		return false;
	if (!owner_is_pamt(pa))
		return td_page_direct_store(pa);
	cache_before_reuse("the host takes back PAMT memory", pa, owner_pamt_keyid(),
			   CACHE_ANY_TIME);
	if (overwritten_add(pa))
		host_map_set_access(pa & PAGE_MASK, PAGE_SIZE, NPT_READ_WRITE);
	return true;
}

static const char *what_the_host_took(u64 pa)
{
	if (owner_is_pamt(pa))
		return "PAMT memory";
	return tdx_model_page(module, pa).type == TDX_MODEL_PAGE_TD ? "memory of a TD" : NULL;
}

void owner_module_write(const struct cpu *cpu, u64 pa)
{
	const char *what = host_map_has(pa) ? what_the_host_took(pa) : NULL;

	if (what)
		report_fault("the module writes %s 0x%llx that the host took back, cpu %u", what,
			     pa, cpu->index);
}

static u64 pages_taken_back(const struct tdx_pamt_area *pamt)
{
	u64 pa, pages = 0;

	for (pa = pamt->base; pa - pamt->base < pamt->size; pa += PAGE_SIZE)
		pages += host_map_has(pa);
	return pages;
}

void owner_count(u64 *owned, u64 *taken_back)
{
	struct tdx_pamt_area pamt;
	unsigned int i;
	u64 pages;

	*owned = 0;
	*taken_back = 0;
	for (i = 0; module && tdx_model_pamt(module, i, &pamt); i++) {
		pages = pages_taken_back(&pamt);
		*owned += pamt.size / PAGE_SIZE - pages;
		*taken_back += pages;
	}
}

unsigned int owner_nr_td_keyids(void)
{
	unsigned int i, nr = 0;
	u8 state;

	for (i = 0; module && i < TDX_MODEL_NR_KEYIDS; i++) {
		state = __atomic_load_n(&module->keyids[i].state, __ATOMIC_RELAXED);
		nr += state == TDX_MODEL_KEYID_ASSIGNED || state == TDX_MODEL_KEYID_FLUSHED;
	}
	return nr;
}

void owner_report(void)
{
	struct tdx_pamt_area pamt;
	u64 owned, taken_back;
	unsigned int i;

	for (i = 0; module && tdx_model_pamt(module, i, &pamt); i++) {
		if (pamt.size / PAGE_SIZE > pages_taken_back(&pamt))
			log_line("owned 0x%llx 0x%llx", pamt.base, pamt.size);
	}
	owner_count(&owned, &taken_back);
	log_line("pages_owned %llu", owned);
	log_line("pamt_pages_taken_back %llu", taken_back);
	log_line("td_pages_owned %llu", module ? module->nr_td_pages : 0);
	log_line("td_keyids_owned %u", owner_nr_td_keyids());
	log_line("td_associations %llu", module ? module->nr_associations : 0);
}
