// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: posted interrupts of ordinary VMs. */
#include <setjmp.h>
#include <string.h>

#include "harness.h"
#include "emulator/cpu/crash.h"
#include "emulator/cpu/walk.h"
#include "emulator/memory/host_map.h"
#include "emulator/smp/apic.h"
#include "emulator/vm/vm_posted.h"

#define NOTIFICATION	0xf2

static bool is_owned, is_reachable;
static unsigned int nr_ended;
static jmp_buf crashed;

bool host_map_has(u64 pa)
{
	return is_owned;
}

bool phys_reachable(u64 pa, u64 bytes)
{
	return is_reachable;
}

void apic_end_interrupt(void)
{
	nr_ended++;
}

void crash_guest(const struct vcpu *vcpu, const char *why)
{
	longjmp(crashed, 1);
}

FIXTURE(vm_posted) {
	struct vm vm;
	struct vapic_posted *posted;
};

FIXTURE_SETUP(vm_posted)
{
	static struct cpu cpu;
	static struct vmcs vmcs;
	static u8 page[4096] __aligned(4096);
	static struct vapic_posted posted __aligned(64);

	memset(&vmcs, 0, sizeof(vmcs));
	memset(page, 0, sizeof(page));
	memset(&posted, 0, sizeof(posted));
	cpu.vm.cpu = &cpu;
	self->posted = &posted;
	self->vm = (struct vm){ .vcpu = &cpu.vm, .vmcs = &vmcs, .pin = PIN_POSTED_INTERRUPTS };
	vmcs_write(&vmcs, VMCS_PRIMARY_CONTROLS, PRIMARY_TPR_SHADOW | PRIMARY_SECONDARY);
	vmcs_write(&vmcs, VMCS_SECONDARY_CONTROLS, SECONDARY_VIRTUAL_INTERRUPTS);
	vmcs_write(&vmcs, VMCS_POSTED_INTERRUPT_VECTOR, NOTIFICATION);
	vmcs_write(&vmcs, VMCS_POSTED_INTERRUPT_DESC_ADDR, phys_of(&posted));
	vm_apic_load(&self->vm.apic, &vmcs, page);
	nr_ended = 0;
	is_owned = true;
	is_reachable = true;
}

FIXTURE_TEARDOWN(vm_posted)
{
}

TEST_F(vm_posted, requests_move_to_the_virtual_apic)
{
	self->posted->requests[1] = BIT_ULL(0x51 - 64);
	self->posted->control = 1;
	EXPECT_TRUE(vm_posted_take(&self->vm, NOTIFICATION));
	EXPECT_EQ(0x51, self->vm.apic.rvi);
	EXPECT_EQ(0, self->posted->control);
	EXPECT_EQ(1, nr_ended);
}

TEST_F(vm_posted, other_interrupts_are_the_hosts)
{
	EXPECT_FALSE(vm_posted_take(&self->vm, NOTIFICATION - 1));
	self->vm.pin = 0;
	EXPECT_FALSE(vm_posted_take(&self->vm, NOTIFICATION));
	EXPECT_EQ(0, nr_ended);
}

TEST_F(vm_posted, the_descriptor_has_to_be_the_hosts)
{
	is_owned = false;
	if (!setjmp(crashed)) {
		vm_posted_take(&self->vm, NOTIFICATION);
		EXPECT_TRUE(false);
	}
	is_owned = true;
	is_reachable = false;
	if (!setjmp(crashed)) {
		vm_posted_take(&self->vm, NOTIFICATION);
		EXPECT_TRUE(false);
	}
}

TEST_HARNESS_MAIN
