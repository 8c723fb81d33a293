// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: events of an ordinary VM's vCPU. */
#include <string.h>

#include "harness.h"
#include "emulator/cpu/decode.h"
#include "emulator/cpu/interrupt.h"
#include "emulator/host/softint.h"
#include "emulator/smp/apic.h"
#include "emulator/smp/shootdown.h"
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
