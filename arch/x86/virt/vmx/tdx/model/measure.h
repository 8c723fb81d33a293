/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Measurement of a TD by the software TDX module.
 */
#ifndef _X86_VIRT_TDX_MODEL_MEASURE_H
#define _X86_VIRT_TDX_MODEL_MEASURE_H

#include "td.h"

/* Names of what is measured, as they are hashed */
#define TDX_MODEL_MEASURE_PAGE_ADD	"MEM.PAGE.ADD"
#define TDX_MODEL_MEASURE_EXTEND	"MR.EXTEND"

void tdx_model_measure(struct tdx_model_tdcs *tdcs, const char *what, u64 gpa);

#endif /* _X86_VIRT_TDX_MODEL_MEASURE_H */
