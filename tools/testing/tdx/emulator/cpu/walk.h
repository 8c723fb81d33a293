/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's own page tables, and its memory by linear address. */
#ifndef _TDX_EMU_WALK_H
#define _TDX_EMU_WALK_H

#include "cpu/vcpu.h"

enum access {
	ACCESS_READ,
	ACCESS_WRITE,
	ACCESS_FETCH,
};

/*
 * Copy between the emulator and linear memory of the guest, with the rights of
 * its current privilege level, but without checks for SMEP, SMAP and protection
 * keys.  Return false if the instruction is complete: a page fault was
 * injected, or vcpu->unreached() has handled an access to memory that is not
 * the guest's.
 */
bool guest_read(struct vcpu *vcpu, u64 linear, void *buf, unsigned int bytes);
bool guest_write(struct vcpu *vcpu, u64 linear, const void *buf, unsigned int bytes);

/*
 * Translate @linear for an access of this kind.  Returns false like
 * guest_read().
 */
bool guest_address(struct vcpu *vcpu, u64 linear, enum access access, u64 *pa);

/* The two steps of guest_address(): the guest's page tables, then the nested ones. */
bool guest_walk(struct vcpu *vcpu, u64 linear, enum access access, u64 *gpa);
bool guest_phys(struct vcpu *vcpu, u64 gpa, enum access access, u64 *pa);

/* Read up to @bytes of instructions at @linear, until the first unmapped page. */
unsigned int guest_fetch(const struct vcpu *vcpu, u64 linear, u8 *buf, unsigned int bytes);

/* True if the range is in the emulator's identity map. */
bool phys_reachable(u64 pa, u64 bytes);

#endif /* _TDX_EMU_WALK_H */
