// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test KVM_TDX_INIT_VM: the errno for each wrong parameter.  No resource is lost: it
 * succeeds for a VM for which it failed many times.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "tdx.h"

#define NR_REPEATED_FAILURES	200
#define HLE			BIT(4)	/* leaf 7, EBX */
#define RTM			BIT(11)
#define WAITPKG			BIT(5)	/* leaf 7, ECX */

static int vm;
static struct kvm_tdx_capabilities *caps;

static int init_vm(const struct kvm_tdx_init_vm *params)
{
	return tdx_init_vm(vm, params);
}

static void test_command(struct kvm_tdx_init_vm *params)
{
	tdx_test_command_errors(vm, KVM_TDX_INIT_VM, params);
	TEST_ERRNO(tdx_command(vm, KVM_TDX_GET_CPUID + 1, 0, params), EINVAL);

	/* Commands for later, or for vCPUs. */
	TEST_ERRNO(tdx_command(vm, KVM_TDX_FINALIZE_VM, 0, NULL), EINVAL);
	TEST_ERRNO(tdx_command(vm, KVM_TDX_INIT_VCPU, 0, NULL), EINVAL);
	TEST_ERRNO(tdx_command(vm, KVM_TDX_INIT_MEM_REGION, 0, NULL), EINVAL);
	TEST_ERRNO(tdx_command(vm, KVM_TDX_GET_CPUID, 0, NULL), EINVAL);
}

static void test_reserved(struct kvm_tdx_init_vm *params)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(params->reserved) * 64; i++) {
		params->reserved[i / 64] = 1ull << i % 64;
		TEST_ERRNO(init_vm(params), EINVAL);
		params->reserved[i / 64] = 0;
	}
	for (i = 0; i < 32; i++) {
		params->cpuid.padding = 1u << i;
		TEST_ERRNO(init_vm(params), EINVAL);
	}
	params->cpuid.padding = 0;

	params->cpuid.nent = 257;
	TEST_ERRNO(init_vm(params), E2BIG);
	params->cpuid.nent = -1;
	TEST_ERRNO(init_vm(params), E2BIG);
	params->cpuid.nent = 1;
}

static void test_bits(struct kvm_tdx_init_vm *params)
{
	int bit;

	for (bit = 0; bit < 64; bit++) {
		if (!(caps->supported_attrs & 1ull << bit)) {
			params->attributes = 1ull << bit;
			TEST_ERRNO(init_vm(params), EINVAL);
		}
		params->attributes = 0;
		if (!(caps->supported_xfam & 1ull << bit)) {
			params->xfam = 1ull << bit;
			TEST_ERRNO(init_vm(params), EINVAL);
		}
		params->xfam = 0;
	}
}

static void test_width(struct kvm_tdx_init_vm *params)
{
	unsigned int width, largest = tdx_largest_width();

	TEST_ASSERT(largest == 48 || largest == 52, "KVM_GET_SUPPORTED_CPUID says %u", largest);
	for (width = 0; width < 256; width++) {
		if (width == 48 || (width == 52 && largest == 52))
			continue;
		params->cpuid.entries[0].eax = width << 16;
		TEST_ERRNO(init_vm(params), EINVAL);
	}
	params->cpuid.entries[0].eax = 48 << 16;

	params->cpuid.nent = 0;
	TEST_ERRNO(init_vm(params), EINVAL);
	params->cpuid.nent = 1;
	params->cpuid.entries[0].function = 1;
	TEST_ERRNO(init_vm(params), EINVAL);
	params->cpuid.entries[0].function = TDX_ADDRESS_WIDTHS_LEAF;
}

static void test_cpuid(struct kvm_tdx_init_vm *params)
{
	struct kvm_cpuid_entry2 *entry = &params->cpuid.entries[1];
	const struct kvm_cpuid_entry2 leaf7 = {
		.function = 7,
		.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
	};

	params->cpuid.nent = 2;
	*entry = leaf7;
	entry->ebx = HLE;
	TEST_ERRNO(init_vm(params), EINVAL);
	entry->ebx = RTM;
	TEST_ERRNO(init_vm(params), EINVAL);
	*entry = leaf7;
	entry->ecx = WAITPKG;
	TEST_ERRNO(init_vm(params), EINVAL);

	/* Its index is not significant. */
	*entry = (struct kvm_cpuid_entry2) { .function = 7, .index = 1, .ebx = HLE | RTM };
	TEST_ERRNO(init_vm(params), EINVAL);
	*entry = (struct kvm_cpuid_entry2) { .function = 7, .index = 1, .ecx = WAITPKG };
	TEST_ERRNO(init_vm(params), EINVAL);

	/* A leaf that cannot be configured, and a leaf twice. */
	*entry = (struct kvm_cpuid_entry2) { .function = 0x40000000 };
	TEST_ERRNO(init_vm(params), EINVAL);
	*entry = params->cpuid.entries[0];
	TEST_ERRNO(init_vm(params), EINVAL);
	params->cpuid.nent = 1;
}

/* Creates and destroys a TD each time. */
static void refused_by_the_module(struct kvm_tdx_init_vm *params)
{
	struct kvm_tdx_cmd cmd = { .id = KVM_TDX_INIT_VM, .data = (uintptr_t)params };
	int ret;

	do
		ret = tdx_raw_command(vm, &cmd);
	while (ret == EAGAIN);
	TEST_ERRNO(ret, EINVAL);
	TEST_ASSERT(TDX_STATUS_CODE(cmd.hw_error) == TDX_OPERAND_INVALID, "hw_error 0x%llx",
		    cmd.hw_error);

	/* It fails again, because hw_error is not 0. */
	TEST_ERRNO(tdx_raw_command(vm, &cmd), EINVAL);
}

static void test_module(struct kvm_tdx_init_vm *params)
{
	int i;

	/* The width of virtual addresses cannot be configured. */
	params->cpuid.entries[0].eax |= 0x100;
	for (i = 0; i < NR_REPEATED_FAILURES; i++)
		refused_by_the_module(params);
	params->cpuid.entries[0].eax = 48 << 16;

	/* The minimum is 100 MHz. */
	TEST_ASSERT(!ioctl(vm, KVM_SET_TSC_KHZ, 90000ul), "KVM_SET_TSC_KHZ failed");
	refused_by_the_module(params);
	TEST_ASSERT(!ioctl(vm, KVM_SET_TSC_KHZ, 0ul), "KVM_SET_TSC_KHZ failed");
}

static void test_initialized(struct kvm_tdx_init_vm *params)
{
	params->cpuid.entries[0].eax = tdx_largest_width() << 16;
	TEST_ERRNO(init_vm(params), 0);
	printf("width %u\n", tdx_largest_width());
	TEST_ERRNO(init_vm(params), EINVAL);
	TEST_ERRNO(tdx_command(vm, KVM_TDX_GET_CPUID + 1, 0, params), EINVAL);
}

int main(int argc, char *argv[])
{
	struct kvm_tdx_init_vm *params;

	tdx_require();
	vm = tdx_create_vm();
	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM failed: %s", strerror(errno));
	caps = tdx_get_capabilities(vm);
	params = tdx_default_params();

	test_command(params);
	test_reserved(params);
	test_bits(params);
	test_width(params);
	test_cpuid(params);
	test_module(params);
	test_initialized(params);

	free(params);
	free(caps);
	close(vm);
	return 0;
}
