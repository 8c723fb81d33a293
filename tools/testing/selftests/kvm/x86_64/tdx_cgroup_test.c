// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test the resource "tdx" of the misc cgroup: one unit is charged for the KeyID of each TD,
 * from KVM_TDX_INIT_VM until the TD is destroyed.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/stringify.h>
#include <mntent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "tdx.h"

#define LIMIT		2
#define NR_FAILURES	20

static char root[PATH_MAX], group[PATH_MAX + 32];

static bool find_root(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *mount;

	while (mounts && (mount = getmntent(mounts))) {
		if (!strcmp(mount->mnt_type, "cgroup2")) {
			snprintf(root, sizeof(root), "%s", mount->mnt_dir);
			snprintf(group, sizeof(group), "%s/tdx_cgroup_test.%d", root, getpid());
			break;
		}
	}
	if (mounts)
		endmntent(mounts);
	return root[0];
}

static int write_file(const char *directory, const char *name, const char *text)
{
	char path[2 * PATH_MAX];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return errno;
	ret = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return ret;
}

/* Returns the number that follows a key in a file of a cgroup, or -1. */
static long read_number(const char *directory, const char *name, const char *key)
{
	char path[2 * PATH_MAX], word[64];
	long number = -1, value;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "r");
	TEST_ASSERT(file, "%s: %s", path, strerror(errno));
	while (fscanf(file, "%63s %ld", word, &value) == 2)
		if (!strcmp(word, key))
			number = value;
	fclose(file);
	return number;
}

static long current_charge(void)
{
	return read_number(group, "misc.current", "tdx");
}

static void set_limit(const char *limit)
{
	TEST_ERRNO(write_file(group, "misc.max", limit), 0);
}

static void move_to(const char *directory)
{
	TEST_ERRNO(write_file(directory, "cgroup.procs", "0"), 0);
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

	events = read_number(group, "misc.events", "tdx.max");
	more = tdx_create_vm();
	for (i = 0; i < NR_FAILURES; i++)
		TEST_ERRNO(tdx_init_vm(more, params), EBUSY);
	ASSERT_EQ(current_charge(), LIMIT);
	ASSERT_EQ(read_number(group, "misc.events", "tdx.max"), events + NR_FAILURES);

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

	move_to(root);
	ASSERT_EQ(current_charge(), 1);
	close(vm);
	ASSERT_EQ(current_charge(), 0);
	move_to(group);
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

/* Called in a separate process, because it moves between cgroups. */
static void test_all(void)
{
	move_to(group);
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
	pid_t pid;

	tdx_require();
	__TEST_REQUIRE(find_root(), "no cgroup2 is mounted");
	__TEST_REQUIRE(!write_file(root, "cgroup.subtree_control", "+misc"),
		       "no misc controller, or not allowed to use it");

	nr_keyids = tdx_count_free_keyids();
	TEST_ASSERT(nr_keyids >= LIMIT, "%d free KeyIDs", nr_keyids);
	TEST_ASSERT(read_number(root, "misc.capacity", "tdx") >= nr_keyids, "capacity %ld",
		    read_number(root, "misc.capacity", "tdx"));

	TEST_ASSERT(!mkdir(group, 0755), "%s: %s", group, strerror(errno));
	pid = fork();
	if (!pid) {
		test_all();
		exit(0);
	}
	waitpid(pid, &status, 0);
	TEST_ASSERT(!rmdir(group), "%s: %s", group, strerror(errno));
	TEST_ASSERT(!status, "the process in the cgroup ended with 0x%x", status);
	ASSERT_EQ(tdx_count_free_keyids(), nr_keyids);
	return 0;
}
