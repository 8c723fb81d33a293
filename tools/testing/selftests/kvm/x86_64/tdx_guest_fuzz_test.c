// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz KVM, the TDX module and the CPU from inside a TD: random TDCALLs, requests, instructions and
 * accesses to memory, with random answers of user space.
 *
 * A TD may die of that, but the host may not, and has to get all its pages back.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/kvm_para.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "processor.h"
#include "tdx_guest.h"
#include "tdx_random.h"

#define MAX_VCPUS	8
#define SEPT_VE_DISABLE	BIT_ULL(28)
#define NR_LEAVES	32
#define TDCALL_VERSION	BIT_ULL(16)
#define RESERVED_MASK	0x33ull	/* RAX, RCX, RSP and RBP cannot be passed */
#define X2APIC_MSRS	0x800
#define MAP_PRIVATE_PAGES BIT_ULL(4)
#define DELIVERY_NMI	(4 << 8)
#define MAX_CONVERTED	(PM_HUGE_PAGE / PM_PAGE)
#define KICK_US		5000
#define FEW_EXITS	8	/* of an operation, before it is aborted */
#define MAX_EXITS	64	/* and before the TD is given up */
#define VECTOR_DF	8
#define VECTOR_VE	20

/* Instructions with the registers of a TDCALL; those that end most TDs are rare. */
struct insn {
	uint8_t size;
	uint8_t code[TG_INSN_SIZE];
};

#define INSN(...)	{ sizeof((uint8_t []){ __VA_ARGS__ }), { __VA_ARGS__ } }

