// SPDX-License-Identifier: GPL-2.0-only
/*
 * A busy guest: processes that come and go and touch memory, as a compiler's do; wake-ups and TLB
 * flushes between CPUs, which are IPIs; timers.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define PAGE		4096
#define PROCESSES	40
#define TOUCHED		1048576
#define ROUNDS		500
#define SLEEPS		50
#define SLEEP_NS	2000000

static long nr_cpus;

static void run_on(long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % nr_cpus, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Writes a number to each page, and reads all of them back. */
static int touch_memory(unsigned int seed)
{
	unsigned int *memory = mmap(NULL, TOUCHED, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i, step = PAGE / sizeof(*memory);
	int wrong = 0;

	if (memory == MAP_FAILED)
		return 1;
	for (i = 0; i < TOUCHED / sizeof(*memory); i += step)
		memory[i] = seed + i;
	for (i = 0; i < TOUCHED / sizeof(*memory); i += step)
		wrong |= memory[i] != seed + i || memory[i + 1];
	munmap(memory, TOUCHED);
	return wrong;
}

/* As many processes at a time as there are CPUs */
static int come_and_go(void)
{
	int started = 0, ended, status, wrong = 0;

	for (ended = 0; ended < PROCESSES; ended++) {
		while (started < PROCESSES && started - ended < nr_cpus) {
			if (!fork())
				_exit(touch_memory(started));
			started++;
		}
		wrong |= wait(&status) < 0 || status;
	}
	return wrong;
}

/* One byte goes to and fro, between processes on two CPUs. */
static int wake_each_other(void)
{
	int there[2], back[2], i, wrong = 0, status;
	char byte = 0;

	if (pipe(there) || pipe(back))
		return 1;
	if (!fork()) {
		run_on(1);
		close(there[1]);
		while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
			;
		_exit(0);
	}
	run_on(0);
	for (i = 0; i < ROUNDS && !wrong; i++)
		wrong = write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1;
	close(there[1]);
	return wrong | (wait(&status) < 0) | status;
}

static void *spin(void *end)
{
	run_on(1);
	while (!__atomic_load_n((int *)end, __ATOMIC_RELAXED))
		;
	return NULL;
}

/* Another thread on another CPU has the translation that is taken away. */
static int flush_each_other(void)
{
	int end = 0;
	pthread_t thread;
	char *page;
	int i;

	if (pthread_create(&thread, NULL, spin, &end))
		return 1;
	run_on(0);
	for (i = 0; i < ROUNDS; i++) {
		page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (page == MAP_FAILED)
			break;
		*page = 1;
		munmap(page, PAGE);
	}
	__atomic_store_n(&end, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	return i < ROUNDS;
}

/* No timer is early. */
static int sleep_often(void)
{
	const struct timespec nap = { .tv_nsec = SLEEP_NS };
	struct timespec from, to;
	int i, early = 0;

	for (i = 0; i < SLEEPS; i++) {
		clock_gettime(CLOCK_MONOTONIC, &from);
		nanosleep(&nap, NULL);
		clock_gettime(CLOCK_MONOTONIC, &to);
		early |= (to.tv_sec - from.tv_sec) * 1000000000L + to.tv_nsec - from.tv_nsec < SLEEP_NS;
	}
	return early;
}

static const struct {
	const char *name;
	int (*run)(void);
} loads[] = {
	{ "processes", come_and_go },
	{ "wake-ups", wake_each_other },
	{ "flushes", flush_each_other },
	{ "timers", sleep_often },
};

int run_load(void)
{
	unsigned int i;
	int wrong, any = 0;

	nr_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	for (i = 0; i < ARRAY_SIZE(loads); i++) {
		wrong = loads[i].run();
		printf("td load %s %s\n", loads[i].name, wrong ? "wrong" : "right");
		any |= wrong;
	}
	return any;
}
