// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test the MSRs that the guest in a TD accesses by TDG.VP.VMCALL: those that KVM emulates, and
 * those that user space denies or emulates.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "processor.h"
#include "tdx_guest.h"

#define NR_BANKS	10
#define VALUE		0x1122334455667788ull
#define TYPES		0x0606060606060606ull	/* write-back, eight times */
#define LVT_MASKED	0x10040			/* with a vector */
#define IPI_TO_NOBODY	0x5500000040ull
#define MISC_ENABLE	0x1801			/* no PEBS, no BTS, fast strings */
#define PAT		0x277
#define MCG_CTL_P		BIT_ULL(8)
#define MCG_CMCI_P		BIT_ULL(10)
#define MCG_LMCE_P		BIT_ULL(27)
#define MCI_CTL2_CMCI_EN	BIT_ULL(30)

enum access { NONE, READ, READ_WRITE };

struct msr {
	uint32_t index;
	enum access access;
	uint64_t value;		/* is written, and read again */
	uint64_t mcg_cap;	/* there is no access without these bits of MCG_CAP */
};

static const struct msr msrs[] = {
	{ MSR_IA32_ARCH_CAPABILITIES,	READ },
	{ MSR_IA32_POWER_CTL,		READ_WRITE, 2 },
	{ MSR_PLATFORM_INFO,		READ },
	{ MSR_MISC_FEATURES_ENABLES,	READ_WRITE, 0 },
	{ MSR_IA32_MISC_ENABLE,		READ_WRITE, MISC_ENABLE },
	{ PAT,				READ_WRITE, TYPES },
	{ MSR_IA32_TSC_DEADLINE,	READ_WRITE, 0 },
	{ MSR_IA32_APICBASE,		READ },
	{ MSR_EFER,			READ },
	{ MSR_IA32_FEAT_CTL,		READ },
	{ 0x4b564d05,			READ_WRITE, 0 },	/* KVM_POLL_CONTROL */

	{ MSR_MTRRcap,			READ },
	{ 0x200,			READ_WRITE, 6 },
	{ 0x201,			READ_WRITE, 0x800 },
	{ 0x20f,			READ_WRITE, 0x800 },
	{ 0x210,			NONE },
	{ MSR_MTRRfix64K_00000,		READ_WRITE, TYPES },
	{ MSR_MTRRfix16K_80000,		READ_WRITE, TYPES },
	{ MSR_MTRRfix16K_A0000,		READ_WRITE, TYPES },
	{ MSR_MTRRfix4K_C0000,		READ_WRITE, TYPES },
	{ MSR_MTRRfix4K_F8000,		READ_WRITE, TYPES },
	{ MSR_MTRRdefType,		READ_WRITE, 0xc06 },

	{ MSR_IA32_MCG_CAP,		READ },
	{ MSR_IA32_MCG_STATUS,		READ_WRITE, 4 },
	{ MSR_IA32_MCG_CTL,		READ_WRITE, -1, MCG_CTL_P },
	{ MSR_IA32_MCG_EXT_CTL,		READ_WRITE, 1, MCG_LMCE_P },
	{ MSR_IA32_MCx_CTL(0),		READ_WRITE, -1 },
	{ MSR_IA32_MCx_STATUS(0),	READ_WRITE, 0 },
	{ MSR_IA32_MCx_ADDR(0),		READ_WRITE, VALUE },
	{ MSR_IA32_MCx_MISC(NR_BANKS - 1), READ_WRITE, VALUE },
	{ MSR_IA32_MCx_CTL(NR_BANKS),	NONE },
	{ MSR_IA32_MCx_CTL2(0),		READ_WRITE, MCI_CTL2_CMCI_EN | 1, MCG_CMCI_P },
	{ MSR_IA32_MCx_CTL2(NR_BANKS),	NONE },

	{ 0x80f,			READ_WRITE, 0x1ff },	/* SPIV: the APIC is enabled */
	{ 0x802,			READ },			/* ID */
	{ 0x803,			READ },			/* version */
	{ 0x80d,			READ },			/* LDR */
	{ 0x828,			READ_WRITE, 0 },	/* ESR */
	{ 0x82f,			READ_WRITE, LVT_MASKED, MCG_CMCI_P },
	{ 0x830,			READ_WRITE, IPI_TO_NOBODY },
	{ 0x832,			READ_WRITE, LVT_MASKED },
	{ 0x833,			READ_WRITE, LVT_MASKED },
	{ 0x834,			READ_WRITE, LVT_MASKED },
	{ 0x835,			READ_WRITE, LVT_MASKED },
	{ 0x836,			READ_WRITE, LVT_MASKED },
	{ 0x837,			READ_WRITE, LVT_MASKED },
	{ 0x838,			READ_WRITE, 0 },	/* initial count of the timer */
	{ 0x839,			READ },			/* current count */
	{ 0x83e,			READ_WRITE, 0xb },	/* divisor */

	/* Virtualized by the CPU or the module: TPR, EOI, ISR, IRR, a self IPI */
	{ 0x808,			NONE },
	{ 0x80b,			NONE },
	{ 0x810,			NONE },
	{ 0x820,			NONE },
	{ 0x83f,			NONE },
	{ MSR_IA32_TSC,			NONE },
	{ MSR_IA32_SPEC_CTRL,		NONE },
	{ MSR_IA32_SMBASE,		NONE },
	{ MSR_IA32_SYSENTER_CS,		NONE },
	{ MSR_FS_BASE,			NONE },
	{ 0x4b564d01,			NONE },			/* the clock of KVM */
	{ 0x4b564d02,			NONE },			/* asynchronous page faults */
	{ 0x4b564d03,			NONE },			/* steal time */
	{ 0x12345,			NONE },
};

