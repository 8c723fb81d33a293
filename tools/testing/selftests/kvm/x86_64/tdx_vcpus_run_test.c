// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test several vCPUs of a TD that run: their interrupts and NMIs, threads that move to other CPUs,
 * more vCPUs than CPUs, CPUs that go offline, and processes that are killed.
 */
#define _GNU_SOURCE /* for pthread_setaffinity_np() */
#include <errno.h>
#include <getopt.h>
#include <linux/compiler.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "processor.h"
#include "tdx_guest.h"

#define MAX_TDS		8
#define MAX_VCPUS	TG_MAX_VCPUS
#define NR_VCPUS	4

#define MSR_X2APIC_SPIV	0x80f
#define MSR_X2APIC_ICR	0x830
#define MSR_X2APIC_LVTT	0x832
#define MSR_X2APIC_TMICT 0x838
#define MSR_X2APIC_TDCR	0x83e
#define APIC_ENABLED	0x1ff
#define MSI_ADDRESS(vcpu) (0xfee00000 | (vcpu) << 12)
#define DELIVERY_NMI	(4u << 8)
#define OTHERS		(3u << 18)
#define LVT_MASKED	BIT(16)
#define LVT_PERIODIC	BIT(17)
#define LVT_DEADLINE	BIT(18)
#define DIVIDE_BY_1	0xb
#define TIMER_NS	5000000	/* the timer counts ns */

/* Vectors from TG_FIRST_VECTOR on */
#define TOKEN		0
#define TIMER		1
#define MSI		2
#define FROM(vcpu)	(8 + (vcpu))

#define GSI		5
#define PORT		0x600
#define MMIO_GPA	0xd0000000ull

struct team {
	struct tg_td vcpus[MAX_VCPUS];
	unsigned int nr_vcpus;
	pthread_barrier_t barrier;
	bool goes_on;
};

struct member {
	pthread_t thread;
	struct team *team;
	unsigned int nr;
	uint64_t nr_tokens;	/* that it had to take up to now */
};

static unsigned int nr_rounds = 200, nr_hotplugs = 5, nr_kills = 20;
static unsigned int nr_tds = 4, nr_vcpus = NR_VCPUS;
static bool has_deadlines = true;
static atomic_bool stop;

static unsigned int vector(unsigned int nr)
{
	return TG_FIRST_VECTOR + nr;
}

static void write_apic(struct tg_td *tg, uint32_t msr, uint64_t value)
{
	ASSERT_EQ(tg_vmcall(tg, TG_WRMSR, msr, value, 0, 0), 0);
}

static void send_ipi(struct tg_td *tg, unsigned int to, uint32_t ipi)
{
	write_apic(tg, MSR_X2APIC_ICR, (uint64_t)to << 32 | ipi);
}

/* Halted or spinning. */
static void wait_for(struct tg_td *tg, const uint64_t *counter, uint64_t value, bool halt)
{
	(halt ? tg_prepare_halt : tg_prepare_wait)(tg, counter, value);
	tg_finish(tg);
	ASSERT_EQ(tg->page->exception, TG_NO_EXCEPTION);
}

static void wait_for_interrupts(struct tg_td *tg, unsigned int nr, uint64_t value, bool halt)
{
	wait_for(tg, &tg->page->taken[nr], value, halt);
}

/* Each interrupt is sent once: what is lost is missed forever. */
static void pass_tokens(struct member *member, unsigned int nr)
{
	struct team *team = member->team;
	struct tg_td *tg = &team->vcpus[member->nr];
	unsigned int next = (member->nr + 1) % team->nr_vcpus, i;

	for (i = 0; i < nr; i++) {
		if (member->nr == 0)
			send_ipi(tg, next, vector(TOKEN));
		wait_for_interrupts(tg, TOKEN, ++member->nr_tokens, i % 2);
		if (member->nr != 0)
			send_ipi(tg, next, vector(TOKEN));
	}
}

static void *pass_tokens_once(void *data)
{
	pass_tokens(data, nr_rounds);
	return NULL;
}

static void *pass_tokens_until_stop(void *data)
{
	struct member *member = data;
	struct team *team = member->team;

	do {
		pass_tokens(member, 4);
		pthread_barrier_wait(&team->barrier);
		if (member->nr == 0)
			team->goes_on = !stop;
		pthread_barrier_wait(&team->barrier);
	} while (team->goes_on);
	return NULL;
}

