// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test what the module tells the guest in a TD: facts about it, the reason of #VE, and TDREPORT
 * with a measurement that the guest has extended.
 *
 * The report is printed, and has to be verified by a program that can calculate SHA-384.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "processor.h"
#include "tdx_guest.h"

#define MR_RTMR_EXTEND		2
#define MR_REPORT		4
#define NR_RTMRS		4
#define RTMR			2
#define EXTENDED_SIZE		48
#define REPORT_DATA_SIZE	64
#define REPORT_SIZE		1024
#define LINE_SIZE		128
#define NO_VALID_VE_INFO	0xc000070400000000ull
#define OPERAND_RCX		1
#define OPERAND_RDX		2
#define OPERAND_R8		8
#define REASON_CPUID		10
#define REASON_HLT		12
#define REASON_IO		30
#define REASON_RDMSR		31
#define REASON_WRMSR		32
#define REASON_EPT_VIOLATION	48
#define QUAL_READ		1
#define QUAL_IN			8
#define PORT			0x3f8
#define NR_VCPUS		2
#define VALUE			0x1122334455667788ull

/* In private memory: of RTMR.EXTEND and REPORTDATA, and the report. */
#define DATA			0
#define REPORT			PM_PAGE

static const struct tg_regs *tdcall(struct tg_td *tg, uint64_t leaf, uint64_t rcx, uint64_t rdx,
				    uint64_t r8)
{
	const struct tg_regs regs = { .rax = leaf, .rcx = rcx, .rdx = rdx, .r8 = r8, .r9 = -1,
				      .r10 = -1, .r11 = -1 };

	tg_prepare_tdcall(tg, &regs);
	tg_finish(tg);
	return &tg->page->out;
}

static void test_info(struct tg_td *tg, unsigned int index)
{
	const struct tg_regs *out = tdcall(tg, TG_VP_INFO, -1, -1, -1);

	ASSERT_EQ(out->rax, 0);
	ASSERT_EQ(out->rcx, tdx_gpa_width);
	ASSERT_EQ(out->rdx, 0);
	ASSERT_EQ(out->r8, NR_VCPUS | (uint64_t)fd_check_cap(tg->td.vm, KVM_CAP_MAX_VCPUS) << 32);
	ASSERT_EQ(out->r9, index);
	ASSERT_EQ(out->r10, 1);
	ASSERT_EQ(out->r11, 0);
}

static void expect_ve_info(struct tg_td *tg, uint64_t reason, uint64_t qual, uint64_t gpa,
			   uint64_t length)
{
	const struct tg_regs *out = &tg->page->out;

	ASSERT_EQ(tg->page->exception, VE_VECTOR);
	tdcall(tg, TG_VEINFO_GET, -1, -1, -1);
	ASSERT_EQ(out->rax, 0);
	ASSERT_EQ(out->rcx, reason);
	ASSERT_EQ(out->rdx, qual);
	ASSERT_EQ(out->r8, gpa);	/* the linear address is the same */
	ASSERT_EQ(out->r9, gpa);
	ASSERT_EQ((uint32_t)out->r10, length);

	tdcall(tg, TG_VEINFO_GET, -1, -1, -1);
	ASSERT_EQ(out->rax, NO_VALID_VE_INFO);
	ASSERT_EQ(out->rcx | out->rdx | out->r8 | out->r9 | out->r10, 0);
}

static void test_instructions(struct tg_td *tg)
{
	static const struct {
		uint8_t code[2];
		uint8_t length;
		uint64_t reason;
		uint64_t qual;
	} insns[] = {
		{ { 0x0f, 0xa2 }, 2, REASON_CPUID },
		{ { 0xf4 }, 1, REASON_HLT },
		{ { 0xec }, 1, REASON_IO, PORT << 16 | QUAL_IN },	/* in %dx, %al */
		{ { 0xef }, 1, REASON_IO, PORT << 16 | 3 },		/* out %eax, %dx */
		{ { 0x0f, 0x32 }, 2, REASON_RDMSR },
		{ { 0x0f, 0x30 }, 2, REASON_WRMSR },
	};
	/* A leaf of CPUID, and an MSR, that the module does not virtualize */
	const struct tg_regs regs = { .rax = 2, .rcx = MSR_IA32_UCODE_REV, .rdx = PORT };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(insns); i++) {
		tg_prepare_execute(tg, insns[i].code, insns[i].length, &regs);
		tg_finish(tg);
		expect_ve_info(tg, insns[i].reason, insns[i].qual, 0, insns[i].length);
	}
}

