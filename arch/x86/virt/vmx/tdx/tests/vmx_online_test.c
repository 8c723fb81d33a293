// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: a CPU that comes online while KVM enables virtualization.
 *
 * The CPU checks whether there are VMs before it is in cpu_online_mask.  It is
 * held up in between, until KVM is done on the other CPUs or must be waiting
 * for it.
 *
 * This needs VMX, which the emulated platform has.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/kvm_host.h>
#include <linux/smp.h>

#include <asm/special_insns.h>

/* Much longer than an IPI to all CPUs takes. */
#define PATIENCE_MS	200

static struct {
	unsigned int cpu;
	struct completion came;
	bool held;		/* the CPU is held up */
	bool enabled;		/* KVM assumes that all CPUs are in VMX operation */
	bool in_vmx;		/* the CPU is in VMX operation */
	int error;
} meeting;

static int hold_up(struct kprobe *probe, struct pt_regs *regs)
{
	unsigned int ms;

	if (regs_get_kernel_argument(regs, 0) != meeting.cpu || !regs_get_kernel_argument(regs, 1))
		return 0;

	WRITE_ONCE(meeting.held, true);
	for (ms = 0; ms < PATIENCE_MS && !READ_ONCE(meeting.enabled); ms++)
		mdelay(1);
	return 0;
}

static struct kprobe probe = {
	.symbol_name = "set_cpu_online",
	.pre_handler = hold_up,
};

static int come_online(void *unused)
{
	meeting.error = add_cpu(meeting.cpu);
	complete(&meeting.came);
	return 0;
}

static void look_for_vmx(void *unused)
{
	meeting.in_vmx = __read_cr4() & X86_CR4_VMXE;
}

/* Between VMXON on all CPUs and VMXOFF. */
static int when_enabled(void)
{
	WRITE_ONCE(meeting.enabled, true);
	wait_for_completion(&meeting.came);
	return smp_call_function_single(meeting.cpu, look_for_vmx, NULL, true);
}

static void a_cpu_that_comes_online_is_not_missed(struct kunit *test)
{
	struct task_struct *task;

	meeting.cpu = num_online_cpus() - 1;
	init_completion(&meeting.came);
	KUNIT_ASSERT_TRUE(test, boot_cpu_has(X86_FEATURE_VMX));
	KUNIT_ASSERT_GT(test, meeting.cpu, 0u);
	KUNIT_ASSERT_EQ(test, remove_cpu(meeting.cpu), 0);
	KUNIT_ASSERT_EQ(test, register_kprobe(&probe), 0);

	task = kthread_run(come_online, NULL, "come_online");
	KUNIT_EXPECT_FALSE(test, IS_ERR(task));
	while (!IS_ERR(task) && !READ_ONCE(meeting.held) && !completion_done(&meeting.came))
		usleep_range(100, 200);
	KUNIT_EXPECT_EQ(test, kvm_call_with_hardware_enabled(when_enabled), 0);
	KUNIT_EXPECT_TRUE(test, meeting.held);
	KUNIT_EXPECT_EQ(test, meeting.error, 0);
	KUNIT_EXPECT_TRUE(test, meeting.in_vmx);
	unregister_kprobe(&probe);
}

static struct kunit_case vmx_online_test_cases[] = {
	KUNIT_CASE(a_cpu_that_comes_online_is_not_missed),
	{}
};

static struct kunit_suite vmx_online_test_suite = {
	.name = "vmx_online",
	.test_cases = vmx_online_test_cases,
};

kunit_test_suite(vmx_online_test_suite);
