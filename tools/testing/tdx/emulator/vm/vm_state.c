// SPDX-License-Identifier: GPL-2.0-only
/* The guest's state between VMCS and VMCB. */
#include <linux/string.h>

#include "cpu/entry.h"
#include "cpu/segment.h"
#include "cpu/walk.h"
#include "vm/vm_state.h"

#define MSR_PAT			0x277
#define XCR0_INITIAL		1
#define DEBUGCTL_BITS		3
#define ACTIVITY_ACTIVE		0
#define LONG_MODE		(EFER_LMA | EFER_LME)
/* VM entries and exits do not change them. */
#define CR0_KEPT		(X86_CR0_NW | X86_CR0_CD)

/* Fields of a segment register: those of the others follow in the order ES to TR. */
#define SELECTOR(n)		((enum vmcs_field)(VMCS_GUEST_ES_SELECTOR + 2 * (n)))
#define LIMIT(n)		((enum vmcs_field)(VMCS_GUEST_ES_LIMIT + 2 * (n)))
#define ACCESS_RIGHTS(n)	((enum vmcs_field)(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * (n)))
#define BASE(n)			((enum vmcs_field)(VMCS_GUEST_ES_BASE + 2 * (n)))

enum segment { ES, CS, SS, DS, FS, GS, LDTR, TR, NR_SEGMENTS };

static struct vmcb_segment *segment(struct vmcb *v, unsigned int n)
{
	struct vmcb_segment *segments[NR_SEGMENTS] = {
		&v->es, &v->cs, &v->ss, &v->ds, &v->fs, &v->gs, &v->ldtr, &v->tr
	};

	return segments[n];
}

static void load_segments(struct vmcb *v, const struct vmcs *vmcs)
{
	unsigned int n;

	for (n = 0; n < NR_SEGMENTS; n++)
		*segment(v, n) = (struct vmcb_segment){
			.selector = vmcs_read(vmcs, SELECTOR(n)),
			.limit = vmcs_read(vmcs, LIMIT(n)),
			.base = vmcs_read(vmcs, BASE(n)),
			.attributes = segment_attributes(vmcs_read(vmcs, ACCESS_RIGHTS(n))),
		};
	segment_load_stack(v, vmcs_read(vmcs, ACCESS_RIGHTS(SS)));
	v->tr.attributes = segment_task_attributes(vmcs_read(vmcs, ACCESS_RIGHTS(TR)));
	v->gdtr = (struct vmcb_segment){ 0, 0, vmcs_read(vmcs, VMCS_GUEST_GDTR_LIMIT),
					 vmcs_read(vmcs, VMCS_GUEST_GDTR_BASE) };
	v->idtr = (struct vmcb_segment){ 0, 0, vmcs_read(vmcs, VMCS_GUEST_IDTR_LIMIT),
					 vmcs_read(vmcs, VMCS_GUEST_IDTR_BASE) };
}

/*
 * A CPU sets the accessed bit of a descriptor before it loads it.  QEMU does not for a far jump,
 * and the host would not be able to enter the guest again.
 */
static u32 access_rights(const struct vmcb_segment *s)
{
	bool is_loaded = s->attributes & SEGMENT_PRESENT && s->attributes & SEGMENT_CODE_OR_DATA;

	return segment_access_rights(s->attributes) | (is_loaded ? SEGMENT_ACCESSED : 0);
}

static u32 stack_rights(struct vmcb *v)
{
	u32 rights = segment_stack_access_rights(v);

	return rights & SEGMENT_UNUSABLE ? rights : rights | SEGMENT_ACCESSED;
}

static void store_segments(struct vmcb *v, struct vmcs *vmcs)
{
	const struct vmcb_segment *s;
	unsigned int n;

	for (n = 0; n < NR_SEGMENTS; n++) {
		s = segment(v, n);
		vmcs_write(vmcs, SELECTOR(n), s->selector);
		vmcs_write(vmcs, LIMIT(n), s->limit);
		vmcs_write(vmcs, BASE(n), s->base);
		vmcs_write(vmcs, ACCESS_RIGHTS(n), access_rights(s));
	}
	vmcs_write(vmcs, ACCESS_RIGHTS(SS), stack_rights(v));
	vmcs_write(vmcs, ACCESS_RIGHTS(TR), segment_task_access_rights(v->tr.attributes));
	vmcs_write(vmcs, VMCS_GUEST_GDTR_LIMIT, v->gdtr.limit);
	vmcs_write(vmcs, VMCS_GUEST_GDTR_BASE, v->gdtr.base);
	vmcs_write(vmcs, VMCS_GUEST_IDTR_LIMIT, v->idtr.limit);
	vmcs_write(vmcs, VMCS_GUEST_IDTR_BASE, v->idtr.base);
}

