// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test creating and destroying TDs: in every order, many at once, concurrently, and with
 * a process that is killed.  Afterwards all KeyIDs and all memory are free again.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "tdx.h"

#define NR_VCPUS		2
#define NR_THREADS		8
#define NR_TDS			50

/* The last step of its creation before a TD is destroyed. */
enum stage { VM, TD, VCPUS, ALL, NR_STAGES };

static int nr_vcpus, nr_cycles = 50, nr_kills = 50;
static bool compare_memory = true;

static int create_until(enum stage stage, int *vcpus)
{
	struct kvm_tdx_init_vm *params;
	int vm, i;

	for (i = 0; i < nr_vcpus; i++)
		vcpus[i] = -1;
	if (stage == ALL)
		return tdx_create_td(vcpus, nr_vcpus);
	if (stage == TD)
		return tdx_create_td(NULL, 0);

	vm = tdx_create_vm();
	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM failed: %s", strerror(errno));
	if (stage == VM)
		return vm;

	params = tdx_default_params();
	TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_SPLIT_IRQCHIP, 24), 0);
	TEST_ERRNO(tdx_init_vm(vm, params), 0);
	for (i = 0; i < nr_vcpus; i++)
		vcpus[i] = tdx_create_vcpu(vm, i);
	free(params);
	return vm;
}

/* The VM's descriptor is closed before, between or after those of the vCPUs. */
static void test_close_orders(void)
{
	int vm, vcpus[NR_VCPUS], stage, when, i;

	for (stage = VM; stage < NR_STAGES; stage++) {
		for (when = 0; when <= nr_vcpus; when++) {
			vm = create_until(stage, vcpus);
			for (i = 0; i <= nr_vcpus; i++) {
				if (i == when)
					close(vm);
				if (i < nr_vcpus)
					close(vcpus[i]);
			}
		}
	}
}

static void test_cycles(int nr)
{
	int vcpus[NR_VCPUS], i;

	for (i = 0; i < nr; i++)
		tdx_close_td(tdx_create_td(vcpus, nr_vcpus), vcpus, nr_vcpus);
}

static void run_cycles(void)
{
	test_cycles(nr_cycles);
}

/* Missing would be a page for each TD; with a few TDs, all of their pages. */
static void test_memory(void)
{
	if (compare_memory)
		tdx_expect_pages_back(run_cycles, nr_cycles / 2);
	else
		run_cycles();
}

static void test_many_at_once(int nr_keyids)
{
	int nr = nr_keyids < NR_TDS ? nr_keyids : NR_TDS, vms[NR_TDS], i;
	int vcpus[NR_TDS][NR_VCPUS];

	for (i = 0; i < nr; i++)
		vms[i] = tdx_create_td(vcpus[i], nr_vcpus);
	ASSERT_EQ(tdx_count_free_keyids(), nr_keyids - nr);
	for (i = 0; i < nr; i++)
		tdx_close_td(vms[i], vcpus[i], nr_vcpus);
}

/* All KeyIDs can be used, not one more, and again after they were freed. */
static void test_limit(int nr_keyids)
{
	struct kvm_tdx_init_vm *params = tdx_default_params();
	int *vms = calloc(nr_keyids, sizeof(*vms)), more, i;

	for (i = 0; i < nr_keyids; i++)
		vms[i] = tdx_create_td(NULL, 0);

	more = tdx_create_vm();
	TEST_ERRNO(tdx_init_vm(more, params), ENOSPC);
	close(vms[nr_keyids / 2]);
	TEST_ERRNO(tdx_init_vm(more, params), 0);
	vms[nr_keyids / 2] = more;

	for (i = 0; i < nr_keyids; i++)
		close(vms[i]);
	free(vms);
	free(params);
}

static void *create_and_close(void *unused)
{
	test_cycles(nr_cycles / NR_THREADS + 1);
	return NULL;
}

