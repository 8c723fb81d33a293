// SPDX-License-Identifier: GPL-2.0-only
/*
 * The leaves that map, block, remove and measure private memory: TDH.MEM and TDH.MR.
 */
#include <linux/export.h>
#include <linux/io.h>
#include <linux/mm.h>

#include <asm/tdx_td.h>

#include "seamcall.h"

#define CLASS_SEPT	0x0b	/* of statuses that are about an entry of a secure EPT */

/* RCX of leaves that take an entry of the secure EPT */
static u64 entry_operand(u64 gpa, unsigned int level)
{
	return gpa | level;
}

/* Otherwise RCX and RDX are the inputs, 0, or other outputs. */
static bool has_entry(u64 status)
{
	return (u8)(status >> TDX_STATUS_CLASS_SHIFT) == CLASS_SEPT ||
	       status == (TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX);
}

/* For leaves whose RCX is a guest address. */
static u64 seamcall_at(u64 leaf, struct tdx_regs *regs, struct tdx_sept_entry *at)
{
	u64 status = tdx_seamcall(leaf, regs);

	*at = (struct tdx_sept_entry) {};
	if (has_entry(status)) {
		at->entry = regs->rcx;
		at->details = regs->rdx;
	}
	return status;
}

/**
 * tdh_mem_sept_add - give a TD a page for its secure EPT
 * @td:	   configured
 * @gpa:   first guest address that the page will map, without the shared bit
 * @level: level of the entry that will refer to the page: 1 for a page whose entries map
 *	   4 KB each
 * @page:  page of tdx_page_alloc()
 * @at:	   set to the entry at which the leaf failed
 *
 * TDX Module ABI specification, TDH.MEM.SEPT.ADD.
 *
 * Context: Process.  Locks the entry exclusively, and the secure EPT of @td shared.
 * Return:
 * * TDX_EPT_WALK_FAILED	   - a page of a higher level is missing, or blocked
 * * TDX_EPT_ENTRY_STATE_INCORRECT - there is a page (TDX_SEPT_NL_MAPPED)
 * * TDX_OPERAND_BUSY		   - the guest or another call uses the entry
 * * others			   - TDX_SUCCESS, or another status
 */
u64 tdh_mem_sept_add(struct tdx_td *td, u64 gpa, unsigned int level, struct page *page,
		     struct tdx_sept_entry *at)
{
	struct tdx_regs regs = {
		.rcx = entry_operand(gpa, level),
		.rdx = page_to_phys(td->tdr),
		.r8 = page_to_phys(page),
	};

	return seamcall_at(TDH_MEM_SEPT_ADD, &regs, at);
}
EXPORT_SYMBOL_GPL(tdh_mem_sept_add);

/**
 * tdh_mem_page_add - map a page with initial contents
 * @td:	    configured, and not finalized
 * @gpa:    guest address, without the shared bit
 * @page:   page of 4 KB after tdx_page_take()
 * @source: the contents, which are copied; not a page of a TD, and not @page
 * @at:	    set to the entry at which the leaf failed
 *
 * The guest does not have to accept the page.  Its address is measured, its contents are
 * not: see tdh_mr_extend().  TDX Module ABI specification, TDH.MEM.PAGE.ADD.
 *
 * Context: Process.  Locks @td exclusively.
 * Return:
 * * TDX_EPT_WALK_FAILED	   - a page of the secure EPT is missing
 * * TDX_EPT_ENTRY_STATE_INCORRECT - a page is mapped already
 * * TDX_OP_STATE_INCORRECT	   - @td is finalized
 * * others			   - TDX_SUCCESS, or another status
 */
u64 tdh_mem_page_add(struct tdx_td *td, u64 gpa, struct page *page, struct page *source,
		     struct tdx_sept_entry *at)
{
	struct tdx_regs regs = {
		.rcx = entry_operand(gpa, 0),
		.rdx = page_to_phys(td->tdr),
		.r8 = page_to_phys(page),
		.r9 = page_to_phys(source),
	};

	return seamcall_at(TDH_MEM_PAGE_ADD, &regs, at);
}
EXPORT_SYMBOL_GPL(tdh_mem_page_add);

/**
 * tdh_mem_page_aug - map a page that the guest has to accept
 * @td:	   configured
 * @gpa:   guest address, without the shared bit
 * @level: 0 for 4 KB, 1 for 2 MB
 * @page:  the page, or the first one of 2 MB, after tdx_page_take() for each
 * @at:	   set to the entry at which the leaf failed
 *
 * The page's contents are lost.  TDX Module ABI specification, TDH.MEM.PAGE.AUG.
 *
 * Context: Process.  Locks the entry exclusively, and the secure EPT of @td shared.
 * Return:
 * * TDX_EPT_WALK_FAILED	   - a page of the secure EPT is missing, or blocked
 * * TDX_EPT_ENTRY_STATE_INCORRECT - a page is mapped already, or one of the secure EPT
 * * TDX_OPERAND_BUSY		   - the guest or another call uses the entry
 * * others			   - TDX_SUCCESS, or another status
 */
u64 tdh_mem_page_aug(struct tdx_td *td, u64 gpa, unsigned int level, struct page *page,
		     struct tdx_sept_entry *at)
{
	struct tdx_regs regs = {
		.rcx = entry_operand(gpa, level),
		.rdx = page_to_phys(td->tdr),
		.r8 = page_to_phys(page),
	};

	return seamcall_at(TDH_MEM_PAGE_AUG, &regs, at);
}
EXPORT_SYMBOL_GPL(tdh_mem_page_aug);

