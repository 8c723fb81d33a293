/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests of the software TDX module: the state of a TD's vCPU, and what the platform does
 * for TDH.VP.ENTER.
 *
 * The module has all rules of what a TD meets.  The platform only runs the vCPU until its
 * next VM exit.  Several exits may be handled by the module in one TDH.VP.ENTER.
 *
 * Intel SDM, volume 3, "Virtual-Machine Control Structures", "VM Exits"; TDX Module Base
 * Architecture Specification, "TD Non-Root Operation".
 */
#ifndef _X86_VIRT_TDX_MODEL_GUEST_H
#define _X86_VIRT_TDX_MODEL_GUEST_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

/* In the order of the encoding in instructions, exit qualifications and masks of VMCALLs */
enum tdx_model_gpr {
	TDX_MODEL_RAX, TDX_MODEL_RCX, TDX_MODEL_RDX, TDX_MODEL_RBX,
	TDX_MODEL_RSP, TDX_MODEL_RBP, TDX_MODEL_RSI, TDX_MODEL_RDI,
	TDX_MODEL_R8, TDX_MODEL_R9, TDX_MODEL_R10, TDX_MODEL_R11,
	TDX_MODEL_R12, TDX_MODEL_R13, TDX_MODEL_R14, TDX_MODEL_R15,
	TDX_MODEL_NR_GPRS,
};

/* In the order of their VMCS fields */
enum tdx_model_segment_name {
	TDX_MODEL_ES, TDX_MODEL_CS, TDX_MODEL_SS, TDX_MODEL_DS, TDX_MODEL_FS, TDX_MODEL_GS,
	TDX_MODEL_LDTR, TDX_MODEL_TR,
	TDX_MODEL_NR_SEGMENTS,
};

struct tdx_model_segment {
	u64 base;
	u32 limit;		/* in bytes */
	u32 access_rights;	/* as in a VMCS: bit 16 is set if unusable */
	u16 selector;
};

/* GDTR or IDTR */
struct tdx_model_table_register {
	u64 base;
	u32 limit;
};

/*
 * MSRs that the guest accesses natively, and that have no field of their own in struct
 * tdx_model_guest: X(name, number of the first, how many).
 *
 * The platform may let the guest access them, or report an exit: then the module accesses the
 * value here.
 */
#define TDX_MODEL_GUEST_MSR_LIST(X) \
	X(SPEC_CTRL, 0x48, 1) \
	X(SYSENTER_CS, 0x174, 1) \
	X(SYSENTER_ESP, 0x175, 1) \
	X(SYSENTER_EIP, 0x176, 1) \
	X(PAT, 0x277, 1) \
	X(DS_AREA, 0x600, 1) \
	X(UARCH_MISC_CTL, 0x1b01, 1) \
	X(STAR, 0xc0000081, 1) \
	X(LSTAR, 0xc0000082, 1) \
	X(FMASK, 0xc0000084, 1) \
	X(KERNEL_GS_BASE, 0xc0000102, 1) \
	X(TSC_AUX, 0xc0000103, 1) \
	X(PMC, 0xc1, 8) \
	X(PERFEVTSEL, 0x186, 8) \
	X(OFFCORE_RSP, 0x1a6, 2) \
	X(FIXED_CTR, 0x309, 8) \
	X(PERF_METRICS, 0x329, 1) \
	X(FIXED_CTR_CTRL, 0x38d, 2) \
	X(PERF_GLOBAL_CTRL, 0x38f, 4) \
	X(PEBS_ENABLE, 0x3f1, 2) \
	X(PEBS_LD_LAT, 0x3f6, 2) \
	X(A_PMC, 0x4c1, 8) \
	X(UMWAIT_CONTROL, 0xe1, 1) \
	X(TSX_CTRL, 0x122, 1) \
	X(XFD, 0x1c4, 2) \
	X(RTIT_OUTPUT, 0x560, 2) \
	X(RTIT_CTL, 0x570, 3) \
	X(RTIT_ADDR, 0x580, 8) \
	X(U_CET, 0x6a0, 1) \
	X(S_CET, 0x6a2, 1) \
	X(SSP, 0x6a4, 5) \
	X(PKRS, 0x6e1, 1) \
	X(UINTR, 0x985, 6)

/* Index of the first value in struct tdx_model_guest.msr[] */
#define TDX_MODEL_GUEST_MSR_ENUM(name, number, nr) \
	TDX_MODEL_MSR_##name, \
	TDX_MODEL_MSR_LAST_##name = TDX_MODEL_MSR_##name + (nr) - 1,

