// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDMRs are initialized by all CPUs, and each TDMR by one CPU at a time.
 */
#include <linux/sizes.h>
#include <linux/minmax.h>

#include "init_simulation.h"
#include "harness.h"
#include "tdmr/queue.h"

/* Nodes of equal size; the first has a hole below 4 GB. */
static void machine(struct geometry *geometry, struct tdx_ram *ram, unsigned int nr_nodes,
		    u64 gb_per_node, unsigned int nr_cpus)
{
	static struct tdx_cmr_info cmr = { 0, 1ULL << 45 };
	struct model_memory memory;
	unsigned int i;

	ram[0] = (struct tdx_ram) { 0, 2ULL * SZ_1G, 0 };
	for (i = 0; i < nr_nodes; i++) {
		ram[i + 1].base = 4ULL * SZ_1G + i * gb_per_node * SZ_1G;
		ram[i + 1].size = (gb_per_node - (i ? 0 : 2)) * SZ_1G;
		ram[i + 1].node = i;
	}
	geometry->map = (struct tdmr_map) {
		.ram = ram, .nr_ram = nr_nodes + 1, .cmrs = &cmr, .nr_cmrs = 1,
		.limits = { 64, 16, 16 }, .nr_cpus = nr_cpus,
	};
	model_memory_init(&memory, 0, 0);
	geometry_make(geometry, &memory.source);
}

TEST(local_memory_comes_first_unless_twice_as_much_is_left_elsewhere)
{
	struct tdmr_work remote_first[] = {
		{ .end = 2ULL * SZ_1G, .node = 1 }, { .end = SZ_1G, .node = 0 },
	};
	struct tdmr_work local_first[] = {
		{ .end = SZ_1G, .node = 0 }, { .end = 2ULL * SZ_1G, .node = 1 },
	};

	EXPECT_EQ(&remote_first[1], tdmr_queue_take(remote_first, 2, 0));
	EXPECT_EQ(&local_first[0], tdmr_queue_take(local_first, 2, 0));

	remote_first[0] = (struct tdmr_work) { .end = 3ULL * SZ_1G, .node = 1 };
	remote_first[1] = (struct tdmr_work) { .end = SZ_1G, .node = 0 };
	EXPECT_EQ(&remote_first[0], tdmr_queue_take(remote_first, 2, 0));
}

TEST(no_cpu_idles_while_there_is_work_and_none_is_in_anothers_way)
{
	static const unsigned int numbers[] = { 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 63, 64, 96, 128 };
	unsigned int n, cpus, nodes;
	struct init_simulation result;
	struct geometry geometry;
	struct tdx_ram ram[9];
	u64 gb, ideal;

	for (n = 0; n < ARRAY_SIZE(numbers); n++) {
		for (nodes = 1; nodes <= 8; nodes *= 2) {
			for (gb = 16; gb <= 256; gb *= 4) {
				cpus = numbers[n];
				machine(&geometry, ram, nodes, gb, cpus);
				result = simulate_init(&geometry, cpus, nodes);
				ideal = (gb * nodes * CALLS_PER_GB + min(cpus, 64u) - 1) /
					min(cpus, 64u);
				EXPECT_EQ(gb * nodes * CALLS_PER_GB, result.calls);
				EXPECT_EQ(0, result.collisions);
				/* A TDMR of 1 GB cannot be split. */
				EXPECT_LE(result.longest, max(ideal * 5 / 4, (u64)CALLS_PER_GB))
					TH_LOG("%u CPUs, %u nodes of %llu GB: ideal %llu", cpus,
					       nodes, gb, ideal);
				geometry_free(&geometry);
			}
		}
	}
}

TEST(cpus_of_each_node_initialize_its_memory)
{
	struct init_simulation result;
	struct geometry geometry;
	struct tdx_ram ram[9];

	machine(&geometry, ram, 4, 64, 16);
	result = simulate_init(&geometry, 16, 4);
	EXPECT_LE(result.far_calls, result.calls / 50);
	geometry_free(&geometry);
}

TEST(one_node_without_cpus_is_initialized_by_all_others)
{
	struct init_simulation result;
	struct geometry geometry;
	struct tdx_ram ram[9];

	machine(&geometry, ram, 2, 64, 8);
	result = simulate_init(&geometry, 8, 1);
	EXPECT_EQ(128 * CALLS_PER_GB, result.calls);
	EXPECT_LE(result.longest, 128 * CALLS_PER_GB / 8 * 5 / 4);
	geometry_free(&geometry);
}

TEST_HARNESS_MAIN
