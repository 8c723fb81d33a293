// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: events of an ordinary VM's vCPU. */
#include <string.h>

#include "harness.h"
#include "emulator/cpu/decode.h"
#include "emulator/cpu/interrupt.h"
#include "emulator/cpu/walk.h"
#include "emulator/host/softint.h"
#include "emulator/smp/apic.h"
#include "emulator/smp/shootdown.h"
#include "emulator/vm/vm_debug.h"
#include "emulator/vm/vm_event.h"
#include "emulator/vm/vm_posted.h"
#include "emulator/vm/vm_timer.h"

#define VALID		SVM_EVENT_VALID
#define VECTOR_BP	3
#define SOFTWARE	(6U << 8)

static bool timer_expired, leaves_at_once, take, taken_nmi, as_interrupt;
static u8 taken, next_opcode;

bool vm_timer_has_expired(const struct vm *vm)
{
	return timer_expired;
}

bool vm_timer_is_interrupt(const struct vm *vm, u8 vector)
{
	return timer_expired && vector == 0xec;
}

bool vm_posted_take(struct vm *vm, u8 vector)
{
	return vm->pin & PIN_POSTED_INTERRUPTS && vector == 0xf2;
}

void apic_end_interrupt(void)
{
}

void vcpu_inject_error(struct vcpu *vcpu, unsigned int vector, u32 error)
{
	vcpu->vmcb.event_inject = VALID | SVM_EVENT_EXCEPTION | SVM_EVENT_ERROR_VALID | vector;
	vcpu->vmcb.event_inject_error = error;
}

void vcpu_inject(struct vcpu *vcpu, unsigned int vector)
{
	vcpu->vmcb.event_inject = VALID | SVM_EVENT_EXCEPTION | vector;
}

void vcpu_inject_nmi(struct vcpu *vcpu)
{
	vcpu->vmcb.event_inject = VALID | SVM_EVENT_NMI | VECTOR_NMI;
}

bool vcpu_injects_as_interrupt(const struct vcpu *vcpu)
{
	return as_interrupt;
}

void shootdown_self(struct cpu *self)
{
	leaves_at_once = true;
}

bool shootdown_take_nmi(struct cpu *cpu)
{
	return taken_nmi;
}

bool interrupt_take(struct cpu *cpu, u8 *vector, bool *nmi)
{
	*vector = taken;
	*nmi = taken_nmi;
	return take;
}

bool decode(const struct vcpu *vcpu, struct insn *insn)
{
	*insn = (struct insn){ .opcode = next_opcode, .length = 1 };
	return true;
}

unsigned int guest_fetch(const struct vcpu *vcpu, u64 linear, u8 *buf, unsigned int bytes)
{
	memset(buf, 0x90, bytes);
	*buf = next_opcode;
	return bytes;
}

void softint_exit(struct vcpu *vcpu)
{
	vcpu->vmcb.rip++;
	vcpu->vmcb.event_inject = VALID | SVM_EVENT_SOFTWARE | VECTOR_BP;
}

FIXTURE(vm_event) {
	struct vm vm;
	struct vm_exit exit;
	struct vmcb *v;
};

FIXTURE_SETUP(vm_event)
{
	static struct cpu cpu;
	static struct vmcs vmcs;

	memset(&cpu, 0, sizeof(cpu));
	memset(&vmcs, 0, sizeof(vmcs));
	cpu.vm.cpu = &cpu;
	cpu.host.cpu = &cpu;
	self->vm = (struct vm){ .vcpu = &cpu.vm, .vmcs = &vmcs };
	self->vm.pin = PIN_EXTERNAL_INTERRUPT_EXITING | PIN_NMI_EXITING | PIN_VIRTUAL_NMIS;
	self->vm.exits = EXIT_ACK_INTERRUPT;
	self->v = &cpu.vm.vmcb;
	self->v->cr0 = X86_CR0_PE;
	self->v->rip = 0x1000;
	timer_expired = false;
	leaves_at_once = false;
	take = true;
	taken_nmi = false;
	as_interrupt = false;
	next_opcode = 0x90;
}

FIXTURE_TEARDOWN(vm_event)
{
}

static void inject(struct vm *vm, u32 info, unsigned int length)
{
	vmcs_write(vm->vmcs, VMCS_ENTRY_INTERRUPTION_INFO, info);
	vmcs_write(vm->vmcs, VMCS_ENTRY_INSTRUCTION_LENGTH, length);
	vm_event_load(vm);
}

