/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TDX module architecture of trust domains: states, TD_PARAMS and metadata fields.
 * For the core, KVM and the software module.
 *
 * Reference: Intel TDX Module ABI Reference Specification, version 1.5.
 */
#ifndef _ASM_X86_TDX_ABI_TD_H
#define _ASM_X86_TDX_ABI_TD_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

/* Page types, in PAMTs and as returned by TDH.PHYMEM.PAGE.RDMD */
enum tdx_page_type {
	TDX_PAGE_NDA	= 0,	/* free, the host's */
	TDX_PAGE_RSVD	= 1,	/* in a reserved area */
	TDX_PAGE_REG	= 3,	/* private memory of a TD */
	TDX_PAGE_TDR	= 4,
	TDX_PAGE_TDCX	= 5,	/* also pages of vCPUs, except TDVPR */
	TDX_PAGE_TDVPR	= 6,	/* a vCPU's first page */
	TDX_PAGE_EPT	= 8,	/* of a secure EPT */
};

/* TDR.LIFECYCLE_STATE */
enum tdx_td_lifecycle {
	TDX_TD_HKID_ASSIGNED,
	TDX_TD_KEYS_CONFIGURED,
	TDX_TD_BLOCKED,
	TDX_TD_TEARDOWN,
};

/* TDCS.OP_STATE, without the states of migration */
enum tdx_td_op_state {
	TDX_TD_UNINITIALIZED,
	TDX_TD_INITIALIZED,
	TDX_TD_RUNNABLE,
};

enum tdx_vcpu_state {
	TDX_VCPU_UNINITIALIZED	= 0,
	TDX_VCPU_READY		= 2,
	TDX_VCPU_ACTIVE		= 4,
	TDX_VCPU_DISABLED	= 8,
};

/* State of a secure EPT entry, as returned in RDX; without the states of migration */
enum tdx_sept_state {
	TDX_SEPT_FREE		= 0,
	TDX_SEPT_BLOCKED	= 1,
	TDX_SEPT_PENDING	= 2,
	TDX_SEPT_PEND_BLOCKED	= 3,
	TDX_SEPT_MAPPED		= 4,
	TDX_SEPT_NL_BLOCKED	= 129,	/* NL: it refers to another secure EPT page */
	TDX_SEPT_NL_MAPPED	= 132,
};

/* Details of a secure EPT entry in RDX: the level is in the lowest bits. */
#define TDX_SEPT_STATE_SHIFT		8
#define TDX_SEPT_STATE_MASK		0xff

/* RCX of leaves for secure EPTs: a guest physical address, and a level in its lowest bits */
#define TDX_GPA_LEVEL_MASK		7ULL
#define TDX_GPA_RESERVED		(0xff8ULL | ~0ULL << 52)

/* RDX of some leaves: the TDR, and a flag in its lowest bit */
#define TDX_FLAG			BIT_ULL(0)
#define TDX_FLAG_RESERVED		(0xffeULL | ~0ULL << 52)
#define TDX_SEPT_ADD_ALLOW_EXISTING	TDX_FLAG	/* the secure EPT page may exist */

/* RCX of TDH.VP.ENTER: the TDVPR, and flags after a trap and for L2 VMs */
#define TDX_VP_ENTER_FLAGS		(3ULL << 52)
#define TDX_VP_ENTER_RESERVED		(0xfffULL | ~0ULL << 54)

/* R8 to R11 of TDH.MEM.SEPT.ADD, version 1: no page; as an output: the page was not used. */
#define TDX_NULL_PA			(~0ULL)
#define TDX_UNUSED_PA			BIT_ULL(63)

/* Bytes that are measured by one TDH.MR.EXTEND */
#define TDX_MR_EXTEND_BYTES		256

/* RCX of TDH.PHYMEM.CACHE.WB */
#define TDX_CACHE_WB_START		0
#define TDX_CACHE_WB_RESUME		1

/* Maximum numbers of pages; the minimum is read from the module. */
#define TDX_MAX_TDCX_PAGES		9
#define TDX_MAX_TDVPS_PAGES		15	/* TDVPR included */

