// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the TDX module says of a layout.
 */
#include <linux/kernel.h>
#include <stdlib.h>
#include <string.h>

#include "map_text.h"
#include "model_machine.h"

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

static const char *status_name(u64 status)
{
	static const struct {
		u64 status;
		const char *name;
	} names[] = {
#define NAME(name, value) { value, #name },
		TDX_STATUS_LIST(NAME)
#undef NAME
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].status == (status & TDX_STATUS_CODE_MASK))
			return names[i].name;
	return "UNKNOWN";
}

static bool say(struct model_machine *machine, const char *leaf, u64 status)
{
	printf("%s -> 0x%016llX %s\n", leaf, status, status_name(status));
	if (status)
		printf("# %s\n", tdx_model_why(&machine->model));
	return !status;
}

/*
 * It is the layout that is judged: a CMR may lie where this machine happens to
 * have its SMRAM.
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

	machine = aligned_alloc(4096, (sizeof(*machine) + 4095) & ~4095UL);
	if (!machine)
		return 2;
	machine_init(machine, 1);
	accepted = judge(machine, &text);
	free(machine);
	map_text_free(&text);
	return accepted ? 0 : 1;
}
