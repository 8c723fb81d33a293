// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads that give a hypervisor nothing to do: what it costs nevertheless.
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

#define PAGES	2048
#define WORDS	20000

static void make_system_calls(void)
{
	int i;

	for (i = 0; i < 400000; i++)
		syscall(SYS_getppid);
}

static void take_page_faults(void)
{
	int i, page;

	for (i = 0; i < 20; i++) {
		char *memory = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		for (page = 0; memory != MAP_FAILED && page < PAGES; page++)
			memory[page * 4096] = page;
		munmap(memory, PAGES * 4096);
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char * const *)a, *(char * const *)b);
}

/* What compilers do most: small pieces of text, allocated, compared and looked up. */
static void work_like_a_compiler(void)
{
	static char *words[WORDS];
	uint64_t state = 1;
	int i, round;

	for (round = 0; round < 6; round++) {
		for (i = 0; i < WORDS; i++) {
			state = state * 6364136223846793005ULL + 1442695040888963407ULL;
			words[i] = malloc(8 + (state >> 60));
			snprintf(words[i], 8, "%x", (unsigned int)(state >> 40));
		}
		qsort(words, WORDS, sizeof(words[0]), compare);
		for (i = 0; i < WORDS; i++)
			free(words[i]);
	}
}

static void measure(const char *name, void (*load)(void))
{
	struct timespec start, end;

	clock_gettime(CLOCK_MONOTONIC, &start);
	load();
	clock_gettime(CLOCK_MONOTONIC, &end);
	report(name, "%lld", (end.tv_sec - start.tv_sec) * 1000000LL +
			     (end.tv_nsec - start.tv_nsec) / 1000);
}

void run_loads(const char *arg)
{
	measure("system_calls_us", make_system_calls);
	measure("page_faults_us", take_page_faults);
	measure("compiling_us", work_like_a_compiler);
}
