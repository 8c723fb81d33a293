/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A cgroup for a test.
 */
#ifndef SELFTEST_KVM_TDX_CGROUP_H
#define SELFTEST_KVM_TDX_CGROUP_H

/* Skips the test if there are no cgroups with this controller; creates the test's cgroup. */
void tc_create(const char *controller);
void tc_destroy(void);

/* Runs a function as a process in the cgroup.  Returns its exit status. */
int tc_run(void (*function)(void));

/* Moves this process into the cgroup, and out of it. */
void tc_enter(void);
void tc_leave(void);

/* Writes a file of the test's cgroup, or opens it for that. */
void tc_write(const char *name, const char *text);
int tc_open(const char *name);

/*
 * The number in a file of the test's cgroup, or of the root; -1 if there is none.  With a key, the
 * one that follows it.
 */
long tc_read(const char *name, const char *key);
long tc_read_root(const char *name, const char *key);

#endif /* SELFTEST_KVM_TDX_CGROUP_H */
