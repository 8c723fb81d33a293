// SPDX-License-Identifier: GPL-2.0-only
/* Detection of kexec: the beginning of a new kernel. */

/*
 * Kexec is a jump: no instruction tells the platform that a new kernel begins, and if it
 * uses only its first CPU it sends no INIT either.  But a kernel begins in identity-mapped
 * memory, executes CPUID there, and then stays in the upper half of the address space.
 * Code that executes CPUID in the lower half, with all privileges, on a CPU that was in the
 * upper half before, is a new kernel.
 *
 * The reset of a CPU clears this state.  In real mode it executes CPUID on behalf of the
 * kernel that started it.
 */
#include "check/cache.h"
#include "check/report.h"
#include "host/new_kernel.h"
#include "lib/log.h"

static unsigned int nr_new;

unsigned int new_kernel_number(void)
{
	return __atomic_load_n(&nr_new, __ATOMIC_SEQ_CST);
}

static enum cpu_kernel kernel_of(const struct cpu *cpu)
{
	return __atomic_load_n(&cpu->kernel, __ATOMIC_SEQ_CST);
}

static void set_kernel(struct cpu *cpu, enum cpu_kernel kernel)
{
	__atomic_store_n(&cpu->kernel, kernel, __ATOMIC_SEQ_CST);
}

static void settle(struct cpu *cpu)
{
	enum cpu_kernel begins = KERNEL_BEGINS;

	__atomic_compare_exchange_n(&cpu->kernel, &begins, KERNEL_RUNS, false,
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static bool in_upper_half(const struct vcpu *vcpu)
{
	return vcpu->vmcb.rip >> 63;
}

static bool in_startup_code(const struct vcpu *vcpu)
{
	return vcpu->vmcb.cr0 & X86_CR0_PE && !vcpu->vmcb.cpl && !in_upper_half(vcpu);
}

static void begin(struct cpu *cpu)
{
	unsigned int i;

	log_line("new kernel on cpu %u", cpu->index);
	__atomic_add_fetch(&nr_new, 1, __ATOMIC_SEQ_CST);
	cache_before_new_kernel(cpu);
	for (i = 0; i < nr_cpus; i++)
		set_kernel(&cpus[i], KERNEL_GONE);
	set_kernel(cpu, KERNEL_BEGINS);
}

void new_kernel_watch(struct vcpu *vcpu)
{
	struct cpu *cpu = vcpu->cpu;

	if (in_upper_half(vcpu))
		settle(cpu);
	else if (in_startup_code(vcpu) && kernel_of(cpu) != KERNEL_BEGINS)
		begin(cpu);
}

void new_kernel_seamcall(struct vcpu *vcpu)
{
	struct cpu *cpu = vcpu->cpu;

	if (kernel_of(cpu) == KERNEL_GONE)
		report_fault("SEAMCALL 0x%llx on CPU %u, whose kernel was replaced by a new one",
			     vcpu->gpr[RAX], cpu->index);
	/*
	 * If a guest never enters the upper half, its next kernel is detected
	 * nevertheless.
	 */
	settle(cpu);
}
