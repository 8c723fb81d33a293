// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test vCPUs of a TD: KVM_CREATE_VCPU, KVM_TDX_INIT_VCPU, KVM_TDX_GET_CPUID and KVM_RUN.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "tdx.h"

#define X2APIC			BIT(21)	/* leaf 1, ECX */
#define IOAPIC_PINS		24

static int create_vcpu_errno(int vm, unsigned long id)
{
	return tdx_create_vcpu(vm, id) < 0 ? errno : 0;
}

static void test_create(void)
{
	struct kvm_tdx_init_vm *params = tdx_default_params();
	int vm = tdx_create_vm(), max, vcpu;

	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM failed: %s", strerror(errno));
	TEST_ERRNO(create_vcpu_errno(vm, 0), EIO);
	TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_SPLIT_IRQCHIP, IOAPIC_PINS), 0);
	TEST_ERRNO(create_vcpu_errno(vm, 0), EIO);
	TEST_ERRNO(tdx_init_vm(vm, params), 0);

	max = fd_check_cap(vm, KVM_CAP_MAX_VCPUS);
	vcpu = tdx_create_vcpu(vm, 0);
	TEST_ASSERT(vcpu >= 0, "KVM_CREATE_VCPU failed: %s", strerror(errno));
	TEST_ERRNO(create_vcpu_errno(vm, -1ul), EINVAL);
	if (max > 1)
		TEST_ERRNO(create_vcpu_errno(vm, 0), EEXIST);
	else
		TEST_ERRNO(create_vcpu_errno(vm, 1), EINVAL);

	/* There are vCPUs. */
	TEST_ERRNO(tdx_command(vm, KVM_TDX_INIT_VM, 0, params), EINVAL);
	close(vcpu);
	close(vm);
	free(params);
}

static void test_create_without_irqchip(void)
{
	struct kvm_tdx_init_vm *params = tdx_default_params();
	int vm = tdx_create_vm();

	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM failed: %s", strerror(errno));
	TEST_ERRNO(tdx_init_vm(vm, params), 0);
	TEST_ERRNO(create_vcpu_errno(vm, 0), EINVAL);
	close(vm);
	free(params);
}

static void test_most_vcpus(void)
{
	int i, vm, max, *vcpus;

	vm = tdx_create_td(NULL, 0);
	max = fd_check_cap(vm, KVM_CAP_MAX_VCPUS);
	vcpus = calloc(max, sizeof(*vcpus));
	for (i = 0; i < max; i++) {
		vcpus[i] = tdx_create_vcpu(vm, i);
		TEST_ASSERT(vcpus[i] >= 0, "vCPU %d of %d: %s", i, max, strerror(errno));
		TEST_ERRNO(tdx_init_vcpu(vcpus[i]), 0);
	}
	TEST_ERRNO(create_vcpu_errno(vm, max), EINVAL);
	tdx_close_td(vm, vcpus, max);
	free(vcpus);
}

/* Not all kernels with TDs support KVM_CAP_MAX_VCPUS. */
static void test_fewer_vcpus(void)
{
	struct kvm_tdx_init_vm *params = tdx_default_params();
	int vm = tdx_create_vm(), vcpu;

	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM failed: %s", strerror(errno));
	if (!tdx_enable_cap(vm, KVM_CAP_MAX_VCPUS, 1)) {
		TEST_ASSERT(fd_check_cap(vm, KVM_CAP_MAX_VCPUS) == 1, "more than one vCPU");
		TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_SPLIT_IRQCHIP, IOAPIC_PINS), 0);
		TEST_ERRNO(tdx_init_vm(vm, params), 0);
		vcpu = tdx_create_vcpu(vm, 0);
		TEST_ASSERT(vcpu >= 0, "KVM_CREATE_VCPU failed: %s", strerror(errno));
		TEST_ERRNO(tdx_init_vcpu(vcpu), 0);
		TEST_ERRNO(create_vcpu_errno(vm, 1), EINVAL);
		close(vcpu);
	}
	close(vm);
	free(params);
}

static void set_cpuid_without_x2apic(int vcpu)
{
	const struct kvm_cpuid2 *supported = kvm_get_supported_cpuid();
	struct kvm_cpuid2 *cpuid = allocate_kvm_cpuid2(supported->nent);
	unsigned int i;

	cpuid->nent = supported->nent;
	for (i = 0; i < supported->nent; i++) {
		cpuid->entries[i] = supported->entries[i];
		if (cpuid->entries[i].function == 1)
			cpuid->entries[i].ecx &= ~X2APIC;
	}
	TEST_ERRNO(fd_ioctl(vcpu, KVM_SET_CPUID2, cpuid), 0);
	free(cpuid);
}

