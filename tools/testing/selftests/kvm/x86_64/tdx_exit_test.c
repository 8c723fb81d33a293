// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test exits of a TD's vCPU to the host: user space has its registers back, and is told what
 * happened.
 */
#define _GNU_SOURCE /* for sched_setaffinity() */
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "processor.h"
#include "tdx_guest.h"

#define CPU			1
#define DEBUGCTL_LBR		1
#define GS_BASE			0x123456789000ul
#define PKRU_DENY_KEY_1		0xc
#define CPUID_7_ECX_OSPKE	BIT(4)
#define DELAY_US		20000
#define VALUE			0x1122334455667788ull

/* What the module or the guest changes, besides debug registers and vectors. */
enum { FS, GS, XCR0, PKRU, TSC_AUX, STAR, LSTAR, FMASK, DEBUGCTL, NR_REGISTERS };

static const char * const names[NR_REGISTERS] = {
	"the base of FS", "the base of GS", "XCR0", "PKRU", "TSC_AUX", "STAR", "LSTAR", "FMASK",
	"DEBUGCTL",
};

static const uint32_t msrs[NR_REGISTERS] = {
	[STAR] = MSR_STAR, [LSTAR] = MSR_LSTAR, [FMASK] = MSR_SYSCALL_MASK,
	[DEBUGCTL] = MSR_IA32_DEBUGCTLMSR,
};

struct registers {
	uint64_t values[NR_REGISTERS];
};

/* MSRs of the CPU, or -1 if Linux does not show them */
static int msr_file;

static void open_msrs(void)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/cpu/%d/msr", CPU);
	msr_file = open(path, O_RDWR);
}

static uint64_t get_base(int which)
{
	unsigned long value;

	TEST_ASSERT(!syscall(SYS_arch_prctl, which, &value), "arch_prctl: %s", strerror(errno));
	return value;
}

static bool has_pkru(void)
{
	uint32_t eax, ebx, ecx, edx;

	cpuid(7, &eax, &ebx, &ecx, &edx);
	return ecx & CPUID_7_ECX_OSPKE;
}

static uint32_t get_pkru(void)
{
	uint32_t eax = 0;

	if (has_pkru())
		asm volatile(".byte 0x0f, 0x01, 0xee" : "=a" (eax) : "c" (0) : "edx");
	return eax;
}

static void set_pkru(uint32_t value)
{
	if (has_pkru())
		asm volatile(".byte 0x0f, 0x01, 0xef" : : "a" (value), "c" (0), "d" (0) : "memory");
}

static uint32_t get_tsc_aux(void)
{
	uint32_t aux;

	asm volatile("rdtscp" : "=c" (aux) : : "eax", "edx");
	return aux;
}

static uint64_t get_xcr0(void)
{
	uint32_t eax, edx;

	asm volatile("xgetbv" : "=a" (eax), "=d" (edx) : "c" (0));
	return (uint64_t)edx << 32 | eax;
}

static void get_registers(struct registers *registers)
{
	uint64_t *values = registers->values;
	unsigned int i;

	values[TSC_AUX] = get_tsc_aux();
	values[PKRU] = get_pkru();
	values[XCR0] = get_xcr0();
	values[FS] = get_base(ARCH_GET_FS);
	values[GS] = get_base(ARCH_GET_GS);
	for (i = STAR; i < NR_REGISTERS; i++) {
		values[i] = 0;
		if (msr_file >= 0)
			ASSERT_EQ(pread(msr_file, &values[i], 8, msrs[i]), 8);
	}
}

