// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: KeyIDs, and TDH.SYS.KEY.CONFIG, which configures the
 * key of the global KeyID on each package.
 */
#include "internal.h"

/**
 * tdx_model_keyid_is_private - check whether a KeyID is private to TDX
 * @m:     the module
 * @keyid: any number
 *
 * Context: Any.
 * Return: True if it is.
 */
bool tdx_model_keyid_is_private(const struct tdx_model *m, u64 keyid)
{
	return keyid >= m->config.first_private_keyid &&
	       keyid - m->config.first_private_keyid < m->config.nr_private_keyids;
}

/* Error codes of PCONFIG */
#define PCONFIG_NO_ENTROPY	2
#define PCONFIG_BUSY		5

static u32 pconfig(struct tdx_model *m, u16 keyid)
{
	u64 key;

	if (m->ops->pconfig)
		return m->ops->pconfig(m->ctx, keyid);
	return m->ops->random(m->ctx, &key) ? 0 : PCONFIG_NO_ENTROPY;
}

/**
 * tdx_model_configure_key - generate a key for a KeyID on the current package
 * @m:     the module
 * @keyid: the KeyID
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_configure_key(struct tdx_model *m, u16 keyid)
{
	u32 code = PCONFIG_BUSY;

	if (tdx_model_try_lock(&m->ket_lock)) {
		code = pconfig(m, keyid);
		tdx_model_unlock(&m->ket_lock);
	}
	if (code == PCONFIG_BUSY)
		return refuse(m, TDX_OPERAND_BUSY | TDX_OPERAND_ID_KET, "PCONFIG is busy");
	return code ? refuse1(m, TDX_KEY_GENERATION_FAILED, "PCONFIG fails with %", code) :
		      TDX_SUCCESS;
}

static bool all_keys_configured(const struct tdx_model *m)
{
	unsigned int i;

	for (i = 0; i < m->config.nr_pkgs; i++)
		if (!m->pkg_key_configured[i])
			return false;
	return true;
}

u64 tdx_model_sys_key_config(struct tdx_model *m, struct tdx_model_call *call)
{
	unsigned int pkg;
	u64 status;

	if (this_lp(m) >= m->config.nr_lps)
		return refuse1(m, TDX_SYS_KEY_CONFIG_NOT_PENDING,
			       "logical processor % was not there when the platform booted",
			       this_lp(m));
	pkg = m->config.pkg_of_lp[this_lp(m)];
	if (tdx_model_state(m) != TDX_MODEL_CONFIG_DONE)
		return refuse1(m, TDX_SYS_KEY_CONFIG_NOT_PENDING, "module state is %", tdx_model_state(m));
	if (m->pkg_key_configured[pkg])
		return TDX_KEY_CONFIGURED;
	status = tdx_model_configure_key(m, m->global_keyid);
	if (status)
		return status;

	m->pkg_key_configured[pkg] = true;
	if (all_keys_configured(m))
		tdx_model_enter_state(m, TDX_MODEL_READY);
	return TDX_SUCCESS;
}
