/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A software TDX module for KUnit, on the CPUs and in the memory of the machine
 * that runs the tests.
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
 * Lets SEAMCALLs number @first to @first + @times - 1 return @status, whatever
 * they are.  The module sees them if that is no failure.
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
 * @platform:  what the host believes of the BIOS
 * @ram:       what the host believes to be RAM
 * @module:    the host's view of the module: what is under test
 * @failure:   SEAMCALLs to fail
 * @failed:    leaves that @failure had fail, by number
 * @interrupts: how often an interrupt is pending, when the module asks
 * @distort:   changes what the module returns; may be NULL
 * @seamcalls: made so far
 * @leaves:    of the first SEAMCALLs
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
