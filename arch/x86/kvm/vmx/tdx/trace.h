/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of TDs: tdx:tdx_td_exit, tdx:tdx_fault and tdx:tdx_sept.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tdx

#if !defined(__KVM_X86_VMX_TDX_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define __KVM_X86_VMX_TDX_TRACE_H

#include <linux/tracepoint.h>

#include <asm/kvm_vcpu_regs.h>
#include <asm/tdx_trace_names.h>
#include <asm/vmx.h>

#include "tdx.h"

#define TDX_TRACE_EXIT_REASONS \
	VMX_EXIT_REASONS, { 77, "TDCALL" }, { 0xffff, "none" }

static_assert(TDX_EXIT_REASON_TDCALL == 77);
static_assert(TDX_NO_EXIT_REASON == 0xffff);

/*
 * A vCPU has returned to KVM.  The registers are those of TDG.VP.VMCALL if the reason is TDCALL:
 * the function is in R11 if R10 is 0.  Otherwise RCX is the exit qualification, RDX the extended
 * one, R8 the guest physical address, and R9 has information about an interrupt.
 */
TRACE_EVENT(tdx_td_exit,
	    TP_PROTO(struct kvm_vcpu *vcpu),
	    TP_ARGS(vcpu),

	    TP_STRUCT__entry(__field(__u16, keyid)
			     __field(unsigned int, vcpu_id)
			     __field(__u64, status)
			     __field(__u64, code)
			     __field(__u32, reason)
			     __field(__u64, rcx)
			     __field(__u64, rdx)
			     __field(__u64, r8)
			     __field(__u64, r9)
			     __field(__u64, r10)
			     __field(__u64, r11)
	    ),

	    TP_fast_assign(const struct vcpu_tdx *tdx = to_tdx(vcpu);

			   __entry->keyid = to_kvm_tdx(vcpu->kvm)->td.keyid;
			   __entry->vcpu_id = vcpu->vcpu_id;
			   __entry->status = tdx->status;
			   __entry->code = tdx_trace_code(tdx->status);
			   __entry->reason = tdx->vmx.exit_reason.full;
			   __entry->rcx = tdx->regs[__VCPU_REGS_RCX];
			   __entry->rdx = tdx->regs[__VCPU_REGS_RDX];
			   __entry->r8 = tdx->regs[__VCPU_REGS_R8];
			   __entry->r9 = tdx->regs[__VCPU_REGS_R9];
			   __entry->r10 = tdx->regs[__VCPU_REGS_R10];
			   __entry->r11 = tdx->regs[__VCPU_REGS_R11];
	    ),

	    TP_printk("KeyID %u vCPU %u %s %s 0x%llx rcx=0x%llx rdx=0x%llx r8=0x%llx r9=0x%llx r10=0x%llx r11=0x%llx",
		      __entry->keyid, __entry->vcpu_id,
		      __print_symbolic(__entry->reason & 0xffff, TDX_TRACE_EXIT_REASONS),
		      __print_symbolic(__entry->code, TDX_TRACE_STATUSES), __entry->status,
		      __entry->rcx, __entry->rdx, __entry->r8, __entry->r9, __entry->r10,
		      __entry->r11)
);

/*
 * The guest could not access memory.  The address has the shared bit if the access was shared; its
 * half of memory maps it at the level, as it was found: 0 if it did not, 1 for a page of 4 KB.
 */
TRACE_EVENT(tdx_fault,
	    TP_PROTO(struct kvm_vcpu *vcpu, u64 gpa, bool shared, int level),
	    TP_ARGS(vcpu, gpa, shared, level),

	    TP_STRUCT__entry(__field(__u16, keyid)
			     __field(unsigned int, vcpu_id)
			     __field(__u64, gpa)
			     __field(bool, shared)
			     __field(int, level)
	    ),

	    TP_fast_assign(__entry->keyid = to_kvm_tdx(vcpu->kvm)->td.keyid;
			   __entry->vcpu_id = vcpu->vcpu_id;
			   __entry->gpa = gpa;
			   __entry->shared = shared;
			   __entry->level = level;
	    ),

	    TP_printk("KeyID %u vCPU %u %s gpa 0x%llx level %d", __entry->keyid, __entry->vcpu_id,
		      __entry->shared ? "shared" : "private", __entry->gpa, __entry->level)
);

/*
 * A leaf that changes the secure EPT has returned.  The level is that of the entry: 0 for a page
 * of 4 KB.  TDH.MEM.TRACK is for the whole TD, and has no page.
 */
TRACE_EVENT(tdx_sept,
	    TP_PROTO(const struct tdx_td *td, const char *leaf, u64 gpa, unsigned int level, u64 pfn,
		     u64 status),
	    TP_ARGS(td, leaf, gpa, level, pfn, status),

	    TP_STRUCT__entry(__field(__u16, keyid)
			     __string(leaf, leaf)
			     __field(__u64, gpa)
			     __field(unsigned int, level)
			     __field(__u64, pfn)
			     __field(__u64, status)
			     __field(__u64, code)
	    ),

	    TP_fast_assign(__entry->keyid = td->keyid;
			   __assign_str(leaf, leaf);
			   __entry->gpa = gpa;
			   __entry->level = level;
			   __entry->pfn = pfn;
			   __entry->status = status;
			   __entry->code = tdx_trace_code(status);
	    ),

	    TP_printk("KeyID %u %s gpa 0x%llx level %u pfn 0x%llx -> %s 0x%llx", __entry->keyid,
		      __get_str(leaf), __entry->gpa, __entry->level, __entry->pfn,
		      __print_symbolic(__entry->code, TDX_TRACE_STATUSES), __entry->status)
);

#endif /* __KVM_X86_VMX_TDX_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH ../../arch/x86/kvm/vmx/tdx
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace

#include <trace/define_trace.h>