static void test_concurrent_creation(int nr_keyids)
{
	int nr = nr_keyids < NR_THREADS ? nr_keyids : NR_THREADS, i;
	pthread_t threads[NR_THREADS];

	for (i = 0; i < nr; i++)
		TEST_ASSERT(!pthread_create(&threads[i], NULL, create_and_close, NULL), "thread");
	for (i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
}

/* Each thread initializes a vCPU of the same TD. */
static void *init_vcpu(void *fd)
{
	TEST_ERRNO(tdx_init_vcpu(*(int *)fd), 0);
	return NULL;
}

static void test_concurrent_vcpus(void)
{
	int vm = tdx_create_td(NULL, 0), vcpus[NR_VCPUS], i;
	pthread_t threads[NR_VCPUS];

	for (i = 0; i < nr_vcpus; i++)
		vcpus[i] = tdx_create_vcpu(vm, i);
	for (i = 0; i < nr_vcpus; i++)
		TEST_ASSERT(!pthread_create(&threads[i], NULL, init_vcpu, &vcpus[i]), "thread");
	for (i = 0; i < nr_vcpus; i++)
		pthread_join(threads[i], NULL);
	tdx_close_td(vm, vcpus, nr_vcpus);
}

static void live_until_killed(void)
{
	int vcpus[NR_VCPUS];

	tdx_may_be_killed();
	for (;;)
		tdx_close_td(tdx_create_td(vcpus, nr_vcpus), vcpus, nr_vcpus);
}

/* Only the process that created a VM can use it. */
static void test_other_process(void)
{
	int vcpu, vm = tdx_create_td(&vcpu, 1), status;
	pid_t pid = fork();

	if (!pid) {
		TEST_ERRNO(tdx_command(vm, KVM_TDX_CAPABILITIES, 0, NULL), EIO);
		TEST_ERRNO(tdx_command(vm, KVM_TDX_INIT_VM, 0, NULL), EIO);
		TEST_ERRNO(tdx_command(vcpu, KVM_TDX_INIT_VCPU, 0, NULL), EIO);
		exit(0);
	}
	waitpid(pid, &status, 0);
	TEST_ASSERT(!status, "the other process ended with 0x%x", status);
	tdx_close_td(vm, &vcpu, 1);
}

static void help(const char *name)
{
	printf("usage: %s [-c cycles] [-k kills] [-m] [-s seed]\n"
	       " -c: TDs that are created and destroyed in a row (default: %d)\n"
	       " -k: processes that are killed (default: %d)\n"
	       " -m: allow free memory to decrease, as with KASAN, which delays freeing\n"
	       " -s: seed of the times at which they are killed (default: 1)\n",
	       name, nr_cycles, nr_kills);
	exit(KSFT_SKIP);
}

static void parse_options(int argc, char *argv[])
{
	int option;

	while ((option = getopt(argc, argv, "c:k:ms:h")) != -1) {
		if (option == 'c')
			nr_cycles = atoi(optarg);
		else if (option == 'k')
			nr_kills = atoi(optarg);
		else if (option == 'm')
			compare_memory = false;
		else if (option == 's')
			srandom(atoi(optarg));
		else
			help(argv[0]);
	}
}

int main(int argc, char *argv[])
{
	int vm, nr_keyids;

	parse_options(argc, argv);
	tdx_require();
	vm = tdx_create_vm();
	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM failed: %s", strerror(errno));
	nr_vcpus = fd_check_cap(vm, KVM_CAP_MAX_VCPUS);
	if (nr_vcpus > NR_VCPUS)
		nr_vcpus = NR_VCPUS;
	close(vm);

	nr_keyids = tdx_count_free_keyids();
	TEST_ASSERT(nr_keyids, "no free KeyID");
	pr_info("%d KeyIDs\n", nr_keyids);

	test_close_orders();
	test_memory();
	test_limit(nr_keyids);
	test_many_at_once(nr_keyids);
	test_concurrent_creation(nr_keyids);
	test_concurrent_vcpus();
	test_other_process();
	tdx_kill_processes(live_until_killed, nr_kills);
	ASSERT_EQ(tdx_count_free_keyids(), nr_keyids);
	return 0;
}
