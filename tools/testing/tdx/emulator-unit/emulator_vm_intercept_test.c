// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: what an ordinary VM's vCPU is intercepted for. */
#include <string.h>

#include "harness.h"
#include "emulator/cpu/walk.h"
#include "emulator/host/intercepts.h"
#include "emulator/memory/host_map.h"
#include "emulator/vm/vm_intercept.h"

#define MSR_STAR	0xc0000081
#define MSR_LSTAR	0xc0000082
#define MSR_SFMASK	0xc0000084
#define CR_READS	(SVM_INTERCEPT_CR_READ(0) | SVM_INTERCEPT_CR_READ(4))

struct cpu cpus[MAX_CPUS] __aligned(4096);
unsigned int nr_cpus = 1;
static u8 msr_bitmap[PAGE_SIZE], io_bitmap[2][PAGE_SIZE] __page_aligned, trapped[IO_BITMAP_BYTES];

bool phys_reachable(u64 pa, u64 bytes)
{
	return true;
}

bool host_map_has(u64 pa)
{
	return pa;
}

const u8 *host_trapped_ports(void)
{
	return trapped;
}

FIXTURE(vm_intercept) {
	struct vm vm;
	struct vmcs vmcs;
	struct vmcb *v;
};

FIXTURE_SETUP(vm_intercept)
{
	memset(&self->vmcs, 0, sizeof(self->vmcs));
	memset(msr_bitmap, 0, sizeof(msr_bitmap));
	memset(io_bitmap, 0, sizeof(io_bitmap));
	memset(trapped, 0, sizeof(trapped));
	memset(&cpus[0], 0, sizeof(cpus[0]));
	cpus[0].vm.cpu = &cpus[0];
	self->vm = (struct vm){ .vcpu = &cpus[0].vm, .vmcs = &self->vmcs };
	self->v = &cpus[0].vm.vmcb;
	vmcs_write(&self->vmcs, VMCS_IO_BITMAP_A, phys_of(io_bitmap[0]));
	vmcs_write(&self->vmcs, VMCS_IO_BITMAP_B, phys_of(io_bitmap[1]));
	vm_intercept_init();
}

FIXTURE_TEARDOWN(vm_intercept)
{
}

TEST_F(vm_intercept, msrs_exit_by_the_bitmap)
{
	EXPECT_TRUE(vm_intercepts_msr(&self->vm, 0x10, false));
	self->vm.msr_bitmap = msr_bitmap;
	EXPECT_FALSE(vm_intercepts_msr(&self->vm, 0x10, false));
	msr_bitmap[0x10 / 8] = 1 << 0x10 % 8;
	EXPECT_TRUE(vm_intercepts_msr(&self->vm, 0x10, false));
	EXPECT_FALSE(vm_intercepts_msr(&self->vm, 0x10, true));
	msr_bitmap[3072 + 0x82 / 8] = 1 << 0x82 % 8;
	EXPECT_TRUE(vm_intercepts_msr(&self->vm, MSR_LSTAR, true));
	EXPECT_FALSE(vm_intercepts_msr(&self->vm, MSR_LSTAR, false));
	EXPECT_TRUE(vm_intercepts_msr(&self->vm, 0x2000, false));
	EXPECT_TRUE(vm_intercepts_msr(&self->vm, 0xc0002000, false));
}

/* The two bits of an MSR from 0xc0000000 on: reads, writes */
static unsigned int svm_bits(const struct vmcb *v, unsigned int msr)
{
	const u8 *bitmap = phys(v->msrpm_base_pa);
	unsigned int at = msr % 0x2000;

	return bitmap[0x800 + at / 4] >> at % 4 * 2 & 3;
}

TEST_F(vm_intercept, the_cpu_accesses_only_msrs_that_it_has)
{
	self->vm.msr_bitmap = msr_bitmap;
	msr_bitmap[3072 + 0x84 / 8] = 1 << 0x84 % 8;
	vm_intercept(&self->vm);
	EXPECT_EQ(0, svm_bits(self->v, MSR_STAR));
	EXPECT_EQ(2, svm_bits(self->v, MSR_SFMASK));
	/* EFER, which the emulator has to see */
	EXPECT_EQ(3, svm_bits(self->v, MSR_EFER));
	self->vm.msr_bitmap = NULL;
	vm_intercept(&self->vm);
	EXPECT_EQ(3, svm_bits(self->v, MSR_STAR));
}

/* QEMU's CPU would take an address that is not canonical. */
TEST_F(vm_intercept, writes_of_addresses_are_checked)
{
	static const u32 msrs[] = { MSR_LSTAR, 0xc0000083, MSR_FS_BASE, MSR_GS_BASE, 0xc0000102 };
	unsigned int i;

	self->vm.msr_bitmap = msr_bitmap;
	vm_intercept(&self->vm);
	for (i = 0; i < ARRAY_LEN(msrs); i++)
		EXPECT_EQ(2, svm_bits(self->v, msrs[i]));
}

static bool traps(const struct vmcb *v, u16 port)
{
	const u8 *bitmap = phys(v->iopm_base_pa);

	return bitmap[port / 8] & 1 << port % 8;
}

