/* SPDX-License-Identifier: GPL-2.0-only */
/* An ordinary VM's vCPU while it runs: what is common to the files of this folder. */
#ifndef _TDX_EMU_VM_H
#define _TDX_EMU_VM_H

#include "cpu/cpu.h"
#include "host/vmcs.h"
#include "host/vmx_caps.h"
#include "vm/vm_apic.h"

/* Interruptibility */
#define BLOCKED_BY_STI			BIT(0)
#define BLOCKED_BY_MOV_SS		BIT(1)
#define BLOCKED_BY_NMI			BIT(3)

#define PENDING_DEBUG_STEP		BIT_ULL(14)

/* Information on events, which VMX has in the format of SVM, except for these types */
#define EVENT_PRIVILEGED_SOFTWARE	(5U << 8)
#define EVENT_SOFTWARE_EXCEPTION	(6U << 8)

/* Basic exit reasons: SDM vol. 3, appendix C */
enum vm_exit_reason {
	VM_EXIT_EXCEPTION_OR_NMI	= 0,
	VM_EXIT_INTERRUPT		= 1,
	VM_EXIT_TRIPLE_FAULT		= 2,
	VM_EXIT_INTERRUPT_WINDOW	= 7,
	VM_EXIT_NMI_WINDOW		= 8,
	VM_EXIT_CPUID			= 10,
	VM_EXIT_HLT			= 12,
	VM_EXIT_INVD			= 13,
	VM_EXIT_INVLPG			= 14,
	VM_EXIT_RDPMC			= 15,
	VM_EXIT_RDTSC			= 16,
	VM_EXIT_VMCALL			= 18,
	VM_EXIT_VMCLEAR			= 19,
	VM_EXIT_VMLAUNCH		= 20,
	VM_EXIT_VMPTRLD			= 21,
	VM_EXIT_VMPTRST			= 22,
	VM_EXIT_VMREAD			= 23,
	VM_EXIT_VMRESUME		= 24,
	VM_EXIT_VMWRITE			= 25,
	VM_EXIT_VMXOFF			= 26,
	VM_EXIT_VMXON			= 27,
	VM_EXIT_CR			= 28,
	VM_EXIT_DR			= 29,
	VM_EXIT_IO			= 30,
	VM_EXIT_RDMSR			= 31,
	VM_EXIT_WRMSR			= 32,
	VM_EXIT_INVALID_STATE		= 33,
	VM_EXIT_MSR_LOADING		= 34,
	VM_EXIT_MWAIT			= 36,
	VM_EXIT_MONITOR			= 39,
	VM_EXIT_PAUSE			= 40,
	VM_EXIT_TPR_BELOW_THRESHOLD	= 43,
	VM_EXIT_APIC_ACCESS		= 44,
	VM_EXIT_VIRTUALIZED_EOI		= 45,
	VM_EXIT_GDTR_OR_IDTR		= 46,
	VM_EXIT_LDTR_OR_TR		= 47,
	VM_EXIT_EPT_VIOLATION		= 48,
	VM_EXIT_EPT_MISCONFIG		= 49,
	VM_EXIT_INVEPT			= 50,
	VM_EXIT_RDTSCP			= 51,
	VM_EXIT_PREEMPTION_TIMER	= 52,
	VM_EXIT_INVVPID			= 53,
	VM_EXIT_WBINVD			= 54,
	VM_EXIT_XSETBV			= 55,
	VM_EXIT_APIC_WRITE		= 56,
	VM_EXIT_PML_FULL		= 62,
	VM_EXIT_SEAMCALL		= 76,
};

#define VM_EXIT_FAILED_ENTRY		BIT(31)

/**
 * struct vm_exit - what an exit tells the host
 *
 * @reason:	exit reason
 * @qualification: exit qualification
 * @length:	of the instruction that has caused it, in bytes; 0: none has
 * @instruction: its instruction information
 * @info:	of the exception, NMI or interrupt that has caused it; or 0
 * @error:	the exception's error code
 * @gpa:	guest physical address
 * @linear:	guest linear address
 */
struct vm_exit {
	u32 reason;
	u64 qualification;
	u32 length;
	u32 instruction;
	u32 info, error;
	u64 gpa, linear;
};

/**
 * struct vm_timer - the VMX-preemption timer
 *
 * @active:	there is one
 * @armed:	the local APIC's timer was set to it
 * @fired:	and has counted to 0
 * @vector:	of that timer
 * @hosts:	the host's count when it was set; 0: it did not run
 * @end:	value of the TSC when the time ends
 * @armed_at:	value of the TSC then
 */
struct vm_timer {
	bool active, armed, fired;
	u8 vector;
	u32 hosts;
	u64 end, armed_at;
};

/**
 * struct vm - a run of a vCPU, from a VM entry to the VM exit
 *
 * @vcpu:	of the calling CPU
 * @vmcs:	the VMCS
 * @pin:	pin-based controls
 * @primary:	primary processor-based controls
 * @secondary:	secondary processor-based controls; 0 if there are none
 * @entry:	VM-entry controls
 * @exits:	VM-exit controls
 * @cr0_mask:	guest/host mask of CR0
 * @cr0_shadow:	read shadow of CR0
 * @cr4_mask:	guest/host mask of CR4
 * @cr4_shadow:	read shadow of CR4
 * @exceptions:	the exception bitmap
 * @msr_bitmap:	NULL: all MSRs exit
 * @apic:	the virtual APIC
 * @nmi_blocked: NMIs are blocked until IRET
 * @step:	an instruction that ends what blocks events is executed as a single step
 * @iret:	that is the IRET that ends the blocking of NMIs
 * @step_traps:	the guest steps itself, too
 * @held:	breakpoints that MOV to SS holds back; they are pending
 * @mov_ss_rip:	RIP at a VM entry that MOV to SS blocks events at
 * @mov_ss:	the interrupt shadow of the VM exit is that of MOV to SS
 * @dr6:	the guest's DR6 at the last VMRUN
 * @debug_causes: bits of DR6 for a debug exception that is not delivered yet
 * @raised:	an event that waits was raised by an instruction that was emulated
 * @step_pending: the exit comes behind an instruction that was stepped, and before its trap
 * @enters:	the VM entry is not complete: its event is not delivered
 * @software:	the event in the VMCB that an instruction has caused: RIP is behind that
 * @software_info: what the host has injected for it, or 0
 * @software_length: of the instruction
 * @xcr0:	XCR0 at the VM entry
 * @timer:	the VMX-preemption timer
 */
struct vm {
	struct vcpu *vcpu;
	struct vmcs *vmcs;
	u32 pin, primary, secondary, entry, exits;
	u64 cr0_mask, cr0_shadow, cr4_mask, cr4_shadow;
	u32 exceptions;
	const u8 *msr_bitmap;
	struct vm_apic apic;
	bool nmi_blocked, step, iret, step_traps, raised, enters, step_pending, mov_ss;
	u64 held, mov_ss_rip, dr6, debug_causes;
	u32 software, software_info, software_length;
	u64 xcr0;
	struct vm_timer timer;
};

#endif /* _TDX_EMU_VM_H */