/* To all others at the same time. */
static void *broadcast(void *data)
{
	struct member *member = data;
	struct team *team = member->team;
	struct tg_td *tg = &team->vcpus[member->nr];
	unsigned int round, i;

	for (round = 1; round <= nr_rounds / 4; round++) {
		send_ipi(tg, 0, OTHERS | vector(FROM(member->nr)));
		for (i = 0; i < team->nr_vcpus; i++)
			if (i != member->nr)
				wait_for_interrupts(tg, FROM(i), round, round % 2);
		ASSERT_EQ(tg->page->taken[FROM(member->nr)], 0);

		/* Otherwise two interrupts of a vCPU could be taken as one. */
		pthread_barrier_wait(&team->barrier);
	}
	return NULL;
}

static void start(struct team *team, struct member *members, void *(*function)(void *))
{
	unsigned int i;

	pthread_barrier_init(&team->barrier, NULL, team->nr_vcpus);
	for (i = 0; i < team->nr_vcpus; i++) {
		members[i].team = team;
		members[i].nr = i;
		TEST_ASSERT(!pthread_create(&members[i].thread, NULL, function, &members[i]),
			    "no thread");
	}
}

static void join(struct team *team, struct member *members)
{
	unsigned int i;

	for (i = 0; i < team->nr_vcpus; i++)
		pthread_join(members[i].thread, NULL);
	pthread_barrier_destroy(&team->barrier);
}

static void create(struct team *team, unsigned int nr)
{
	unsigned int i;

	team->nr_vcpus = nr;
	tg_create_vcpus(team->vcpus, nr, 0);
	for (i = 0; i < nr; i++)
		write_apic(&team->vcpus[i], MSR_X2APIC_SPIV, APIC_ENABLED);
}

static void test_first_registers(struct team *team)
{
	unsigned int i;

	for (i = 0; i < NR_VCPUS; i++)
		ASSERT_EQ(team->vcpus[i].page->boot.rsi, i);
}

static void test_ipis(struct team *team)
{
	struct member members[NR_VCPUS] = { };

	start(team, members, broadcast);
	join(team, members);
}

static void test_timer(struct tg_td *tg)
{
	uint64_t *taken = &tg->page->taken[TIMER];

	write_apic(tg, MSR_X2APIC_TDCR, DIVIDE_BY_1);
	write_apic(tg, MSR_X2APIC_LVTT, LVT_PERIODIC | vector(TIMER));
	write_apic(tg, MSR_X2APIC_TMICT, TIMER_NS);
	wait_for_interrupts(tg, TIMER, 3, true);
	wait_for_interrupts(tg, TIMER, *taken + 3, false);
	write_apic(tg, MSR_X2APIC_LVTT, LVT_MASKED);
	/* Otherwise it would expire once more, in one-shot mode. */
	write_apic(tg, MSR_X2APIC_TMICT, 0);

	/* One may have been posted before. */
	wait_for_interrupts(tg, TIMER, 0, false);
	*taken = 0;
	write_apic(tg, MSR_X2APIC_LVTT, vector(TIMER));
	write_apic(tg, MSR_X2APIC_TMICT, TIMER_NS);
	wait_for_interrupts(tg, TIMER, 1, true);
	write_apic(tg, MSR_X2APIC_TMICT, TIMER_NS);
	wait_for_interrupts(tg, TIMER, 2, false);
	ASSERT_EQ(*taken, 2);
}

static uint64_t read_tsc(struct tg_td *tg)
{
	static const uint8_t code[] = { 0x0f, 0x31,		/* rdtsc */
					0x48, 0xc1, 0xe2, 0x20,	/* shl $32, %rdx */
					0x48, 0x09, 0xd0 };	/* or %rdx, %rax */

	return tg_execute(tg, code, sizeof(code), 0);
}

/* The timer of Linux in a TD whose CPUID has it */
static void test_deadline(struct tg_td *tg)
{
	int khz = ioctl(tg->td.vcpu, KVM_GET_TSC_KHZ), ticks = khz * (TIMER_NS / 1000000);
	uint64_t *taken = &tg->page->taken[TIMER], deadline, now;
	unsigned int i;
	bool late;

	TEST_ASSERT(khz > 0, "the frequency of the TSC is not known");
	*taken = 0;
	write_apic(tg, MSR_X2APIC_LVTT, LVT_DEADLINE | vector(TIMER));
	/* It is over. */
	write_apic(tg, MSR_IA32_TSC_DEADLINE, 1);
	wait_for_interrupts(tg, TIMER, 1, true);
	for (i = 2; i <= 5; i++) {
		deadline = read_tsc(tg) + ticks;
		write_apic(tg, MSR_IA32_TSC_DEADLINE, deadline);
		wait_for_interrupts(tg, TIMER, i, i % 2);
		now = read_tsc(tg);
		TEST_ASSERT(now >= deadline, "an interrupt came %lu us before its time",
			    (deadline - now) * 1000 / khz);
	}
	/* No more of them, or they would be counted, unless the timer is stopped too late. */
	deadline = read_tsc(tg) + ticks;
	write_apic(tg, MSR_IA32_TSC_DEADLINE, deadline);
	write_apic(tg, MSR_IA32_TSC_DEADLINE, 0);
	late = read_tsc(tg) >= deadline;
	while (read_tsc(tg) < deadline + 3ull * ticks)
		;
	TEST_ASSERT(*taken == 5 || (late && *taken == 6), "%lu interrupts", *taken);
	write_apic(tg, MSR_X2APIC_LVTT, LVT_MASKED);
}

