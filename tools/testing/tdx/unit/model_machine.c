// SPDX-License-Identifier: GPL-2.0-only
/* A machine of plain memory for the software TDX module; a thread is a logical processor. */
#include <stdlib.h>
#include <string.h>

#include "model_machine.h"

/* The logical processor that the calling thread simulates. */
static __thread unsigned int current_lp;

/* A machine whose memory is everywhere has no buffer. */
static bool is_in_buffer(const struct model_machine *machine, u64 pa, u64 bytes)
{
	return !machine->memory_is_everywhere && pa >= BUFFER_PA &&
	       pa + bytes <= BUFFER_PA + BUFFER_BYTES;
}

static bool read_phys(void *ctx, u64 pa, void *buf, u64 bytes)
{
	struct model_machine *machine = ctx;

	if (is_in_buffer(machine, pa, bytes))
		memcpy(buf, &machine->buffer[pa - BUFFER_PA], bytes);
	else if (machine->memory_is_everywhere)
		memory_read(&machine->memory, pa, buf, bytes);
	else
		return false;
	return true;
}

/* PAMTs are elsewhere. */
static bool write_phys(void *ctx, u64 pa, const void *buf, u64 bytes)
{
	struct model_machine *machine = ctx;

	if (machine->written)
		machine->written(machine, pa, bytes);
	if (is_in_buffer(machine, pa, bytes))
		memcpy(&machine->buffer[pa - BUFFER_PA], buf, bytes);
	else
		memory_write(&machine->memory, pa, buf, bytes);
	return true;
}

static void *map(void *ctx, u64 pa, u64 bytes)
{
	struct model_machine *machine = ctx;

	return memory_map(&machine->memory, pa) + pa % MEMORY_PAGE_BYTES;
}

static unsigned int this_lp(void *ctx)
{
	return current_lp;
}

static bool rdmsr(void *ctx, u32 msr, u64 *value)
{
	struct model_machine *machine = ctx;

	if (machine->rdmsr && machine->rdmsr(machine, current_lp, msr, value))
		return true;
	if (msr == machine->spoiled.msr) {
		*value = machine->spoiled.value;
		return true;
	}
	return tdx_model_healthy_msr(&machine->config, msr, value);
}

static void cpuid(void *ctx, u32 leaf, u32 subleaf, u32 regs[4])
{
	struct model_machine *machine = ctx;
	const struct spoiled_cpuid *spoiled = &machine->spoiled_cpuid;

	tdx_model_healthy_cpuid(&machine->config, current_lp, leaf, subleaf, regs);
	if (machine->cpuid_is_spoiled && leaf == spoiled->leaf && subleaf == spoiled->subleaf)
		regs[spoiled->reg] = spoiled->value;
}

static bool entropy(void *ctx, u64 *value)
{
	struct model_machine *machine = ctx;

	*value = 4;
	if (machine->failing_draw && !--machine->failing_draw)
		return false;
	return !machine->no_entropy;
}

static u32 pconfig(void *ctx, u16 keyid)
{
	struct model_machine *machine = ctx;

	if (machine->has_pconfig)
		return machine->pconfig;
	return machine->no_entropy ? 2 : 0;
}

static void own(void *ctx, u64 pa, u64 bytes, enum tdx_model_page_type type, bool owned)
{
	struct model_machine *machine = ctx;
	u64 *count = type == TDX_MODEL_PAGE_TD ? &machine->td_bytes_owned : &machine->bytes_owned;

	__atomic_fetch_add(count, owned ? bytes : -bytes, __ATOMIC_RELAXED);
	if (!owned)
		type = TDX_MODEL_PAGE_HOST;
	if (tdx_model_page(&machine->model, pa).type != type ||
	    tdx_model_page(&machine->model, pa + bytes - 1).type != type)
		abort();
}

