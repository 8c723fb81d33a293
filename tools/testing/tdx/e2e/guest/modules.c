// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernels that have KVM as modules: those of the initramfs, in order of their loading.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"

static int open_module(int number)
{
	char path[32];

	snprintf(path, sizeof(path), "/modules/%d.ko", number);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* PARAMETERS of the last one, kvm_intel. */
void load_modules(const char *arg)
{
	int i, fd, next;

	report("cpus", "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	for (i = 0, fd = open_module(0); fd >= 0; i++, fd = next) {
		next = open_module(i + 1);
		report("module", "%d %d", i,
		       error_of(syscall(SYS_finit_module, fd, next < 0 ? arg : "", 0)));
		close(fd);
	}
}

/* Up to the first that is in use. */
void unload_modules(const char *arg)
{
	static const char * const names[] = { "kvm_intel", "kvm", "irqbypass" };
	int i, error = 0;

	for (i = 0; !error && i < 3; i++) {
		error = error_of(syscall(SYS_delete_module, names[i], O_NONBLOCK));
		report("unload", "%s %d", names[i], error);
	}
}
