// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes memory allocations of one task fail.  See fail_alloc.h.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/error-injection.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/sched.h>

#include "fail_alloc.h"

static struct task_struct *failing_task;
static struct fail_alloc failing;
static unsigned int count;

static bool is_to_fail(gfp_t gfp)
{
	if (current != READ_ONCE(failing_task) || !failing.matches(gfp))
		return false;
	return ++count >= failing.first && count - failing.first < failing.times;
}

static int fail(struct pt_regs *regs, unsigned long value)
{
	regs_set_return_value(regs, value);
	override_function_with_return(regs);
	return 1;
}

static int fail_slab(struct kprobe *probe, struct pt_regs *regs)
{
	gfp_t gfp = (__force gfp_t)regs_get_kernel_argument(regs, 1);

	return is_to_fail(gfp) ? fail(regs, -ENOMEM) : 0;
}

static int fail_pages(struct kprobe *probe, struct pt_regs *regs)
{
	gfp_t gfp = (__force gfp_t)regs_get_kernel_argument(regs, 0);

	return is_to_fail(gfp) ? fail(regs, 0) : 0;
}

/*
 * Probes with a post handler are not optimized into jumps, which cannot
 * override.
 */
static void do_not_optimize(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe slab_probe = {
	.symbol_name = "should_failslab",
	.pre_handler = fail_slab,
	.post_handler = do_not_optimize,
};

/* Not should_fail_alloc_page(): GCC 14 optimizes calls of it away. */
static struct kprobe page_probe = {
	.symbol_name = "__alloc_pages",
	.pre_handler = fail_pages,
	.post_handler = do_not_optimize,
};

static struct kprobe *probes[] = { &slab_probe, &page_probe };

/**
 * fail_alloc_register - prepare allocations to fail
 *
 * Context: Process context, may sleep.
 * Return: 0, or an errno of register_kprobes().
 */
int fail_alloc_register(void)
{
	unsigned int i;

	/* Of an earlier suite */
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		probes[i]->addr = NULL;
		probes[i]->flags = 0;
	}
	return register_kprobes(probes, ARRAY_SIZE(probes));
}

/**
 * fail_alloc_unregister - undo fail_alloc_register()
 *
 * Context: Process context, may sleep.
 */
void fail_alloc_unregister(void)
{
	unregister_kprobes(probes, ARRAY_SIZE(probes));
}

/**
 * fail_alloc_begin - make allocations of the current task fail from now on
 * @which: which ones
 *
 * Context: Process context.  After fail_alloc_register(); one task at a time.
 */
void fail_alloc_begin(const struct fail_alloc *which)
{
	failing = *which;
	count = 0;
	WRITE_ONCE(failing_task, current);
}

/**
 * fail_alloc_end - let no allocation fail any more
 *
 * Context: Process context, of any task, when the allocations are over.
 * Return: The number of allocations that were meant.
 */
unsigned int fail_alloc_end(void)
{
	WRITE_ONCE(failing_task, NULL);
	return count;
}