static const struct insn insns[] = {
	INSN(0x0f, 0xa2),			/* cpuid */
	INSN(0x0f, 0x32),			/* rdmsr */
	INSN(0x0f, 0x30),			/* wrmsr */
	INSN(0xec), INSN(0xed),			/* in */
	INSN(0xee), INSN(0xef),			/* out */
	INSN(0x6c), INSN(0xf3, 0x6e),		/* insb, rep outsb */
	INSN(0xf4),				/* hlt */
	INSN(0xfb), INSN(0xfa),			/* sti, cli */
	INSN(0xfb, 0xf4),			/* sti; hlt */
	INSN(0xfb, 0x66, 0x0f, 0x01, 0xcc),	/* sti; tdcall */
	INSN(0x0f, 0x33),			/* rdpmc */
	INSN(0x0f, 0x31),			/* rdtsc */
	INSN(0x0f, 0x01, 0xf9),			/* rdtscp */
	INSN(0x0f, 0x08), INSN(0x0f, 0x09),	/* invd, wbinvd */
	INSN(0x0f, 0x01, 0xc1),			/* vmcall */
	INSN(0x0f, 0x01, 0xc2),			/* vmlaunch */
	INSN(0x0f, 0x01, 0xc4),			/* vmxoff */
	INSN(0x0f, 0x01, 0xc5),			/* pconfig */
	INSN(0x0f, 0x01, 0xc8),			/* monitor */
	INSN(0x0f, 0x01, 0xc9),			/* mwait */
	INSN(0x66, 0x0f, 0x01, 0xcc),		/* tdcall */
	INSN(0x66, 0x0f, 0x01, 0xcd),		/* seamret */
	INSN(0x66, 0x0f, 0x01, 0xce),		/* seamops */
	INSN(0x66, 0x0f, 0x01, 0xcf),		/* seamcall */
	INSN(0x0f, 0x01, 0xcf),			/* encls */
	INSN(0x0f, 0x01, 0xd0),			/* xgetbv */
	INSN(0x0f, 0x01, 0xd1),			/* xsetbv */
	INSN(0x0f, 0x01, 0xd8),			/* vmrun */
	INSN(0x0f, 0x01, 0xd9),			/* vmmcall */
	INSN(0x0f, 0x01, 0xda),			/* vmload */
	INSN(0x0f, 0x01, 0xdc),			/* stgi */
	INSN(0x0f, 0x01, 0xdf),			/* invlpga */
	INSN(0x0f, 0x01, 0xf8),			/* swapgs */
	INSN(0x0f, 0x06),			/* clts */
	INSN(0x0f, 0x0b),			/* ud2 */
	INSN(0x0f, 0x37),			/* getsec */
	INSN(0x0f, 0xaa),			/* rsm */
	INSN(0xcc), INSN(0xf1),			/* int3, int1 */
	INSN(0xcd, 0x20), INSN(0xcd, 0x41),	/* int */
	INSN(0x0f, 0x23, 0xc0),			/* mov rax to dr0 */
	INSN(0x0f, 0x23, 0xf0),			/* to dr6 */
	INSN(0x0f, 0x23, 0xf8),			/* to dr7 */
	INSN(0x0f, 0x21, 0xc0),			/* from dr0 */
	INSN(0x0f, 0x21, 0xe8),			/* from dr5 */
	INSN(0x44, 0x0f, 0x22, 0xc0),		/* to cr8 */
	INSN(0x44, 0x0f, 0x20, 0xc0),		/* from cr8 */
	INSN(0x0f, 0x20, 0xc0, 0x48, 0x31, 0xd8, 0x0f, 0x22, 0xc0),	/* cr0 ^= rbx */
	INSN(0x0f, 0x20, 0xe0, 0x48, 0x31, 0xd8, 0x0f, 0x22, 0xe0),	/* cr4 ^= rbx */
	INSN(0x0f, 0x01, 0xe0),			/* smsw */
	INSN(0x0f, 0x01, 0xf0),			/* lmsw */
	INSN(0x50, 0x9d),			/* push rax; popf */
	INSN(0xf3, 0x90),			/* pause */
	INSN(0x66, 0x0f, 0xae, 0xf0),		/* tpause */
	INSN(0xf2, 0x0f, 0xae, 0xf0),		/* umwait */
	INSN(0x66, 0x0f, 0x38, 0x80, 0x08),	/* invept */
	INSN(0x66, 0x0f, 0x38, 0x82, 0x08),	/* invpcid */
	INSN(0x66, 0x0f, 0x38, 0xf8, 0x08),	/* movdir64b */
	INSN(0xf3, 0x0f, 0xc7, 0x30),		/* vmxon */
	INSN(0x0f, 0x78, 0xc8),			/* vmread */
	INSN(0x0f, 0xae, 0x38),			/* clflush */
	INSN(0x0f, 0x01, 0x38),			/* invlpg */
	INSN(0x48, 0x0f, 0xae, 0x27),		/* xsave */
	INSN(0x48, 0x0f, 0xae, 0x2f),		/* xrstor */
	INSN(0xf3, 0x48, 0x0f, 0xae, 0xd8),	/* wrgsbase */
};

static const struct insn deadly_insns[] = {
	INSN(0x0f, 0x22, 0xd8),			/* mov rax to cr3 */
	INSN(0x0f, 0x01, 0x10),			/* lgdt */
	INSN(0x0f, 0x01, 0x18),			/* lidt */
	INSN(0x0f, 0x05), INSN(0x0f, 0x34),	/* syscall, sysenter */
	INSN(0x48, 0xcf),			/* iretq */
	INSN(0xcd, 0x08),			/* int 8 */
};

static const uint32_t msrs[] = {
	0x10, 0x1b, 0x3a, 0x3b, 0x48, 0x49, 0x8b, 0xbd, 0xce, 0xe1, 0xfe, 0x10a, 0x10b, 0x122,
	0x140, 0x174, 0x175, 0x176, 0x179, 0x17a, 0x17b, 0x186, 0x1a0, 0x1c4, 0x1d9, 0x200, 0x277,
	0x280, 0x2ff, 0x345, 0x38f, 0x3f1, 0x400, 0x401, 0x402, 0x480, 0x48b, 0x4d0, 0x560, 0x570,
	0x600, 0x6a0, 0x6e0, 0x6e1, 0x985, 0xc80, 0xda0, 0xc0000080, 0xc0000081, 0xc0000082,
	0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103, 0xc0010015, 0x40000000,
	MSR_KVM_WALL_CLOCK, MSR_KVM_SYSTEM_TIME, MSR_KVM_WALL_CLOCK_NEW, MSR_KVM_SYSTEM_TIME_NEW,
	MSR_KVM_ASYNC_PF_EN, MSR_KVM_STEAL_TIME, MSR_KVM_PV_EOI_EN, MSR_KVM_POLL_CONTROL,
};

