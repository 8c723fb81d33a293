/* SPDX-License-Identifier: GPL-2.0-only */
/* Which caches may hold modified lines that have to be written back. */
#ifndef _TDX_EMU_CACHE_H
#define _TDX_EMU_CACHE_H

#include "cpu/decode.h"

/* The guest executed WBINVD, WBNOINVD or INVD. */
void cache_exit(struct vcpu *vcpu, const struct insn *insn);

/*
 * A SEAMCALL of this CPU begins, or has returned @status: what follows for caches.
 * @first is what cache_before_leaf() said: that it is the first that may write lines
 * with a private KeyID.
 */
bool cache_before_leaf(struct cpu *cpu, u64 leaf);
void cache_after_leaf(struct cpu *cpu, u64 leaf, u64 status, bool first);

/* The host takes the line at @pa back from the module. */
void cache_before_reuse(u64 pa);

/* A new kernel begins on @cpu: to all of them memory is just memory. */
void cache_before_new_kernel(const struct cpu *cpu);

/* The CPU gets an INIT: a new kernel starts it, or the old one starts it again. */
void cache_before_init(struct cpu *cpu);

#endif /* _TDX_EMU_CACHE_H */
