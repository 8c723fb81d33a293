// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: physical addresses, their KeyIDs, and the CMRs.
 */
#include "internal.h"

static unsigned int keyid_shift(const struct tdx_model *m)
{
	return PA_BITS - m->config.keyid_bits;
}

/**
 * tdx_model_strip_keyid - an address without its KeyID
 * @m:  the module
 * @pa: the address
 *
 * Context: Any.
 * Return: The address, without what is above the KeyID as well.
 */
u64 tdx_model_strip_keyid(const struct tdx_model *m, u64 pa)
{
	return pa & (BIT_ULL(keyid_shift(m)) - 1);
}

/**
 * tdx_model_keyid_of - the KeyID in an address
 * @m:  the module
 * @pa: the address, of 52 bits
 *
 * Context: Any.
 * Return: The KeyID.
 */
unsigned int tdx_model_keyid_of(const struct tdx_model *m, u64 pa)
{
	return (pa & (BIT_ULL(PA_BITS) - 1)) >> keyid_shift(m);
}

/**
 * tdx_model_hpa_with_keyid - add a KeyID to an address
 * @m:     the module
 * @pa:    the address, without KeyID bits
 * @keyid: the KeyID
 *
 * Context: Any.
 * Return: The address with the KeyID.
 */
u64 tdx_model_hpa_with_keyid(const struct tdx_model *m, u64 pa, u16 keyid)
{
	return pa | (u64)keyid << keyid_shift(m);
}

/**
 * tdx_model_hpa_without_keyid - check that KeyID bits and all above are clear
 * @m:  the module
 * @pa: the address
 *
 * Context: Any.
 * Return: True if they are.
 */
bool tdx_model_hpa_without_keyid(const struct tdx_model *m, u64 pa)
{
	return pa == tdx_model_strip_keyid(m, pa);
}

/**
 * tdx_model_shared_hpa - check the address of a buffer in shared memory
 * @m:         the module
 * @pa:        its address; an MKTME KeyID is allowed, a private one is not
 * @bytes:     its length
 * @alignment: of the address, a power of 2
 *
 * Context: Any.
 * Return: False if unaligned, beyond 52 bits, private, or in the SEAM range.
 */
bool tdx_model_shared_hpa(const struct tdx_model *m, u64 pa, u64 bytes, u64 alignment)
{
	u64 start = tdx_model_strip_keyid(m, pa);
	u64 seamrr_end = m->config.seamrr_base + m->config.seamrr_size;

	if (pa & (alignment - 1) || pa >> PA_BITS)
		return false;
	if (tdx_model_keyid_is_private(m, tdx_model_keyid_of(m, pa)))
		return false;
	return start + bytes <= m->config.seamrr_base || start >= seamrr_end;
}

/**
 * tdx_model_read - read the memory of the host
 * @m:     the module
 * @pa:    its address; KeyID bits are dropped
 * @buf:   the destination
 * @bytes: number of bytes
 *
 * Context: On the logical processor that runs the leaf.
 * Return: False if there is no memory.
 */
bool tdx_model_read(struct tdx_model *m, u64 pa, void *buf, u64 bytes)
{
	return m->ops->read_phys(m->ctx, tdx_model_strip_keyid(m, pa), buf, bytes);
}

/**
 * tdx_model_write - write the memory of the host
 * @m:     the module
 * @pa:    its address; KeyID bits are dropped
 * @buf:   the source
 * @bytes: number of bytes
 *
 * Context: On the logical processor that runs the leaf.
 * Return: False if there is no memory.
 */
bool tdx_model_write(struct tdx_model *m, u64 pa, const void *buf, u64 bytes)
{
	return m->ops->write_phys(m->ctx, tdx_model_strip_keyid(m, pa), buf, bytes);
}

/**
 * tdx_model_in_cmrs - whether CMRs cover a range
 * @m:     the module
 * @start: first address
 * @end:   end of the range (exclusive)
 *
 * Adjacent CMRs count as one.
 *
 * Context: Any.
 * Return: True if they do.
 */
bool tdx_model_in_cmrs(const struct tdx_model *m, u64 start, u64 end)
{
	const struct tdx_cmr_info *cmr = m->config.cmrs;
	unsigned int i;

	for (i = 0; i < TDX_NR_CMRS && cmr[i].size && start < end; i++)
		if (start >= cmr[i].base && start - cmr[i].base < cmr[i].size)
			start = cmr[i].base + cmr[i].size;
	return start >= end;
}
