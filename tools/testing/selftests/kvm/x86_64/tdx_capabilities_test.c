// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test KVM_TDX_CAPABILITIES, and capabilities that differ for a TD.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "tdx.h"

#define SEPT_VE_DISABLE		BIT_ULL(28)
#define HLE_RTM			(BIT(4) | BIT(11))	/* leaf 7, EBX */
#define SETUP_EVENT_NOTIFY	BIT_ULL(1)
#define WAITPKG			BIT(5)		/* leaf 7, ECX */

static void test_contents(const struct kvm_tdx_capabilities *caps)
{
	const struct kvm_cpuid_entry2 *entry;
	bool has_widths = false;
	unsigned int i;

	TEST_ASSERT(caps->supported_attrs == SEPT_VE_DISABLE, "attributes 0x%llx",
		    caps->supported_attrs);
	TEST_ASSERT((caps->supported_xfam & 3) == 3, "xfam 0x%llx", caps->supported_xfam);
	TEST_ASSERT(!caps->kernel_tdvmcallinfo_1_r11 && !caps->kernel_tdvmcallinfo_1_r12,
		    "KVM reports TDVMCALLs that it does not support");
	TEST_ASSERT(caps->user_tdvmcallinfo_1_r11 == SETUP_EVENT_NOTIFY &&
		    !caps->user_tdvmcallinfo_1_r12, "TDVMCALLs of user space: 0x%llx 0x%llx",
		    caps->user_tdvmcallinfo_1_r11, caps->user_tdvmcallinfo_1_r12);
	for (i = 0; i < ARRAY_SIZE(caps->reserved); i++)
		TEST_ASSERT(!caps->reserved[i], "reserved[%u] is set", i);

	for (i = 0; i < caps->cpuid.nent; i++) {
		entry = &caps->cpuid.entries[i];
		if (entry->function == TDX_ADDRESS_WIDTHS_LEAF) {
			TEST_ASSERT((entry->eax >> 16 & 0xff) == 0xff, "eax 0x%x", entry->eax);
			has_widths = true;
		}
		if (entry->function == 7 && !entry->index)
			TEST_ASSERT(!(entry->ebx & HLE_RTM) && !(entry->ecx & WAITPKG),
				    "HLE, RTM or WAITPKG can be configured");
		TEST_ASSERT(entry->index != -1u, "leaf 0x%x", entry->function);
	}
	TEST_ASSERT(has_widths, "leaf 0x%x cannot be configured", TDX_ADDRESS_WIDTHS_LEAF);
}

static void test_room(int vm, struct kvm_tdx_capabilities *caps)
{
	unsigned int nent = caps->cpuid.nent;

	TEST_ERRNO(tdx_command(vm, KVM_TDX_CAPABILITIES, 0, caps), 0);

	caps->cpuid.nent = nent - 1;
	TEST_ERRNO(tdx_command(vm, KVM_TDX_CAPABILITIES, 0, caps), E2BIG);
	TEST_ASSERT(caps->cpuid.nent == nent - 1, "nent changed to %u", caps->cpuid.nent);
	caps->cpuid.nent = 0;
	TEST_ERRNO(tdx_command(vm, KVM_TDX_CAPABILITIES, 0, caps), E2BIG);
	caps->cpuid.nent = nent;
}

static void test_errors(int vm, struct kvm_tdx_capabilities *caps)
{
	tdx_test_command_errors(vm, KVM_TDX_CAPABILITIES, caps);
	TEST_ERRNO(fd_ioctl(vm, KVM_MEMORY_ENCRYPT_OP, NULL), EFAULT);
}

static void test_extensions(int vm)
{
	TEST_ASSERT(fd_check_cap(vm, KVM_CAP_VM_TYPES) & 1 << KVM_X86_TDX_VM, "no type 5");
	TEST_ASSERT(!fd_check_cap(vm, KVM_CAP_READONLY_MEM), "memory can be read-only");
	TEST_ASSERT(!fd_check_cap(vm, KVM_CAP_X86_SMM), "there is SMM");
	TEST_ASSERT(!fd_check_cap(vm, KVM_CAP_SYNC_REGS), "registers can be copied");
	TEST_ASSERT(fd_check_cap(vm, KVM_CAP_MAX_VCPUS) <= sysconf(_SC_NPROCESSORS_CONF),
		    "more vCPUs than CPUs");
}

/* Ordinary VMs do not support the commands. */
static void test_ordinary_vm(void)
{
	struct kvm_vm *vm = vm_create_barebones();

	TEST_ERRNO(tdx_command(vm->fd, KVM_TDX_CAPABILITIES, 0, NULL), ENOTTY);
	kvm_vm_free(vm);
}

int main(int argc, char *argv[])
{
	struct kvm_tdx_capabilities *caps;
	int vm;

	tdx_require();
	vm = tdx_create_vm();
	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM failed: %s", strerror(errno));
	caps = tdx_get_capabilities(vm);

	test_contents(caps);
	test_room(vm, caps);
	test_errors(vm, caps);
	test_extensions(vm);
	test_ordinary_vm();

	free(caps);
	close(vm);
	return 0;
}