static void test_init(void)
{
	struct kvm_tdx_cmd cmd = { .id = KVM_TDX_INIT_VCPU, .hw_error = 1 };
	int vm = tdx_create_td(NULL, 0), vcpu = tdx_create_vcpu(vm, 0), bit;

	TEST_ASSERT(vcpu >= 0, "KVM_CREATE_VCPU failed: %s", strerror(errno));
	TEST_ERRNO(fd_ioctl(vcpu, KVM_MEMORY_ENCRYPT_OP, NULL), EFAULT);
	TEST_ERRNO(tdx_raw_command(vcpu, &cmd), EINVAL);

	/* A vCPU without CPUID has no x2APIC. */
	TEST_ERRNO(tdx_command(vcpu, KVM_TDX_INIT_VCPU, 0, NULL), EINVAL);
	set_cpuid_without_x2apic(vcpu);
	TEST_ERRNO(tdx_command(vcpu, KVM_TDX_INIT_VCPU, 0, NULL), EINVAL);
	TEST_ERRNO(tdx_set_default_cpuid(vcpu), 0);
	for (bit = 0; bit < 32; bit++)
		TEST_ERRNO(tdx_command(vcpu, KVM_TDX_INIT_VCPU, 1u << bit, NULL), EINVAL);
	TEST_ERRNO(tdx_command(vcpu, KVM_TDX_INIT_MEM_REGION, 0, NULL), EINVAL);

	TEST_ERRNO(tdx_command(vcpu, KVM_TDX_INIT_VCPU, 0, (void *)-1ul), 0);
	TEST_ERRNO(tdx_command(vcpu, KVM_TDX_INIT_VCPU, 0, NULL), EINVAL);
	TEST_ERRNO(tdx_command(vcpu, KVM_TDX_INIT_MEM_REGION, 2, NULL), EINVAL);

	/* Commands of the VM, and an unknown one. */
	TEST_ERRNO(tdx_command(vcpu, KVM_TDX_INIT_VM, 0, NULL), EINVAL);
	TEST_ERRNO(tdx_command(vcpu, KVM_TDX_FINALIZE_VM, 0, NULL), EINVAL);
	TEST_ERRNO(tdx_command(vcpu, KVM_TDX_CAPABILITIES, 0, NULL), EINVAL);
	TEST_ERRNO(tdx_command(vcpu, KVM_TDX_GET_CPUID + 1, 0, NULL), EINVAL);
	tdx_close_td(vm, &vcpu, 1);
}

static void test_run(void)
{
	int vcpu, vm = tdx_create_td(NULL, 0);

	vcpu = tdx_create_vcpu(vm, 0);
	TEST_ASSERT(vcpu >= 0, "KVM_CREATE_VCPU failed: %s", strerror(errno));
	TEST_ERRNO(fd_ioctl(vcpu, KVM_RUN, NULL), EINVAL);
	TEST_ERRNO(tdx_init_vcpu(vcpu), 0);
	TEST_ERRNO(fd_ioctl(vcpu, KVM_RUN, NULL), EINVAL);
	tdx_close_td(vm, &vcpu, 1);
}

static void test_cpuid_contents(const struct kvm_cpuid2 *cpuid)
{
	const struct kvm_cpuid_entry2 *entry, *other;
	unsigned int i, j;

	entry = get_cpuid_entry(cpuid, TDX_ADDRESS_WIDTHS_LEAF, 0);
	TEST_ASSERT((entry->eax >> 16 & 0xff) == tdx_gpa_width, "leaf 0x80000008: eax 0x%x",
		    entry->eax);
	entry = get_cpuid_entry(cpuid, 0, 0);
	TEST_ASSERT(entry->ebx && entry->ecx && entry->edx, "no vendor");

	for (i = 0; i < cpuid->nent; i++) {
		for (j = 0; j < i; j++) {
			entry = &cpuid->entries[i];
			other = &cpuid->entries[j];
			TEST_ASSERT(entry->function != other->function ||
				    entry->index != other->index, "leaf 0x%x.%u twice",
				    entry->function, entry->index);
		}
	}
}

static void test_get_cpuid(void)
{
	struct kvm_cpuid2 *cpuid = allocate_kvm_cpuid2(256);
	int vcpu, vm = tdx_create_td(&vcpu, 1);
	unsigned int nent;

	cpuid->nent = 0;
	TEST_ERRNO(tdx_command(vcpu, KVM_TDX_GET_CPUID, 0, cpuid), E2BIG);
	nent = cpuid->nent;
	TEST_ASSERT(nent && nent <= 256, "%u entries", nent);
	cpuid->nent = nent - 1;
	TEST_ERRNO(tdx_command(vcpu, KVM_TDX_GET_CPUID, 0, cpuid), E2BIG);
	TEST_ASSERT(cpuid->nent == nent, "%u entries, not %u", cpuid->nent, nent);
	TEST_ERRNO(tdx_command(vcpu, KVM_TDX_GET_CPUID, 0, cpuid), 0);
	cpuid->nent = 256;
	TEST_ERRNO(tdx_command(vcpu, KVM_TDX_GET_CPUID, 0, cpuid), 0);
	TEST_ASSERT(cpuid->nent == nent, "%u entries, not %u", cpuid->nent, nent);
	test_cpuid_contents(cpuid);

	TEST_ERRNO(tdx_command(vcpu, KVM_TDX_GET_CPUID, 0, NULL), EFAULT);
	tdx_close_td(vm, &vcpu, 1);
	free(cpuid);
}

int main(int argc, char *argv[])
{
	tdx_require();
	test_create();
	test_create_without_irqchip();
	test_most_vcpus();
	test_fewer_vcpus();
	test_init();
	test_run();
	for (; tdx_gpa_width <= tdx_largest_width(); tdx_gpa_width += 4) {
		test_get_cpuid();
		printf("width %u\n", tdx_gpa_width);
	}
	return 0;
}
