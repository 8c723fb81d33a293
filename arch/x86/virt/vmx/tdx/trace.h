/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of the core: tdx:tdx_seamcall and tdx:tdx_init_step.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tdx

#if !defined(_X86_VIRT_TDX_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _X86_VIRT_TDX_TRACE_H

#include <linux/tracepoint.h>

#include <asm/tdx_trace_names.h>

#include "abi.h"
#include "regs.h"

#define TDX_TRACE_LEAF(name, number, text)	{ number, text },
#define TDX_TRACE_LEAVES	TDX_LEAF_LIST(TDX_TRACE_LEAF) { 0xffff, "unknown leaf" }

/*
 * A try of a SEAMCALL.  TDH.VP.ENTER is not traced here, because code that runs a guest must
 * not be instrumented: see tdx_td_exit.
 */
TRACE_EVENT(tdx_seamcall,
	    TP_PROTO(u64 leaf, const struct tdx_regs *in, u64 status, const struct tdx_regs *out,
		     u64 ns),
	    TP_ARGS(leaf, in, status, out, ns),

	    TP_STRUCT__entry(__field(__u64, leaf)
			     __field(__u64, rcx)
			     __field(__u64, rdx)
			     __field(__u64, r8)
			     __field(__u64, r9)
			     __field(__u64, status)
			     __field(__u64, code)
			     __field(__u64, out_rcx)
			     __field(__u64, out_rdx)
			     __field(__u64, out_r8)
			     __field(__u64, ns)
	    ),

	    TP_fast_assign(__entry->leaf = leaf;
			   __entry->rcx = in->rcx;
			   __entry->rdx = in->rdx;
			   __entry->r8 = in->r8;
			   __entry->r9 = in->r9;
			   __entry->status = status;
			   __entry->code = tdx_trace_code(status);
			   __entry->out_rcx = out->rcx;
			   __entry->out_rdx = out->rdx;
			   __entry->out_r8 = out->r8;
			   __entry->ns = ns;
	    ),

	    TP_printk("%s rcx=0x%llx rdx=0x%llx r8=0x%llx r9=0x%llx -> %s 0x%llx rcx=0x%llx rdx=0x%llx r8=0x%llx %llu ns",
		      __print_symbolic(__entry->leaf & 0xffff, TDX_TRACE_LEAVES),
		      __entry->rcx, __entry->rdx, __entry->r8, __entry->r9,
		      __print_symbolic(__entry->code, TDX_TRACE_STATUSES), __entry->status,
		      __entry->out_rcx, __entry->out_rdx, __entry->out_r8, __entry->ns)
);

/* A step of the initialization has ended. */
TRACE_EVENT(tdx_init_step,
	    TP_PROTO(const char *step, int error, u64 us),
	    TP_ARGS(step, error, us),

	    TP_STRUCT__entry(__string(step, step)
			     __field(int, error)
			     __field(__u64, us)
	    ),

	    TP_fast_assign(__assign_str(step, step);
			   __entry->error = error;
			   __entry->us = us;
	    ),

	    TP_printk("%s: %d, %llu us", __get_str(step), __entry->error, __entry->us)
);

#endif /* _X86_VIRT_TDX_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH ../../arch/x86/virt/vmx/tdx
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace

#include <trace/define_trace.h>
