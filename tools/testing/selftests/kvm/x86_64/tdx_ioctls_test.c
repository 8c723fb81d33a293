// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test ioctls of ordinary VMs and vCPUs on a TD: those for state that KVM cannot access
 * fail, the others work.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "tdx.h"

#define IOAPIC_PINS		24
#define TSC_UNIT_KHZ		25000
#define TSC_LEAF		0x15
#define TSC_ROUNDS		20
#define MSR_UCODE_REV		0x8b
#define MSR_TSC			0x10
#define MSR_STEAL_TIME		0x4b564d03

struct expectation {
	const char *name;
	unsigned long request;
	int error;
};

#define FAILS(request, error)	{ #request, request, error }

static const struct expectation vcpu_expectations[] = {
	FAILS(KVM_GET_REGS, EINVAL),
	FAILS(KVM_SET_REGS, EINVAL),
	FAILS(KVM_GET_SREGS, EINVAL),
	FAILS(KVM_SET_SREGS, EINVAL),
	FAILS(KVM_GET_SREGS2, EINVAL),
	FAILS(KVM_SET_SREGS2, EINVAL),
	FAILS(KVM_GET_DEBUGREGS, EINVAL),
	FAILS(KVM_SET_DEBUGREGS, EINVAL),
	FAILS(KVM_GET_FPU, EINVAL),
	FAILS(KVM_SET_FPU, EINVAL),
	FAILS(KVM_GET_XSAVE, EINVAL),
	FAILS(KVM_GET_XSAVE2, EINVAL),
	FAILS(KVM_SET_XSAVE, EINVAL),
	FAILS(KVM_GET_XCRS, EINVAL),
	FAILS(KVM_SET_XCRS, EINVAL),
	FAILS(KVM_GET_LAPIC, EINVAL),
	FAILS(KVM_SET_LAPIC, EINVAL),
	FAILS(KVM_SET_GUEST_DEBUG, EINVAL),
	FAILS(KVM_SET_TSC_KHZ, EINVAL),
	FAILS(KVM_SMI, ENOTTY),
	FAILS(KVM_GET_MP_STATE, 0),
	FAILS(KVM_SET_MP_STATE, 0),
	FAILS(KVM_GET_VCPU_EVENTS, 0),
	FAILS(KVM_TPR_ACCESS_REPORTING, 0),
	FAILS(KVM_NMI, 0),

	/* As for ordinary VMs: there is no clock of the guest, and no error is given. */
	FAILS(KVM_KVMCLOCK_CTRL, EINVAL),
	FAILS(KVM_X86_SET_MCE, EINVAL),
};

/* Later kernels need not refuse them. */
static const struct expectation strict_vcpu_expectations[] = {
	FAILS(KVM_TRANSLATE, EINVAL),
	FAILS(KVM_GET_NESTED_STATE, EINVAL),
	FAILS(KVM_SET_NESTED_STATE, EINVAL),
	FAILS(KVM_ENABLE_CAP, EINVAL),
	FAILS(KVM_INTERRUPT, EINVAL),
	FAILS(KVM_XEN_VCPU_GET_ATTR, EINVAL),
	FAILS(KVM_XEN_VCPU_SET_ATTR, EINVAL),
};

static const struct expectation vm_expectations[] = {
	FAILS(KVM_CREATE_IRQCHIP, EEXIST),
	FAILS(KVM_GET_CLOCK, 0),
	FAILS(KVM_SET_CLOCK, 0),
};

static const struct expectation strict_vm_expectations[] = {
	FAILS(KVM_XEN_HVM_CONFIG, EINVAL),
	FAILS(KVM_XEN_HVM_GET_ATTR, EINVAL),
	FAILS(KVM_XEN_HVM_SET_ATTR, EINVAL),
	FAILS(KVM_XEN_HVM_EVTCHN_SEND, EINVAL),
	FAILS(KVM_HYPERV_EVENTFD, EINVAL),
};

/* Kernels without an emulated PIT and I/O APIC do not have these ioctls. */
static const struct expectation ioapic_expectations[] = {
	FAILS(KVM_CREATE_PIT, ENOENT),
	FAILS(KVM_CREATE_PIT2, ENOENT),
	FAILS(KVM_GET_IRQCHIP, ENXIO),
	FAILS(KVM_SET_IRQCHIP, ENXIO),
};

static void test_expectations(int fd, const struct expectation *expectations, size_t nr)
{
	static char buffer[16384];
	size_t i;
	int error;

	for (i = 0; i < nr; i++) {
		memset(buffer, 0, sizeof(buffer));
		error = fd_ioctl(fd, expectations[i].request, buffer);
		TEST_ASSERT(error == expectations[i].error, "%s: %s, not %s", expectations[i].name,
			    strerror(error), strerror(expectations[i].error));
	}
}