/**
 * tdh_mem_range_block - prevent new translations of a range
 * @td:	   configured
 * @gpa:   first guest address, without the shared bit
 * @level: level of the entry that maps the range
 * @at:	   set to the entry at which the leaf failed, or which is blocked already
 *
 * Translations that vCPUs have are valid until tdh_mem_track() was called and each vCPU
 * has left the guest.  TDX Module ABI specification, TDH.MEM.RANGE.BLOCK.
 *
 * Context: Process.  Locks the secure EPT of @td exclusively.
 * Return:
 * * TDX_GPA_RANGE_ALREADY_BLOCKED - it is blocked; not a failure
 * * TDX_EPT_WALK_FAILED	   - there is no entry at @level, or one above is blocked
 * * TDX_EPT_ENTRY_STATE_INCORRECT - nothing is mapped
 * * TDX_OPERAND_BUSY		   - the guest or a vCPU that is entered uses the secure EPT
 * * others			   - TDX_SUCCESS, or another status
 */
u64 tdh_mem_range_block(struct tdx_td *td, u64 gpa, unsigned int level,
			struct tdx_sept_entry *at)
{
	struct tdx_regs regs = {
		.rcx = entry_operand(gpa, level),
		.rdx = page_to_phys(td->tdr),
	};

	return seamcall_at(TDH_MEM_RANGE_BLOCK, &regs, at);
}
EXPORT_SYMBOL_GPL(tdh_mem_range_block);

/**
 * tdh_mem_track - begin a new epoch of a TD's translations
 * @td: configured
 *
 * The caller then lets each vCPU leave the guest.  When a vCPU is entered again, the
 * module flushes its translations.  TDX Module ABI specification, TDH.MEM.TRACK.
 *
 * Context: Process.  Locks the epoch of @td exclusively.
 * Return:
 * * TDX_PREVIOUS_TLB_EPOCH_BUSY - a vCPU is in the guest since the epoch before; not retried
 * * TDX_OPERAND_BUSY		 - a vCPU is being entered
 * * others			 - TDX_SUCCESS, or another status
 */
u64 tdh_mem_track(struct tdx_td *td)
{
	struct tdx_regs regs = { .rcx = page_to_phys(td->tdr) };

	return tdx_seamcall(TDH_MEM_TRACK, &regs);
}
EXPORT_SYMBOL_GPL(tdh_mem_track);

/**
 * tdh_mem_page_remove - unmap a page
 * @td:	   configured
 * @gpa:   guest address, without the shared bit
 * @level: 0 for 4 KB, 1 for 2 MB
 * @at:	   set to the entry at which the leaf failed
 *
 * If @td is finalized, the page has to be blocked before, and no vCPU may have a
 * translation of it.  Afterwards the caller calls tdx_page_return().
 * TDX Module ABI specification, TDH.MEM.PAGE.REMOVE.
 *
 * Context: Process.  Locks the entry exclusively, and the secure EPT of @td shared.
 * Return:
 * * TDX_EPT_WALK_FAILED	   - there is no entry at @level, or one above is blocked
 * * TDX_EPT_ENTRY_STATE_INCORRECT - no page is mapped
 * * TDX_GPA_RANGE_NOT_BLOCKED	   - it is not blocked
 * * TDX_TLB_TRACKING_NOT_DONE	   - a vCPU may have a translation
 * * TDX_OPERAND_BUSY		   - the guest or another call uses the entry or the page
 * * others			   - TDX_SUCCESS, or another status
 */
u64 tdh_mem_page_remove(struct tdx_td *td, u64 gpa, unsigned int level,
			struct tdx_sept_entry *at)
{
	struct tdx_regs regs = {
		.rcx = entry_operand(gpa, level),
		.rdx = page_to_phys(td->tdr),
	};

	return seamcall_at(TDH_MEM_PAGE_REMOVE, &regs, at);
}
EXPORT_SYMBOL_GPL(tdh_mem_page_remove);

/**
 * tdh_mr_extend - measure the contents of private memory
 * @td:	 configured, and not finalized
 * @gpa: guest address of TDX_MR_EXTEND_BYTES bytes, without the shared bit
 * @at:	 set to the entry at which the leaf failed
 *
 * TDX Module ABI specification, TDH.MR.EXTEND.
 *
 * Context: Process.  Locks @td exclusively.
 * Return:
 * * TDX_EPT_ENTRY_NOT_PRESENT - no page is mapped, or it is blocked
 * * TDX_OP_STATE_INCORRECT    - @td is finalized
 * * others		       - TDX_SUCCESS, or another status
 */
u64 tdh_mr_extend(struct tdx_td *td, u64 gpa, struct tdx_sept_entry *at)
{
	struct tdx_regs regs = { .rcx = gpa, .rdx = page_to_phys(td->tdr) };

	return seamcall_at(TDH_MR_EXTEND, &regs, at);
}
EXPORT_SYMBOL_GPL(tdh_mr_extend);

/**
 * tdh_mr_finalize - complete the measurement of a TD, which can run then
 * @td: configured, with at least one vCPU after tdh_vp_init()
 *
 * TDX Module ABI specification, TDH.MR.FINALIZE.
 *
 * Context: Process.  Locks @td exclusively.
 * Return:
 * * TDX_NO_VCPUS	    - no vCPU is configured
 * * TDX_OP_STATE_INCORRECT - @td is finalized already
 * * others		    - TDX_SUCCESS, or another status
 */
u64 tdh_mr_finalize(struct tdx_td *td)
{
	struct tdx_regs regs = { .rcx = page_to_phys(td->tdr) };

	return tdx_seamcall(TDH_MR_FINALIZE, &regs);
}
EXPORT_SYMBOL_GPL(tdh_mr_finalize);