static u64 entry_efer(const struct vm *vm)
{
	u64 host = vcpu_efer(&vm->vcpu->cpu->host) & ~LONG_MODE;

	if (vm->entry & ENTRY_LOAD_EFER)
		return vmcs_read(vm->vmcs, VMCS_GUEST_EFER);
	return vm->entry & ENTRY_GUEST_IA32E ? host | LONG_MODE : host;
}

static void load_control_registers(struct vm *vm)
{
	struct vcpu *vcpu = vm->vcpu;
	struct vmcb *v = &vcpu->vmcb;
	u64 efer = entry_efer(vm);

	v->cr0 = (vmcs_read(vm->vmcs, VMCS_GUEST_CR0) & ~CR0_KEPT) | X86_CR0_ET |
		 (vcpu->cpu->host.vmcb.cr0 & CR0_KEPT);
	v->cr2 = vcpu->cpu->host.vmcb.cr2;
	v->cr3 = vmcs_read(vm->vmcs, VMCS_GUEST_CR3);
	v->efer = efer & EFER_LMA;
	/* So that the first XSETBV raises #UD: QEMU 7.2 cannot intercept it */
	vm->xcr0 = xstate_xcr0();
	vcpu->cr4_kept = X86_CR4_VMXE | (vm->xcr0 == XCR0_INITIAL ? X86_CR4_OSXSAVE : 0);
	vcpu_set_cr4(vcpu, vmcs_read(vm->vmcs, VMCS_GUEST_CR4));
	vcpu_set_efer(vcpu, efer);
}

/* The other MSRs of VMLOAD are not switched by VMX. */
static void load_msrs(struct vm *vm)
{
	const struct vmcb *host = &vm->vcpu->cpu->host.vmcb;
	struct vmcb *v = &vm->vcpu->vmcb;

	v->star = host->star;
	v->lstar = host->lstar;
	v->cstar = host->cstar;
	v->sfmask = host->sfmask;
	v->kernel_gs_base = host->kernel_gs_base;
	v->sysenter_cs = vmcs_read(vm->vmcs, VMCS_GUEST_SYSENTER_CS);
	v->sysenter_esp = vmcs_read(vm->vmcs, VMCS_GUEST_SYSENTER_ESP);
	v->sysenter_eip = vmcs_read(vm->vmcs, VMCS_GUEST_SYSENTER_EIP);
	if (vm->entry & ENTRY_LOAD_PAT)
		native_wrmsr(MSR_PAT, vmcs_read(vm->vmcs, VMCS_GUEST_PAT));
}

static void load_debug(struct vm *vm)
{
	const struct vcpu *host = &vm->vcpu->cpu->host;
	struct vcpu *vcpu = vm->vcpu;

	vcpu->vmcb.dr6 = host->vmcb.dr6;
	vcpu->vmcb.dr7 = host->vmcb.dr7;
	memcpy(vcpu->msr_store, host->msr_store, sizeof(vcpu->msr_store));
	if (!(vm->entry & ENTRY_LOAD_DEBUG_CONTROLS))
		return;
	vcpu->vmcb.dr7 = (u32)vmcs_read(vm->vmcs, VMCS_GUEST_DR7);
	vcpu->msr_store[STORE_DEBUGCTL] = vmcs_read(vm->vmcs, VMCS_GUEST_DEBUGCTL);
}

static void reset_run(struct vcpu *vcpu)
{
	vcpu->waiting = 0;
	vcpu->delivering = false;
	vcpu->inject_now = false;
	vcpu->shut_down = false;
	vcpu->vmcb.event_inject = 0;
}

void vm_state_load(struct vm *vm)
{
	struct vcpu *vcpu = vm->vcpu, *host = &vcpu->cpu->host;
	u32 interruptibility = vmcs_read(vm->vmcs, VMCS_GUEST_INTERRUPTIBILITY);
	struct vmcb *v = &vcpu->vmcb;

	native_vmsave(phys_of(&host->vmcb));
	reset_run(vcpu);
	memcpy(vcpu->gpr, host->gpr, sizeof(vcpu->gpr));
	vcpu->gpr[RSP] = vmcs_read(vm->vmcs, VMCS_GUEST_RSP);
	v->rip = vmcs_read(vm->vmcs, VMCS_GUEST_RIP);
	v->rflags = vmcs_read(vm->vmcs, VMCS_GUEST_RFLAGS);
	load_segments(v, vm->vmcs);
	load_debug(vm);
	load_control_registers(vm);
	load_msrs(vm);
	v->int_state = interruptibility & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS) ?
		       SVM_INTERRUPT_SHADOW : 0;
	vm->nmi_blocked = interruptibility & BLOCKED_BY_NMI;
	native_vmload(phys_of(v));
	/* Floating point and vector registers are not switched */
	vcpu->cpu->loaded = vcpu;
}

