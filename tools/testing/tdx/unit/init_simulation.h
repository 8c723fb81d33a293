/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the initialization of TDMRs spreads over CPUs, if each call takes the
 * same time.
 */
#ifndef TDX_UNIT_INIT_SIMULATION_H
#define TDX_UNIT_INIT_SIMULATION_H

#include "geometry.h"

/*
 * TDH.SYS.TDMR.INIT: number of calls for a GB, and number of calls before a TDMR is put
 * back.
 */
#define CALLS_PER_GB	256
#define CALLS_AT_A_TIME	16

/**
 * struct init_simulation - what came out
 * @calls:	all of them
 * @longest:	made by the CPU that made most
 * @far_calls:	made by CPUs of another node than the TDMR's
 * @collisions: two CPUs were at one TDMR at the same time
 */
struct init_simulation {
	u64 calls;
	u64 longest;
	u64 far_calls;
	unsigned int collisions;
};

/* CPU i is of node i * @nr_nodes / @nr_cpus. */
struct init_simulation simulate_init(const struct geometry *geometry, unsigned int nr_cpus,
				     unsigned int nr_nodes);

#endif