TEST_F(vm_event, a_software_exception_comes_back_as_it_was)
{
	inject(&self->vm, VALID | SOFTWARE | VECTOR_BP, 1);
	EXPECT_EQ(VALID | SVM_EVENT_SOFTWARE | VECTOR_BP, self->v->event_inject);
	EXPECT_EQ(0x1001, self->v->rip);
	vm_event_store(&self->vm, &self->exit);
	EXPECT_EQ(0x1000, self->v->rip);
	EXPECT_EQ(VALID | SOFTWARE | VECTOR_BP, vmcs_read(self->vm.vmcs, VMCS_IDT_VECTORING_INFO));
	EXPECT_EQ(1, vmcs_read(self->vm.vmcs, VMCS_EXIT_INSTRUCTION_LENGTH));
}

TEST_F(vm_event, an_int_of_the_guest_is_executed_again)
{
	vm_event_load(&self->vm);
	next_opcode = 0xcc;
	EXPECT_FALSE(vm_event_software(&self->vm, &self->exit));
	vm_event_store(&self->vm, &self->exit);
	EXPECT_EQ(0x1000, self->v->rip);
	EXPECT_EQ(0, vmcs_read(self->vm.vmcs, VMCS_IDT_VECTORING_INFO));

	self->vm.exceptions = BIT(VECTOR_BP);
	EXPECT_TRUE(vm_event_software(&self->vm, &self->exit));
	EXPECT_EQ(VALID | SOFTWARE | VECTOR_BP, self->exit.info);
	EXPECT_EQ(1, self->exit.length);
}

TEST_F(vm_event, an_interrupt_exits_behind_the_delivery_of_an_event)
{
	inject(&self->vm, VALID | 0x30, 0);
	self->v->exit_code = SVM_EXIT_INTR;
	taken = 0x55;
	EXPECT_FALSE(vm_event_interrupt(&self->vm, &self->exit));
	EXPECT_TRUE(self->vm.vcpu->inject_now);
	self->v->event_inject = 0;
	EXPECT_TRUE(vm_event_interrupt(&self->vm, &self->exit));
	EXPECT_EQ(VM_EXIT_INTERRUPT, self->exit.reason);
	EXPECT_EQ(VALID | 0x55, self->exit.info);
}

TEST_F(vm_event, an_interrupt_that_is_gone_is_no_exit)
{
	self->v->exit_code = SVM_EXIT_INTR;
	take = false;
	EXPECT_FALSE(vm_event_interrupt(&self->vm, &self->exit));
	taken_nmi = true;
	EXPECT_TRUE(vm_event_interrupt(&self->vm, &self->exit));
	EXPECT_EQ(VALID | SVM_EVENT_NMI | VECTOR_NMI, self->exit.info);
}

TEST_F(vm_event, the_interrupt_of_the_preemption_timer_is_not_the_hosts)
{
	self->v->exit_code = SVM_EXIT_INTR;
	timer_expired = true;
	taken = 0xec;
	EXPECT_FALSE(vm_event_interrupt(&self->vm, &self->exit));
	EXPECT_TRUE(vm_event_before_run(&self->vm, &self->exit));
	EXPECT_EQ(VM_EXIT_PREEMPTION_TIMER, self->exit.reason);
}

TEST_F(vm_event, a_timer_that_has_expired_exits_behind_an_event)
{
	inject(&self->vm, VALID | 0x30, 0);
	timer_expired = true;
	EXPECT_FALSE(vm_event_before_run(&self->vm, &self->exit));
	vm_event_prepare(&self->vm);
	EXPECT_TRUE(leaves_at_once && self->vm.vcpu->inject_now);
}

TEST_F(vm_event, an_exception_that_is_injected_as_an_interrupt_ends_the_run)
{
	inject(&self->vm, VALID | SVM_EVENT_EXCEPTION | 31, 0);
	vm_event_prepare(&self->vm);
	EXPECT_FALSE(leaves_at_once);
	as_interrupt = true;
	vm_event_prepare(&self->vm);
	EXPECT_TRUE(leaves_at_once && self->vm.vcpu->inject_now);
	vm_event_store(&self->vm, &self->exit);
	EXPECT_EQ(VALID | SVM_EVENT_EXCEPTION | 31,
		  vmcs_read(self->vm.vmcs, VMCS_IDT_VECTORING_INFO));
}

