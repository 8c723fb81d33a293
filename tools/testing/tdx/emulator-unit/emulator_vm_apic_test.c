// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: APIC virtualization for ordinary VMs. */
#include <string.h>

#include "harness.h"
#include "emulator/host/vmx_caps.h"
#include "emulator/vm/vm.h"

#define TPR_MSR		VAPIC_MSR(VAPIC_TPR)
#define EOI_MSR		VAPIC_MSR(VAPIC_EOI)
#define SELF_MSR	VAPIC_MSR(VAPIC_SELF_IPI)
#define ICR_MSR		VAPIC_MSR(VAPIC_ICR_LOW)

#define XAPIC		(SECONDARY_APIC_ACCESSES)
#define X2APIC		(SECONDARY_X2APIC_MODE)
#define REGISTERS	(SECONDARY_APIC_REGISTERS)
#define INTERRUPTS	(SECONDARY_VIRTUAL_INTERRUPTS)

FIXTURE(vm_apic) {
	struct vmcs *vmcs;
	u8 *page;
	struct vm_apic apic;
	struct vm_apic_exit exit;
	u32 value;
};

FIXTURE_SETUP(vm_apic)
{
	static struct vmcs vmcs;
	static u8 page[4096] __aligned(4096);

	memset(&vmcs, 0, sizeof(vmcs));
	memset(page, 0, sizeof(page));
	memset(&self->apic, 0, sizeof(self->apic));
	self->vmcs = &vmcs;
	self->page = page;
}

FIXTURE_TEARDOWN(vm_apic)
{
}

#define LOAD_WITH(primary, secondary) ({ \
	vmcs_write(self->vmcs, VMCS_PRIMARY_CONTROLS, primary); \
	vmcs_write(self->vmcs, VMCS_SECONDARY_CONTROLS, secondary); \
	vm_apic_load(&self->apic, self->vmcs, self->page); \
})

/* With a TPR shadow and these secondary controls */
#define LOAD(controls) LOAD_WITH(PRIMARY_TPR_SHADOW | PRIMARY_SECONDARY, controls)

#define READ(at, size) \
	vm_apic_read(&self->apic, &(struct vm_apic_access){ VM_APIC_READS, at, size }, \
		     &self->value, &self->exit)
#define WRITE(at, size, value) \
	vm_apic_write(&self->apic, &(struct vm_apic_access){ VM_APIC_WRITES, at, size }, value, \
		      &self->exit)
#define WRMSR(msr, value) vm_apic_write_msr(&self->apic, msr, value, &self->exit)

/* The reason in the upper half, the qualification in the lower; 0 if there was no exit. */
#define EXIT(reason, qualification) ((u64)(reason) << 32 | (qualification))

static u64 last_exit(struct vm_apic_exit *exit)
{
	u64 last = EXIT(exit->reason, exit->qualification);

	*exit = (struct vm_apic_exit){ 0 };
	return last;
}

#define EXPECT_EXIT(reason, qualification) \
	EXPECT_EQ(EXIT(reason, qualification), last_exit(&self->exit))

#define REG(offset) vapic_read(&self->apic.regs, offset)

static void in_service(const struct vapic *regs, u8 vector)
{
	vapic_request_one(regs, vector);
	vapic_deliver(regs);
}

TEST_F(vm_apic, secondary_controls_count_only_if_they_are_activated)
{
	LOAD_WITH(PRIMARY_TPR_SHADOW, XAPIC | INTERRUPTS);
	EXPECT_FALSE(vm_apic_has_page(&self->apic));
	EXPECT_FALSE(vm_apic_has_interrupts(&self->apic));
	EXPECT_TRUE(vm_apic_has_tpr(&self->apic));
	LOAD_WITH(PRIMARY_SECONDARY, XAPIC);
	EXPECT_TRUE(vm_apic_has_page(&self->apic));
	EXPECT_FALSE(vm_apic_has_tpr(&self->apic));
}

