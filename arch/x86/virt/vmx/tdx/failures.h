/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last SEAMCALLs that failed.
 */
#ifndef _X86_VIRT_TDX_FAILURES_H
#define _X86_VIRT_TDX_FAILURES_H

#include <linux/types.h>

#define TDX_NR_FAILURES		16

/**
 * struct tdx_failure - a SEAMCALL that failed
 * @ns:	    when, on the clock of the kernel log; of the last time
 * @times:  how often it failed in succession, like this
 * @leaf:   RAX
 * @status: what it returned
 * @cpu:    the CPU that made it last
 */
struct tdx_failure {
	u64 ns;
	u64 times;
	u64 leaf;
	u64 status;
	unsigned int cpu;
};

void tdx_failure_record(u64 leaf, u64 status);
unsigned int tdx_failures_copy(struct tdx_failure failures[TDX_NR_FAILURES]);

#endif /* _X86_VIRT_TDX_FAILURES_H */
