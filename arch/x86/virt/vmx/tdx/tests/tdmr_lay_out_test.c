// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: table of memory maps, with the expected TDMRs and places of PAMTs.
 *
 * Random maps are tested in userspace, with the same files.
 */
#include <kunit/test.h>
#include <linux/sizes.h>

#include "../tdmr/tdmr.h"

#define G(n)	((u64)(n) << 30)
#define M(n)	((u64)(n) << 20)
#define ROOM	8

/* The PAMT of a TDMR of @n GB, up to 256: 16 bytes for each entry, whole pages at each level. */
#define P(n)	((n) * (M(4) + SZ_8K) + SZ_4K)

struct tdmr_case {
	const char *name;
	struct tdx_ram ram[ROOM];
	struct tdx_cmr_info cmrs[ROOM];
	struct tdmr_limits limits;		/* 0: the usual */
	unsigned int nr_cpus;			/* 0: 1 */
	struct { u64 base, size; } free[ROOM];	/* 0: all RAM */
	struct { u64 base, size, pamt; int node; } tdmrs[ROOM];
	struct { unsigned int tdmr; u64 offset, size; } reserved[ROOM];
	struct tdmr_failure failure;
};

static const struct tdmr_case tdmr_cases[] = {
	{ .name = "a PAMT joins the area that is reserved anyway",
	  .ram = { { M(1), G(1) - M(1) } }, .cmrs = { { M(1), G(1) - M(1) } },
	  .tdmrs = { { 0, G(1), M(1) } }, .reserved = { { 0, 0, M(1) + P(1) } } },
	{ .name = "RAM that ends within a block",
	  .ram = { { M(1), G(2) } }, .cmrs = { { M(1), G(2) } },
	  .tdmrs = { { 0, G(3), M(1) } },
	  .reserved = { { 0, 0, M(1) + P(3) }, { 0, G(2) + M(1), M(1023) } } },
	{ .name = "a hole in RAM inside a CMR costs nothing",
	  .ram = { { 0, M(100) }, { M(200), M(824) } }, .cmrs = { { 0, G(1) } },
	  .tdmrs = { { 0, G(1), M(100) - P(1) } }, .reserved = { { 0, M(100) - P(1), P(1) } } },
	{ .name = "blocks without RAM are not covered",
	  .ram = { { 0, G(1) }, { G(4), G(1) } }, .cmrs = { { 0, G(8) } },
	  .tdmrs = { { 0, G(1), G(1) - P(1) }, { G(4), G(1), G(5) - P(1) } },
	  .reserved = { { 0, G(1) - P(1), P(1) }, { 1, G(1) - P(1), P(1) } } },
	{ .name = "ranges that share a block share a TDMR",
	  .ram = { { 0, M(100) }, { M(500), M(10) }, { G(1), G(1) } }, .cmrs = { { 0, G(2) } },
	  .tdmrs = { { 0, G(2), M(100) - P(2) } }, .reserved = { { 0, M(100) - P(2), P(2) } } },
	{ .name = "CMRs that touch count as one",
	  .ram = { { 0, G(2) } }, .cmrs = { { 0, M(512) }, { M(512), G(2) - M(512) } },
	  .tdmrs = { { 0, G(2), G(2) - P(2) } }, .reserved = { { 0, G(2) - P(2), P(2) } } },
	{ .name = "RAM outside the CMRs",
	  .ram = { { 0, G(2) } }, .cmrs = { { 0, G(1) }, { G(1) + M(4), G(1) } },
	  .failure = { TDMR_RAM_OUTSIDE_CMRS, G(1), M(4) } },
	{ .name = "RAM that begins below its CMR",
	  .ram = { { M(1), G(1) } }, .cmrs = { { M(2), G(2) } },
	  .failure = { TDMR_RAM_OUTSIDE_CMRS, M(1), M(1) } },
	{ .name = "a TDMR ends where it could not describe its holes and a PAMT",
	  .ram = { { 0, M(900) }, { G(1), M(900) }, { G(2), M(900) } },
	  .cmrs = { { 0, M(900) }, { G(1), M(900) }, { G(2), M(900) } },
	  .limits = { 64, 3, 16 },
	  .tdmrs = { { 0, G(2), M(900) - P(2) }, { G(2), G(1), G(2) + M(900) - P(1) } },
	  .reserved = { { 0, M(900) - P(2), M(124) + P(2) }, { 0, G(1) + M(900), M(124) },
			{ 1, M(900) - P(1), M(124) + P(1) } } },
	{ .name = "a block may use all reserved areas",
	  .ram = { { 0, M(400) }, { M(500), M(400) } },
	  .cmrs = { { 0, M(400) }, { M(500), M(400) } }, .limits = { 64, 2, 16 },
	  .tdmrs = { { 0, G(1), M(400) - P(1) } },
	  .reserved = { { 0, M(400) - P(1), M(100) + P(1) }, { 0, M(900), M(124) } } },
	{ .name = "a block with more holes than areas is named",
	  .ram = { { G(1), M(400) }, { G(1) + M(500), M(400) } },
	  .cmrs = { { G(1), M(400) }, { G(1) + M(500), M(400) } }, .limits = { 64, 1, 16 },
	  .failure = { TDMR_TOO_MANY_RESERVED, G(1), G(1), 2, 1 } },
	{ .name = "holes with no RAM between them become one where areas run out",
	  .ram = { { 0, M(100) }, { M(400), M(624) } },
	  .cmrs = { { 0, M(100) }, { M(200), M(100) }, { M(400), M(624) } },
	  .limits = { 64, 1, 16 }, .tdmrs = { { 0, G(1), M(100) - P(1) } },
	  .reserved = { { 0, M(100) - P(1), M(300) + P(1) } } },
	{ .name = "the smallest gap is covered when TDMRs run out",
	  .ram = { { 0, G(1) }, { G(4), G(1) }, { G(6), G(1) }, { G(20), G(1) } },
	  .cmrs = { { 0, G(32) } }, .limits = { 3, 16, 16 },
	  .tdmrs = { { 0, G(1), G(1) - P(1) }, { G(4), G(3), G(5) - P(3) },
		     { G(20), G(1), G(21) - P(1) } },
	  .reserved = { { 0, G(1) - P(1), P(1) }, { 1, G(1) - P(3), P(3) },
			{ 2, G(1) - P(1), P(1) } } },
	{ .name = "the least PAMT, also where merging the smallest gap first would block it",
	  .ram = { { 0, M(512) }, { G(4), M(512) }, { G(6), M(512) }, { G(11), M(512) } },
	  .cmrs = { { 0, M(512) }, { G(4), M(512) }, { G(6), M(512) }, { G(11), M(512) } },
	  .limits = { 2, 2, 16 },
	  .tdmrs = { { 0, G(5), M(512) - P(5) }, { G(6), G(6), G(6) + M(512) - P(6) } },
	  .reserved = { { 0, M(512) - P(5), G(3) + M(512) + P(5) }, { 0, G(4) + M(512), M(512) },
			{ 1, M(512) - P(6), G(4) + M(512) + P(6) },
			{ 1, G(5) + M(512), M(512) } } },
	{ .name = "TDMRs run out and no gap can be covered",
	  .ram = { { 0, M(512) }, { G(2), M(512) } },
	  .cmrs = { { 0, M(512) }, { G(2), M(512) } }, .limits = { 1, 1, 16 },
	  .failure = { TDMR_TOO_MANY_TDMRS, G(2), G(1), 2, 1 } },
	{ .name = "each CPU has a TDMR to initialize",
	  .ram = { { 0, G(8) } }, .cmrs = { { 0, G(8) } }, .nr_cpus = 4,
	  .tdmrs = { { 0, G(2), G(2) - P(2) }, { G(2), G(2), G(4) - P(2) },
		     { G(4), G(2), G(6) - P(2) }, { G(6), G(2), G(8) - P(2) } },
	  .reserved = { { 0, G(2) - P(2), P(2) }, { 1, G(2) - P(2), P(2) },
			{ 2, G(2) - P(2), P(2) }, { 3, G(2) - P(2), P(2) } } },
	{ .name = "fewer TDMRs than CPUs are of equal size",
	  .ram = { { 0, G(8) } }, .cmrs = { { 0, G(8) } }, .limits = { 3, 16, 16 },
	  .nr_cpus = 64,
	  .tdmrs = { { 0, G(3), G(3) - P(3) }, { G(3), G(3), G(6) - P(3) },
		     { G(6), G(2), G(8) - P(2) } },
	  .reserved = { { 0, G(3) - P(3), P(3) }, { 1, G(3) - P(3), P(3) },
			{ 2, G(2) - P(2), P(2) } } },
	{ .name = "no TDMR needs a larger chunk than that of 16 GB",
	  .ram = { { 0, G(32) } }, .cmrs = { { 0, G(32) } },
	  .tdmrs = { { 0, G(16), G(16) - P(16) }, { G(16), G(16), G(32) - P(16) } },
	  .reserved = { { 0, G(16) - P(16), P(16) }, { 1, G(16) - P(16), P(16) } } },
	{ .name = "a TDMR ends with its node",
	  .ram = { { 0, G(2), 0 }, { G(2), G(2), 1 } }, .cmrs = { { 0, G(4) } },
	  .tdmrs = { { 0, G(2), G(2) - P(2), 0 }, { G(2), G(2), G(4) - P(2), 1 } },
	  .reserved = { { 0, G(2) - P(2), P(2) }, { 1, G(2) - P(2), P(2) } } },
	{ .name = "a block of two nodes belongs to the first",
	  .ram = { { 0, M(1536), 0 }, { M(1536), M(1536), 1 } }, .cmrs = { { 0, G(3) } },
	  .tdmrs = { { 0, G(2), M(1536) - P(2), 0 }, { G(2), G(1), G(3) - P(1), 1 } },
	  .reserved = { { 0, M(1536) - P(2), P(2) }, { 1, G(1) - P(1), P(1) } } },
	{ .name = "nodes meet in a TDMR rather than that memory is wasted",
	  .ram = { { 0, G(2), 0 }, { G(2), G(1), 1 }, { G(5), G(1), 1 } },
	  .cmrs = { { 0, G(8) } }, .limits = { 2, 16, 16 },
	  .tdmrs = { { 0, G(3), G(2) - P(3), 0 }, { G(5), G(1), G(6) - P(1), 1 } },
	  .reserved = { { 0, G(2) - P(3), P(3) }, { 1, G(1) - P(1), P(1) } } },
	{ .name = "a TDMR is halved until there are chunks for its PAMTs",
	  .ram = { { 0, G(3) } }, .cmrs = { { 0, G(3) } },
	  .free = { { M(512), M(7) }, { G(1) + M(512), M(11) } },
	  .tdmrs = { { 0, G(1), M(518) - P(1) }, { G(1), G(2), G(1) + M(522) - P(2) } },
	  .reserved = { { 0, M(518) - P(1), P(1) }, { 1, M(522) - P(2), P(2) } } },
	{ .name = "a TDMR is not halved if another one of its node has a chunk",
	  .ram = { { 0, G(2), 0 }, { G(4), G(2), 0 } }, .cmrs = { { 0, G(6) } },
	  .free = { { M(512), M(22) } },
	  .tdmrs = { { 0, G(2), M(534) - P(2) }, { G(4), G(2), M(534) - 2 * P(2) } },
	  .reserved = { { 0, M(534) - 2 * P(2), 2 * P(2) } } },
	{ .name = "the PAMT of an island lies beside another one",
	  .ram = { { 0, G(1) }, { G(4), M(1) } }, .cmrs = { { 0, G(5) } },
	  .tdmrs = { { 0, G(1), G(1) - P(1) }, { G(4), G(1), G(1) - 2 * P(1) } },
	  .reserved = { { 0, G(1) - 2 * P(1), 2 * P(1) } } },
	{ .name = "another node's memory is better than none",
	  .ram = { { 0, G(1), 0 }, { G(1), G(1), 1 } }, .cmrs = { { 0, G(2) } },
	  .free = { { M(1008), M(16) } },
	  .tdmrs = { { 0, G(1), G(1) - P(1), 0 }, { G(1), G(1), G(1) - 2 * P(1), 1 } },
	  .reserved = { { 0, G(1) - 2 * P(1), 2 * P(1) } } },
	{ .name = "without memory for the last PAMT all others are given back",
	  .ram = { { 0, G(1) }, { G(1), G(2), 1 } }, .cmrs = { { 0, G(3) } },
	  .free = { { M(512), M(6) }, { G(1) + M(512), M(6) } },
	  .failure = { TDMR_NO_PAMT_MEMORY, G(2), G(1), .bytes = P(1) } },
};

