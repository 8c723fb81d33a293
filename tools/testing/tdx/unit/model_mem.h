/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private memory of a TD in the software TDX module, in the stages of its life.
 */
#ifndef TDX_UNIT_MODEL_MEM_H
#define TDX_UNIT_MODEL_MEM_H

#include "model_td.h"

/* Stages of the TD of model_td.h with a vCPU, in order */
enum mem_stage {
	NO_MEMORY,
	TABLES,		/* for guest addresses from 0 to 2 MB */
	BUILT,		/* a page at ADDED_GPA */
	RUNNABLE,
	AUGMENTED,	/* pages at AUG_GPA and, of 2 MB, LARGE_GPA; an empty table at EMPTY_GPA */
	MEM_BLOCKED,	/* all of these */
	MEM_TRACKED,
	SPLIT,		/* the large page; the table of its parts is at SPLIT_PA */
	SPLIT_BLOCKED,	/* and tracked */
	NR_MEM_STAGES,
};

/* Guest addresses */
#define ADDED_GPA	0ULL
#define AUG_GPA		K(4)
#define LARGE_GPA	M(4)
#define EMPTY_GPA	M(6)

/* Physical addresses: a secure EPT page of each level from 2 to 0, the empty one, and others */
#define TABLE_PA(i)	(G(1) + K(64) + K(4) * (i))
#define EMPTY_PA	TABLE_PA(3)
#define SPLIT_PA	TABLE_PA(4)
#define ADDED_PA	(G(1) + M(2))
#define AUG_PA		(G(1) + M(2) + K(4))
#define LARGE_PA	(G(1) + M(4))

/* Load a module and bring a TD with its memory to a stage.  False if a step fails. */
bool mem_bring_to(struct model_machine *m, enum mem_stage stage);

/* A leaf for the TD: a guest address and level, and a page */
u64 mem_call(struct model_machine *m, u64 leaf, u64 rcx, u64 r8);
u64 mem_call_regs(struct model_machine *m, u64 leaf, struct tdx_regs *regs);

/* Secure EPT entry in the tables above */
u64 *sept_entry_of(struct model_machine *m, u64 gpa, unsigned int level);

#endif
