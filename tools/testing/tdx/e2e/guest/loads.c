// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads that cause no traps, to measure the overhead of a hypervisor.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

/* Number of slices: a slice is so short that most contain no timer tick. */
#define SLICES		4096
#define CALLS		20
#define WORDS		400
#define PAGE		4096
#define WORKING_SET	256

static void make_system_calls(void)
{
	int i;

	for (i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
}

/* One page fault for each slice. */
static void take_page_fault(void)
{
	static char *next;

	if (!next) {
		next = mmap(NULL, SLICES * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		madvise(next, SLICES * PAGE, MADV_NOHUGEPAGE);
	}
	*next = 1;
	next += PAGE;
}

static char *map_pages(unsigned long count, int fd)
{
	char *pages = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE,
			   fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE, fd, 0);

	if (pages == MAP_FAILED) {
		report("loads_failed", "%d", error_of(-1));
		exit(1);
	}
	madvise(pages, count * PAGE, MADV_NOHUGEPAGE);
	return pages;
}

/* Accesses pages that stay mapped: a program expects them to remain in the TLB. */
static void touch_working_set(void)
{
	static char *pages;
	int i;

	if (!pages)
		pages = map_pages(WORKING_SET, -1);
	for (i = 0; i < WORKING_SET; i++)
		__atomic_fetch_add(&pages[i * PAGE], 1, __ATOMIC_RELAXED);
}

/* Each of the following loads causes an INVLPG. */
static void unmap_page(void)
{
	char *page = map_pages(1, -1);

	*page = 1;
	munmap(page, PAGE);
	touch_working_set();
}

static void protect_page(void)
{
	static char *page;

	if (!page)
		page = map_pages(1, -1);
	*page = 1;
	mprotect(page, PAGE, PROT_READ);
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	touch_working_set();
}

static void copy_page_on_write(void)
{
	static char *page;
	char was;

	if (!page) {
		int fd = memfd_create("page", 0);

		was = 1;
		if (write(fd, &was, 1) == 1)
			page = map_pages(1, fd);
	}
	/* Atomic, because the compiler would remove the access otherwise. */
	was = __atomic_load_n(page, __ATOMIC_RELAXED);
	__atomic_store_n(page, was, __ATOMIC_RELAXED);
	madvise(page, PAGE, MADV_DONTNEED);
	touch_working_set();
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(char * const *)a, *(char * const *)b);
}

/* The main work of compilers: short strings are allocated, compared and looked up. */
static void work_like_a_compiler(void)
{
	static char *words[WORDS];
	static uint64_t state = 1;
	int i;

	for (i = 0; i < WORDS; i++) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		words[i] = malloc(8 + (state >> 60));
		snprintf(words[i], 8, "%x", (unsigned int)(state >> 40));
	}
	qsort(words, WORDS, sizeof(words[0]), compare_words);
	for (i = 0; i < WORDS; i++)
		free(words[i]);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static int compare_times(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The median slice contains no tick; the mean includes the cost of ticks. */
static void measure(const char *name, void (*load)(void))
{
	static uint64_t times[SLICES];
	uint64_t start, sum = 0;
	int i;

	for (i = 0; i < SLICES; i++) {
		start = now_ns();
		load();
		times[i] = now_ns() - start;
		sum += times[i];
	}
	qsort(times, SLICES, sizeof(times[0]), compare_times);
	report(name, "%llu %llu", (unsigned long long)times[SLICES / 2],
	       (unsigned long long)sum / SLICES);
}

void run_loads(const char *arg)
{
	measure("system_calls_ns", make_system_calls);
	measure("page_faults_ns", take_page_fault);
	measure("compiling_ns", work_like_a_compiler);
	measure("munmap_ns", unmap_page);
	measure("mprotect_ns", protect_page);
	measure("copies_ns", copy_page_on_write);
}
