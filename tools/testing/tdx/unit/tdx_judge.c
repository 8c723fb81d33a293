// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks a layout with the software TDX module.
 */
#include <stdlib.h>
#include <string.h>

#include "map_text.h"
#include "model_machine.h"
#include "status_name.h"

static const char usage[] =
	"usage: tdx_judge < LAYOUT\n"
	"\n"
	"Runs the software TDX module over a layout: one line for each SEAMCALL, with the\n"
	"status that the module answers and, behind '#', why.  CMRs, TDMRs and reserved areas\n"
	"are taken as they stand, in their order; a number above 64 bits counts as 2^64 - 1.\n"
	"The machine has 46 bits of physical address below the KeyIDs, and a valid global\n"
	"KeyID.\n"
	"\n"
	"Exit status: 0 accepted, 1 refused, 2 bad input.\n";

static bool say(struct model_machine *machine, const char *leaf, u64 status)
{
	printf("%s -> 0x%016llX %s\n", leaf, status, status_name(status));
	if (status)
		printf("# %s\n", tdx_model_why(&machine->model));
	return !status;
}

/*
 * TDH.SYS.INIT may refuse CMRs that overlap the SMRAM of the model's machine.
 * Only the layout is to be checked, so the CMRs are hidden from TDH.SYS.INIT
 * then.
 */
static u64 init_module(struct model_machine *machine)
{
	struct tdx_cmr_info cmrs[TDX_NR_CMRS];
	u64 status = machine_call(machine, 0, TDH_SYS_INIT);

	if (status != TDX_SMRR_OVERLAPS_CMR)
		return status;

	memcpy(cmrs, machine->config.cmrs, sizeof(cmrs));
	memset(machine->config.cmrs, 0, sizeof(cmrs));
	machine_reload(machine);
	status = machine_call(machine, 0, TDH_SYS_INIT);
	memcpy(machine->model.config.cmrs, cmrs, sizeof(cmrs));
	return status;
}

static bool judge(struct model_machine *machine, const struct map_text *text)
{
	memset(machine->config.cmrs, 0, sizeof(machine->config.cmrs));
	memcpy(machine->config.cmrs, text->cmrs, text->nr_cmrs * sizeof(text->cmrs[0]));
	machine->config.max_tdmrs = text->limits.max_tdmrs;
	machine->config.max_reserved_per_tdmr = text->limits.max_reserved_per_tdmr;
	machine->config.pamt_entry_size = text->limits.pamt_entry_size;
	machine_reload(machine);

	return say(machine, "TDH.SYS.INIT", init_module(machine)) &&
	       say(machine, "TDH.SYS.LP.INIT", machine_call(machine, 0, TDH_SYS_LP_INIT)) &&
	       say(machine, "TDH.SYS.CONFIG",
		   machine_config(machine, text->tdmrs, text->nr_tdmrs)) &&
	       say(machine, "TDH.SYS.KEY.CONFIG", machine_call(machine, 0, TDH_SYS_KEY_CONFIG));
}

int main(int argc, char **argv)
{
	struct model_machine *machine;
	struct map_text text;
	bool accepted;

	if (argc > 1) {
		fputs(usage, strcmp(argv[1], "--help") ? stderr : stdout);
		return strcmp(argv[1], "--help") ? 2 : 0;
	}
	if (!map_text_read(&text, stdin, "standard input"))
		return 2;

	machine = machine_alloc();
	if (!machine)
		return 2;
	machine_init(machine, 1);
	accepted = judge(machine, &text);
	machine_free(machine);
	map_text_free(&text);
	return accepted ? 0 : 1;
}
