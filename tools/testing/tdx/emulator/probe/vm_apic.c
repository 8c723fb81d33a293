// SPDX-License-Identifier: GPL-2.0-only
/* Cases of the probe with a virtual APIC of an ordinary VM. */
#include "host/vmcs.h"
#include "host/vmx_caps.h"
#include "vm.h"

#define ACCESS_PAGE		0x2410000ULL
#define VIRTUAL_PAGE		0x2411000ULL
#define POSTED			0x2412000ULL

#define TPR			0x80
#define ICR_HIGH		0x310
#define LVT_TIMER		0x320

#define NOTIFICATION		0xf2

#define LAPIC_SPIV		0xfee000f0ULL
#define LAPIC_ICR		0xfee00300ULL
#define ICR_SELF		0x44000

static u32 *virtual_register(unsigned int offset)
{
	return phys(VIRTUAL_PAGE + offset);
}

static void set_up_apic(const void *code, u64 secondary)
{
	vm_set_up(code);
	vm_clear_page(VIRTUAL_PAGE);
	*virtual_register(0x20) = 0x3000000;
	vm_allow(VMCS_PRIMARY_CONTROLS, PRIMARY_TPR_SHADOW);
	vm_allow(VMCS_SECONDARY_CONTROLS, secondary);
	vm_write(VMCS_VIRTUAL_APIC_ADDR, VIRTUAL_PAGE);
	vm_write(VMCS_APIC_ACCESS_ADDR, ACCESS_PAGE);
}

/* A TPR below the threshold exits behind the instruction, and behind a VM entry. */
static void case_tpr(void)
{
	struct vm_regs regs = { .rbx = ACCESS_PAGE };

	set_up_apic(vm_guest_tpr, SECONDARY_APIC_ACCESSES);
	say("written", vm_run(&regs, true));
	say("cr8", regs.rax);
	say("tpr", *virtual_register(TPR));
	vm_skip();
	vm_write(VMCS_TPR_THRESHOLD, 5);
	say("low", vm_run(&regs, false));
	say("low_tpr", *virtual_register(TPR));
	say("still_low", vm_run(&regs, false));
	vm_write(VMCS_TPR_THRESHOLD, 4);
	say("read", vm_run(&regs, false));
	say("read_tpr", regs.rax);
	vm_skip();
	say("id", vm_run(&regs, false));
	say("id_qualification", vm_read(VMCS_EXIT_QUALIFICATION));
	vm_skip();
	say("hlt", vm_run(&regs, false));
}

/* What is mapped for the page beside that page, or without EPT, is not mapped there. */
static void case_page(void)
{
	struct vm_regs regs = { .rbx = ACCESS_PAGE - PAGE_SIZE };
	u64 secondary;

	set_up_apic(vm_guest_touch, SECONDARY_APIC_ACCESSES);
	*(u64 *)phys(ACCESS_PAGE - PAGE_SIZE) = 0x99;
	*(u64 *)phys(ACCESS_PAGE + TPR) = 0x77;
	*virtual_register(TPR) = 0x30;
	say("beside", vm_run(&regs, true));
	say("beside_value", regs.rax);
	regs.rbx = ACCESS_PAGE + TPR;
	vm_write(VMCS_GUEST_RIP, phys_of(vm_guest_touch32));
	say("tpr", vm_run(&regs, false));
	say("tpr_value", regs.rax);
	secondary = vm_read(VMCS_SECONDARY_CONTROLS);
	vm_write(VMCS_SECONDARY_CONTROLS,
		 secondary & ~(SECONDARY_EPT | SECONDARY_UNRESTRICTED_GUEST));
	vm_write(VMCS_GUEST_RIP, phys_of(vm_guest_touch32));
	say("without_ept", vm_run(&regs, false));
	say("without_ept_value", regs.rax);
	vm_write(VMCS_SECONDARY_CONTROLS, secondary & ~SECONDARY_APIC_ACCESSES);
	vm_write(VMCS_GUEST_RIP, phys_of(vm_guest_touch32));
	say("memory", vm_run(&regs, false));
	say("memory_value", regs.rax);
}

static void case_registers(void)
{
	struct vm_regs regs = { .rbx = ACCESS_PAGE, .rcx = 0x11223344 };

	set_up_apic(vm_guest_registers, SECONDARY_APIC_ACCESSES | SECONDARY_APIC_REGISTERS);
	say("read", vm_run(&regs, true));
	say("id", regs.rax);
	vm_skip();
	say("written", vm_run(&regs, false));
	say("written_qualification", vm_read(VMCS_EXIT_QUALIFICATION));
	say("lvt", *virtual_register(LVT_TIMER));
	*virtual_register(ICR_HIGH) = 0x55000000;
	say("current_count", vm_run(&regs, false));
	say("current_count_qualification", vm_read(VMCS_EXIT_QUALIFICATION));
	say("exchanged", regs.rcx);
	say("icr_high", *virtual_register(ICR_HIGH));
	vm_skip();
	say("hlt", vm_run(&regs, false));
}

