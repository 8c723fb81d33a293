// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: instructions of ordinary VMs that access the virtual APIC. */
#include <string.h>

#include "harness.h"
#include "emulator/vm/vm_apic_insn.h"

#define PAGE_PA		0x7000
#define LINEAR		0xffffffffff5fd000ULL

static const char *code;
static unsigned int code_bytes, fault;

unsigned int guest_fetch(const struct vcpu *vcpu, u64 linear, u8 *buf, unsigned int bytes)
{
	if (bytes > code_bytes)
		bytes = code_bytes;
	memcpy(buf, code, bytes);
	return bytes;
}

void vcpu_skip_insn(struct vcpu *vcpu, unsigned int length)
{
	vcpu->vmcb.rip += length;
	if (vcpu->vmcb.rflags & X86_EFLAGS_TF) {
		vcpu->vmcb.event_inject = SVM_EVENT_VALID | SVM_EVENT_EXCEPTION | VECTOR_DB;
		vcpu->vmcb.dr6 |= DR6_SINGLE_STEP;
	}
}

void vcpu_inject_error(struct vcpu *vcpu, unsigned int vector, u32 error)
{
	fault = vector;
}

FIXTURE(vm_apic_insn) {
	struct vcpu *vcpu;
	struct vm vm;
	u8 *page;
	struct vm_exit exit;
};

FIXTURE_SETUP(vm_apic_insn)
{
	static struct vcpu vcpu __aligned(4096);
	static struct vmcs vmcs;
	static u8 page[4096] __aligned(4096);

	memset(&vcpu, 0, sizeof(vcpu));
	memset(&vmcs, 0, sizeof(vmcs));
	memset(page, 0, sizeof(page));
	memset(&self->exit, 0, sizeof(self->exit));
	fault = 0;
	vcpu.vmcb.efer = EFER_LMA;
	vcpu.vmcb.cs.attributes = SVM_SEG_L;
	vcpu.gpr[RBX] = LINEAR;
	self->vcpu = &vcpu;
	self->page = page;
	self->vm = (struct vm){ .vcpu = &vcpu, .vmcs = &vmcs };
	vmcs_write(&vmcs, VMCS_PRIMARY_CONTROLS, PRIMARY_TPR_SHADOW | PRIMARY_SECONDARY);
	vmcs_write(&vmcs, VMCS_SECONDARY_CONTROLS,
		   SECONDARY_APIC_ACCESSES | SECONDARY_APIC_REGISTERS);
	vmcs_write(&vmcs, VMCS_APIC_ACCESS_ADDR, PAGE_PA);
	vm_apic_load(&self->vm.apic, &vmcs, page);
}

FIXTURE_TEARDOWN(vm_apic_insn)
{
}

static bool access_at(struct vm *vm, const char *bytes, unsigned int count, unsigned int offset,
		      u64 info, struct vm_exit *exit)
{
	code = bytes;
	code_bytes = count;
	vm->vcpu->vmcb.rip = 0x1000;
	vm->vcpu->vmcb.exit_info1 = info;
	vm->vcpu->vmcb.exit_info2 = 0xfee00000 + offset;
	return vm_apic_access(vm, exit);
}

#define ACCESS(bytes, offset, info) \
	access_at(&self->vm, bytes, sizeof(bytes) - 1, offset, info, &self->exit)

/* Each with RBX as the base, or with an address */
static const struct {
	const char *bytes;
	unsigned int length;
	u64 before, after;	/* RDX, or RAX of an instruction with an address */
	u32 value, written;	/* in the page */
} moves[] = {
	{ "\x8b\x93\x80\x00\x00\x00", 6, ~0ULL, 0x11223344, 0x11223344, 0x11223344 },
	{ "\x66\x8b\x93\x80\x00\x00\x00", 7, ~0ULL, 0xffffffffffff3344, 0x11223344, 0x11223344 },
	{ "\x8a\x93\x80\x00\x00\x00", 6, ~0ULL, 0xffffffffffffff44, 0x11223344, 0x11223344 },
	{ "\x8a\xb3\x80\x00\x00\x00", 6, ~0ULL, 0xffffffffffff44ff, 0x11223344, 0x11223344 },
	{ "\x0f\xb6\x93\x80\x00\x00\x00", 7, ~0ULL, 0x44, 0x11223344, 0x11223344 },
	{ "\x48\x0f\xb7\x93\x80\x00\x00\x00", 8, ~0ULL, 0x3344, 0x11223344, 0x11223344 },
	{ "\x66\x0f\xb6\x93\x80\x00\x00\x00", 8, ~0ULL, 0xffffffffffff0044, 0x44, 0x44 },
	{ "\x89\x93\x80\x00\x00\x00", 6, 0x30, 0x30, 0x55, 0x30 },
	{ "\x88\x93\x80\x00\x00\x00", 6, 0x1230, 0x1230, 0x55, 0x30 },
	{ "\x88\xb3\x80\x00\x00\x00", 6, 0x1230, 0x1230, 0x55, 0x12 },
	{ "\x40\x8a\x93\x80\x00\x00\x00", 7, 0x1230, 0x1255, 0x55, 0x55 },
	{ "\x87\x93\x80\x00\x00\x00", 6, 0x30, 0x55, 0x55, 0x30 },
	{ "\xf0\x87\x93\x80\x00\x00\x00", 7, 0x30, 0x55, 0x55, 0x30 },
	{ "\x86\x93\x80\x00\x00\x00", 6, 0x1230, 0x1255, 0x55, 0x30 },
	{ "\xc7\x83\x80\x00\x00\x00\x30\x00\x00\x00", 10, 7, 7, 0x55, 0x30 },
	{ "\xc6\x83\x80\x00\x00\x00\x30", 7, 7, 7, 0x55, 0x30 },
};

