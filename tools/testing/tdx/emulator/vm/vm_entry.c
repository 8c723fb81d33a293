// SPDX-License-Identifier: GPL-2.0-only
/* VM entries and VM exits. */

/*
 * The vCPU runs inside the instruction of the host, until an exit for the host.  What a CPU with
 * VMX does without an exit is done in vm_run.c, and the vCPU goes on.
 */
#include <linux/string.h>

#include "check/report.h"
#include "cpu/crash.h"
#include "cpu/walk.h"
#include "host/cr.h"
#include "host/vmx.h"
#include "lib/log.h"
#include "machine/options.h"
#include "memory/host_map.h"
#include "vm/vm_check.h"
#include "vm/vm_cost.h"
#include "vm/vm_entry.h"
#include "vm/vm_event.h"
#include "vm/vm_intercept.h"
#include "vm/vm_map.h"
#include "vm/vm_msrs.h"
#include "vm/vm_run.h"
#include "vm/vm_state.h"
#include "vm/vm_timer.h"

static void read_controls(struct vm *vm)
{
	const struct vmcs *vmcs = vm->vmcs;
	u64 bitmap = vmcs_read(vmcs, VMCS_MSR_BITMAP);

	vm->pin = vmcs_read(vmcs, VMCS_PIN_CONTROLS);
	vm->primary = vmcs_read(vmcs, VMCS_PRIMARY_CONTROLS);
	vm->secondary = vm->primary & PRIMARY_SECONDARY ?
			vmcs_read(vmcs, VMCS_SECONDARY_CONTROLS) : 0;
	vm->entry = vmcs_read(vmcs, VMCS_ENTRY_CONTROLS);
	vm->exits = vmcs_read(vmcs, VMCS_EXIT_CONTROLS);
	vm->exceptions = vmcs_read(vmcs, VMCS_EXCEPTION_BITMAP);
	vm->cr0_mask = vmcs_read(vmcs, VMCS_CR0_MASK);
	vm->cr0_shadow = vmcs_read(vmcs, VMCS_CR0_SHADOW);
	vm->cr4_mask = vmcs_read(vmcs, VMCS_CR4_MASK);
	vm->cr4_shadow = vmcs_read(vmcs, VMCS_CR4_SHADOW);
	vm->msr_bitmap = vm->primary & PRIMARY_MSR_BITMAPS && host_map_has(bitmap) ?
			 phys(bitmap) : NULL;
}

static void write_exit(struct vm *vm, const struct vm_exit *exit)
{
	struct vmcs *vmcs = vm->vmcs;
	u32 info = vmcs_read(vmcs, VMCS_ENTRY_INTERRUPTION_INFO);

	vmcs_write(vmcs, VMCS_EXIT_REASON, exit->reason);
	vmcs_write(vmcs, VMCS_EXIT_QUALIFICATION, exit->qualification);
	if (exit->reason & VM_EXIT_FAILED_ENTRY)
		return;
	vmcs_write(vmcs, VMCS_ENTRY_INTERRUPTION_INFO, info & ~SVM_EVENT_VALID);
	vmcs_write(vmcs, VMCS_EXIT_INSTRUCTION_LENGTH, exit->length);
	vmcs_write(vmcs, VMCS_EXIT_INSTRUCTION_INFO, exit->instruction);
	vmcs_write(vmcs, VMCS_EXIT_INTERRUPTION_INFO, exit->info);
	vmcs_write(vmcs, VMCS_EXIT_INTERRUPTION_ERROR_CODE, exit->error);
	vmcs_write(vmcs, VMCS_GUEST_PHYSICAL_ADDRESS, exit->gpa);
	vmcs_write(vmcs, VMCS_GUEST_LINEAR_ADDRESS, exit->linear);
}

static u8 *virtual_apic_page(const struct vm *vm)
{
	u64 pa = vmcs_read(vm->vmcs, VMCS_VIRTUAL_APIC_ADDR);

	if (!(vm->primary & PRIMARY_TPR_SHADOW))
		return NULL;
	if (!phys_reachable(pa, PAGE_SIZE) || !host_map_has(pa))
		crash_guest(&vm->vcpu->cpu->host,
			    "the virtual-APIC page of a VM is in memory that is not the host's");
	return phys(pa);
}

/* The guest has run, or its state was loaded and cannot run. */
static void leave(struct vm *vm, const struct vm_exit *exit)
{
	write_exit(vm, exit);
	if (exit->reason & VM_EXIT_FAILED_ENTRY) {
		vm_state_drop(vm);
	} else {
		vm_event_store(vm, exit);
		vm_timer_store(vm);
		vm_apic_store(&vm->apic, vm->vmcs);
		vm_state_store(vm);
		vm_msrs_store(vm);
	}
	vm_state_load_host(vm);
	vm_msrs_load_host(vm);
}

