/* SPDX-License-Identifier: GPL-2.0-only */
/* AMD SVM: the VMCB and its constants (AMD64 Architecture Programmer's Manual, vol. 2). */
#ifndef _TDX_EMU_SVM_H
#define _TDX_EMU_SVM_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/stddef.h>

#include "lib/x86.h"

#define SVM_INTERCEPT_CR_READ(n)	BIT(n)
#define SVM_INTERCEPT_CR_WRITE(n)	BIT((n) + 16)

#define SVM_INTERCEPT_DR_READ(n)	BIT(n)
#define SVM_INTERCEPT_DR_WRITE(n)	BIT((n) + 16)

#define SVM_INTERCEPT1_INTR		BIT(0)
#define SVM_INTERCEPT1_NMI		BIT(1)
#define SVM_INTERCEPT1_VINTR		BIT(4)
#define SVM_INTERCEPT1_TABLES		0x3fc0	/* IDTR, GDTR, LDTR, TR */
#define SVM_INTERCEPT1_RDTSC		BIT(14)
#define SVM_INTERCEPT1_RDPMC		BIT(15)
#define SVM_INTERCEPT1_CPUID		BIT(18)
#define SVM_INTERCEPT1_IRET		BIT(20)
#define SVM_INTERCEPT1_SWINT		BIT(21)
#define SVM_INTERCEPT1_INVD		BIT(22)
#define SVM_INTERCEPT1_PAUSE		BIT(23)
#define SVM_INTERCEPT1_HLT		BIT(24)
#define SVM_INTERCEPT1_INVLPG		BIT(25)
#define SVM_INTERCEPT1_INVLPGA		BIT(26)
#define SVM_INTERCEPT1_IOIO		BIT(27)
#define SVM_INTERCEPT1_MSR		BIT(28)
#define SVM_INTERCEPT1_SHUTDOWN		BIT(31)

#define SVM_INTERCEPT2_VMRUN		BIT(0)
#define SVM_INTERCEPT2_VMMCALL		BIT(1)
#define SVM_INTERCEPT2_VMLOAD		BIT(2)
#define SVM_INTERCEPT2_VMSAVE		BIT(3)
#define SVM_INTERCEPT2_STGI		BIT(4)
#define SVM_INTERCEPT2_CLGI		BIT(5)
#define SVM_INTERCEPT2_SKINIT		BIT(6)

#define SVM_INTERCEPT2_RDTSCP		BIT(7)
#define SVM_INTERCEPT2_WBINVD		BIT(9)
#define SVM_INTERCEPT2_MONITOR		BIT(10)
#define SVM_INTERCEPT2_MWAIT		BIT(11)
#define SVM_INTERCEPT2_MWAIT_ARMED	BIT(12)
#define SVM_INTERCEPT2_XSETBV		BIT(13)

#define SVM_EXIT_READ_CR0		0x000
#define SVM_EXIT_READ_CR4		0x004
#define SVM_EXIT_READ_CR8		0x008
#define SVM_EXIT_WRITE_CR0		0x010
#define SVM_EXIT_WRITE_CR4		0x014
#define SVM_EXIT_WRITE_CR8		0x018
#define SVM_EXIT_READ_DR0		0x020
#define SVM_EXIT_WRITE_DR0		0x030
#define SVM_EXIT_EXCEPTION		0x040
#define SVM_EXIT_INTR			0x060
#define SVM_EXIT_NMI			0x061
#define SVM_EXIT_VINTR			0x064
#define SVM_EXIT_READ_IDTR		0x066
#define SVM_EXIT_READ_LDTR		0x068
#define SVM_EXIT_READ_TR		0x069
#define SVM_EXIT_WRITE_LDTR		0x06c
#define SVM_EXIT_WRITE_TR		0x06d
#define SVM_EXIT_RDTSC			0x06e
#define SVM_EXIT_RDPMC			0x06f
#define SVM_EXIT_CPUID			0x072
#define SVM_EXIT_IRET			0x074
#define SVM_EXIT_SWINT			0x075
#define SVM_EXIT_INVD			0x076
#define SVM_EXIT_PAUSE			0x077
#define SVM_EXIT_HLT			0x078
#define SVM_EXIT_INVLPG			0x079
#define SVM_EXIT_INVLPGA		0x07a
#define SVM_EXIT_IOIO			0x07b
#define SVM_EXIT_MSR			0x07c
#define SVM_EXIT_SHUTDOWN		0x07f
#define SVM_EXIT_VMRUN			0x080
#define SVM_EXIT_VMMCALL		0x081
#define SVM_EXIT_VMLOAD			0x082
#define SVM_EXIT_VMSAVE			0x083
#define SVM_EXIT_STGI			0x084
#define SVM_EXIT_CLGI			0x085
#define SVM_EXIT_SKINIT			0x086
#define SVM_EXIT_RDTSCP			0x087
#define SVM_EXIT_WBINVD			0x089
#define SVM_EXIT_MONITOR		0x08a
#define SVM_EXIT_MWAIT			0x08b
#define SVM_EXIT_MWAIT_ARMED		0x08c
#define SVM_EXIT_XSETBV			0x08d
#define SVM_EXIT_NPF			0x400
#define SVM_EXIT_ERROR			0xffffffff	/* 64 bits of ones in newer QEMUs */

