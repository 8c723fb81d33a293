// SPDX-License-Identifier: GPL-2.0-only
/*
 * The emulated platform: checks of a VM entry.
 *
 * Each case changes a valid VMCS, and breaks one rule of SDM vol. 3, "VM Entries".
 */
#include <string.h>

#include "harness.h"
#include "emulator/host/cr.h"
#include "emulator/machine/options.h"
#include "emulator/vm/vm_check.h"
#include "valid_vmcs.h"

#define EVENT(type, vector)	(BIT_ULL(31) | (type) << 8 | (vector))
#define ERROR_CODE		BIT_ULL(11)

struct options options = { .ept_levels = EPT_4_LEVELS };

u64 cr4_allowed(void)
{
	return CR4_ALLOWED;
}

struct broken {
	const char *rule;
	const char *segment;
	u64 qualification;
	struct vmcs_write writes[MAX_WRITES];
};

#include "emulator-unit/vm_guest_cases.h"

static const struct broken controls[] = {
	{ "bits of the pin-based controls", .writes = { W(PIN_CONTROLS, VALID_PIN | BIT_ULL(8)) } },
	{ "bits of the pin-based controls", .writes = { W(PIN_CONTROLS, VALID_PIN & ~2ULL) } },
	{ "bits of the primary controls",
	  .writes = { W(PRIMARY_CONTROLS, VALID_PRIMARY | BIT_ULL(27)) } },
	{ "bits of the primary controls",
	  .writes = { W(PRIMARY_CONTROLS, VALID_PRIMARY & ~BIT_ULL(26)) } },
	{ "bits of the secondary controls",
	  .writes = { W(SECONDARY_CONTROLS, VALID_SECONDARY | BIT_ULL(17)) } },
	{ "bits of the exit controls", .writes = { W(EXIT_CONTROLS, VALID_EXIT | BIT_ULL(31)) } },
	{ "bits of the exit controls", .writes = { W(EXIT_CONTROLS, VALID_EXIT & ~BIT_ULL(0)) } },
	{ "bits of the entry controls", .writes = { W(ENTRY_CONTROLS, VALID_ENTRY | BIT_ULL(10)) } },
	{ "bits of the entry controls", .writes = { W(ENTRY_CONTROLS, VALID_ENTRY & ~BIT_ULL(0)) } },
	{ "number of CR3 targets", .writes = { W(CR3_TARGET_COUNT, 5) } },
	{ "address of an I/O bitmap",
	  .writes = { W(PRIMARY_CONTROLS, VALID_PRIMARY | PRIMARY_IO_BITMAPS),
		      W(IO_BITMAP_A, 0x1800) } },
	{ "address of an I/O bitmap",
	  .writes = { W(PRIMARY_CONTROLS, VALID_PRIMARY | PRIMARY_IO_BITMAPS),
		      W(IO_BITMAP_B, BEYOND_PHYSICAL) } },
	{ "address of the MSR bitmap",
	  .writes = { W(PRIMARY_CONTROLS, VALID_PRIMARY | PRIMARY_MSR_BITMAPS),
		      W(MSR_BITMAP, 1) } },
	{ "address of the MSR bitmap",
	  .writes = { W(PRIMARY_CONTROLS, VALID_PRIMARY | PRIMARY_MSR_BITMAPS),
		      W(MSR_BITMAP, BEYOND_PHYSICAL) } },
	{ "virtual NMIs without NMI exits",
	  .writes = { W(PIN_CONTROLS, VALID_PIN & ~PIN_NMI_EXITING) } },
	{ "NMI-window exits without virtual NMIs",
	  .writes = { W(PIN_CONTROLS, VALID_PIN & ~PIN_VIRTUAL_NMIS),
		      W(PRIMARY_CONTROLS, VALID_PRIMARY | PRIMARY_NMI_WINDOW) } },
	{ "VPID of 0", .writes = { W(VPID, 0) } },
	{ "unrestricted guest without EPT",
	  .writes = { W(SECONDARY_CONTROLS, SECONDARY_UNRESTRICTED_GUEST) } },
	{ "APIC-access address",
	  .writes = { W(SECONDARY_CONTROLS, VALID_SECONDARY | SECONDARY_APIC_ACCESSES),
		      W(APIC_ACCESS_ADDR, 0x800) } },
	{ "APIC-access address",
	  .writes = { W(SECONDARY_CONTROLS, VALID_SECONDARY | SECONDARY_APIC_ACCESSES),
		      W(APIC_ACCESS_ADDR, BEYOND_PHYSICAL) } },
	{ "virtual x2APIC mode with APIC accesses",
	  .writes = { W(PRIMARY_CONTROLS, VALID_PRIMARY | PRIMARY_TPR_SHADOW),
		      W(SECONDARY_CONTROLS, VALID_SECONDARY | SECONDARY_APIC_ACCESSES |
					    SECONDARY_X2APIC_MODE) } },
	{ "APIC virtualization without a TPR shadow",
	  .writes = { W(SECONDARY_CONTROLS, VALID_SECONDARY | SECONDARY_X2APIC_MODE) } },
	{ "APIC virtualization without a TPR shadow",
	  .writes = { W(SECONDARY_CONTROLS, VALID_SECONDARY | SECONDARY_APIC_REGISTERS) } },
	{ "APIC virtualization without a TPR shadow",
	  .writes = { W(SECONDARY_CONTROLS, VALID_SECONDARY | SECONDARY_VIRTUAL_INTERRUPTS) } },
	{ "virtual-APIC address",
	  .writes = { W(PRIMARY_CONTROLS, VALID_PRIMARY | PRIMARY_TPR_SHADOW),
		      W(VIRTUAL_APIC_ADDR, VIRTUAL_APIC_PA | 8) } },
	{ "virtual-APIC address",
	  .writes = { W(PRIMARY_CONTROLS, VALID_PRIMARY | PRIMARY_TPR_SHADOW),
		      W(VIRTUAL_APIC_ADDR, BEYOND_PHYSICAL) } },
	{ "reserved bits of the TPR threshold",
	  .writes = { W(PRIMARY_CONTROLS, VALID_PRIMARY | PRIMARY_TPR_SHADOW),
		      W(TPR_THRESHOLD, 0x10) } },
	{ "TPR threshold above the virtual TPR",	/* which is 0x5f */
	  .writes = { W(PRIMARY_CONTROLS, VALID_PRIMARY | PRIMARY_TPR_SHADOW),
		      W(TPR_THRESHOLD, 6) } },
	{ "virtual-APIC page that cannot be read",
	  .writes = { W(PRIMARY_CONTROLS, VALID_PRIMARY | PRIMARY_TPR_SHADOW),
		      W(VIRTUAL_APIC_ADDR, 0) } },
	{ "virtual-interrupt delivery without external-interrupt exits",
	  .writes = { W(PIN_CONTROLS, VALID_PIN & ~PIN_EXTERNAL_INTERRUPT_EXITING),
		      W(PRIMARY_CONTROLS, VALID_PRIMARY | PRIMARY_TPR_SHADOW),
		      W(SECONDARY_CONTROLS, VALID_SECONDARY | SECONDARY_VIRTUAL_INTERRUPTS) } },
	{ "posted interrupts without virtual-interrupt delivery",
	  .writes = { W(PIN_CONTROLS, VALID_PIN | PIN_POSTED_INTERRUPTS) } },
	{ "posted interrupts that are not acknowledged",
	  .writes = { W(PIN_CONTROLS, VALID_PIN | PIN_POSTED_INTERRUPTS),
		      W(PRIMARY_CONTROLS, VALID_PRIMARY | PRIMARY_TPR_SHADOW),
		      W(SECONDARY_CONTROLS, VALID_SECONDARY | SECONDARY_VIRTUAL_INTERRUPTS) } },
	{ "posted-interrupt notification vector",
	  .writes = { W(PIN_CONTROLS, VALID_PIN | PIN_POSTED_INTERRUPTS),
		      W(PRIMARY_CONTROLS, VALID_PRIMARY | PRIMARY_TPR_SHADOW),
		      W(SECONDARY_CONTROLS, VALID_SECONDARY | SECONDARY_VIRTUAL_INTERRUPTS),
		      W(EXIT_CONTROLS, VALID_EXIT | EXIT_ACK_INTERRUPT),
		      W(POSTED_INTERRUPT_VECTOR, 0x100) } },
	{ "address of the posted-interrupt descriptor",
	  .writes = { W(PIN_CONTROLS, VALID_PIN | PIN_POSTED_INTERRUPTS),
		      W(PRIMARY_CONTROLS, VALID_PRIMARY | PRIMARY_TPR_SHADOW),
		      W(SECONDARY_CONTROLS, VALID_SECONDARY | SECONDARY_VIRTUAL_INTERRUPTS),
		      W(EXIT_CONTROLS, VALID_EXIT | EXIT_ACK_INTERRUPT),
		      W(POSTED_INTERRUPT_DESC_ADDR, 0x20) } },
	{ "address of the posted-interrupt descriptor",
	  .writes = { W(PIN_CONTROLS, VALID_PIN | PIN_POSTED_INTERRUPTS),
		      W(PRIMARY_CONTROLS, VALID_PRIMARY | PRIMARY_TPR_SHADOW),
		      W(SECONDARY_CONTROLS, VALID_SECONDARY | SECONDARY_VIRTUAL_INTERRUPTS),
		      W(EXIT_CONTROLS, VALID_EXIT | EXIT_ACK_INTERRUPT),
		      W(POSTED_INTERRUPT_DESC_ADDR, BEYOND_PHYSICAL) } },
	{ "memory type of the EPT pointer", .writes = { W(EPT_POINTER, 0x18) } },
	{ "levels of the EPT pointer", .writes = { W(EPT_POINTER, 0x16) } },
	{ "levels of the EPT pointer", .writes = { W(EPT_POINTER, 0x26) } },
	{ "reserved bits of the EPT pointer", .writes = { W(EPT_POINTER, 0x9e) } },
	{ "reserved bits of the EPT pointer", .writes = { W(EPT_POINTER, 0x81e) } },
	{ "reserved bits of the EPT pointer", .writes = { W(EPT_POINTER, 0x1e | BEYOND_PHYSICAL) } },
	{ "preemption timer that is saved and not active",
	  .writes = { W(EXIT_CONTROLS, VALID_EXIT | EXIT_SAVE_PREEMPTION_TIMER) } },
	{ "list of MSRs that an exit stores",
	  .writes = { W(EXIT_MSR_STORE_COUNT, 1), W(EXIT_MSR_STORE_ADDR, 8) } },
	{ "list of MSRs that an exit stores",
	  .writes = { W(EXIT_MSR_STORE_COUNT, 1), W(EXIT_MSR_STORE_ADDR, BEYOND_PHYSICAL) } },
	{ "list of MSRs that an exit loads",
	  .writes = { W(EXIT_MSR_LOAD_COUNT, 2), W(EXIT_MSR_LOAD_ADDR, BEYOND_PHYSICAL - 16) } },
	{ "list of MSRs that an entry loads",
	  .writes = { W(ENTRY_MSR_LOAD_COUNT, 1), W(ENTRY_MSR_LOAD_ADDR, 1) } },
	{ "list of MSRs that an entry loads",
	  .writes = { W(ENTRY_MSR_LOAD_COUNT, 257),
		      W(ENTRY_MSR_LOAD_ADDR, BEYOND_PHYSICAL - 4096) } },
	{ "type of the event", .writes = { W(ENTRY_INTERRUPTION_INFO, EVENT(1, 3)) } },
	{ "type of the event", .writes = { W(ENTRY_INTERRUPTION_INFO, EVENT(7, 0)) } },
	{ "vector of the event", .writes = { W(ENTRY_INTERRUPTION_INFO, EVENT(2, 3)) } },
	{ "vector of the event", .writes = { W(ENTRY_INTERRUPTION_INFO, EVENT(3, 32)) } },
	{ "error code of the event", .writes = { W(ENTRY_INTERRUPTION_INFO, EVENT(3, 13)) } },
	{ "error code of the event",
	  .writes = { W(ENTRY_INTERRUPTION_INFO, EVENT(3, 6) | ERROR_CODE) } },
	{ "error code of the event",
	  .writes = { W(ENTRY_INTERRUPTION_INFO, EVENT(0, 13) | ERROR_CODE) } },
	{ "error code of the event",	/* an unrestricted guest in real mode */
	  .writes = { W(ENTRY_INTERRUPTION_INFO, EVENT(3, 13) | ERROR_CODE),
		      W(GUEST_CR0, 0x30) } },
	{ "reserved bits of the event",
	  .writes = { W(ENTRY_INTERRUPTION_INFO, EVENT(3, 6) | BIT_ULL(12)) } },
	{ "reserved bits of the event",
	  .writes = { W(ENTRY_INTERRUPTION_INFO, EVENT(3, 6) | BIT_ULL(30)) } },
	{ "bits of the error code",
	  .writes = { W(ENTRY_INTERRUPTION_INFO, EVENT(3, 13) | ERROR_CODE),
		      W(ENTRY_EXCEPTION_ERROR_CODE, 0x10000) } },
	{ "instruction length of the event",
	  .writes = { W(ENTRY_INTERRUPTION_INFO, EVENT(4, 0x80)) } },
	{ "instruction length of the event",
	  .writes = { W(ENTRY_INTERRUPTION_INFO, EVENT(5, 1)), W(ENTRY_INSTRUCTION_LENGTH, 16) } },
	{ "instruction length of the event",
	  .writes = { W(ENTRY_INTERRUPTION_INFO, EVENT(6, 3)) } },
};

