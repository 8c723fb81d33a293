/* SPDX-License-Identifier: GPL-2.0-only */
/* The module's view of the machine, printed when the guest asks for it. */
#ifndef _TDX_EMU_DUMP_H
#define _TDX_EMU_DUMP_H

#include "model/model.h"

void dump_module(const struct tdx_model *m);

#endif /* _TDX_EMU_DUMP_H */
