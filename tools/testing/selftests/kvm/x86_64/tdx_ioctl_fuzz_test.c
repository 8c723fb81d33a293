// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz the user interface of TDs: threads issue random ioctls, in random order and with random
 * arguments, on descriptors of VMs, vCPUs and files of private memory that others use and close.
 *
 * Everything may fail, but nothing may be left of it.
 */
#define _GNU_SOURCE /* for fallocate() */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/compiler.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "processor.h"
#include "tdx_guest.h"
#include "tdx_random.h"

#define MAX_THREADS	32
#define NR_TDS		3
#define NR_VCPUS	2
#define NR_SLOTS	4
#define KICK_US		10000
#define ARGUMENT_SIZE	8192
#define MEMORY_SIZE	(2 * TM_SIZE)

/* Descriptors that all threads share.  Some are closed, and some belong to another TD. */
struct fds {
	int vm;
	int vcpus[NR_VCPUS];
	int gmem;
};

static struct fds tds[NR_TDS];
static void *memory;
static pthread_t threads[MAX_THREADS];
static atomic_uint nr_running, nr_ioctls;
static unsigned int nr_threads = 8, nr_seconds = 10, nr_actions;
static uint64_t seed;
static time_t end;

struct fuzzer {
	struct tr_random random;
	struct fds *td;
	union {
		uint8_t bytes[ARGUMENT_SIZE];
		uint64_t words[ARGUMENT_SIZE / 8];
	} argument;
};

/* Those that create descriptors have functions of their own. */
static const unsigned long vm_ioctls[] = {
	KVM_CHECK_EXTENSION, KVM_GET_DIRTY_LOG, KVM_SET_TSS_ADDR,
	KVM_SET_IDENTITY_MAP_ADDR, KVM_CREATE_IRQCHIP, KVM_IRQ_LINE, KVM_GET_IRQCHIP,
	KVM_SET_IRQCHIP, KVM_CREATE_PIT2, KVM_GET_PIT2, KVM_SET_PIT2, KVM_REINJECT_CONTROL,
	KVM_SET_GSI_ROUTING, KVM_IRQFD, KVM_IOEVENTFD, KVM_SIGNAL_MSI, KVM_SET_CLOCK, KVM_GET_CLOCK,
	KVM_SET_BOOT_CPU_ID, KVM_REGISTER_COALESCED_MMIO, KVM_UNREGISTER_COALESCED_MMIO,
	KVM_ENABLE_CAP, KVM_MEMORY_ENCRYPT_OP, KVM_MEMORY_ENCRYPT_REG_REGION,
	KVM_MEMORY_ENCRYPT_UNREG_REGION, KVM_CLEAR_DIRTY_LOG, KVM_SET_PMU_EVENT_FILTER,
	KVM_X86_SET_MSR_FILTER, KVM_XEN_HVM_CONFIG, KVM_RESET_DIRTY_RINGS, KVM_SET_TSC_KHZ,
	KVM_GET_TSC_KHZ, KVM_HYPERV_EVENTFD,
};

/* Threads have to be interruptible, so that the mask of signals is not changed. */
static const unsigned long vcpu_ioctls[] = {
	KVM_GET_REGS, KVM_SET_REGS, KVM_GET_SREGS, KVM_SET_SREGS, KVM_TRANSLATE, KVM_INTERRUPT,
	KVM_GET_MSRS, KVM_SET_MSRS, KVM_SET_CPUID, KVM_SET_CPUID2, KVM_GET_CPUID2,
	KVM_GET_FPU, KVM_SET_FPU, KVM_GET_LAPIC, KVM_SET_LAPIC,
	KVM_TPR_ACCESS_REPORTING, KVM_SET_VAPIC_ADDR, KVM_NMI, KVM_X86_SETUP_MCE, KVM_X86_SET_MCE,
	KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS, KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS,
	KVM_GET_MP_STATE, KVM_SET_MP_STATE, KVM_ENABLE_CAP, KVM_SET_TSC_KHZ, KVM_GET_TSC_KHZ,
	KVM_GET_XSAVE, KVM_SET_XSAVE, KVM_GET_XCRS, KVM_SET_XCRS, KVM_SMI, KVM_KVMCLOCK_CTRL,
	KVM_SET_GUEST_DEBUG, KVM_GET_NESTED_STATE, KVM_SET_NESTED_STATE, KVM_GET_SREGS2,
	KVM_SET_SREGS2, KVM_MEMORY_ENCRYPT_OP, KVM_GET_SUPPORTED_HV_CPUID,
	KVM_SET_DEVICE_ATTR, KVM_GET_DEVICE_ATTR, KVM_HAS_DEVICE_ATTR, KVM_XEN_VCPU_SET_ATTR,
};

