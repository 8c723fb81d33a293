/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A software TDX module for KUnit, on the CPUs and in the memory of the machine
 * that runs the tests.
 */
#ifndef _X86_VIRT_TDX_TESTS_MODEL_HOST_H
#define _X86_VIRT_TDX_TESTS_MODEL_HOST_H

#include "../module.h"
#include "tdx_model.h"

struct kunit;

/* Lets SEAMCALLs number @first to @first + @times - 1 fail with @status, whatever they are. */
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
 * @seamcalls: made so far
 */
struct model_host {
	struct tdx_model_config config;
	struct tdx_model model;
	struct tdx_platform platform;
	struct tdx_memory ram;
	struct tdx_module module;
	struct model_failure failure;
	atomic64_t seamcalls;
};

struct model_host *model_host_create(struct kunit *test);
void model_host_load(struct model_host *host);
void model_host_unload(struct model_host *host);
void model_host_restart(struct model_host *host);

#endif /* _X86_VIRT_TDX_TESTS_MODEL_HOST_H */
