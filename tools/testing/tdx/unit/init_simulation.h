/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Distribution of the initialization of TDMRs over CPUs, if each call takes the
 * same time.
 */
#ifndef TDX_UNIT_INIT_SIMULATION_H
#define TDX_UNIT_INIT_SIMULATION_H

#include "geometry.h"

/*
 * TDH.SYS.TDMR.INIT: number of calls for a GB, and number of calls before a CPU
 * puts a TDMR back.
 */
#define CALLS_PER_GB	256
#define CALLS_AT_A_TIME	16

/**
 * struct init_simulation - result of a simulation
 * @calls:	number of all calls
 * @longest:	calls of the CPU with the most calls
 * @far_calls:	calls by CPUs of another node than the TDMR's
 * @collisions: number of times that two CPUs had the same TDMR
 */
struct init_simulation {
	u64 calls;
	u64 longest;
	u64 far_calls;
	unsigned int collisions;
};

/* CPU i belongs to node i * @nr_nodes / @nr_cpus. */
struct init_simulation simulate_init(const struct geometry *geometry, unsigned int nr_cpus,
				     unsigned int nr_nodes);

#endif