/* Those that are enabled for a VM */
static const uint32_t caps[] = {
	KVM_CAP_SPLIT_IRQCHIP, KVM_CAP_X2APIC_API, KVM_CAP_X86_DISABLE_EXITS,
	KVM_CAP_MSR_PLATFORM_INFO, KVM_CAP_EXCEPTION_PAYLOAD, KVM_CAP_X86_USER_SPACE_MSR,
	KVM_CAP_X86_BUS_LOCK_EXIT, KVM_CAP_EXIT_HYPERCALL, KVM_CAP_EXIT_ON_EMULATION_FAILURE,
	KVM_CAP_PMU_CAPABILITY, KVM_CAP_MAX_VCPUS, KVM_CAP_X86_NOTIFY_VMEXIT,
	KVM_CAP_X86_TRIPLE_FAULT_EVENT, KVM_CAP_VM_DISABLE_NX_HUGE_PAGES, KVM_CAP_DISABLE_QUIRKS,
	KVM_CAP_DISABLE_QUIRKS2, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, KVM_CAP_HALT_POLL,
	KVM_CAP_DIRTY_LOG_RING, KVM_CAP_ENFORCE_PV_FEATURE_CPUID, KVM_CAP_HYPERV_SYNIC,
	KVM_CAP_X86_APIC_BUS_CYCLES_NS,
};

static uint64_t below(struct fuzzer *fuzzer, uint64_t limit)
{
	return tr_below(&fuzzer->random, limit);
}

static bool one_in(struct fuzzer *fuzzer, uint64_t nr)
{
	return tr_one_in(&fuzzer->random, nr);
}

/* Where the guest begins, or anywhere else */
static uint64_t some_gpa(struct fuzzer *fuzzer)
{
	return one_in(fuzzer, 3) ? TG_CODE_GPA : tr_gpa(&fuzzer->random);
}

static int some_vcpu(struct fuzzer *fuzzer)
{
	return READ_ONCE(fuzzer->td->vcpus[below(fuzzer, NR_VCPUS)]);
}

static void replace(int *fd, int with)
{
	close(__atomic_exchange_n(fd, with, __ATOMIC_SEQ_CST));
}

/* Small numbers of 32 bits are frequent: numbers of entries, flags, indices. */
static void fill_argument(struct fuzzer *fuzzer)
{
	unsigned int nr = 1 + below(fuzzer, 64), i;

	memset(&fuzzer->argument, 0, sizeof(fuzzer->argument));
	for (i = 0; i < nr; i++) {
		fuzzer->argument.words[i] = tr_edge(&fuzzer->random);
		if (one_in(fuzzer, 2))
			fuzzer->argument.words[i] = below(fuzzer, 8) | below(fuzzer, 8) << 32;
	}
}

static void any_vm_ioctl(struct fuzzer *fuzzer)
{
	fill_argument(fuzzer);
	ioctl(fuzzer->td->vm, tr_pick(&fuzzer->random, vm_ioctls), &fuzzer->argument);
}

static void any_vcpu_ioctl(struct fuzzer *fuzzer)
{
	fill_argument(fuzzer);
	ioctl(some_vcpu(fuzzer), tr_pick(&fuzzer->random, vcpu_ioctls), &fuzzer->argument);
}