/* TD_PARAMS.ATTRIBUTES */
#define TDX_TD_ATTR_DEBUG		BIT_ULL(0)
#define TDX_TD_ATTR_SEPT_VE_DISABLE	BIT_ULL(28)
#define TDX_TD_ATTR_MIGRATABLE		BIT_ULL(29)
#define TDX_TD_ATTR_PKS			BIT_ULL(30)
#define TDX_TD_ATTR_KL			BIT_ULL(31)
#define TDX_TD_ATTR_PERFMON		BIT_ULL(63)

/* TD_PARAMS.XFAM: the bits of XCR0 and IA32_XSS */
#define TDX_XFAM_FP_SSE			0x3ULL
#define TDX_XFAM_AVX			BIT_ULL(2)
#define TDX_XFAM_AVX512			0xe0ULL
#define TDX_XFAM_PT			BIT_ULL(8)
#define TDX_XFAM_PKU			BIT_ULL(9)
#define TDX_XFAM_CET			0x1800ULL
#define TDX_XFAM_UINTR			BIT_ULL(14)
#define TDX_XFAM_LBR			BIT_ULL(15)
#define TDX_XFAM_AMX			0x60000ULL

/* TD_PARAMS.EPTP_CONTROLS */
#define TDX_EPTP_WB			0x6ULL		/* memory type, bits 2:0 */
#define TDX_EPTP_LEVELS_SHIFT		3
#define TDX_EPTP_4_LEVELS		(3ULL << TDX_EPTP_LEVELS_SHIFT)
#define TDX_EPTP_5_LEVELS		(4ULL << TDX_EPTP_LEVELS_SHIFT)

/* TD_PARAMS.CONFIG_FLAGS */
#define TDX_CONFIG_FLAG_GPAW		BIT_ULL(0)	/* guest addresses have 52 bits, not 48 */
#define TDX_CONFIG_FLAG_FLEXIBLE_PENDING_VE BIT_ULL(1)
#define TDX_CONFIG_FLAG_NO_RBP_MOD	BIT_ULL(2)

/* TD_PARAMS.MSR_CONFIG_CTLS: use IA32_ARCH_CAPABILITIES_CONFIG */
#define TDX_MSR_CONFIG_ARCH_CAPABILITIES BIT(0)

/* TD_PARAMS.TSC_FREQUENCY, in units of 25 MHz. */
#define TDX_TSC_UNIT_HZ			25000000
#define TDX_TSC_MIN_UNITS		4
#define TDX_TSC_MAX_UNITS		400

#define TDX_TD_PARAMS_ALIGNMENT		1024
#define TDX_TD_PARAMS_NR_CPUID		48
#define TDX_MR_BYTES			48	/* of a measurement */
#define TDX_NR_RTMRS			4	/* measurements that the guest extends */

struct tdx_cpuid_value {
	u32 eax;
	u32 ebx;
	u32 ecx;
	u32 edx;
};

static_assert(sizeof(struct tdx_cpuid_value) == 16);

/* TD_PARAMS, read by TDH.MNG.INIT */
struct tdx_td_params {
	u64 attributes;
	u64 xfam;
	u16 max_vcpus;
	u8  num_l2_vms;
	u8  msr_config_ctls;
	u8  reserved0[4];
	u64 eptp_controls;
	u64 config_flags;
	u16 tsc_frequency;	/* units of 25 MHz */
	u8  reserved1[38];
	u8  mrconfigid[TDX_MR_BYTES];
	u8  mrowner[TDX_MR_BYTES];
	u8  mrownerconfig[TDX_MR_BYTES];
	u64 ia32_arch_capabilities_config;
	u8  reserved2[24];
	/* Configurable leaves, in the order of TDH.SYS.RD */
	struct tdx_cpuid_value cpuid_config[TDX_TD_PARAMS_NR_CPUID];
} __packed __aligned(TDX_TD_PARAMS_ALIGNMENT);

