// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test which memory a guest_memfd gets: of the node of the caller's policy, counted, in whole huge
 * pages even if several files grow at the same time, and where it does not have to move.
 */
#define _GNU_SOURCE /* for sched_setaffinity(), fallocate() */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "private_mem.h"
#include "private_mem_poison.h"

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
	TEST_ERRNO(fallocate(gmem, FALLOC_FL_KEEP_SIZE, 0, SIZE) ? errno : 0, 0);
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

static int add_file(int vm, uint32_t slot, uint64_t gpa)
{
	const int gmem = pm_create_gmem(vm, SIZE, 0);

	TEST_ERRNO(pm_set_gmem_slot(vm, slot, gpa, SIZE, pm_alloc(SIZE), gmem, 0), 0);
	TEST_ERRNO(pm_set_attributes(vm, gpa, SIZE, KVM_MEMORY_ATTRIBUTE_PRIVATE), 0);
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

	with = pm_free_huge_kb();
	TEST_ERRNO(fallocate(gone, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, SIZE) ? errno : 0,
		   0);
	more = pm_free_huge_kb() - with;
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

/* Allocates every other page, so that compaction would move them. */
static void allocate_in_pieces(int gmem)
{
	uint64_t offset;

	for (offset = 0; offset < SIZE; offset += 2 * PM_PAGE)
		TEST_ERRNO(fallocate(gmem, FALLOC_FL_KEEP_SIZE, offset, PM_PAGE) ? errno : 0, 0);
	ASSERT_EQ(allocated_kb(gmem), SIZE_KB / 2);
}

/* Reads the page frames of memory of this process. */
static uint64_t *read_frames(const void *memory)
{
	const size_t size = SIZE / PM_PAGE * sizeof(uint64_t);
	uint64_t *frames = malloc(size);
	int fd = open("/proc/self/pagemap", O_RDONLY);

	TEST_ASSERT(fd >= 0 && frames &&
		    pread(fd, frames, size, (uintptr_t)memory / PM_PAGE * sizeof(*frames)) ==
		    (ssize_t)size, "pagemap: %s", strerror(errno));
	close(fd);
	return frames;
}

static void compact_memory(void)
{
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY);

	TEST_ASSERT(fd >= 0 && write(fd, "1", 1) == 1, "compact_memory: %s", strerror(errno));
	close(fd);
}

/* Compacts memory.  Asserts that other memory in pieces was moved. */
static void compact_with_others(void)
{
	uint8_t *memory = pm_alloc(SIZE);
	uint64_t *before, *after;
	size_t page, moved = 0;

	madvise(memory, SIZE, MADV_NOHUGEPAGE);
	memset(memory, 1, SIZE);
	for (page = 0; page < SIZE / PM_PAGE; page += 2)
		madvise(memory + page * PM_PAGE, PM_PAGE, MADV_DONTNEED);
	before = read_frames(memory);
	compact_memory();
	after = read_frames(memory);
	for (page = 1; page < SIZE / PM_PAGE; page += 2)
		moved += before[page] != after[page];
	pr_info("%zu pages of the process were moved\n", moved);
	TEST_ASSERT(moved, "memory was not compacted");
	free(before);
	free(after);
	munmap(memory, SIZE);
}

/* Pages that have become private memory, and are so now. */
static size_t count_new(const struct pp_pages *before, const struct pp_pages *with,
			const struct pp_pages *now)
{
	size_t pfn, nr = 0;

	for (pfn = 0; pfn < with->nr; pfn++) {
		nr += !pp_is_private(before, pfn) && pp_is_private(with, pfn) &&
		      pp_is_private(now, pfn);
	}
	return nr;
}

/* Nobody could tell the guest, or whoever protects it, that a page is elsewhere now. */
static void test_compaction(int vm)
{
	const int gmem = pm_create_gmem(vm, SIZE, 0);
	struct pp_pages before, with, after;
	size_t nr, nr_after;

	before = pp_read_pages();
	allocate_in_pieces(gmem);
	with = pp_read_pages();
	compact_with_others();
	after = pp_read_pages();

	nr = count_new(&before, &with, &with);
	/* CPUs mark the last ones as unevictable later. */
	TEST_ASSERT(nr >= SIZE / PM_PAGE / 2 - PP_PAGES, "only %zu pages were found", nr);
	nr_after = count_new(&before, &with, &after);
	TEST_ASSERT(nr_after == nr, "%zu of %zu pages are elsewhere", nr - nr_after, nr);
	free(before.flags);
	free(with.flags);
	free(after.flags);
	close(gmem);
}

/* Pages of the zones that have only memory that can be moved. */
static long count_movable(const char *format)
{
	FILE *file = fopen("/proc/zoneinfo", "r");
	bool is_movable = false;
	char line[256];
	long nr, sum = 0;

	TEST_ASSERT(file, "/proc/zoneinfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "Node", 4))
			is_movable = strstr(line, "Movable");
		else if (is_movable && sscanf(line, format, &nr) == 1)
			sum += nr;
	}
	fclose(file);
	return sum;
}

/* Memory there could not be unplugged otherwise. */
static void test_movable_zone(int vm)
{
	const int gmem = pm_create_gmem(vm, SIZE, 0);
	long before = count_movable(" nr_zone_unevictable %ld"), more;

	allocate_in_pieces(gmem);
	more = (count_movable(" nr_zone_unevictable %ld") - before) * (long)PM_PAGE / 1024;
	TEST_ASSERT(more <= NOISE_KB, "%ld KB are where memory has to be movable", more);
	pr_info("%ld pages are movable\n", count_movable(" present %ld"));
	close(gmem);
}

int main(void)
{
	int vm;

	pm_require();
	vm = fd_create_vm(KVM_X86_SW_PROTECTED_VM);
	test_nodes(vm);
	test_fragmentation(vm);
	test_compaction(vm);
	test_movable_zone(vm);
	close(vm);
	return 0;
}