TEST_F(vm_apic, the_interrupt_status_is_loaded_and_saved)
{
	vmcs_write(self->vmcs, VMCS_GUEST_INTERRUPT_STATUS, 0x4131);
	LOAD(INTERRUPTS);
	EXPECT_EQ(0x31, self->apic.rvi);
	EXPECT_EQ(0x41, self->apic.svi);
	EXPECT_EQ(0x40, REG(VAPIC_PPR));
	EXPECT_FALSE(vapic_is_pending(&self->apic.regs));
	vapic_request_one(&self->apic.regs, 0x52);
	vm_apic_store(&self->apic, self->vmcs);
	EXPECT_EQ(0x4152, vmcs_read(self->vmcs, VMCS_GUEST_INTERRUPT_STATUS));
	EXPECT_TRUE(vapic_is_pending(&self->apic.regs));
}

TEST_F(vm_apic, the_interrupt_status_is_not_saved_without_delivery)
{
	LOAD(0);
	self->apic.rvi = 0x31;
	vm_apic_store(&self->apic, self->vmcs);
	EXPECT_EQ(0, vmcs_read(self->vmcs, VMCS_GUEST_INTERRUPT_STATUS));
}

TEST_F(vm_apic, an_interrupt_window_holds_virtual_interrupts_back)
{
	LOAD(INTERRUPTS);
	EXPECT_TRUE(vm_apic_has_interrupts(&self->apic));
	LOAD_WITH(PRIMARY_TPR_SHADOW | PRIMARY_SECONDARY | PRIMARY_INTERRUPT_WINDOW, INTERRUPTS);
	EXPECT_FALSE(vm_apic_has_interrupts(&self->apic));
}

TEST_F(vm_apic, a_tpr_below_the_threshold_exits_after_the_write)
{
	vmcs_write(self->vmcs, VMCS_TPR_THRESHOLD, 5);
	LOAD(X2APIC);
	EXPECT_EQ(VM_APIC_TRAPS, vm_apic_write_cr8(&self->apic, 4, &self->exit));
	EXPECT_EXIT(VM_EXIT_TPR_BELOW_THRESHOLD, 0);
	EXPECT_EQ(0x40, REG(VAPIC_TPR));
	EXPECT_EQ(VM_APIC_DONE, vm_apic_write_cr8(&self->apic, 5, &self->exit));
	EXPECT_EQ(VM_APIC_FAULTS, vm_apic_write_cr8(&self->apic, 0x10, &self->exit));
	EXPECT_EQ(VM_APIC_TRAPS, WRMSR(TPR_MSR, 0x4f));
	EXPECT_EQ(VM_APIC_DONE, WRMSR(TPR_MSR, 0x50));
	EXPECT_EQ(VM_APIC_FAULTS, WRMSR(TPR_MSR, 0x100));
	/* PPR is the host's then. */
	EXPECT_EQ(0, REG(VAPIC_PPR));
	LOAD(XAPIC);
	EXPECT_EQ(VM_APIC_TRAPS, WRITE(VAPIC_TPR, 4, 0x12345630));
	EXPECT_EXIT(VM_EXIT_TPR_BELOW_THRESHOLD, 0);
	EXPECT_EQ(0x30, REG(VAPIC_TPR));
}

TEST_F(vm_apic, a_tpr_below_the_threshold_exits_after_an_entry)
{
	vmcs_write(self->vmcs, VMCS_TPR_THRESHOLD, 5);
	self->page[VAPIC_TPR] = 0x40;
	LOAD(XAPIC);
	EXPECT_TRUE(vm_apic_is_low(&self->apic));
	self->page[VAPIC_TPR] = 0x50;
	EXPECT_FALSE(vm_apic_is_low(&self->apic));
	/* A check of VM entries excludes this case. */
	self->page[VAPIC_TPR] = 0x40;
	LOAD(0);
	EXPECT_FALSE(vm_apic_is_low(&self->apic));
	LOAD_WITH(PRIMARY_SECONDARY, XAPIC);
	EXPECT_FALSE(vm_apic_is_low(&self->apic));
}

TEST_F(vm_apic, with_delivery_the_tpr_changes_the_priority_and_never_exits)
{
	vmcs_write(self->vmcs, VMCS_TPR_THRESHOLD, 5);
	LOAD(INTERRUPTS | XAPIC);
	EXPECT_FALSE(vm_apic_is_low(&self->apic));
	vapic_request_one(&self->apic.regs, 0x41);
	EXPECT_EQ(VM_APIC_DONE, vm_apic_write_cr8(&self->apic, 4, &self->exit));
	EXPECT_EQ(0x40, REG(VAPIC_PPR));
	EXPECT_FALSE(vapic_is_pending(&self->apic.regs));
	EXPECT_EQ(VM_APIC_DONE, WRITE(VAPIC_TPR, 4, 0x3f));
	EXPECT_EQ(0x3f, REG(VAPIC_PPR));
	EXPECT_TRUE(vapic_is_pending(&self->apic.regs));
}