static const struct tdx_model_ops ops_without_guests = {
	.read_phys = read_phys,
	.write_phys = write_phys,
	.map = map,
	.this_lp = this_lp,
	.rdmsr = rdmsr,
	.cpuid = cpuid,
	.random = entropy,
	.pconfig = pconfig,
	.own = own,
};

void machine_reload(struct model_machine *machine)
{
	machine->bytes_owned = 0;
	machine->td_bytes_owned = 0;
	memory_clear(&machine->memory);
	machine->ops = ops_without_guests;
	machine->ops.guests = machine->guests;
	if (!tdx_model_load(&machine->model, &machine->config, &machine->ops, machine))
		abort();
}

struct model_machine *machine_alloc(void)
{
	return aligned_alloc(__alignof__(struct model_machine), sizeof(struct model_machine));
}

void machine_init(struct model_machine *machine, unsigned int nr_lps)
{
	const struct tdx_model_release *release = &tdx_model_releases[TDX_MODEL_DEFAULT];
	unsigned int i;

	memset(machine, 0, sizeof(*machine));
	machine->config = (struct tdx_model_config) {
		.generation = TDX_MODEL_DEFAULT,
		.nr_lps = nr_lps,
		.nr_pkgs = nr_lps > 1 ? 2 : 1,
		.seamrr_base = 1ULL << 45,
		.seamrr_size = 1ULL << 25,
		.keyid_bits = 6,
		.first_private_keyid = 32,
		.nr_private_keyids = 32,
		.cmrs = { { 1 << 20, (64ULL << 30) - (1 << 20) } },
		.max_tdmrs = 64,
		.max_reserved_per_tdmr = 16,
		.pamt_entry_size = 16,
		.tdx_features0 = release->tdx_features0,
		.major_version = release->major_version,
		.minor_version = release->minor_version,
		.update_version = release->update_version,
	};
	for (i = 0; i < nr_lps; i++)
		machine->config.pkg_of_lp[i] = i * machine->config.nr_pkgs / nr_lps;
	machine_reload(machine);
}

void machine_free(struct model_machine *machine)
{
	memory_free(&machine->memory);
	free(machine);
}

u64 machine_seamcall(struct model_machine *machine, unsigned int lp, struct tdx_model_regs *regs)
{
	current_lp = lp;
	tdx_model_seamcall(&machine->model, regs);
	return regs->rax;
}

u64 machine_call(struct model_machine *machine, unsigned int lp, u64 leaf)
{
	struct tdx_model_regs regs = { .rax = leaf };

	return machine_seamcall(machine, lp, &regs);
}

void machine_init_module(struct model_machine *machine)
{
	unsigned int lp;

	machine_reload(machine);
	machine_call(machine, 0, TDH_SYS_INIT);
	for (lp = 0; lp < machine->config.nr_lps; lp++)
		machine_call(machine, lp, TDH_SYS_LP_INIT);
}

void machine_write_tdmrs(struct model_machine *machine, const struct tdx_tdmr_info *tdmrs,
			 unsigned int nr_tdmrs)
{
	u64 pa = BUFFER_PA + 4096;
	unsigned int i;

	for (i = 0; i < nr_tdmrs; i++, pa += sizeof(*tdmrs)) {
		memcpy(&machine->buffer[i * sizeof(pa)], &pa, sizeof(pa));
		memcpy(&machine->buffer[pa - BUFFER_PA], &tdmrs[i], sizeof(*tdmrs));
	}
}

u64 machine_config(struct model_machine *machine, const struct tdx_tdmr_info *tdmrs,
		   unsigned int nr_tdmrs)
{
	struct tdx_model_regs regs = {
		.rax = TDH_SYS_CONFIG,
		.gpr = {
			.rcx = BUFFER_PA,
			.rdx = nr_tdmrs,
			.r8 = machine->config.first_private_keyid,
		},
	};

	machine_write_tdmrs(machine, tdmrs, nr_tdmrs);
	return machine_seamcall(machine, 0, &regs);
}
