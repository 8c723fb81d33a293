// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: control and debug registers of an ordinary VM's vCPU. */
#include <string.h>

#include "harness.h"
#include "emulator/host/cr.h"
#include "emulator/vm/vm_apic_insn.h"
#include "emulator/vm/vm_cr.h"
#include "emulator/vm/vm_intercept.h"

#define CR0_TS		BIT_ULL(3)
#define CR0_EM		BIT_ULL(2)
#define CR0		(X86_CR0_PG | X86_CR0_NE | X86_CR0_ET | X86_CR0_PE)
#define CR4		(X86_CR4_VMXE | X86_CR4_PAE)
#define LONG_MODE	(EFER_LME | EFER_LMA)

static unsigned int skipped, gp_faults;

void vcpu_skip_insn(struct vcpu *vcpu, unsigned int length)
{
	skipped++;
}

void vcpu_inject(struct vcpu *vcpu, unsigned int vector)
{
}

void vcpu_inject_error(struct vcpu *vcpu, unsigned int vector, u32 error)
{
	gp_faults++;
}

void vcpu_set_cr4(struct vcpu *vcpu, u64 value)
{
	vcpu->vmcb.cr4 = value & ~X86_CR4_VMXE;
	vcpu->cr4_hidden = value & X86_CR4_VMXE;
}

void vcpu_set_efer(struct vcpu *vcpu, u64 value)
{
	vcpu->efer_lme = value & EFER_LME;
}

u64 cr4_allowed(void)
{
	return X86_CR4_VMXE | X86_CR4_PAE | X86_CR4_PSE | X86_CR4_SMEP | X86_CR4_LA57;
}

bool cr_smsw(struct vcpu *vcpu, const struct insn *insn, u64 cr0)
{
	vcpu->gpr[insn->rm] = cr0;
	return true;
}

bool guest_read(struct vcpu *vcpu, u64 linear, void *buf, unsigned int bytes)
{
	return false;
}

void vm_intercept_cr_reads(struct vm *vm)
{
}

bool vm_apic_has_tpr(const struct vm_apic *apic)
{
	return true;
}

u8 vapic_tpr_class(const struct vapic *apic)
{
	return 5;
}

bool vm_apic_cr8_write(struct vm *vm, const struct insn *insn, u64 value, struct vm_exit *exit)
{
	exit->reason = VM_EXIT_TPR_BELOW_THRESHOLD;
	return true;
}

FIXTURE(vm_cr) {
	struct vm vm;
	struct vm_exit exit;
	struct vcpu *vcpu;
};

FIXTURE_SETUP(vm_cr)
{
	static struct cpu cpu;
	static struct vmcs vmcs;

	memset(&cpu, 0, sizeof(cpu));
	memset(&vmcs, 0, sizeof(vmcs));
	self->vm = (struct vm){ .vcpu = &cpu.vm, .vmcs = &vmcs };
	self->vcpu = &cpu.vm;
	self->vcpu->vmcb.cr0 = CR0;
	self->vcpu->vmcb.efer = LONG_MODE;
	self->vcpu->efer_lme = true;
	self->vcpu->vmcb.cs.attributes = SVM_SEG_L;
	vcpu_set_cr4(self->vcpu, CR4);
	skipped = 0;
	gp_faults = 0;
}

FIXTURE_TEARDOWN(vm_cr)
{
}

static bool mov_to(struct vm *vm, unsigned int number, u64 value, struct vm_exit *exit)
{
	const struct insn insn = { .map = MAP_0F, .opcode = 0x22, .reg = number, .rm = RBX,
				   .length = 3 };

	vm->vcpu->gpr[RBX] = value;
	return vm_cr_access(vm, &insn, exit);
}

static u64 mov_from(struct vm *vm, unsigned int number)
{
	const struct insn insn = { .map = MAP_0F, .opcode = 0x20, .reg = number, .rm = RBX };
	struct vm_exit exit;

	return vm_cr_access(vm, &insn, &exit) ? ~0ULL : vm->vcpu->gpr[RBX];
}

TEST_F(vm_cr, masked_bits_are_read_from_the_shadow)
{
	self->vm.cr0_mask = CR0_TS | X86_CR0_NE;
	self->vm.cr0_shadow = CR0_TS | CR0_EM;
	EXPECT_EQ((CR0 & ~X86_CR0_NE) | CR0_TS, mov_from(&self->vm, 0));
	self->vm.cr4_mask = X86_CR4_VMXE;
	EXPECT_EQ(X86_CR4_PAE, mov_from(&self->vm, 4));
	self->vm.cr4_mask = 0;
	EXPECT_EQ(CR4, mov_from(&self->vm, 4));
}

