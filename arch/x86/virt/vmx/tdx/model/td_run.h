/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running a TD's vCPU in the software TDX module: internal declarations of the guest side.
 */
#ifndef _X86_VIRT_TDX_MODEL_TD_RUN_H
#define _X86_VIRT_TDX_MODEL_TD_RUN_H

#include "guest.h"
#include "internal.h"

/* How the vCPU continues after an exit */
enum tdx_model_outcome {
	TDX_MODEL_COMPLETED,	/* behind the instruction that caused it */
	TDX_MODEL_RESTARTED,	/* where it is; possibly with an event */
	TDX_MODEL_LEFT,		/* not at all: TDH.VP.ENTER returns to the host */
};

/* Outputs of TDH.VP.ENTER.  All other registers are 0. */
struct tdx_model_to_host {
	u64 rax, rcx, rdx, r8, r9;
	bool is_vmcall;		/* the guest's registers are also outputs */
};

/* One TDH.VP.ENTER, from its first VM entry on */
struct tdx_model_entry {
	struct tdx_model *m;
	struct tdx_model_call *call;
	struct tdx_model_tdcs *tdcs;
	struct tdx_model_vcpu *vcpu;
	struct tdx_model_guest *guest;
	u64 first_rip;
	struct tdx_model_run run;
	struct tdx_model_exit exit;
	struct tdx_model_host host;
	struct tdx_model_to_host to_host;
	bool violates;		/* left because private memory is not there */
};

#define VECTOR_DF	8
#define VECTOR_UD	6
#define VECTOR_NMI	2
#define VECTOR_GP	13
#define VECTOR_MC	18
#define VECTOR_VE	20

#define RFLAGS_TF	BIT_ULL(8)
#define RFLAGS_RF	BIT_ULL(16)
#define DEBUGCTL_BTF	BIT_ULL(1)
#define PENDING_DEBUG_BS	BIT_ULL(14)
#define GUEST_EFER_SCE	BIT_ULL(0)
#define GUEST_EFER_LME	BIT_ULL(8)
#define GUEST_EFER_LMA	BIT_ULL(10)
#define GUEST_EFER_NXE	BIT_ULL(11)
#define ACCESS_RIGHTS_L	BIT(13)		/* 64-bit code */

/* The TD's epoch (vp_enter.c) */
void tdx_model_leave_epoch(struct tdx_model_entry *e);

/* Guest state (td_state.c) */
void tdx_model_reset_guest(struct tdx_model *m, struct tdx_model_call *call);
struct tdx_model_guest *tdx_model_guest_of(struct tdx_model *m, const struct tdx_model_vcpu *vcpu);
void tdx_model_get_xmm(const struct tdx_model_entry *e, unsigned int i, u64 xmm[2]);
void tdx_model_set_xmm(const struct tdx_model_entry *e, unsigned int i, const u64 xmm[2]);
bool tdx_model_is_64bit(const struct tdx_model_guest *guest);
void tdx_model_skip_instruction(struct tdx_model_entry *e);

/* Exits to the host (td_to_host.c) */
enum tdx_model_outcome tdx_model_leave(struct tdx_model_entry *e,
				       const struct tdx_model_to_host *to_host);
enum tdx_model_outcome tdx_model_leave_by_exit(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_leave_at(struct tdx_model_entry *e, u64 qualification, u64 gpa,
					  u64 extended);
enum tdx_model_outcome tdx_model_triple_fault(struct tdx_model_entry *e);
u64 tdx_model_return_to_host(struct tdx_model_entry *e);

/* Extended exit qualification */
#define EXTENDED_ACCEPT		1
#define EXTENDED_MSR_LOAD	3
#define EXTENDED_XSTATE_LOAD	4
#define EXTENDED_ATTRIBUTES	5
#define EXTENDED_PENDING	6

/* VM exits (td_exit.c) */
bool tdx_model_handle_exit(struct tdx_model_entry *e);
void tdx_model_deliver_nmi(struct tdx_model_entry *e);

/* Instructions that are begun again and again (zero_step.c) */
void tdx_model_note_progress(struct tdx_model_entry *e);
u64 tdx_model_expect_progress(struct tdx_model_entry *e);

/* Exceptions (td_ve.c) */
enum tdx_model_outcome tdx_model_inject(struct tdx_model_entry *e, unsigned int vector);
enum tdx_model_outcome tdx_model_inject_gp(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_inject_ve(struct tdx_model_entry *e,
					   const struct tdx_model_ve_info *info);
enum tdx_model_outcome tdx_model_instruction_ve(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_violation(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_misconfiguration(struct tdx_model_entry *e);

/* Memory of the guest */
struct tdx_model_guest_memory {
	u64 hpa;
	bool is_shared;
};

enum tdx_model_outcome tdx_model_guest_memory(struct tdx_model_entry *e, u64 gpa, u8 rights,
					      struct tdx_model_guest_memory *memory);
bool tdx_model_read_guest(struct tdx_model_entry *e, const struct tdx_model_guest_memory *memory,
			  void *buf, u64 bytes);
bool tdx_model_write_guest(struct tdx_model_entry *e, const struct tdx_model_guest_memory *memory,
			   const void *buf, u64 bytes);

/* Instructions (td_cpuid_exit.c, td_msr.c, td_cr.c) */
enum tdx_model_outcome tdx_model_cpuid(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_rdmsr(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_wrmsr(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_cr_access(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_xsetbv(struct tdx_model_entry *e);

/* TDCALL (td_call.c) */
enum tdx_model_outcome tdx_model_tdcall(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_tdcall_status(struct tdx_model_entry *e, u64 status);
u64 *tdx_model_gpr(struct tdx_model_entry *e, enum tdx_model_gpr i);

/* Leaves of TDCALL, each in a row of td_call.c */
enum tdx_model_outcome tdx_model_tdg_mem_page_accept(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_tdg_mem_page_attr_rd(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_tdg_mem_page_attr_wr(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_tdg_vm_rd(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_tdg_vm_wr(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_tdg_vp_rd(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_tdg_vp_wr(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_tdg_sys_rd(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_tdg_sys_rdall(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_tdg_mr_rtmr_extend(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_tdg_mr_report(struct tdx_model_entry *e);
enum tdx_model_outcome tdx_model_tdg_mr_verifyreport(struct tdx_model_entry *e);

#endif /* _X86_VIRT_TDX_MODEL_TD_RUN_H */