/* A request of the host, whose EOI it wants to see, and an IPI of the guest to itself */
static void case_interrupts(void)
{
	struct vm_regs regs = { .rbx = ACCESS_PAGE };

	set_up_apic(vm_guest_interrupts, SECONDARY_APIC_ACCESSES | SECONDARY_APIC_REGISTERS |
					 SECONDARY_VIRTUAL_INTERRUPTS);
	vm_set_gate(0x41, vm_guest_end_interrupt);
	vm_set_gate(0x51, vm_guest_end_interrupt);
	*virtual_register(0x220) = BIT(1);
	vm_write(VMCS_GUEST_INTERRUPT_STATUS, 0x41);
	vm_write(VMCS_EOI_EXIT_BITMAP1, BIT_ULL(1));
	vm_write(VMCS_GUEST_RFLAGS, X86_EFLAGS_FIXED | X86_EFLAGS_IF);
	say("delivered", vm_run(&regs, true));
	say("status", vm_read(VMCS_GUEST_INTERRUPT_STATUS));
	vm_skip();
	say("end", vm_run(&regs, false));
	say("end_qualification", vm_read(VMCS_EXIT_QUALIFICATION));
	say("end_status", vm_read(VMCS_GUEST_INTERRUPT_STATUS));
	say("self", vm_run(&regs, false));
	say("self_status", vm_read(VMCS_GUEST_INTERRUPT_STATUS));
	vm_skip();
	say("hlt", vm_run(&regs, false));
	say("hlt_status", vm_read(VMCS_GUEST_INTERRUPT_STATUS));
}

/* The notification is pending at the VM entry. */
static void case_posted(void)
{
	struct vm_regs regs = { .rbx = ACCESS_PAGE };
	u64 *posted = phys(POSTED);

	set_up_apic(vm_guest_spin, SECONDARY_APIC_ACCESSES | SECONDARY_APIC_REGISTERS |
				   SECONDARY_VIRTUAL_INTERRUPTS);
	vm_set_gate(0x51, vm_guest_end_interrupt);
	vm_clear_page(POSTED);
	posted[1] = BIT_ULL(0x51 - 64);
	posted[4] = 1;
	vm_allow(VMCS_PIN_CONTROLS, PIN_POSTED_INTERRUPTS);
	vm_write(VMCS_POSTED_INTERRUPT_VECTOR, NOTIFICATION);
	vm_write(VMCS_POSTED_INTERRUPT_DESC_ADDR, POSTED);
	vm_write(VMCS_GUEST_RFLAGS, X86_EFLAGS_FIXED | X86_EFLAGS_IF);
	*(u32 *)phys(LAPIC_SPIV) = 0x1ff;
	*(u32 *)phys(LAPIC_ICR) = ICR_SELF | NOTIFICATION;
	say("delivered", vm_run(&regs, true));
	say("status", vm_read(VMCS_GUEST_INTERRUPT_STATUS));
	say("requests", posted[1]);
	say("outstanding", posted[4]);
	/* Another vector is the host's. */
	vm_skip();
	*(u32 *)phys(LAPIC_ICR) = ICR_SELF | (NOTIFICATION - 1);
	say("interrupt", vm_run(&regs, false));
	say("information", vm_read(VMCS_EXIT_INTERRUPTION_INFO));
}

static void case_x2apic(void)
{
	struct vm_regs regs = { 0 };

	set_up_apic(vm_guest_x2apic, SECONDARY_X2APIC_MODE | SECONDARY_APIC_REGISTERS |
				     SECONDARY_VIRTUAL_INTERRUPTS);
	vm_set_gate(0x51, vm_guest_end_x2apic);
	vm_clear_page(MSR_BITMAP);
	vm_allow(VMCS_PRIMARY_CONTROLS, PRIMARY_MSR_BITMAPS);
	vm_write(VMCS_MSR_BITMAP, MSR_BITMAP);
	vm_write(VMCS_GUEST_RFLAGS, X86_EFLAGS_FIXED | X86_EFLAGS_IF);
	say("read", vm_run(&regs, true));
	say("id", regs.rax);
	vm_skip();
	say("requested", vm_run(&regs, false));
	say("status", vm_read(VMCS_GUEST_INTERRUPT_STATUS));
	vm_skip();
	say("delivered", vm_run(&regs, false));
	say("delivered_status", vm_read(VMCS_GUEST_INTERRUPT_STATUS));
	vm_skip();
	say("hlt", vm_run(&regs, false));
	say("hlt_status", vm_read(VMCS_GUEST_INTERRUPT_STATUS));
}

static const struct probe_case cases[] = {
	{ "vm-apic-tpr", case_tpr },
	{ "vm-apic-page", case_page },
	{ "vm-apic-registers", case_registers },
	{ "vm-apic-interrupts", case_interrupts },
	{ "vm-apic-posted", case_posted },
	{ "vm-apic-x2apic", case_x2apic },
};

bool run_vm_apic_case(const char *name)
{
	return run_case(name, cases, ARRAY_LEN(cases));
}
