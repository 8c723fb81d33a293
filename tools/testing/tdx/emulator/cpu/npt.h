/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's nested page table: guest-physical equals physical, but for what is
 * taken out of it.
 */
#ifndef _TDX_EMU_NPT_H
#define _TDX_EMU_NPT_H

#include "lib/x86.h"

/* QEMU's walk ignores the address bits above. */
#define NPT_WALK_LIMIT	BIT_ULL(48)

enum npt_access {
	NPT_NONE,
	NPT_READ,
	NPT_READ_WRITE,
};

/*
 * Map all that lies below @limit, RAM and MMIO alike.  Addresses from @limit up
 * (those with KeyID bits) stay unmapped, but QEMU's walk ignores bits 48 and up.
 */
void npt_init(u64 limit);

/* What VMRUN takes. */
u64 npt_root(void);

/*
 * Change the access to a range, in bytes, of whole 4 KB pages.  CPUs see it at
 * their next exit or TLB flush.  Ends the run when the page pool is empty.
 */
void npt_set_access(u64 base, u64 size, enum npt_access access);

/*
 * Map one page that was taken out to a junk page that reads all ones, as
 * aborted accesses do, so that the guest can go on.
 */
void npt_map_abort_page(u64 pa);

/* Give the page at @pa back to the host. */
void npt_give_back_page(u64 pa);

/* The page at @pa is mapped for the host, and not to the junk page. */
bool npt_is_hosts(u64 pa);

/*
 * Where an access of the host's to @pa arrives: there, or at the junk page; bits that
 * QEMU's walk ignores are ignored.  false: it does not get through.
 */
bool npt_reach(u64 pa, bool write, u64 *to);

/* MMIO may lie anywhere: map the 512 GB around @pa, if they are below the limit and not mapped. */
void npt_map_on_demand(u64 pa);

#endif /* _TDX_EMU_NPT_H */
