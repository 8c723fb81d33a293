// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: VMX instructions that load and read a VMCS. */
#include <string.h>

#include "harness.h"
#include "emulator/host/cr.h"
#include "emulator/host/vmcs.h"
#include "emulator/host/vmx.h"
#include "emulator/lib/log.h"
#include "emulator/machine/options.h"
#include "emulator/smp/smp.h"
#include "reports.h"

#define VMXON_PA	0x1000ULL

struct options options;
unsigned int nr_cpus = 2;

static struct vmcs vmcs __aligned(VMCS_BYTES);
static bool is_read_only;
static u64 operand;
static u32 injected;

u64 cr4_allowed(void)
{
	return X86_CR4_VMXE;
}

void smp_take_latched_init(struct cpu *cpu)
{
}

void log_line(const char *format, ...)
{
}

void vcpu_inject(struct vcpu *vcpu, unsigned int vector)
{
	injected = vector;
}

void vcpu_inject_error(struct vcpu *vcpu, unsigned int vector, u32 error)
{
	injected = vector;
}

void vcpu_skip_insn(struct vcpu *vcpu, unsigned int length)
{
	vcpu->vmcb.rip += length;
}

bool phys_reachable(u64 pa, u64 bytes)
{
	return true;
}

bool guest_read(struct vcpu *vcpu, u64 linear, void *buf, unsigned int bytes)
{
	memcpy(buf, &operand, bytes);
	return true;
}

bool guest_write(struct vcpu *vcpu, u64 linear, const void *buf, unsigned int bytes)
{
	return true;
}

bool guest_phys(struct vcpu *vcpu, u64 gpa, enum access access, u64 *pa)
{
	*pa = gpa;
	return access != ACCESS_WRITE || !is_read_only;
}

FIXTURE(vmx) {
	struct vcpu *vcpu;
};

FIXTURE_SETUP(vmx)
{
	static struct cpu cpu;
	struct vcpu *vcpu = &cpu.host;

	self->vcpu = vcpu;
	vcpu->cpu = &cpu;
	vcpu->vmcb.efer = EFER_LMA;
	vcpu->vmcb.cr0 = X86_CR0_PE;
	vcpu->vmcb.cs.attributes = SVM_SEG_L;
	cpu.vmx = (struct vmx_state){ true, VMXON_PA, VMCS_NONE };
	vmcs.revision = VMCS_REVISION;
	operand = phys_of(&vmcs);
}

FIXTURE_TEARDOWN(vmx)
{
}

static u64 load(struct vcpu *vcpu)
{
	const struct insn insn = { .length = 3 };

	vmx_vmptrld(vcpu, &insn);
	return vcpu->cpu->vmx.current_vmcs_pa;
}

TEST_F(vmx, a_vmcs_is_loaded)
{
	EXPECT_EQ(operand, load(self->vcpu));
	EXPECT_EQ(3, self->vcpu->vmcb.rip);
	EXPECT_EQ(1, vmcs.active_on);
	EXPECT_EQ(0, nr_reports);
}

TEST_F(vmx, a_vmcs_has_its_revision)
{
	vmcs.revision++;
	EXPECT_EQ(VMCS_NONE, load(self->vcpu));
	EXPECT_EQ(0, vmcs.active_on);
}

/* The CPU writes to it. */
TEST_F(vmx, a_vmcs_is_not_in_memory_that_the_host_can_only_read)
{
	is_read_only = true;
	EXPECT_EQ(VMCS_NONE, load(self->vcpu));
	EXPECT_EQ(0, vmcs.active_on);
	EXPECT_EQ(0, self->vcpu->vmcb.rip);
}

TEST_F(vmx, a_vmcs_is_active_on_one_cpu)
{
	vmcs.active_on = 2;
	EXPECT_EQ(operand, load(self->vcpu));
	EXPECT_EQ(1, nr_reports);
}

static u64 read_field(struct vcpu *vcpu, u64 encoding)
{
	const struct insn insn = { .length = 3, .reg = RAX, .rm = RBX };

	vcpu->gpr[RAX] = encoding;
	vcpu->gpr[RBX] = ~0ULL;
	vmx_vmread(vcpu, &insn);
	return vcpu->gpr[RBX];
}

TEST_F(vmx, fields_of_page_modification_logging_exist_with_its_control)
{
	load(self->vcpu);
	EXPECT_EQ(0, read_field(self->vcpu, VMCS_PML_ADDRESS));
	EXPECT_EQ(0, read_field(self->vcpu, VMCS_PML_ADDRESS | 1));
	EXPECT_EQ(0, read_field(self->vcpu, VMCS_GUEST_PML_INDEX));
	options.vms = true;
	EXPECT_EQ(~0ULL, read_field(self->vcpu, VMCS_PML_ADDRESS));
	EXPECT_EQ(~0ULL, read_field(self->vcpu, VMCS_GUEST_PML_INDEX));
	EXPECT_EQ(VMERR_UNSUPPORTED_FIELD, vmcs_read(&vmcs, VMCS_INSTRUCTION_ERROR));
}

TEST_HARNESS_MAIN
