/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A software TDX module for KUnit, which uses the CPUs and the memory of the
 * machine that runs the tests.
 */
#ifndef _X86_VIRT_TDX_TESTS_MODEL_HOST_H
#define _X86_VIRT_TDX_TESTS_MODEL_HOST_H

#include <linux/bitmap.h>
#include <linux/threads.h>

#include "../module.h"
#include "../model/model.h"

#define MODEL_HOST_NR_LEAVES	1024

struct kunit;
struct tdx_regs;

/*
 * Makes SEAMCALLs number @first to @first + @times - 1 return @status.  They
 * are passed to the module only if @status is not a failure.
 */
struct model_failure {
	u64 first;	/* counted from 1; 0: none */
	u64 times;
	u64 status;
};

/**
 * struct model_host - a machine with a software TDX module
 * @config:    of the module; a test may change it before model_host_load()
 * @model:     the software module
 * @platform:  the host's view of the BIOS configuration
 * @ram:       the host's view of RAM
 * @module:    the host's view of the module, which is tested
 * @failure:   SEAMCALLs that fail
 * @failed:    leaves that failed because of @failure, by number
 * @interrupts: number of times that an interrupt is pending when the module checks
 * @distort:   changes the results of the module; may be NULL
 * @seamcalls: number of SEAMCALLs so far
 * @leaves:    leaves of the first SEAMCALLs
 * @lp_of_cpu: the model's number of each present CPU
 */
struct model_host {
	struct tdx_model_config config;
	struct tdx_model model;
	struct tdx_platform platform;
	struct tdx_memory ram;
	struct tdx_module module;
	struct model_failure failure;
	DECLARE_BITMAP(failed, TDX_MODEL_NR_LEAVES);
	unsigned int interrupts;
	u64 (*distort)(u64 leaf, u64 status, struct tdx_regs *regs);
	atomic64_t seamcalls;
	u16 leaves[MODEL_HOST_NR_LEAVES];
	u8 lp_of_cpu[NR_CPUS];
};

struct model_host *model_host_create(struct kunit *test);
void model_host_load(struct model_host *host);
void model_host_unload(struct model_host *host);
void model_host_restart(struct model_host *host);
u64 model_host_first(struct kunit *test, const u16 *leaves, u64 leaf);
void model_host_fail(struct model_host *host, u64 first, u64 times, u64 status);
long model_host_free_pages(void);

#endif /* _X86_VIRT_TDX_TESTS_MODEL_HOST_H */
