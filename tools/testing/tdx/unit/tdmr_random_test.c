// SPDX-License-Identifier: GPL-2.0-only
/*
 * The geometry of TDX memory on random maps, judged by the software TDX module.
 */
#include <linux/align.h>
#include <string.h>

#include "kselftest_harness.h"
#include "model_machine.h"
#include "tdmr.h"

#define NR_MAPS		100000
#define MAX_RANGES	40
#define G(n)		((u64)(n) << 30)

struct map {
	struct tdx_ram ram[MAX_RANGES];
	unsigned int nr_ram;
	struct tdx_cmr_info cmrs[TDX_NR_CMRS];
	unsigned int nr_cmrs;
	u64 pamts;	/* convertible, and no RAM: where PAMTs go */
};

static u64 state;

/* splitmix64: the same maps every time. */
static u64 random_below(u64 limit)
{
	u64 z = (state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (z ^ z >> 31) % limit;
}

static u64 random_size(void)
{
	static const u64 scale[] = { 1 << 12, 1 << 20, 1 << 26, 1 << 30, 1ULL << 32 };

	return (random_below(scale[random_below(5)]) + 4096) & ~4095ULL;
}

/* CMRs with RAM in them: touching or apart, with holes inside CMRs and between them. */
static void random_map(struct map *map)
{
	/* The lowest megabyte is never convertible. */
	u64 pos = (1 << 20) + (random_below(2) ? 0 : random_size());
	unsigned int i, nr_cmrs = 1 + random_below(TDX_NR_CMRS - 1);

	memset(map, 0, sizeof(*map));
	for (i = 0; i < nr_cmrs; i++) {
		u64 size = random_size(), used = 0;

		map->cmrs[map->nr_cmrs++] = (struct tdx_cmr_info) { pos, size };
		while (used < size && map->nr_ram < MAX_RANGES && random_below(4)) {
			u64 ram = random_size();

			if (ram > size - used)
				ram = size - used;
			map->ram[map->nr_ram++] = (struct tdx_ram) {
				pos + used, ram, random_below(4),
			};
			used += ram + (random_below(2) ? random_size() : 0);
		}
		pos += size + (random_below(3) ? random_size() : 0);
	}
	map->pamts = ALIGN(pos, G(1)) + G(1);
	map->cmrs[map->nr_cmrs++] = (struct tdx_cmr_info) { map->pamts, G(64) };
}

static bool covered(const struct tdx_tdmr_info *tdmrs, unsigned int nr, u64 pa)
{
	const struct tdx_reserved_area *area;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (pa < tdmrs[i].base || pa >= tdmr_end(&tdmrs[i]))
			continue;
		for (area = tdmrs[i].reserved;
		     area < &tdmrs[i].reserved[TDX_TDMR_NR_RESERVED] && area->size; area++)
			if (pa - tdmrs[i].base >= area->offset &&
			    pa - tdmrs[i].base - area->offset < area->size)
				return false;
		return true;
	}
	return false;
}

static u64 nr_blocks_with_ram(const struct map *map)
{
	u64 nr = 0, next = 0, first, last;
	unsigned int i;

	for (i = 0; i < map->nr_ram; i++) {
		first = map->ram[i].base >> 30;
		last = (map->ram[i].base + map->ram[i].size - 1) >> 30;
		if (first < next)
			first = next;
		if (last + 1 > first) {
			nr += last + 1 - first;
			next = last + 1;
		}
	}
	return nr;
}

FIXTURE(judge) {
	struct model_machine *machine;
	struct tdx_tdmr_info *tdmrs;
};

FIXTURE_SETUP(judge)
{
	self->machine = aligned_alloc(4096, (sizeof(*self->machine) + 4095) & ~4095UL);
	self->tdmrs = aligned_alloc(4096, 64 * sizeof(*self->tdmrs));
	ASSERT_NE(NULL, self->machine);
	ASSERT_NE(NULL, self->tdmrs);
	machine_init(self->machine, 1);
}

FIXTURE_TEARDOWN(judge)
{
	free(self->tdmrs);
	free(self->machine);
}

TEST_F(judge, accepts_what_random_maps_become)
{
	static const struct tdmr_limits limits = { 64, 16, 16 };
	struct map map;
	unsigned int n, i, nr, refused = 0;
	u64 pamt, blocks;

	for (n = 0; n < NR_MAPS; n++) {
		state = n;
		random_map(&map);
		ASSERT_EQ(TDMR_OK, tdmr_check_ram(map.ram, map.nr_ram, map.cmrs,
						  map.nr_cmrs).error) TH_LOG("map %u", n);
		if (!map.nr_ram)
			continue;

		if (tdmr_cover_ram(self->tdmrs, &nr, map.ram, map.nr_ram, map.cmrs, map.nr_cmrs,
				   &limits).error != TDMR_OK) {
			refused++;
			continue;
		}
		pamt = map.pamts;
		for (i = 0, blocks = 0; i < nr; i++) {
			tdmr_place_pamt(&self->tdmrs[i], pamt);
			pamt += tdmr_pamt_size(&self->tdmrs[i]);
			blocks += self->tdmrs[i].size >> 30;
		}
		if (tdmr_reserve(self->tdmrs, nr, map.cmrs, map.nr_cmrs, &limits).error) {
			refused++;
			continue;
		}

		memset(self->machine->config.cmrs, 0, sizeof(self->machine->config.cmrs));
		memcpy(self->machine->config.cmrs, map.cmrs, sizeof(map.cmrs));
		machine_init_module(self->machine);
		ASSERT_EQ(0, machine_config(self->machine, self->tdmrs, nr))
			TH_LOG("map %u: %s", n, tdx_model_why(&self->machine->model));

		/* All RAM is usable, and no block is covered that holds none. */
		for (i = 0; i < map.nr_ram; i++) {
			ASSERT_TRUE(covered(self->tdmrs, nr, map.ram[i].base))
				TH_LOG("map %u", n);
			ASSERT_TRUE(covered(self->tdmrs, nr, map.ram[i].base +
					    map.ram[i].size - 4096)) TH_LOG("map %u", n);
		}
		if (nr < limits.max_tdmrs)
			ASSERT_EQ(blocks, nr_blocks_with_ram(&map)) TH_LOG("map %u", n);
	}
	TH_LOG("%u maps, %u refused", n, refused);
	EXPECT_EQ(0, refused);
}

TEST_HARNESS_MAIN