static int msr(int vcpu, unsigned long request, uint32_t index, uint64_t *value)
{
	struct {
		struct kvm_msrs msrs;
		struct kvm_msr_entry entry;
	} buffer = {
		.msrs.nmsrs = 1,
		.entry = { .index = index, .data = *value },
	};
	int nr = ioctl(vcpu, request, &buffer);

	*value = buffer.entry.data;
	return nr;
}

static void test_msrs(int vcpu)
{
	uint64_t value = 0x1234ull << 32;

	TEST_ASSERT(msr(vcpu, KVM_SET_MSRS, MSR_UCODE_REV, &value) == 1, "UCODE_REV");
	value = 0;
	TEST_ASSERT(msr(vcpu, KVM_GET_MSRS, MSR_UCODE_REV, &value) == 1, "UCODE_REV");
	TEST_ASSERT(value == 0x1234ull << 32, "UCODE_REV is 0x%lx", value);

	TEST_ASSERT(msr(vcpu, KVM_GET_MSRS, MSR_EFER, &value) == 1, "EFER");
	TEST_ASSERT(msr(vcpu, KVM_SET_MSRS, MSR_EFER, &value) != 1, "EFER is written");
	TEST_ASSERT(msr(vcpu, KVM_GET_MSRS, MSR_IA32_APICBASE, &value) == 1, "APICBASE");
	TEST_ASSERT(value & 1 << 10, "no x2APIC mode: 0x%lx", value);
	TEST_ASSERT(msr(vcpu, KVM_SET_MSRS, MSR_IA32_APICBASE, &value) != 1, "APICBASE is written");

	TEST_ASSERT(msr(vcpu, KVM_GET_MSRS, MSR_TSC, &value) != 1, "TSC");
	TEST_ASSERT(msr(vcpu, KVM_GET_MSRS, MSR_STEAL_TIME, &value) != 1, "steal time");
	TEST_ASSERT(msr(vcpu, KVM_GET_MSRS, MSR_FS_BASE, &value) != 1, "FS_BASE");
	TEST_ASSERT(msr(vcpu, KVM_GET_MSRS, MSR_IA32_SYSENTER_ESP, &value) != 1, "SYSENTER");
}

static void test_machine_check(int vcpu)
{
	uint64_t mcg_cap = 0x100 | 10;

	TEST_ERRNO(fd_ioctl(vcpu, KVM_X86_SETUP_MCE, &mcg_cap), 0);
}

/* The frequency that the module has given the TD. */
static long guest_tsc_khz(int vcpu)
{
	struct kvm_cpuid2 *cpuid = allocate_kvm_cpuid2(256);
	const struct kvm_cpuid_entry2 *entry;
	long khz;

	cpuid->nent = 256;
	TEST_ERRNO(tdx_command(vcpu, KVM_TDX_GET_CPUID, 0, cpuid), 0);
	entry = get_cpuid_entry(cpuid, TSC_LEAF, 0);
	TEST_ASSERT(entry->eax, "no frequency of the TSC");
	khz = (uint64_t)entry->ecx * entry->ebx / entry->eax / 1000;
	free(cpuid);
	return khz;
}

static atomic_uint nr_changes;

static void *set_frequencies(void *data)
{
	unsigned long units;
	int err, *vm = data;

	do {
		units = 40 + nr_changes++ % 8;
		err = fd_ioctl(*vm, KVM_SET_TSC_KHZ, (void *)(units * TSC_UNIT_KHZ));
	} while (!err);
	TEST_ERRNO(err, EINVAL);
	return NULL;
}

/*
 * KVM and the module have to have the same, whenever the last change was.  There is time for many
 * if the module is busy meanwhile.
 */
static void test_frequencies_while_initialized(void)
{
	struct kvm_tdx_init_vm *params = tdx_default_params();
	pthread_t thread;
	int vm, vcpu, i;

	for (i = 0; i < TSC_ROUNDS; i++) {
		vm = tdx_create_vm();
		TEST_ASSERT(vm >= 0, "KVM_CREATE_VM failed: %s", strerror(errno));
		TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_SPLIT_IRQCHIP, IOAPIC_PINS), 0);
		nr_changes = 0;
		TEST_ASSERT(!pthread_create(&thread, NULL, set_frequencies, &vm), "pthread_create");
		while (nr_changes < 2)
			sched_yield();
		TEST_ERRNO(tdx_init_vm(vm, params), 0);
		pthread_join(thread, NULL);

		vcpu = tdx_create_vcpu(vm, 0);
		TEST_ASSERT(vcpu >= 0, "KVM_CREATE_VCPU failed: %s", strerror(errno));
		ASSERT_EQ(ioctl(vcpu, KVM_GET_TSC_KHZ, NULL), guest_tsc_khz(vcpu));
		ASSERT_EQ(ioctl(vm, KVM_GET_TSC_KHZ, NULL), guest_tsc_khz(vcpu));
		tdx_close_td(vm, &vcpu, 1);
	}
	free(params);
}

