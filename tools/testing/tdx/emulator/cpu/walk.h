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
 * Copy between the emulator and linear memory of the guest, with the rights of its current
 * privilege level except for SMEP, SMAP and protection keys.  false if the instruction has
 * ended: its page fault is injected, or it was an access to memory that is not the guest's,
 * which vcpu->unreached() has handled.
 */
bool guest_read(struct vcpu *vcpu, u64 linear, void *buf, unsigned int bytes);
bool guest_write(struct vcpu *vcpu, u64 linear, const void *buf, unsigned int bytes);

/* Physical address of @linear, for an access of that kind.  As above. */
bool guest_address(struct vcpu *vcpu, u64 linear, enum access access, u64 *pa);

/* The same in two steps: translation by the guest's page tables, then by the nested ones. */
bool guest_walk(struct vcpu *vcpu, u64 linear, enum access access, u64 *gpa);
bool guest_phys(struct vcpu *vcpu, u64 gpa, enum access access, u64 *pa);

/* As many instruction bytes at @linear as are mapped, up to @bytes; injects nothing. */
unsigned int guest_fetch(const struct vcpu *vcpu, u64 linear, u8 *buf, unsigned int bytes);

/* The emulator can reach this physical memory: through its identity map. */
bool phys_reachable(u64 pa, u64 bytes);

#endif /* _TDX_EMU_WALK_H */