static const uint64_t functions[] = {
	TG_CPUID, TG_HLT, TG_IO, TG_RDMSR, TG_WRMSR, TG_MMIO, 36, 54, 65, TG_GET_INFO, TG_MAP_GPA,
	TG_GET_QUOTE, TG_FATAL_ERROR, TG_NOTIFY, 0x10005, 0x10006,
};

static struct tg_td vcpus[MAX_VCPUS];
static pthread_t threads[MAX_VCPUS];

/*
 * For what is done when a vCPU is interrupted, at any time: these numbers are not missing in those
 * that choose its operations.
 */
static struct tr_random interruptions[MAX_VCPUS];
static unsigned int nr_vcpus = 2, nr_seconds = 10, most_operations;
static uint64_t seed;
static time_t end;
static atomic_bool stop;
static atomic_uint nr_running, nr_operations;

static uint32_t some_msr(struct tr_random *random)
{
	switch (tr_below(random, 4)) {
	case 0:
		return X2APIC_MSRS + tr_below(random, 0x100);
	case 1:
		return tr_edge(random);
	default:
		return tr_pick(random, msrs);
	}
}

static void fill_registers(struct tr_random *random, struct tg_regs *regs)
{
	uint64_t *reg;

	for (reg = &regs->rax; reg <= &regs->r15; reg++)
		*reg = tr_edge(random);
}

static void prepare_tdcall(struct tr_random *random, struct tg_td *tg)
{
	struct tg_regs regs;

	fill_registers(random, &regs);
	regs.rax = tr_below(random, NR_LEAVES);
	if (tr_one_in(random, 8))
		regs.rax |= tr_one_in(random, 2) ? TDCALL_VERSION : tr_next(random);
	if (tr_one_in(random, 4))
		regs.rcx = 0;
	tg_prepare_tdcall(tg, &regs);
}

static void prepare_vmcall(struct tr_random *random, struct tg_td *tg)
{
	struct tg_regs regs;

	fill_registers(random, &regs);
	regs.rax = TG_VMCALL;
	regs.rcx = TG_R10_TO_R15;
	if (tr_one_in(random, 4))
		regs.rcx = tr_one_in(random, 2) ? tr_next(random) & 0xffffffff & ~RESERVED_MASK :
						  tr_edge(random);
	if (!tr_one_in(random, 8))
		regs.r10 = 0;
	if (!tr_one_in(random, 8))
		regs.r11 = tr_pick(random, functions);
	if (regs.r11 == TG_RDMSR || regs.r11 == TG_WRMSR)
		regs.r12 = some_msr(random);
	if (regs.r11 == TG_IO || regs.r11 == TG_MMIO) {
		regs.r12 = 1 << tr_below(random, 4);
		regs.r13 = tr_below(random, 2);
	}
	tg_prepare_tdcall(tg, &regs);
}

static void prepare_insn(struct tr_random *random, struct tg_td *tg)
{
	const struct insn *insn = &tr_pick(random, insns);
	struct tg_regs regs;

	if (tr_one_in(random, 400))
		insn = &tr_pick(random, deadly_insns);
	fill_registers(random, &regs);
	if (tr_one_in(random, 2))
		regs.rcx = some_msr(random);
	tg_prepare_execute(tg, insn->code, insn->size, &regs);
}

