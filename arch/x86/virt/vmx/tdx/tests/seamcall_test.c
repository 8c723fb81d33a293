// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: the SEAMCALL instruction outside of VMX operation, its retries and statistics.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/static_call.h>

#include <asm/special_insns.h>
#include <asm/tdx_host.h>

#include "../error.h"
#include "../failures.h"
#include "../seamcall.h"
#include "../stats.h"

/* In VMX operation the test would really initialize a module. */
static void skip_in_vmx_operation(struct kunit *test)
{
	if (__read_cr4() & X86_CR4_VMXE)
		kunit_skip(test, "KVM has put the CPU into VMX operation");
}

static void without_vmx_operation_the_instruction_raises_ud(struct kunit *test)
{
	struct tdx_regs regs, before;

	skip_in_vmx_operation(test);
	memset(&before, 0x5a, sizeof(before));
	regs = before;
	KUNIT_EXPECT_EQ(test, __seamcall(TDH_SYS_INIT, &regs), TDX_SEAMCALL_UD);
	KUNIT_EXPECT_EQ(test, memcmp(&regs, &before, sizeof(regs)), 0);
}

static void without_vmx_operation_tdx_init_refuses(struct kunit *test)
{
	int expected = platform_tdx_enabled() ? -EPERM : -ENODEV;

	skip_in_vmx_operation(test);
	KUNIT_EXPECT_EQ(test, tdx_init(), expected);
	KUNIT_EXPECT_EQ(test, tdx_init(), expected);
}

/* A module that answers @status @times times, and then success. */
static struct {
	u64 status;
	unsigned int times;
	unsigned int calls;
} reluctant;

static u64 reluctant_seamcall(u64 leaf, struct tdx_regs *regs)
{
	/* A retry has to start from the caller's inputs. */
	if (regs->rcx != 0x1234)
		return TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX;
	regs->rcx = 0;
	return reluctant.calls++ < reluctant.times ? reluctant.status : TDX_SUCCESS;
}

static u64 call_reluctant_by(u64 (*call)(u64 leaf, struct tdx_regs *regs), u64 status,
			     unsigned int times)
{
	struct tdx_regs regs = { .rcx = 0x1234 };
	u64 ret;

	reluctant.status = status;
	reluctant.times = times;
	reluctant.calls = 0;

	static_call_update(tdx_make_seamcall, reluctant_seamcall);
	ret = call(TDH_SYS_INIT, &regs);
	static_call_update(tdx_make_seamcall, tdx_cache_seamcall);
	return ret;
}

static u64 call_reluctant(u64 status, unsigned int times)
{
	return call_reluctant_by(tdx_seamcall, status, times);
}

static const u64 retried[] = {
	TDX_RND_NO_ENTROPY,
	TDX_KEY_GENERATION_FAILED,
	TDX_SYS_BUSY,
	TDX_OPERAND_BUSY | TDX_OPERAND_ID_KET,
	TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX,
	TDX_INTERRUPTED_RESTARTABLE,
};

static void what_clears_by_itself_is_retried(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(retried); i++) {
		KUNIT_EXPECT_EQ(test, call_reluctant(retried[i], 10), TDX_SUCCESS);
		KUNIT_EXPECT_EQ(test, reluctant.calls, 11u);
	}
}

static void retries_end(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(retried); i++) {
		KUNIT_EXPECT_EQ(test, call_reluctant(retried[i], UINT_MAX), retried[i]);
		KUNIT_EXPECT_GT(test, reluctant.calls, 10u);
	}
}

/*
 * Other users can drain the random number generator for longer than 1,000 calls
 * take.
 */
static void retries_leave_the_module_time(struct kunit *test)
{
	ktime_t start = ktime_get();

	call_reluctant(TDX_RND_NO_ENTROPY, UINT_MAX);
	KUNIT_EXPECT_GT(test, ktime_us_delta(ktime_get(), start), 20LL * USEC_PER_MSEC);
}