static const struct broken host_state[] = {
	{ "host CR0", .writes = { W(HOST_CR0, VALID_CR0 & ~BIT_ULL(5)) } },
	{ "host CR0", .writes = { W(HOST_CR0, VALID_CR0 | BIT_ULL(32)) } },
	{ "host CR4", .writes = { W(HOST_CR4, VALID_CR4 & ~BIT_ULL(13)) } },
	{ "host CR4", .writes = { W(HOST_CR4, VALID_CR4 | BIT_ULL(23)) } },
	{ "host CR3", .writes = { W(HOST_CR3, BEYOND_PHYSICAL) } },
	{ "host SYSENTER address", .writes = { W(HOST_SYSENTER_ESP, NON_CANONICAL) } },
	{ "host SYSENTER address", .writes = { W(HOST_SYSENTER_EIP, NON_CANONICAL) } },
	{ "host PAT", .writes = { W(HOST_PAT, 2) } },
	{ "host PAT", .writes = { W(HOST_PAT, 0x0300000000000000) } },
	{ "host PAT", .writes = { W(HOST_PAT, 8) } },
	{ "host EFER", .writes = { W(HOST_EFER, VALID_EFER | BIT_ULL(12)) } },
	{ "host EFER", .writes = { W(HOST_EFER, VALID_EFER & ~BIT_ULL(10)) } },
	{ "host EFER", .writes = { W(HOST_EFER, VALID_EFER & ~BIT_ULL(8)) } },
	{ "RPL or TI of a host selector", .writes = { W(HOST_ES_SELECTOR, 1) } },
	{ "RPL or TI of a host selector", .writes = { W(HOST_CS_SELECTOR, 0x12) } },
	{ "RPL or TI of a host selector", .writes = { W(HOST_SS_SELECTOR, 4) } },
	{ "RPL or TI of a host selector", .writes = { W(HOST_DS_SELECTOR, 3) } },
	{ "RPL or TI of a host selector", .writes = { W(HOST_FS_SELECTOR, 4) } },
	{ "RPL or TI of a host selector", .writes = { W(HOST_GS_SELECTOR, 1) } },
	{ "RPL or TI of a host selector", .writes = { W(HOST_TR_SELECTOR, 0x44) } },
	{ "host CS of 0", .writes = { W(HOST_CS_SELECTOR, 0) } },
	{ "host TR of 0", .writes = { W(HOST_TR_SELECTOR, 0) } },
	{ "host base address", .writes = { W(HOST_FS_BASE, NON_CANONICAL) } },
	{ "host base address", .writes = { W(HOST_GS_BASE, NON_CANONICAL) } },
	{ "host base address", .writes = { W(HOST_TR_BASE, NON_CANONICAL) } },
	{ "host base address", .writes = { W(HOST_GDTR_BASE, NON_CANONICAL) } },
	{ "host base address", .writes = { W(HOST_IDTR_BASE, NON_CANONICAL) } },
	{ "host that is in 64-bit mode and shall not be",
	  .writes = { W(EXIT_CONTROLS, VALID_EXIT & ~EXIT_HOST_64BIT) } },
	{ "host CR4.PAE", .writes = { W(HOST_CR4, VALID_CR4 & ~BIT_ULL(5)) } },
	{ "host RIP", .writes = { W(HOST_RIP, NON_CANONICAL) } },
};

