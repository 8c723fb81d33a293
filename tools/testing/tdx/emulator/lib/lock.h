/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A spinlock.  The emulator runs with the global interrupt flag clear, and a CPU
 * is only ever reset while it runs the guest (smp.c), so a holder is never reset.
 */
#ifndef _TDX_EMU_LOCK_H
#define _TDX_EMU_LOCK_H

#include "lib/x86.h"

struct lock {
	u32 held;
};

static inline bool try_lock(struct lock *l)
{
	return !__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE);
}

static inline void lock(struct lock *l)
{
	while (!try_lock(l))
		cpu_pause();
}

static inline void unlock(struct lock *l)
{
	__atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}

#endif /* _TDX_EMU_LOCK_H */