static u32 interruptibility(const struct vm *vm)
{
	const struct vmcb *v = &vm->vcpu->vmcb;
	u32 value = vm->nmi_blocked ? BLOCKED_BY_NMI : 0;

	if (v->int_state & SVM_INTERRUPT_SHADOW)
		value |= vm->mov_ss ? BLOCKED_BY_MOV_SS : BLOCKED_BY_STI;
	return value;
}

static void store_long_mode(struct vm *vm)
{
	u32 controls = vm->entry & ~ENTRY_GUEST_IA32E;

	if (vcpu_long_mode(vm->vcpu))
		controls |= ENTRY_GUEST_IA32E;
	vmcs_write(vm->vmcs, VMCS_ENTRY_CONTROLS, controls);
	if (vm->exits & EXIT_SAVE_EFER)
		vmcs_write(vm->vmcs, VMCS_GUEST_EFER, vcpu_efer(vm->vcpu));
}

/* With EPT, a guest in PAE paging has these registers. */
static void store_pdptes(struct vm *vm)
{
	struct vcpu *vcpu = vm->vcpu;
	const struct vmcb *v = &vcpu->vmcb;
	unsigned int i;
	u64 at;

	if (!(vm->secondary & SECONDARY_EPT) || !(v->cr0 & X86_CR0_PG) ||
	    !(v->cr4 & X86_CR4_PAE) || vcpu_long_mode(vcpu) ||
	    !npt_reach(vcpu->npt, v->cr3 & 0xffffffe0, false, &at) || !phys_reachable(at, 32))
		return;
	for (i = 0; i < 4; i++)
		vmcs_write(vm->vmcs, (enum vmcs_field)(VMCS_GUEST_PDPTE0 + 2 * i),
			   ((u64 *)phys(at))[i]);
}

static void store_debug(struct vm *vm)
{
	const struct vcpu *vcpu = vm->vcpu;

	if (!(vm->exits & EXIT_SAVE_DEBUG_CONTROLS))
		return;
	vmcs_write(vm->vmcs, VMCS_GUEST_DR7, vcpu->vmcb.dr7);
	vmcs_write(vm->vmcs, VMCS_GUEST_DEBUGCTL,
		   vcpu->msr_store[STORE_DEBUGCTL] & DEBUGCTL_BITS);
}

/* What belongs to the CPU, and neither to the guest nor to the host. */
static void share_with_host(struct vm *vm)
{
	struct vcpu *vcpu = vm->vcpu, *host = &vcpu->cpu->host;
	const struct vmcb *v = &vcpu->vmcb;

	memcpy(host->gpr, vcpu->gpr, sizeof(host->gpr));
	host->vmcb.cr2 = v->cr2;
	host->vmcb.dr6 = v->dr6;
	host->vmcb.star = v->star;
	host->vmcb.lstar = v->lstar;
	host->vmcb.cstar = v->cstar;
	host->vmcb.sfmask = v->sfmask;
	host->vmcb.kernel_gs_base = v->kernel_gs_base;
	memcpy(host->msr_store, vcpu->msr_store, sizeof(host->msr_store));
	host->msr_store[STORE_DEBUGCTL] = 0;
	if (xstate_xcr0() != vm->xcr0)
		xstate_set_xcr0(vm->xcr0);
	vcpu->cpu->loaded = host;
}

void vm_state_drop(struct vm *vm)
{
	native_vmsave(phys_of(&vm->vcpu->vmcb));
	share_with_host(vm);
}