static void *wait_for_nmis(void *data)
{
	struct tg_td *tg = data;
	unsigned int i;

	for (i = 1; i <= 4; i++)
		wait_for(tg, &tg->page->nmis, i, i % 2);
	return NULL;
}

/* One that comes before HLT does not end it, and several may be taken as one. */
static void test_nmis(struct team *team)
{
	struct tg_td *from = &team->vcpus[0], *to = &team->vcpus[1];
	struct kvm_msi msi = { .address_lo = MSI_ADDRESS(1), .data = DELIVERY_NMI };
	pthread_t thread;
	unsigned int i;

	pthread_create(&thread, NULL, wait_for_nmis, to);
	for (i = 1; i <= 4; i++) {
		while (READ_ONCE(to->page->nmis) < i) {
			if (i <= 2)
				send_ipi(from, 1, DELIVERY_NMI);
			else
				ASSERT_EQ(ioctl(to->td.vm, KVM_SIGNAL_MSI, &msi), 1);
			usleep(10000);
		}
	}
	pthread_join(thread, NULL);
	ASSERT_EQ(from->page->nmis, 0);
}

static void route_msi(struct team *team, unsigned int vcpu)
{
	struct kvm_irq_routing *routing = calloc(1, sizeof(*routing) + sizeof(*routing->entries));

	TEST_ASSERT(routing, "no memory");
	routing->nr = 1;
	routing->entries[0].gsi = GSI;
	routing->entries[0].type = KVM_IRQ_ROUTING_MSI;
	routing->entries[0].u.msi.address_lo = MSI_ADDRESS(vcpu);
	routing->entries[0].u.msi.data = vector(MSI);
	TEST_ERRNO(fd_ioctl(team->vcpus[0].td.vm, KVM_SET_GSI_ROUTING, routing), 0);
	free(routing);
}

static void signal_event(int fd)
{
	const uint64_t one = 1;

	ASSERT_EQ(write(fd, &one, sizeof(one)), (ssize_t)sizeof(one));
}

static void *signal_later(void *data)
{
	usleep(50000);
	signal_event(*(int *)data);
	return NULL;
}

static void expect_msi(struct tg_td *tg, int fd, uint64_t value, bool halt)
{
	pthread_t thread;

	pthread_create(&thread, NULL, signal_later, &fd);
	wait_for_interrupts(tg, MSI, value, halt);
	pthread_join(thread, NULL);
	ASSERT_EQ(tg->page->taken[MSI], value);
}

/* A write of the guest signals the event, and the event interrupts another vCPU. */
static void test_doorbells(struct team *team, int fd)
{
	struct kvm_ioeventfd doorbells[] = {
		{ .addr = PORT, .len = 1, .fd = fd, .flags = KVM_IOEVENTFD_FLAG_PIO },
		{ .addr = MMIO_GPA, .len = 4, .fd = fd, .datamatch = 7,
		  .flags = KVM_IOEVENTFD_FLAG_DATAMATCH },
		{ .addr = MMIO_GPA + 8, .len = 0, .fd = fd },
	};
	struct tg_td *tg = &team->vcpus[0], *to = &team->vcpus[2];
	uint64_t taken = to->page->taken[MSI];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(doorbells); i++)
		TEST_ERRNO(fd_ioctl(tg->td.vm, KVM_IOEVENTFD, &doorbells[i]), 0);
	ASSERT_EQ(tg_vmcall(tg, TG_IO, 1, 1, PORT, 0), 0);
	wait_for_interrupts(to, MSI, ++taken, true);
	ASSERT_EQ(tg_vmcall(tg, TG_MMIO, 4, 1, MMIO_GPA | TM_SHARED_BIT, 7), 0);
	wait_for_interrupts(to, MSI, ++taken, false);
	ASSERT_EQ(tg_vmcall(tg, TG_MMIO, 8, 1, (MMIO_GPA + 8) | TM_SHARED_BIT, 0), 0);
	wait_for_interrupts(to, MSI, ++taken, true);

	tg_prepare_vmcall(tg, TG_MMIO, 4, 1, MMIO_GPA | TM_SHARED_BIT, 8);
	tg_run_to(tg, KVM_EXIT_MMIO);
	tg_finish(tg);
	ASSERT_EQ(to->page->taken[MSI], taken);
}

