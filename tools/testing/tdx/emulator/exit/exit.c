// SPDX-License-Identifier: GPL-2.0-only
/* Dispatch of exits, by their reason. */
#include "check/cache.h"
#include "cpu/crash.h"
#include "cpu/decode.h"
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
#include "lib/clock.h"
#include "lib/log.h"
#include "machine/override.h"
#include "memory/host_map.h"
#include "seam/dump.h"
#include "smp/apic.h"
#include "smp/apic_regs.h"
#include "smp/shootdown.h"
#include "smp/smp.h"

#define OPCODE_XCHG	0x87

/*
 * Decode an intercepted instruction.  Return false if #UD was injected: for an
 * invalid LOCK prefix, and for an unknown instruction of a program, which must
 * not end the whole machine.
 */
static bool decode_known(struct vcpu *vcpu, struct insn *insn)
{
	bool known = decode(vcpu, insn);

	if (!known && vcpu->vmcb.cpl != 3)
		crash_guest(vcpu, "cannot decode the instruction that was intercepted");
	if (known && (!insn->lock || insn->opcode == OPCODE_XCHG))
		return true;
	vcpu_inject(vcpu, VECTOR_UD);
	return false;
}

static void nested_page_fault(struct vcpu *vcpu)
{
	u64 gpa = vcpu->vmcb.exit_info2;
	bool write = vcpu->vmcb.exit_info1 & SVM_NPF_WRITE;
	/* QEMU reports each walk of the guest's page tables as a write */
	bool walk = vcpu->vmcb.exit_info1 & SVM_NPF_WALK;
	struct insn insn;

	if ((gpa & PAGE_MASK) == APIC_PAGE && write && !walk) {
		if (decode_known(vcpu, &insn) && !apic_write_exit(vcpu, &insn, gpa))
			crash_guest(vcpu, "this kind of write to the local APIC is not emulated");
		return;
	}
	host_map_on_demand(gpa);
	/* It may have been mapped now, or by another CPU since the fault */
	if (!foreign_is_usable(vcpu, gpa, write))
		foreign_access(vcpu, gpa, write && !walk);
}

/*
 * Lines are in memory at the end of the time that WBINVD takes.  Without any it takes no time: a
 * CPU that goes offline executes another one, when the next kernel may have overwritten its code.
 */
static void writeback_exit(struct vcpu *vcpu, const struct insn *insn)
{
	if (cache_may_hold_private_lines(vcpu->cpu))
		clock_wait_us(override_writeback_us(vcpu->cpu));
	cache_exit(vcpu, insn);
}

static void instruction_exit(struct vcpu *vcpu)
{
	const struct vmcb *v = &vcpu->vmcb;
	struct insn insn;

	if (!decode_known(vcpu, &insn))
		return;
	switch (v->exit_code) {
	case SVM_EXIT_CPUID:
		new_kernel_watch(vcpu);
		cpuid_exit(vcpu, insn.length);
		break;
	case SVM_EXIT_MSR:
		msr_exit(vcpu, v->exit_info1, insn.length);
		break;
	case SVM_EXIT_READ_CR0:
	case SVM_EXIT_READ_CR4:
		cr_read_exit(vcpu, &insn);
		break;
	case SVM_EXIT_WRITE_CR4:
		new_kernel_cr4_write(vcpu);
		cr4_write_exit(vcpu, &insn);
		break;
	default:
		writeback_exit(vcpu, &insn);
	}
}

static void __noreturn shutdown_exit(const struct vcpu *vcpu)
{
	const struct vmcb *v = &vcpu->vmcb;

	log_line("[cpu %u] triple fault at 0x%llx, rsp 0x%llx cr2 0x%llx cr3 0x%llx",
		 vcpu->cpu->index, v->rip, v->rsp, v->cr2, v->cr3);
	end_shutdown("triple fault");
}

static void dispatch(struct vcpu *vcpu)
{
	const struct vmcb *v = &vcpu->vmcb;
	struct insn insn;

	if (svm_is_amd_instruction(v->exit_code)) {
		vcpu_inject(vcpu, VECTOR_UD);
		return;
	}
	switch ((u32)v->exit_code) {
	case SVM_EXIT_EXCEPTION + VECTOR_UD:
		insn_ud_exit(vcpu);
		break;
	case SVM_EXIT_NMI:
		if (shootdown_take_nmi(vcpu->cpu))
			vcpu_inject_nmi(vcpu);
		else
			new_kernel_after_nmi(vcpu);
		break;
	case SVM_EXIT_SWINT:
		softint_exit(vcpu);
		break;
	case SVM_EXIT_CPUID:
	case SVM_EXIT_MSR:
	case SVM_EXIT_READ_CR0:
	case SVM_EXIT_READ_CR4:
	case SVM_EXIT_WRITE_CR4:
	case SVM_EXIT_WBINVD:
	case SVM_EXIT_INVD:
		instruction_exit(vcpu);
		break;
	case SVM_EXIT_NPF:
		nested_page_fault(vcpu);
		break;
	case SVM_EXIT_IOIO:
		io_exit(vcpu, end_report, dump_module);
		break;
	case SVM_EXIT_SHUTDOWN:
		shutdown_exit(vcpu);
	case SVM_EXIT_ERROR:
		if (!decode(vcpu, &insn) || !cr3_write_refused(vcpu, &insn))
			crash_vmrun(vcpu);
		break;
	default:
		crash_guest(vcpu, "unexpected exit");
	}
}

void exit_loop(struct cpu *cpu)
{
	struct vcpu *vcpu = &cpu->host;

	for (;;) {
		smp_enter_guest(cpu);
		vcpu_run(vcpu);
		smp_leave_guest(cpu);
		dispatch(vcpu);
	}
}