FIXTURE(vm_check) {
	struct vmcs vmcs;
	struct vm_check check;
	struct vm_refusal why;
};

static bool read_memory(void *context, u64 pa, void *buf, unsigned int bytes)
{
	static const u64 pdptes[4] = { 0x1001, 0, 0x2001 | BIT_ULL(1), 0 };

	if (pa == VIRTUAL_APIC_PA + 0x80 && bytes == 1)
		*(u8 *)buf = 0x5f;
	else if (pa == LINKED_PA && bytes == 4)
		*(u32 *)buf = VMCS_REVISION;
	else if (pa == VMCS_PA && bytes == 4)
		*(u32 *)buf = VMCS_REVISION;
	else if (pa == PDPTES_PA && bytes == sizeof(pdptes))
		memcpy(buf, pdptes, sizeof(pdptes));
	else if (pa == VIRTUAL_APIC_PA && bytes == 4)
		*(u32 *)buf = 0;
	else
		return false;
	return true;
}

static void prepare(struct vmcs *vmcs, const struct vmcs_write *writes)
{
	memset(vmcs, 0, sizeof(*vmcs));
	write_fields(vmcs, valid_fields);
	write_fields(vmcs, writes);
}

FIXTURE_SETUP(vm_check)
{
	self->check = (struct vm_check){
		.vmcs = &self->vmcs,
		.vmcs_pa = VMCS_PA,
		.cr4_allowed = CR4_ALLOWED,
		.linear_bits = 48,
		.read = read_memory,
	};
}

