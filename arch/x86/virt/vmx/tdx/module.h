/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TDX module as the host sees it: its state and everything that was
 * decided about it.
 */
#ifndef _X86_VIRT_TDX_MODULE_H
#define _X86_VIRT_TDX_MODULE_H

#include <linux/cpumask.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "cause.h"
#include "layout.h"
#include "memory.h"
#include "platform.h"
#include "sysinfo.h"

struct tdmr_work;

enum tdx_module_state {
	TDX_MODULE_UNKNOWN,	/* nobody asked yet, or in vain but without touching it */
	TDX_MODULE_INITIALIZING,
	TDX_MODULE_PENDING,	/* initialized in part: the next caller goes on from there */
	TDX_MODULE_ABSENT,	/* the platform has no TDX, or no module is loaded */
	TDX_MODULE_READY,	/* guests can be created */
	TDX_MODULE_FAILED,	/* dead until the machine is reset */
};

/**
 * struct tdx_module - one TDX module, and the host's dealings with it
 * @platform:	what the BIOS configured
 * @ram:	all RAM of the host
 *
 * @lock:	protects what follows, up to @cause; never held for long
 * @state:	also read without the lock
 * @work:	an attempt to initialize, queued in TDX_MODULE_INITIALIZING
 * @attempts:	how many have ended
 * @callers:	those who wait for the present one
 * @calling:	it makes SEAMCALLs: callers must not give up
 * @wait:	for a change of @attempts or @calling
 * @error:	of the last attempt
 * @doing:	what the last attempt failed at
 * @cause:	@error in words
 *
 * The rest is the attempt's as long as there is one, and does not change once
 * @state is TDX_MODULE_READY.
 *
 * @touched:	an attempt called it to change its state; also read at any time
 * @initialized: TDH.SYS.INIT was successful
 * @asked:	@sysinfo is complete
 * @configured:	TDH.SYS.CONFIG was successful: the PAMTs are the module's
 * @sysinfo:	what the module says of itself
 * @memory:	the part of @ram that is TDX memory
 * @map:	what @layout is made for
 * @layout:	the TDMRs and their PAMTs
 * @queue:	the TDMRs as they are initialized; NULL before and after
 * @cpus:	on which it is initialized, online or not
 * @init_us:	how long the attempt took that was successful
 */
struct tdx_module {
	const struct tdx_platform *platform;
	const struct tdx_memory *ram;

	struct mutex lock;	/* see above */
	enum tdx_module_state state;
	struct work_struct work;
	unsigned long attempts;
	unsigned int callers;
	bool calling;
	wait_queue_head_t wait;
	int error;
	const char *doing;
	struct tdx_cause cause;

	bool touched;
	bool initialized;
	bool asked;
	bool configured;
	struct tdx_sysinfo sysinfo;
	struct tdx_memory memory;
	struct tdmr_map map;
	struct tdmr_layout layout;
	struct tdmr_work *queue;
	struct cpumask cpus;
	u64 init_us;
};

void tdx_module_setup(struct tdx_module *module, const struct tdx_platform *platform,
		      const struct tdx_memory *ram);
int tdx_module_init(struct tdx_module *module);
bool tdx_module_in_use(const struct tdx_module *module);
void tdx_module_wait_for_calls(struct tdx_module *module);
const char *tdx_module_state_name(enum tdx_module_state state);

#endif /* _X86_VIRT_TDX_MODULE_H */
