// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: completion statuses as errno and as text.
 */
#include <kunit/test.h>
#include <linux/errno.h>

#include "../cause.h"
#include "../error.h"

struct status_case {
	u64 status;
	int error;
	const char *text;	/* what the description begins with */
};

static const struct status_case status_cases[] = {
	{ TDX_SUCCESS, 0, "SUCCESS 0x0000000000000000" },
	{ TDX_KEY_CONFIGURED, 0, "KEY_CONFIGURED 0x0000081500000000" },
	{ TDX_TDMR_ALREADY_INITIALIZED, 0, "TDMR_ALREADY_INITIALIZED 0x" },
	{ TDX_SEAMCALL_VMFAILINVALID, -ENODEV, "VMfailInvalid 0x8000ff00ffff0000: no TDX module" },
	{ TDX_SEAMCALL_UD, -EPERM, "#UD 0x8000ff0000000006: the CPU is not in VMX operation" },
	{ TDX_SEAMCALL_RETIRED, -ESHUTDOWN, "not made 0x8000ff0000000100: the machine is going down" },
	{ TDX_SEAMCALL_NO_CPU, -EIO, "not made on each package 0x8000ff0000000101: no CPU of a package" },
	{ TDX_SEAMCALL_GP, -EOPNOTSUPP, "#GP 0x8000ff000000000d: SEAMRR is not enabled" },
	{ TDX_SYS_INIT_NOT_PENDING, -EALREADY, "SYS_INIT_NOT_PENDING 0x" },
	{ TDX_SYS_CONFIG_NOT_PENDING, -ENXIO, "SYS_CONFIG_NOT_PENDING 0x" },
	{ TDX_RND_NO_ENTROPY, -EAGAIN, "RND_NO_ENTROPY 0x" },
	{ TDX_SYS_BUSY, -EBUSY, "SYS_BUSY 0x" },
	{ TDX_OPERAND_BUSY | TDX_OPERAND_ID_KET, -EBUSY, "OPERAND_BUSY (operand KET) 0x" },
	{ TDX_OPERAND_INVALID | TDX_OPERAND_ID_R8, -EIO, "OPERAND_INVALID (operand R8) 0xc000010000000008" },
	{ TDX_OPERAND_INVALID, -EIO, "OPERAND_INVALID (operand RAX) 0x" },
	{ TDX_OPERAND_INVALID | 0x77, -EIO, "OPERAND_INVALID (details 0x77) 0x" },
	{ TDX_INCONSISTENT_MSR | 0x3b, -EIO, "INCONSISTENT_MSR (MSR 0x3b) 0x" },
	{ TDX_INCORRECT_MSR_VALUE | 0x982, -EIO, "INCORRECT_MSR_VALUE (MSR 0x982) 0xc000092100000982: the BIOS" },
	{ TDX_INCORRECT_MSR_VALUE | 0x122, -EIO, "INCORRECT_MSR_VALUE (MSR 0x122) 0xc000092100000122: Linux set this MSR" },
	{ TDX_TDMR_OUTSIDE_CMRS | 3, -EIO, "TDMR_OUTSIDE_CMRS (TDMR 3) 0x" },
	{ TDX_INVALID_PAMT | 5 | TDX_PAMT_2M << 8, -EIO, "INVALID_PAMT (TDMR 5, PAMT level 2M) 0x" },
	{ TDX_PAMT_OVERLAP | 1 | TDX_PAMT_1G << 8 | 2 << 16, -EIO,
	  "PAMT_OVERLAP (TDMR 1, PAMT level 1G, TDMR 2) 0x" },
	{ TDX_NON_ORDERED_RESERVED_IN_TDMR | 7 | 15 << 8, -EIO,
	  "NON_ORDERED_RESERVED_IN_TDMR (TDMR 7, reserved area 15) 0x" },
	{ TDX_INVALID_PKG_ID, -EIO, "INVALID_PKG_ID 0xc000090600000000: the module does not support this platform" },
	{ TDX_INVALID_TDMR | 1, -EIO, "INVALID_TDMR (TDMR 1) 0xc0000a0000000001: Linux broke a rule" },
	{ TDX_CMR_LIST_INVALID, -EIO, "CMR_LIST_INVALID 0xc0000a2200000000: the BIOS" },
	{ 0x8000770000000000ULL, -EIO, "unknown status 0x8000770000000000" },
};

static void status_to_desc(const struct status_case *c, char *desc)
{
	/* Not the text: it may look like a KTAP directive. */
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "status 0x%016llx", c->status);
}