static uint64_t rdmsr_status(struct tg_td *tg, uint64_t index)
{
	return tg_vmcall(tg, TG_RDMSR, index, 0, 0, 0);
}

static uint64_t wrmsr_status(struct tg_td *tg, uint64_t index, uint64_t value)
{
	return tg_vmcall(tg, TG_WRMSR, index, value, 0, 0);
}

static uint64_t user_space_value(struct tg_td *tg, uint32_t index)
{
	struct {
		struct kvm_msrs msrs;
		struct kvm_msr_entry entry;
	} buffer = { .msrs.nmsrs = 1, .entry.index = index };

	TEST_ASSERT(ioctl(tg->td.vcpu, KVM_GET_MSRS, &buffer) == 1, "KVM_GET_MSRS of 0x%x", index);
	return buffer.entry.data;
}

static void expect_value(struct tg_td *tg, uint32_t index)
{
	uint64_t found, expected = user_space_value(tg, index);

	TEST_ASSERT(!rdmsr_status(tg, index), "the guest cannot read 0x%x", index);
	found = tg->page->out.r11;
	TEST_ASSERT(found == expected, "MSR 0x%x is 0x%lx for the guest, 0x%lx for user space",
		    index, found, expected);
}

static void test_msr(struct tg_td *tg, const struct msr *msr, enum access access)
{
	const uint64_t status = wrmsr_status(tg, msr->index, msr->value);

	TEST_ASSERT(status == (access == READ_WRITE ? 0 : TG_INVALID), "WRMSR 0x%x: 0x%lx",
		    msr->index, status);
	if (access == NONE) {
		TEST_ASSERT(rdmsr_status(tg, msr->index) == TG_INVALID, "RDMSR 0x%x", msr->index);
		return;
	}
	expect_value(tg, msr->index);
	TEST_ASSERT(access == READ || tg->page->out.r11 == msr->value,
		    "MSR 0x%x has 0x%lx, not 0x%lx", msr->index, tg->page->out.r11, msr->value);
}

/* With all features of machine checks that this KVM has */
static uint64_t set_up_machine_checks(struct tg_td *tg)
{
	uint64_t mcg_cap;

	TEST_ERRNO(fd_ioctl(open_kvm_dev_path_or_exit(), KVM_X86_GET_MCE_CAP_SUPPORTED, &mcg_cap),
		   0);
	mcg_cap = (mcg_cap & ~0xffull) | NR_BANKS;
	TEST_ERRNO(fd_ioctl(tg->td.vcpu, KVM_X86_SETUP_MCE, &mcg_cap), 0);
	return mcg_cap;
}

static void test_msrs(struct tg_td *tg)
{
	const uint64_t mcg_cap = set_up_machine_checks(tg);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		test_msr(tg, &msrs[i], (msrs[i].mcg_cap & ~mcg_cap) ? NONE : msrs[i].access);

	/* Of this one it depends on KVM whether a write is ignored. */
	expect_value(tg, MSR_IA32_UCODE_REV);
	ASSERT_EQ(user_space_value(tg, MSR_IA32_FEAT_CTL),
		  FEAT_CTL_LOCKED | (mcg_cap & MCG_LMCE_P ? FEAT_CTL_LMCE_ENABLED : 0));
	ASSERT_EQ(wrmsr_status(tg, PAT, VALUE), TG_INVALID);
}