TEST_F(vm_apic, an_eoi_exits_if_the_bitmap_has_its_vector)
{
	vmcs_write(self->vmcs, VMCS_EOI_EXIT_BITMAP1, BIT_ULL(0x51 - 64));
	vmcs_write(self->vmcs, VMCS_EOI_EXIT_BITMAP3, BIT_ULL(0xff - 192));
	LOAD(INTERRUPTS | X2APIC);
	in_service(&self->apic.regs, 0x31);
	in_service(&self->apic.regs, 0x51);
	in_service(&self->apic.regs, 0xff);
	EXPECT_EQ(VM_APIC_TRAPS, WRMSR(EOI_MSR, 0));
	EXPECT_EXIT(VM_EXIT_VIRTUALIZED_EOI, 0xff);
	LOAD(INTERRUPTS | XAPIC);
	self->apic.svi = 0x51;
	self->page[VAPIC_EOI] = 0;
	EXPECT_EQ(VM_APIC_TRAPS, WRITE(VAPIC_EOI, 4, 7));
	EXPECT_EXIT(VM_EXIT_VIRTUALIZED_EOI, 0x51);
	EXPECT_EQ(0, REG(VAPIC_EOI));
	EXPECT_EQ(VM_APIC_DONE, WRITE(VAPIC_EOI, 4, 0));
	EXPECT_EQ(0, self->apic.svi);
	LOAD(INTERRUPTS | X2APIC);
	EXPECT_EQ(VM_APIC_FAULTS, WRMSR(EOI_MSR, 1));
}

TEST_F(vm_apic, msrs_are_virtual_in_x2apic_mode_only)
{
	u64 value;

	LOAD(XAPIC | REGISTERS | INTERRUPTS);
	EXPECT_EQ(VM_APIC_NORMAL, vm_apic_read_msr(&self->apic, TPR_MSR, &value));
	EXPECT_EQ(VM_APIC_NORMAL, WRMSR(TPR_MSR, 0));
	LOAD(X2APIC | REGISTERS | INTERRUPTS);
	EXPECT_EQ(VM_APIC_NORMAL, vm_apic_read_msr(&self->apic, 0x7ff, &value));
	EXPECT_EQ(VM_APIC_NORMAL, vm_apic_read_msr(&self->apic, 0x900, &value));
	EXPECT_EQ(VM_APIC_NORMAL, WRMSR(0x10, 0));
}

/* Whether a register exists is up to the host, by the MSR bitmap. */
TEST_F(vm_apic, all_msrs_are_read_from_the_page_with_register_virtualization)
{
	u64 value;
	u32 msr;

	LOAD(X2APIC | REGISTERS);
	for (msr = 0x800; msr < 0x900; msr++) {
		memset(self->page, 0, 4096);
		memset(self->page + (msr - 0x800) * 16, 0x5a, 8);
		EXPECT_EQ(VM_APIC_DONE, vm_apic_read_msr(&self->apic, msr, &value));
		EXPECT_EQ(0x5a5a5a5a5a5a5a5a, value) TH_LOG("MSR 0x%x", msr);
	}
	LOAD(X2APIC);
	EXPECT_EQ(VM_APIC_DONE, vm_apic_read_msr(&self->apic, TPR_MSR, &value));
	EXPECT_EQ(VM_APIC_NORMAL, vm_apic_read_msr(&self->apic, 0x802, &value));
}

TEST_F(vm_apic, an_msr_is_written_to_the_real_apic_if_it_is_not_virtualized)
{
	LOAD(X2APIC | REGISTERS);
	EXPECT_EQ(VM_APIC_NORMAL, WRMSR(EOI_MSR, 0));
	EXPECT_EQ(VM_APIC_NORMAL, WRMSR(SELF_MSR, 0x31));
	EXPECT_EQ(VM_APIC_DONE, WRMSR(TPR_MSR, 0x10));
	LOAD(X2APIC | REGISTERS | INTERRUPTS);
	EXPECT_EQ(VM_APIC_NORMAL, WRMSR(ICR_MSR, 0));
}

