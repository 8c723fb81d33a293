// SPDX-License-Identifier: GPL-2.0-only
/* Kexec: the beginning of a new kernel, and the CPUs of the one before. */

/*
 * Kexec is a jump: no instruction tells the platform that a new kernel begins, and if it
 * uses only its first CPU it sends no INIT either.  But a kernel begins in identity-mapped
 * memory, executes CPUID there, and then stays in the upper half of the address space.
 * Code that executes CPUID in the lower half, with all privileges, on a CPU that was in the
 * upper half before, is a new kernel.
 *
 * The reset of a CPU clears this state.  In real mode it executes CPUID on behalf of the
 * kernel that started it.
 *
 * The other CPUs halt meanwhile, in code that the new kernel overwrites.  The emulator's NMIs
 * end a HLT, which nothing does on hardware.  And QEMU may give a CPU that has said that it
 * stops no turn in time to execute its HLT.  So before the new kernel is copied they are
 * waited for, and they do not return to the guest.
 */
#include "check/cache.h"
#include "check/report.h"
#include "cpu/walk.h"
#include "host/new_kernel.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "smp/shootdown.h"
#include "smp/smp.h"

#define OPCODE_HLT	0xf4

/* A CPU that the old kernel did not stop goes on. */
#define HALT_PATIENCE_US	5000000

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

static void others_lose_their_kernel(const struct cpu *cpu)
{
	unsigned int i;

	for (i = 0; i < nr_cpus; i++) {
		if (&cpus[i] != cpu && kernel_of(&cpus[i]) != KERNEL_HALTED)
			set_kernel(&cpus[i], KERNEL_GONE);
	}
}

static bool others_have_halted(void)
{
	unsigned int i;

	for (i = 0; i < nr_cpus; i++) {
		if (smp_takes_ipis(&cpus[i]) && kernel_of(&cpus[i]) == KERNEL_GONE)
			return false;
	}
	return true;
}

static void halt_others(const struct cpu *cpu)
{
	u64 end = clock_us() + HALT_PATIENCE_US;

	others_lose_their_kernel(cpu);
	while (!others_have_halted() && clock_us() < end) {
		shootdown(cpu);
		cpu_pause();
	}
	if (!others_have_halted())
		log_line("a CPU of the kernel before has not halted");
}

static void begin(struct cpu *cpu)
{
	log_line("new kernel on cpu %u", cpu->index);
	__atomic_add_fetch(&nr_new, 1, __ATOMIC_SEQ_CST);
	cache_before_new_kernel(cpu);
	set_kernel(cpu, KERNEL_BEGINS);
	halt_others(cpu);
}

void new_kernel_cr4_write(struct vcpu *vcpu)
{
	struct cpu *cpu = vcpu->cpu;

	if (in_startup_code(vcpu) && kernel_of(cpu) == KERNEL_RUNS)
		halt_others(cpu);
}

/* The code is intact: what overwrites it waits for this CPU. */
static bool is_behind_hlt(const struct vcpu *vcpu)
{
	const struct vmcb *v = &vcpu->vmcb;
	u8 opcode;

	return !(v->rflags & X86_EFLAGS_IF) &&
	       guest_fetch(vcpu, v->cs.base + v->rip - 1, &opcode, 1) && opcode == OPCODE_HLT;
}

void new_kernel_after_nmi(struct vcpu *vcpu)
{
	struct cpu *cpu = vcpu->cpu;

	if (kernel_of(cpu) != KERNEL_GONE || !is_behind_hlt(vcpu))
		return;
	set_kernel(cpu, KERNEL_HALTED);
	smp_halt(cpu);
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
