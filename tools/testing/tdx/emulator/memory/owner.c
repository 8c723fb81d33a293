// SPDX-License-Identifier: GPL-2.0-only
/* Memory that the TDX module owns. */
#include "check/cache.h"
#include "check/report.h"
#include "lib/log.h"
#include "memory/host_map.h"
#include "memory/overwritten.h"
#include "memory/owner.h"
#include "smp/shootdown.h"

static const struct tdx_model *module;	/* NULL if there is none */
static bool unsettled;

void owner_init(const struct tdx_model *model)
{
	module = model;
}

void owner_set(u64 pa, u64 bytes, bool owned)
{
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

static struct tdx_model_page page_of(u64 pa)
{
	return module ? tdx_model_page(module, pa) :
			(struct tdx_model_page){ .type = TDX_MODEL_PAGE_HOST };
}

bool owner_is_module(u64 pa)
{
	return page_of(pa).type == TDX_MODEL_PAGE_PAMT;
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
	struct tdx_model_page page = page_of(pa);

	if (page.type != TDX_MODEL_PAGE_PAMT || host_map_has(pa))
		return false;
	cache_before_reuse("the host takes back PAMT memory", pa, page.keyid, CACHE_ANY_TIME);
	if (overwritten_add(pa))
		host_map_set_access(pa & PAGE_MASK, PAGE_SIZE, NPT_READ_WRITE);
	return true;
}

void owner_module_write(const struct cpu *cpu, u64 pa)
{
	if (owner_is_module(pa) && host_map_has(pa))
		report_fault("the module writes PAMT memory 0x%llx that the host took back, cpu %u",
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
}
