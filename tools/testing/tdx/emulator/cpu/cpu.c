// SPDX-License-Identifier: GPL-2.0-only
/* Logical processors, their VMCBs and the world switch. */
#include <linux/string.h>

#include "cpu/cpu.h"
#include "cpu/entry.h"
#include "cpu/npt.h"

struct cpu cpus[MAX_CPUS] __page_aligned;
unsigned int nr_cpus;

u8 cpu_stacks[MAX_CPUS][CPU_STACK_SIZE] __aligned(CPU_STACK_SIZE);
u64 stack_of_apic_id[256];	/* boot.S: the stack that an AP starts on */

static u8 msr_permissions[2 * PAGE_SIZE] __page_aligned;
static u8 io_permissions[3 * PAGE_SIZE] __page_aligned;

struct cpu *cpu_add(u32 apic_id, bool present)
{
	unsigned int index = nr_cpus;
	u8 *top;

	if (index == MAX_CPUS || apic_id >= ARRAY_LEN(stack_of_apic_id))
		return NULL;
	nr_cpus++;
	top = cpu_stacks[index] + CPU_STACK_TOP;
	*(struct cpu **)top = &cpus[index];
	stack_of_apic_id[apic_id] = phys_of(top);
	cpus[index].index = index;
	cpus[index].apic_id = apic_id;
	cpus[index].present = present;
	return &cpus[index];
}

struct cpu *cpu_by_apic_id(u32 apic_id)
{
	unsigned int i;

	for (i = 0; i < nr_cpus; i++) {
		if (cpus[i].apic_id == apic_id)
			return &cpus[i];
	}
	return NULL;
}

void svm_init_maps(void)
{
	memset(msr_permissions, 0xff, sizeof(msr_permissions));
	memset(io_permissions, 0, sizeof(io_permissions));
}

void svm_pass_msr(u32 msr)
{
	unsigned int at = (msr & 0x1fff) * 2;

	if (msr >= 0xc0000000)
		at += 0x2000 * 2;
	msr_permissions[at / 8] &= ~(3 << (at % 8));
}

void svm_trap_port(u16 port)
{
	io_permissions[port / 8] |= 1 << (port % 8);
}

static void set_segment(struct vmcb_segment *seg, u16 selector, u64 base, u16 attributes)
{
	*seg = (struct vmcb_segment){ selector, attributes, 0xffff, base };
}

void cpu_reset_guest(struct cpu *cpu, u8 sipi_vector)
{
	struct vmcb *v = &cpu->vmcb;

	memset(v, 0, sizeof(*v));
	memset(cpu->gpr, 0, sizeof(cpu->gpr));
	cpu->cr4_vmxe = false;
	cpu->efer_lme = false;
	cpu->apic_ldr = 0;
	cpu->apic_dfr = ~0U;
	cpu->vmx = (struct vmx_state){ .current_vmcs_pa = VMCS_NONE };
	cpu->msr_store[STORE_DEBUGCTL] = 0;
	/* INIT drops an NMI that waits, and nobody sends one to a CPU that waits for a SIPI */
	cpu->own_nmi = false;
	cpu->guest_nmi = false;
	__atomic_store_n(&cpu->kernel, KERNEL_BEGINS, __ATOMIC_SEQ_CST);

	set_segment(&v->cs, sipi_vector << 8, sipi_vector << 12, 0x9b);
	set_segment(&v->ds, 0, 0, 0x93);
	v->es = v->ds;
	v->ss = v->ds;
	set_segment(&v->gdtr, 0, 0, 0);
	set_segment(&v->idtr, 0, 0, 0);
	v->cr0 = X86_CR0_CD | X86_CR0_NW | X86_CR0_ET;
	v->efer = EFER_SVME;
	v->rflags = X86_EFLAGS_FIXED;
	v->dr6 = 0xffff0ff0;
	v->dr7 = 0x400;
	v->guest_pat = 0x0007040600070406ULL;
	v->tsc_offset = cpu->tsc_adjust;
}

static void arm_intercepts(struct vmcb *v)
{
	v->intercept_cr = SVM_INTERCEPT_CR_WRITE(4);
	v->intercept_exceptions = BIT(VECTOR_UD);
	v->intercept1 = SVM_INTERCEPT1_NMI | SVM_INTERCEPT1_CPUID | SVM_INTERCEPT1_SWINT |
			SVM_INTERCEPT1_INVD | SVM_INTERCEPT1_INVLPGA | SVM_INTERCEPT1_IOIO |
			SVM_INTERCEPT1_MSR | SVM_INTERCEPT1_SHUTDOWN;
	v->intercept2 = SVM_INTERCEPT2_VMRUN | SVM_INTERCEPT2_VMMCALL | SVM_INTERCEPT2_VMLOAD |
			SVM_INTERCEPT2_VMSAVE | SVM_INTERCEPT2_STGI | SVM_INTERCEPT2_CLGI |
			SVM_INTERCEPT2_SKINIT | SVM_INTERCEPT2_WBINVD;
	v->iopm_base_pa = phys_of(io_permissions);
	v->msrpm_base_pa = phys_of(msr_permissions);
	v->asid = 1;
	v->nested_control = 1;
	v->nested_cr3 = npt_root();
}

