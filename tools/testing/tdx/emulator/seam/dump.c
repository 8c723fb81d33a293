// SPDX-License-Identifier: GPL-2.0-only
/* The module's view of the machine, printed at the guest's request. */
#include "check/cache.h"
#include "cpu/cpu.h"
#include "lib/log.h"
#include "machine/options.h"
#include "memory/owner.h"
#include "memory/td_tables.h"
#include "seam/dump.h"
#include "seam/module.h"

static const char * const states[] = {
	[TDX_MODEL_INIT_PENDING] = "INIT_PENDING",
	[TDX_MODEL_INIT_DONE] = "INIT_DONE",
	[TDX_MODEL_CONFIG_DONE] = "CONFIG_DONE",
	[TDX_MODEL_READY] = "READY",
	[TDX_MODEL_SHUTDOWN] = "SHUTDOWN",
	[TDX_MODEL_DISABLING] = "DISABLING",
};

static void dump_tdmr(unsigned int i, const struct tdx_model_tdmr *tdmr)
{
	const struct tdx_tdmr_info *info = &tdmr->info;
	unsigned int j;

	log_line("dump tdmr %u [0x%llx, 0x%llx) initialized to 0x%llx%s", i, info->base,
		 info->base + info->size, tdmr->next, tdmr->lock.holders ? ", locked" : "");
	for (j = 0; j < TDX_NR_PAMT_LEVELS; j++)
		log_line("dump tdmr %u pamt %s [0x%llx, 0x%llx)", i,
			 j == 0 ? "1g" : j == 1 ? "2m" : "4k", info->pamt[j].base,
			 info->pamt[j].base + info->pamt[j].size);
	for (j = 0; j < TDX_TDMR_NR_RESERVED && info->reserved[j].size; j++)
		log_line("dump tdmr %u reserved [0x%llx, 0x%llx)", i,
			 info->base + info->reserved[j].offset,
			 info->base + info->reserved[j].offset + info->reserved[j].size);
}

void dump_module(void)
{
	const struct tdx_model *m = &tdx_module;
	u64 owned, taken_back;
	unsigned int i;

	if (!options.module) {
		log_line("dump: no module");
		return;
	}

	log_line("dump module %s, %u of %u logical processors initialized, lock %d",
		 states[m->state], m->nr_lps_init_done, m->config.nr_lps, m->global_lock.holders);
	for (i = 0; i < nr_cpus; i++)
		log_line("dump lp %u package %u vmx %s init %s key %s host_lines %s keyid_lines %s",
			 i, cpus[i].package, cpus[i].vmx.on ? "on" : "off",
			 m->lps[i].init_done ? "done" : "pending",
			 m->pkg_key_configured[cpus[i].package % TDX_MODEL_MAX_PKGS] ? "set" : "no",
			 cache_may_hold_host_lines(&cpus[i]) ? "maybe" : "no",
			 cache_may_hold_private_lines(&cpus[i]) ? "maybe" : "no");
	for (i = 0; i < m->nr_tdmrs; i++)
		dump_tdmr(i, &m->tdmrs[i]);
	owner_count(&owned, &taken_back);
	log_line("dump pages owned %llu taken back %llu", owned, taken_back);
	td_tables_dump(m);
	log_line("dump td pages %llu", m->nr_td_pages);
}
