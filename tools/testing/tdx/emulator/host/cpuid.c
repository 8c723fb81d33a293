// SPDX-License-Identifier: GPL-2.0-only
/* CPUID: shows QEMU's CPU as a Sapphire Rapids. */
#include <linux/string.h>

#include "host/cpuid.h"
#include "lib/clock.h"
#include "machine/override.h"
#include "machine/platform.h"

#define MAX_BASIC_LEAF		0x1f
#define MAX_EXTENDED_LEAF	0x80000008
#define EXTENDED		0x80000000
#define ANY_SUBLEAF		0xffffffff
#define KEEP			0xffffffff	/* mask: all bits of QEMU's CPU */

#define LEAF_FEATURES		1
#define LEAF_CACHES		4
#define LEAF_EXTENDED_FEATURES	7
#define LEAF_TOPOLOGY		0xb
#define LEAF_XSAVE		0xd
#define LEAF_TSC		0x15
#define LEAF_FREQUENCIES	0x16
#define XSAVE_AVX		2
#define XSAVE_PKRU		9

#define FEATURES_ECX_VMX	BIT_ULL(5)
#define FEATURES_ECX_OSXSAVE	BIT_ULL(27)
#define FEATURES_EDX_SELF_SNOOP	BIT_ULL(27)

#define EXT_EBX_TSC_ADJUST	BIT_ULL(1)
#define EXT_ECX_OSPKE		BIT_ULL(4)
#define EXT_ECX_TME		BIT_ULL(13)
#define EXT_ECX_MOVDIR64B	BIT_ULL(28)
#define EXT_EDX_SPEC_CTRL	BIT_ULL(26)
#define EXT_EDX_ARCH_CAP	BIT_ULL(29)

/*
 * Features of QEMU's CPU that are shown to the guest: those that add only
 * instructions, and those that the emulator supports.  Features of newer QEMUs
 * may need MSRs and bits of CR4 that the emulator does not support.
 */

/* SSE3 PCLMUL SSSE3 FMA SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE AVX F16C RDRAND */
#define KEEP_FEATURES_ECX	0x76d81203
/* FPU DE PSE TSC MSR PAE MCE CX8 APIC SEP MTRR PGE MCA CMOV PAT PSE36 CLFLUSH ACPI ... SSE2 */
#define KEEP_FEATURES_EDX	0x07cbfbfd
/* FSGSBASE BMI1 AVX2 SMEP BMI2 ERMS RDSEED ADX SMAP CLFLUSHOPT CLWB SHA */
#define KEEP_EXT_EBX		0x219c03a9
/* UMIP PKU VAES VPCLMUL LA57 RDPID */
#define KEEP_EXT_ECX		0x0041060c
/* FSRM */
#define KEEP_EXT_EDX		0x00000010
/* FZRM FSRS FSRC */
#define KEEP_EXT1_EAX		0x00001c00
/* x87 SSE AVX PKRU */
#define KEEP_XCR0		0x207
/* XSAVEOPT, XGETBV with ECX 1 */
#define KEEP_XSAVE_EAX		0x5

#define ADDRESS_BITS		0xffff		/* physical, linear */

#define CACHE_SELF_INITIALIZING	BIT_ULL(8)

#define BUS_MHZ			100

/* Bits of AMD's extended leaf 1 that Intel CPUs have, too. */
#define AMD_ECX_ON_INTEL	(BIT_ULL(0) | BIT_ULL(5) | BIT_ULL(8))
#define AMD_EDX_ON_INTEL	(BIT_ULL(11) | BIT_ULL(20) | BIT_ULL(26) | BIT_ULL(27) | \
				 BIT_ULL(29))

#define FOUR(a, b, c, d)	((u32)(a) | (u32)(b) << 8 | (u32)(c) << 16 | (u32)(d) << 24)

enum { EAX, EBX, ECX, EDX };

/*
 * QEMU's value, masked by @keep, with @set or-ed in.  A leaf that is not listed reads as
 * zero: only features that QEMU's CPU or the emulator executes are shown.
 */
struct leaf_rule {
	u32 leaf, subleaf;
	u32 keep[4], set[4];
};