TEST_F(vm_event, an_interrupt_window_opens_with_if)
{
	self->vm.primary = PRIMARY_INTERRUPT_WINDOW;
	EXPECT_FALSE(vm_event_before_run(&self->vm, &self->exit));
	vm_event_prepare(&self->vm);
	EXPECT_TRUE(self->v->int_control & SVM_V_IRQ);
	EXPECT_TRUE(self->v->intercept1 & SVM_INTERCEPT1_VINTR);

	self->v->rflags = X86_EFLAGS_IF;
	self->v->int_state = SVM_INTERRUPT_SHADOW;
	EXPECT_FALSE(vm_event_before_run(&self->vm, &self->exit));
	self->v->int_state = 0;
	EXPECT_TRUE(vm_event_before_run(&self->vm, &self->exit));
	EXPECT_EQ(VM_EXIT_INTERRUPT_WINDOW, self->exit.reason);
}

/* The CPU has left the guest, with causes of a debug exception. */
static void leave(struct vm *vm, u32 code, u64 causes)
{
	vm->vcpu->vmcb.exit_code = code;
	vm->vcpu->vmcb.dr6 |= causes;
	vm->vcpu->vmcb.event_inject = 0;
	vm_debug_finish(vm);
}

TEST_F(vm_event, an_nmi_window_opens_behind_the_delivery_of_an_event)
{
	self->vm.primary = PRIMARY_NMI_WINDOW;
	inject(&self->vm, VALID | SVM_EVENT_EXCEPTION | VECTOR_UD, 0);
	EXPECT_FALSE(vm_event_before_run(&self->vm, &self->exit));
	vm_event_prepare(&self->vm);
	EXPECT_TRUE(leaves_at_once);
	leave(&self->vm, SVM_EXIT_NMI, 0);
	EXPECT_TRUE(vm_event_before_run(&self->vm, &self->exit));
	EXPECT_EQ(VM_EXIT_NMI_WINDOW, self->exit.reason);
	/* An NMI closes it. */
	leaves_at_once = false;
	inject(&self->vm, VALID | SVM_EVENT_NMI | VECTOR_NMI, 0);
	vm_event_prepare(&self->vm);
	EXPECT_FALSE(leaves_at_once);
}

TEST_F(vm_event, an_nmi_window_opens_behind_an_interrupt_shadow)
{
	self->vm.primary = PRIMARY_NMI_WINDOW;
	self->v->int_state = SVM_INTERRUPT_SHADOW;
	vm_event_load(&self->vm);
	EXPECT_FALSE(vm_event_before_run(&self->vm, &self->exit));
	vm_event_prepare(&self->vm);
	EXPECT_TRUE(self->v->rflags & X86_EFLAGS_TF);
	EXPECT_TRUE(self->v->intercept_exceptions & BIT(VECTOR_DB));
	self->v->int_state = 0;
	leave(&self->vm, SVM_EXIT_EXCEPTION + VECTOR_DB, DR6_SINGLE_STEP);
	EXPECT_FALSE(vm_event_raise(&self->vm, VECTOR_DB, &self->exit));
	EXPECT_EQ(0, self->v->event_inject);
	EXPECT_FALSE(self->v->rflags & X86_EFLAGS_TF);
	EXPECT_TRUE(vm_event_before_run(&self->vm, &self->exit));
	EXPECT_EQ(VM_EXIT_NMI_WINDOW, self->exit.reason);
}

/* PUSHF would push the emulator's TF. */
TEST_F(vm_event, an_instruction_that_moves_flags_is_not_stepped)
{
	self->vm.primary = PRIMARY_NMI_WINDOW;
	self->v->int_state = SVM_INTERRUPT_SHADOW;
	next_opcode = 0x9c;
	vm_event_load(&self->vm);
	EXPECT_TRUE(vm_event_before_run(&self->vm, &self->exit));
	EXPECT_EQ(VM_EXIT_NMI_WINDOW, self->exit.reason);
}

