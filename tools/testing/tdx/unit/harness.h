/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The harness of kselftests, for tests that run beside others, under sanitizers.
 */
#ifndef TDX_UNIT_HARNESS_H
#define TDX_UNIT_HARNESS_H

#include "kselftest_harness.h"

/* In seconds, for each test; its default is too short on a slow machine with other load. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	600

#endif /* TDX_UNIT_HARNESS_H */