enum tdx_model_guest_msr {
	TDX_MODEL_GUEST_MSR_LIST(TDX_MODEL_GUEST_MSR_ENUM) TDX_MODEL_NR_GUEST_MSRS
};

#undef TDX_MODEL_GUEST_MSR_ENUM

/* Guest interruptibility, as in a VMCS */
#define TDX_MODEL_BLOCKED_BY_STI	BIT(0)
#define TDX_MODEL_BLOCKED_BY_MOV_SS	BIT(1)
#define TDX_MODEL_BLOCKED_BY_NMI	BIT(3)

/* Interruption information, as in a VMCS: vector, type, and these bits */
#define TDX_MODEL_EVENT_TYPE_SHIFT	8
#define TDX_MODEL_EVENT_INTERRUPT	(0U << TDX_MODEL_EVENT_TYPE_SHIFT)
#define TDX_MODEL_EVENT_NMI		(2U << TDX_MODEL_EVENT_TYPE_SHIFT)
#define TDX_MODEL_EVENT_EXCEPTION	(3U << TDX_MODEL_EVENT_TYPE_SHIFT)
#define TDX_MODEL_EVENT_TYPE		(7U << TDX_MODEL_EVENT_TYPE_SHIFT)
#define TDX_MODEL_EVENT_HAS_ERROR	BIT(11)
#define TDX_MODEL_EVENT_UNBLOCKED_NMIS	BIT(12)	/* by IRET; in an exit only */
#define TDX_MODEL_EVENT_VALID		BIT(31)

/* An event to be delivered, or one whose delivery caused an exit */
struct tdx_model_event {
	u32 info;		/* interruption information; 0: no event */
	u32 error;		/* with TDX_MODEL_EVENT_HAS_ERROR */
	u32 instruction_length;	/* of a software interrupt or exception, else 0 */
};

/*
 * State of a vCPU between exits.  In a page of the vCPU, so that other leaves cannot access it
 * while the vCPU runs.
 */
struct tdx_model_guest {
	u64 gpr[TDX_MODEL_NR_GPRS];	/* by enum tdx_model_gpr */
	u64 rip, rflags;
	/* CR0 and CR4 are as the guest reads them: CR4.MCE is 1 and CR4.VMXE is 0. */
	u64 cr0, cr2, cr3, cr4;
	u64 xcr0;
	u64 efer;		/* with LMA; LME and NXE are always 1 */
	u64 dr[4], dr6, dr7;
	struct tdx_model_segment segment[TDX_MODEL_NR_SEGMENTS];
	struct tdx_model_table_register gdtr, idtr;
	u64 msr[TDX_MODEL_NR_GUEST_MSRS];	/* by enum tdx_model_guest_msr */
	u64 xss;		/* IA32_XSS */
	u64 debugctl;		/* IA32_DEBUGCTL */
	u32 interruptibility;	/* TDX_MODEL_BLOCKED_BY_*; NMIs are virtual */
	u32 activity;		/* always 0, active */
	u64 pending_debug;	/* pending debug exceptions, as in a VMCS */
	/* To be delivered before the first instruction, by the next run() only. */
	struct tdx_model_event event;
	bool nmi_window;	/* exit before an instruction when an NMI can be delivered */
	u8 rvi, svi;		/* guest interrupt status, as in a VMCS */
};

static_assert(sizeof(struct tdx_model_guest) <= 4096);