/* The instruction in the shadow was emulated: it has no trap. */
TEST_F(vm_event, a_step_ends_with_an_instruction_that_is_emulated)
{
	self->vm.primary = PRIMARY_NMI_WINDOW;
	self->v->int_state = SVM_INTERRUPT_SHADOW;
	vm_event_load(&self->vm);
	EXPECT_FALSE(vm_event_before_run(&self->vm, &self->exit));
	vm_event_prepare(&self->vm);
	leave(&self->vm, SVM_EXIT_MSR, 0);
	EXPECT_FALSE(self->v->rflags & X86_EFLAGS_TF);
	self->v->int_state = 0;
	EXPECT_TRUE(vm_event_before_run(&self->vm, &self->exit));
	EXPECT_EQ(VM_EXIT_NMI_WINDOW, self->exit.reason);
}

static void step_iret(struct vm *vm)
{
	vm->nmi_blocked = true;
	vm_event_load(vm);
	vm_event_iret(vm);
	vm_event_prepare(vm);
}

/* It has ended the blocking, and the guest gets the fault with its own RFLAGS. */
TEST_F(vm_event, an_iret_that_faults_unblocks_nmis)
{
	step_iret(&self->vm);
	EXPECT_TRUE(self->v->intercept_exceptions & BIT(VECTOR_GP));
	leave(&self->vm, SVM_EXIT_EXCEPTION + VECTOR_GP, 0);
	EXPECT_FALSE(vm_event_raise(&self->vm, VECTOR_GP, &self->exit));
	EXPECT_TRUE(self->v->event_inject & VALID);
	EXPECT_FALSE(self->v->rflags & X86_EFLAGS_TF);
	EXPECT_FALSE(self->vm.nmi_blocked || self->vm.step);

	self->v->event_inject = 0;
	self->vm.exceptions = BIT(VECTOR_GP);
	step_iret(&self->vm);
	leave(&self->vm, SVM_EXIT_EXCEPTION + VECTOR_GP, 0);
	EXPECT_TRUE(vm_event_raise(&self->vm, VECTOR_GP, &self->exit));
	EXPECT_EQ(VALID | SVM_EVENT_ERROR_VALID | SVM_EVENT_EXCEPTION | BIT(12) | VECTOR_GP,
		  self->exit.info);
	EXPECT_FALSE(self->vm.nmi_blocked);
}

TEST_F(vm_event, an_iret_that_violates_the_ept_unblocks_nmis)
{
	self->exit = (struct vm_exit){ .reason = VM_EXIT_EPT_VIOLATION, .qualification = 1 };
	step_iret(&self->vm);
	self->v->exit_info1 = SVM_NPF_FETCH;
	vm_event_iret_violates(&self->vm, &self->exit);
	EXPECT_TRUE(self->vm.nmi_blocked);
	self->v->exit_info1 = 0;
	vm_event_iret_violates(&self->vm, &self->exit);
	EXPECT_FALSE(self->vm.nmi_blocked);
	EXPECT_EQ(BIT(12) | 1, self->exit.qualification);
}

TEST_F(vm_event, an_iret_that_an_exit_comes_before_unblocks_none)
{
	step_iret(&self->vm);
	leave(&self->vm, SVM_EXIT_INTR, 0);
	vm_event_store(&self->vm, &self->exit);
	EXPECT_TRUE(self->vm.nmi_blocked);
	EXPECT_FALSE(self->v->rflags & X86_EFLAGS_TF);
}

TEST_F(vm_event, iret_does_not_unblock_nmis_that_are_not_virtual)
{
	self->vm.nmi_blocked = true;
	self->vm.pin = PIN_NMI_EXITING;
	vm_event_prepare(&self->vm);
	EXPECT_FALSE(self->v->intercept1 & SVM_INTERCEPT1_IRET);
	self->vm.pin = 0;
	vm_event_prepare(&self->vm);
	EXPECT_TRUE(self->v->intercept1 & SVM_INTERCEPT1_IRET);
}

#define DR6_OLD		0xffff4ff2ULL		/* BS and B1, from long ago */

