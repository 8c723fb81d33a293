// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test taking CPUs offline and online while TDs exist.  It is refused only for the last CPU
 * of a package, which is needed to destroy a TD.
 */
#define _GNU_SOURCE /* for sched_setaffinity() */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "tdx.h"

#define CPUS		"/sys/devices/system/cpu"
#define MAX_CPUS	1024
#define NR_VCPUS	2

static int nr_cpus, nr_rounds = 5;
static int package_of[MAX_CPUS];

static int read_package(int cpu)
{
	char path[64];
	int package = -1;
	FILE *file;

	snprintf(path, sizeof(path), CPUS "/cpu%d/topology/physical_package_id", cpu);
	file = fopen(path, "r");
	if (file && fscanf(file, "%d", &package) != 1)
		package = -1;
	if (file)
		fclose(file);
	return package;
}

static bool find_cpus(void)
{
	int cpu;

	nr_cpus = sysconf(_SC_NPROCESSORS_CONF);
	if (nr_cpus < 2 || nr_cpus > MAX_CPUS || sysconf(_SC_NPROCESSORS_ONLN) != nr_cpus)
		return false;
	for (cpu = 0; cpu < nr_cpus; cpu++)
		package_of[cpu] = read_package(cpu);

	/* Fails without root, and for CPUs that cannot be taken offline. */
	return !tdx_set_cpu_online(nr_cpus - 1, false) && !tdx_set_cpu_online(nr_cpus - 1, true);
}

static int nr_cpus_of(int package)
{
	int cpu, nr = 0;

	for (cpu = 0; cpu < nr_cpus; cpu++)
		nr += package_of[cpu] == package;
	return nr;
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	TEST_ASSERT(!sched_setaffinity(0, sizeof(set), &set), "CPU %d: %s", cpu, strerror(errno));
}

/* Takes all CPUs of a package except the last one offline or online. */
static void set_all_but_one(int package, bool online)
{
	int cpu;

	for (cpu = 0; cpu < nr_cpus - 1; cpu++)
		if (package_of[cpu] == package)
			TEST_ERRNO(tdx_set_cpu_online(cpu, online), 0);
}

/* Uses the last package: the first CPU may have to stay online for other reasons. */
static void test_last_of_package(void)
{
	struct kvm_tdx_init_vm *params = tdx_default_params();
	int last = nr_cpus - 1, package = package_of[last], vm, vcpu;

	if (package == package_of[0])
		goto out;
	run_on(0);
	vm = tdx_create_td(&vcpu, 1);
	set_all_but_one(package, false);
	TEST_ERRNO(tdx_set_cpu_online(last, false), EBUSY);
	tdx_close_td(vm, &vcpu, 1);

	/* Without TDs it can go offline, but then no TD can be created. */
	TEST_ERRNO(tdx_set_cpu_online(last, false), 0);
	vm = tdx_create_vm();
	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM failed: %s", strerror(errno));
	TEST_ERRNO(tdx_init_vm(vm, params), EIO);
	TEST_ERRNO(tdx_set_cpu_online(last, true), 0);
	TEST_ERRNO(tdx_init_vm(vm, params), 0);
	set_all_but_one(package, true);
	close(vm);
out:
	free(params);
}

/* Takes the CPU offline on which a vCPU was last used. */
static void test_vcpu_of_offline_cpu(void)
{
	int vm, vcpu, cpu;

	for (cpu = 1; cpu < nr_cpus; cpu++) {
		if (nr_cpus_of(package_of[cpu]) < 2)
			continue;
		run_on(cpu);
		vm = tdx_create_td(&vcpu, 1);
		run_on(0);
		TEST_ERRNO(tdx_set_cpu_online(cpu, false), 0);

		/* Use some of the vCPUs on another CPU before they are destroyed. */
		if (cpu % 2)
			TEST_ERRNO(tdx_command(vcpu, KVM_TDX_GET_CPUID, 0, NULL), EFAULT);
		tdx_close_td(vm, &vcpu, 1);
		TEST_ERRNO(tdx_set_cpu_online(cpu, true), 0);
	}
}

static void create_until_killed(void)
{
	int vcpus[NR_VCPUS];

	for (;;)
		tdx_close_td(tdx_create_td(vcpus, NR_VCPUS), vcpus, NR_VCPUS);
}

/* Takes CPUs offline and online, one at a time, while processes create and destroy TDs. */
static void test_loops(void)
{
	pid_t pids[NR_VCPUS];
	int i, round, cpu, status;

	for (i = 0; i < NR_VCPUS; i++) {
		pids[i] = fork();
		TEST_ASSERT(pids[i] >= 0, "fork: %s", strerror(errno));
		if (!pids[i])
			create_until_killed();
	}
	for (round = 0; round < nr_rounds; round++) {
		for (cpu = 1; cpu < nr_cpus; cpu++) {
			if (nr_cpus_of(package_of[cpu]) < 2)
				continue;
			TEST_ERRNO(tdx_set_cpu_online(cpu, false), 0);
			TEST_ERRNO(tdx_set_cpu_online(cpu, true), 0);
		}
	}
	for (i = 0; i < NR_VCPUS; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], &status, 0);
		TEST_ASSERT(WIFSIGNALED(status), "it ended by itself: 0x%x", status);
	}
}

int main(int argc, char *argv[])
{
	int nr_keyids;

	if (getopt(argc, argv, "r:") == 'r')
		nr_rounds = atoi(optarg);

	tdx_require();
	__TEST_REQUIRE(find_cpus(), "CPUs cannot be taken offline here");
	nr_keyids = tdx_count_free_keyids();
	TEST_ASSERT(nr_keyids >= NR_VCPUS, "%d free KeyIDs", nr_keyids);

	test_last_of_package();
	test_vcpu_of_offline_cpu();
	test_loops();
	ASSERT_EQ(tdx_count_free_keyids(), nr_keyids);
	return 0;
}
