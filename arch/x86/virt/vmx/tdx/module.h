/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's view of the TDX module: its state, its limits and its memory.
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
struct tdx_module;

enum tdx_module_state {
	TDX_MODULE_UNKNOWN,	/* not tried yet, or failed without touching it */
	TDX_MODULE_INITIALIZING,
	TDX_MODULE_PENDING,	/* partly initialized: the next caller resumes it */
	TDX_MODULE_ABSENT,	/* the platform has no TDX, or no module is loaded */
	TDX_MODULE_READY,	/* guests can be created */
	TDX_MODULE_FAILED,	/* dead until the machine is reset */
};

/**
 * struct tdx_module - a TDX module and the host's data about it
 * @platform:	what the BIOS configured
 * @ram:	all RAM of the host
 *
 * @show:	called by an attempt when @told is set, before it ends; may be NULL
 *
 * @lock:	protects the following fields up to @told; never held for long
 * @state:	also read without the lock
 * @work:	an attempt to initialize, queued in TDX_MODULE_INITIALIZING
 * @attempts:	number of attempts that have ended
 * @callers:	number of callers that wait for the current attempt
 * @calling:	the attempt makes SEAMCALLs: callers have to stay
 * @wait:	woken when @attempts or @calling changes
 * @error:	result of the last attempt
 * @doing:	the step at which the last attempt failed
 * @cause:	the reason of @error, as text
 * @told:	@sysinfo is known and does not change, at least until another attempt
 *		begins
 *
 * The other fields belong to the attempt while there is one, and do not change
 * once @state is TDX_MODULE_READY.
 *
 * @touched:	an attempt has begun to change the module's state; also read
 *		without a lock
 * @initialized: TDH.SYS.INIT was successful
 * @asked:	@sysinfo is complete
 * @configured:	TDH.SYS.CONFIG was successful: the module owns the PAMTs
 * @sysinfo:	information about the module
 * @memory:	the part of @ram that is TDX memory
 * @map:	the input of @layout
 * @layout:	the TDMRs and their PAMTs
 * @queue:	the TDMRs that are being initialized; NULL before and after
 * @cpus:	CPUs on which the module is initialized, online or not
 * @init_us:	duration of the successful attempt
 */
struct tdx_module {
	const struct tdx_platform *platform;
	const struct tdx_memory *ram;
	void (*show)(const struct tdx_module *module);

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
	bool told;

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