TEST_F(vm_cr, a_write_exits_if_a_masked_bit_differs_from_the_shadow)
{
	self->vm.cr0_mask = ~CR0_TS;
	self->vm.cr0_shadow = CR0;
	EXPECT_FALSE(mov_to(&self->vm, 0, CR0 | CR0_TS, &self->exit));
	EXPECT_EQ(CR0 | CR0_TS, self->vcpu->vmcb.cr0);
	EXPECT_TRUE(mov_to(&self->vm, 0, CR0 | X86_CR0_WP, &self->exit));
	EXPECT_EQ(VM_EXIT_CR, self->exit.reason);
	EXPECT_EQ((u64)RBX << 8, self->exit.qualification);
	EXPECT_EQ(3, self->exit.length);
	EXPECT_EQ(CR0 | CR0_TS, self->vcpu->vmcb.cr0);
}

TEST_F(vm_cr, a_masked_bit_keeps_its_value)
{
	self->vm.cr4_mask = X86_CR4_VMXE;
	EXPECT_FALSE(mov_to(&self->vm, 4, X86_CR4_PAE | X86_CR4_SMEP, &self->exit));
	EXPECT_EQ(CR4 | X86_CR4_SMEP, vcpu_cr4(self->vcpu));
	EXPECT_EQ(0, gp_faults);
}

TEST_F(vm_cr, invalid_values_fault)
{
	static const struct { unsigned int number; u64 value; } invalid[] = {
		{ 0, BIT_ULL(32) | CR0 }, { 0, CR0 & ~X86_CR0_NE }, { 0, CR0 & ~X86_CR0_PE },
		{ 0, CR0 | X86_CR0_NW }, { 0, CR0 & ~X86_CR0_PG },
		{ 4, X86_CR4_PAE }, { 4, X86_CR4_VMXE }, { 4, CR4 | X86_CR4_LA57 },
		{ 4, CR4 | BIT_ULL(63) },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(invalid); i++) {
		EXPECT_FALSE(mov_to(&self->vm, invalid[i].number, invalid[i].value, &self->exit));
		EXPECT_EQ(i + 1, gp_faults) TH_LOG("case %u", i);
	}
	EXPECT_EQ(0, skipped);
	EXPECT_EQ(CR0, self->vcpu->vmcb.cr0);
}

TEST_F(vm_cr, paging_starts_long_mode)
{
	self->vcpu->vmcb.cs.attributes = SVM_SEG_DB;
	self->vcpu->vmcb.efer = EFER_LME;
	self->vcpu->vmcb.cr0 = CR0 & ~X86_CR0_PG;
	EXPECT_FALSE(mov_to(&self->vm, 0, CR0, &self->exit));
	EXPECT_TRUE(self->vcpu->vmcb.efer & EFER_LMA);
	EXPECT_FALSE(mov_to(&self->vm, 0, CR0 & ~X86_CR0_PG, &self->exit));
	EXPECT_FALSE(self->vcpu->vmcb.efer & EFER_LMA);
	vcpu_set_cr4(self->vcpu, X86_CR4_VMXE);
	EXPECT_FALSE(mov_to(&self->vm, 0, CR0, &self->exit));
	EXPECT_EQ(1, gp_faults);
}

TEST_F(vm_cr, clts_looks_at_the_shadow_of_ts)
{
	const struct insn insn = { .map = MAP_0F, .opcode = 0x06 };

	self->vcpu->vmcb.cr0 = CR0 | CR0_TS;
	self->vm.cr0_mask = CR0_TS;
	EXPECT_FALSE(vm_cr_access(&self->vm, &insn, &self->exit));
	EXPECT_EQ(CR0 | CR0_TS, self->vcpu->vmcb.cr0);
	self->vm.cr0_shadow = CR0_TS;
	EXPECT_TRUE(vm_cr_access(&self->vm, &insn, &self->exit));
	EXPECT_EQ(2 << 4, self->exit.qualification);
	self->vm.cr0_mask = 0;
	EXPECT_FALSE(vm_cr_access(&self->vm, &insn, &self->exit));
	EXPECT_EQ(CR0, self->vcpu->vmcb.cr0);
}

