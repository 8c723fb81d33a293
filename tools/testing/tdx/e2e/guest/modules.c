// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads the modules of the initramfs, in order, for kernels that have KVM as a
 * module.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"

void load_modules(const char *arg)
{
	char path[32];
	int i, fd;

	report("cpus", "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	for (i = 0;; i++) {
		snprintf(path, sizeof(path), "/modules/%d.ko", i);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			break;
		report("module", "%d %d", i, error_of(syscall(SYS_finit_module, fd, "", 0)));
		close(fd);
	}
	ordinary_vm("");
}