TEST_F(vm_event, an_exit_by_a_debug_exception_leaves_dr6_alone)
{
	self->v->dr6 = DR6_OLD;
	self->vm.exceptions = BIT(VECTOR_DB);
	vm_event_load(&self->vm);
	vm_event_prepare(&self->vm);
	leave(&self->vm, SVM_EXIT_EXCEPTION + VECTOR_DB, 1);
	EXPECT_TRUE(vm_event_raise(&self->vm, VECTOR_DB, &self->exit));
	EXPECT_EQ(1, self->exit.qualification);
	EXPECT_EQ(DR6_OLD, self->v->dr6);
	/* of an instruction that was emulated */
	vm_event_prepare(&self->vm);
	leave(&self->vm, SVM_EXIT_MSR, 0);
	self->v->dr6 |= DR6_SINGLE_STEP;
	vcpu_inject(self->vm.vcpu, VECTOR_DB);
	self->vm.raised = true;
	EXPECT_TRUE(vm_event_before_run(&self->vm, &self->exit));
	EXPECT_EQ(DR6_SINGLE_STEP, self->exit.qualification);
	EXPECT_EQ(DR6_OLD, self->v->dr6);
}

TEST_F(vm_event, a_debug_exception_without_an_exit_is_noted_in_dr6)
{
	self->v->dr6 = 0xffff0ff0;
	self->vm.exceptions = BIT(VECTOR_DB);
	vm_event_load(&self->vm);
	vm_event_prepare(&self->vm);
	self->vm.exceptions = 0;
	leave(&self->vm, SVM_EXIT_EXCEPTION + VECTOR_DB, 2);
	EXPECT_FALSE(vm_event_raise(&self->vm, VECTOR_DB, &self->exit));
	EXPECT_EQ(VALID | SVM_EVENT_EXCEPTION | VECTOR_DB, self->v->event_inject);
	EXPECT_EQ(0xffff0ff2, self->v->dr6);
}

static void load_pending(struct vm *vm, u64 pending, u64 blocking)
{
	vmcs_write(vm->vmcs, VMCS_GUEST_PENDING_DEBUG, pending);
	vmcs_write(vm->vmcs, VMCS_GUEST_INTERRUPTIBILITY, blocking);
	vm->vcpu->vmcb.int_state = blocking ? SVM_INTERRUPT_SHADOW : 0;
	vm->vcpu->vmcb.event_inject = 0;
	vm_event_load(vm);
}

#define BREAKPOINT	BIT_ULL(12)

TEST_F(vm_event, pending_debug_exceptions_are_delivered_if_they_are_enabled)
{
	self->vm.exceptions = BIT(VECTOR_DB);
	load_pending(&self->vm, 2, 0);
	EXPECT_FALSE(vm_event_before_run(&self->vm, &self->exit));
	load_pending(&self->vm, BREAKPOINT | 2, 0);
	EXPECT_TRUE(vm_event_before_run(&self->vm, &self->exit));
	EXPECT_EQ(2, self->exit.qualification);
	load_pending(&self->vm, PENDING_DEBUG_STEP, BLOCKED_BY_STI);
	EXPECT_TRUE(vm_event_before_run(&self->vm, &self->exit));
	EXPECT_EQ(DR6_SINGLE_STEP, self->exit.qualification);
}

TEST_F(vm_event, mov_ss_holds_pending_debug_exceptions_back)
{
	self->vm.exceptions = BIT(VECTOR_DB);
	load_pending(&self->vm, BREAKPOINT | 2, BLOCKED_BY_MOV_SS);
	EXPECT_FALSE(vm_event_before_run(&self->vm, &self->exit));
	EXPECT_EQ(0, self->v->event_inject);
	vm_event_prepare(&self->vm);
	EXPECT_TRUE(self->v->rflags & X86_EFLAGS_TF);
	/* An exit before the instruction */
	leave(&self->vm, SVM_EXIT_NMI, 0);
	vm_event_store(&self->vm, &self->exit);
	EXPECT_EQ(BREAKPOINT | 2, vmcs_read(self->vm.vmcs, VMCS_GUEST_PENDING_DEBUG));
	EXPECT_TRUE(self->vm.mov_ss);
	/* and none */
	load_pending(&self->vm, BREAKPOINT | 2, BLOCKED_BY_MOV_SS);
	EXPECT_FALSE(vm_event_before_run(&self->vm, &self->exit));
	vm_event_prepare(&self->vm);
	self->v->int_state = 0;
	leave(&self->vm, SVM_EXIT_EXCEPTION + VECTOR_DB, DR6_SINGLE_STEP);
	EXPECT_TRUE(vm_event_raise(&self->vm, VECTOR_DB, &self->exit));
	EXPECT_EQ(2, self->exit.qualification);
}