/*
 * QEMU cannot leave a guest that has EFER.LME, but neither CR4.PAE nor paging: the
 * emulator would go on without paging.  There LME has no effect yet, so the CPU gets
 * it with PAE.
 */
static void update_lme(struct cpu *cpu)
{
	struct vmcb *v = &cpu->vmcb;

	if (v->cr0 & X86_CR0_PG)
		return;
	v->efer &= ~EFER_LME;
	if (cpu->efer_lme && v->cr4 & X86_CR4_PAE)
		v->efer |= EFER_LME;
}

void cpu_set_efer(struct cpu *cpu, u64 value)
{
	struct vmcb *v = &cpu->vmcb;

	v->efer = (value & ~EFER_LMA) | (v->efer & EFER_LMA) | EFER_SVME;
	cpu->efer_lme = value & EFER_LME;
	update_lme(cpu);
}

/*
 * Reads are intercepted while there is something to add.  From QEMU 10 on the bit of
 * CR0 stands for reads of all control registers, and that of CR4 for nothing.
 */
void cpu_set_cr4(struct cpu *cpu, u64 value)
{
	const u32 reads = SVM_INTERCEPT_CR_READ(0) | SVM_INTERCEPT_CR_READ(4);

	cpu->vmcb.cr4 = value & ~X86_CR4_VMXE;
	cpu->cr4_vmxe = value & X86_CR4_VMXE;
	if (cpu->cr4_vmxe)
		cpu->vmcb.intercept_cr |= reads;
	else
		cpu->vmcb.intercept_cr &= ~reads;
	update_lme(cpu);
}

void cpu_enable_svm(struct cpu *cpu)
{
	native_wrmsr(MSR_VM_HSAVE_PA, phys_of(cpu->host_save));
	/* From here on interrupts and NMIs reach this CPU in the guest only. */
	native_clgi();
	arm_intercepts(&cpu->vmcb);
}

/*
 * What to deliver again after an exit in the middle of it.  What was injected comes
 * back as it was; all that the CPU delivered by itself QEMU calls an exception, but
 * INT n, which begins again since RIP is still there.
 */
static u32 unfinished_event(u32 injected, u32 event)
{
	unsigned int vector = event & SVM_EVENT_VECTOR;

	if (!(event & SVM_EVENT_VALID) || event == injected)
		return event;
	switch (event & SVM_EVENT_TYPE) {
	case SVM_EVENT_EXCEPTION:
		if (vector == VECTOR_NMI)
			return SVM_EVENT_VALID | SVM_EVENT_NMI | vector;
		if (vector >= FIRST_INTERRUPT_VECTOR)
			return SVM_EVENT_VALID | SVM_EVENT_INTERRUPT | vector;
		return event;
	case SVM_EVENT_SOFTWARE:
		return 0;
	default:
		return event;
	}
}

void cpu_run_guest(struct cpu *cpu)
{
	struct vmcb *v = &cpu->vmcb;

	cpu->entered = (struct entry_state){
		v->rip, v->rflags, v->cr0, v->cr3, v->cr4, v->efer, v->event_inject
	};
	v->rax = cpu->gpr[RAX];
	v->rsp = cpu->gpr[RSP];
	/* An event ends it */
	if (v->event_inject & SVM_EVENT_VALID)
		v->int_state = 0;
	vmrun(phys_of(v), cpu->gpr, v->int_state & SVM_INTERRUPT_SHADOW);
	cpu->gpr[RAX] = v->rax;
	cpu->gpr[RSP] = v->rsp;
	v->event_inject = unfinished_event(cpu->entered.event, v->exit_int_info);
	v->event_inject_error = v->exit_int_error;
}

void cpu_skip_insn(struct cpu *cpu, unsigned int length)
{
	struct vmcb *v = &cpu->vmcb;

	v->rip += length;
	if (!cpu_64bit_code(cpu))
		v->rip = (u32)v->rip;
	v->rflags &= ~X86_EFLAGS_RF;
	v->int_state = 0;
	if (v->rflags & X86_EFLAGS_TF) {
		v->dr6 |= BIT_ULL(14);
		cpu_inject(cpu, VECTOR_DB);
	}
}

void cpu_inject(struct cpu *cpu, unsigned int vector)
{
	cpu->vmcb.event_inject = SVM_EVENT_VALID | SVM_EVENT_EXCEPTION | vector;
	cpu->vmcb.event_inject_error = 0;
}

void cpu_inject_error(struct cpu *cpu, unsigned int vector, u32 error)
{
	cpu_inject(cpu, vector);
	cpu->vmcb.event_inject |= SVM_EVENT_ERROR_VALID;
	cpu->vmcb.event_inject_error = error;
}

void cpu_inject_nmi(struct cpu *cpu)
{
	cpu->vmcb.event_inject = SVM_EVENT_VALID | SVM_EVENT_NMI | VECTOR_NMI;
	cpu->vmcb.event_inject_error = 0;
}

void cpu_software_interrupt(struct cpu *cpu, u8 vector, unsigned int length)
{
	/* What is pushed is the RIP of the VMCB */
	cpu_skip_insn(cpu, length);
	cpu->vmcb.event_inject = SVM_EVENT_VALID | SVM_EVENT_SOFTWARE | vector;
	cpu->vmcb.event_inject_error = 0;
}