/* To others than those with which the module leaves them.  Not each CPU has LBRs. */
static void set_registers(struct registers *registers)
{
	const uint64_t lbr = DEBUGCTL_LBR;
	unsigned int i;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(CPU, &cpus);
	TEST_REQUIRE(!sched_setaffinity(0, sizeof(cpus), &cpus));
	TEST_ASSERT(!syscall(SYS_arch_prctl, ARCH_SET_GS, GS_BASE), "arch_prctl: %s",
		    strerror(errno));
	set_pkru(PKRU_DENY_KEY_1);
	open_msrs();
	if (msr_file >= 0)
		pwrite(msr_file, &lbr, 8, MSR_IA32_DEBUGCTLMSR);
	get_registers(registers);
	TEST_ASSERT(registers->values[TSC_AUX], "TSC_AUX of CPU %d is 0", CPU);
	for (i = 0; i < NR_REGISTERS; i++)
		printf("%s: 0x%lx\n", names[i], registers->values[i]);
}

static void expect_registers(const struct registers *expected)
{
	struct registers found;
	unsigned int i;

	get_registers(&found);
	for (i = 0; i < NR_REGISTERS; i++)
		TEST_ASSERT(found.values[i] == expected->values[i],
			    "%s is 0x%lx, it was 0x%lx before", names[i], found.values[i],
			    expected->values[i]);
}

static void reset_registers(void)
{
	const uint64_t none = 0;

	if (msr_file >= 0)
		pwrite(msr_file, &none, 8, MSR_IA32_DEBUGCTLMSR);
}

/* Exits that KVM handles, that user space has to handle, and a signal. */
static void test_registers(void)
{
	struct registers before;
	struct tg_td tg;

	set_registers(&before);
	tg_create(&tg, 0);
	expect_registers(&before);
	ASSERT_EQ(tg_vmcall(&tg, 0, 0, 0, 0, 0), TG_UNSUPPORTED);
	expect_registers(&before);
	tg_prepare_store(&tg, TG_SHARED, VALUE);
	TEST_ERRNO(tg_run(&tg), EFAULT);
	expect_registers(&before);
	TEST_ERRNO(tm_set_shared(tg.td.vm, PM_GPA, PM_PAGE), 0);
	tg_finish(&tg);
	expect_registers(&before);
	tg_prepare_spin(&tg);
	tdx_set_timer(DELAY_US);
	TEST_ERRNO(fd_ioctl(tg.td.vcpu, KVM_RUN, NULL), EINTR);
	tdx_set_timer(0);
	expect_registers(&before);
	tg_close(&tg);
	reset_registers();
}

static uint64_t detail(const struct kvm_run *run)
{
	switch (run->exit_reason) {
	case KVM_EXIT_INTERNAL_ERROR:
		return run->internal.data[0];
	case KVM_EXIT_FAIL_ENTRY:
		return run->fail_entry.hardware_entry_failure_reason;
	case KVM_EXIT_EXCEPTION:
		return run->ex.exception;
	default:
		return 0;
	}
}

/* To be used with statuses that are injected: the number of entries is always the same. */
static void print_exits(int nr)
{
	struct registers before;
	struct tg_td tg;
	bool dead;
	int err;

	set_registers(&before);
	while (nr--) {
		tg_create_in_reset(&tg, 0);
		err = fd_ioctl(tg.td.vcpu, KVM_RUN, NULL);
		expect_registers(&before);
		dead = fd_check_cap(tg.td.vm, KVM_CAP_VM_TYPES) < 0;
		printf("exit %d %u 0x%lx 0x%x %d\n", err, tg.td.run->exit_reason, detail(tg.td.run),
		       tg.td.run->flags, dead);
		tg_close(&tg);
	}
	reset_registers();
}

static void help(const char *name)
{
	printf("usage: %s [-e number]\n"
	       " -e: only call KVM_RUN of so many new TDs once, and print how it ended: the errno,\n"
	       "     exit reason, the status or what else it has, flags, whether KVM_BUG_ON() ended\n"
	       "     the TD\n", name);
	exit(KSFT_SKIP);
}

int main(int argc, char *argv[])
{
	int option, nr = 0;

	while ((option = getopt(argc, argv, "e:")) != -1) {
		if (option != 'e')
			help(argv[0]);
		nr = atoi(optarg);
	}
	tg_require();
	tg_let_interrupt(SIGALRM);
	if (nr)
		print_exits(nr);
	else
		test_registers();
	return 0;
}
