// SPDX-License-Identifier: GPL-2.0-only
/*
 * An ordinary VM, which has to work as without TDX.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"
#include "kvm_numbers.h"

#define GUEST_MEMORY	0x1000

static void enter_real_mode_at_0(int vcpu)
{
	struct kvm_regs regs = { .rflags = 2 };
	struct kvm_sregs sregs;

	report("get_sregs", "%d", error_of(ioctl(vcpu, KVM_GET_SREGS, &sregs)));
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	report("set_sregs", "%d", error_of(ioctl(vcpu, KVM_SET_SREGS, &sregs)));
	report("set_regs", "%d", error_of(ioctl(vcpu, KVM_SET_REGS, &regs)));
}

void ordinary_vm(const char *arg)
{
	int kvm = open("/dev/kvm", O_RDWR), vm, vcpu;
	struct kvm_userspace_memory_region slot = { .memory_size = GUEST_MEMORY };
	struct tdx_cmd cmd = { .id = CMD_CAPABILITIES };
	unsigned char *memory;
	struct kvm_run *run;
	int run_size;

	report("open_kvm", "%d", error_of(kvm));
	vm = ioctl(kvm, KVM_CREATE_VM, VM_TYPE_DEFAULT);
	report("create_vm", "%d", error_of(vm));
	report("memory_encrypt_op", "%d", error_of(ioctl(vm, MEMORY_ENCRYPT_OP, &cmd)));

	memory = mmap(NULL, GUEST_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memory[0] = 0xf4;	/* hlt */
	slot.userspace_addr = (unsigned long)memory;
	report("set_memory", "%d", error_of(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot)));

	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	report("create_vcpu", "%d", error_of(vcpu));
	if (vcpu < 0)
		return;
	run_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	enter_real_mode_at_0(vcpu);
	report("run", "%d", error_of(ioctl(vcpu, KVM_RUN, 0)));
	report("exit_reason", "%u", run->exit_reason);
	if (run->exit_reason == KVM_EXIT_FAIL_ENTRY)
		report("entry_failure", "0x%llx",
		       (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
	munmap(run, run_size);
	munmap(memory, GUEST_MEMORY);
	close(vcpu);
	close(vm);
	close(kvm);
}
