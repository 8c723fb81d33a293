// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: the SEAMCALL instruction outside of VMX operation, and its retries.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/static_call.h>

#include <asm/special_insns.h>
#include <asm/tdx_host.h>

#include "../error.h"
#include "../seamcall.h"

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
	u64 before = tdx_seamcalls_made();

	call_reluctant(TDX_SYS_BUSY, 10);
	KUNIT_EXPECT_EQ(test, tdx_seamcalls_made() - before, 11ULL);
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
	{}
};

static struct kunit_suite seamcall_test_suite = {
	.name = "tdx_seamcall",
	.test_cases = seamcall_test_cases,
};

kunit_test_suite(seamcall_test_suite);
