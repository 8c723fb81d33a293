// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: what a logical processor's guest is left with by INIT and by VMRUN. */
#include <string.h>

#include "kselftest_harness.h"
#include "emulator/entry.h"
#include "emulator/npt.h"

u64 npt_root(void)
{
	return 0;
}

void vmrun(u64 vmcb_pa, u64 gpr[NR_GPRS])
{
}

FIXTURE(cpu) {
	struct cpu *cpu;
};

FIXTURE_SETUP(cpu)
{
	self->cpu = &cpus[0];
	memset(self->cpu, 0, sizeof(*self->cpu));
	cpu_reset_guest(self->cpu, 0);
}

FIXTURE_TEARDOWN(cpu)
{
}

/* QEMU's CPU forgets an NMI that waits; who waits for its exit would do so for ever. */
TEST_F(cpu, init_forgets_nmis_that_wait)
{
	self->cpu->own_nmi = true;
	self->cpu->guest_nmi = true;
	cpu_reset_guest(self->cpu, 0);
	EXPECT_FALSE(self->cpu->own_nmi);
	EXPECT_FALSE(self->cpu->guest_nmi);
}

TEST_HARNESS_MAIN
