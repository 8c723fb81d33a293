/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TDX module as the host sees it: its state and everything that was
 * decided about it.
 */
#ifndef _X86_VIRT_TDX_MODULE_H
#define _X86_VIRT_TDX_MODULE_H

#include <linux/cpumask.h>
#include <linux/mutex.h>

#include "cause.h"
#include "layout.h"
#include "memory.h"
#include "platform.h"
#include "sysinfo.h"

enum tdx_module_state {
	TDX_MODULE_UNKNOWN,	/* nobody asked yet, or in vain but without touching it */
	TDX_MODULE_INITIALISING,
	TDX_MODULE_ABSENT,	/* the platform has no TDX, or no module is loaded */
	TDX_MODULE_READY,	/* guests can be created */
	TDX_MODULE_FAILED,	/* dead until the machine is reset */
};

/**
 * struct tdx_module - one TDX module, and the host's dealings with it
 * @platform:	   what the BIOS configured
 * @ram:	   all RAM of the host
 * @lock:	   serialises initialisation; protects all below until @state is
 *		   TDX_MODULE_READY, after which nothing changes any more
 * @state:	   written under @lock, read without it
 * @error:	   of the last try to initialise
 * @cause:	   @error in words
 * @sysinfo:	   what the module says of itself
 * @memory:	   the part of @ram that is TDX memory
 * @map:	   what @layout is made for
 * @layout:	   the TDMRs and their PAMTs
 * @cpus:	   on which it is initialised, online or not
 * @pamts_written: the module may have written the PAMTs with its KeyID
 * @init_us:	   how long the initialisation took
 */
struct tdx_module {
	const struct tdx_platform *platform;
	const struct tdx_memory *ram;
	struct mutex lock;	/* see above */
	enum tdx_module_state state;
	int error;
	struct tdx_cause cause;
	struct tdx_sysinfo sysinfo;
	struct tdx_memory memory;
	struct tdmr_map map;
	struct tdmr_layout layout;
	struct cpumask cpus;
	bool pamts_written;
	u64 init_us;
};

int tdx_module_init(struct tdx_module *module);
void tdx_module_attempt(struct tdx_module *module);
void tdx_module_destroy(struct tdx_module *module);
const char *tdx_module_state_name(enum tdx_module_state state);

#endif /* _X86_VIRT_TDX_MODULE_H */
