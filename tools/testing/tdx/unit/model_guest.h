/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scripted guest for the software TDX module: it does nothing but the VM exits of a list,
 * and then a last one by an NMI, with which TDH.VP.ENTER returns 0.
 */
#ifndef TDX_UNIT_MODEL_GUEST_H
#define TDX_UNIT_MODEL_GUEST_H

#include "model/td_run.h"
#include "model_mem.h"

#define MAX_RUNS	8

/* What the guest does in the next TDH.VP.ENTER, and what happened in the last one */
struct script {
	const struct tdx_model_exit *exits;
	unsigned int nr_exits;
	/* Called for each run before its exit.  Optional. */
	void (*during)(struct model_machine *m, const struct tdx_model_run *run);
	unsigned int nr_runs;
	struct tdx_model_guest seen[MAX_RUNS];	/* the state that each run began with */
	struct tdx_model_run run;		/* the last one */
	unsigned int nr_flushes;		/* never reset here */
	struct tdx_model_host host;
};

extern struct script script;

/* A machine with a TD in a stage, with its vCPU on logical processor 0, that can run */
bool guest_bring_to(struct model_machine *m, enum mem_stage stage);

/* State of the vCPU */
struct tdx_model_guest *guest_of(struct model_machine *m);

/* TDH.VP.ENTER on logical processor 0; the guest does these exits.  Returns RAX. */
u64 guest_enter(struct model_machine *m, const struct tdx_model_exit *exits,
		unsigned int nr_exits);
u64 guest_enter_regs(struct model_machine *m, struct tdx_model_regs *regs);

/* The same with one exit; the guest is in 64-bit mode, and instructions have 3 bytes. */
u64 guest_exit(struct model_machine *m, u32 reason, u64 qualification);

/* A TDCALL, with other registers as they are.  Returns RAX of the guest. */
u64 guest_tdcall(struct model_machine *m, u64 leaf);

/* Vector of the exception that the guest got in the second run; 0: none */
unsigned int guest_exception(void);

#define RIP_64BIT	0x1234567890ULL
void guest_in_64bit_mode(struct tdx_model_guest *guest);

#endif