static u64 call_atomic(u64 leaf, struct tdx_regs *regs)
{
	unsigned long flags;
	u64 status;

	local_irq_save(flags);
	status = tdx_seamcall_atomic(leaf, regs);
	local_irq_restore(flags);
	return status;
}

static void where_nothing_can_sleep_retries_end_sooner(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(retried); i++) {
		KUNIT_EXPECT_EQ(test, call_reluctant_by(call_atomic, retried[i], 10), TDX_SUCCESS);
		KUNIT_EXPECT_EQ(test, reluctant.calls, 11u);
		KUNIT_EXPECT_EQ(test, call_reluctant_by(call_atomic, retried[i], UINT_MAX),
				retried[i]);
		KUNIT_EXPECT_EQ(test, reluctant.calls, 100u);
	}
	KUNIT_EXPECT_EQ(test, call_reluctant_by(call_atomic, TDX_TD_FATAL, UINT_MAX),
			(u64)TDX_TD_FATAL);
	KUNIT_EXPECT_EQ(test, reluctant.calls, 1u);
}

static void what_does_not_clear_is_not_retried(struct kunit *test)
{
	static const u64 final[] = {
		TDX_SUCCESS, TDX_KEY_CONFIGURED, TDX_OPERAND_INVALID, TDX_SYS_INIT_NOT_PENDING,
		TDX_INVALID_TDMR, TDX_SEAMCALL_UD, TDX_SEAMCALL_GP, TDX_SEAMCALL_VMFAILINVALID,
		TDX_SEAMCALL_RETIRED,
		/*
		 * With the same inputs it would start again and be interrupted
		 * again.
		 */
		TDX_INTERRUPTED_RESUMABLE,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(final); i++) {
		KUNIT_EXPECT_EQ(test, call_reluctant(final[i], UINT_MAX), final[i]);
		KUNIT_EXPECT_EQ(test, reluctant.calls, 1u);
	}
}

static void each_call_is_counted(struct kunit *test)
{
	u64 others = tdx_stats_seamcalls(TDH_SYS_CONFIG);
	u64 before = tdx_stats_seamcalls(TDH_SYS_INIT);
	u64 all = tdx_seamcalls_made();

	call_reluctant(TDX_SYS_BUSY, 10);
	KUNIT_EXPECT_EQ(test, tdx_seamcalls_made() - all, 11ULL);
	KUNIT_EXPECT_EQ(test, tdx_stats_seamcalls(TDH_SYS_INIT) - before, 11ULL);
	KUNIT_EXPECT_EQ(test, tdx_stats_seamcalls(TDH_SYS_CONFIG), others);
}

static unsigned int nr_durations(unsigned int leaf)
{
	unsigned int log2_ns, sum = 0;

	for (log2_ns = 0; log2_ns < TDX_NR_DURATIONS; log2_ns++)
		sum += tdx_stats_durations_of(leaf, log2_ns);
	return sum;
}

static void durations_are_measured_on_request(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, tdx_stats_measure(true), 0);
	call_reluctant(TDX_SYS_BUSY, 10);
	KUNIT_EXPECT_EQ(test, nr_durations(TDH_SYS_INIT), 11u);
	KUNIT_EXPECT_EQ(test, nr_durations(TDH_SYS_CONFIG), 0u);

	KUNIT_ASSERT_EQ(test, tdx_stats_measure(false), 0);
	call_reluctant(TDX_SYS_BUSY, 10);
	KUNIT_EXPECT_EQ(test, nr_durations(TDH_SYS_INIT), 11u);

	KUNIT_ASSERT_EQ(test, tdx_stats_measure(true), 0);
	KUNIT_EXPECT_EQ(test, nr_durations(TDH_SYS_INIT), 0u);
	tdx_stats_measure(false);
}

