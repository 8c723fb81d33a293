// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer: the geometry of TDX memory on maps that coverage leads to.
 *
 * The input is a program: four bytes of parameters, then two bytes for each step
 * through the address space.  With some parameters, the last 16 bytes replace a CMR
 * by any value: the host would refuse such a list, but the geometry must not access
 * other memory nevertheless.
 */
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout_check.h"

#define MAX_RAM		256

struct built {
	struct tdx_ram ram[MAX_RAM];
	struct tdx_cmr_info cmrs[TDX_NR_CMRS];
	struct tdmr_map map;
};

static void build_step(struct built *built, u64 *base, u8 what, u8 how_much)
{
	struct tdmr_map *map = &built->map;
	u64 bytes = (u64)((how_much & 15) + 1) << (12 + (how_much >> 4) * 5 / 4);
	struct tdx_cmr_info *cmr = &built->cmrs[map->nr_cmrs];

	if (what & 1) {
		/* Convertible: extends the last CMR, or begins a new one. */
		if (map->nr_cmrs && cmr[-1].base + cmr[-1].size == *base && !(what & 2))
			cmr[-1].size += bytes;
		else if (map->nr_cmrs < TDX_NR_CMRS)
			built->cmrs[map->nr_cmrs++] = (struct tdx_cmr_info) { *base, bytes };
		else
			what = 0;
	}
	if ((what & 5) == 5 && map->nr_ram < MAX_RAM)
		built->ram[map->nr_ram++] = (struct tdx_ram) { *base, bytes, what >> 6 };
	*base += bytes;
}

static void build(struct built *built, const u8 *data, size_t size)
{
	u64 base = SZ_1M;
	size_t i;

	built->map = (struct tdmr_map) {
		.ram = built->ram, .cmrs = built->cmrs,
		.limits = { 1 + data[0] % 64, 1 + data[1] % 16, 16 },
		.nr_cpus = 1 + data[2],
	};
	for (i = 4; i + 1 < size && base < 1ULL << 42; i += 2)
		build_step(built, &base, data[i], data[i + 1]);
}

static bool spoil(struct built *built, const u8 *data, size_t size)
{
	struct tdx_cmr_info *cmr = &built->cmrs[data[0] % built->map.nr_cmrs];

	if (data[3] % 16 != 15 || size < 4 + sizeof(*cmr))
		return false;
	memcpy(cmr, data + size - sizeof(*cmr), sizeof(*cmr));
	return true;
}

static void stop_if(bool wrong, const char *why)
{
	if (wrong) {
		fprintf(stderr, "%s\n", why);
		abort();
	}
}

/* This name is required by libFuzzer, but declared in no header. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct model_machine *machine;
	static struct built built;
	struct geometry geometry;
	struct model_memory memory;
	const char *wrong;
	bool spoiled;

	if (size < 4)
		return 0;
	if (!machine) {
		machine = machine_alloc();
		stop_if(!machine, "no memory");
		machine_init(machine, 1);
	}
	build(&built, data, size);
	if (!built.map.nr_ram)
		return 0;
	spoiled = spoil(&built, data, size);
	geometry.map = built.map;
	if (spoiled) {
		model_memory_init(&memory, 0, 0);
		geometry_make(&geometry, &memory.source);
		geometry_free(&geometry);
		return 0;
	}
	stop_if(tdmr_check_ram(&geometry.map).error != TDMR_OK, "RAM is said to be outside CMRs");

	model_memory_init(&memory, data[3], data[3] & 1 ? data[3] % 64 : 0);
	if (geometry_make(&geometry, &memory.source).error == TDMR_OK) {
		stop_if(layout_judge(machine, &geometry), tdx_model_why(&machine->model));
		wrong = layout_check(&geometry);
		stop_if(wrong, wrong);
		stop_if(memory.taken != geometry_pamt_bytes(&geometry), "PAMTs are not what was taken");
	} else {
		stop_if(memory.taken, "memory was not given back");
	}
	geometry_free(&geometry);
	return 0;
}
