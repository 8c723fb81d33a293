/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The steps that initialize the TDX module.
 */
#ifndef _X86_VIRT_TDX_BRINGUP_H
#define _X86_VIRT_TDX_BRINGUP_H

struct tdx_cause;
struct tdx_module;

/**
 * struct tdx_attempt - one attempt to initialize a module
 * @module: the module
 * @doing:  the current step
 * @cause:  says why that step failed, if it did
 */
struct tdx_attempt {
	struct tdx_module *module;
	const char *doing;
	struct tdx_cause *cause;
};

int tdx_bringup_start(struct tdx_attempt *attempt);
int tdx_bringup_lay_out(struct tdx_attempt *attempt);
int tdx_bringup_finish(struct tdx_attempt *attempt);
void tdx_bringup_undo(struct tdx_module *module);

#endif /* _X86_VIRT_TDX_BRINGUP_H */