TEST_F(vm_apic, a_self_ipi_by_msr)
{
	LOAD(X2APIC | INTERRUPTS);
	EXPECT_EQ(VM_APIC_DONE, WRMSR(SELF_MSR, 0x93));
	EXPECT_EQ(0x93, self->apic.rvi);
	EXPECT_EQ(VM_APIC_TRAPS, WRMSR(SELF_MSR, 0xf));
	EXPECT_EXIT(VM_EXIT_APIC_WRITE, VAPIC_SELF_IPI);
	EXPECT_EQ(VM_APIC_FAULTS, WRMSR(SELF_MSR, 0x193));
}

static const struct {
	u32 icr;
	bool virtualized;
} self_ipis[] = {
	{ 0x00040093, true },
	{ 0x00044893, true },	/* logical, assert: of no meaning */
	{ 0x0004000f, false },	/* reserved vector */
	{ 0x00000093, false },	/* destination */
	{ 0x00080093, false },	/* all */
	{ 0x000c0093, false },	/* all but self */
	{ 0x00048093, false },	/* level-triggered */
	{ 0x00041093, false },	/* pending */
	{ 0x00042093, false },
	{ 0x00040493, false },	/* NMI */
	{ 0x00050093, false },
	{ 0x01040093, false },
};

TEST_F(vm_apic, a_self_ipi_by_the_page)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(self_ipis); i++) {
		LOAD(XAPIC | INTERRUPTS);
		EXPECT_EQ(self_ipis[i].virtualized ? VM_APIC_DONE : VM_APIC_TRAPS,
			  WRITE(VAPIC_ICR_LOW, 4, self_ipis[i].icr));
		EXPECT_EQ(self_ipis[i].virtualized ? 0x93 : 0, self->apic.rvi)
			TH_LOG("0x%x", self_ipis[i].icr);
		EXPECT_EQ(self_ipis[i].icr, REG(VAPIC_ICR_LOW));
		EXPECT_EQ(self_ipis[i].virtualized ? 0 : EXIT(VM_EXIT_APIC_WRITE, VAPIC_ICR_LOW),
			  last_exit(&self->exit));
	}
}

/* Every offset with every size, by the lists of the specification. */
static bool can_read(unsigned int reg)
{
	switch (reg) {
	case 0x020: case 0x030: case 0x080: case 0x0b0: case 0x0d0: case 0x0e0: case 0x0f0:
	case 0x100 ... 0x170: case 0x180 ... 0x1f0: case 0x200 ... 0x270: case 0x280:
	case 0x300: case 0x310: case 0x320 ... 0x370: case 0x380: case 0x3e0:
		return true;
	}
	return false;
}

static bool can_write(unsigned int reg)
{
	switch (reg) {
	case 0x020: case 0x080: case 0x0b0: case 0x0d0: case 0x0e0: case 0x0f0: case 0x280:
	case 0x300: case 0x310: case 0x320 ... 0x370: case 0x380: case 0x3e0:
		return true;
	}
	return false;
}

TEST_F(vm_apic, registers_are_read_from_the_page)
{
	unsigned int at, size;
	bool works;

	LOAD(XAPIC | REGISTERS);
	for (at = 0; at < 4096; at++) {
		for (size = 1; size <= 8; size *= 2) {
			works = can_read(at & ~0xfU) && at % 16 + size <= 4;
			self->page[at] = 0x77;
			EXPECT_EQ(works ? VM_APIC_DONE : VM_APIC_EXITS, READ(at, size))
				TH_LOG("0x%x, %u bytes", at, size);
			EXPECT_EQ(works ? 0 : EXIT(VM_EXIT_APIC_ACCESS, at), last_exit(&self->exit));
			EXPECT_EQ(works ? 0x77 : 0, self->value);
			self->value = 0;
			self->page[at] = 0;
		}
	}
}