#define SVM_EVENT_VECTOR		0xff
#define SVM_EVENT_TYPE			(7U << 8)
#define SVM_EVENT_INTERRUPT		0U
#define SVM_EVENT_NMI			(2U << 8)
#define SVM_EVENT_EXCEPTION		(3U << 8)
#define SVM_EVENT_SOFTWARE		(4U << 8)
#define SVM_EVENT_ERROR_VALID		BIT(11)
#define SVM_EVENT_VALID			BIT(31)

#define SVM_NPF_WRITE			BIT_ULL(1)
#define SVM_NPF_FETCH			BIT_ULL(4)
#define SVM_NPF_WALK			BIT_ULL(33)

#define SVM_INTERRUPT_SHADOW		BIT_ULL(0)

#define SVM_V_TPR			0xfULL
#define SVM_V_IRQ			BIT_ULL(8)
#define SVM_V_PRIORITY			(0xfULL << 16)
#define SVM_V_IGNORE_TPR		BIT_ULL(20)
#define SVM_V_INTR_MASKING		BIT_ULL(24)
#define SVM_V_VECTOR_SHIFT		32
#define SVM_V_VECTOR			(0xffULL << SVM_V_VECTOR_SHIFT)

#define SVM_IOIO_IN			BIT_ULL(0)
#define SVM_IOIO_STRING			BIT_ULL(2)
#define SVM_IOIO_REP			BIT_ULL(3)
#define SVM_IOIO_SIZE(info)		(((info) >> 4) & 7)
#define SVM_IOIO_PORT(info)		(((info) >> 16) & 0xffff)

#define SVM_SEG_L			0x200	/* 64-bit code */
#define SVM_SEG_DB			0x400	/* 32-bit code or stack */

struct vmcb_segment {
	u16 selector;
	u16 attributes;
	u32 limit;
	u64 base;
};

struct vmcb {
	u32 intercept_cr;
	u32 intercept_dr;
	u32 intercept_exceptions;
	u32 intercept1;
	u32 intercept2;
	u8 reserved1[0x40 - 0x14];
	u64 iopm_base_pa;
	u64 msrpm_base_pa;
	u64 tsc_offset;
	u32 asid;
	u32 tlb_control;
	u64 int_control;
	u64 int_state;
	u64 exit_code;
	u64 exit_info1;
	u64 exit_info2;
	u32 exit_int_info;
	u32 exit_int_error;
	u64 nested_control;
	u8 reserved2[0xa8 - 0x98];
	u32 event_inject;
	u32 event_inject_error;
	u64 nested_cr3;
	u8 reserved3[0x400 - 0xb8];
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	u8 reserved4[0x4cb - 0x4a0];
	u8 cpl;
	u32 reserved5;
	u64 efer;
	u8 reserved6[0x548 - 0x4d8];
	u64 cr4, cr3, cr0, dr7, dr6, rflags, rip;
	u8 reserved7[0x5d8 - 0x580];
	u64 rsp;
	u8 reserved8[0x5f8 - 0x5e0];
	u64 rax;
	u64 star, lstar, cstar, sfmask, kernel_gs_base, sysenter_cs, sysenter_esp, sysenter_eip;
	u64 cr2;
	u8 reserved9[0x668 - 0x648];
	u64 guest_pat;
	u8 reserved10[0x1000 - 0x670];
} __packed __aligned(8);

static_assert(offsetof(struct vmcb, iopm_base_pa) == 0x40);
static_assert(offsetof(struct vmcb, exit_code) == 0x70);
static_assert(offsetof(struct vmcb, nested_control) == 0x90);
static_assert(offsetof(struct vmcb, event_inject) == 0xa8);
static_assert(offsetof(struct vmcb, nested_cr3) == 0xb0);
static_assert(offsetof(struct vmcb, es) == 0x400);
static_assert(offsetof(struct vmcb, cpl) == 0x4cb);
static_assert(offsetof(struct vmcb, efer) == 0x4d0);
static_assert(offsetof(struct vmcb, cr4) == 0x548);
static_assert(offsetof(struct vmcb, rip) == 0x578);
static_assert(offsetof(struct vmcb, rsp) == 0x5d8);
static_assert(offsetof(struct vmcb, rax) == 0x5f8);
static_assert(offsetof(struct vmcb, cr2) == 0x640);
static_assert(offsetof(struct vmcb, guest_pat) == 0x668);
static_assert(sizeof(struct vmcb) == 4096);

/* Whether an exit is because of an instruction that does not exist on an Intel CPU. */
static inline bool svm_is_amd_instruction(u32 exit_code)
{
	return exit_code == SVM_EXIT_INVLPGA ||
	       (exit_code >= SVM_EXIT_VMRUN && exit_code <= SVM_EXIT_SKINIT);
}

#endif /* _TDX_EMU_SVM_H */
