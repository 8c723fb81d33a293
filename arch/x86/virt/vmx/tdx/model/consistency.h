/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Check of the software TDX module's own tables, for tests.
 */
#ifndef _X86_VIRT_TDX_MODEL_CONSISTENCY_H
#define _X86_VIRT_TDX_MODEL_CONSISTENCY_H

#include "model.h"

/**
 * struct tdx_model_checker - what a check needs from its caller
 * @ctx:   argument of @peek
 * @peek:  maps a page of the module, of 4 KB, without any effect on the platform; NULL: the host
 *         has taken it back
 * @found: called for each inconsistency, with the TD's TDR page and the page that it is about
 * @entry: called for each entry of the secure EPT that is not free, with the TD's TDR page, the
 *         first guest address that it maps, its level, 0 for pages of 4 KB, and the page that it
 *         refers to; may be NULL
 */
struct tdx_model_checker {
	void *ctx;
	const void *(*peek)(void *ctx, u64 pa);
	void (*found)(u64 tdr, u64 pa, const char *what);
	void (*entry)(u64 tdr, u64 gpa, unsigned int level, u64 pa);
};

bool tdx_model_check_td(const struct tdx_model *m, u64 tdr,
			const struct tdx_model_checker *checker);
unsigned int tdx_model_check_tds(const struct tdx_model *m,
				 const struct tdx_model_checker *checker);

#endif /* _X86_VIRT_TDX_MODEL_CONSISTENCY_H */
