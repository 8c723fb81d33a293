// SPDX-License-Identifier: GPL-2.0-only
/*
 * A cgroup for a test.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "tdx_cgroup.h"

static char root[PATH_MAX], group[PATH_MAX + 32];

static bool find_root(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *mount;

	while (mounts && (mount = getmntent(mounts))) {
		if (!strcmp(mount->mnt_type, "cgroup2")) {
			snprintf(root, sizeof(root), "%s", mount->mnt_dir);
			snprintf(group, sizeof(group), "%s/kvm_test.%d", root, getpid());
			break;
		}
	}
	if (mounts)
		endmntent(mounts);
	return root[0];
}

static int open_file(const char *directory, const char *name)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return open(path, O_WRONLY);
}

static int write_file(const char *directory, const char *name, const char *text)
{
	int fd = open_file(directory, name), ret;

	if (fd < 0)
		return errno;
	ret = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return ret;
}

static long read_number(const char *directory, const char *name, const char *key)
{
	char path[2 * PATH_MAX], word[64];
	long number = -1, value;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "r");
	TEST_ASSERT(file, "%s: %s", path, strerror(errno));
	if (!key && fscanf(file, "%ld", &value) == 1)
		number = value;
	while (key && fscanf(file, "%63s %ld", word, &value) == 2)
		if (!strcmp(word, key))
			number = value;
	fclose(file);
	return number;
}

void tc_create(const char *controller)
{
	char text[64];

	__TEST_REQUIRE(find_root(), "no cgroup2 is mounted");
	snprintf(text, sizeof(text), "+%s", controller);
	__TEST_REQUIRE(!write_file(root, "cgroup.subtree_control", text),
		       "no controller %s, or not allowed to use it", controller);
	TEST_ASSERT(!mkdir(group, 0755), "%s: %s", group, strerror(errno));
}

void tc_destroy(void)
{
	TEST_ASSERT(!rmdir(group), "%s: %s", group, strerror(errno));
}

int tc_run(void (*function)(void))
{
	int status;
	pid_t pid = fork();

	TEST_ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (!pid) {
		tc_enter();
		function();
		exit(0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void move_to(const char *directory)
{
	int ret = write_file(directory, "cgroup.procs", "0");

	TEST_ASSERT(!ret, "%s: %s", directory, strerror(ret));
}

void tc_enter(void)
{
	move_to(group);
}

void tc_leave(void)
{
	move_to(root);
}

int tc_open(const char *name)
{
	int fd = open_file(group, name);

	TEST_ASSERT(fd >= 0, "%s: %s", name, strerror(errno));
	return fd;
}

void tc_write(const char *name, const char *text)
{
	int ret = write_file(group, name, text);

	TEST_ASSERT(!ret, "%s: %s", name, strerror(ret));
}

long tc_read(const char *name, const char *key)
{
	return read_number(group, name, key);
}

long tc_read_root(const char *name, const char *key)
{
	return read_number(root, name, key);
}
