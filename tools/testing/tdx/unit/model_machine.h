/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine for the software TDX module in userspace: some memory, and MSRs and CPUID that
 * a test can change.
 */
#ifndef TDX_UNIT_MODEL_MACHINE_H
#define TDX_UNIT_MODEL_MACHINE_H

#include "model/model.h"
#include "phys_memory.h"

/* Physical address of the buffer that tests use. */
#define BUFFER_PA	0x100000000ULL
#define BUFFER_BYTES	(256 * 1024)

struct spoiled_msr {
	u32 msr;
	u64 value;
};

/* An override of one register of one leaf: EAX 0 .. EDX 3. */
struct spoiled_cpuid {
	u32 leaf, subleaf;
	unsigned int reg;
	u32 value;
};

struct model_machine {
	struct tdx_model_config config;
	struct tdx_model_ops ops;
	const struct tdx_model_guest_ops *guests;	/* used from machine_reload() on */
	struct tdx_model model;
	struct spoiled_msr spoiled;
	struct spoiled_cpuid spoiled_cpuid;
	bool cpuid_is_spoiled;
	bool no_entropy;
	unsigned int failing_draw;	/* that random number is not there, counted from 1 */
	u32 pconfig;			/* error code of PCONFIG, with has_pconfig */
	bool has_pconfig;		/* else it fails without entropy only */
	u64 bytes_owned;		/* by PAMTs */
	u64 td_bytes_owned;
	/* Overrides MSRs; false: as on a healthy machine.  Optional. */
	bool (*rdmsr)(struct model_machine *machine, unsigned int lp, u32 msr, u64 *value);
	/* Called for each write of the module to memory.  Optional. */
	void (*written)(struct model_machine *machine, u64 pa, u64 bytes);
	struct phys_memory memory;	/* except the buffer */
	bool memory_is_everywhere;	/* the host's too, not only the module's */
	u8 buffer[BUFFER_BYTES] __aligned(4096);
};

/* Memory for a machine, not initialized; NULL if there is none. */
struct model_machine *machine_alloc(void);

/* A valid machine of two packages with @nr_lps logical processors; reload() after a change. */
void machine_init(struct model_machine *machine, unsigned int nr_lps);
void machine_reload(struct model_machine *machine);

/* Free a machine of machine_alloc() and its memory. */
void machine_free(struct model_machine *machine);

/*
 * Make a SEAMCALL on a logical processor; returns RAX.  Several threads may do
 * so at the same time, each on another logical processor.
 */
u64 machine_seamcall(struct model_machine *machine, unsigned int lp, struct tdx_model_regs *regs);
u64 machine_call(struct model_machine *machine, unsigned int lp, u64 leaf);

/* Call TDH.SYS.INIT, and TDH.SYS.LP.INIT on all logical processors. */
void machine_init_module(struct model_machine *machine);

/* Write TDMRs to the buffer, after an array of their addresses. */
void machine_write_tdmrs(struct model_machine *machine, const struct tdx_tdmr_info *tdmrs,
			 unsigned int nr_tdmrs);

/* Call TDH.SYS.CONFIG with these TDMRs and the first private KeyID. */
u64 machine_config(struct model_machine *machine, const struct tdx_tdmr_info *tdmrs,
		   unsigned int nr_tdmrs);

#endif