TEST_F(vm_apic_insn, moves_values_as_the_cpu_does)
{
	unsigned int i;
	bool exits;

	for (i = 0; i < ARRAY_LEN(moves); i++) {
		self->vcpu->gpr[RDX] = moves[i].before;
		memcpy(self->page + VAPIC_TPR, &moves[i].value, 4);
		exits = access_at(&self->vm, moves[i].bytes, moves[i].length, VAPIC_TPR, 0,
				  &self->exit);
		EXPECT_FALSE(exits);
		EXPECT_EQ(0x1000 + moves[i].length, self->vcpu->vmcb.rip) TH_LOG("case %u", i);
		EXPECT_EQ(moves[i].after, self->vcpu->gpr[RDX]) TH_LOG("case %u", i);
		EXPECT_EQ(moves[i].written, vapic_read(&self->vm.apic.regs, VAPIC_TPR))
			TH_LOG("case %u", i);
	}
}

TEST_F(vm_apic_insn, a_fixed_address_is_one_too)
{
	self->vcpu->gpr[RAX] = ~0ULL;
	self->page[VAPIC_TPR] = 0x55;
	EXPECT_FALSE(ACCESS("\xa1\x80\xd0\x5f\xff\xff\xff\xff\xff", VAPIC_TPR, 0));
	EXPECT_EQ(0x55, self->vcpu->gpr[RAX]);
	EXPECT_EQ(0x1009, self->vcpu->vmcb.rip);
	/* 32-bit code */
	self->vcpu->vmcb.efer = 0;
	self->vcpu->vmcb.cs.attributes = SVM_SEG_DB;
	self->vcpu->gpr[RAX] = 0x20;
	EXPECT_FALSE(ACCESS("\xa3\x80\xd0\xbf\xff", VAPIC_TPR, SVM_NPF_WRITE));
	EXPECT_EQ(0x20, self->page[VAPIC_TPR]);
	EXPECT_EQ(0x1005, self->vcpu->vmcb.rip);
}

TEST_F(vm_apic_insn, an_exit_behind_a_write_has_no_instruction)
{
	EXPECT_TRUE(ACCESS("\x89\x93\x20\x03\x00\x00", 0x320, SVM_NPF_WRITE));
	EXPECT_EQ(VM_EXIT_APIC_WRITE, self->exit.reason);
	EXPECT_EQ(0x320, self->exit.qualification);
	EXPECT_EQ(0, self->exit.length);
	EXPECT_EQ(0x1006, self->vcpu->vmcb.rip);
}

TEST_F(vm_apic_insn, the_trap_of_a_step_comes_behind_an_exit_behind_a_write)
{
	self->vcpu->vmcb.rflags = X86_EFLAGS_TF;
	EXPECT_TRUE(ACCESS("\x89\x93\x20\x03\x00\x00", 0x320, SVM_NPF_WRITE));
	EXPECT_TRUE(self->vm.step_pending);
	EXPECT_EQ(0, self->vcpu->vmcb.event_inject);
	EXPECT_EQ(0, self->vcpu->vmcb.dr6);
	/* Without an exit, it is an event like others. */
	self->vm.step_pending = false;
	EXPECT_FALSE(ACCESS("\x89\x93\x80\x00\x00\x00", VAPIC_TPR, SVM_NPF_WRITE));
	EXPECT_FALSE(self->vm.step_pending);
	EXPECT_EQ(DR6_SINGLE_STEP, self->vcpu->vmcb.dr6);
}

