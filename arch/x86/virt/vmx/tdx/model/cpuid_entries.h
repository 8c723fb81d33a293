/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUID leaves that the software TDX module virtualizes.
 */
#ifndef _X86_VIRT_TDX_MODEL_CPUID_ENTRIES_H
#define _X86_VIRT_TDX_MODEL_CPUID_ENTRIES_H

#include "model.h"

#define TDX_MODEL_NO_SUBLEAF	(~0U)	/* the leaf has none */

/* X(index, leaf, subleaf, kind), in the module's order: see enum tdx_model_cpuid_kind. */
#define TDX_MODEL_CPUID_LIST(X) \
	X(0, 0x1, TDX_MODEL_NO_SUBLEAF, CONFIG) \
	X(1, 0x4, 0, CONFIG) \
	X(2, 0x4, 1, CONFIG) \
	X(3, 0x4, 0x2, CONFIG) \
	X(4, 0x4, 0x3, CONFIG) \
	X(5, 0x7, 0, CONFIG) \
	X(6, 0x7, 1, CONFIG) \
	X(7, 0xa, TDX_MODEL_NO_SUBLEAF, CONFIG) \
	X(8, 0x1c, TDX_MODEL_NO_SUBLEAF, CONFIG) \
	X(9, 0x80000008, TDX_MODEL_NO_SUBLEAF, CONFIG) \
	X(10, 0x0, TDX_MODEL_NO_SUBLEAF, FIXED) \
	X(11, 0x3, TDX_MODEL_NO_SUBLEAF, FIXED) \
	X(12, 0x4, 0x4, FIXED) \
	X(13, 0x6, TDX_MODEL_NO_SUBLEAF, VE) \
	X(14, 0x7, 0x2, CONFIG) \
	X(15, 0x8, TDX_MODEL_NO_SUBLEAF, FIXED) \
	X(16, 0xd, 0, FIXED) \
	X(17, 0xd, 1, FIXED) \
	X(18, 0xd, 0x2, FIXED) \
	X(19, 0xd, 0x3, FIXED) \
	X(20, 0xd, 0x4, FIXED) \
	X(21, 0xd, 0x5, FIXED) \
	X(22, 0xd, 0x6, FIXED) \
	X(23, 0xd, 0x7, FIXED) \
	X(24, 0xd, 0x8, FIXED) \
	X(25, 0xd, 0x9, FIXED) \
	X(26, 0xd, 0xa, FIXED) \
	X(27, 0xd, 0xb, FIXED) \
	X(28, 0xd, 0xc, FIXED) \
	X(29, 0xd, 0xd, FIXED) \
	X(30, 0xd, 0xe, FIXED) \
	X(31, 0xd, 0xf, FIXED) \
	X(32, 0xd, 0x10, FIXED) \
	X(33, 0xd, 0x11, FIXED) \
	X(34, 0xd, 0x12, FIXED) \
	X(35, 0xe, TDX_MODEL_NO_SUBLEAF, FIXED) \
	X(36, 0x11, TDX_MODEL_NO_SUBLEAF, FIXED) \
	X(37, 0x12, TDX_MODEL_NO_SUBLEAF, FIXED) \
	X(38, 0x13, TDX_MODEL_NO_SUBLEAF, FIXED) \
	X(39, 0x14, 0, FIXED) \
	X(40, 0x14, 1, FIXED) \
	X(41, 0x15, TDX_MODEL_NO_SUBLEAF, FIXED) \
	X(42, 0x19, TDX_MODEL_NO_SUBLEAF, FIXED) \
	X(43, 0x1d, 0, FIXED) \
	X(44, 0x1d, 1, FIXED) \
	X(45, 0x1e, TDX_MODEL_NO_SUBLEAF, FIXED) \
	X(46, 0x1f, 0, VE) \
	X(47, 0x1f, 1, VE) \
	X(48, 0x1f, 0x2, VE) \
	X(49, 0x1f, 0x3, VE) \
	X(50, 0x1f, 0x4, VE) \
	X(51, 0x1f, 0x5, VE) \
	X(52, 0x20, TDX_MODEL_NO_SUBLEAF, FIXED) \
	X(53, 0x21, 0, FIXED) \
	X(54, 0x80000000, TDX_MODEL_NO_SUBLEAF, FIXED) \
	X(55, 0x80000001, TDX_MODEL_NO_SUBLEAF, FIXED) \
	X(56, 0x80000006, TDX_MODEL_NO_SUBLEAF, VE) \
	X(57, 0x80000007, TDX_MODEL_NO_SUBLEAF, FIXED) \
	X(58, 0x22, TDX_MODEL_NO_SUBLEAF, FIXED) \
	X(59, 0x23, 0, CONFIG) \
	X(60, 0x23, 1, FIXED) \
	X(61, 0x23, 0x2, FIXED) \
	X(62, 0x23, 0x3, FIXED) \
	X(63, 0x5, TDX_MODEL_NO_SUBLEAF, FIXED)

enum tdx_model_cpuid_kind {
	TDX_MODEL_CPUID_FIXED,
	TDX_MODEL_CPUID_CONFIG,		/* TD_PARAMS has a value */
	TDX_MODEL_CPUID_VE,		/* raises #VE in the guest */
};

/* Indices of leaves with rules of their own. */
enum tdx_model_cpuid_index {
	TDX_MODEL_CPUID_1		= 0,
	TDX_MODEL_CPUID_7_0		= 5,
	TDX_MODEL_CPUID_7_1		= 6,
	TDX_MODEL_CPUID_A		= 7,
	TDX_MODEL_CPUID_1C		= 8,
	TDX_MODEL_CPUID_80000008	= 9,
	TDX_MODEL_CPUID_7_2		= 14,
	TDX_MODEL_CPUID_D_0		= 16,
	TDX_MODEL_CPUID_D_1		= 17,
	TDX_MODEL_CPUID_D_2		= 18,
	TDX_MODEL_CPUID_14_0		= 39,
	TDX_MODEL_CPUID_14_1		= 40,
	TDX_MODEL_CPUID_15		= 41,
	TDX_MODEL_CPUID_19		= 42,
	TDX_MODEL_CPUID_1D_0		= 43,
	TDX_MODEL_CPUID_1D_1		= 44,
	TDX_MODEL_CPUID_1E		= 45,
	TDX_MODEL_CPUID_80000000	= 54,
	TDX_MODEL_CPUID_80000001	= 55,
	TDX_MODEL_CPUID_5		= 63,
};

struct tdx_model_cpuid_leaf {
	u32 leaf, subleaf;	/* EAX, and ECX or TDX_MODEL_NO_SUBLEAF */
	enum tdx_model_cpuid_kind kind;
};

/**
 * struct tdx_model_cpuid_masks - virtualization of a CPUID leaf
 * @direct:  bits that have the configured value
 * @allowed: bits that are cleared unless they are configured as 1
 * @zero:    bits that are 0
 * @one:     bits that are 1
 *
 * Other bits have the CPU's value.
 */
struct tdx_model_cpuid_masks {
	u32 direct[4], allowed[4], zero[4], one[4];
};

extern const struct tdx_model_cpuid_leaf tdx_model_cpuid_leaves[TDX_MODEL_NR_CPUID];
extern const struct tdx_model_cpuid_masks tdx_model_cpuid_masks[TDX_MODEL_NR_CPUID];

#endif /* _X86_VIRT_TDX_MODEL_CPUID_ENTRIES_H */