TEST_F(vm_cr, lmsw_sets_pe_and_never_clears_it)
{
	const struct insn insn = { .map = MAP_0F, .opcode = 0x01, .modrm = 0xf3, .rm = RBX };

	self->vcpu->gpr[RBX] = CR0_TS;
	EXPECT_FALSE(vm_cr_access(&self->vm, &insn, &self->exit));
	EXPECT_EQ(CR0 | CR0_TS, self->vcpu->vmcb.cr0);
	self->vm.cr0_mask = X86_CR0_PE;
	EXPECT_FALSE(vm_cr_access(&self->vm, &insn, &self->exit));
	self->vcpu->gpr[RBX] = X86_CR0_PE;
	EXPECT_TRUE(vm_cr_access(&self->vm, &insn, &self->exit));
	EXPECT_EQ(3 << 4 | 1 << 16, self->exit.qualification);
}

TEST_F(vm_cr, cr3_has_targets)
{
	self->vm.primary = PRIMARY_CR3_LOAD_EXITING;
	vmcs_write(self->vm.vmcs, VMCS_CR3_TARGET_COUNT, 2);
	vmcs_write(self->vm.vmcs, VMCS_CR3_TARGET_VALUE1, 0x5000);
	vmcs_write(self->vm.vmcs, VMCS_CR3_TARGET_VALUE2, 0x6000);
	EXPECT_FALSE(mov_to(&self->vm, 3, 0x5000, &self->exit));
	EXPECT_EQ(0x5000, self->vcpu->vmcb.cr3);
	EXPECT_TRUE(mov_to(&self->vm, 3, 0x6000, &self->exit));
	EXPECT_EQ(3 | RBX << 8, self->exit.qualification);
	EXPECT_EQ(0x5000, mov_from(&self->vm, 3));
	self->vm.primary = PRIMARY_CR3_STORE_EXITING;
	EXPECT_EQ(~0ULL, mov_from(&self->vm, 3));
}

TEST_F(vm_cr, cr8_is_that_of_the_virtual_apic)
{
	EXPECT_EQ(5, mov_from(&self->vm, 8));
	EXPECT_FALSE(mov_to(&self->vm, 8, 0x10, &self->exit));
	EXPECT_EQ(1, gp_faults);
	EXPECT_TRUE(mov_to(&self->vm, 8, 0xf, &self->exit));
	EXPECT_EQ(VM_EXIT_TPR_BELOW_THRESHOLD, self->exit.reason);
	self->vm.primary = PRIMARY_CR8_LOAD_EXITING | PRIMARY_CR8_STORE_EXITING;
	EXPECT_TRUE(mov_to(&self->vm, 8, 0x10, &self->exit));
	EXPECT_EQ(VM_EXIT_CR, self->exit.reason);
	EXPECT_EQ(~0ULL, mov_from(&self->vm, 8));
}

static bool mov_dr(struct vm *vm, u8 opcode, unsigned int number, u64 value, struct vm_exit *exit)
{
	const struct insn insn = { .map = MAP_0F, .opcode = opcode, .reg = number, .rm = RBX };

	vm->vcpu->gpr[RBX] = value;
	return vm_dr_access(vm, &insn, exit);
}

TEST_F(vm_cr, debug_registers_exit_or_are_emulated)
{
	EXPECT_FALSE(mov_dr(&self->vm, 0x23, 7, ~0U, &self->exit));
	EXPECT_EQ(0xffff27ff, self->vcpu->vmcb.dr7);
	EXPECT_FALSE(mov_dr(&self->vm, 0x21, 7, 0, &self->exit));
	EXPECT_EQ(0xffff27ff, self->vcpu->gpr[RBX]);
	EXPECT_FALSE(mov_dr(&self->vm, 0x23, 6, BIT_ULL(32), &self->exit));
	EXPECT_EQ(1, gp_faults);
	self->vm.primary = PRIMARY_MOV_DR_EXITING;
	EXPECT_TRUE(mov_dr(&self->vm, 0x21, 6, 0, &self->exit));
	EXPECT_EQ(VM_EXIT_DR, self->exit.reason);
	EXPECT_EQ(6 | 1 << 4 | RBX << 8, self->exit.qualification);
}

TEST_HARNESS_MAIN
