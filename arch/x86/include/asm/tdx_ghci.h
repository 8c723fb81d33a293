/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest-hypervisor communication interface (GHCI) of TDX: TDG.VP.VMCALL, as KVM sees it.
 *
 * R10 is 0 for the functions below, which are in R11.  The status is returned in R10.
 *
 * Reference: Intel TDX Guest-Hypervisor Communication Interface specification 1.5.
 */
#ifndef _ASM_X86_TDX_GHCI_H
#define _ASM_X86_TDX_GHCI_H

#include <linux/bits.h>

enum tdx_vmcall_function {
	/* For an instruction; the number is the exit reason of VMX. */
	TDX_VMCALL_CPUID	= 10,
	TDX_VMCALL_HLT		= 12,
	TDX_VMCALL_IO		= 30,
	TDX_VMCALL_RDMSR	= 31,
	TDX_VMCALL_WRMSR	= 32,
	TDX_VMCALL_MMIO		= 48,

	TDX_VMCALL_GET_TDVMCALL_INFO = 0x10000,
	TDX_VMCALL_MAP_GPA,
	TDX_VMCALL_GET_QUOTE,
	TDX_VMCALL_REPORT_FATAL_ERROR,
	TDX_VMCALL_SETUP_EVENT_NOTIFY_INTERRUPT,
};

#define TDX_VMCALL_SUCCESS		0ULL
#define TDX_VMCALL_RETRY		1ULL
#define TDX_VMCALL_INVALID_OPERAND	BIT_ULL(63)
#define TDX_VMCALL_ALIGN_ERROR		(BIT_ULL(63) | 2)
#define TDX_VMCALL_SUBFUNC_UNSUPPORTED	(BIT_ULL(63) | 3)

/* R12 of TDX_VMCALL_GET_TDVMCALL_INFO */
#define TDX_VMCALL_INFO_BASE		0	/* are all functions of the GHCI supported? */
#define TDX_VMCALL_INFO_MORE		1	/* which others are? */

/* R11 of TDX_VMCALL_INFO_MORE; GET_QUOTE is in the base set. */
#define TDX_VMCALL_INFO_SETUP_EVENT_NOTIFY_INTERRUPT	BIT_ULL(1)

/* Vectors of SETUP_EVENT_NOTIFY_INTERRUPT */
#define TDX_VMCALL_MIN_VECTOR		32
#define TDX_VMCALL_MAX_VECTOR		255

#endif /* _ASM_X86_TDX_GHCI_H */
