// SPDX-License-Identifier: GPL-2.0-only
/* A TD's vCPU between the module's format, which is that of a VMCS, and the VMCB. */
#include <linux/string.h>

#include "cpu/segment.h"
#include "td/td_state.h"

#define XCR0_INITIAL		1

/* QEMU has these conditions of the VMCS's guest state only as an interrupt shadow. */
#define SHADOW			(TDX_MODEL_BLOCKED_BY_STI | TDX_MODEL_BLOCKED_BY_MOV_SS)

static_assert(sizeof(((struct vcpu *)0)->gpr) == sizeof(((struct tdx_model_guest *)0)->gpr));
static_assert(TDX_MODEL_RSP == (enum tdx_model_gpr)RSP && TDX_MODEL_RDI == (enum tdx_model_gpr)RDI);

static void load_segment(struct vmcb_segment *to, const struct tdx_model_segment *from)
{
	to->selector = from->selector;
	to->base = from->base;
	to->limit = from->limit;
	to->attributes = segment_attributes(from->access_rights);
}

static void store_segment(const struct vmcb_segment *from, struct tdx_model_segment *to)
{
	to->selector = from->selector;
	to->base = from->base;
	to->limit = from->limit;
	to->access_rights = segment_access_rights(from->attributes);
}

static void load_stack_segment(struct vmcb *v, const struct tdx_model_segment *ss)
{
	load_segment(&v->ss, ss);
	segment_load_stack(v, ss->access_rights);
}

static void store_stack_segment(const struct vmcb *v, struct tdx_model_segment *ss)
{
	store_segment(&v->ss, ss);
	ss->access_rights = segment_stack_access_rights(v);
}

static void load_task(struct vmcb *v, const struct tdx_model_segment *tr)
{
	load_segment(&v->tr, tr);
	v->tr.attributes = segment_task_attributes(tr->access_rights);
}

static void store_task(const struct vmcb *v, struct tdx_model_segment *tr)
{
	store_segment(&v->tr, tr);
	tr->access_rights = segment_task_access_rights(v->tr.attributes);
}

static void load_segments(struct vmcb *v, const struct tdx_model_guest *guest)
{
	const struct tdx_model_segment *s = guest->segment;

	load_segment(&v->es, &s[TDX_MODEL_ES]);
	load_segment(&v->cs, &s[TDX_MODEL_CS]);
	load_stack_segment(v, &s[TDX_MODEL_SS]);
	load_segment(&v->ds, &s[TDX_MODEL_DS]);
	load_segment(&v->fs, &s[TDX_MODEL_FS]);
	load_segment(&v->gs, &s[TDX_MODEL_GS]);
	load_segment(&v->ldtr, &s[TDX_MODEL_LDTR]);
	load_task(v, &s[TDX_MODEL_TR]);
	v->gdtr = (struct vmcb_segment){ 0, 0, guest->gdtr.limit, guest->gdtr.base };
	v->idtr = (struct vmcb_segment){ 0, 0, guest->idtr.limit, guest->idtr.base };
}

static void store_segments(const struct vmcb *v, struct tdx_model_guest *guest)
{
	struct tdx_model_segment *s = guest->segment;

	store_segment(&v->es, &s[TDX_MODEL_ES]);
	store_segment(&v->cs, &s[TDX_MODEL_CS]);
	store_stack_segment(v, &s[TDX_MODEL_SS]);
	store_segment(&v->ds, &s[TDX_MODEL_DS]);
	store_segment(&v->fs, &s[TDX_MODEL_FS]);
	store_segment(&v->gs, &s[TDX_MODEL_GS]);
	store_segment(&v->ldtr, &s[TDX_MODEL_LDTR]);
	store_task(v, &s[TDX_MODEL_TR]);
	guest->gdtr = (struct tdx_model_table_register){ v->gdtr.base, v->gdtr.limit };
	guest->idtr = (struct tdx_model_table_register){ v->idtr.base, v->idtr.limit };
}

static void load_control_registers(struct vcpu *vcpu, const struct tdx_model_guest *guest)
{
	struct vmcb *v = &vcpu->vmcb;
	const u64 long_mode = EFER_LME | X86_CR0_PG;

	v->cr0 = guest->cr0 | X86_CR0_ET;
	v->cr2 = guest->cr2;
	v->cr3 = guest->cr3;
	/* The CPU sets LMA by a MOV to CR0, but that of a TD is emulated */
	v->efer = ((guest->efer & EFER_LME) | (guest->cr0 & X86_CR0_PG)) == long_mode ?
		EFER_LMA | EFER_LME : 0;
	/* So that the first XSETBV raises #UD: QEMU 7.2 cannot intercept it */
	vcpu->cr4_kept = guest->xcr0 == XCR0_INITIAL ? X86_CR4_OSXSAVE : 0;
	vcpu_set_cr4(vcpu, guest->cr4);
	vcpu_set_efer(vcpu, guest->efer);
}

