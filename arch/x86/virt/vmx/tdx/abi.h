/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leaf numbers, metadata field ids and memory structures of the TDX module
 * architecture.
 *
 * Reference: Intel TDX Module Base Architecture Specification and ABI
 * Reference Specification, version 1.5.
 */
#ifndef _X86_VIRT_TDX_ABI_H
#define _X86_VIRT_TDX_ABI_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include <asm/tdx_status.h>

/* RAX at SEAMCALL: the leaf and its version, all other bits zero. */
#define TDX_LEAF_NUMBER_MASK	0xffffULL
#define TDX_LEAF_VERSION_SHIFT	16
#define TDX_LEAF_VERSION_MASK	(0xffULL << TDX_LEAF_VERSION_SHIFT)

/* Host-side leaves: X(name, number, specification's name). */
#define TDX_LEAF_LIST(X) \
	X(VP_ENTER, 0, "TDH.VP.ENTER") \
	X(MNG_ADDCX, 1, "TDH.MNG.ADDCX") \
	X(MEM_PAGE_ADD, 2, "TDH.MEM.PAGE.ADD") \
	X(MEM_SEPT_ADD, 3, "TDH.MEM.SEPT.ADD") \
	X(VP_ADDCX, 4, "TDH.VP.ADDCX") \
	X(MEM_PAGE_RELOCATE, 5, "TDH.MEM.PAGE.RELOCATE") \
	X(MEM_PAGE_AUG, 6, "TDH.MEM.PAGE.AUG") \
	X(MEM_RANGE_BLOCK, 7, "TDH.MEM.RANGE.BLOCK") \
	X(MNG_KEY_CONFIG, 8, "TDH.MNG.KEY.CONFIG") \
	X(MNG_CREATE, 9, "TDH.MNG.CREATE") \
	X(VP_CREATE, 10, "TDH.VP.CREATE") \
	X(MNG_RD, 11, "TDH.MNG.RD") \
	X(MEM_RD, 12, "TDH.MEM.RD") \
	X(MNG_WR, 13, "TDH.MNG.WR") \
	X(MEM_WR, 14, "TDH.MEM.WR") \
	X(MEM_PAGE_DEMOTE, 15, "TDH.MEM.PAGE.DEMOTE") \
	X(MR_EXTEND, 16, "TDH.MR.EXTEND") \
	X(MR_FINALIZE, 17, "TDH.MR.FINALIZE") \
	X(VP_FLUSH, 18, "TDH.VP.FLUSH") \
	X(MNG_VPFLUSHDONE, 19, "TDH.MNG.VPFLUSHDONE") \
	X(MNG_KEY_FREEID, 20, "TDH.MNG.KEY.FREEID") \
	X(MNG_INIT, 21, "TDH.MNG.INIT") \
	X(VP_INIT, 22, "TDH.VP.INIT") \
	X(MEM_PAGE_PROMOTE, 23, "TDH.MEM.PAGE.PROMOTE") \
	X(PHYMEM_PAGE_RDMD, 24, "TDH.PHYMEM.PAGE.RDMD") \
	X(MEM_SEPT_RD, 25, "TDH.MEM.SEPT.RD") \
	X(VP_RD, 26, "TDH.VP.RD") \
	X(MNG_KEY_RECLAIMID, 27, "TDH.MNG.KEY.RECLAIMID") \
	X(PHYMEM_PAGE_RECLAIM, 28, "TDH.PHYMEM.PAGE.RECLAIM") \
	X(MEM_PAGE_REMOVE, 29, "TDH.MEM.PAGE.REMOVE") \
	X(MEM_SEPT_REMOVE, 30, "TDH.MEM.SEPT.REMOVE") \
	X(SYS_KEY_CONFIG, 31, "TDH.SYS.KEY.CONFIG") \
	X(SYS_INFO, 32, "TDH.SYS.INFO") \
	X(SYS_INIT, 33, "TDH.SYS.INIT") \
	X(SYS_RD, 34, "TDH.SYS.RD") \
	X(SYS_LP_INIT, 35, "TDH.SYS.LP.INIT") \
	X(SYS_TDMR_INIT, 36, "TDH.SYS.TDMR.INIT") \
	X(SYS_RDALL, 37, "TDH.SYS.RDALL") \
	X(MEM_TRACK, 38, "TDH.MEM.TRACK") \
	X(MEM_RANGE_UNBLOCK, 39, "TDH.MEM.RANGE.UNBLOCK") \
	X(PHYMEM_CACHE_WB, 40, "TDH.PHYMEM.CACHE.WB") \
	X(PHYMEM_PAGE_WBINVD, 41, "TDH.PHYMEM.PAGE.WBINVD") \
	X(VP_WR, 43, "TDH.VP.WR") \
	X(SYS_LP_SHUTDOWN, 44, "TDH.SYS.LP.SHUTDOWN") \
	X(SYS_CONFIG, 45, "TDH.SYS.CONFIG") \
	X(SERVTD_BIND, 48, "TDH.SERVTD.BIND") \
	X(SERVTD_PREBIND, 49, "TDH.SERVTD.PREBIND") \
	X(SYS_SHUTDOWN, 52, "TDH.SYS.SHUTDOWN") \
	X(SYS_UPDATE, 53, "TDH.SYS.UPDATE") \
	X(EXPORT_ABORT, 64, "TDH.EXPORT.ABORT") \
	X(EXPORT_BLOCKW, 65, "TDH.EXPORT.BLOCKW") \
	X(EXPORT_RESTORE, 66, "TDH.EXPORT.RESTORE") \
	X(EXPORT_MEM, 68, "TDH.EXPORT.MEM") \
	X(SYS_DISABLE, 69, "TDH.SYS.DISABLE") \
	X(EXPORT_PAUSE, 70, "TDH.EXPORT.PAUSE") \
	X(EXPORT_TRACK, 71, "TDH.EXPORT.TRACK") \
	X(EXPORT_STATE_IMMUTABLE, 72, "TDH.EXPORT.STATE.IMMUTABLE") \
	X(EXPORT_STATE_TD, 73, "TDH.EXPORT.STATE.TD") \
	X(EXPORT_STATE_VP, 74, "TDH.EXPORT.STATE.VP") \
	X(EXPORT_UNBLOCKW, 75, "TDH.EXPORT.UNBLOCKW") \
	X(IMPORT_ABORT, 80, "TDH.IMPORT.ABORT") \
	X(IMPORT_END, 81, "TDH.IMPORT.END") \
	X(IMPORT_COMMIT, 82, "TDH.IMPORT.COMMIT") \
	X(IMPORT_MEM, 83, "TDH.IMPORT.MEM") \
	X(IMPORT_TRACK, 84, "TDH.IMPORT.TRACK") \
	X(IMPORT_STATE_IMMUTABLE, 85, "TDH.IMPORT.STATE.IMMUTABLE") \
	X(IMPORT_STATE_TD, 86, "TDH.IMPORT.STATE.TD") \
	X(IMPORT_STATE_VP, 87, "TDH.IMPORT.STATE.VP") \
	X(MIG_STREAM_CREATE, 96, "TDH.MIG.STREAM.CREATE")

