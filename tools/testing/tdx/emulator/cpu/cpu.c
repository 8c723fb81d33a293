// SPDX-License-Identifier: GPL-2.0-only
/* Logical processors: their list, and their state after INIT. */
#include "cpu/cpu.h"
#include "cpu/entry.h"

struct cpu cpus[MAX_CPUS] __page_aligned;
unsigned int nr_cpus;

u8 cpu_stacks[MAX_CPUS][CPU_STACK_SIZE] __aligned(CPU_STACK_SIZE);
u64 stack_of_apic_id[256];	/* boot.S: the stack that an AP starts on */

struct cpu *cpu_add(u32 apic_id, bool present)
{
	unsigned int index = nr_cpus;
	u8 *top;

	if (index == MAX_CPUS || apic_id >= ARRAY_LEN(stack_of_apic_id))
		return NULL;
	nr_cpus++;
	top = cpu_stacks[index] + CPU_STACK_TOP;
	*(struct cpu **)top = &cpus[index];
	stack_of_apic_id[apic_id] = phys_of(top);
	cpus[index].index = index;
	cpus[index].apic_id = apic_id;
	cpus[index].present = present;
	cpus[index].host.cpu = &cpus[index];
	cpus[index].host.xstate.area = cpus[index].host_xstate;
	cpus[index].td.cpu = &cpus[index];
	cpus[index].vm.cpu = &cpus[index];
	/* INIT changes neither these registers nor whose they are. */
	cpus[index].loaded = &cpus[index].host;
	return &cpus[index];
}

void cpu_reset(struct cpu *cpu, u8 vector)
{
	cpu->apic_ldr = 0;
	cpu->apic_dfr = ~0U;
	cpu->vmx = (struct vmx_state){ .current_vmcs_pa = VMCS_NONE };
	/* INIT drops a pending NMI, and no NMI is sent to a CPU that waits for a SIPI */
	cpu->own_nmi = false;
	cpu->guest_nmi = false;
	__atomic_store_n(&cpu->kernel, KERNEL_BEGINS, __ATOMIC_SEQ_CST);
	vcpu_reset(&cpu->host, vector);
	cpu->host.vmcb.tsc_offset = cpu->tsc_adjust;
}

void cpu_enable_svm(struct cpu *cpu)
{
	native_wrmsr(MSR_VM_HSAVE_PA, phys_of(cpu->host_save));
	/* From here on this CPU receives interrupts and NMIs in the guest only. */
	native_clgi();
}
