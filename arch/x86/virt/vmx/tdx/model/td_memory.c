// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: access to a guest's memory.
 */
#include "td_run.h"

/**
 * tdx_model_read_guest - read memory of the guest
 * @e:      the entry
 * @memory: the memory
 * @buf:    the destination
 * @bytes:  within a page
 *
 * Context: On the logical processor that runs the leaf.
 * Return: False if there is no memory at a shared address.
 */
bool tdx_model_read_guest(struct tdx_model_entry *e, const struct tdx_model_guest_memory *memory,
			  void *buf, u64 bytes)
{
	if (memory->is_shared)
		return tdx_model_read(e->m, memory->hpa, buf, bytes);
	memcpy(buf, e->m->ops->map(e->m->ctx, memory->hpa, bytes), bytes);
	return true;
}

/**
 * tdx_model_write_guest - write memory of the guest
 * @e:      the entry
 * @memory: the memory
 * @buf:    the source
 * @bytes:  within a page
 *
 * Context: On the logical processor that runs the leaf.
 * Return: False if there is no memory at a shared address.
 */
bool tdx_model_write_guest(struct tdx_model_entry *e, const struct tdx_model_guest_memory *memory,
			   const void *buf, u64 bytes)
{
	if (memory->is_shared)
		return tdx_model_write(e->m, memory->hpa, buf, bytes);
	memcpy(e->m->ops->map(e->m->ctx, memory->hpa, bytes), buf, bytes);
	return true;
}