static uint64_t some_address(struct tr_random *random)
{
	uint64_t offset = tr_below(random, TM_SIZE);

	switch (tr_below(random, 32)) {
	case 0:
		return TG_NO_SLOT;
	case 1:
		return tr_edge(random);
	default:
		return (tr_one_in(random, 2) ? TG_PRIVATE : TG_SHARED) + offset;
	}
}

static void prepare_access(struct tr_random *random, struct tg_td *tg)
{
	uint64_t address = some_address(random);

	/* Also code and page tables */
	if (tr_one_in(random, 500))
		address = TG_PML4_GPA + tr_below(random, 7 * PM_PAGE);
	if (tr_one_in(random, 2))
		tg_prepare_load(tg, address);
	else
		tg_prepare_store(tg, address, tr_edge(random));
}

static void prepare_accept(struct tr_random *random, struct tg_td *tg)
{
	const struct tg_regs regs = { .rax = TG_PAGE_ACCEPT, .rcx = tr_gpa(random) };

	tg_prepare_tdcall(tg, &regs);
}

static void prepare_conversion(struct tr_random *random, struct tg_td *tg)
{
	tg_prepare_vmcall(tg, TG_MAP_GPA, tr_gpa(random) | (tr_below(random, 2) * TM_SHARED_BIT),
			  tr_below(random, 4) * PM_PAGE, 0, 0);
}

/* Unless the guest has read about a #VE, the next one is #DF, and NMIs wait. */
static void prepare_veinfo_get(struct tg_td *tg)
{
	const struct tg_regs regs = { .rax = TG_VEINFO_GET };

	tg_prepare_tdcall(tg, &regs);
}

static void prepare(struct tr_random *random, struct tg_td *tg)
{
	static void (*const operations[])(struct tr_random *random, struct tg_td *tg) = {
		prepare_tdcall, prepare_tdcall, prepare_vmcall, prepare_vmcall, prepare_insn,
		prepare_insn, prepare_access, prepare_accept, prepare_conversion,
	};

	tg->page->abort = 0;
	if ((tg->page->exception == VECTOR_VE || tg->page->exception == VECTOR_DF) &&
	    !tr_one_in(random, 128))
		prepare_veinfo_get(tg);
	else
		tr_pick(random, operations)(random, tg);
	tg->page->exception = TG_NO_EXCEPTION;
}

static void convert(struct tg_td *tg, uint64_t gpa, uint64_t nr_pages, bool private)
{
	if (private)
		tm_set_private(tg->td.vm, gpa, nr_pages * PM_PAGE);
	else
		tm_set_shared(tg->td.vm, gpa, nr_pages * PM_PAGE);
}

static void answer_hypercall(struct tr_random *random, struct tg_td *tg)
{
	struct kvm_run *run = tg->td.run;
	static const int results[] = { 0, 0, 0, 0, EAGAIN, EINVAL, EPERM, -1 };

	run->hypercall.ret = tr_pick(random, results);
	if (run->hypercall.args[1] > MAX_CONVERTED)
		run->hypercall.ret = EINVAL;
	if (run->hypercall.nr == KVM_HC_MAP_GPA_RANGE && !run->hypercall.ret)
		convert(tg, run->hypercall.args[0], run->hypercall.args[1],
			run->hypercall.args[2] & MAP_PRIVATE_PAGES);
}

/* Fills in all that user space may answer. */
static void answer_randomly(struct tr_random *random, struct tg_td *tg)
{
	uint64_t *word = (uint64_t *)&tg->td.run->tdx;
	unsigned int i;

	for (i = 0; i < sizeof(tg->td.run->tdx) / sizeof(*word); i++)
		word[i] = tr_edge(random);
}

enum verdict { GOES_ON, DONE, DEAD };

