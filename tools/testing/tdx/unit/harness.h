/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The harness of kselftests, for tests that run beside others, under sanitizers.
 */
#ifndef TDX_UNIT_HARNESS_H
#define TDX_UNIT_HARNESS_H

#include <time.h>

#include "kselftest.h"

/* The time of a test, as a comment before its result, where KTAP has diagnostics. */
static struct timespec test_began;

static inline void __attribute__((constructor)) test_begins(void)
{
	clock_gettime(CLOCK_MONOTONIC, &test_began);
}

static inline void test_ended(void)
{
	struct timespec began = test_began;

	/* Tests follow each other: the next one begins now. */
	test_begins();
	ksft_print_msg("%.3f s\n", test_began.tv_sec - began.tv_sec +
		       (test_began.tv_nsec - began.tv_nsec) / 1e9);
}

#undef ksft_test_result
#define ksft_test_result(passed, ...) do {			\
	test_ended();						\
	if (passed)						\
		ksft_test_result_pass(__VA_ARGS__);		\
	else							\
		ksft_test_result_fail(__VA_ARGS__);		\
} while (0)

#include "kselftest_harness.h"

/* In seconds, for each test; its default is too short on a slow machine with other load. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	600

#endif /* TDX_UNIT_HARNESS_H */
