// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: detection of TDX from MSR values.
 */
#include <kunit/test.h>

#include "../platform.h"

#define SEAMRR_CAP	BIT_ULL(15)
#define CONFIGURED	BIT_ULL(3)
#define LOCKED		BIT_ULL(10)
#define ENABLED		BIT_ULL(11)
#define KEYIDS(mktme, tdx)	((u64)(tdx) << 32 | (mktme))

struct platform_case {
	const char *name;
	struct tdx_platform_msrs msrs;
	enum tdx_platform_state state;
	bool misconfigured;
	u32 first, nr;
	const char *reason;	/* a part of it */
};

static const struct platform_case platform_cases[] = {
	{ .name = "all is enabled",
	  .msrs = { SEAMRR_CAP, CONFIGURED, LOCKED | ENABLED, KEYIDS(31, 32) },
	  .state = TDX_PLATFORM_ENABLED, .first = 32, .nr = 32 },
	{ .name = "two private KeyIDs are enough",
	  .msrs = { SEAMRR_CAP, CONFIGURED, LOCKED | ENABLED, KEYIDS(0, 2) },
	  .state = TDX_PLATFORM_ENABLED, .first = 1, .nr = 2 },
	{ .name = "address bits do not matter",
	  .msrs = { SEAMRR_CAP | 0x1d0a, CONFIGURED | 0x7f00000000, LOCKED | ENABLED | 0xfffe000000,
		    KEYIDS(1, 62) },
	  .state = TDX_PLATFORM_ENABLED, .first = 2, .nr = 62 },
	{ .name = "a CPU without TDX is no misconfiguration",
	  .state = TDX_PLATFORM_UNSUPPORTED, .reason = "no TDX" },
	{ .name = "a BIOS that does not enable TDX is no misconfiguration",
	  .msrs = { SEAMRR_CAP, 0, 0, KEYIDS(63, 0) },
	  .state = TDX_PLATFORM_BIOS_DISABLED, .reason = "not enabled in the BIOS" },
	{ .name = "KeyIDs, but SEAMRR is not enabled",
	  .msrs = { SEAMRR_CAP, CONFIGURED, LOCKED, KEYIDS(31, 32) },
	  .state = TDX_PLATFORM_BIOS_DISABLED, .misconfigured = true,
	  .reason = "SEAMRR is not enabled" },
	{ .name = "SEAMRR has no address",
	  .msrs = { SEAMRR_CAP, 0, LOCKED | ENABLED, KEYIDS(31, 32) },
	  .state = TDX_PLATFORM_BIOS_DISABLED, .misconfigured = true,
	  .reason = "no address" },
	{ .name = "SEAMRR is not locked",
	  .msrs = { SEAMRR_CAP, CONFIGURED, ENABLED, KEYIDS(31, 32) },
	  .state = TDX_PLATFORM_BIOS_DISABLED, .misconfigured = true,
	  .reason = "not locked" },
	{ .name = "SEAMRR, but no KeyIDs",
	  .msrs = { SEAMRR_CAP, CONFIGURED, LOCKED | ENABLED, KEYIDS(63, 0) },
	  .state = TDX_PLATFORM_BIOS_DISABLED, .misconfigured = true,
	  .reason = "no TDX KeyIDs" },
	{ .name = "one KeyID is too few",
	  .msrs = { SEAMRR_CAP, CONFIGURED, LOCKED | ENABLED, KEYIDS(62, 1) },
	  .state = TDX_PLATFORM_BIOS_DISABLED, .misconfigured = true,
	  .reason = "only one TDX KeyID" },
};

static void platform_to_desc(const struct platform_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(platform, platform_cases, platform_to_desc);

static void msrs_tell_what_the_bios_did(struct kunit *test)
{
	const struct platform_case *c = test->param_value;
	struct tdx_platform platform = tdx_platform_decode(&c->msrs);

	KUNIT_EXPECT_EQ(test, (int)platform.state, (int)c->state);
	KUNIT_EXPECT_EQ(test, platform.misconfigured, c->misconfigured);
	KUNIT_EXPECT_EQ(test, platform.first_private_keyid, c->first);
	KUNIT_EXPECT_EQ(test, platform.nr_private_keyids, c->nr);
	if (!c->reason)
		return;
	KUNIT_ASSERT_NOT_NULL(test, platform.reason);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(platform.reason, c->reason), "says: %s",
				  platform.reason);
}

struct difference_case {
	const char *difference;
	struct tdx_platform_msrs other;
};

static const struct tdx_platform_msrs alike = { SEAMRR_CAP, 0x8, 0xc00, 32ULL << 32 | 31, 5 };

static const struct difference_case difference_cases[] = {
	{ NULL, { SEAMRR_CAP, 0x8, 0xc00, 32ULL << 32 | 31, 5 } },
	{ NULL, { SEAMRR_CAP | 0x0a, 0x8, 0xc00, 32ULL << 32 | 31, 5 } },
	{ "SEAMRR", { 0, 0x8, 0xc00, 32ULL << 32 | 31, 5 } },
	{ "SEAMRR", { SEAMRR_CAP, 0x1008, 0xc00, 32ULL << 32 | 31, 5 } },
	{ "SEAMRR", { SEAMRR_CAP, 0x8, 0x800, 32ULL << 32 | 31, 5 } },
	{ "the number of TDX KeyIDs", { SEAMRR_CAP, 0x8, 0xc00, 16ULL << 32 | 47, 5 } },
	{ "TSC_ADJUST", { SEAMRR_CAP, 0x8, 0xc00, 32ULL << 32 | 31, 4 } },
};

static void what_differs_between_cpus_is_named(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(difference_cases); i++) {
		const struct difference_case *c = &difference_cases[i];
		const char *got = tdx_platform_difference(&alike, &c->other);

		KUNIT_EXPECT_STREQ(test, got ?: "nothing", c->difference ?: "nothing");
	}
}

static struct kunit_case platform_test_cases[] = {
	KUNIT_CASE(what_differs_between_cpus_is_named),
	KUNIT_CASE_PARAM(msrs_tell_what_the_bios_did, platform_gen_params),
	{}
};

static struct kunit_suite platform_test_suite = {
	.name = "tdx_platform",
	.test_cases = platform_test_cases,
};

kunit_test_suite(platform_test_suite);
