/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages of TDs, from the host to the module and back. */
#ifndef _TDX_EMU_TD_PAGE_H
#define _TDX_EMU_TD_PAGE_H

#include "cpu/cpu.h"
#include "model/model.h"

/**
 * td_page_take() - the module takes a page for a TD
 * @module:	the module, which has recorded the page
 * @pa:		start of the page
 * @bytes:	its size
 * @cpu:	calling CPU
 * @leaf:	leaf that takes it
 *
 * The host's TLB entries have to be flushed.
 */
void td_page_take(const struct tdx_model *module, u64 pa, u64 bytes, const struct cpu *cpu,
		  u64 leaf);

/**
 * td_page_reclaim() - the module returns a page of a TD
 * @pa:		start of the page
 * @bytes:	its size
 * @leaf:	leaf that returns it
 *
 * The page remains unmapped until the host reuses it.
 *
 * Return: true if the host's TLB entries have to be flushed nevertheless.
 */
bool td_page_reclaim(u64 pa, u64 bytes, u64 leaf);

/**
 * td_page_module_access() - the module is about to access a page of a TD
 * @module:	the module
 * @pa:		address in the page; pages of other owners are ignored
 * @cpu:	calling CPU, whose caches may hold lines of the page from now on
 * @leaf:	leaf that accesses it
 *
 * Return: true if it is a page of a TD, which the host has not taken back.
 */
bool td_page_module_access(const struct tdx_model *module, u64 pa, const struct cpu *cpu,
			   u64 leaf);

/**
 * td_page_written_back() - TDH.PHYMEM.PAGE.WBINVD has succeeded
 * @pa:		address of the page, with the KeyID of the lines that were written back
 */
void td_page_written_back(u64 pa);

/**
 * td_page_forget_all() - all pages of TDs are the host's
 *
 * Called when the module was disabled.
 */
void td_page_forget_all(void);

/**
 * td_page_direct_store() - the host overwrites a line with MOVDIR64B
 * @pa:		address of the line
 *
 * The page is mapped for the host when all its lines were overwritten.
 *
 * Return: false if the page is not a TD's, and was none since the host used it.
 */
bool td_page_direct_store(u64 pa);

/**
 * td_page_reuse() - the host uses a page that it may have reclaimed
 * @pa:		address in the page
 * @cpu:	CPU that uses it, or calls the module with it as an operand
 *
 * If the page was reclaimed it is mapped for the host.  It is a violation if lines with
 * the TD's KeyID may be written back later, or if the CPU is of a model on which the
 * contents have to be overwritten with MOVDIR64B first.
 *
 * Return: false if the page was not reclaimed; then nothing is done.
 */
bool td_page_reuse(u64 pa, const struct cpu *cpu);

/**
 * td_page_report_access() - report a host access to a page of a TD
 * @vcpu:	vCPU at the instruction
 * @pa:		address that is accessed
 * @write:	true for a write
 *
 * Return: false if it is not a page of a TD; then nothing is reported.
 */
bool td_page_report_access(const struct vcpu *vcpu, u64 pa, bool write);

/**
 * td_page_report_left() - report pages that TDs still have when the machine is turned off
 * @nr_keyids:	number of KeyIDs that they have
 *
 * Pages of TDs of a kernel that was replaced by another one do not count.
 */
void td_page_report_left(unsigned int nr_keyids);

#endif /* _TDX_EMU_TD_PAGE_H */