static_assert(offsetof(struct tdx_td_params, xfam) == 8);
static_assert(offsetof(struct tdx_td_params, max_vcpus) == 16);
static_assert(offsetof(struct tdx_td_params, num_l2_vms) == 18);
static_assert(offsetof(struct tdx_td_params, msr_config_ctls) == 19);
static_assert(offsetof(struct tdx_td_params, reserved0) == 20);
static_assert(offsetof(struct tdx_td_params, eptp_controls) == 24);
static_assert(offsetof(struct tdx_td_params, config_flags) == 32);
static_assert(offsetof(struct tdx_td_params, tsc_frequency) == 40);
static_assert(offsetof(struct tdx_td_params, reserved1) == 42);
static_assert(offsetof(struct tdx_td_params, mrconfigid) == 80);
static_assert(offsetof(struct tdx_td_params, mrowner) == 128);
static_assert(offsetof(struct tdx_td_params, mrownerconfig) == 176);
static_assert(offsetof(struct tdx_td_params, ia32_arch_capabilities_config) == 224);
static_assert(offsetof(struct tdx_td_params, reserved2) == 232);
static_assert(offsetof(struct tdx_td_params, cpuid_config) == 256);
static_assert(sizeof(struct tdx_td_params) == 1024);

/* Metadata fields of a TD: TDH.MNG.RD, TDH.MNG.WR. */
#define TDX_MD_TDR_FATAL		0x8010000000000001ULL
#define TDX_MD_TDR_NUM_TDCX		0x8010000200000002ULL
#define TDX_MD_TDR_CHLDCNT		0x8010000300000004ULL
#define TDX_MD_TDR_LIFECYCLE_STATE	0x8010000200000005ULL
#define TDX_MD_TDR_TDCX_PA		0x8010000300000010ULL
#define TDX_MD_TDR_HKID			0x8110000100000001ULL
#define TDX_MD_TDCS_NUM_VCPUS		0x9010000200000001ULL
#define TDX_MD_TDCS_NUM_ASSOC_VCPUS	0x9010000200000002ULL
#define TDX_MD_TDCS_OP_STATE		0x9010000200000004ULL
#define TDX_MD_TDCS_ATTRIBUTES		0x1110000300000000ULL
#define TDX_MD_TDCS_XFAM		0x1110000300000001ULL
#define TDX_MD_TDCS_EPTP		0x1110000300000004ULL
#define TDX_MD_TDCS_TSC_OFFSET		0x111000030000000aULL
#define TDX_MD_TDCS_TSC_MULTIPLIER	0x111000030000000bULL
#define TDX_MD_TDCS_NOTIFY_ENABLES	0x9110000300000010ULL
#define TDX_MD_TDCS_HP_LOCK_TIMEOUT	0x9110000300000011ULL
#define TDX_MD_TDCS_VM_CTLS		0x9110000300000012ULL
#define TDX_MD_TDCS_TD_CTLS		0x1110000300000017ULL
#define TDX_MD_TDCS_TD_EPOCH		0x9210000300000000ULL
#define TDX_MD_TDCS_MRTD		0x1310000300000000ULL
#define TDX_MD_TDCS_CPUID_VALUES	0x9410000300000000ULL

/* Field code of CPUID_VALUES: bit 0 selects EBX:EAX (0) or EDX:ECX (1) */
#define TDX_MD_CPUID_VALUES_SUBLEAF_SHIFT	1
#define TDX_MD_CPUID_VALUES_NO_SUBLEAF		0x1feULL
#define TDX_MD_CPUID_VALUES_LEAF_SHIFT		9	/* bits 6:0 of the leaf */
#define TDX_MD_CPUID_VALUES_LEAF_31		BIT_ULL(16)

/* Metadata fields of a vCPU: TDH.VP.RD, TDH.VP.WR */
#define TDX_MD_VCPU_STATE_DETAILS	0x9120000300000100ULL
#define TDX_MD_VCPU_INDEX		0xa020000200000002ULL
#define TDX_MD_VCPU_ASSOC_LPID		0xa020000200000004ULL
#define TDX_MD_VCPU_PEND_NMI		0x202000000000000bULL
#define TDX_MD_VCPU_TDVPS_PAGE_PA	0xa020000300000010ULL
#define TDX_MD_VMCS_16(encoding)	(0x0024000100000000ULL | (encoding))
#define TDX_MD_VMCS_32(encoding)	(0x0024000200000000ULL | (encoding))
#define TDX_MD_VMCS_64(encoding)	(0x0024000300000000ULL | (encoding))

/* VCPU_STATE_DETAILS: the priority of a virtual interrupt is above PPR. */
#define TDX_VCPU_STATE_INTERRUPT_PENDING	BIT_ULL(0)