static const struct {
	u64 rflags, debugctl;
	u64 blocking, rip;
	u64 pending;
	bool mov_ss;
} shadows[] = {
	{ 0, 0, 0, 0x1000, 0, true },
	{ X86_EFLAGS_IF, 0, 0, 0x1000, 0, false },
	{ X86_EFLAGS_IF, 0, BLOCKED_BY_STI, 0x1000, 0, false },
	{ X86_EFLAGS_IF, 0, BLOCKED_BY_MOV_SS, 0x1000, 0, true },
	{ X86_EFLAGS_IF, 0, BLOCKED_BY_MOV_SS, 0x1001, 0, false },
	{ X86_EFLAGS_IF | X86_EFLAGS_TF, 0, 0, 0x1000, PENDING_DEBUG_STEP, true },
	/* BTF */
	{ X86_EFLAGS_IF | X86_EFLAGS_TF, 2, 0, 0x1000, 0, true },
};

TEST_F(vm_event, an_interrupt_shadow_is_that_of_sti_or_of_mov_ss)
{
	unsigned int i;

	self->vm.exceptions = BIT(VECTOR_DB);
	for (i = 0; i < ARRAY_LEN(shadows); i++) {
		self->v->rip = 0x1000;
		load_pending(&self->vm, 0, shadows[i].blocking);
		self->v->rip = shadows[i].rip;
		self->v->rflags = shadows[i].rflags;
		self->v->int_state = SVM_INTERRUPT_SHADOW;
		self->vm.vcpu->msr_store[STORE_DEBUGCTL] = shadows[i].debugctl;
		vm_event_store(&self->vm, &self->exit);
		EXPECT_EQ(shadows[i].mov_ss, self->vm.mov_ss) TH_LOG("case %u", i);
		EXPECT_EQ(shadows[i].pending,
			  vmcs_read(self->vm.vmcs, VMCS_GUEST_PENDING_DEBUG)) TH_LOG("case %u", i);
	}
}

TEST_F(vm_event, an_nmi_blocks_others_until_iret)
{
	self->vm.primary = PRIMARY_NMI_WINDOW;
	inject(&self->vm, VALID | SVM_EVENT_NMI | VECTOR_NMI, 0);
	vm_event_prepare(&self->vm);
	self->v->event_inject = 0;
	EXPECT_FALSE(vm_event_before_run(&self->vm, &self->exit));
	vm_event_prepare(&self->vm);
	EXPECT_TRUE(self->v->intercept1 & SVM_INTERCEPT1_IRET);

	vm_event_iret(&self->vm);
	vm_event_prepare(&self->vm);
	EXPECT_FALSE(self->v->intercept1 & SVM_INTERCEPT1_IRET);
	EXPECT_TRUE(self->v->intercept_exceptions & BIT(VECTOR_DB));
	EXPECT_TRUE(self->v->rflags & X86_EFLAGS_TF);
	EXPECT_FALSE(vm_event_before_run(&self->vm, &self->exit));

	self->v->rflags = 0;
	leave(&self->vm, SVM_EXIT_EXCEPTION + VECTOR_DB, DR6_SINGLE_STEP);
	EXPECT_FALSE(vm_event_raise(&self->vm, VECTOR_DB, &self->exit));
	EXPECT_EQ(0, self->v->event_inject);
	EXPECT_TRUE(vm_event_before_run(&self->vm, &self->exit));
	EXPECT_EQ(VM_EXIT_NMI_WINDOW, self->exit.reason);
}

TEST_F(vm_event, an_nmi_that_is_not_delivered_blocks_none)
{
	inject(&self->vm, VALID | SVM_EVENT_NMI | VECTOR_NMI, 0);
	vm_event_prepare(&self->vm);
	vm_event_store(&self->vm, &self->exit);
	EXPECT_FALSE(self->vm.nmi_blocked);
}

static const struct {
	u32 mask, match, error;
	bool bit, exits;
} page_faults[] = {
	{ 0, 0, 2, true, true },
	{ 0, 0, 2, false, false },
	{ 1, 1, 3, true, true },
	{ 1, 1, 2, true, false },
	{ 1, 1, 2, false, true },
	{ 1, 1, 3, false, false },
};

