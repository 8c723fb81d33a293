// SPDX-License-Identifier: GPL-2.0-only
/* Posted interrupts of an ordinary VM. */
#include "cpu/crash.h"
#include "cpu/walk.h"
#include "memory/host_map.h"
#include "smp/apic.h"
#include "vm/vm_posted.h"

bool vm_posted_take(struct vm *vm, u8 vector)
{
	u64 pa = vmcs_read(vm->vmcs, VMCS_POSTED_INTERRUPT_DESC_ADDR);

	if (!(vm->pin & PIN_POSTED_INTERRUPTS) ||
	    vector != vmcs_read(vm->vmcs, VMCS_POSTED_INTERRUPT_VECTOR))
		return false;
	if (!phys_reachable(pa, sizeof(struct vapic_posted)) || !host_map_has(pa))
		crash_guest(&vm->vcpu->cpu->host,
			    "a posted-interrupt descriptor is in memory that is not the host's");
	apic_end_interrupt();
	vapic_take_posted(&vm->apic.regs, phys(pa));
	return true;
}
