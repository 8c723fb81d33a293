/* SPDX-License-Identifier: GPL-2.0-only */
/* All SEAMCALLs, on a second debug console; trace.py reads what QEMU wrote. */
#ifndef _TDX_EMU_TRACE_H
#define _TDX_EMU_TRACE_H

#include "model/model.h"

/* Looks whether QEMU has the console: -device isa-debugcon,iobase=0xe8,chardev=... */
void trace_init(void);

/* One SEAMCALL of @cpu, which began and ended at these times. */
void trace_seamcall(unsigned int cpu, u64 start_us, u64 end_us, const struct tdx_model_regs *in,
		    const struct tdx_model_regs *out);

#endif /* _TDX_EMU_TRACE_H */