/* There are no EOI exits for level-triggered interrupts. */
static void test_msis(struct team *team)
{
	struct kvm_irqfd irqfd = { .fd = eventfd(0, 0), .gsi = GSI };
	struct kvm_irqfd resample = { .fd = irqfd.fd, .gsi = GSI, .resamplefd = irqfd.fd,
				      .flags = KVM_IRQFD_FLAG_RESAMPLE };
	int vm = team->vcpus[0].td.vm;

	TEST_ASSERT((int)irqfd.fd >= 0, "eventfd: %s", strerror(errno));
	TEST_ERRNO(fd_ioctl(vm, KVM_IRQFD, &resample), EINVAL);
	TEST_ERRNO(fd_ioctl(vm, KVM_IRQFD, &irqfd), 0);
	route_msi(team, 1);
	expect_msi(&team->vcpus[1], irqfd.fd, 1, true);
	expect_msi(&team->vcpus[1], irqfd.fd, 2, false);
	route_msi(team, 2);
	expect_msi(&team->vcpus[2], irqfd.fd, 1, true);
	ASSERT_EQ(team->vcpus[1].page->taken[MSI], 2);
	test_doorbells(team, irqfd.fd);
	close(irqfd.fd);
}

static void test_interrupts(void)
{
	struct team team;
	unsigned int i;

	create(&team, NR_VCPUS);
	test_first_registers(&team);
	test_ipis(&team);
	for (i = 0; i < NR_VCPUS; i++) {
		test_timer(&team.vcpus[i]);
		if (has_deadlines)
			test_deadline(&team.vcpus[i]);
	}
	test_nmis(&team);
	test_msis(&team);
	tg_close_vcpus(team.vcpus, NR_VCPUS);
}

static void *run_until_fault(void *tg)
{
	TEST_ERRNO(tg_run(tg), EFAULT);
	return NULL;
}

/* MOVL $1, (%RBX); JMP to itself */
static void prepare_endless(struct tg_td *tg)
{
	static const uint8_t code[] = { 0xc7, 0x03, 1, 0, 0, 0, 0xeb, 0xfe };

	tg_prepare_execute(tg, code, sizeof(code),
			   &(struct tg_regs) { .rbx = TG_PAGE_VA + TG_PAGE_SIZE });
}

/*
 * All descriptors are closed, the one of the guest's code last.  The TD is still there as long as
 * its vCPU runs, which can go on until its code is gone.
 */
static void test_closing(void)
{
	int nr_keyids = tdx_count_free_keyids();
	const uint32_t *started;
	pthread_t thread;
	struct tg_td tg;

	tg_create(&tg, 0);
	started = (void *)((uint8_t *)tg.page + TG_PAGE_SIZE);
	prepare_endless(&tg);
	pthread_create(&thread, NULL, run_until_fault, &tg);
	while (!READ_ONCE(*started))
		sched_yield();
	munmap(tg.td.run, TM_RUN_SIZE);
	close(tg.td.vcpu);
	close(tg.td.vm);
	close(tg.td.gmem);
	close(tg.boot_gmem);
	pthread_join(thread, NULL);
	ASSERT_EQ(tdx_count_free_keyids(), nr_keyids);
	munmap(tg.td.mem, TM_SIZE);
	munmap(tg.page, PM_HUGE_PAGE);
}

static void move_to(pthread_t thread, int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);

	/* It may be offline. */
	pthread_setaffinity_np(thread, sizeof(cpus), &cpus);
}

/* Until the first vCPU has got all its interrupts. */
static void test_migration(void)
{
	struct member members[MAX_VCPUS] = { };
	int nr_cpus = sysconf(_SC_NPROCESSORS_CONF);
	struct team team;
	uint64_t *taken;

	create(&team, nr_vcpus);
	taken = &team.vcpus[0].page->taken[TOKEN];
	start(&team, members, pass_tokens_once);
	while (READ_ONCE(*taken) < nr_rounds)
		move_to(members[random() % nr_vcpus].thread, random() % nr_cpus);
	join(&team, members);
	tg_close_vcpus(team.vcpus, nr_vcpus);
}