/* Basic exit reasons */
enum tdx_model_exit_reason {
	TDX_MODEL_EXIT_EXCEPTION_OR_NMI	= 0,
	TDX_MODEL_EXIT_INTERRUPT	= 1,
	TDX_MODEL_EXIT_TRIPLE_FAULT	= 2,
	TDX_MODEL_EXIT_INIT		= 3,
	TDX_MODEL_EXIT_SMI		= 6,
	TDX_MODEL_EXIT_NMI_WINDOW	= 8,
	TDX_MODEL_EXIT_TASK_SWITCH	= 9,
	TDX_MODEL_EXIT_CPUID		= 10,
	TDX_MODEL_EXIT_GETSEC		= 11,
	TDX_MODEL_EXIT_HLT		= 12,
	TDX_MODEL_EXIT_INVD		= 13,
	TDX_MODEL_EXIT_RDPMC		= 15,
	TDX_MODEL_EXIT_RSM		= 17,
	TDX_MODEL_EXIT_VMCALL		= 18,
	TDX_MODEL_EXIT_VMCLEAR		= 19,	/* the first of the VMX instructions */
	TDX_MODEL_EXIT_VMXON		= 27,	/* the last one of these */
	TDX_MODEL_EXIT_CR		= 28,
	TDX_MODEL_EXIT_IO		= 30,
	TDX_MODEL_EXIT_RDMSR		= 31,
	TDX_MODEL_EXIT_WRMSR		= 32,
	TDX_MODEL_EXIT_INVALID_STATE	= 33,
	TDX_MODEL_EXIT_MSR_LOAD		= 34,
	TDX_MODEL_EXIT_MWAIT		= 36,
	TDX_MODEL_EXIT_MONITOR		= 39,
	TDX_MODEL_EXIT_MACHINE_CHECK	= 41,	/* of the VM entry */
	TDX_MODEL_EXIT_SMI_IN_C_STATE	= 42,
	TDX_MODEL_EXIT_EPT_VIOLATION	= 48,
	TDX_MODEL_EXIT_EPT_MISCONFIG	= 49,
	TDX_MODEL_EXIT_INVEPT		= 50,
	TDX_MODEL_EXIT_INVVPID		= 53,
	TDX_MODEL_EXIT_WBINVD		= 54,	/* and WBNOINVD */
	TDX_MODEL_EXIT_XSETBV		= 55,
	TDX_MODEL_EXIT_APIC_WRITE	= 56,
	TDX_MODEL_EXIT_VMFUNC		= 59,
	TDX_MODEL_EXIT_ENCLS		= 60,
	TDX_MODEL_EXIT_PCONFIG		= 65,
	TDX_MODEL_EXIT_UMWAIT		= 67,
	TDX_MODEL_EXIT_TPAUSE		= 68,
	TDX_MODEL_EXIT_ENCLV		= 70,
	TDX_MODEL_EXIT_BUS_LOCK		= 74,
	TDX_MODEL_EXIT_NOTIFY		= 75,
	TDX_MODEL_EXIT_SEAMCALL		= 76,
	TDX_MODEL_EXIT_TDCALL		= 77,
	TDX_MODEL_NR_EXIT_REASONS,
};

#define TDX_MODEL_EXIT_BASIC_REASON	0xffffU
#define TDX_MODEL_EXIT_BUS_LOCK_PREEMPTED BIT(26)
#define TDX_MODEL_EXIT_ENTRY_FAILURE	BIT(31)

/**
 * struct tdx_model_exit - a VM exit
 * @reason:	as in a VMCS: a basic reason, TDX_MODEL_EXIT_BUS_LOCK_PREEMPTED and
 *		TDX_MODEL_EXIT_ENTRY_FAILURE
 * @instruction_length: of instructions; RIP of the guest is at the instruction
 * @instruction_info: of instructions that have it: INS and OUTS
 * @qualification: format as in a VMCS, for each reason
 * @gla:	guest linear address of EPT violations with qualification bit 7, of INS, OUTS
 * @gpa:	guest physical address of EPT violations and misconfigurations: that of the
 *		byte, with the SHARED bit
 * @interrupt:	of exits by events: the interrupt, which the platform has acknowledged, the
 *		NMI or the exception
 * @vectoring:	event whose delivery caused the exit, and that has not been delivered
 * @convertible: EPT violation whose EPT entry does not suppress #VE
 *
 * Exits with conditions, like those by MOV to CR0, may be reported always.  Faults that the
 * CPU checks before an exit, like that of a privileged instruction in user mode, are
 * delivered by the platform; so is #UD of instructions that no exit reason belongs to.
 */
struct tdx_model_exit {
	u32 reason;
	u32 instruction_length;
	u32 instruction_info;
	u64 qualification;
	u64 gla;
	u64 gpa;
	struct tdx_model_event interrupt;
	struct tdx_model_event vectoring;
	bool convertible;
};

struct tdx_model;
struct tdx_model_call;

/* XSAVE area of a vCPU: at least so many pages, not contiguous */
#define TDX_MODEL_NR_XSTATE_PAGES	2