#define TDX_LEAF_ENUM(name, number, text)	TDH_##name = (number),
enum tdx_leaf { TDX_LEAF_LIST(TDX_LEAF_ENUM) };
#undef TDX_LEAF_ENUM

/* Sizes and alignments of the architecture, in bytes. */
#define TDX_TDMR_ALIGNMENT		BIT_ULL(30)
#define TDX_PAMT_ALIGNMENT		4096
#define TDX_CMR_ARRAY_ALIGNMENT		512
#define TDX_TDMR_INFO_ALIGNMENT		512
#define TDX_TDSYSINFO_ALIGNMENT		1024
#define TDX_TDMR_POINTERS_ALIGNMENT	512

/* Capacities of the architecture's structures; the module's own limits are read from it. */
#define TDX_NR_CMRS			32
#define TDX_TDMR_NR_RESERVED		16
#define TDX_TDSYSINFO_NR_CPUID_CONFIG	((1024 - 132) / 24)

/* Convertible Memory Region; size 0 ends the used part of a table. */
struct tdx_cmr_info {
	u64 base;
	u64 size;
};

static_assert(sizeof(struct tdx_cmr_info) == 16);

/* The levels of a PAMT, in the numbering of TDX status details. */
enum tdx_pamt_level {
	TDX_PAMT_4K,
	TDX_PAMT_2M,
	TDX_PAMT_1G,
	TDX_NR_PAMT_LEVELS,
};