/* Takes CPUs offline and online, one at a time; the first CPU and those that cannot stay online. */
static void hotplug_cpus(void)
{
	int nr_cpus = sysconf(_SC_NPROCESSORS_CONF), cpu, err;
	unsigned int i;

	for (i = 0; i < nr_hotplugs; i++) {
		for (cpu = 1; cpu < nr_cpus; cpu++) {
			err = tdx_set_cpu_online(cpu, false);
			if (!err)
				TEST_ERRNO(tdx_set_cpu_online(cpu, true), 0);
		}
	}
}

/* More vCPUs than CPUs. */
static void test_many_tds(void)
{
	struct member members[MAX_TDS][MAX_VCPUS] = { };
	struct team teams[MAX_TDS];
	unsigned int i;

	stop = false;
	for (i = 0; i < nr_tds; i++)
		create(&teams[i], nr_vcpus);
	for (i = 0; i < nr_tds; i++)
		start(&teams[i], members[i], pass_tokens_until_stop);
	hotplug_cpus();
	stop = true;
	for (i = 0; i < nr_tds; i++) {
		join(&teams[i], members[i]);
		ASSERT_EQ(members[i][0].nr_tokens, members[i][nr_vcpus - 1].nr_tokens);
		tg_close_vcpus(teams[i].vcpus, nr_vcpus);
	}
}

/* Memory goes and comes back while the vCPUs run. */
static void live_until_killed(void)
{
	struct member members[NR_VCPUS] = { };
	struct tg_td *tg;
	struct team team;

	stop = false;
	create(&team, NR_VCPUS);
	team.nr_vcpus--;
	start(&team, members, pass_tokens_until_stop);
	tdx_may_be_killed();
	for (tg = &team.vcpus[team.nr_vcpus]; ; ) {
		ASSERT_EQ(tg_accept(tg, PM_GPA), 0);
		tg_store(tg, TG_PRIVATE, 1);
		TEST_ERRNO(tm_punch(tg->td.gmem, 0, TM_SIZE), 0);
		TEST_ERRNO(tm_set_shared(tg->td.vm, PM_GPA, TM_SIZE), 0);
		tg_store(tg, TG_SHARED, 1);
		TEST_ERRNO(tm_set_private(tg->td.vm, PM_GPA, TM_SIZE), 0);
	}
}

static void help(const char *name)
{
	printf("usage: %s [-c times] [-d] [-k kills] [-r rounds] [-t tds] [-v vcpus]\n"
	       " -c: times that each CPU goes offline while TDs run (default: %u)\n"
	       " -d: KVM knows the TSC of a TD only if its frequency is a multiple of 25 MHz\n"
	       " -k: processes that are killed while their vCPUs run (default: %u)\n"
	       " -r: interrupts of each vCPU in a test (default: %u)\n"
	       " -t: TDs that run at the same time (default: %u, at most %u)\n"
	       " -v: vCPUs of each of them, and of one that moves (default: %u, at most %u)\n",
	       name, nr_hotplugs, nr_kills, nr_rounds, nr_tds, MAX_TDS, nr_vcpus, MAX_VCPUS);
	exit(KSFT_SKIP);
}

static void parse_options(int argc, char *argv[])
{
	int option;

	while ((option = getopt(argc, argv, "c:dk:r:t:v:")) != -1) {
		if (option == 'c')
			nr_hotplugs = atoi(optarg);
		else if (option == 'd')
			has_deadlines = false;
		else if (option == 'k')
			nr_kills = atoi(optarg);
		else if (option == 'r')
			nr_rounds = atoi(optarg);
		else if (option == 't' && atoi(optarg) > 0 && atoi(optarg) <= MAX_TDS)
			nr_tds = atoi(optarg);
		else if (option == 'v' && atoi(optarg) > 1 && atoi(optarg) <= MAX_VCPUS)
			nr_vcpus = atoi(optarg);
		else
			help(argv[0]);
	}
}

int main(int argc, char *argv[])
{
	int nr_keyids, nr_needed;

	parse_options(argc, argv);
	tg_require();
	nr_needed = nr_vcpus > NR_VCPUS ? nr_vcpus : NR_VCPUS;
	__TEST_REQUIRE(kvm_check_cap(KVM_CAP_MAX_VCPUS) >= nr_needed &&
		       sysconf(_SC_NPROCESSORS_CONF) >= nr_needed, "fewer than %d vCPUs", nr_needed);
	nr_keyids = tdx_count_free_keyids();
	test_interrupts();
	test_closing();
	test_migration();
	test_many_tds();
	tdx_kill_processes(live_until_killed, nr_kills);
	ASSERT_EQ(tdx_count_free_keyids(), nr_keyids);
	return 0;
}