static enum verdict handle_exit(struct tr_random *random, struct tg_td *tg)
{
	struct kvm_run *run = tg->td.run;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		return run->io.port == TG_DONE_PORT ? DONE : GOES_ON;
	case KVM_EXIT_MMIO:
		return GOES_ON;
	case KVM_EXIT_HYPERCALL:
		answer_hypercall(random, tg);
		return GOES_ON;
	case KVM_EXIT_TDX:
		answer_randomly(random, tg);
		return GOES_ON;
	case KVM_EXIT_X86_RDMSR:
	case KVM_EXIT_X86_WRMSR:
		run->msr.error = tr_below(random, 2);
		run->msr.data = tr_edge(random);
		return GOES_ON;
	case KVM_EXIT_SYSTEM_EVENT:
		return tr_one_in(random, 128) ? DEAD : GOES_ON;
	case KVM_EXIT_SHUTDOWN:
	case KVM_EXIT_INTERNAL_ERROR:
		return DEAD;
	default:
		TEST_ASSERT(false, "exit %u", run->exit_reason);
		return DEAD;
	}
}

/* It may have halted, or wait for an interrupt with a vector that it does not handle. */
static void wake(struct tr_random *random, struct tg_td *tg)
{
	struct kvm_msi msi = { .address_lo = 0xfee00000 | tr_below(random, nr_vcpus) << 12,
			       .data = tr_below(random, 256) };

	if (tr_one_in(random, 2))
		msi.data = DELIVERY_NMI;
	fd_ioctl(tg->td.vm, KVM_SIGNAL_MSI, &msi);
}

static enum verdict handle_error(struct tr_random *random, struct tg_td *tg, int err)
{
	struct kvm_run *run = tg->td.run;

	switch (err) {
	case EINTR:
		wake(&interruptions[tg - vcpus], tg);
		return GOES_ON;
	case EAGAIN:
		return GOES_ON;
	case EFAULT:
		ASSERT_EQ(run->exit_reason, KVM_EXIT_MEMORY_FAULT);
		convert(tg, run->memory_fault.gpa, 1,
			!tr_one_in(random, 8) == !!run->memory_fault.flags);
		return GOES_ON;
	case EINVAL:	/* a result that KVM does not know */
		return GOES_ON;
	case EIO:
		return DEAD;
	default:
		TEST_ASSERT(false, "KVM_RUN: %s", strerror(err));
		return DEAD;
	}
}

/* An operation that waits, or needs memory that user space does not have, does not end. */
static void abort_operation(struct tg_td *tg)
{
	struct kvm_msi msi = { .address_lo = 0xfee00000 | (tg - vcpus) << 12,
			       .data = DELIVERY_NMI };

	tg->page->abort = 1;
	fd_ioctl(tg->td.vm, KVM_SIGNAL_MSI, &msi);
}

static enum verdict run_operation(struct tr_random *random, struct tg_td *tg)
{
	enum verdict verdict = GOES_ON;
	unsigned int i;
	int err;

	for (i = 0; verdict == GOES_ON && i < MAX_EXITS; i++) {
		tg->td.run->immediate_exit = tr_one_in(&interruptions[tg - vcpus], 8);
		err = fd_ioctl(tg->td.vcpu, KVM_RUN, NULL);
		verdict = err ? handle_error(random, tg, err) : handle_exit(random, tg);
		if (i >= FEW_EXITS)
			abort_operation(tg);
	}
	return verdict;
}

/*
 * Events from outside: memory goes away, interrupts and NMIs arrive.  A TD that ran for long ends,
 * because it may have got into a state in which nothing happens any more.
 */
static void meddle(struct tr_random *random)
{
	struct tg_td *tg = &vcpus[tr_below(random, nr_vcpus)];
	uint64_t page = tr_below(random, TM_PAGES);

	switch (tr_below(random, 5)) {
	case 0:
		tm_punch(tg->td.gmem, page * PM_PAGE, PM_PAGE);
		break;
	case 1:
		convert(tg, PM_GPA + page * PM_PAGE, 1, tr_below(random, 2));
		break;
	case 2:
		tg_log_writes(&vcpus[0], tr_below(random, 2));
		break;
	case 3:
		wake(random, tg);
		break;
	}
	if (tr_one_in(random, 1000))
		stop = true;
}