/**
 * struct tdx_model_run - a vCPU that runs on this logical processor
 * @m:		the module
 * @tdr:	physical address of the TDR: identifies the TD
 * @tdvpr:	physical address of the TDVPR: identifies the vCPU
 * @hkid:	KeyID of the TD
 * @xfam:	the TD's XFAM
 * @guest:	state of the vCPU
 * @vapic:	virtual-APIC page
 * @xstate:	pages of the XSAVE area, in its standard format
 * @tsc_offset:	TSC of the guest: (TSC * @tsc_multiplier >> 48) + @tsc_offset
 * @tsc_multiplier: with 48 fractional bits
 * @posted_interrupts: @notification_vector is that of posted interrupts
 * @notification_vector: when it arrives, the platform acknowledges it and moves requests
 *		from the descriptor to the virtual APIC; there is no exit
 * @pi_descriptor: physical address of the posted-interrupt descriptor, without KeyID
 * @shared_eptp: physical address of the shared EPT, without KeyID
 * @call:	the SEAMCALL, for the module
 *
 * What VMX virtualizes without exits is done by the platform: virtual x2APIC registers by
 * MSRs and CR8 (TPR, PPR, EOI, ISR, TMR, IRR, self IPI), delivery of virtual interrupts, and
 * posted interrupts.
 */
struct tdx_model_run {
	struct tdx_model *m;
	u64 tdr, tdvpr;
	u16 hkid;
	u64 xfam;
	struct tdx_model_guest *guest;
	void *vapic;
	void *xstate[TDX_MODEL_NR_XSTATE_PAGES];
	u64 tsc_offset, tsc_multiplier;
	bool posted_interrupts;
	u8 notification_vector;
	u64 pi_descriptor;
	u64 shared_eptp;
	struct tdx_model_call *call;
};

#define TDX_MODEL_NR_XMM	16

/*
 * State of the host that TDH.VP.ENTER takes or does not preserve.  All other extended state
 * that is in @xcr0 or @xss afterwards has its initial value then.
 */
struct tdx_model_host {
	u64 xmm[TDX_MODEL_NR_XMM][2];
	u64 xcr0, xss;
	u64 cr2, dr[4], dr6, dr7;
	u64 star, lstar, fmask, kernel_gs_base, tsc_aux;
	u64 xfd, xfd_err, debugctl, uarch_misc_ctl, umwait_control, tsx_ctrl;
};

/*
 * Operations for guests.  @ctx is struct tdx_model.ctx.  They are called on the logical
 * processor that runs the leaf, with the locks of the leaf held.
 */
struct tdx_model_guest_ops {
	/* Run the vCPU until its next exit, and describe that. */
	void (*run)(void *ctx, const struct tdx_model_run *run, struct tdx_model_exit *exit);
	/* Drop all translations of guest physical addresses of a TD on this processor. */
	void (*flush)(void *ctx, u64 tdr);
	/* State of the host, before the first and after the last run. */
	void (*get_host)(void *ctx, struct tdx_model_host *host);
	void (*set_host)(void *ctx, const struct tdx_model_host *host);
};

/* Rights to memory, numbered as in EPT entries and in the qualification of violations */
#define TDX_MODEL_READ		BIT(0)
#define TDX_MODEL_WRITE		BIT(1)
#define TDX_MODEL_EXECUTE	BIT(2)
#define TDX_MODEL_RWX		(TDX_MODEL_READ | TDX_MODEL_WRITE | TDX_MODEL_EXECUTE)

/* An access of the guest to a physical address */
struct tdx_model_access {
	u64 gpa;
	u64 gla;
	u8 rights;		/* that are needed */
	bool gla_is_valid;
	bool is_paging;		/* an access to a guest's page table, for a translation of @gla */
};

/* Memory types, as the CPU numbers them */
#define TDX_MODEL_MEMORY_UC	0
#define TDX_MODEL_MEMORY_WB	6

struct tdx_model_translation {
	u64 hpa;		/* without KeyID, of the byte */
	u16 keyid;
	u8 rights;
	u8 level;		/* size of the page: 0 4 KB, 1 2 MB, 2 1 GB */
	u8 memory_type;		/* TDX_MODEL_MEMORY_*, or another one of the CPU */
	bool ignores_pat;	/* the guest's PAT has no effect on it */
};

enum tdx_model_translated {
	TDX_MODEL_TRANSLATED,
	TDX_MODEL_TRANSLATION_EXITS,	/* an EPT violation or misconfiguration */
	TDX_MODEL_TRANSLATION_FAULTS,	/* #PF: a reserved bit of the address is set */
};

enum tdx_model_translated tdx_model_translate(const struct tdx_model_run *run,
					      const struct tdx_model_access *access,
					      struct tdx_model_translation *to,
					      struct tdx_model_exit *exit);

#endif /* _X86_VIRT_TDX_MODEL_GUEST_H */