/* What a vCPU has told can be set, with changes. */
static void change_state(struct fuzzer *fuzzer)
{
	static const unsigned long pairs[][2] = {
		{ KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS },
		{ KVM_GET_MP_STATE, KVM_SET_MP_STATE },
	};
	const unsigned long *pair = tr_pick(&fuzzer->random, pairs);
	int vcpu = some_vcpu(fuzzer);

	memset(&fuzzer->argument, 0, sizeof(fuzzer->argument));
	ioctl(vcpu, pair[0], &fuzzer->argument);
	fuzzer->argument.bytes[below(fuzzer, sizeof(struct kvm_vcpu_events))] = below(fuzzer, 16);
	ioctl(vcpu, pair[1], &fuzzer->argument);
}

static void enable_cap(struct fuzzer *fuzzer)
{
	struct kvm_enable_cap cap = { .cap = tr_pick(&fuzzer->random, caps),
				      .args = { tr_edge(&fuzzer->random) } };

	ioctl(one_in(fuzzer, 8) ? some_vcpu(fuzzer) : fuzzer->td->vm, KVM_ENABLE_CAP, &cap);
}

static void create_vm(struct fuzzer *fuzzer)
{
	replace(&fuzzer->td->vm, tdx_create_vm());
}

static void init_vm(struct fuzzer *fuzzer)
{
	struct kvm_tdx_init_vm *params = tdx_default_params();

	if (one_in(fuzzer, 8))
		((uint64_t *)params)[below(fuzzer, sizeof(*params) / 8)] =
			tr_edge(&fuzzer->random);
	tdx_enable_cap(fuzzer->td->vm, KVM_CAP_SPLIT_IRQCHIP, 24);
	tdx_command(fuzzer->td->vm, KVM_TDX_INIT_VM, one_in(fuzzer, 8), params);
	free(params);
}

static void create_vcpu(struct fuzzer *fuzzer)
{
	int fd = tdx_create_vcpu(fuzzer->td->vm, below(fuzzer, NR_VCPUS + 1));

	if (fd >= 0)
		replace(&fuzzer->td->vcpus[below(fuzzer, NR_VCPUS)], fd);
}

static void init_vcpu(struct fuzzer *fuzzer)
{
	int vcpu = some_vcpu(fuzzer);

	if (!one_in(fuzzer, 8))
		tdx_set_default_cpuid(vcpu);
	tdx_command(vcpu, KVM_TDX_INIT_VCPU, one_in(fuzzer, 8), NULL);
}

static void init_region(struct fuzzer *fuzzer)
{
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (uintptr_t)memory + below(fuzzer, 2) * PM_PAGE,
		.gpa = some_gpa(fuzzer),
		.nr_pages = 1 + below(fuzzer, 3),
	};

	if (one_in(fuzzer, 8))
		((uint64_t *)&region)[below(fuzzer, 3)] = tr_edge(&fuzzer->random);
	tdx_command(some_vcpu(fuzzer), KVM_TDX_INIT_MEM_REGION, below(fuzzer, 2), &region);
}

static void command(struct fuzzer *fuzzer)
{
	struct kvm_tdx_cmd cmd = {
		.id = below(fuzzer, 7),
		.data = (uintptr_t)&fuzzer->argument,
	};

	fill_argument(fuzzer);
	ioctl(one_in(fuzzer, 2) ? some_vcpu(fuzzer) : fuzzer->td->vm, KVM_MEMORY_ENCRYPT_OP, &cmd);
}

static void finalize(struct fuzzer *fuzzer)
{
	tm_finalize(fuzzer->td->vm);
}

static void create_gmem(struct fuzzer *fuzzer)
{
	int fd = pm_create_gmem(fuzzer->td->vm, MEMORY_SIZE, one_in(fuzzer, 8));

	if (fd >= 0)
		replace(&fuzzer->td->gmem, fd);
}