static void tdmr_to_desc(const struct tdmr_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(tdmr, tdmr_cases, tdmr_to_desc);

/* A source of memory of which only a part is free. */
struct test_source {
	struct tdmr_pamt_source source;
	const struct tdmr_case *c;
	u64 bytes_taken;
};

static bool take_free(const struct tdmr_pamt_source *source, u64 base, u64 size)
{
	struct test_source *s = container_of(source, struct test_source, source);
	bool is_free = !s->c->free[0].size;
	unsigned int i;

	for (i = 0; i < ROOM; i++)
		is_free |= s->c->free[i].base <= base &&
			   base + size <= s->c->free[i].base + s->c->free[i].size;
	if (is_free)
		s->bytes_taken += size;
	return is_free;
}

static void give_free(const struct tdmr_pamt_source *source, u64 base, u64 size)
{
	container_of(source, struct test_source, source)->bytes_taken -= size;
}

static struct tdmr_map *map_of(struct kunit *test, const struct tdmr_case *c)
{
	static const struct tdmr_limits usual = { 64, 16, 16 };
	struct tdmr_map *map = kunit_kzalloc(test, sizeof(*map), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, map);
	map->ram = c->ram;
	map->cmrs = c->cmrs;
	map->limits = c->limits.max_tdmrs ? c->limits : usual;
	map->nr_cpus = max(c->nr_cpus, 1u);
	while (map->nr_ram < ROOM && c->ram[map->nr_ram].size)
		map->nr_ram++;
	while (map->nr_cmrs < ROOM && c->cmrs[map->nr_cmrs].size)
		map->nr_cmrs++;
	return map;
}

static struct tdmr_failure lay_out(struct kunit *test, const struct tdmr_map *map,
				   struct tdmr_layout *layout, struct test_source *source)
{
	void *scratch = kunit_kzalloc(test, tdmr_scratch_bytes(map), GFP_KERNEL);

	*layout = (struct tdmr_layout) {
		.map = map,
		.tdmrs = kunit_kcalloc(test, map->limits.max_tdmrs, sizeof(*layout->tdmrs),
				       GFP_KERNEL),
		.unusable = kunit_kcalloc(test, tdmr_max_unusable(map),
					  sizeof(*layout->unusable), GFP_KERNEL),
	};
	KUNIT_ASSERT_NOT_NULL(test, layout->tdmrs);
	KUNIT_ASSERT_NOT_NULL(test, layout->unusable);
	KUNIT_ASSERT_NOT_NULL(test, scratch);
	return tdmr_lay_out(layout, scratch, &source->source);
}

static void expect_failure(struct kunit *test, const struct tdmr_failure *got,
			   const struct tdmr_failure *want)
{
	KUNIT_EXPECT_EQ(test, (int)got->error, (int)want->error);
	KUNIT_EXPECT_EQ(test, got->base, want->base);
	KUNIT_EXPECT_EQ(test, got->size, want->size);
	KUNIT_EXPECT_EQ(test, got->count, want->count);
	KUNIT_EXPECT_EQ(test, got->limit, want->limit);
	KUNIT_EXPECT_EQ(test, got->bytes, want->bytes);
}

static void expect_reserved(struct kunit *test, const struct tdmr_case *c, unsigned int tdmr,
			    const struct tdx_reserved_area *area)
{
	unsigned int i;

	for (i = 0; i < ROOM && c->reserved[i].size; i++) {
		if (c->reserved[i].tdmr != tdmr)
			continue;
		KUNIT_EXPECT_EQ(test, area->offset, c->reserved[i].offset);
		KUNIT_EXPECT_EQ(test, area->size, c->reserved[i].size);
		area++;
	}
	KUNIT_EXPECT_EQ(test, area->size, 0ull);
}

static void expect_tdmrs(struct kunit *test, const struct tdmr_case *c,
			 const struct tdmr_layout *layout)
{
	struct tdx_tdmr_info *info = kunit_kzalloc(test, sizeof(*info), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, info);
	for (i = 0; i < layout->nr_tdmrs; i++) {
		tdmr_encode(layout, &layout->tdmrs[i], info);
		KUNIT_EXPECT_EQ(test, info->base, c->tdmrs[i].base);
		KUNIT_EXPECT_EQ(test, info->size, c->tdmrs[i].size);
		KUNIT_EXPECT_EQ(test, info->pamt[0].base, c->tdmrs[i].pamt);
		KUNIT_EXPECT_EQ(test, layout->tdmrs[i].node, c->tdmrs[i].node);
		expect_reserved(test, c, i, info->reserved);
	}
	KUNIT_EXPECT_EQ(test, c->tdmrs[layout->nr_tdmrs].size, 0ull);
}

static void ram_gets_the_tdmrs_that_it_needs(struct kunit *test)
{
	const struct tdmr_case *c = test->param_value;
	struct test_source source = { { take_free, give_free }, c };
	const struct tdmr_map *map = map_of(test, c);
	struct tdmr_failure failure = tdmr_check_ram(map);
	struct tdmr_layout layout = {};
	u64 pamts = 0;
	unsigned int i;

	if (failure.error == TDMR_OK)
		failure = lay_out(test, map, &layout, &source);
	expect_failure(test, &failure, &c->failure);
	if (failure.error == TDMR_OK) {
		expect_tdmrs(test, c, &layout);
		for (i = 0; i < layout.nr_tdmrs; i++)
			pamts += tdmr_pamt_bytes(map, &layout.tdmrs[i]);
	}
	KUNIT_EXPECT_EQ(test, source.bytes_taken, pamts);
}

/*
 * The host refuses such a list when it reads it.  Here the CMR that ends beyond
 * the last address makes each GB of RAM a piece of its own.
 */
static void a_list_of_cmrs_that_wraps_does_no_harm(struct kunit *test)
{
	static const struct tdx_cmr_info cmrs[] = {
		{ 0, G(2048) }, { G(3072), -G(3072) }, { G(4096), SZ_4K },
	};
	const struct tdx_ram ram = { 0, G(1536) };
	const struct tdmr_map map = {
		.ram = &ram, .nr_ram = 1, .cmrs = cmrs, .nr_cmrs = ARRAY_SIZE(cmrs),
		.limits = { 64, 16, 16 }, .nr_cpus = 1,
	};
	struct test_source source = { { take_free, give_free } };
	struct tdmr_layout layout;

	KUNIT_EXPECT_EQ(test, (int)lay_out(test, &map, &layout, &source).error,
			(int)TDMR_MALFORMED_CMRS);
}

static struct kunit_case lay_out_test_cases[] = {
	KUNIT_CASE_PARAM(ram_gets_the_tdmrs_that_it_needs, tdmr_gen_params),
	KUNIT_CASE(a_list_of_cmrs_that_wraps_does_no_harm),
	{}
};

static struct kunit_suite lay_out_test_suite = {
	.name = "tdx_tdmr_lay_out",
	.test_cases = lay_out_test_cases,
};

kunit_test_suite(lay_out_test_suite);
