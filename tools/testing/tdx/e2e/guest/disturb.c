// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other events while the TDX module is initialized.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"
#include "kvm_numbers.h"

pid_t start_creator(void)
{
	pid_t pid = fork();

	if (!pid) {
		int kvm = open("/dev/kvm", O_RDWR);

		_exit(error_of(ioctl(kvm, KVM_CREATE_VM, VM_TYPE_TDX)));
	}
	return pid;
}

int set_online(int cpu, char online)
{
	char path[64], text[] = { online, '\0' };

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	return write_text(path, text);
}

/*
 * Takes the CPUs of @arg, a list with slashes in between, offline and online
 * again, one after the other, until the creator has exited.
 */
void create_td_while_cpu_toggles(const char *arg)
{
	int status, cpu, rounds = 0, errors = 0;
	pid_t pid = start_creator();
	const char *next = arg;

	do {
		cpu = atoi(next);
		errors += set_online(cpu, '0') != 0;
		errors += set_online(cpu, '1') != 0;
		rounds++;
		next = strchr(next, '/');
		next = next ? next + 1 : arg;
	} while (!waitpid(pid, &status, WNOHANG));
	report("creator", "%d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	report("rounds", "%d", rounds);
	report("toggle_errors", "%d", errors);
	create_td("");
}