TEST_F(vm_apic, registers_are_written_to_the_page)
{
	unsigned int at, size;
	bool works;

	LOAD(XAPIC | REGISTERS);
	for (at = 0; at < 4096; at++) {
		for (size = 1; size <= 8; size *= 2) {
			works = can_write(at & ~0xfU) && at % 16 + size <= 4;
			memset(self->page, 0, 4096);
			if (!works) {
				EXPECT_EQ(VM_APIC_EXITS, WRITE(at, size, 0x11));
				EXPECT_EXIT(VM_EXIT_APIC_ACCESS, 0x1000 | at);
				EXPECT_EQ(0, self->page[at]);
			} else if (at == VAPIC_TPR || (at & ~3U) == VAPIC_ICR_HIGH) {
				EXPECT_EQ(VM_APIC_DONE, WRITE(at, size, 0x11));
			} else {
				EXPECT_EQ(VM_APIC_TRAPS, WRITE(at, size, 0x11));
				EXPECT_EXIT(VM_EXIT_APIC_WRITE, at);
				EXPECT_EQ(0x11, self->page[at]);
			}
		}
	}
}

TEST_F(vm_apic, the_destination_is_the_highest_byte)
{
	LOAD(XAPIC | REGISTERS);
	EXPECT_EQ(VM_APIC_DONE, WRITE(VAPIC_ICR_HIGH, 4, 0x03ffffff));
	EXPECT_EQ(0x03000000, REG(VAPIC_ICR_HIGH));
}

TEST_F(vm_apic, without_register_virtualization_there_is_the_tpr)
{
	LOAD(XAPIC);
	self->page[VAPIC_TPR] = 0x20;
	EXPECT_EQ(VM_APIC_DONE, READ(VAPIC_TPR, 4));
	EXPECT_EQ(0x20, self->value);
	EXPECT_EQ(VM_APIC_DONE, WRITE(VAPIC_TPR, 4, 0x30));
	EXPECT_EQ(VM_APIC_EXITS, READ(VAPIC_TPR + 1, 1));
	EXPECT_EQ(VM_APIC_EXITS, READ(VAPIC_ID, 4));
	EXPECT_EQ(VM_APIC_EXITS, WRITE(VAPIC_EOI, 4, 0));
	EXPECT_EQ(VM_APIC_EXITS, WRITE(VAPIC_ICR_LOW, 4, 0));
	LOAD(XAPIC | INTERRUPTS);
	EXPECT_EQ(VM_APIC_EXITS, READ(VAPIC_EOI, 4));
	EXPECT_EQ(VM_APIC_DONE, WRITE(VAPIC_EOI, 4, 0));
	EXPECT_EQ(VM_APIC_TRAPS, WRITE(VAPIC_ICR_LOW, 4, 0));
	EXPECT_EQ(VM_APIC_EXITS, WRITE(VAPIC_ICR_HIGH, 4, 0));
	LOAD_WITH(PRIMARY_SECONDARY, XAPIC);
	EXPECT_EQ(VM_APIC_EXITS, READ(VAPIC_TPR, 4));
	EXPECT_EXIT(VM_EXIT_APIC_ACCESS, VAPIC_TPR);
}

TEST_F(vm_apic, the_type_of_an_access_is_in_the_qualification)
{
	struct vm_apic_access access = { VM_APIC_FETCHES, VAPIC_TPR, 4 };

	LOAD(XAPIC | REGISTERS);
	EXPECT_EQ(VM_APIC_EXITS, vm_apic_read(&self->apic, &access, &self->value, &self->exit));
	EXPECT_EXIT(VM_EXIT_APIC_ACCESS, 0x2080);
	access.type = VM_APIC_DELIVERS;
	EXPECT_EQ(VM_APIC_EXITS, vm_apic_write(&self->apic, &access, 0, &self->exit));
	EXPECT_EXIT(VM_EXIT_APIC_ACCESS, 0x3080);
	access.type = VM_APIC_WALKS;
	EXPECT_EQ(VM_APIC_EXITS, vm_apic_write(&self->apic, &access, 0, &self->exit));
	EXPECT_EXIT(VM_EXIT_APIC_ACCESS, 0xf000);
	/* An instruction that is not known to the decoder */
	EXPECT_EQ(VM_APIC_EXITS, READ(VAPIC_TPR, 0));
	EXPECT_EXIT(VM_EXIT_APIC_ACCESS, VAPIC_TPR);
}

TEST_HARNESS_MAIN
