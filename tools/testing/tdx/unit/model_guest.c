// SPDX-License-Identifier: GPL-2.0-only
/* A scripted guest for the software TDX module.  See model_guest.h. */
#include <stdlib.h>
#include <string.h>

#include "model_guest.h"

struct script script;

static void run(void *ctx, const struct tdx_model_run *run, struct tdx_model_exit *exit)
{
	unsigned int i = script.nr_runs++;

	if (i >= MAX_RUNS)
		abort();
	script.seen[i] = *run->guest;
	script.run = *run;
	if (script.during)
		script.during(ctx, run);
	if (i < script.nr_exits)
		*exit = script.exits[i];
	else
		exit->interrupt.info = TDX_MODEL_EVENT_VALID | TDX_MODEL_EVENT_NMI | 2;
}

static void flush(void *ctx, u64 tdr)
{
	script.nr_flushes += tdr == TDR_PA;
}

static void get_host(void *ctx, struct tdx_model_host *host)
{
	*host = script.host;
}

static void set_host(void *ctx, const struct tdx_model_host *host)
{
	script.host = *host;
}

static const struct tdx_model_guest_ops guests = {
	.run = run, .flush = flush, .get_host = get_host, .set_host = set_host,
};

bool guest_bring_to(struct model_machine *m, enum mem_stage stage)
{
	memset(&script, 0, sizeof(script));
	m->guests = &guests;
	return mem_bring_to(m, stage);
}

struct tdx_model_guest *guest_of(struct model_machine *m)
{
	return (void *)memory_map(&m->memory, TDVPS_PA(1));
}

u64 guest_enter_regs(struct model_machine *m, struct tdx_model_regs *regs)
{
	script.nr_runs = 0;
	regs->rax = TDH_VP_ENTER;
	return machine_seamcall(m, 0, regs);
}

u64 guest_enter(struct model_machine *m, const struct tdx_model_exit *exits,
		unsigned int nr_exits)
{
	struct tdx_model_regs regs = { .gpr = { .rcx = TDVPR_PA } };

	script.exits = exits;
	script.nr_exits = nr_exits;
	return guest_enter_regs(m, &regs);
}

void guest_in_64bit_mode(struct tdx_model_guest *guest)
{
	guest->efer = 0xd01;
	guest->cr0 = 0x80000031;
	guest->cr4 = 0x60;
	guest->segment[TDX_MODEL_CS].access_rights = 0xa09b;
	guest->rip = RIP_64BIT;
}

u64 guest_exit(struct model_machine *m, u32 reason, u64 qualification)
{
	const struct tdx_model_exit exit = {
		.reason = reason, .qualification = qualification, .instruction_length = 3,
	};

	guest_in_64bit_mode(guest_of(m));
	return guest_enter(m, &exit, 1);
}

u64 guest_tdcall(struct model_machine *m, u64 leaf)
{
	guest_of(m)->gpr[TDX_MODEL_RAX] = leaf;
	guest_exit(m, TDX_MODEL_EXIT_TDCALL, 0);
	return guest_of(m)->gpr[TDX_MODEL_RAX];
}

unsigned int guest_exception(void)
{
	u32 info = script.seen[1].event.info;

	if (script.nr_runs < 2 || (info & ~0xffU & ~TDX_MODEL_EVENT_HAS_ERROR) !=
	    (TDX_MODEL_EVENT_VALID | TDX_MODEL_EVENT_EXCEPTION))
		return 0;
	return info & 0xff;
}