struct tdx_reserved_area {
	u64 offset;	/* from the base of the TDMR */
	u64 size;	/* 0: unused entry, and so are all after it */
};

/* Location of one level of a TDMR's PAMT, in bytes. */
struct tdx_pamt_area {
	u64 base;
	u64 size;
};

/* TDMR_INFO: one Trust Domain Memory Region, as passed to TDH.SYS.CONFIG. */
struct tdx_tdmr_info {
	u64 base;
	u64 size;
	struct tdx_pamt_area pamt[TDX_NR_PAMT_LEVELS];	/* 1G first: see tdx_tdmr_pamt() */
	struct tdx_reserved_area reserved[TDX_TDMR_NR_RESERVED];
} __aligned(TDX_TDMR_INFO_ALIGNMENT);

static_assert(offsetof(struct tdx_tdmr_info, pamt) == 16);
static_assert(sizeof(struct tdx_pamt_area) == 16);
static_assert(offsetof(struct tdx_tdmr_info, reserved) == 64);
static_assert(offsetof(struct tdx_tdmr_info, reserved[TDX_TDMR_NR_RESERVED]) == 320);
static_assert(sizeof(struct tdx_tdmr_info) == 512);

/* The structure lists the levels from 1G down, status details count from 4K up. */
static inline struct tdx_pamt_area *tdx_tdmr_pamt(struct tdx_tdmr_info *tdmr,
						  enum tdx_pamt_level level)
{
	return &tdmr->pamt[TDX_PAMT_1G - level];
}

struct tdx_cpuid_config {
	u32 leaf;
	u32 subleaf;	/* all ones: the leaf has no subleaves */
	u32 eax;
	u32 ebx;
	u32 ecx;
	u32 edx;
};

static_assert(sizeof(struct tdx_cpuid_config) == 24);

/* TDSYSINFO_STRUCT: what TDH.SYS.INFO writes. */
struct tdx_sysinfo_struct {
	u32 attributes;
	u32 vendor_id;
	u32 build_date;	/* yyyymmdd as a decimal number */
	u16 build_num;
	u16 minor_version;
	u16 major_version;
	u8  sys_rd;		/* TDH.SYS.RD exists (module 1.5 and later) */
	u8  reserved0[13];
	u16 max_tdmrs;
	u16 max_reserved_per_tdmr;
	u16 pamt_entry_size;
	u8  reserved1[10];
	u16 tdcs_base_size;
	u8  reserved2[2];
	u16 tdvps_base_size;
	u8  tdvps_xfam_dependent_size;
	u8  reserved3[9];
	u64 attributes_fixed0;
	u64 attributes_fixed1;
	u64 xfam_fixed0;
	u64 xfam_fixed1;
	u8  reserved4[32];
	u32 num_cpuid_config;
	struct tdx_cpuid_config cpuid_config[TDX_TDSYSINFO_NR_CPUID_CONFIG];
	u8  reserved5[4];
} __packed __aligned(TDX_TDSYSINFO_ALIGNMENT);