/*
 * A TD's TSC has a multiple of 25 MHz, in which KVM_TDX_INIT_VM configures it.  That is not
 * changed any more, so vCPUs report it.
 */
static void test_tsc_frequency(void)
{
	int vm = tdx_create_td(NULL, 0), vcpu;
	long khz = ioctl(vm, KVM_GET_TSC_KHZ, NULL);

	TEST_ASSERT(khz > 0 && khz % TSC_UNIT_KHZ == 0, "a TSC of %ld kHz", khz);
	TEST_ERRNO(fd_ioctl(vm, KVM_SET_TSC_KHZ, (void *)(khz + TSC_UNIT_KHZ)), EINVAL);
	TEST_ERRNO(fd_ioctl(vm, KVM_SET_TSC_KHZ, NULL), EINVAL);

	vcpu = tdx_create_vcpu(vm, 0);
	ASSERT_EQ(ioctl(vcpu, KVM_GET_TSC_KHZ, NULL), khz);
	ASSERT_EQ(guest_tsc_khz(vcpu), khz);
	tdx_close_td(vm, &vcpu, 1);
}

/* As QEMU resets a vCPU */
static void test_no_vapic(int vcpu)
{
	struct kvm_vapic_addr none = {};

	TEST_ERRNO(fd_ioctl(vcpu, KVM_SET_VAPIC_ADDR, &none), 0);
}

/* KVM_SET_VCPU_EVENTS works, except for SMM. */
static void test_events(int vcpu)
{
	struct kvm_vcpu_events events = {};

	TEST_ERRNO(fd_ioctl(vcpu, KVM_GET_VCPU_EVENTS, &events), 0);
	events.flags &= ~KVM_VCPUEVENT_VALID_SMM;
	TEST_ERRNO(fd_ioctl(vcpu, KVM_SET_VCPU_EVENTS, &events), 0);
}

static void test_no_smm(int vcpu)
{
	struct kvm_vcpu_events events = {}, wrong;

	TEST_ERRNO(fd_ioctl(vcpu, KVM_GET_VCPU_EVENTS, &events), 0);
	TEST_ERRNO(fd_ioctl(vcpu, KVM_SET_VCPU_EVENTS, &events), 0);

	wrong = events;
	wrong.flags |= KVM_VCPUEVENT_VALID_SMM;
	wrong.smi.smm = 1;
	TEST_ERRNO(fd_ioctl(vcpu, KVM_SET_VCPU_EVENTS, &wrong), EINVAL);
	wrong.smi.smm = 0;
	wrong.smi.pending = 1;
	TEST_ERRNO(fd_ioctl(vcpu, KVM_SET_VCPU_EVENTS, &wrong), EINVAL);
}

/* TDs do not use INIT and SIPI. */
static void test_states(int vcpu)
{
	struct kvm_mp_state state = { KVM_MP_STATE_INIT_RECEIVED };

	TEST_ERRNO(fd_ioctl(vcpu, KVM_SET_MP_STATE, &state), EINVAL);
	state.mp_state = KVM_MP_STATE_SIPI_RECEIVED;
	TEST_ERRNO(fd_ioctl(vcpu, KVM_SET_MP_STATE, &state), EINVAL);
	TEST_ERRNO(fd_ioctl(vcpu, KVM_GET_MP_STATE, &state), 0);
	ASSERT_EQ(state.mp_state, KVM_MP_STATE_RUNNABLE);
}

static void test_vapic(int vcpu)
{
	struct kvm_vapic_addr some = { 4096 };

	TEST_ERRNO(fd_ioctl(vcpu, KVM_SET_VAPIC_ADDR, &some), EINVAL);
}

/* What KVM could not do correctly is refused. */
static void test_strictly(void)
{
	int vcpu, vm = tdx_create_td(&vcpu, 1);

	test_expectations(vm, strict_vm_expectations, ARRAY_SIZE(strict_vm_expectations));
	test_expectations(vcpu, strict_vcpu_expectations, ARRAY_SIZE(strict_vcpu_expectations));
	test_no_smm(vcpu);
	test_states(vcpu);
	test_vapic(vcpu);
	tdx_close_td(vm, &vcpu, 1);
}