TEST_F(vm_intercept, ports_exit_by_the_bitmaps)
{
	self->vm.primary = PRIMARY_IO_BITMAPS | PRIMARY_IO_EXITING;
	io_bitmap[0][0x70 / 8] = 1 << 0x70 % 8;
	io_bitmap[1][0] = 1;
	trapped[0x64 / 8] = 1 << 0x64 % 8;
	EXPECT_TRUE(vm_intercepts_port(&self->vm, 0x70, 1));
	EXPECT_TRUE(vm_intercepts_port(&self->vm, 0x6f, 2));
	EXPECT_FALSE(vm_intercepts_port(&self->vm, 0x71, 4));
	EXPECT_TRUE(vm_intercepts_port(&self->vm, 0x7ffd, 4));
	EXPECT_FALSE(vm_intercepts_port(&self->vm, 0xffff, 1));
	EXPECT_TRUE(vm_intercepts_port(&self->vm, 0xffff, 2));
	vm_intercept(&self->vm);
	EXPECT_TRUE(traps(self->v, 0x70) && traps(self->v, 0x8000) && traps(self->v, 0x64));
	EXPECT_FALSE(traps(self->v, 0x71));
}

TEST_F(vm_intercept, ports_exit_without_bitmaps_all_or_none)
{
	self->vm.primary = PRIMARY_IO_EXITING;
	EXPECT_TRUE(vm_intercepts_port(&self->vm, 0x70, 1));
	vm_intercept(&self->vm);
	EXPECT_TRUE(traps(self->v, 0x70));
	self->vm.primary = 0;
	EXPECT_FALSE(vm_intercepts_port(&self->vm, 0x70, 1));
	vm_intercept(&self->vm);
	EXPECT_FALSE(traps(self->v, 0x70));
	self->vm.primary = PRIMARY_IO_EXITING;
	vm_intercept(&self->vm);
	EXPECT_TRUE(traps(self->v, 0x70));
}

TEST_F(vm_intercept, reads_are_intercepted_if_they_are_not_what_the_cpu_has)
{
	self->vm.primary = PRIMARY_TPR_SHADOW;
	self->vm.pin = PIN_EXTERNAL_INTERRUPT_EXITING;
	vm_intercept(&self->vm);
	EXPECT_EQ(0, self->v->intercept_cr & 0xffff);
	self->vm.cr0_mask = X86_CR0_NE;
	self->vm.cr0_shadow = X86_CR0_NE;
	vm_intercept_cr_reads(&self->vm);
	EXPECT_EQ(CR_READS, self->v->intercept_cr & 0xffff);
	self->v->cr0 = X86_CR0_NE;
	vm_intercept_cr_reads(&self->vm);
	EXPECT_EQ(0, self->v->intercept_cr & 0xffff);
	cpus[0].vm.cr4_hidden = X86_CR4_VMXE;
	vm_intercept_cr_reads(&self->vm);
	EXPECT_EQ(CR_READS, self->v->intercept_cr & 0xffff);
	self->vm.cr4_mask = X86_CR4_VMXE;
	vm_intercept_cr_reads(&self->vm);
	EXPECT_EQ(0, self->v->intercept_cr & 0xffff);
	self->vm.primary |= PRIMARY_CR3_STORE_EXITING;
	vm_intercept_cr_reads(&self->vm);
	EXPECT_EQ(CR_READS | SVM_INTERCEPT_CR_READ(3), self->v->intercept_cr & 0xffff);
}

TEST_F(vm_intercept, instructions_exit_as_the_controls_want_it)
{
	vm_intercept(&self->vm);
	EXPECT_FALSE(self->v->intercept1 & (SVM_INTERCEPT1_HLT | SVM_INTERCEPT1_INTR));
	self->vm.primary = PRIMARY_HLT_EXITING | PRIMARY_TSC_OFFSETTING;
	self->vm.pin = PIN_EXTERNAL_INTERRUPT_EXITING;
	vmcs_write(&self->vmcs, VMCS_TSC_OFFSET, 100);
	cpus[0].host.vmcb.tsc_offset = 5;
	vm_intercept(&self->vm);
	EXPECT_TRUE(self->v->intercept1 & SVM_INTERCEPT1_HLT);
	EXPECT_TRUE(self->v->intercept1 & SVM_INTERCEPT1_INTR);
	EXPECT_EQ(105, self->v->tsc_offset);
}

TEST_F(vm_intercept, rdtscp_is_executed_only_with_its_control)
{
	vm_intercept(&self->vm);
	EXPECT_TRUE(self->v->intercept1 & SVM_INTERCEPT1_RDTSC);
	EXPECT_TRUE(self->v->intercept2 & SVM_INTERCEPT2_RDTSCP);
	self->vm.secondary = SECONDARY_RDTSCP;
	vm_intercept(&self->vm);
	EXPECT_FALSE(self->v->intercept1 & SVM_INTERCEPT1_RDTSC);
	EXPECT_FALSE(self->v->intercept2 & SVM_INTERCEPT2_RDTSCP);
	self->vm.primary = PRIMARY_RDTSC_EXITING;
	vm_intercept(&self->vm);
	EXPECT_TRUE(self->v->intercept1 & SVM_INTERCEPT1_RDTSC);
	EXPECT_TRUE(self->v->intercept2 & SVM_INTERCEPT2_RDTSCP);
}

TEST_HARNESS_MAIN