static const struct leaf_rule rules[] = {
	{ 0, ANY_SUBLEAF, { 0 },
	  { MAX_BASIC_LEAF, FOUR('G', 'e', 'n', 'u'), FOUR('n', 't', 'e', 'l'),
	    FOUR('i', 'n', 'e', 'I') } },
	/* Sapphire Rapids */
	{ LEAF_FEATURES, ANY_SUBLEAF,
	  { 0, KEEP, KEEP_FEATURES_ECX, KEEP_FEATURES_EDX },
	  { 0x806f8, 0, FEATURES_ECX_VMX, FEATURES_EDX_SELF_SNOOP } },
	/* caches: see leaf 4; no data on TLBs */
	{ 2, ANY_SUBLEAF, { 0 }, { 0x00feff01, 0, 0, 0 } },
	/* the APIC timer always runs */
	{ 6, ANY_SUBLEAF, { 0 }, { BIT_ULL(2), 0, 0, 0 } },
	{ LEAF_EXTENDED_FEATURES, 0,
	  { 0, KEEP_EXT_EBX, KEEP_EXT_ECX, KEEP_EXT_EDX },
	  { 2, EXT_EBX_TSC_ADJUST, EXT_ECX_TME | EXT_ECX_MOVDIR64B,
	    EXT_EDX_SPEC_CTRL | EXT_EDX_ARCH_CAP } },
	{ LEAF_EXTENDED_FEATURES, 1, { KEEP_EXT1_EAX, 0, 0, 0 }, { 0 } },
	/* PSFD, IPRED_CTRL, RRSBA_CTRL, BHI_CTRL: see SPEC_CTRL in msr.c */
	{ LEAF_EXTENDED_FEATURES, 2, { 0 }, { 0, 0, 0, 0x17 } },
	{ LEAF_TOPOLOGY, ANY_SUBLEAF, { KEEP, KEEP, KEEP, KEEP }, { 0 } },
	{ LEAF_XSAVE, 0, { KEEP_XCR0, KEEP, KEEP, 0 }, { 0 } },
	{ LEAF_XSAVE, 1, { KEEP_XSAVE_EAX, KEEP, 0, 0 }, { 0 } },
	{ LEAF_XSAVE, XSAVE_AVX, { KEEP, KEEP, KEEP, 0 }, { 0 } },
	{ LEAF_XSAVE, XSAVE_PKRU, { KEEP, KEEP, KEEP, 0 }, { 0 } },
	{ EXTENDED, ANY_SUBLEAF, { 0 }, { MAX_EXTENDED_LEAF, 0, 0, 0 } },
	{ EXTENDED + 1, ANY_SUBLEAF, { 0, 0, AMD_ECX_ON_INTEL, AMD_EDX_ON_INTEL }, { 0 } },
	{ EXTENDED + 2, ANY_SUBLEAF, { 0 },
	  { FOUR('I', 'n', 't', 'e'), FOUR('l', '(', 'R', ')'), FOUR(' ', 'X', 'e', 'o'),
	    FOUR('n', '(', 'R', ')') } },
	{ EXTENDED + 3, ANY_SUBLEAF, { 0 },
	  { FOUR(' ', '(', 'e', 'm'), FOUR('u', 'l', 'a', 't'), FOUR('e', 'd', ' ', 'T'),
	    FOUR('D', 'X', ' ', 'p') } },
	{ EXTENDED + 4, ANY_SUBLEAF, { 0 },
	  { FOUR('l', 'a', 't', 'f'), FOUR('o', 'r', 'm', ')'), 0, 0 } },
	/* L2: 2 MB, 16 ways, 64-byte lines */
	{ EXTENDED + 6, ANY_SUBLEAF, { 0 }, { 0, 0, 0x08008040, 0 } },
	/* the TSC never stops */
	{ EXTENDED + 7, ANY_SUBLEAF, { 0 }, { 0, 0, 0, BIT_ULL(8) } },
	{ EXTENDED + 8, ANY_SUBLEAF, { ADDRESS_BITS, 0, 0, 0 }, { 0 } },
};

/* Leaf 4 in common units; the sizes are those of Sapphire Rapids. */
struct cache {
	u8 type, level;
	u8 ways;
	u32 sets;
	bool package;		/* shared by the package, else by the threads of a core */
};

static const struct cache caches[] = {
	{ 1, 1, 12, 64, false },	/* 48 KB of data */
	{ 2, 1, 8, 64, false },		/* 32 KB of code */
	{ 3, 2, 16, 2048, false },	/* 2 MB */
	{ 3, 3, 15, 65536, true },	/* 60 MB */
};

