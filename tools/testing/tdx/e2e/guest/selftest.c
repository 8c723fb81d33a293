// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM's selftests, which the harness puts into /selftests.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define MAX_ARGS	16
#define MAX_PATH	256
#define MAX_LINE	512

/* Runs NAME[,ARGUMENT...]; what it prints is written to @output. */
static pid_t start(const char *arg, int output)
{
	char *words = strdup(arg), *argv[MAX_ARGS + 1] = {}, path[MAX_PATH];
	pid_t pid = fork();
	int i;

	if (pid) {
		free(words);
		return pid;
	}
	for (i = 0; words && i < MAX_ARGS; i++)
		argv[i] = strsep(&words, ",");
	snprintf(path, sizeof(path), "/selftests/%s", argv[0]);
	/* The code of a guest is loaded from this file. */
	argv[0] = path;
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	execv(path, argv);
	_exit(127);
}

/* Pages that cannot be reclaimed, as private memory: all that a selftest has have to be freed. */
static void report_unevictable_pages(void)
{
	char line[MAX_LINE];

	/* Adds up what each CPU has counted. */
	read_line("/proc/sys/vm/stat_refresh", line, sizeof(line));
	report("unevictable_pages", "%lu", number_of("/proc/vmstat", "nr_unevictable "));
}

/* NAME[,ARGUMENT...]: reports its output and its exit status, 128 + N after a signal. */
void run_selftest(const char *arg)
{
	int output[2], status = 0;
	pid_t pid;

	report_unevictable_pages();
	if (pipe(output))
		return;
	pid = start(arg, output[1]);
	close(output[1]);
	report_lines("output", fdopen(output[0], "r"));
	waitpid(pid, &status, 0);
	report("selftest", "%.*s %d", (int)strcspn(arg, ","), arg,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	report_unevictable_pages();
}

/* NAME[,ARGUMENT...]: runs until the machine ends. */
void start_selftest(const char *arg)
{
	report("start_selftest", "%d", start(arg, STDERR_FILENO) > 0 ? 0 : 1);
	sleep(1);
}
