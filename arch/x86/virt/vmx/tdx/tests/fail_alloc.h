/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory allocations that fail, for KUnit.
 */
#ifndef _X86_VIRT_TDX_TESTS_FAIL_ALLOC_H
#define _X86_VIRT_TDX_TESTS_FAIL_ALLOC_H

#include <linux/types.h>

/**
 * struct fail_alloc - which allocations of a task fail
 * @matches: whether an allocation is meant; others do not fail and are not counted
 * @first:   the first one that fails, counted from 1; 0: none
 * @times:   number of allocations that fail
 */
struct fail_alloc {
	bool (*matches)(gfp_t gfp);
	unsigned int first;
	unsigned int times;
};

int fail_alloc_register(void);
void fail_alloc_unregister(void);
void fail_alloc_begin(const struct fail_alloc *which);
unsigned int fail_alloc_end(void);

#endif /* _X86_VIRT_TDX_TESTS_FAIL_ALLOC_H */
