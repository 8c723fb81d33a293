/* SPDX-License-Identifier: GPL-2.0-only */
/* One logical processor, and the vCPUs that it runs. */
#ifndef _TDX_EMU_CPU_H
#define _TDX_EMU_CPU_H

#include "cpu/layout.h"
#include "cpu/vcpu.h"

#define VMCS_NONE		(~0ULL)

struct vmx_state {
	bool on;		/* between VMXON and VMXOFF */
	u64 vmxon_pa;
	u64 current_vmcs_pa;	/* VMCS_NONE: none */
};

/* Waiting for a SIPI is what a CPU does until Linux starts it. */
enum cpu_activity {
	CPU_WAITS_FOR_SIPI,
	CPU_STARTS,		/* got one, and has not arrived yet */
	CPU_RUNS,
};

/* The kernel that a CPU runs: new_kernel.c. */
enum cpu_kernel {
	KERNEL_BEGINS,		/* or the CPU was reset, or waits for a SIPI */
	KERNEL_RUNS,
	KERNEL_GONE,		/* a new one begins on another CPU */
	KERNEL_HALTED,		/* the same, and this CPU executes nothing until it is reset */
};

struct cpu {
	u8 host_save[4096] __page_aligned;	/* written by VMRUN */
	struct vcpu host;	/* the host's Linux: the first of this CPU's vCPUs */
	struct vcpu td __page_aligned;	/* the vCPU of a TD, in TDH.VP.ENTER */
	struct vcpu vm __page_aligned;	/* the vCPU of an ordinary VM, in VMX non-root operation */
	u8 host_xstate[XSTATE_BYTES] __aligned(64);
	/* whose floating point and vector registers the CPU has; NULL: of none */
	struct vcpu *loaded;

	bool in_td;		/* between an entry and the exit for the host */

	struct vmx_state vmx;
	u64 tsc_adjust;

	unsigned int index;	/* the number of the logical processor, 0 for the BSP */
	u32 apic_id;
	u32 apic_ldr, apic_dfr;	/* for logical destinations, as the guest wrote them */
	unsigned int package;
	bool present;		/* enabled by the BIOS; else to be hot-added */

	/* new_kernel.c; written by other CPUs */
	enum cpu_kernel kernel;

	/* smp.c only; written by other CPUs */
	enum cpu_activity activity;
	bool in_guest;		/* or where it may be reset as if it were */
	bool executing;		/* in the guest indeed */
	u64 nr_exits;
	bool must_park;		/* about to be reset: do not leave the guest */
	bool init_latched;	/* an INIT that came in VMX operation */
	u8 sipi_vector;

	/* interrupt.c only: what the emulator has taken */
	unsigned int took_vector;
	bool took_nmi;

	/* shootdown.c only, with IPIs locked: whose NMI is on its way */
	bool own_nmi, guest_nmi;
};

static_assert(offsetof(struct cpu, host) % 4096 == 0);
static_assert(offsetof(struct cpu, td) % 4096 == 0);
static_assert(offsetof(struct cpu, vm) % 4096 == 0);

/* In the order of the BIOS's table, the BSP first. */
extern struct cpu cpus[MAX_CPUS];
extern unsigned int nr_cpus;		/* used entries of cpus[] */

/* The CPU that executes; valid from the first C function on. */
static inline struct cpu *this_cpu(void)
{
	u64 sp;

	asm volatile("movq %%rsp, %0" : "=r"(sp));
	sp &= ~(CPU_STACK_SIZE - 1ULL);
	return *(struct cpu **)(sp + CPU_STACK_TOP);
}

/**
 * cpu_add() - register a CPU, with the boot CPU first
 * @apic_id:	its APIC ID
 * @present:	it is enabled by the BIOS; else it may be hot-added
 *
 * Return: its entry, or NULL when there are MAX_CPUS already or @apic_id is too high.
 */
struct cpu *cpu_add(u32 apic_id, bool present);

/**
 * cpu_reset() - the state of a CPU and of its host vCPU after INIT and a SIPI
 * @cpu:	the calling CPU, or one that has not started
 * @vector:	of the SIPI: the host starts at @vector << 12
 *
 * Intercepts are to be armed afterwards.
 */
void cpu_reset(struct cpu *cpu, u8 vector);

/**
 * cpu_enable_svm() - let SVM be used on the calling CPU
 * @cpu:	the calling CPU
 */
void cpu_enable_svm(struct cpu *cpu);

#endif /* _TDX_EMU_CPU_H */