/* The guest's state was not loaded. */
static void leave_failed(struct vm *vm, const struct vm_exit *exit)
{
	struct vcpu *host = &vm->vcpu->cpu->host;

	write_exit(vm, exit);
	native_vmsave(phys_of(&host->vmcb));
	vm_state_load_host(vm);
	vm_msrs_load_host(vm);
}

static void enter(struct vcpu *host, struct vmcs *vmcs)
{
	struct vm vm = { .vcpu = &host->cpu->vm, .vmcs = vmcs };
	struct vm_exit exit;

	vm_cost_entry(host->cpu);
	read_controls(&vm);
	vm_state_load(&vm);
	vm_intercept(&vm);
	vm_map_use(&vm);
	vm_apic_load(&vm.apic, vmcs, virtual_apic_page(&vm));
	vm_event_load(&vm);
	if (vm_msrs_load(&vm, &exit)) {
		vmcs->launched = true;
		vm_timer_load(&vm);
		vm_run(&vm, &exit);
	}
	leave(&vm, &exit);
	vm_cost_exit(host->cpu, &exit);
}

static bool read_host(void *context, u64 pa, void *buf, unsigned int bytes)
{
	if (!phys_reachable(pa, bytes) || !host_map_has(pa))
		return false;
	memcpy(buf, phys(pa), bytes);
	return true;
}

static void refused(const struct vm_check *check, const struct vm_refusal *why, const char *what)
{
	log_line("VM entry of VMCS 0x%llx fails by its %s: %s %s", check->vmcs_pa, what, why->rule,
		 why->segment ? why->segment : "");
}

/* The host goes on as behind a VM exit. */
static void fail_guest(struct vcpu *host, struct vmcs *vmcs, const struct vm_refusal *why)
{
	struct vm vm = { .vcpu = &host->cpu->vm, .vmcs = vmcs };
	const struct vm_exit exit = {
		.reason = VM_EXIT_INVALID_STATE | VM_EXIT_FAILED_ENTRY,
		.qualification = why->qualification,
	};

	read_controls(&vm);
	leave_failed(&vm, &exit);
}

static bool check_launched(const struct vmcs *vmcs, bool launch, enum vmx_error *error)
{
	if (!vmcs->launched == launch)
		return true;
	*error = launch ? VMERR_VMLAUNCH_NOT_CLEAR : VMERR_VMRESUME_NOT_LAUNCHED;
	if (launch)
		report_fault("VMLAUNCH of a VMCS that was launched already");
	else
		report_fault("VMRESUME of a VMCS that was not launched");
	return false;
}

/* Enter the guest.  An error of the instruction, if it is not 0, is the host's to see. */
static enum vmx_error try_to_enter(struct vcpu *vcpu, struct vmcs *vmcs)
{
	const struct vm_check check = {
		.vmcs = vmcs,
		.vmcs_pa = vcpu->cpu->vmx.current_vmcs_pa,
		.cr4_allowed = cr4_allowed(),
		.linear_bits = linear_bits(),
		.read = read_host,
	};
	struct vm_refusal why = { 0 };

	if (!vm_check_controls(&check, &why)) {
		refused(&check, &why, "controls");
		return VMERR_ENTRY_CONTROLS;
	}
	if (!vm_check_host(&check, &why)) {
		refused(&check, &why, "host state");
		return VMERR_ENTRY_HOST_STATE;
	}
	if (!vm_check_guest(&check, &why)) {
		refused(&check, &why, "guest state");
		fail_guest(vcpu, vmcs, &why);
	} else {
		enter(vcpu, vmcs);
	}
	return 0;
}

static void enter_checked(struct vcpu *vcpu, const struct insn *insn, bool launch)
{
	enum vmx_error error = 0;
	struct vmcs *vmcs;

	if (!vmx_root_check(vcpu))
		return;
	if (!options.vms) {
		vmx_finish(vcpu, insn, launch ? VMERR_ENTRY_CONTROLS : VMERR_VMRESUME_NOT_LAUNCHED);
		return;
	}
	vmcs = vmx_current(vcpu, insn, ACCESS_WRITE);
	if (!vmcs)
		return;
	if (check_launched(vmcs, launch, &error))
		error = try_to_enter(vcpu, vmcs);
	if (error)
		vmx_finish(vcpu, insn, error);
}

void vm_launch(struct vcpu *vcpu, const struct insn *insn)
{
	enter_checked(vcpu, insn, true);
}

void vm_resume(struct vcpu *vcpu, const struct insn *insn)
{
	enter_checked(vcpu, insn, false);
}
