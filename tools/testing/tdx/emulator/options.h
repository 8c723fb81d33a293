/* SPDX-License-Identifier: GPL-2.0-only */
/* The emulator's command line. */
#ifndef _TDX_EMU_OPTIONS_H
#define _TDX_EMU_OPTIONS_H

#include "../../../../arch/x86/virt/vmx/tdx/tests/tdx_model.h"

enum seamrr_option {
	SEAMRR_ON,
	SEAMRR_OFF,		/* not enabled by the BIOS */
	SEAMRR_UNLOCKED,	/* enabled, but not locked */
};

enum log_level {
	LOG_FAILURES	= 1,	/* SEAMCALLs that fail */
	LOG_SEAMCALLS	= 2,	/* every SEAMCALL */
	LOG_CPUS	= 3,	/* VMXON, VMXOFF, INIT, SIPI; SEAMCALL's registers */
};

#define MAX_INJECTIONS	8

/* Calls @first_call to @first_call + @nr_calls - 1 of a leaf answer @status; the first is 1. */
struct injection {
	u64 leaf, first_call, status, nr_calls;
};

struct options {
	bool module;
	enum tdx_model_generation generation;
	unsigned int mktme_keyids, tdx_keyids;
	enum seamrr_option seamrr;
	unsigned int nr_cmrs;		/* 0: derive them from the RAM */
	struct tdx_cmr_info cmrs[TDX_NR_CMRS];
	unsigned int max_tdmrs, max_reserved;
	unsigned int nr_injections;
	struct injection injections[MAX_INJECTIONS];
	unsigned int log_level;
};

extern struct options options;

/* Ends the run on an unknown option or a bad value, and names it; and on "help". */
void options_parse(const char *command_line);

#endif /* _TDX_EMU_OPTIONS_H */
