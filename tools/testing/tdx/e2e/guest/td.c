// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creating TDs.
 */
#include <errno.h>
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

static int vm_command(int vm, struct tdx_cmd *cmd)
{
	return error_of(ioctl(vm, MEMORY_ENCRYPT_OP, cmd));
}

static void report_capabilities(int vm)
{
	static struct tdx_capabilities caps;
	struct tdx_cmd cmd = { .id = CMD_CAPABILITIES, .data = (uintptr_t)&caps };
	uint32_t i;

	report("capabilities_no_room", "%d", vm_command(vm, &cmd));

	caps.nent = ARRAY_SIZE(caps.entries);
	report("capabilities", "%d", vm_command(vm, &cmd));
	report("capabilities_nent", "%u", caps.nent);
	report("capabilities_attrs", "0x%llx", (unsigned long long)caps.supported_attrs);
	report("capabilities_xfam", "0x%llx", (unsigned long long)caps.supported_xfam);
	for (i = 0; i < caps.nent && i < ARRAY_SIZE(caps.entries); i++)
		report("capabilities_cpuid", "0x%x 0x%x %u 0x%x 0x%x 0x%x 0x%x",
		       caps.entries[i].function, caps.entries[i].index, caps.entries[i].flags,
		       caps.entries[i].eax, caps.entries[i].ebx, caps.entries[i].ecx,
		       caps.entries[i].edx);

	/* The exact number of entries, and one less. */
	report("capabilities_exact", "%d", vm_command(vm, &cmd));
	caps.nent--;
	report("capabilities_one_less", "%d", vm_command(vm, &cmd));
	report("capabilities_nent_again", "%u", caps.nent);

	cmd.data = 8;	/* not mapped */
	report("capabilities_bad_pointer", "%d", vm_command(vm, &cmd));
	cmd.data = (uintptr_t)&caps;
	cmd.flags = 1;
	report("capabilities_bad_flags", "%d", vm_command(vm, &cmd));
	cmd.flags = 0;
	cmd.hw_error = 1;
	report("capabilities_bad_hw_error", "%d", vm_command(vm, &cmd));
}

static void report_commands_without_parameters(int vm)
{
	uint32_t id;

	for (id = CMD_INIT_VM; id <= CMD_GET_CPUID + 1; id++) {
		struct tdx_cmd cmd = { .id = id };

		report("command", "%u %d", id, vm_command(vm, &cmd));
	}
}

void create_td(const char *arg)
{
	int kvm = open("/dev/kvm", O_RDWR), vm;

	report("open_kvm", "%d", error_of(kvm));
	report("vm_types_before", "0x%x", ioctl(kvm, KVM_CHECK_EXTENSION, CAP_VM_TYPES));
	vm = ioctl(kvm, KVM_CREATE_VM, VM_TYPE_TDX);
	report("create_td", "%d", error_of(vm));
	report("vm_types_after", "0x%x", ioctl(kvm, KVM_CHECK_EXTENSION, CAP_VM_TYPES));
	report("create_unknown_type", "%d", error_of(ioctl(kvm, KVM_CREATE_VM, 77)));
	if (vm < 0) {
		vm = ioctl(kvm, KVM_CREATE_VM, VM_TYPE_TDX);
		report("create_td_again", "%d", error_of(vm));
		return;
	}

	report_capabilities(vm);
	report_commands_without_parameters(vm);
	report("create_vcpu", "%d", error_of(ioctl(vm, KVM_CREATE_VCPU, 0)));
	close(vm);
	vm = ioctl(kvm, KVM_CREATE_VM, VM_TYPE_TDX);
	report("create_td_again", "%d", error_of(vm));
	close(vm);
	close(kvm);
}

/* Forks a process that waits for the start, creates a TD and exits with the errno. */
static pid_t start_waiting_creator(const int start[2])
{
	pid_t pid = fork();
	int kvm, vm;
	char byte;

	if (pid)
		return pid;
	close(start[1]);
	kvm = open("/dev/kvm", O_RDWR);
	if (read(start[0], &byte, 1) < 0)
		_exit(255);
	vm = ioctl(kvm, KVM_CREATE_VM, VM_TYPE_TDX);
	_exit(error_of(vm));
}

void create_tds_at_once(const char *arg)
{
	int i, status, start[2], nr = atoi(arg);

	if (pipe(start))
		return;
	for (i = 0; i < nr; i++)
		start_waiting_creator(start);
	/* All of them get the EOF at the same time. */
	close(start[1]);
	for (i = 0; i < nr; i++) {
		wait(&status);
		report("creator", "%d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	}
}