TEST_F(vm_apic_insn, an_exit_instead_of_an_access_tells_the_length)
{
	self->vcpu->gpr[RDX] = 0x77;
	EXPECT_TRUE(ACCESS("\x8b\x93\x90\x03\x00\x00", 0x390, 0));
	EXPECT_EQ(VM_EXIT_APIC_ACCESS, self->exit.reason);
	EXPECT_EQ(0x390, self->exit.qualification);
	EXPECT_EQ(6, self->exit.length);
	EXPECT_EQ(0x1000, self->vcpu->vmcb.rip);
	EXPECT_EQ(0x77, self->vcpu->gpr[RDX]);
	EXPECT_TRUE(ACCESS("\x48\x89\x93\x80\x00\x00\x00", VAPIC_TPR, SVM_NPF_WRITE));
	EXPECT_EQ(0x1080, self->exit.qualification);
}

TEST_F(vm_apic_insn, instructions_that_are_not_known_exit)
{
	/* OR, and a MOV to another address: then the fault is not that of its operand */
	EXPECT_TRUE(ACCESS("\x09\x93\x80\x00\x00\x00", VAPIC_TPR, 0));
	EXPECT_EQ(VAPIC_TPR, self->exit.qualification);
	EXPECT_TRUE(ACCESS("\x8b\x93\x90\x00\x00\x00", VAPIC_TPR, 0));
	EXPECT_EQ(VAPIC_TPR, self->exit.qualification);
}

static const struct {
	u64 info;
	u32 event;
	u64 qualification;
} others[] = {
	{ SVM_NPF_FETCH, 0, 0x2080 },
	{ SVM_NPF_WALK | SVM_NPF_WRITE, 0, 0xf000 },
	{ SVM_NPF_WRITE, 0x80000061, 0x3080 },
};

TEST_F(vm_apic_insn, other_accesses_exit)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(others); i++) {
		self->vcpu->vmcb.event_inject = others[i].event;
		EXPECT_TRUE(ACCESS("\x8b\x93\x80\x00\x00\x00", VAPIC_TPR, others[i].info));
		EXPECT_EQ(VM_EXIT_APIC_ACCESS, self->exit.reason);
		EXPECT_EQ(others[i].qualification, self->exit.qualification);
	}
}

TEST_F(vm_apic_insn, the_page_is_that_of_the_vmcs)
{
	EXPECT_TRUE(vm_apic_is_page(&self->vm, PAGE_PA + 0x123));
	EXPECT_FALSE(vm_apic_is_page(&self->vm, PAGE_PA + 0x1000));
	self->vm.apic.secondary = 0;
	EXPECT_FALSE(vm_apic_is_page(&self->vm, PAGE_PA));
}

TEST_F(vm_apic_insn, rdmsr_and_wrmsr_access_the_virtual_apic)
{
	const struct insn insn = { .length = 2 };
	bool exits = true;

	EXPECT_FALSE(vm_apic_msr(&self->vm, &insn, 0x808, &exits, &self->exit));
	self->vm.apic.secondary = SECONDARY_X2APIC_MODE;
	self->page[VAPIC_TPR] = 0x55;
	EXPECT_TRUE(vm_apic_msr(&self->vm, &insn, 0x808, &exits, &self->exit));
	EXPECT_FALSE(exits);
	EXPECT_EQ(0x55, self->vcpu->gpr[RAX]);
	self->vcpu->vmcb.exit_info1 = 1;
	self->vm.apic.threshold = 1;
	self->vcpu->gpr[RAX] = 0xf;
	EXPECT_TRUE(vm_apic_msr(&self->vm, &insn, 0x808, &exits, &self->exit));
	EXPECT_TRUE(exits);
	EXPECT_EQ(VM_EXIT_TPR_BELOW_THRESHOLD, self->exit.reason);
	EXPECT_EQ(4, self->vcpu->vmcb.rip);
	self->vcpu->gpr[RDX] = 1;
	EXPECT_TRUE(vm_apic_msr(&self->vm, &insn, 0x808, &exits, &self->exit));
	EXPECT_FALSE(exits);
	EXPECT_EQ(VECTOR_GP, fault);
	EXPECT_EQ(4, self->vcpu->vmcb.rip);
}

TEST_F(vm_apic_insn, mov_to_cr8_writes_the_task_priority)
{
	const struct insn insn = { .length = 4 };

	EXPECT_FALSE(vm_apic_cr8_write(&self->vm, &insn, 5, &self->exit));
	EXPECT_EQ(0x50, self->page[VAPIC_TPR]);
	EXPECT_EQ(4, self->vcpu->vmcb.rip);
}

TEST_HARNESS_MAIN
