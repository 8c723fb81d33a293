// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: exits of a TD's vCPU, as VMX describes them. */
#include <string.h>

#include "harness.h"
#include "emulator/td/td_exit.h"

static u32 injected;
static u16 memory;

void vcpu_inject_error(struct vcpu *vcpu, unsigned int vector, u32 error)
{
	injected = vector;
}

bool guest_read(struct vcpu *vcpu, u64 linear, void *buf, unsigned int bytes)
{
	memcpy(buf, &memory, bytes);
	return true;
}

FIXTURE(td_exit) {
	struct vcpu *vcpu;
	struct insn insn;
	struct tdx_model_exit exit;
};

FIXTURE_SETUP(td_exit)
{
	static struct vcpu vcpu;

	memset(&vcpu, 0, sizeof(vcpu));
	memset(&self->insn, 0, sizeof(self->insn));
	self->vcpu = &vcpu;
	self->insn.map = MAP_0F;
	self->insn.length = 3;
	injected = 0;
}

FIXTURE_TEARDOWN(td_exit)
{
}

static const struct {
	u64 code, info;
	u8 opcode;
	u32 reason;
} plain[] = {
	{ SVM_EXIT_CPUID, 0, 0xa2, 10 },
	{ SVM_EXIT_HLT, 0, 0xf4, 12 },
	{ SVM_EXIT_INVD, 0, 0x08, 13 },
	{ SVM_EXIT_WBINVD, 0, 0x08, 13 },	/* of QEMU 7.2 */
	{ SVM_EXIT_WBINVD, 0, 0x09, 54 },
	{ SVM_EXIT_RDPMC, 0, 0x33, 15 },
	{ SVM_EXIT_MSR, 0, 0x32, 31 },
	{ SVM_EXIT_MSR, 1, 0x30, 32 },
	{ SVM_EXIT_MONITOR, 0, 0x01, 39 },
	{ SVM_EXIT_MWAIT, 0, 0x01, 36 },
	{ SVM_EXIT_XSETBV, 0, 0x01, 55 },
};

TEST_F(td_exit, instructions_have_the_reasons_of_vmx)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(plain); i++) {
		self->vcpu->vmcb.exit_code = plain[i].code;
		self->vcpu->vmcb.exit_info1 = plain[i].info;
		self->insn.opcode = plain[i].opcode;
		ASSERT_TRUE(td_exit_instruction(self->vcpu, &self->insn, &self->exit));
		EXPECT_EQ(plain[i].reason, self->exit.reason) TH_LOG("case %u", i);
		EXPECT_EQ(3, self->exit.instruction_length);
		EXPECT_EQ(0, self->exit.qualification);
	}
	self->vcpu->vmcb.exit_code = SVM_EXIT_VMMCALL;
	EXPECT_FALSE(td_exit_instruction(self->vcpu, &self->insn, &self->exit));
}

/* SDM vol. 3, "Exit Qualification for I/O Instructions" */
static const struct {
	u64 info;
	u8 opcode;
	u64 qualification;
} io[] = {
	{ 0x00700011, 0xe4, 0x00700048 },	/* IN AL, 0x70 */
	{ 0x0cf80040, 0xef, 0x0cf80003 },	/* OUT DX, EAX */
	{ 0x03f80010, 0xee, 0x03f80000 },	/* OUT DX, AL */
	{ 0x00800020, 0xe7, 0x00800041 },	/* OUT 0x80, AX */
	{ 0x01f0002d, 0x6d, 0x01f00039 },	/* REP INSW */
	{ 0x01f00044, 0x6f, 0x01f00013 },	/* OUTSD */
};

TEST_F(td_exit, io_is_qualified)
{
	unsigned int i;

	self->vcpu->vmcb.exit_code = SVM_EXIT_IOIO;
	self->insn.map = MAP_ONE_BYTE;
	for (i = 0; i < ARRAY_LEN(io); i++) {
		self->vcpu->vmcb.exit_info1 = io[i].info;
		self->insn.opcode = io[i].opcode;
		ASSERT_TRUE(td_exit_instruction(self->vcpu, &self->insn, &self->exit));
		EXPECT_EQ(30, self->exit.reason);
		EXPECT_EQ(io[i].qualification, self->exit.qualification) TH_LOG("case %u", i);
	}
}

/* SDM vol. 3, "Exit Qualification for Control-Register Accesses" */
TEST_F(td_exit, control_registers_are_qualified)
{
	self->vcpu->vmcb.exit_code = SVM_EXIT_WRITE_CR4;
	self->insn.opcode = 0x22;
	self->insn.reg = 4;
	self->insn.rm = R10;
	ASSERT_TRUE(td_exit_instruction(self->vcpu, &self->insn, &self->exit));
	EXPECT_EQ(28, self->exit.reason);
	EXPECT_EQ(0xa04, self->exit.qualification);
	self->vcpu->vmcb.exit_code = SVM_EXIT_WRITE_CR0;
	self->insn.opcode = 0x06;	/* CLTS */
	td_exit_instruction(self->vcpu, &self->insn, &self->exit);
	EXPECT_EQ(0x20, self->exit.qualification);
	self->insn.opcode = 0x01;	/* LMSW */
	self->insn.rm = RBX;
	self->vcpu->gpr[RBX] = 0x12340009;
	td_exit_instruction(self->vcpu, &self->insn, &self->exit);
	EXPECT_EQ(0x00090030, self->exit.qualification);
	self->insn.mem = true;
	memory = 0x7f;
	td_exit_instruction(self->vcpu, &self->insn, &self->exit);
	EXPECT_EQ(0x007f0070, self->exit.qualification);
}

TEST_F(td_exit, tdcall_is_an_undefined_opcode_of_qemu)
{
	self->insn.opcode = 0x01;
	self->insn.modrm = 0xcc;
	EXPECT_FALSE(td_exit_undefined(self->vcpu, &self->insn, &self->exit));
	self->insn.prefixes = PREFIX_66;
	ASSERT_TRUE(td_exit_undefined(self->vcpu, &self->insn, &self->exit));
	EXPECT_EQ(77, self->exit.reason);
	EXPECT_EQ(3, self->exit.instruction_length);
	self->insn.lock = true;
	EXPECT_FALSE(td_exit_undefined(self->vcpu, &self->insn, &self->exit));
	EXPECT_EQ(0, injected);
}

TEST_F(td_exit, a_program_cannot_execute_tdcall)
{
	self->insn.opcode = 0x01;
	self->insn.modrm = 0xcc;
	self->insn.prefixes = PREFIX_66;
	self->vcpu->vmcb.cpl = 3;
	EXPECT_FALSE(td_exit_undefined(self->vcpu, &self->insn, &self->exit));
	EXPECT_EQ(VECTOR_GP, injected);
	/* but VMCALL has an exit at each privilege level */
	self->insn.modrm = 0xc1;
	self->insn.prefixes = PREFIX_NONE;
	ASSERT_TRUE(td_exit_undefined(self->vcpu, &self->insn, &self->exit));
	EXPECT_EQ(18, self->exit.reason);
}

TEST_HARNESS_MAIN