/* Private memory that the guest has not accepted */
static void test_access(struct tg_td *tg)
{
	static const uint8_t load[] = { 0x48, 0x8b, 0x00 };	/* mov (%rax), %rax */
	const struct tg_regs regs = { .rax = TG_PRIVATE + 8 };

	tg_prepare_execute(tg, load, sizeof(load), &regs);
	tg_finish(tg);
	ASSERT_EQ(tg->page->exception, VE_VECTOR);
	tdcall(tg, TG_VEINFO_GET, -1, -1, -1);
	ASSERT_EQ(tg->page->out.rcx, REASON_EPT_VIOLATION);
	ASSERT_EQ(tg->page->out.rdx & 7, QUAL_READ);
	ASSERT_EQ(tg->page->out.r8, TG_PRIVATE + 8);
	ASSERT_EQ(tg->page->out.r9, PM_GPA + 8);
}

/* Writes to private memory, and prints it. */
static void write_data(struct tg_td *tg, const char *name, uint64_t first, unsigned int size)
{
	unsigned int i, j;

	printf("%s ", name);
	for (i = 0; i < size; i += 8) {
		tg_store(tg, TG_PRIVATE + DATA + i, first + i);
		for (j = 0; j < 8; j++)
			printf("%02x", (uint8_t)((first + i) >> 8 * j));
	}
	printf("\n");
}

static uint64_t extend(struct tg_td *tg, uint64_t gpa, uint64_t index)
{
	return tdcall(tg, MR_RTMR_EXTEND, gpa, index, 0)->rax;
}

static void test_rtmr(struct tg_td *tg)
{
	write_data(tg, "extended", VALUE, EXTENDED_SIZE);
	ASSERT_EQ(extend(tg, PM_GPA + DATA, RTMR), 0);
	write_data(tg, "extended", ~VALUE, EXTENDED_SIZE);
	ASSERT_EQ(extend(tg, PM_GPA + DATA, RTMR), 0);

	ASSERT_EQ(extend(tg, PM_GPA + DATA + 32, RTMR), TDX_OPERAND_INVALID | OPERAND_RCX);
	ASSERT_EQ(extend(tg, PM_GPA | TM_SHARED_BIT, RTMR), TDX_OPERAND_INVALID | OPERAND_RCX);
	ASSERT_EQ(extend(tg, PM_GPA + DATA, NR_RTMRS), TDX_OPERAND_INVALID | OPERAND_RDX);
}

static void print_report(struct tg_td *tg)
{
	unsigned int i, j;
	uint64_t value;

	for (i = 0; i < REPORT_SIZE; i += 8) {
		value = tg_load(tg, TG_PRIVATE + REPORT + i);
		if (i % LINE_SIZE == 0)
			printf("%sreport ", i ? "\n" : "");
		for (j = 0; j < 8; j++)
			printf("%02x", (uint8_t)(value >> 8 * j));
	}
	printf("\n");
}

static uint64_t report(struct tg_td *tg, uint64_t gpa, uint64_t data, uint64_t r8)
{
	return tdcall(tg, MR_REPORT, gpa, data, r8)->rax;
}

static void test_report(struct tg_td *tg)
{
	write_data(tg, "reportdata", 3 * VALUE, REPORT_DATA_SIZE);
	ASSERT_EQ(report(tg, PM_GPA + REPORT + 512, PM_GPA + DATA, 0),
		  TDX_OPERAND_INVALID | OPERAND_RCX);
	ASSERT_EQ(report(tg, PM_GPA + REPORT, PM_GPA + DATA + 32, 0),
		  TDX_OPERAND_INVALID | OPERAND_RDX);
	ASSERT_EQ(report(tg, PM_GPA + REPORT, PM_GPA + DATA, 1), TDX_OPERAND_INVALID | OPERAND_R8);
	ASSERT_EQ(tg_load(tg, TG_PRIVATE + REPORT), 0);

	ASSERT_EQ(report(tg, PM_GPA + REPORT, PM_GPA + DATA, 0), 0);
	print_report(tg);
}

int main(void)
{
	struct tg_td vcpus[NR_VCPUS];
	unsigned int i;

	tg_require();
	tg_create_vcpus(vcpus, NR_VCPUS, 0);
	for (i = 0; i < NR_VCPUS; i++)
		test_info(&vcpus[i], i);
	test_instructions(&vcpus[0]);
	test_access(&vcpus[0]);
	ASSERT_EQ(tg_accept(&vcpus[0], PM_GPA + DATA), 0);
	ASSERT_EQ(tg_accept(&vcpus[0], PM_GPA + REPORT), 0);
	test_rtmr(&vcpus[0]);
	test_report(&vcpus[0]);
	tg_close_vcpus(vcpus, NR_VCPUS);
	return 0;
}
