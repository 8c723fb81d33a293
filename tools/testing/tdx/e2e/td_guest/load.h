/* SPDX-License-Identifier: GPL-2.0-only */
/* What a busy guest does. */
#ifndef TDX_E2E_LOAD_H
#define TDX_E2E_LOAD_H

/* Loads all CPUs; prints "td load NAME right" or "wrong" for each kind of load.  Returns 0 or 1. */
int run_load(void);

#endif /* TDX_E2E_LOAD_H */