void vm_state_store(struct vm *vm)
{
	struct vcpu *vcpu = vm->vcpu;
	struct vmcb *v = &vcpu->vmcb;
	struct vmcs *vmcs = vm->vmcs;

	native_vmsave(phys_of(v));
	vmcs_write(vmcs, VMCS_GUEST_RSP, vcpu->gpr[RSP]);
	vmcs_write(vmcs, VMCS_GUEST_RIP, v->rip);
	/* Behind CMPXCHG8B and CMPXCHG16B, QEMU 7.2 may have others. */
	vmcs_write(vmcs, VMCS_GUEST_RFLAGS, v->rflags & ~X86_EFLAGS_RESERVED);
	store_segments(v, vmcs);
	vmcs_write(vmcs, VMCS_GUEST_CR0, v->cr0);
	vmcs_write(vmcs, VMCS_GUEST_CR3, v->cr3);
	vmcs_write(vmcs, VMCS_GUEST_CR4, vcpu_cr4(vcpu));
	store_long_mode(vm);
	store_pdptes(vm);
	store_debug(vm);
	vmcs_write(vmcs, VMCS_GUEST_SYSENTER_CS, v->sysenter_cs);
	vmcs_write(vmcs, VMCS_GUEST_SYSENTER_ESP, v->sysenter_esp);
	vmcs_write(vmcs, VMCS_GUEST_SYSENTER_EIP, v->sysenter_eip);
	if (vm->exits & EXIT_SAVE_PAT)
		vmcs_write(vmcs, VMCS_GUEST_PAT, native_rdmsr(MSR_PAT));
	vmcs_write(vmcs, VMCS_GUEST_INTERRUPTIBILITY, interruptibility(vm));
	vmcs_write(vmcs, VMCS_GUEST_ACTIVITY_STATE, ACTIVITY_ACTIVE);
	share_with_host(vm);
}

static struct vmcb_segment flat(u16 selector, u16 attributes)
{
	if (!selector)
		attributes = 0;
	return (struct vmcb_segment){ selector, attributes, 0xffffffff, 0 };
}

static void load_host_segments(struct vmcb *v, const struct vmcs *vmcs)
{
	const u16 data = 0xc93, code = 0xa9b, task = 0x80 | TSS_AVAILABLE;

	v->es = flat(vmcs_read(vmcs, VMCS_HOST_ES_SELECTOR), data);
	v->cs = flat(vmcs_read(vmcs, VMCS_HOST_CS_SELECTOR), code);
	v->ss = flat(vmcs_read(vmcs, VMCS_HOST_SS_SELECTOR), data);
	v->ds = flat(vmcs_read(vmcs, VMCS_HOST_DS_SELECTOR), data);
	v->fs = flat(vmcs_read(vmcs, VMCS_HOST_FS_SELECTOR), data);
	v->gs = flat(vmcs_read(vmcs, VMCS_HOST_GS_SELECTOR), data);
	v->fs.base = vmcs_read(vmcs, VMCS_HOST_FS_BASE);
	v->gs.base = vmcs_read(vmcs, VMCS_HOST_GS_BASE);
	v->ldtr = flat(0, 0);
	v->tr = (struct vmcb_segment){ vmcs_read(vmcs, VMCS_HOST_TR_SELECTOR), task, 0x67,
				       vmcs_read(vmcs, VMCS_HOST_TR_BASE) };
	v->gdtr = (struct vmcb_segment){ 0, 0, 0xffff, vmcs_read(vmcs, VMCS_HOST_GDTR_BASE) };
	v->idtr = (struct vmcb_segment){ 0, 0, 0xffff, vmcs_read(vmcs, VMCS_HOST_IDTR_BASE) };
	v->cpl = 0;
}

void vm_state_load_host(struct vm *vm)
{
	struct vcpu *host = &vm->vcpu->cpu->host;
	const struct vmcs *vmcs = vm->vmcs;
	struct vmcb *v = &host->vmcb;

	v->cr0 = (vmcs_read(vmcs, VMCS_HOST_CR0) & ~CR0_KEPT) | X86_CR0_ET | (v->cr0 & CR0_KEPT);
	v->cr3 = vmcs_read(vmcs, VMCS_HOST_CR3);
	vcpu_set_cr4(host, vmcs_read(vmcs, VMCS_HOST_CR4));
	if (vm->exits & EXIT_LOAD_EFER)
		vcpu_set_efer(host, vmcs_read(vmcs, VMCS_HOST_EFER));
	if (vm->exits & EXIT_LOAD_PAT)
		native_wrmsr(MSR_PAT, vmcs_read(vmcs, VMCS_HOST_PAT));
	load_host_segments(v, vmcs);
	v->sysenter_cs = vmcs_read(vmcs, VMCS_HOST_SYSENTER_CS);
	v->sysenter_esp = vmcs_read(vmcs, VMCS_HOST_SYSENTER_ESP);
	v->sysenter_eip = vmcs_read(vmcs, VMCS_HOST_SYSENTER_EIP);
	host->gpr[RSP] = vmcs_read(vmcs, VMCS_HOST_RSP);
	v->rip = vmcs_read(vmcs, VMCS_HOST_RIP);
	v->rflags = X86_EFLAGS_FIXED;
	/* QEMU would lose track of breakpoints that the host has: it is the host that ends them. */
	if (!(v->dr7 & DR7_ENABLED))
		v->dr7 = DR7_RESET;
	v->int_state = 0;
	native_vmload(phys_of(v));
}
