// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: loading a module.
 */
#include "internal.h"

const struct tdx_model_release tdx_model_releases[TDX_MODEL_NR_GENERATIONS] = {
	[TDX_MODEL_1_0]	   = { "1.0", 1, 0, 1 },
	[TDX_MODEL_1_5]	   = { "1.5.01", 1, 5, 1, TDX_FEATURES0_NO_RBP_MOD },
	[TDX_MODEL_1_5_06] = { "1.5.06", 1, 5, 6,
			       TDX_FEATURES0_NO_RBP_MOD | TDX_FEATURES0_ENUM_TOPOLOGY },
	[TDX_MODEL_2_0]	   = { "2.0", 2, 0, 8,
			       TDX_FEATURES0_NO_RBP_MOD | TDX_FEATURES0_ENUM_TOPOLOGY },
};

/**
 * tdx_model_begin_anew - reset all that leaves have configured
 * @m: the module
 *
 * As the P-SEAMLDR leaves it, in the state INIT_PENDING.  PAMTs stay on the
 * list of tdx_model_page().
 *
 * Context: No other logical processor is in the module.
 */
void tdx_model_begin_anew(struct tdx_model *m)
{
	unsigned int i;

	for (i = 0; i < TDX_MODEL_MAX_LPS; i++) {
		m->lps[i].init_done = false;
		m->lps[i].shut_down = false;
	}
	m->nr_lps_init_done = 0;
	memset(m->keyids, 0, sizeof(m->keyids));
	memset(m->cache_wb, 0, sizeof(m->cache_wb));
	memset(m->pkg_key_configured, 0, sizeof(m->pkg_key_configured));
	m->global_keyid = 0;
	m->nr_tdmrs = 0;
	tdx_model_enter_state(m, TDX_MODEL_INIT_PENDING);
}

/*
 * Ensures that all indexes from the config are below the length of their
 * arrays.
 */
static bool has_room_for(const struct tdx_model_config *config)
{
	unsigned int i, nr_pkgs = 0;
	u64 seen = 0;

	if (!config->nr_lps || config->nr_lps > TDX_MODEL_MAX_LPS ||
	    config->nr_pkgs > TDX_MODEL_MAX_PKGS || config->max_tdmrs > TDX_MODEL_MAX_TDMRS ||
	    config->max_reserved_per_tdmr > TDX_TDMR_NR_RESERVED ||
	    config->pamt_entry_size > TDX_MODEL_MAX_PAMT_ENTRY ||
	    config->metadata_list_bytes > PAGE_BYTES)
		return false;
	for (i = 0; i < config->nr_lps; i++) {
		if (config->pkg_of_lp[i] >= config->nr_pkgs)
			return false;
		nr_pkgs += !(seen & BIT_ULL(config->pkg_of_lp[i]));
		seen |= BIT_ULL(config->pkg_of_lp[i]);
	}
	return nr_pkgs == config->nr_pkgs;
}

/**
 * tdx_model_load - load a module
 * @m:      the module
 * @config: the machine and the module; is copied
 * @ops:    platform operations; must outlive the module
 * @ctx:    passed to each operation; must outlive the module
 *
 * Puts the module into the state INIT_PENDING.  Does nothing if @config exceeds
 * a limit of the model, or has a package without a logical processor.
 *
 * Context: No logical processor is in the module.
 * Return: False if nothing was done.
 */
bool tdx_model_load(struct tdx_model *m, const struct tdx_model_config *config,
		    const struct tdx_model_ops *ops, void *ctx)
{
	if (!has_room_for(config))
		return false;

	memset(m, 0, sizeof(*m));
	m->config = *config;
	m->ops = ops;
	m->ctx = ctx;
	tdx_model_compose_sysinfo(m);
	return true;
}

/**
 * tdx_model_update - load a new module over one that was shut down
 * @m:      the module
 * @config: as for tdx_model_load()
 *
 * As the P-SEAMLDR does.  The handoff data of TDH.SYS.SHUTDOWN is kept for
 * TDH.SYS.UPDATE, and so are the counts of SEAMCALLs.
 *
 * Context: No logical processor is in the module.
 * Return: False, without effect, if the module was not shut down, or if @config
 *         exceeds a limit of the model.
 */
bool tdx_model_update(struct tdx_model *m, const struct tdx_model_config *config)
{
	if (tdx_model_state(m) != TDX_MODEL_SHUTDOWN && !(m->lps_inside & TDX_MODEL_CLOSED))
		return false;
	if (!has_room_for(config))
		return false;

	m->config = *config;
	memset(&m->sysinfo, 0, sizeof(m->sysinfo));
	tdx_model_compose_sysinfo(m);
	m->lps_inside = 0;
	tdx_model_begin_anew(m);
	return true;
}

/**
 * tdx_model_find_in_state - put a module into a state left by a previous kernel
 * @m:     the module
 * @state: the module state
 *
 * All logical processors are initialized unless @state is INIT_PENDING, and from
 * CONFIG_DONE on the module has TDMRs that are not known any more.
 *
 * Context: After tdx_model_load(), before the first SEAMCALL.
 */
void tdx_model_find_in_state(struct tdx_model *m, enum tdx_model_state state)
{
	unsigned int i;

	m->state = state;
	if (state == TDX_MODEL_INIT_PENDING)
		return;
	tdx_model_record_platform(m);
	for (i = 0; i < m->config.nr_lps; i++)
		m->lps[i].init_done = true;
	m->nr_lps_init_done = m->config.nr_lps;
	for (i = 0; i < m->config.nr_pkgs && state >= TDX_MODEL_READY; i++)
		m->pkg_key_configured[i] = true;
}