static_assert(offsetof(struct tdx_sysinfo_struct, build_num) == 12);
static_assert(offsetof(struct tdx_sysinfo_struct, sys_rd) == 18);
static_assert(offsetof(struct tdx_sysinfo_struct, max_tdmrs) == 32);
static_assert(offsetof(struct tdx_sysinfo_struct, pamt_entry_size) == 36);
static_assert(offsetof(struct tdx_sysinfo_struct, tdcs_base_size) == 48);
static_assert(offsetof(struct tdx_sysinfo_struct, tdvps_base_size) == 52);
static_assert(offsetof(struct tdx_sysinfo_struct, tdvps_xfam_dependent_size) == 54);
static_assert(offsetof(struct tdx_sysinfo_struct, attributes_fixed0) == 64);
static_assert(offsetof(struct tdx_sysinfo_struct, xfam_fixed0) == 80);
static_assert(offsetof(struct tdx_sysinfo_struct, num_cpuid_config) == 128);
static_assert(offsetof(struct tdx_sysinfo_struct, cpuid_config) == 132);
static_assert(sizeof(struct tdx_sysinfo_struct) == 1024);

#define TDX_SYSINFO_ATTR_DEBUG		BIT(31)

/* Metadata field ids of TDH.SYS.RD; multi-element fields: id + index. */
#define TDX_MD_FIELD_ID_NONE			0xffffffffffffffffULL
#define TDX_MD_BUILD_DATE			0x8800000200000001ULL
#define TDX_MD_BUILD_NUM			0x8800000100000002ULL
#define TDX_MD_MINOR_VERSION			0x0800000100000003ULL
#define TDX_MD_MAJOR_VERSION			0x0800000100000004ULL
#define TDX_MD_UPDATE_VERSION			0x0800000100000005ULL
#define TDX_MD_SYS_ATTRIBUTES			0x0A00000200000000ULL
#define TDX_MD_TDX_FEATURES0			0x0A00000300000008ULL
#define TDX_MD_NUM_CMRS				0x9000000100000000ULL
#define TDX_MD_CMR_BASE				0x9000000300000080ULL
#define TDX_MD_CMR_SIZE				0x9000000300000100ULL
#define TDX_MD_MAX_TDMRS			0x9100000100000008ULL
#define TDX_MD_MAX_RESERVED_PER_TDMR		0x9100000100000009ULL
#define TDX_MD_PAMT_4K_ENTRY_SIZE		0x9100000100000010ULL
#define TDX_MD_PAMT_2M_ENTRY_SIZE		0x9100000100000011ULL
#define TDX_MD_PAMT_1G_ENTRY_SIZE		0x9100000100000012ULL
#define TDX_MD_TDCS_BASE_SIZE			0x9800000100000100ULL
#define TDX_MD_TDVPS_BASE_SIZE			0x9800000100000200ULL
#define TDX_MD_ATTRIBUTES_FIXED0		0x1900000300000000ULL
#define TDX_MD_ATTRIBUTES_FIXED1		0x1900000300000001ULL
#define TDX_MD_XFAM_FIXED0			0x1900000300000002ULL
#define TDX_MD_XFAM_FIXED1			0x1900000300000003ULL
#define TDX_MD_NUM_CPUID_CONFIG			0x9900000100000004ULL
#define TDX_MD_MAX_VCPUS_PER_TD			0x9900000100000008ULL
#define TDX_MD_CPUID_CONFIG_LEAVES		0x9900000300000400ULL
#define TDX_MD_CPUID_CONFIG_VALUES		0x9900000300000500ULL

/* TDX_FEATURES0 */
#define TDX_FEATURES0_NO_RBP_MOD		BIT_ULL(18)
#define TDX_FEATURES0_ENUM_TOPOLOGY		BIT_ULL(20)

#endif /* _X86_VIRT_TDX_ABI_H */
