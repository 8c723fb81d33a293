/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracking of modified lines in caches that have to be written back. */
#ifndef _TDX_EMU_CACHE_H
#define _TDX_EMU_CACHE_H

#include "cpu/cpu.h"
#include "cpu/decode.h"
#include "model/model.h"

/**
 * cache_exit() - the guest executed WBINVD, WBNOINVD or INVD
 * @vcpu:	vCPU at the instruction
 * @insn:	the instruction
 */
void cache_exit(struct vcpu *vcpu, const struct insn *insn);

/**
 * cache_before_leaf() - a SEAMCALL begins
 * @cpu:	the calling CPU
 * @leaf:	number of the leaf
 * @keyid:	KeyID of the memory that the module owns; 0 if there is none
 *
 * Return: @keyid if this is the first leaf after which the CPU's caches may hold
 * lines with it, else 0.
 */
u16 cache_before_leaf(const struct cpu *cpu, u64 leaf, u16 keyid);

/**
 * cache_after_leaf() - a SEAMCALL has returned
 * @cpu:	the calling CPU
 * @leaf:	number of the leaf
 * @status:	status in RAX
 * @first:	return value of cache_before_leaf()
 */
void cache_after_leaf(const struct cpu *cpu, u64 leaf, u64 status, u16 first);

/**
 * cache_module_write() - a leaf is about to write memory of a TD
 * @cpu:	the calling CPU
 * @leaf:	number of the leaf
 * @keyid:	KeyID of this memory
 */
void cache_module_write(const struct cpu *cpu, u64 leaf, u16 keyid);

/**
 * cache_now() - a point in time, for cache_before_reuse()
 *
 * Return: the number of first writes so far, by any CPU and with any KeyID.
 */
u32 cache_now(void);

/**
 * cache_written_back() - TDH.PHYMEM.CACHE.WB has succeeded
 * @package:	package of the calling CPU
 * @keyids:	the module's key ownership table
 */
void cache_written_back(unsigned int package, const struct tdx_model_keyid *keyids);

#define CACHE_ANY_TIME	(~0U)

/**
 * cache_before_reuse() - a line that the module has written gets other contents
 * @what:	the event, for the report
 * @pa:		physical address of the line
 * @keyid:	KeyID with which the module has written the line; 0 if it was written back
 * @until:	cache_now() after the module's last write; CACHE_ANY_TIME if the module may
 *		still write the line
 */
void cache_before_reuse(const char *what, u64 pa, u16 keyid, u32 until);

/**
 * cache_before_new_kernel() - a new kernel begins, which may use all memory
 * @cpu:	CPU on which it begins
 */
void cache_before_new_kernel(const struct cpu *cpu);

/**
 * cache_before_init() - a CPU gets an INIT, from a new kernel or from the old one
 * @cpu:	CPU that gets the INIT
 */
void cache_before_init(const struct cpu *cpu);

/**
 * cache_may_hold_host_lines() - for a dump: modified lines with KeyID 0 of later PAMTs
 * @cpu:	any CPU
 *
 * Return: true if the CPU's caches may hold some.
 */
bool cache_may_hold_host_lines(const struct cpu *cpu);

/**
 * cache_may_hold_private_lines() - modified lines with any private KeyID
 * @cpu:	any CPU
 *
 * Return: true if the CPU's caches may hold some.
 */
bool cache_may_hold_private_lines(const struct cpu *cpu);

#endif /* _TDX_EMU_CACHE_H */
