/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SHA-384 for measurements of the software TDX module.
 */
#ifndef _X86_VIRT_TDX_MODEL_SHA384_H
#define _X86_VIRT_TDX_MODEL_SHA384_H

#include <linux/types.h>

#define TDX_MODEL_SHA384_BLOCK	128	/* bytes */
#define TDX_MODEL_SHA384_WORDS	6	/* of the result */

/* A hash that is being computed.  It can be copied. */
struct tdx_model_sha384 {
	u64 state[8];
	u64 nr_blocks;
};

void tdx_model_sha384_begin(struct tdx_model_sha384 *hash);
void tdx_model_sha384_add(struct tdx_model_sha384 *hash, const void *data, unsigned int nr_blocks);
void tdx_model_sha384_end(struct tdx_model_sha384 *hash, u64 result[TDX_MODEL_SHA384_WORDS]);

void tdx_model_sha384(const void *data, unsigned int bytes, u64 result[TDX_MODEL_SHA384_WORDS]);

#endif /* _X86_VIRT_TDX_MODEL_SHA384_H */
