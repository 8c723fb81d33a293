// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: locks, which are tried once.
 */
#include "internal.h"

bool tdx_model_try_exclusive(struct tdx_model_lock *lock)
{
	int expected = 0;

	return __atomic_compare_exchange_n(&lock->holders, &expected, -1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

bool tdx_model_try_shared(struct tdx_model_lock *lock)
{
	int holders = __atomic_load_n(&lock->holders, __ATOMIC_RELAXED);

	while (holders >= 0)
		if (__atomic_compare_exchange_n(&lock->holders, &holders, holders + 1, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

void tdx_model_unlock(struct tdx_model_lock *lock)
{
	if (__atomic_load_n(&lock->holders, __ATOMIC_RELAXED) < 0)
		__atomic_store_n(&lock->holders, 0, __ATOMIC_RELEASE);
	else
		__atomic_fetch_sub(&lock->holders, 1, __ATOMIC_RELEASE);
}