FIXTURE_TEARDOWN(vm_check)
{
}

typedef bool check_function(const struct vm_check *check, struct vm_refusal *why);

static const char *judge(struct vm_check *check, struct vmcs *vmcs, check_function *function,
			 const struct broken *broken)
{
	struct vm_refusal why;

	prepare(vmcs, broken->writes);
	if (function(check, &why))
		return "valid";
	if (why.segment != broken->segment && strcmp(why.segment ?: "", broken->segment ?: ""))
		return why.segment ?: "no segment";
	if (why.qualification != broken->qualification)
		return "another qualification";
	return why.rule;
}

TEST_F(vm_check, invalid_controls_break_their_rule)
{
	for (unsigned int i = 0; i < ARRAY_LEN(controls); i++) {
		EXPECT_STREQ(controls[i].rule,
			     judge(&self->check, &self->vmcs, vm_check_controls, &controls[i]));
	}
}

TEST_F(vm_check, invalid_host_state_breaks_its_rule)
{
	for (unsigned int i = 0; i < ARRAY_LEN(host_state); i++) {
		EXPECT_STREQ(host_state[i].rule,
			     judge(&self->check, &self->vmcs, vm_check_host, &host_state[i]));
	}
}

TEST_F(vm_check, invalid_guest_state_breaks_its_rule)
{
	for (unsigned int i = 0; i < ARRAY_LEN(guest_state); i++) {
		EXPECT_STREQ(guest_state[i].rule,
			     judge(&self->check, &self->vmcs, vm_check_guest, &guest_state[i]))
			TH_LOG("case %u", i);
	}
}

