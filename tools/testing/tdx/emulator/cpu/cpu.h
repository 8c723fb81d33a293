/* SPDX-License-Identifier: GPL-2.0-only */
/* One logical processor: the guest's registers and what the emulator keeps beside them. */
#ifndef _TDX_EMU_CPU_H
#define _TDX_EMU_CPU_H

#include "cpu/layout.h"
#include "cpu/svm.h"

enum gpr {
	RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI,
	R8, R9, R10, R11, R12, R13, R14, R15,
	NR_GPRS
};

/* MSRs that QEMU does not have and that only need to keep what was written. */
enum msr_store {
	STORE_SPEC_CTRL,
	STORE_DEBUGCTL,
	STORE_MCG_EXT_CTL,
	NR_MSR_STORES
};

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
	KERNEL_GONE,		/* a new one has begun on another CPU */
};

/* What VMRUN began with: one that fails overwrites it. */
struct entry_state {
	u64 rip, rflags, cr0, cr3, cr4, efer;
	u32 event;
};

struct cpu {
	struct vmcb vmcb;
	u8 host_save[4096];	/* written by VMRUN */

	u64 gpr[NR_GPRS];	/* RAX and RSP are copied from and to the VMCB */
	bool cr4_vmxe;		/* TCG reserves this bit of CR4: kept here */
	bool efer_lme;		/* the CPU's own may come later */
	struct entry_state entered;
	struct vmx_state vmx;
	u64 msr_store[NR_MSR_STORES];
	u64 tsc_adjust;

	unsigned int index;	/* the number of the logical processor, 0 for the BSP */
	u32 apic_id;
	u32 apic_ldr, apic_dfr;	/* for logical destinations, as the guest wrote them */
	unsigned int package;
	bool present;		/* enabled by the BIOS; else to be hot-added */

	/* cache.c: modified lines that this CPU's caches may hold */
	bool host_lines;
	const char *keyid_lines;	/* since this leaf; NULL: none */

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

	/* shootdown.c only: whose NMI is on its way */
	bool own_nmi, guest_nmi;
};

static_assert(offsetof(struct cpu, gpr[R15]) - offsetof(struct cpu, gpr) == GPR_R15);
static_assert(offsetof(struct cpu, gpr[RBP]) - offsetof(struct cpu, gpr) == GPR_RBP);
static_assert(RDI * 8 == GPR_RDI && RBX * 8 == GPR_RBX && R8 * 8 == GPR_R8);

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

/* Register a CPU; returns its entry, or NULL when there are MAX_CPUS already. */
struct cpu *cpu_add(u32 apic_id, bool present);
struct cpu *cpu_by_apic_id(u32 apic_id);

static inline bool cpu_long_mode(const struct cpu *cpu)
{
	return cpu->vmcb.efer & EFER_LMA;
}

static inline bool cpu_64bit_code(const struct cpu *cpu)
{
	return cpu_long_mode(cpu) && (cpu->vmcb.cs.attributes & SVM_SEG_L);
}

static inline u64 cpu_cr4(const struct cpu *cpu)
{
	return cpu->vmcb.cr4 | (cpu->cr4_vmxe ? X86_CR4_VMXE : 0);
}

static inline u64 cpu_efer(const struct cpu *cpu)
{
	return (cpu->vmcb.efer & ~EFER_SVME) | (cpu->efer_lme ? EFER_LME : 0);
}

/* As cpu_efer() shows it from now on, but for LMA. */
void cpu_set_efer(struct cpu *cpu, u64 value);

/* As cpu_cr4() shows it from now on. */
void cpu_set_cr4(struct cpu *cpu, u64 value);

/* The state of a CPU's guest after INIT, about to start at @vector << 12. */
void cpu_reset_guest(struct cpu *cpu, u8 sipi_vector);

/* Let SVM be used on the calling CPU, and arm the intercepts of @cpu. */
void cpu_enable_svm(struct cpu *cpu);

/* Run the guest until its next exit. */
void cpu_run_guest(struct cpu *cpu);

/* Go on behind an emulated instruction of @length bytes. */
void cpu_skip_insn(struct cpu *cpu, unsigned int length);

/* Deliver an exception when the guest goes on; it replaces one that is waiting. */
void cpu_inject(struct cpu *cpu, unsigned int vector);
void cpu_inject_error(struct cpu *cpu, unsigned int vector, u32 error);

void cpu_inject_nmi(struct cpu *cpu);

/* Deliver INT n, an instruction of @length bytes. */
void cpu_software_interrupt(struct cpu *cpu, u8 vector, unsigned int length);

/* Permission maps: everything exits but what was let through. */
void svm_pass_msr(u32 msr);
void svm_trap_port(u16 port);
void svm_init_maps(void);

#endif /* _TDX_EMU_CPU_H */