/* Slots overlap, or have the memory of another TD. */
static void set_slot(struct fuzzer *fuzzer)
{
	struct fds *other = one_in(fuzzer, 8) ? &tr_pick(&fuzzer->random, tds) : fuzzer->td;
	uint64_t gpa = some_gpa(fuzzer), size = gpa == TG_CODE_GPA ? PM_PAGE : TM_SIZE;
	unsigned int slot = below(fuzzer, NR_SLOTS);

	if (one_in(fuzzer, 4))
		tm_delete_slot(fuzzer->td->vm, slot);
	else if (one_in(fuzzer, 4))
		pm_set_slot(fuzzer->td->vm, slot, gpa, size, memory);
	else
		pm_set_gmem_slot(fuzzer->td->vm, slot, gpa, size, memory, other->gmem,
				 gpa & (MEMORY_SIZE - PM_PAGE));
}

/* Dirty logging, and all other flags */
static void set_flags(struct fuzzer *fuzzer)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = below(fuzzer, NR_SLOTS),
		.flags = below(fuzzer, 8),
		.guest_phys_addr = some_gpa(fuzzer),
		.memory_size = TM_SIZE,
		.userspace_addr = (uintptr_t)memory,
		.guest_memfd = fuzzer->td->gmem,
	};

	fd_ioctl(fuzzer->td->vm, one_in(fuzzer, 2) ? KVM_SET_USER_MEMORY_REGION :
						     KVM_SET_USER_MEMORY_REGION2, &region);
}

static void get_statistics(struct fuzzer *fuzzer)
{
	int fd = ioctl(one_in(fuzzer, 2) ? some_vcpu(fuzzer) : fuzzer->td->vm, KVM_GET_STATS_FD,
		       NULL);

	if (fd < 0)
		return;
	if (read(fd, &fuzzer->argument, sizeof(fuzzer->argument)) < 0)
		fill_argument(fuzzer);
	close(fd);
}

static void set_attributes(struct fuzzer *fuzzer)
{
	pm_set_attributes(fuzzer->td->vm, some_gpa(fuzzer), below(fuzzer, 40) * PM_PAGE,
			  one_in(fuzzer, 4) ? 0 : KVM_MEMORY_ATTRIBUTE_PRIVATE);
}

/* Most other orders end in early errors. */
static void build(struct fuzzer *fuzzer)
{
	static void (*const steps[])(struct fuzzer *fuzzer) = {
		create_vm, init_vm, create_vcpu, create_vcpu, create_vcpu, init_vcpu, init_vcpu,
		init_vcpu, init_vcpu, create_gmem, set_slot, set_slot, set_slot, set_attributes,
		set_attributes, init_region, init_region, finalize,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++)
		steps[i](fuzzer);
}

static void change_file(struct fuzzer *fuzzer)
{
	const int mode = one_in(fuzzer, 4) ? 0 : FALLOC_FL_PUNCH_HOLE;

	fallocate(fuzzer->td->gmem, FALLOC_FL_KEEP_SIZE | mode, below(fuzzer, 32) * PM_PAGE,
		  below(fuzzer, 32) * PM_PAGE);
}

static void pre_fault(struct fuzzer *fuzzer)
{
	struct kvm_pre_fault_memory range = { .gpa = some_gpa(fuzzer),
					      .size = below(fuzzer, 32) * PM_PAGE };

	fd_ioctl(some_vcpu(fuzzer), KVM_PRE_FAULT_MEMORY, &range);
}

/*
 * The guest has no page tables, and so ends soon; or it has no code.  A TD that is dead, or was
 * not created, is replaced by another one.
 */
static void run(struct fuzzer *fuzzer)
{
	int vcpu = some_vcpu(fuzzer), err;
	struct kvm_run *run;

	run = mmap(NULL, TM_RUN_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED) {
		build(fuzzer);
		return;
	}
	if (one_in(fuzzer, 4))
		((uint64_t *)run)[below(fuzzer, 256)] = tr_edge(&fuzzer->random);
	err = fd_ioctl(vcpu, KVM_RUN, NULL);
	munmap(run, TM_RUN_SIZE);
	if (err == EIO)
		build(fuzzer);
}

