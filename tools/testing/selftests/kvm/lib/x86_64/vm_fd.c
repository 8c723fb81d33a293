// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMs and vCPUs as file descriptors, for tests that look at the errno of each ioctl.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "kvm_util.h"
#include "vm_fd.h"

static int dev_kvm(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open_kvm_dev_path_or_exit();
	return fd;
}

int fd_create_vm(unsigned long type)
{
	return ioctl(dev_kvm(), KVM_CREATE_VM, type);
}

size_t fd_vcpu_mmap_size(void)
{
	return ioctl(dev_kvm(), KVM_GET_VCPU_MMAP_SIZE, 0);
}

int fd_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? errno : 0;
}

int fd_check_cap(int vm, long cap)
{
	return ioctl(vm, KVM_CHECK_EXTENSION, cap);
}
