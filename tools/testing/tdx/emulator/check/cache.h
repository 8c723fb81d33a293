/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracking of modified lines in caches that have to be written back. */
#ifndef _TDX_EMU_CACHE_H
#define _TDX_EMU_CACHE_H

#include "cpu/cpu.h"
#include "cpu/decode.h"

/**
 * cache_exit() - the guest executed WBINVD, WBNOINVD or INVD
 * @vcpu:	is at the instruction
 * @insn:	the instruction
 */
void cache_exit(struct vcpu *vcpu, const struct insn *insn);

/**
 * cache_before_leaf() - a SEAMCALL begins
 * @cpu:	the calling CPU
 * @leaf:	number of the leaf
 * @keyid:	of the memory that the module has taken from the host; 0 if there is none
 *
 * Return: @keyid if it is from this leaf on that the CPU's caches may hold lines with it,
 * else 0.
 */
u16 cache_before_leaf(const struct cpu *cpu, u64 leaf, u16 keyid);

/**
 * cache_after_leaf() - a SEAMCALL has returned
 * @cpu:	the calling CPU
 * @leaf:	number of the leaf
 * @status:	what it returned in RAX
 * @first:	what cache_before_leaf() returned
 */
void cache_after_leaf(const struct cpu *cpu, u64 leaf, u64 status, u16 first);

/**
 * cache_before_reuse() - the host takes a line back from the module
 * @pa:		of the line
 * @keyid:	that the module has written it with
 */
void cache_before_reuse(u64 pa, u16 keyid);

/**
 * cache_before_new_kernel() - a new kernel begins, to which memory is just memory
 * @cpu:	where it begins
 */
void cache_before_new_kernel(const struct cpu *cpu);

/**
 * cache_before_init() - a CPU gets an INIT: a new kernel starts it, or the old one again
 * @cpu:	that CPU
 */
void cache_before_init(const struct cpu *cpu);

/**
 * cache_may_hold_host_lines() - for a dump: modified lines with KeyID 0 of later PAMTs
 * @cpu:	any
 *
 * Return: true if the CPU's caches may hold some.
 */
bool cache_may_hold_host_lines(const struct cpu *cpu);

/**
 * cache_may_hold_private_lines() - for a dump: modified lines with any private KeyID
 * @cpu:	any
 *
 * Return: true if the CPU's caches may hold some.
 */
bool cache_may_hold_private_lines(const struct cpu *cpu);

#endif /* _TDX_EMU_CACHE_H */