static void cache_leaf(u32 subleaf, u32 regs[4])
{
	const struct cache *c = &caches[subleaf];
	unsigned int shift;

	if (subleaf >= ARRAY_LEN(caches))
		return;
	shift = c->package ? platform.package_shift : platform.thread_shift;
	regs[EAX] = c->type | (u32)c->level << 5 | CACHE_SELF_INITIALIZING |
		    (u32)(BIT_ULL(shift) - 1) << 14 |
		    (u32)(BIT_ULL(platform.package_shift - platform.thread_shift) - 1) << 26;
	regs[EBX] = 63 | (u32)(c->ways - 1) << 22;
	regs[ECX] = c->sets - 1;
}

/*
 * So that Linux need not measure the TSC, and the APIC's timer, against a timer that runs on while
 * a busy host does not run QEMU.
 */
static void tsc_leaf(u32 regs[4])
{
	regs[EAX] = clock_ratio()->crystal;
	regs[EBX] = clock_ratio()->tsc;
	regs[ECX] = CLOCK_CRYSTAL_HZ;
}

/* Base, maximum and bus; without turbo */
static void frequencies_leaf(u32 regs[4])
{
	regs[EAX] = (clock_tsc_per_ms() + 500) / 1000;
	regs[EBX] = regs[EAX];
	regs[ECX] = BUS_MHZ;
}

static bool derived_leaf(u32 leaf, u32 subleaf, u32 regs[4])
{
	switch (leaf) {
	case LEAF_CACHES:
		cache_leaf(subleaf, regs);
		return true;
	case LEAF_TSC:
		tsc_leaf(regs);
		return true;
	case LEAF_FREQUENCIES:
		frequencies_leaf(regs);
		return true;
	default:
		return false;
	}
}

static const struct leaf_rule *find_rule(u32 leaf, u32 subleaf)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(rules); i++) {
		if (rules[i].leaf == leaf &&
		    (rules[i].subleaf == ANY_SUBLEAF || rules[i].subleaf == subleaf))
			return &rules[i];
	}
	return NULL;
}

/* QEMU derives bits from the emulator's CR4; derive them from the guest's. */
static void patch_os_bits(const struct vcpu *vcpu, u32 leaf, u32 subleaf, u32 regs[4])
{
	if (leaf == LEAF_FEATURES) {
		regs[ECX] &= ~FEATURES_ECX_OSXSAVE;
		if (vcpu->vmcb.cr4 & X86_CR4_OSXSAVE)
			regs[ECX] |= FEATURES_ECX_OSXSAVE;
	} else if (leaf == LEAF_EXTENDED_FEATURES && !subleaf) {
		regs[ECX] &= ~EXT_ECX_OSPKE;
		if (vcpu->vmcb.cr4 & X86_CR4_PKE)
			regs[ECX] |= EXT_ECX_OSPKE;
	}
}

void cpuid_guest(const struct vcpu *vcpu, u32 leaf, u32 subleaf, u32 regs[4])
{
	const struct leaf_rule *rule;
	unsigned int i;

	/* Intel CPUs answer a leaf out of range like the last basic one */
	if ((leaf > MAX_BASIC_LEAF && leaf < EXTENDED) || leaf > MAX_EXTENDED_LEAF)
		leaf = MAX_BASIC_LEAF;
	/* QEMU has only the older topology leaf */
	if (leaf == MAX_BASIC_LEAF)
		leaf = LEAF_TOPOLOGY;

	memset(regs, 0, 4 * sizeof(*regs));
	if (derived_leaf(leaf, subleaf, regs))
		return;
	rule = find_rule(leaf, subleaf);
	if (!rule)
		return;
	native_cpuid(leaf, subleaf, regs);
	for (i = 0; i < 4; i++)
		regs[i] = (regs[i] & rule->keep[i]) | rule->set[i];
	patch_os_bits(vcpu, leaf, subleaf, regs);
}

void cpuid_exit(struct vcpu *vcpu, unsigned int insn_length)
{
	u32 regs[4];

	cpuid_guest(vcpu, vcpu->gpr[RAX], vcpu->gpr[RCX], regs);
	override_cpuid(vcpu->cpu, vcpu->gpr[RAX], vcpu->gpr[RCX], regs);
	vcpu->gpr[RAX] = regs[EAX];
	vcpu->gpr[RBX] = regs[EBX];
	vcpu->gpr[RCX] = regs[ECX];
	vcpu->gpr[RDX] = regs[EDX];
	vcpu_skip_insn(vcpu, insn_length);
}
