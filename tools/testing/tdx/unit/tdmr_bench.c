// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measurements for bench.py: one layout, and the distribution of its initialization.
 *
 *   tdmr_bench ranges NUMBER		us=CPU time; NUMBER ranges of RAM, a third with a GB gap
 *   tdmr_bench init GB NODES CPUS	one line of KEY=VALUE
 */
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "init_simulation.h"

static struct tdx_ram *have_ram(unsigned int nr)
{
	struct tdx_ram *ram = calloc(nr, sizeof(*ram));

	if (!ram)
		abort();
	return ram;
}

static u64 cpu_time_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

static int lay_out_ranges(unsigned int nr)
{
	struct tdx_cmr_info cmr = { 0, 1ULL << 46 };
	struct tdx_ram *ram = have_ram(nr);
	struct geometry geometry = {
		.map = { .ram = ram, .nr_ram = nr, .cmrs = &cmr, .nr_cmrs = 1,
			 .limits = { 64, 16, 16 }, .nr_cpus = 64 },
	};
	struct model_memory memory;
	struct tdmr_failure failure;
	unsigned int i;
	u64 base = 0, start;

	for (i = 0; i < nr; i++) {
		ram[i] = (struct tdx_ram) { base, SZ_1G - SZ_1M, i * 4 / nr };
		base += (i % 3 ? 1ULL : 2ULL) * SZ_1G;
	}
	model_memory_init(&memory, 0, 0);
	start = cpu_time_us();
	failure = geometry_make(&geometry, &memory.source);
	printf("us=%llu\n", cpu_time_us() - start);
	geometry_free(&geometry);
	free(ram);
	return failure.error == TDMR_OK ? 0 : 1;
}

static int simulate(u64 gb, unsigned int nodes, unsigned int cpus)
{
	struct tdx_cmr_info cmrs[] = { { SZ_1M, 2ULL * SZ_1G - SZ_1M }, { 4ULL * SZ_1G, gb * SZ_1G } };
	struct tdx_ram *ram = have_ram(nodes + 1);
	struct geometry geometry = {
		.map = { .ram = ram, .nr_ram = nodes + 1, .cmrs = cmrs, .nr_cmrs = 2,
			 .limits = { 64, 16, 16 }, .nr_cpus = cpus },
	};
	struct init_simulation result;
	struct model_memory memory;
	u64 largest = 0, floor = 0;
	unsigned int i;

	ram[0] = (struct tdx_ram) { SZ_1M, 2ULL * SZ_1G - SZ_1M, 0 };
	for (i = 0; i < nodes; i++) {
		ram[i + 1].base = (4 + i * (gb / nodes) - (i ? 2 : 0)) * SZ_1G;
		ram[i + 1].size = (gb / nodes - (i ? 0 : 2)) * SZ_1G;
		ram[i + 1].node = i;
	}
	model_memory_init(&memory, 0, 0);
	if (geometry_make(&geometry, &memory.source).error != TDMR_OK)
		return 1;

	result = simulate_init(&geometry, cpus, nodes);
	for (i = 0; i < geometry.layout.nr_tdmrs; i++)
		largest = max(largest, tdmr_pamt_bytes(&geometry.map, &geometry.layout.tdmrs[i]));
	/*
	 * 16 bytes for each 4 KB and 2 MB page, and a page for the 1 GB entries
	 * of each TDMR.
	 */
	floor = blocks_with_ram(ram, nodes + 1) * (4 * SZ_1M + 2 * 4096) +
		geometry.layout.nr_tdmrs * 4096ULL;
	printf("tdmrs=%u calls=%llu longest=%llu far=%llu largest_pamt=%llu pamt=%llu floor=%llu\n",
	       geometry.layout.nr_tdmrs, result.calls, result.longest, result.far_calls, largest,
	       geometry_pamt_bytes(&geometry), floor);
	geometry_free(&geometry);
	free(ram);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "ranges"))
		return lay_out_ranges(atoi(argv[2]));
	if (argc == 5 && !strcmp(argv[1], "init"))
		return simulate(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
	fprintf(stderr, "usage: tdmr_bench ranges NUMBER | init GB NODES CPUS\n");
	return 2;
}