TEST_F(vm_event, page_faults_are_compared_with_mask_and_match)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(page_faults); i++) {
		self->v->event_inject = 0;
		self->v->exit_info1 = page_faults[i].error;
		self->v->exit_info2 = 0xabc000;
		vmcs_write(self->vm.vmcs, VMCS_PF_ERROR_CODE_MASK, page_faults[i].mask);
		vmcs_write(self->vm.vmcs, VMCS_PF_ERROR_CODE_MATCH, page_faults[i].match);
		self->vm.exceptions = page_faults[i].bit ? BIT(VECTOR_PF) : 0;
		EXPECT_EQ(page_faults[i].exits,
			  vm_event_raise(&self->vm, VECTOR_PF, &self->exit)) TH_LOG("case %u", i);
		if (!page_faults[i].exits) {
			EXPECT_EQ(0xabc000, self->v->cr2);
			continue;
		}
		EXPECT_EQ(0xabc000, self->exit.qualification);
		EXPECT_EQ(page_faults[i].error, self->exit.error);
	}
}

static void use_apic(struct vm *vm, u32 secondary)
{
	static u8 page[4096] __aligned(4096);

	memset(page, 0, sizeof(page));
	vmcs_write(vm->vmcs, VMCS_PRIMARY_CONTROLS, PRIMARY_TPR_SHADOW | PRIMARY_SECONDARY);
	vmcs_write(vm->vmcs, VMCS_SECONDARY_CONTROLS, secondary);
	vm_apic_load(&vm->apic, vm->vmcs, page);
}

TEST_F(vm_event, a_tpr_below_the_threshold_exits_when_the_event_is_delivered)
{
	vmcs_write(self->vm.vmcs, VMCS_TPR_THRESHOLD, 5);
	vmcs_write(self->vm.vmcs, VMCS_ENTRY_INTERRUPTION_INFO, VALID | 0x51);
	use_apic(&self->vm, SECONDARY_APIC_ACCESSES);
	vm_event_load(&self->vm);
	EXPECT_FALSE(vm_event_before_run(&self->vm, &self->exit));
	vm_event_prepare(&self->vm);
	EXPECT_TRUE(leaves_at_once);
	self->v->event_inject = 0;
	EXPECT_TRUE(vm_event_before_run(&self->vm, &self->exit));
	EXPECT_EQ(VM_EXIT_TPR_BELOW_THRESHOLD, self->exit.reason);
}

TEST_F(vm_event, a_virtual_interrupt_is_delivered_but_not_inside_an_iret)
{
	use_apic(&self->vm, SECONDARY_VIRTUAL_INTERRUPTS);
	vapic_request_one(&self->vm.apic.regs, 0x51);
	self->v->rflags = X86_EFLAGS_IF;
	self->vm.step = true;
	vm_event_prepare(&self->vm);
	EXPECT_EQ(0, self->v->event_inject);
	self->vm.step = false;
	vm_event_prepare(&self->vm);
	EXPECT_EQ(VALID | 0x51, self->v->event_inject);
	EXPECT_EQ(0x51, self->vm.apic.svi);
}

TEST_F(vm_event, the_guest_reads_cr8_of_its_apic)
{
	use_apic(&self->vm, SECONDARY_APIC_ACCESSES);
	self->vm.apic.regs.page[VAPIC_TPR] = 0x7f;
	vm_event_prepare(&self->vm);
	EXPECT_EQ(7, self->v->int_control & SVM_V_TPR);
}

TEST_F(vm_event, a_step_that_an_exit_comes_before_is_pending)
{
	self->vm.step_pending = true;
	vm_event_store(&self->vm, &self->exit);
	EXPECT_EQ(PENDING_DEBUG_STEP, vmcs_read(self->vm.vmcs, VMCS_GUEST_PENDING_DEBUG));
}

TEST_F(vm_event, a_notification_is_no_exit)
{
	self->v->exit_code = SVM_EXIT_INTR;
	taken = 0xf2;
	EXPECT_TRUE(vm_event_interrupt(&self->vm, &self->exit));
	EXPECT_EQ(VALID | 0xf2, self->exit.info);
	self->vm.pin |= PIN_POSTED_INTERRUPTS;
	EXPECT_FALSE(vm_event_interrupt(&self->vm, &self->exit));
	/* An NMI that came with it is one. */
	taken_nmi = true;
	EXPECT_TRUE(vm_event_interrupt(&self->vm, &self->exit));
	EXPECT_EQ(VALID | SVM_EVENT_NMI | VECTOR_NMI, self->exit.info);
}

TEST_HARNESS_MAIN
