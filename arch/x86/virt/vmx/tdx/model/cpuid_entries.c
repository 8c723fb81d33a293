// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: the CPUID leaves that it virtualizes.
 *
 * TDX Module ABI specification, "CPUID Virtualization".  Registers are EAX to EDX.
 */
#include "cpuid_entries.h"

const struct tdx_model_cpuid_leaf tdx_model_cpuid_leaves[TDX_MODEL_NR_CPUID] = {
#define LEAF(number, eax, ecx, what) \
	[number] = { .leaf = (eax), .subleaf = (ecx), .kind = TDX_MODEL_CPUID_##what },
	TDX_MODEL_CPUID_LIST(LEAF)
#undef LEAF
};

#define ALL	{ ~0U, ~0U, ~0U, ~0U }

/* Leaves that are not listed have the CPU's values. */
const struct tdx_model_cpuid_masks tdx_model_cpuid_masks[TDX_MODEL_NR_CPUID] = {
	[0] = {
		.direct = { 0xfff3fff, 0xff0000, 0, 0 },
		.allowed = { 0, 0, 0x31044d88, 0xb8440000 },
		.zero = { 0xf000c000, 0xff0000ff, 0x8010060, 0x40120400 },
		.one = { 0, 0, 0x80000000, 0x200 },
	},
	[1 ... 3] = {
		.direct = { 0xffffc3ff, 0xfffff000, ~0U, 0xfffffffb },
		.zero = { 0x3c00, 0, 0, 0x4 },
	},
	[4] = {
		.direct = { 0xffffc3ff, 0xfffff000, ~0U, 0x7 },
		.zero = { 0x3c00, 0, 0, 0xfffffff8 },
	},
	[5] = {
		.allowed = { 0, 0xdc2b9b18, 0x2417f65, 0x5411c },
		.zero = { 0, 0x404006, 0x643e8010, 0x2298c3 },
	},
	[6] = { .allowed = { 0x1d30, 0, 0, 0 }, .zero = { 0xffffe2cf, ~0U, ~0U, ~0U } },
	[7] = { .zero = { 0, 0, 0, 0xffff6000 } },
	[8] = { .allowed = { 0xff, 0, 0, 0 } },
	[9] = { .allowed = { 0, 0x200, 0, 0 }, .zero = { 0xffff0000, 0xfffffdff, ~0U, ~0U } },
	[10] = { .zero = { 0xffffffdc, 0, 0, 0 }, .one = { 0x23, 0, 0, 0 } },
	[11 ... 12] = { .zero = ALL },
	[14] = { .allowed = { 0, 0, 0, 0x28 }, .zero = { ~0U, ~0U, ~0U, 0xffffffc0 } },
	[15] = { .zero = ALL },
	[16] = { .zero = { 0xfff9fd18, ~0U, 0, ~0U } },
	[17] = { .zero = { 0xffffffe0, ~0U, 0xffff26ff, ~0U } },
	[18 ... 34] = { .zero = { 0, 0, 0, ~0U } },
	[35 ... 38] = { .zero = ALL },
	[39] = { .zero = { 0, 0xfffffe00, 0x7ffffff0, ~0U } },
	[40] = { .zero = { 0xfff8, 0, ~0U, ~0U } },
	[41] = { .zero = { 0xfffffffe, 0, 0xfe8287bf, ~0U }, .one = { 0x1, 0, 0x17d7840, 0 } },
	[42] = { .zero = { 0xfffffff8, 0xffffffeb, 0xfffffffd, ~0U } },
	[52] = { .zero = ALL },
	[53] = {
		.zero = { ~0U, 0x9a8b91b6, 0xdfdfdfdf, 0xa7bbab93 },
		.one = { 0, 0x65746e49, 0x20202020, 0x5844546c },
	},
	[54] = { .zero = { 0x7ffffff7, ~0U, ~0U, ~0U }, .one = { 0x80000008, 0, 0, 0 } },
	[55] = { .zero = { ~0U, ~0U, 0xfffffede, 0xd3efffff } },
	[57] = { .zero = { ~0U, ~0U, ~0U, 0xfffffeff } },
	[58] = { .zero = ALL },
	[59] = { .allowed = { 0xf, 0, 0, 0 }, .zero = { 0xfffffff0, 0, ~0U, ~0U } },
	[60] = { .zero = { 0, 0, ~0U, ~0U } },
	[61] = { .zero = ALL },
	[62] = { .zero = { 0, ~0U, ~0U, ~0U } },
	[63] = { .zero = { 0xffff0000, 0xffff0000, 0xfffffffc, 0 } },
};
