// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMMs that boot Linux in a TD: the harness puts their command lines into files in /td.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define MAX_ARGS	64
#define MAX_ARG		2048
#define MAX_PROCESSES	64
#define LOAD		0x400000
#define PAGE		4096

/* One argument a line, the first is the program. */
static void read_command(const char *run, char *argv[], char lines[][MAX_ARG])
{
	char path[64];
	FILE *file;
	int nr = 0;

	snprintf(path, sizeof(path), "/td/command-%s", run);
	file = fopen(path, "r");

	while (file && nr < MAX_ARGS && fgets(lines[nr], MAX_ARG, file)) {
		lines[nr][strcspn(lines[nr], "\n")] = '\0';
		argv[nr] = lines[nr];
		nr++;
	}
	if (file)
		fclose(file);
}

static pid_t start(const char *run, int input, int output)
{
	static char lines[MAX_ARGS][MAX_ARG];
	char *argv[MAX_ARGS + 1] = { "" };
	pid_t pid = fork();

	if (pid)
		return pid;
	read_command(run, argv, lines);
	dup2(input, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	execv(argv[0], argv);
	_exit(127);
}

static void report_free_memory(void)
{
	write_text("/proc/sys/vm/drop_caches", "3");
	report("free_kb", "%lu", free_memory_kb());
}

/* Reports the memory that is free, and what the other memory is used for. */
void report_memory(const char *arg)
{
	report_free_memory();
	report_file("meminfo", "/proc/meminfo");
}

/* Reports the exit status of the VMM, and the memory that is free after it. */
static void wait_for(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	report("td_guest", "%d",
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	report_free_memory();
}

/*
 * RUN: starts the VMM with the command line in /td/command-RUN.  Reports what the VMM and its
 * guest print.
 */
void run_td_guest(const char *arg)
{
	int output[2];
	pid_t pid;

	if (pipe(output))
		return;
	pid = start(arg, STDIN_FILENO, output[1]);
	close(output[1]);
	report_lines("output", fdopen(output[0], "r"));
	wait_for(pid);
}

/* Maps memory, writes to it and gives it back, without end. */
static void load_cpu(const char *arg)
{
	char *pages;
	int i;

	for (;;) {
		pages = mmap(NULL, LOAD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		for (i = 0; pages != MAP_FAILED && i < LOAD; i += PAGE)
			pages[i] = i;
		munmap(pages, LOAD);
	}
}

/* Each calls @run with its number. */
static void start_processes(pid_t *pids, int nr, void (*run)(const char *arg))
{
	char number[16];
	int i;

	for (i = 0; i < nr; i++) {
		snprintf(number, sizeof(number), "%d", i);
		pids[i] = fork();
		if (!pids[i]) {
			run(number);
			_exit(0);
		}
	}
}

/* The runs 0 to @arg - 1 at once, while the host's CPUs have other things to do, too. */
void run_td_guests(const char *arg)
{
	int i, nr = atoi(arg), nr_loads = sysconf(_SC_NPROCESSORS_ONLN);
	pid_t guests[MAX_PROCESSES], loads[MAX_PROCESSES];

	start_processes(loads, nr_loads, load_cpu);
	start_processes(guests, nr, run_td_guest);
	for (i = 0; i < nr; i++)
		waitpid(guests[i], NULL, 0);
	for (i = 0; i < nr_loads; i++) {
		kill(loads[i], SIGKILL);
		waitpid(loads[i], NULL, 0);
	}
}

/* The VMM and its guest use a terminal.  There is one run. */
void run_td_console(const char *arg)
{
	int terminal = open(arg, O_RDWR | O_NOCTTY);
	pid_t pid;

	if (terminal < 0)
		return;
	pid = start("0", terminal, terminal);
	wait_for(pid);
	close(terminal);
}