/* The index is 64 bits wide, and no MSR has more than 32 of them. */
static void test_wide_index(struct tg_td *tg)
{
	ASSERT_EQ(rdmsr_status(tg, BIT_ULL(32) | PAT), TG_INVALID);
	ASSERT_EQ(wrmsr_status(tg, BIT_ULL(32) | PAT, 0), TG_INVALID);
	ASSERT_EQ(wrmsr_status(tg, BIT_ULL(63) | PAT, 0), TG_INVALID);
	ASSERT_EQ(user_space_value(tg, PAT), TYPES);
}

static int filter(struct tg_td *tg, uint32_t flags)
{
	static uint8_t denied;
	struct kvm_msr_filter filter = {
		.flags = KVM_MSR_FILTER_DEFAULT_ALLOW,
		.ranges[0] = { .flags = flags, .nmsrs = 1, .base = PAT, .bitmap = &denied },
	};

	if (!flags)
		memset(filter.ranges, 0, sizeof(filter.ranges));
	return fd_ioctl(tg->td.vm, KVM_X86_SET_MSR_FILTER, &filter);
}

static void test_filter(struct tg_td *tg)
{
	TEST_ERRNO(filter(tg, KVM_MSR_FILTER_WRITE), 0);
	ASSERT_EQ(wrmsr_status(tg, PAT, 0), TG_INVALID);
	ASSERT_EQ(user_space_value(tg, PAT), TYPES);
	ASSERT_EQ(rdmsr_status(tg, PAT), 0);
	TEST_ERRNO(filter(tg, KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE), 0);
	ASSERT_EQ(rdmsr_status(tg, PAT), TG_INVALID);
	ASSERT_EQ(rdmsr_status(tg, MSR_MTRRdefType), 0);
}

/* What the filter denies is emulated by user space, if it wants to, and nothing else is. */
static void test_exits(struct tg_td *tg)
{
	struct kvm_run *run = tg->td.run;

	TEST_ERRNO(tdx_enable_cap(tg->td.vm, KVM_CAP_X86_USER_SPACE_MSR,
				  KVM_MSR_EXIT_REASON_FILTER), 0);
	tg_prepare_vmcall(tg, TG_RDMSR, PAT, 0, 0, 0);
	tg_run_to(tg, KVM_EXIT_X86_RDMSR);
	ASSERT_EQ(run->msr.reason, KVM_MSR_EXIT_REASON_FILTER);
	ASSERT_EQ(run->msr.index, PAT);
	run->msr.data = VALUE;
	tg_finish(tg);
	ASSERT_EQ(tg->page->out.r10, 0);
	ASSERT_EQ(tg->page->out.r11, VALUE);

	tg_prepare_vmcall(tg, TG_WRMSR, PAT, VALUE, 0, 0);
	tg_run_to(tg, KVM_EXIT_X86_WRMSR);
	ASSERT_EQ(run->msr.reason, KVM_MSR_EXIT_REASON_FILTER);
	ASSERT_EQ(run->msr.data, VALUE);
	run->msr.error = 1;
	tg_finish(tg);
	ASSERT_EQ(tg->page->out.r10, TG_INVALID);

	ASSERT_EQ(rdmsr_status(tg, 0x12345), TG_INVALID);
	TEST_ERRNO(filter(tg, 0), 0);
	ASSERT_EQ(rdmsr_status(tg, PAT), 0);
	ASSERT_EQ(tg->page->out.r11, TYPES);
}

static void help(const char *name)
{
	printf("usage: %s [-i]\n"
	       " -i: of the register with an index KVM reads 32 bits only\n", name);
	exit(KSFT_SKIP);
}

int main(int argc, char *argv[])
{
	bool truncates_index = false;
	struct tg_td tg;
	int option;

	while ((option = getopt(argc, argv, "i")) != -1) {
		if (option != 'i')
			help(argv[0]);
		truncates_index = true;
	}
	tg_require();
	tg_create(&tg, 0);
	test_msrs(&tg);
	if (!truncates_index)
		test_wide_index(&tg);
	test_filter(&tg);
	test_exits(&tg);
	tg_close(&tg);
	return 0;
}
