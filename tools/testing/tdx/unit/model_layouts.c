// SPDX-License-Identifier: GPL-2.0-only
/* Legal TDMRs for the software TDX module. */
#include "model_layouts.h"

struct tdx_tdmr_info tdmr_at(u64 base, u64 size, u64 pamt)
{
	struct tdx_tdmr_info tdmr = { .base = base, .size = size };

	tdmr.pamt[0].size = K(4);
	tdmr.pamt[1].size = (size / M(2) * 16 + 4095) & ~4095ULL;
	tdmr.pamt[2].size = size / K(4) * 16;
	tdmr.pamt[0].base = pamt;
	tdmr.pamt[1].base = pamt + tdmr.pamt[0].size;
	tdmr.pamt[2].base = tdmr.pamt[1].base + tdmr.pamt[1].size;
	return tdmr;
}

void legal_pair(struct tdx_tdmr_info tdmrs[2])
{
	tdmrs[0] = tdmr_at(0, G(1), G(32));
	tdmrs[0].reserved[0] = (struct tdx_reserved_area) { 0, M(1) };
	tdmrs[1] = tdmr_at(G(1), G(2), G(32) + M(64));
}

void machine_config_keys(struct model_machine *machine)
{
	unsigned int lp;

	for (lp = 0; lp < machine->config.nr_lps; lp++)
		machine_call(machine, lp, TDH_SYS_KEY_CONFIG);
}

void machine_make_ready(struct model_machine *machine)
{
	struct tdx_tdmr_info tdmrs[2];

	legal_pair(tdmrs);
	machine_init_module(machine);
	machine_config(machine, tdmrs, 2);
	machine_config_keys(machine);
}