/* Parts of the id of a field: class, and size of an element as a power of two of bytes */
#define TDX_MD_CLASS_SHIFT		56
#define TDX_MD_CLASS_MASK		0x3f
#define TDX_MD_CLASS_VMCS		0	/* of a vCPU's fields */
#define TDX_MD_SIZE_SHIFT		32
#define TDX_MD_SIZE_MASK		3

/* Width in the encoding of a VMCS field */
#define TDX_VMCS_WIDTH_SHIFT		13
#define TDX_VMCS_WIDTH_MASK		3
#define TDX_VMCS_WIDTH_16		0
#define TDX_VMCS_WIDTH_32		2	/* 1 and 3: 64 bits */

/* Encodings of VMCS fields that the host may write. */
#define TDX_VMCS_NOTIFICATION_VECTOR	0x0002
#define TDX_VMCS_PI_DESCRIPTOR		0x2016
#define TDX_VMCS_SHARED_EPTP		0x203c
#define TDX_VMCS_PIN_CONTROLS		0x4000
#define TDX_VMCS_SECONDARY_CONTROLS	0x401e
#define TDX_VMCS_INSTRUCTION_TIMEOUT	0x4024

#define TDX_PIN_CONTROLS_POSTED_INTERRUPTS	BIT_ULL(7)
#define TDX_SECONDARY_CONTROLS_BUS_LOCK		BIT_ULL(30)
#define TDX_SECONDARY_CONTROLS_NOTIFY		BIT_ULL(31)

/* Exit reasons of TDH.VP.ENTER that other VMX guests do not have */
#define TDX_EXIT_REASON_OTHER_SMI	6
#define TDX_EXIT_REASON_C_STATE_SMI	42
#define TDX_EXIT_REASON_TDCALL		77

/* RDX of an EPT violation: the type of the information, in bits 3:0 */
#define TDX_EXTENDED_EXIT_TYPE_MASK	0xf
#define TDX_EXTENDED_EXIT_PENDING	6	/* the page was not accepted */

/* TDCS.TD_CTLS */
#define TDX_TD_CTLS_PENDING_VE_DISABLE	BIT_ULL(0)
#define TDX_TD_CTLS_ENUM_TOPOLOGY	BIT_ULL(1)

/* Leaves of TDCALL, in RAX, with a version in bits 23:16 */
enum tdx_tdcall_leaf {
	TDG_VP_VMCALL		= 0,
	TDG_VP_INFO		= 1,
	TDG_MR_RTMR_EXTEND	= 2,
	TDG_VP_VEINFO_GET	= 3,
	TDG_MR_REPORT		= 4,
	TDG_VP_CPUIDVE_SET	= 5,
	TDG_MEM_PAGE_ACCEPT	= 6,
	TDG_VM_RD		= 7,
	TDG_VM_WR		= 8,
	TDG_VP_RD		= 9,
	TDG_VP_WR		= 10,
	TDG_SYS_RD		= 11,
	TDG_SYS_RDALL		= 12,
	TDG_SERVTD_RD		= 18,
	TDG_SERVTD_WR		= 20,
	TDG_MR_VERIFYREPORT	= 22,
	TDG_MEM_PAGE_ATTR_RD	= 23,
	TDG_MEM_PAGE_ATTR_WR	= 24,
	TDG_VP_ENTER		= 25,
	TDG_VP_INVEPT		= 26,
	TDG_VP_INVVPID		= 27,
	TDG_NR_LEAVES,
};

/* RCX of TDG.VP.VMCALL: registers that are passed, by number; XMM registers in bits 31:16 */
#define TDX_VMCALL_MASK_RESERVED	(0x13ULL | ~0ULL << 32)	/* RAX, RCX, RSP */
#define TDX_VMCALL_MASK_RBP		BIT_ULL(5)
#define TDX_VMCALL_MASK_XMM		(0xffffULL << 16)

/* RCX and RDX of TDG.MEM.PAGE.ATTR.RD and _WR: the GPA, its level, and these bits */
#define TDX_ATTR_GPA_PENDING		BIT_ULL(62)
#define TDX_ATTR_L1_RWX			7ULL

#endif /* _ASM_X86_TDX_ABI_TD_H */
