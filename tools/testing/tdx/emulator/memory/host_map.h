/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's nested page table: guest-physical addresses equal physical ones, except for
 * memory that is unmapped.
 */
#ifndef _TDX_EMU_HOST_MAP_H
#define _TDX_EMU_HOST_MAP_H

#include "cpu/npt.h"

/**
 * host_map_init() - map all that lies below a limit, RAM and MMIO alike
 * @limit:	addresses from here up, those with KeyID bits, stay unmapped; but QEMU's walk
 *		ignores bits 48 and up
 *
 * Return: the table, of which there is one.
 */
struct npt *host_map_init(u64 limit);

/**
 * host_map_set_access() - change the host's access to a range
 * @base:	where it begins; a page's address
 * @size:	in bytes, whole pages
 * @access:	what the host may do there from now on
 *
 * CPUs see it at their next exit or TLB flush.
 */
void host_map_set_access(u64 base, u64 size, enum npt_access access);

/**
 * host_map_abort_page() - let a page that was taken out read as aborted accesses do
 * @pa:		in the page
 *
 * It leads to a junk page of ones, so that the guest can go on.
 */
void host_map_abort_page(u64 pa);

/**
 * host_map_has() - see whether a page is mapped for the host
 * @pa:		in the page
 *
 * Return: true if it is, and not to the junk page.
 */
bool host_map_has(u64 pa);

/**
 * host_map_on_demand() - map MMIO, which may lie anywhere
 * @pa:		the 512 GB around it are mapped, if they are below the limit and were not
 */
void host_map_on_demand(u64 pa);

/**
 * host_map_settle() - free what the table does not need any more
 *
 * All CPUs have been outside of the guest since the last change.
 */
void host_map_settle(void);

#endif /* _TDX_EMU_HOST_MAP_H */
