/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's nested page table: guest-physical addresses equal physical ones, except for
 * memory that is unmapped.
 */
#ifndef _TDX_EMU_HOST_MAP_H
#define _TDX_EMU_HOST_MAP_H

#include "cpu/npt.h"

/**
 * host_map_init() - map all addresses below a limit, RAM and MMIO
 * @limit:	addresses from here on have KeyID bits and stay unmapped; but with
 *		nested page tables of 4 levels, QEMU's walk ignores bits 48 and up
 *
 * Return: the only such table.
 */
struct npt *host_map_init(u64 limit);

/**
 * host_map_set_access() - change the host's access to a range
 * @base:	start, page-aligned
 * @size:	bytes, a multiple of PAGE_SIZE
 * @access:	accesses that the host may make from now on
 *
 * CPUs see the change at their next exit or TLB flush.
 */
void host_map_set_access(u64 base, u64 size, enum npt_access access);

/**
 * host_map_mark() - unmap a range, and record a fact about it
 * @base:	start, page-aligned
 * @size:	bytes, a multiple of PAGE_SIZE
 * @mark:	an even number other than 0
 *
 * CPUs see the change like one by host_map_set_access().
 */
void host_map_mark(u64 base, u64 size, u64 mark);

/**
 * host_map_mark_at() - get what host_map_mark() recorded
 * @pa:		any address
 *
 * Return: the mark; 0 if there is none, or the page was mapped since.
 */
u64 host_map_mark_at(u64 pa);

/**
 * host_map_next_mark() - find the next range that has a mark
 * @base:	where to begin, page-aligned; it becomes the start of the range
 * @size:	bytes of the range
 *
 * Return: its mark; 0 if there is none.
 */
u64 host_map_next_mark(u64 *base, u64 *size);

/**
 * host_map_abort_page() - make an unmapped page read as ones, like aborted accesses
 * @pa:		any address in the page
 *
 * Maps a page of ones there, so that the guest can continue.  The mark of the page is lost.
 */
void host_map_abort_page(u64 pa);

/**
 * host_map_has() - test whether a page is mapped for the host
 * @pa:		any address in the page
 *
 * Return: true if it is mapped, but not to the page of ones.
 */
bool host_map_has(u64 pa);

/**
 * host_map_has_range() - test whether the host can read and write a range
 * @base:	start
 * @size:	bytes
 *
 * Return: true if all of it is mapped, and not to the page of ones.
 */
bool host_map_has_range(u64 base, u64 size);

/**
 * host_map_ones() - get the page of ones
 *
 * Return: its physical address.  All of it reads as ones again.
 */
u64 host_map_ones(void);

/**
 * host_map_on_demand() - map MMIO, which may be anywhere
 * @pa:		address in the 512 GB to be mapped; ignored if it is not below the limit
 */
void host_map_on_demand(u64 pa);

/**
 * host_map_take_retired() - take the page tables that larger pages have replaced
 *
 * Return: list of them for host_map_free_tables(), or NPT_NO_TABLES.
 */
unsigned int host_map_take_retired(void);

/**
 * host_map_free_tables() - let page tables be used again
 * @list:	what host_map_take_retired() has returned; all CPUs have left the guest since then
 */
void host_map_free_tables(unsigned int list);

#endif /* _TDX_EMU_HOST_MAP_H */
