// SPDX-License-Identifier: GPL-2.0-only
#include "check/cache.h"
#include "cpu/crash.h"
#include "cpu/decode.h"
#include "cpu/npt.h"
#include "exit/end.h"
#include "exit/exit.h"
#include "exit/foreign.h"
#include "exit/insn.h"
#include "host/cpuid.h"
#include "host/cr.h"
#include "host/io.h"
#include "host/msr.h"
#include "host/new_kernel.h"
#include "host/softint.h"
#include "lib/log.h"
#include "seam/seam.h"
#include "smp/apic.h"
#include "smp/apic_regs.h"
#include "smp/shootdown.h"
#include "smp/smp.h"

#define OPCODE_XCHG	0x87

/*
 * The instruction that an intercept says is there.  false: it gets #UD, for a LOCK that
 * it cannot have; or since it is a program's, which shall end itself and not the machine.
 */
static bool decode_known(struct cpu *cpu, struct insn *insn)
{
	bool known = decode(cpu, insn);

	if (!known && cpu->vmcb.cpl != 3)
		crash_guest(cpu, "cannot decode the instruction that was intercepted");
	if (known && (!insn->lock || insn->opcode == OPCODE_XCHG))
		return true;
	cpu_inject(cpu, VECTOR_UD);
	return false;
}

static void nested_page_fault(struct cpu *cpu)
{
	u64 gpa = cpu->vmcb.exit_info2, pa;
	bool write = cpu->vmcb.exit_info1 & SVM_NPF_WRITE;
	/* Through the guest's page tables, which QEMU calls a write always */
	bool walk = cpu->vmcb.exit_info1 & SVM_NPF_WALK;
	struct insn insn;

	if ((gpa & PAGE_MASK) == APIC_PAGE && write && !walk) {
		if (decode_known(cpu, &insn) && !apic_write_exit(cpu, &insn, gpa))
			crash_guest(cpu, "this kind of write to the local APIC is not emulated");
		return;
	}
	npt_map_on_demand(gpa);
	/* Now, or by another CPU since the fault */
	if (!npt_reach(gpa, write, &pa))
		foreign_access(cpu, gpa, write && !walk);
}

static void instruction_exit(struct cpu *cpu)
{
	const struct vmcb *v = &cpu->vmcb;
	struct insn insn;

	if (!decode_known(cpu, &insn))
		return;
	switch (v->exit_code) {
	case SVM_EXIT_CPUID:
		new_kernel_watch(cpu);
		cpuid_exit(cpu, insn.length);
		break;
	case SVM_EXIT_MSR:
		msr_exit(cpu, v->exit_info1, insn.length);
		break;
	case SVM_EXIT_READ_CR0:
	case SVM_EXIT_READ_CR4:
		cr_read_exit(cpu, &insn);
		break;
	case SVM_EXIT_WRITE_CR4:
		cr4_write_exit(cpu, &insn);
		break;
	default:
		cache_exit(cpu, &insn);
	}
}

static void dispatch(struct cpu *cpu)
{
	const struct vmcb *v = &cpu->vmcb;
	struct insn insn;

	switch ((u32)v->exit_code) {
	case SVM_EXIT_EXCEPTION + VECTOR_UD:
		insn_ud_exit(cpu);
		break;
	case SVM_EXIT_NMI:
		shootdown_nmi_exit(cpu);
		break;
	case SVM_EXIT_SWINT:
		softint_exit(cpu);
		break;
	case SVM_EXIT_CPUID:
	case SVM_EXIT_MSR:
	case SVM_EXIT_READ_CR0:
	case SVM_EXIT_READ_CR4:
	case SVM_EXIT_WRITE_CR4:
	case SVM_EXIT_WBINVD:
	case SVM_EXIT_INVD:
		instruction_exit(cpu);
		break;
	case SVM_EXIT_NPF:
		nested_page_fault(cpu);
		break;
	case SVM_EXIT_IOIO:
		io_exit(cpu, end_report, seam_dump);
		break;
	case SVM_EXIT_SHUTDOWN:
		end_shutdown("triple fault");
	case SVM_EXIT_INVLPGA:
	case SVM_EXIT_VMRUN:
	case SVM_EXIT_VMMCALL:
	case SVM_EXIT_VMLOAD:
	case SVM_EXIT_VMSAVE:
	case SVM_EXIT_STGI:
	case SVM_EXIT_CLGI:
	case SVM_EXIT_SKINIT:
		/* AMD's; this is an Intel CPU */
		cpu_inject(cpu, VECTOR_UD);
		break;
	case SVM_EXIT_ERROR:
		if (!decode(cpu, &insn) || !cr3_write_refused(cpu, &insn))
			crash_vmrun(cpu);
		break;
	default:
		crash_guest(cpu, "unexpected exit");
	}
}

void exit_loop(struct cpu *cpu)
{
	for (;;) {
		smp_enter_guest(cpu);
		cpu_run_guest(cpu);
		smp_leave_guest(cpu);
		dispatch(cpu);
	}
}
