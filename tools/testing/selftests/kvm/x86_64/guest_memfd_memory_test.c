// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test which memory a guest_memfd gets: of the node of the caller's policy, counted, and in whole
 * huge pages even if several files grow at the same time.
 */
#define _GNU_SOURCE /* for sched_setaffinity(), fallocate() */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "private_mem.h"

#define NODES		64
#define NR_HUGE		16
#define SIZE		(NR_HUGE * PM_HUGE_PAGE)
#define SIZE_KB		((long)(SIZE / 1024))

/* Other users of memory, and counters that CPUs keep for a while */
#define NOISE_KB	(SIZE_KB / 8)

/* A number of KB in a file, after a format for what is before it; -1 if there is none. */
static long read_kb(const char *path, const char *format)
{
	FILE *file = fopen(path, "r");
	char line[256];
	long kb = -1;

	while (file && kb < 0 && fgets(line, sizeof(line), file))
		sscanf(line, format, &kb);
	if (file)
		fclose(file);
	return kb;
}

static long unevictable_kb(int node)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo", node);
	return read_kb(path, "Node %*d Unevictable: %ld");
}

static long allocated_kb(int gmem)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", gmem);
	return read_kb(path, "guest_memfd-allocated: %ld");
}

static void set_policy(int mode, const unsigned long *nodes, unsigned long nr_nodes)
{
	TEST_ASSERT(!syscall(SYS_set_mempolicy, mode, nodes, nr_nodes), "set_mempolicy: %s",
		    strerror(errno));
}

static void bind_to(int node)
{
	const unsigned long nodes = 1ul << node;

	set_policy(MPOL_BIND, &nodes, NODES + 1);
}

/* Runs on a CPU of the node.  Returns false if there is none. */
static bool run_on(int node)
{
	char path[64];
	cpu_set_t cpus;
	FILE *file;
	int cpu;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/cpulist", node);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (fscanf(file, "%d", &cpu) != 1)
		cpu = -1;
	fclose(file);
	if (cpu < 0)
		return false;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	return !sched_setaffinity(0, sizeof(cpus), &cpus);
}

/* Allocates a file, whose memory has to be of a node. */
static void test_node(int vm, int expected)
{
	const int gmem = pm_create_gmem(vm, SIZE, 0);
	long before[NODES], more;
	int node;

	for (node = 0; node < NODES; node++)
		before[node] = unevictable_kb(node);
	PM_ERRNO(fallocate(gmem, FALLOC_FL_KEEP_SIZE, 0, SIZE) ? errno : 0, 0);
	ASSERT_EQ(allocated_kb(gmem), SIZE_KB);
	for (node = 0; node < NODES; node++) {
		more = unevictable_kb(node) - before[node] - (node == expected ? SIZE_KB : 0);
		TEST_ASSERT(labs(more) <= NOISE_KB, "node %d has %ld KB too much, of node %d",
			    node, more, expected);
	}
	close(gmem);
}

static void test_nodes(int vm)
{
	int node, nr_nodes = 0;

	for (node = 0; node < NODES; node++) {
		if (unevictable_kb(node) < 0)
			continue;
		nr_nodes++;
		if (run_on(node))
			test_node(vm, node);
	}
	for (node = 0; node < NODES; node++) {
		if (unevictable_kb(node) < 0)
			continue;
		bind_to(node);
		test_node(vm, node);
	}
	set_policy(MPOL_DEFAULT, NULL, 0);
	pr_info("%d nodes\n", nr_nodes);
}

/* Free memory in areas of at least a huge page. */
static long free_huge_kb(void)
{
	FILE *file = fopen("/proc/buddyinfo", "r");
	char line[256], *rest;
	long blocks, kb = 0;
	int order;

	TEST_ASSERT(file, "/proc/buddyinfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		rest = strstr(line, "zone");
		strtok(rest, " ");
		strtok(NULL, " ");
		for (order = 0; (rest = strtok(NULL, " ")); order++) {
			blocks = atol(rest);
			if (order >= 9)
				kb += blocks * ((PM_PAGE << order) / 1024);
		}
	}
	fclose(file);
	return kb;
}

static int add_file(int vm, uint32_t slot, uint64_t gpa)
{
	const int gmem = pm_create_gmem(vm, SIZE, 0);

	PM_ERRNO(pm_set_gmem_slot(vm, slot, gpa, SIZE, pm_alloc(SIZE), gmem, 0), 0);
	PM_ERRNO(pm_set_attributes(vm, gpa, SIZE, KVM_MEMORY_ATTRIBUTE_PRIVATE), 0);
	return gmem;
}

/* A guest uses pages of two files by turns; when one is gone, its memory is not in pieces. */
static void test_fragmentation(int vm)
{
	const uint64_t first = PM_GPA, second = PM_GPA + SIZE;
	const int gone = add_file(vm, 1, first), kept = add_file(vm, 2, second);
	struct pm_guest guest;
	uint64_t offset;
	long with, more;

	pm_create_guest(&guest, vm);
	for (offset = 0; offset < SIZE; offset += PM_PAGE) {
		pm_expect(&guest, first + offset, 0);
		pm_expect(&guest, second + offset, 0);
	}
	ASSERT_EQ(allocated_kb(gone), SIZE_KB);

	with = free_huge_kb();
	PM_ERRNO(fallocate(gone, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, SIZE) ? errno : 0,
		 0);
	more = free_huge_kb() - with;
	/*
	 * Nearly half of them may still be in lists of CPUs, and others may be split by now.  In
	 * pieces, nearly nothing would be free.
	 */
	TEST_ASSERT(more >= SIZE_KB / 8, "of %ld KB %ld KB are free as huge pages",
		    SIZE_KB, more);

	pm_free_guest(&guest);
	close(gone);
	close(kept);
}

int main(void)
{
	int vm;

	pm_require();
	vm = pm_create_vm(KVM_X86_SW_PROTECTED_VM);
	test_nodes(vm);
	test_fragmentation(vm);
	close(vm);
	return 0;
}