/* FS.base, GS.base and TSC_AUX are the CPU's, too; see td_run.c. */
static void load_msrs(struct vmcb *v, const u64 *msr)
{
	v->star = msr[TDX_MODEL_MSR_STAR];
	v->lstar = msr[TDX_MODEL_MSR_LSTAR];
	v->sfmask = msr[TDX_MODEL_MSR_FMASK];
	v->kernel_gs_base = msr[TDX_MODEL_MSR_KERNEL_GS_BASE];
	v->sysenter_cs = msr[TDX_MODEL_MSR_SYSENTER_CS];
	v->sysenter_esp = msr[TDX_MODEL_MSR_SYSENTER_ESP];
	v->sysenter_eip = msr[TDX_MODEL_MSR_SYSENTER_EIP];
	v->guest_pat = msr[TDX_MODEL_MSR_PAT];
}

static void store_msrs(const struct vmcb *v, u64 *msr)
{
	msr[TDX_MODEL_MSR_STAR] = v->star;
	msr[TDX_MODEL_MSR_LSTAR] = v->lstar;
	msr[TDX_MODEL_MSR_FMASK] = v->sfmask;
	msr[TDX_MODEL_MSR_KERNEL_GS_BASE] = v->kernel_gs_base;
	msr[TDX_MODEL_MSR_SYSENTER_CS] = v->sysenter_cs;
	msr[TDX_MODEL_MSR_SYSENTER_ESP] = v->sysenter_esp;
	msr[TDX_MODEL_MSR_SYSENTER_EIP] = v->sysenter_eip;
}

/* SVM and VMX have the same format; the length is that of an instruction to be skipped. */
static void load_event(struct vcpu *vcpu, const struct tdx_model_event *event)
{
	struct vmcb *v = &vcpu->vmcb;

	v->event_inject = event->info & ~TDX_MODEL_EVENT_UNBLOCKED_NMIS;
	v->event_inject_error = event->error;
	vcpu->waiting = 0;
	if (event->info & TDX_MODEL_EVENT_VALID)
		v->rip += event->instruction_length;
}

void td_state_load(struct vcpu *vcpu, const struct tdx_model_guest *guest)
{
	struct vmcb *v = &vcpu->vmcb;

	memcpy(vcpu->gpr, guest->gpr, sizeof(vcpu->gpr));
	v->rip = guest->rip;
	v->rflags = guest->rflags;
	load_segments(v, guest);
	load_control_registers(vcpu, guest);
	/* Breakpoints are not armed */
	v->dr6 = guest->dr6;
	v->dr7 = DR7_RESET;
	load_msrs(v, guest->msr);
	v->int_state = guest->interruptibility & SHADOW ? SVM_INTERRUPT_SHADOW : 0;
	load_event(vcpu, &guest->event);
}

void td_state_store(const struct vcpu *vcpu, struct tdx_model_guest *guest)
{
	const struct vmcb *v = &vcpu->vmcb;

	memcpy(guest->gpr, vcpu->gpr, sizeof(guest->gpr));
	guest->rip = v->rip;
	guest->rflags = v->rflags;
	store_segments(v, guest);
	guest->cr0 = v->cr0;
	guest->cr2 = v->cr2;
	guest->cr3 = v->cr3;
	guest->cr4 = vcpu_cr4(vcpu);
	guest->efer = vcpu_efer(vcpu);
	guest->dr6 = v->dr6;
	store_msrs(v, guest->msr);
	guest->interruptibility &= ~SHADOW;
	if (v->int_state & SVM_INTERRUPT_SHADOW)
		guest->interruptibility |= TDX_MODEL_BLOCKED_BY_STI;
}

void td_state_event(struct vcpu *vcpu, struct tdx_model_event *event)
{
	struct vmcb *v = &vcpu->vmcb;

	*event = (struct tdx_model_event){ 0 };
	if (!(v->event_inject & SVM_EVENT_VALID))
		return;
	event->info = v->event_inject;
	event->error = v->event_inject_error;
	v->event_inject = 0;
}
