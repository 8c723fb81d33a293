// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: physical addresses, their KeyIDs, and the CMRs.
 */
#include "internal.h"

static unsigned int keyid_shift(const struct tdx_model *m)
{
	return PA_BITS - m->config.keyid_bits;
}

static u64 strip_keyid(const struct tdx_model *m, u64 pa)
{
	return pa & (BIT_ULL(keyid_shift(m)) - 1);
}

unsigned int tdx_model_keyid_of(const struct tdx_model *m, u64 pa)
{
	return (pa & (BIT_ULL(PA_BITS) - 1)) >> keyid_shift(m);
}

bool tdx_model_hpa_without_keyid(const struct tdx_model *m, u64 pa)
{
	return pa == strip_keyid(m, pa);
}

/* A buffer in shared memory: an MKTME KeyID is allowed, a private one is not. */
bool tdx_model_shared_hpa(const struct tdx_model *m, u64 pa, u64 bytes, u64 alignment)
{
	u64 start = strip_keyid(m, pa);
	u64 seamrr_end = m->config.seamrr_base + m->config.seamrr_size;

	if (pa & (alignment - 1) || pa >> PA_BITS)
		return false;
	if (tdx_model_keyid_is_private(m, tdx_model_keyid_of(m, pa)))
		return false;
	return start + bytes <= m->config.seamrr_base || start >= seamrr_end;
}

bool tdx_model_read(struct tdx_model *m, u64 pa, void *buf, u64 bytes)
{
	return m->ops->read_phys(m->ctx, strip_keyid(m, pa), buf, bytes);
}

bool tdx_model_write(struct tdx_model *m, u64 pa, const void *buf, u64 bytes)
{
	return m->ops->write_phys(m->ctx, strip_keyid(m, pa), buf, bytes);
}

/* CMRs that touch count as one. */
bool tdx_model_in_cmrs(const struct tdx_model *m, u64 start, u64 end)
{
	const struct tdx_cmr_info *cmr = m->config.cmrs;
	unsigned int i;

	for (i = 0; i < TDX_NR_CMRS && cmr[i].size && start < end; i++)
		if (start >= cmr[i].base && start - cmr[i].base < cmr[i].size)
			start = cmr[i].base + cmr[i].size;
	return start >= end;
}
