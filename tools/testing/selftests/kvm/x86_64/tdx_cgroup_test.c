// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test the resource "tdx" of the misc cgroup: one unit is charged for the KeyID of each TD,
 * from KVM_TDX_INIT_VM until the TD is destroyed.
 */
#include <errno.h>
#include <linux/stringify.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "tdx.h"
#include "tdx_cgroup.h"

#define LIMIT		2
#define NR_FAILURES	20

static long current_charge(void)
{
	return tc_read("misc.current", "tdx");
}

static void set_limit(const char *limit)
{
	tc_write("misc.max", limit);
}

static void test_limit(void)
{
	struct kvm_tdx_init_vm *params = tdx_default_params();
	int vms[LIMIT], more, i;
	long events;

	for (i = 0; i < LIMIT; i++) {
		vms[i] = tdx_create_td(NULL, 0);
		ASSERT_EQ(current_charge(), i + 1);
	}

	events = tc_read("misc.events", "tdx.max");
	more = tdx_create_vm();
	for (i = 0; i < NR_FAILURES; i++)
		TEST_ERRNO(tdx_init_vm(more, params), EBUSY);
	ASSERT_EQ(current_charge(), LIMIT);
	ASSERT_EQ(tc_read("misc.events", "tdx.max"), events + NR_FAILURES);

	/* It succeeds after another TD is destroyed. */
	close(vms[0]);
	ASSERT_EQ(current_charge(), LIMIT - 1);
	TEST_ERRNO(tdx_init_vm(more, params), 0);
	ASSERT_EQ(current_charge(), LIMIT);
	close(more);
	for (i = 1; i < LIMIT; i++)
		close(vms[i]);
	ASSERT_EQ(current_charge(), 0);
	free(params);
}

static void test_changed_limit(void)
{
	struct kvm_tdx_init_vm *params = tdx_default_params();
	int vm = tdx_create_vm();

	set_limit("tdx 0");
	TEST_ERRNO(tdx_init_vm(vm, params), EBUSY);
	set_limit("tdx max");
	TEST_ERRNO(tdx_init_vm(vm, params), 0);
	ASSERT_EQ(current_charge(), 1);
	close(vm);
	ASSERT_EQ(current_charge(), 0);
	free(params);
}

/* A VM has no KeyID before KVM_TDX_INIT_VM, nor after a failed one. */
static void test_not_charged(void)
{
	struct kvm_tdx_init_vm *params = tdx_default_params();
	int vm = tdx_create_vm();

	ASSERT_EQ(current_charge(), 0);
	params->cpuid.entries[0].eax = 47 << 16;
	TEST_ERRNO(tdx_init_vm(vm, params), EINVAL);
	/* This one is refused by the module, when the KeyID is already charged. */
	params->cpuid.entries[0].eax = 48 << 16 | 0x100;
	TEST_ERRNO(tdx_init_vm(vm, params), EINVAL);
	ASSERT_EQ(current_charge(), 0);
	close(vm);
	free(params);
}

static void test_process_that_moves(void)
{
	int vm = tdx_create_td(NULL, 0);

	tc_leave();
	ASSERT_EQ(current_charge(), 1);
	close(vm);
	ASSERT_EQ(current_charge(), 0);
	tc_enter();
}

static void test_process_that_is_killed(void)
{
	int ready[2], status;
	char byte;
	pid_t pid;

	TEST_ASSERT(!pipe(ready), "pipe: %s", strerror(errno));
	pid = fork();
	TEST_ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (!pid) {
		int vcpu;

		tdx_create_td(&vcpu, 1);
		TEST_ASSERT(write(ready[1], "", 1) == 1, "write: %s", strerror(errno));
		for (;;)
			pause();
	}
	TEST_ASSERT(read(ready[0], &byte, 1) == 1, "the process has ended");
	ASSERT_EQ(current_charge(), 1);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ASSERT_EQ(current_charge(), 0);
	close(ready[0]);
	close(ready[1]);
}

static void test_all(void)
{
	set_limit("tdx " __stringify(LIMIT));
	test_not_charged();
	test_limit();
	test_process_that_moves();
	test_process_that_is_killed();
	test_changed_limit();
}

int main(int argc, char *argv[])
{
	int status, nr_keyids;

	tdx_require();
	tc_create("misc");

	nr_keyids = tdx_count_free_keyids();
	TEST_ASSERT(nr_keyids >= LIMIT, "%d free KeyIDs", nr_keyids);
	TEST_ASSERT(tc_read_root("misc.capacity", "tdx") >= nr_keyids, "capacity %ld",
		    tc_read_root("misc.capacity", "tdx"));

	status = tc_run(test_all);
	tc_destroy();
	TEST_ASSERT(!status, "the process in the cgroup ended with 0x%x", status);
	ASSERT_EQ(tdx_count_free_keyids(), nr_keyids);
	return 0;
}
