/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Machine for scripts of SEAMCALLs: described, initialized, and reset to the initialized
 * state.
 */
#ifndef TDX_UNIT_SCRIPT_MACHINE_H
#define TDX_UNIT_SCRIPT_MACHINE_H

#include "map_text.h"
#include "model_machine.h"

#define SCRIPT_MAX_MSRS	64

struct script_msr {
	unsigned int lp;
	u32 msr;
	u64 value;
};

struct script_machine {
	struct model_machine *machine;
	struct map_text map;		/* CMRs and TDMRs */
	u16 global_keyid;		/* 0: the first one */
	bool loaded;			/* with the current description */
	struct script_msr msrs[SCRIPT_MAX_MSRS];	/* overridden by the script */
	unsigned int nr_msrs;
	/* State after the initialization; NULL: there was none. */
	struct tdx_model *ready;
	struct memory_page *ready_pages;	/* pages that are not 0 */
};

void script_machine_init(struct script_machine *script);
void script_machine_free(struct script_machine *script);

/* Has to be called after a change of the description. */
void script_machine_changed(struct script_machine *script);

/*
 * Initialize the module, and the PAMTs of some TDMRs.  Returns NULL, or the leaf that
 * failed with @status.
 */
const char *script_machine_make_ready(struct script_machine *script, const bool *tdmrs,
				      u64 *status);

/* Return to the state after the initialization. */
void script_machine_reset(struct script_machine *script);

/* Override an MSR.  False: too many. */
bool script_machine_set_msr(struct script_machine *script, unsigned int lp, u32 msr, u64 value);

u64 script_machine_seamcall(struct script_machine *script, unsigned int lp,
			    struct tdx_model_regs *regs);

#endif