/* A TD has these exits if the CPU has them. */
static void test_optional_exits(int vm)
{
	const int bus_lock = kvm_check_cap(KVM_CAP_X86_BUS_LOCK_EXIT);
	const int notify = kvm_check_cap(KVM_CAP_X86_NOTIFY_VMEXIT);

	ASSERT_EQ(fd_check_cap(vm, KVM_CAP_X86_BUS_LOCK_EXIT), bus_lock);
	ASSERT_EQ(fd_check_cap(vm, KVM_CAP_X86_NOTIFY_VMEXIT), notify);
	TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_X86_BUS_LOCK_EXIT, 4), EINVAL);
	TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_X86_NOTIFY_VMEXIT, 4), EINVAL);
	TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_X86_NOTIFY_VMEXIT, KVM_X86_NOTIFY_VMEXIT_ENABLED),
		   notify ? 0 : EINVAL);
}

static void test_sync_regs(int vcpu)
{
	size_t size = fd_vcpu_mmap_size();
	struct kvm_run *run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);

	TEST_ASSERT(run != MAP_FAILED, "mmap: %s", strerror(errno));
	run->kvm_valid_regs = KVM_SYNC_X86_REGS;
	TEST_ERRNO(fd_ioctl(vcpu, KVM_RUN, NULL), EINVAL);
	run->kvm_valid_regs = 0;
	run->kvm_dirty_regs = KVM_SYNC_X86_SREGS;
	TEST_ERRNO(fd_ioctl(vcpu, KVM_RUN, NULL), EINVAL);
	run->kvm_dirty_regs = 0;
	munmap(run, size);
}

static void test_before_vcpus(void)
{
	struct kvm_tdx_init_vm *params = tdx_default_params();
	uint64_t identity_map = 0xfffbc000;
	int vm = tdx_create_vm();

	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM failed: %s", strerror(errno));
	TEST_ERRNO(fd_ioctl(vm, KVM_CREATE_IRQCHIP, NULL), ENOTTY);
	TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_SPLIT_IRQCHIP, IOAPIC_PINS), 0);
	TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_SPLIT_IRQCHIP, IOAPIC_PINS), EEXIST);
	TEST_ERRNO(fd_ioctl(vm, KVM_SET_TSC_KHZ, NULL), 0);
	TEST_ERRNO(fd_ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, &identity_map), 0);
	TEST_ERRNO(tdx_init_vm(vm, params), 0);
	free(params);
	close(vm);
}

static void test_of_initialized(void)
{
	int vcpu, vm = tdx_create_td(&vcpu, 1);

	TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_SPLIT_IRQCHIP, IOAPIC_PINS), EEXIST);
	TEST_ERRNO(fd_ioctl(vm, KVM_SET_TSS_ADDR, (void *)0xfffbd000), 0);
	test_expectations(vm, vm_expectations, ARRAY_SIZE(vm_expectations));
	if (kvm_check_cap(KVM_CAP_PIT2))
		test_expectations(vm, ioapic_expectations, ARRAY_SIZE(ioapic_expectations));
	test_expectations(vcpu, vcpu_expectations, ARRAY_SIZE(vcpu_expectations));
	test_optional_exits(vm);
	test_msrs(vcpu);
	test_no_vapic(vcpu);
	test_machine_check(vcpu);
	test_events(vcpu);
	test_sync_regs(vcpu);
	tdx_close_td(vm, &vcpu, 1);
}

static void test_of_created(void)
{
	int vm = tdx_create_td(NULL, 0), vcpu = tdx_create_vcpu(vm, 0);

	TEST_ASSERT(vcpu >= 0, "KVM_CREATE_VCPU failed: %s", strerror(errno));
	test_expectations(vcpu, vcpu_expectations, ARRAY_SIZE(vcpu_expectations));
	test_machine_check(vcpu);
	test_events(vcpu);
	tdx_close_td(vm, &vcpu, 1);
}

/* With -t, for later kernels: they report the frequency of the host's TSC, and refuse less */
int main(int argc, char *argv[])
{
	bool later = argc > 1 && !strcmp(argv[1], "-t");

	tdx_require();
	test_before_vcpus();
	test_of_created();
	test_of_initialized();
	if (!later) {
		test_strictly();
		test_tsc_frequency();
		test_frequencies_while_initialized();
	}
	return 0;
}