static bool is_over(void)
{
	return most_operations ? nr_operations >= most_operations : time(NULL) >= end;
}

/* If operations are counted, events depend on them, and otherwise on time. */
static void *fuzz(void *data)
{
	const unsigned int nr = (struct tg_td *)data - vcpus;
	struct tr_random random = tr_seed(seed + nr);
	struct tg_td *tg = data;

	interruptions[nr] = tr_seed(~(seed + nr));
	do {
		if (most_operations)
			meddle(&random);
		prepare(&random, tg);
		nr_operations++;
	} while (!stop && !is_over() && run_operation(&random, tg) == DONE);
	stop = true;
	nr_running--;
	return NULL;
}

static void kick_all(void)
{
	unsigned int i;

	for (i = 0; i < nr_vcpus; i++)
		pthread_kill(threads[i], SIGUSR1);
}

static void create(struct tr_random *random)
{
	tg_create_vcpus(vcpus, nr_vcpus, tr_one_in(random, 8) ? SEPT_VE_DISABLE : 0);
	if (tr_one_in(random, 2))
		TEST_ERRNO(tdx_enable_cap(vcpus[0].td.vm, KVM_CAP_X86_USER_SPACE_MSR,
					  KVM_MSR_EXIT_REASON_INVAL | KVM_MSR_EXIT_REASON_UNKNOWN),
			   0);
	TEST_ERRNO(tdx_enable_cap(vcpus[0].td.vm, KVM_CAP_EXIT_HYPERCALL,
				  BIT(KVM_HC_MAP_GPA_RANGE)), 0);
}

static void fuzz_td(struct tr_random *random)
{
	unsigned int i;

	create(random);
	stop = false;
	nr_running = nr_vcpus;
	for (i = 0; i < nr_vcpus; i++)
		TEST_ASSERT(!pthread_create(&threads[i], NULL, fuzz, &vcpus[i]), "no thread");
	while (nr_running) {
		usleep(KICK_US);
		kick_all();
		if (!most_operations)
			meddle(random);
	}
	for (i = 0; i < nr_vcpus; i++)
		pthread_join(threads[i], NULL);
	tg_close_vcpus(vcpus, nr_vcpus);
}

static void help(const char *name)
{
	printf("usage: %s [-n operations] [-s seed] [-t seconds] [-v vcpus]\n"
	       " -n: operations of all vCPUs, instead of a time\n"
	       " -s: of random numbers (default: the time)\n"
	       " -t: how long to fuzz (default: %u)\n"
	       " -v: vCPUs of each TD (default: %u, at most %u)\n",
	       name, nr_seconds, nr_vcpus, MAX_VCPUS);
	exit(KSFT_SKIP);
}

static void parse_options(int argc, char *argv[])
{
	int option;

	while ((option = getopt(argc, argv, "n:s:t:v:")) != -1) {
		if (option == 'n')
			most_operations = atoi(optarg);
		else if (option == 's')
			seed = atoll(optarg);
		else if (option == 't')
			nr_seconds = atoi(optarg);
		else if (option == 'v' && atoi(optarg) > 0 && atoi(optarg) <= MAX_VCPUS)
			nr_vcpus = atoi(optarg);
		else
			help(argv[0]);
	}
}

int main(int argc, char *argv[])
{
	struct tr_random random;
	unsigned int nr_tds = 0;
	int nr_keyids;

	seed = time(NULL);
	parse_options(argc, argv);
	printf("seed %lu\n", seed);
	tg_require();
	tg_let_interrupt(SIGUSR1);
	nr_keyids = tdx_count_free_keyids();
	random = tr_seed(seed);
	end = time(NULL) + nr_seconds;
	do {
		fuzz_td(&random);
		seed += nr_vcpus;
		nr_tds++;
	} while (!is_over());
	printf("%u operations in %u TDs\n", nr_operations, nr_tds);
	ASSERT_EQ(tdx_count_free_keyids(), nr_keyids);
	return 0;
}
