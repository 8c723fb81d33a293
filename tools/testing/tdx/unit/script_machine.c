// SPDX-License-Identifier: GPL-2.0-only
/* Machine for scripts of SEAMCALLs.  See script_machine.h. */
#include <stdlib.h>
#include <string.h>

#include "script_machine.h"

/* Operands of TDH.SYS.CONFIG, cleared afterwards */
#define TDMRS_PA	0x1000ULL
#define TDMR_INFOS_PA	0x2000ULL

static struct script_machine *running;	/* the only one */

static bool rdmsr(struct model_machine *machine, unsigned int lp, u32 msr, u64 *value)
{
	const struct script_msr *m = &running->msrs[running->nr_msrs];

	while (m-- > running->msrs) {
		if (m->msr == msr && m->lp == lp) {
			*value = m->value;
			return true;
		}
	}
	return false;
}

static void *have(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

void script_machine_init(struct script_machine *script)
{
	*script = (struct script_machine) {};
	script->machine = have(machine_alloc());
	machine_init(script->machine, 1);
	memset(script->machine->config.cmrs, 0, sizeof(script->machine->config.cmrs));
	script->machine->memory_is_everywhere = true;
	script->machine->has_pconfig = true;
	script->machine->rdmsr = rdmsr;
	map_text_init(&script->map);
	running = script;
}

static void forget_ready(struct script_machine *script)
{
	struct memory_page *page;

	while ((page = script->ready_pages)) {
		script->ready_pages = page->next;
		free(page);
	}
	free(script->ready);
	script->ready = NULL;
}

void script_machine_free(struct script_machine *script)
{
	forget_ready(script);
	machine_free(script->machine);
	map_text_free(&script->map);
}

void script_machine_changed(struct script_machine *script)
{
	script->loaded = false;
	forget_ready(script);
}

static void load(struct script_machine *script)
{
	struct tdx_model_config *config = &script->machine->config;

	memcpy(config->cmrs, script->map.cmrs, sizeof(config->cmrs));
	config->max_tdmrs = script->map.limits.max_tdmrs;
	config->max_reserved_per_tdmr = script->map.limits.max_reserved_per_tdmr;
	config->pamt_entry_size = script->map.limits.pamt_entry_size;
	machine_reload(script->machine);
	script->loaded = true;
}

u64 script_machine_seamcall(struct script_machine *script, unsigned int lp,
			    struct tdx_model_regs *regs)
{
	if (!script->loaded)
		load(script);
	return machine_seamcall(script->machine, lp, regs);
}

static u64 call(struct script_machine *script, unsigned int lp, u64 leaf, u64 rcx, u64 rdx,
		u64 r8)
{
	struct tdx_model_regs regs = { .rax = leaf, .gpr = { .rcx = rcx, .rdx = rdx, .r8 = r8 } };

	return script_machine_seamcall(script, lp, &regs);
}

static u64 config(struct script_machine *script)
{
	struct phys_memory *memory = &script->machine->memory;
	u64 keyid = script->global_keyid ?: script->machine->config.first_private_keyid;
	static const u8 zeros[MEMORY_PAGE_BYTES];
	unsigned int i, nr = script->map.nr_tdmrs;
	u64 pa = TDMR_INFOS_PA, status;

	for (i = 0; i < nr; i++, pa += sizeof(script->map.tdmrs[i])) {
		memory_write(memory, TDMRS_PA + i * sizeof(pa), &pa, sizeof(pa));
		memory_write(memory, pa, &script->map.tdmrs[i], sizeof(script->map.tdmrs[i]));
	}
	status = call(script, 0, TDH_SYS_CONFIG, TDMRS_PA, nr, keyid);
	for (pa &= ~(MEMORY_PAGE_BYTES - 1); pa >= TDMRS_PA; pa -= MEMORY_PAGE_BYTES)
		memory_write(memory, pa, zeros, sizeof(zeros));
	return status;
}

static u64 init_tdmr(struct script_machine *script, const struct tdx_tdmr_info *tdmr)
{
	u64 status;

	do {
		status = call(script, 0, TDH_SYS_TDMR_INIT, tdmr->base, 0, 0);
	} while (!status);
	return status == TDX_TDMR_ALREADY_INITIALIZED ? 0 : status;
}

static const char *initialize(struct script_machine *script, const bool *tdmrs, u64 *status)
{
	const struct tdx_model_config *config_of = &script->machine->config;
	unsigned int i;

	*status = call(script, 0, TDH_SYS_INIT, 0, 0, 0);
	if (*status)
		return "TDH.SYS.INIT";
	for (i = 0; i < config_of->nr_lps && !*status; i++)
		*status = call(script, i, TDH_SYS_LP_INIT, 0, 0, 0);
	if (*status)
		return "TDH.SYS.LP.INIT";
	*status = config(script);
	if (*status)
		return "TDH.SYS.CONFIG";
	for (i = 0; i < config_of->nr_lps && !(*status & TDX_STATUS_ERROR); i++)
		if (!i || config_of->pkg_of_lp[i] != config_of->pkg_of_lp[i - 1])
			*status = call(script, i, TDH_SYS_KEY_CONFIG, 0, 0, 0);
	if (*status)
		return "TDH.SYS.KEY.CONFIG";
	for (i = 0; i < script->map.nr_tdmrs && !*status; i++)
		if (tdmrs[i])
			*status = init_tdmr(script, &script->map.tdmrs[i]);
	return *status ? "TDH.SYS.TDMR.INIT" : NULL;
}

static void keep_ready(struct script_machine *script)
{
	const struct memory_page *page = script->machine->memory.pages;
	struct memory_page *copy;

	script->ready = have(aligned_alloc(1024, (sizeof(*script->ready) + 1023) & ~1023UL));
	memcpy(script->ready, &script->machine->model, sizeof(*script->ready));
	for (; page; page = page->next) {
		if (memory_is_zero(page->data, sizeof(page->data)))
			continue;
		copy = have(aligned_alloc(MEMORY_PAGE_BYTES, sizeof(*copy)));
		*copy = *page;
		copy->next = script->ready_pages;
		script->ready_pages = copy;
	}
}

const char *script_machine_make_ready(struct script_machine *script, const bool *tdmrs,
				      u64 *status)
{
	const char *failed;

	forget_ready(script);
	load(script);
	failed = initialize(script, tdmrs, status);
	if (!failed)
		keep_ready(script);
	return failed;
}

void script_machine_reset(struct script_machine *script)
{
	struct model_machine *machine = script->machine;
	const struct memory_page *page;

	script->nr_msrs = 0;
	machine->no_entropy = false;
	machine->pconfig = 0;
	if (!script->ready) {
		load(script);
		return;
	}
	memcpy(&machine->model, script->ready, sizeof(machine->model));
	machine->td_bytes_owned = 0;
	memory_clear(&machine->memory);
	for (page = script->ready_pages; page; page = page->next)
		memory_write(&machine->memory, page->pa, page->data, sizeof(page->data));
}

bool script_machine_set_msr(struct script_machine *script, unsigned int lp, u32 msr, u64 value)
{
	unsigned int i;

	for (i = 0; i < script->nr_msrs; i++)
		if (script->msrs[i].lp == lp && script->msrs[i].msr == msr)
			break;
	if (i == SCRIPT_MAX_MSRS)
		return false;
	if (i == script->nr_msrs)
		script->nr_msrs++;
	script->msrs[i] = (struct script_msr) { lp, msr, value };
	return true;
}