static void close_one(struct fuzzer *fuzzer)
{
	int *fds = &fuzzer->td->vm;

	if (one_in(fuzzer, 64))
		replace(&fds[below(fuzzer, sizeof(*fuzzer->td) / sizeof(*fds))], -1);
}

static void fuzz_once(struct fuzzer *fuzzer)
{
	static void (*const actions[])(struct fuzzer *fuzzer) = {
		any_vm_ioctl, any_vm_ioctl, any_vcpu_ioctl, any_vcpu_ioctl, change_state, enable_cap,
		init_vm, create_vcpu, init_vcpu, init_region, command, finalize, create_gmem, set_slot,
		set_slot, set_flags, set_attributes, change_file, pre_fault, pre_fault, run, run, run,
		get_statistics, close_one,
	};

	fuzzer->td = &tr_pick(&fuzzer->random, tds);
	tr_pick(&fuzzer->random, actions)(fuzzer);
	nr_ioctls++;
}

static void *fuzz(void *data)
{
	struct fuzzer *fuzzer = data;
	unsigned int i;

	for (i = 0; nr_actions ? i < nr_actions : time(NULL) < end; i++)
		fuzz_once(fuzzer);
	nr_running--;
	return NULL;
}

static void start(struct fuzzer *fuzzers)
{
	unsigned int i;

	nr_running = nr_threads;
	for (i = 0; i < nr_threads; i++) {
		fuzzers[i].random = tr_seed(seed + i);
		TEST_ASSERT(!pthread_create(&threads[i], NULL, fuzz, &fuzzers[i]), "no thread");
	}
}

/* A vCPU may run, or be halted, forever. */
static void wait_for_all(void)
{
	unsigned int i;

	while (nr_running) {
		usleep(KICK_US);
		for (i = 0; i < nr_threads; i++)
			pthread_kill(threads[i], SIGUSR1);
	}
	for (i = 0; i < nr_threads; i++)
		pthread_join(threads[i], NULL);
}

static void help(const char *name)
{
	printf("usage: %s [-j threads] [-n actions] [-s seed] [-t seconds]\n"
	       " -j: threads (default: %u, at most %u)\n"
	       " -n: actions of each thread, instead of a time\n"
	       " -s: of random numbers (default: the time)\n"
	       " -t: how long to fuzz (default: %u)\n",
	       name, nr_threads, MAX_THREADS, nr_seconds);
	exit(KSFT_SKIP);
}

static void parse_options(int argc, char *argv[])
{
	int option;

	while ((option = getopt(argc, argv, "j:n:s:t:")) != -1) {
		if (option == 'j' && atoi(optarg) > 0 && atoi(optarg) <= MAX_THREADS)
			nr_threads = atoi(optarg);
		else if (option == 'n')
			nr_actions = atoi(optarg);
		else if (option == 's')
			seed = atoll(optarg);
		else if (option == 't')
			nr_seconds = atoi(optarg);
		else
			help(argv[0]);
	}
}

/* In a process of its own: what was not closed is closed when it ends. */
static void fuzz_in_process(void)
{
	static struct fuzzer fuzzers[MAX_THREADS];
	pid_t pid = fork();
	int status;

	TEST_ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (!pid) {
		end = time(NULL) + nr_seconds;
		start(fuzzers);
		wait_for_all();
		printf("%u actions\n", nr_ioctls);
		exit(0);
	}
	waitpid(pid, &status, 0);
	TEST_ASSERT(!status, "it ended with 0x%x", status);
}

int main(int argc, char *argv[])
{
	int nr_keyids;

	seed = time(NULL);
	parse_options(argc, argv);
	printf("seed %lu\n", seed);
	tg_require();
	tg_let_interrupt(SIGUSR1);
	nr_keyids = tdx_count_free_keyids();
	kvm_get_supported_cpuid();
	memory = pm_alloc(MEMORY_SIZE);
	memcpy(memory, tg_code, TG_CODE_SIZE);
	memset(tds, -1, sizeof(tds));
	fflush(stdout);
	fuzz_in_process();
	ASSERT_EQ(tdx_count_free_keyids(), nr_keyids);
	return 0;
}
