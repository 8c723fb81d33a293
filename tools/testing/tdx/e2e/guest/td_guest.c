// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM that boots Linux in a TD: the harness puts it into /td, with its arguments in files.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define MAX_ARGS	32
#define MAX_ARG		2048

/* One argument a line */
static int read_arguments(const char *run, char *argv[], char lines[][MAX_ARG])
{
	char path[64];
	FILE *file;
	int nr = 0;

	snprintf(path, sizeof(path), "/td/arguments-%s", run);
	file = fopen(path, "r");

	while (file && nr < MAX_ARGS && fgets(lines[nr], MAX_ARG, file)) {
		lines[nr][strcspn(lines[nr], "\n")] = '\0';
		argv[nr + 1] = lines[nr];
		nr++;
	}
	if (file)
		fclose(file);
	return nr;
}

static pid_t start(const char *run, int input, int output)
{
	static char lines[MAX_ARGS][MAX_ARG];
	char *argv[MAX_ARGS + 2] = { "/td/tdx-vmm" };
	pid_t pid = fork();

	if (pid)
		return pid;
	read_arguments(run, argv, lines);
	dup2(input, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	execv(argv[0], argv);
	_exit(127);
}

/* Reports the exit status of the VMM, and the memory that is free after it. */
static void wait_for(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	report("td_guest", "%d",
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	write_text("/proc/sys/vm/drop_caches", "3");
	report("free_kb", "%lu", number_of("/proc/meminfo", "MemFree:"));
}

/*
 * RUN: starts the VMM with the arguments in /td/arguments-RUN.  Reports what the VMM and its guest
 * print.
 */
void run_td_guest(const char *arg)
{
	int output[2];
	pid_t pid;

	if (pipe(output))
		return;
	pid = start(arg, STDIN_FILENO, output[1]);
	close(output[1]);
	report_output(output[0]);
	wait_for(pid);
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