KUNIT_ARRAY_PARAM(status, status_cases, status_to_desc);

static void a_status_has_words_and_an_errno(struct kunit *test)
{
	const struct status_case *c = test->param_value;
	char words[TDX_STATUS_TEXT_SIZE];

	tdx_status_format(words, sizeof(words), c->status);
	KUNIT_EXPECT_EQ(test, tdx_status_errno(c->status), c->error);
	words[strlen(c->text)] = '\0';
	KUNIT_EXPECT_STREQ(test, words, c->text);
}

#define STATUS(name, value)	{ value, #name },
static const struct {
	u64 status;
	const char *name;
} all_statuses[] = { TDX_STATUS_LIST(STATUS) };

static void every_status_has_its_name_and_a_failure_an_errno(struct kunit *test)
{
	char words[TDX_STATUS_TEXT_SIZE];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all_statuses); i++) {
		u64 status = all_statuses[i].status;

		KUNIT_EXPECT_STREQ(test, tdx_status_name(status | 0x12345678), all_statuses[i].name);
		KUNIT_EXPECT_EQ(test, !tdx_status_errno(status), !(status >> 63));
		tdx_status_format(words, sizeof(words), status | 0xffffffff);
		KUNIT_EXPECT_LT(test, strlen(words), (size_t)TDX_STATUS_TEXT_SIZE - 1);
		KUNIT_EXPECT_NULL(test, strchr(words, '\n'));
	}
}

static void bit_63_alone_tells_a_failure(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, tdx_status_failed(TDX_SUCCESS));
	KUNIT_EXPECT_FALSE(test, tdx_status_failed(TDX_KEY_CONFIGURED));
	KUNIT_EXPECT_FALSE(test, tdx_status_failed(TDX_NON_RECOVERABLE_TD));
	KUNIT_EXPECT_TRUE(test, tdx_status_failed(TDX_OPERAND_INVALID));
	KUNIT_EXPECT_TRUE(test, tdx_status_failed(TDX_SEAMCALL_VMFAILINVALID));
}

static void a_leaf_is_named_whatever_its_version(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, tdx_leaf_name(TDH_SYS_CONFIG), "TDH.SYS.CONFIG");
	KUNIT_EXPECT_STREQ(test, tdx_leaf_name(TDH_SYS_INIT | 1 << TDX_LEAF_VERSION_SHIFT),
			   "TDH.SYS.INIT");
	KUNIT_EXPECT_STREQ(test, tdx_leaf_name(0x7777), "unknown leaf");
}

static void no_text_is_cut_off(struct kunit *test)
{
	char words[TDX_STATUS_TEXT_SIZE];
	size_t i, longest = 0;

	for (i = 0; i < ARRAY_SIZE(status_cases); i++) {
		tdx_status_format(words, sizeof(words), status_cases[i].status | 0xffffffff);
		longest = max(longest, strlen(words));
		tdx_status_format(words, sizeof(words), status_cases[i].status);
		longest = max(longest, strlen(words));
	}
	KUNIT_EXPECT_LT(test, longest, (size_t)TDX_STATUS_TEXT_SIZE - 1);
}

static void a_failure_is_explained_in_a_line(struct kunit *test)
{
	struct tdx_cause cause;

	KUNIT_EXPECT_EQ(test, tdx_explain(&cause, TDH_SYS_KEY_CONFIG, TDX_KEY_CONFIGURED), 0);
	KUNIT_EXPECT_EQ(test, tdx_explain(&cause, TDH_SYS_CONFIG, TDX_TDMR_OUTSIDE_CMRS | 2),
			-EIO);
	KUNIT_EXPECT_STREQ(test, cause.text,
			   "TDH.SYS.CONFIG: TDMR_OUTSIDE_CMRS (TDMR 2) 0xc0000a0200000002: Linux broke a rule of the module; please report this as a bug");
}

static struct kunit_case error_test_cases[] = {
	KUNIT_CASE_PARAM(a_status_has_words_and_an_errno, status_gen_params),
	KUNIT_CASE(every_status_has_its_name_and_a_failure_an_errno),
	KUNIT_CASE(bit_63_alone_tells_a_failure),
	KUNIT_CASE(a_leaf_is_named_whatever_its_version),
	KUNIT_CASE(no_text_is_cut_off),
	KUNIT_CASE(a_failure_is_explained_in_a_line),
	{}
};

static struct kunit_suite error_test_suite = {
	.name = "tdx_error",
	.test_cases = error_test_cases,
};

kunit_test_suite(error_test_suite);