TEST_F(vm_check, invalid_segments_break_their_rule)
{
	for (unsigned int i = 0; i < ARRAY_LEN(segments); i++) {
		EXPECT_STREQ(segments[i].rule,
			     judge(&self->check, &self->vmcs, vm_check_guest, &segments[i]))
			TH_LOG("case %u", i);
	}
}

/* What comes close to a rule, and other modes. */
TEST_F(vm_check, valid_state_is_accepted)
{
	for (unsigned int i = 0; i < ARRAY_LEN(valid); i++) {
		prepare(&self->vmcs, valid[i]);
		EXPECT_TRUE(vm_check_controls(&self->check, &self->why))
			TH_LOG("case %u: %s", i, self->why.rule);
		EXPECT_TRUE(vm_check_host(&self->check, &self->why))
			TH_LOG("case %u: %s", i, self->why.rule);
		EXPECT_TRUE(vm_check_guest(&self->check, &self->why))
			TH_LOG("case %u: %s %s", i, self->why.segment, self->why.rule);
	}
}

TEST_F(vm_check, features_of_the_cpu_allow_more)
{
	static const struct vmcs_write levels[] = { W(EPT_POINTER, 0x26), { 0 } };
	static const struct vmcs_write linear[] = { W(GUEST_FS_BASE, NON_CANONICAL), { 0 } };

	options.ept_levels = EPT_5_LEVELS;
	prepare(&self->vmcs, levels);
	EXPECT_TRUE(vm_check_controls(&self->check, &self->why));
	options.ept_levels = EPT_4_LEVELS;

	self->check.linear_bits = 57;
	prepare(&self->vmcs, linear);
	EXPECT_TRUE(vm_check_guest(&self->check, &self->why));
}