static void a_duration_is_counted_at_its_power_of_two(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, tdx_stats_measure(true), 0);
	tdx_stats_duration(TDH_SYS_INIT, 0);
	tdx_stats_duration(TDH_SYS_INIT, 1023);
	tdx_stats_duration(TDH_SYS_INIT | 1ULL << TDX_LEAF_VERSION_SHIFT, 1024);
	tdx_stats_duration(TDH_SYS_INIT, 2047);
	tdx_stats_duration(TDH_SYS_INIT, U64_MAX);
	tdx_stats_measure(false);

	KUNIT_EXPECT_EQ(test, tdx_stats_durations_of(TDH_SYS_INIT, 0), 1u);
	KUNIT_EXPECT_EQ(test, tdx_stats_durations_of(TDH_SYS_INIT, 9), 1u);
	KUNIT_EXPECT_EQ(test, tdx_stats_durations_of(TDH_SYS_INIT, 10), 2u);
	KUNIT_EXPECT_EQ(test, tdx_stats_durations_of(TDH_SYS_INIT, 11), 0u);
	KUNIT_EXPECT_EQ(test, tdx_stats_durations_of(TDH_SYS_INIT, TDX_NR_DURATIONS - 1), 1u);
}

static void the_last_failures_are_recorded(struct kunit *test)
{
	struct tdx_failure *failures = kunit_kcalloc(test, TDX_NR_FAILURES, sizeof(*failures),
						     GFP_KERNEL);
	const struct tdx_failure *last;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, failures);
	for (i = 0; i <= TDX_NR_FAILURES; i++)
		call_reluctant(TDX_OPERAND_INVALID | i, 1);
	KUNIT_ASSERT_EQ(test, tdx_failures_copy(failures), TDX_NR_FAILURES);
	for (i = 0; i < TDX_NR_FAILURES; i++)
		KUNIT_EXPECT_EQ(test, failures[i].status, TDX_OPERAND_INVALID | (i + 1));

	/* Retries are one. */
	call_reluctant(TDX_SYS_BUSY, 10);
	tdx_failures_copy(failures);
	last = &failures[TDX_NR_FAILURES - 1];
	KUNIT_EXPECT_EQ(test, last->status, TDX_SYS_BUSY);
	KUNIT_EXPECT_EQ(test, last->leaf, (u64)TDH_SYS_INIT);
	KUNIT_EXPECT_EQ(test, last->times, 10ULL);
	KUNIT_EXPECT_GE(test, last->ns, last[-1].ns);

	/* Neither success, with or without information, nor a call of another leaf */
	call_reluctant(TDX_KEY_CONFIGURED, 1);
	tdx_failure_record(TDH_SYS_CONFIG, TDX_SYS_BUSY);
	tdx_failures_copy(failures);
	KUNIT_EXPECT_EQ(test, last->leaf, (u64)TDH_SYS_CONFIG);
	KUNIT_EXPECT_EQ(test, last->times, 1ULL);
	KUNIT_EXPECT_EQ(test, last[-1].status, TDX_SYS_BUSY);
}

static struct kunit_case seamcall_test_cases[] = {
	KUNIT_CASE(without_vmx_operation_the_instruction_raises_ud),
	KUNIT_CASE(without_vmx_operation_tdx_init_refuses),
	KUNIT_CASE(what_clears_by_itself_is_retried),
	KUNIT_CASE(retries_end),
	KUNIT_CASE(retries_leave_the_module_time),
	KUNIT_CASE(where_nothing_can_sleep_retries_end_sooner),
	KUNIT_CASE(what_does_not_clear_is_not_retried),
	KUNIT_CASE(each_call_is_counted),
	KUNIT_CASE(durations_are_measured_on_request),
	KUNIT_CASE(a_duration_is_counted_at_its_power_of_two),
	KUNIT_CASE(the_last_failures_are_recorded),
	{}
};

static struct kunit_suite seamcall_test_suite = {
	.name = "tdx_seamcall",
	.test_cases = seamcall_test_cases,
};

kunit_test_suite(seamcall_test_suite);
