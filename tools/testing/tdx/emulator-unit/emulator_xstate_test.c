// SPDX-License-Identifier: GPL-2.0-only
/*
 * The emulated platform: floating point and vector registers of several vCPUs.
 */
#include <string.h>

#include "harness.h"
#include "emulator/cpu/cpu.h"
#include "emulator/cpu/entry.h"

/* A program cannot write XCR0; all components that it has are enabled. */
static u64 xcr0;
static bool enabled;

u64 xstate_enable(void)
{
	enabled = true;
	return X86_CR4_PAE;
}

void xstate_disable(u64 cr4)
{
	enabled = cr4 != X86_CR4_PAE;
}

u64 xcr0_read(void)
{
	return enabled ? xcr0 : 0;
}

void xcr0_write(u64 value)
{
	if (enabled)
		xcr0 = value;
}

/* Of which vCPU the registers are while the guest runs. */
static u64 seen[2];
static u32 seen_mxcsr;
static u16 seen_control;

/* The guest: looks at registers, and writes others. */
static u64 to_write;

u64 vmrun(u64 vmcb_pa, u64 gpr[NR_GPRS], bool shadow)
{
	u64 next[2] = { to_write, ~to_write };
	u32 mxcsr = 0x1f80 | (to_write & 0x3f);
	u16 control = 0x37f ^ (to_write & 0x3f);

	asm volatile("movdqu %%xmm9, %0\n\tstmxcsr %1\n\tfnstcw %2"
		     : "=m"(seen), "=m"(seen_mxcsr), "=m"(seen_control));
	asm volatile("movdqu %0, %%xmm9\n\tldmxcsr %1\n\tfldcw %2"
		     : : "m"(next), "m"(mxcsr), "m"(control));
	return VMRUN_TICKS;
}

static struct cpu cpu __aligned(4096);
static struct vcpu td __aligned(4096);
static u8 td_area[XSTATE_BYTES] __aligned(64);

FIXTURE(xstate) {
};

FIXTURE_SETUP(xstate)
{
	memset(&cpu, 0, sizeof(cpu));
	memset(&td, 0, sizeof(td));
	cpu.host.cpu = &cpu;
	cpu.host.xstate.area = cpu.host_xstate;
	cpu.loaded = &cpu.host;
	td.cpu = &cpu;
	td.xstate.area = td_area;
	xstate_reset(&td.xstate);
	xcr0 = 7;
}

FIXTURE_TEARDOWN(xstate)
{
	u32 mxcsr = 0x1f80;

	asm volatile("fninit\n\tldmxcsr %0" : : "m"(mxcsr));
}

static void run(struct vcpu *vcpu, u64 value)
{
	to_write = value;
	vcpu_run(vcpu);
}

TEST_F(xstate, a_new_vcpu_finds_what_a_cpu_that_was_turned_on_has)
{
	run(&cpu.host, 0x1122334455667715);
	run(&td, 0);
	EXPECT_EQ(0, seen[0]);
	EXPECT_EQ(0, seen[1]);
	EXPECT_EQ(0x1f80, seen_mxcsr);
	EXPECT_EQ(0x37f, seen_control);
	EXPECT_EQ(1, xcr0);
	EXPECT_FALSE(enabled);
}

TEST_F(xstate, each_vcpu_finds_what_it_left)
{
	static const u64 host = 0x123456789abcde21, guest = 0xfedcba987654320a;

	run(&cpu.host, host);
	run(&td, guest);
	xcr0 = 3;
	run(&cpu.host, host);
	EXPECT_EQ(host, seen[0]);
	EXPECT_EQ(~host, seen[1]);
	EXPECT_EQ(0x1f80 | (host & 0x3f), seen_mxcsr);
	EXPECT_EQ(0x37f ^ (host & 0x3f), seen_control);
	EXPECT_EQ(7, xcr0);
	run(&td, 0);
	EXPECT_EQ(guest, seen[0]);
	EXPECT_EQ(~guest, seen[1]);
	EXPECT_EQ(0x1f80 | (guest & 0x3f), seen_mxcsr);
	EXPECT_EQ(0x37f ^ (guest & 0x3f), seen_control);
	EXPECT_EQ(3, xcr0);
}

TEST_F(xstate, a_vcpu_that_goes_on_costs_no_switch)
{
	run(&cpu.host, 1);
	xcr0 = 0x1234;
	run(&cpu.host, 2);
	EXPECT_EQ(1, seen[0]);
	EXPECT_EQ(0x1234, xcr0);
	EXPECT_EQ(&cpu.host, cpu.loaded);
}

TEST_F(xstate, registers_of_a_vcpu_are_replaced_while_it_does_not_run)
{
	u64 xmm[16][2];

	run(&cpu.host, 0x31);
	vcpu_unload_xstate(&cpu.host);
	xstate_get_xmm(&cpu.host.xstate, xmm);
	EXPECT_EQ(0x31, xmm[9][0]);
	EXPECT_EQ(~0x31ULL, xmm[9][1]);
	xstate_reset_components(&cpu.host.xstate, 3);
	xstate_get_xmm(&cpu.host.xstate, xmm);
	EXPECT_EQ(0, xmm[9][0] | xmm[9][1]);
	xmm[9][1] = 0x77;
	xstate_set_xmm(&cpu.host.xstate, xmm);
	cpu.host.xstate.xcr0 = 3;
	run(&cpu.host, 0);
	EXPECT_EQ(0, seen[0]);
	EXPECT_EQ(0x77, seen[1]);
	EXPECT_EQ(0x1f80, seen_mxcsr);
	EXPECT_EQ(0x37f, seen_control);
	EXPECT_EQ(3, xcr0);
}

/* Otherwise XRSTOR might destroy state of the first CPU. */
TEST_F(xstate, x87_is_loaded_only_if_it_was_used)
{
	const u64 *header = (const u64 *)(cpu.host_xstate + 512);

	run(&cpu.host, 0);
	vcpu_unload_xstate(&cpu.host);
	EXPECT_EQ(0, *header & 1);
	run(&cpu.host, 1);
	vcpu_unload_xstate(&cpu.host);
	EXPECT_EQ(1, *header & 1);
	run(&cpu.host, 0);
	EXPECT_EQ(0x37f ^ 1, seen_control);
}

/* Other components than those are kept. */
TEST_F(xstate, a_part_of_the_state_is_reset)
{
	run(&cpu.host, 0x2a);
	vcpu_unload_xstate(&cpu.host);
	xstate_reset_components(&cpu.host.xstate, 2);
	run(&cpu.host, 0);
	EXPECT_EQ(0, seen[0]);
	EXPECT_EQ(0x1f80, seen_mxcsr);
	EXPECT_EQ(0x37f ^ 0x2a, seen_control);
}

TEST_HARNESS_MAIN