/* SDM "Loading MSRs" and "Saving MSRs" */
TEST(only_some_msrs_can_be_in_lists)
{
	EXPECT_TRUE(vm_msr_loadable(&(struct vm_msr){ 0xc0000080, 0, 0 }));
	EXPECT_FALSE(vm_msr_loadable(&(struct vm_msr){ 0xc0000080, 1, 0 }));
	EXPECT_FALSE(vm_msr_loadable(&(struct vm_msr){ 0xc0000100, 0, 0 }));
	EXPECT_FALSE(vm_msr_loadable(&(struct vm_msr){ 0xc0000101, 0, 0 }));
	EXPECT_TRUE(vm_msr_loadable(&(struct vm_msr){ 0xc0000102, 0, 0 }));
	EXPECT_FALSE(vm_msr_loadable(&(struct vm_msr){ 0x808, 0, 0 }));
	EXPECT_FALSE(vm_msr_loadable(&(struct vm_msr){ 0x9b, 0, 0 }));
	EXPECT_TRUE(vm_msr_storable(&(struct vm_msr){ 0xc0000100, 0, 0 }));
	EXPECT_FALSE(vm_msr_storable(&(struct vm_msr){ 0x10, 1, 0 }));
	EXPECT_FALSE(vm_msr_storable(&(struct vm_msr){ 0x8ff, 0, 0 }));
	EXPECT_FALSE(vm_msr_storable(&(struct vm_msr){ 0x9e, 0, 0 }));
}

TEST_HARNESS_MAIN
