// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: choosing the TDMR that a CPU initializes next.
 */
#include <kunit/test.h>

#include "../tdmr/queue.h"

#define G(n)	((u64)(n) << 30)

static void a_cpu_takes_what_has_most_left_on_its_node_first(struct kunit *test)
{
	struct tdmr_work works[] = {
		{ .end = G(1), .node = 0 }, { .end = G(2), .node = 1 },
		{ .end = G(2), .node = 0 }, { .next = G(9), .end = G(9), .node = 0 },
	};
	unsigned int nr = ARRAY_SIZE(works);

	KUNIT_EXPECT_PTR_EQ(test, tdmr_queue_take(works, nr, 0), &works[2]);
	KUNIT_EXPECT_PTR_EQ(test, tdmr_queue_take(works, nr, 0), &works[0]);
	KUNIT_EXPECT_PTR_EQ(test, tdmr_queue_take(works, nr, 0), &works[1]);
	KUNIT_EXPECT_NULL(test, tdmr_queue_take(works, nr, 0));
}

static void a_cpu_helps_a_node_that_has_twice_as_much_left(struct kunit *test)
{
	struct tdmr_work works[] = {
		{ .end = G(1), .node = 0 }, { .end = G(3), .node = 1 },
	};

	KUNIT_EXPECT_PTR_EQ(test, tdmr_queue_take(works, 2, 0), &works[1]);
	KUNIT_EXPECT_PTR_EQ(test, tdmr_queue_take(works, 2, 1), &works[0]);
}

static void of_equal_tdmrs_the_one_with_fewer_calls_is_next(struct kunit *test)
{
	struct tdmr_work works[] = {
		{ .end = G(1), .calls = 32 }, { .end = G(1), .calls = 16 },
	};

	KUNIT_EXPECT_PTR_EQ(test, tdmr_queue_take(works, 2, 0), &works[1]);
}

static struct kunit_case queue_test_cases[] = {
	KUNIT_CASE(a_cpu_takes_what_has_most_left_on_its_node_first),
	KUNIT_CASE(a_cpu_helps_a_node_that_has_twice_as_much_left),
	KUNIT_CASE(of_equal_tdmrs_the_one_with_fewer_calls_is_next),
	{}
};

static struct kunit_suite queue_test_suite = {
	.name = "tdx_tdmr_queue",
	.test_cases = queue_test_cases,
};

kunit_test_suite(queue_test_suite);
