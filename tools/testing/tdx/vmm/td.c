// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TD from its creation to its destruction.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/kvm.h>
#include <linux/kvm_para.h>

#include "vmm.h"

#ifndef KVM_X86_TDX_VM
#define KVM_X86_TDX_VM	5
#endif

#define IOAPIC_PINS	24
#define CRYSTAL_NS	40	/* CPUID of a TD says 25 MHz. */

static int command(int fd, unsigned int id, unsigned int flags, const void *data, uint64_t *error)
{
	struct kvm_tdx_cmd cmd = { .id = id, .flags = flags, .data = (uintptr_t)data };
	int ret = ioctl(fd, KVM_MEMORY_ENCRYPT_OP, &cmd);

	if (error)
		*error = cmd.hw_error;
	return ret;
}

static void enable(struct td *td, unsigned int cap, uint64_t arg, const char *name)
{
	struct kvm_enable_cap enable = { .cap = cap, .args = { arg } };

	if (ioctl(td->vm, KVM_ENABLE_CAP, &enable))
		die("%s", name);
}

static void open_vm(struct td *td)
{
	td->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (td->kvm < 0)
		die("/dev/kvm");
	errno = 0;
	if (!(ioctl(td->kvm, KVM_CHECK_EXTENSION, KVM_CAP_VM_TYPES) & 1 << KVM_X86_TDX_VM))
		die("KVM offers no TDs: is kvm_intel loaded with tdx=1, and TDX ready?");

	td->vm = ioctl(td->kvm, KVM_CREATE_VM, KVM_X86_TDX_VM);
	if (td->vm < 0)
		die("KVM_CREATE_VM");
}

/* A TD has at most as many as the machine has CPUs. */
static void check_nr_vcpus(const struct td *td)
{
	int max = ioctl(td->vm, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);

	errno = 0;
	if (max < 0 || td->nr_vcpus > (unsigned int)max)
		die("%u vCPUs, but KVM supports %d for a TD", td->nr_vcpus, max);
}

static void init_vm(struct td *td)
{
	struct kvm_tdx_init_vm *params = cpuid_params(td);
	uint64_t error;
	int ret;

	/* Without entropy it has to be repeated. */
	do
		ret = command(td->vm, KVM_TDX_INIT_VM, 0, params, &error);
	while (ret && errno == EAGAIN);
	if (ret)
		die(errno == ENOSPC ? "KVM_TDX_INIT_VM: no KeyID is free" :
		    "KVM_TDX_INIT_VM, status 0x%llx", (unsigned long long)error);
	free(params);
}

/* For Linux 7.3, which does not flush a vCPU whose thread moves to another CPU meanwhile. */
static int init_on_this_cpu(int vcpu)
{
	cpu_set_t before, cpus;
	int ret;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	if (sched_getaffinity(0, sizeof(before), &before) ||
	    sched_setaffinity(0, sizeof(cpus), &cpus))
		die("the affinity of a thread");
	ret = command(vcpu, KVM_TDX_INIT_VCPU, 0, NULL, NULL);
	sched_setaffinity(0, sizeof(before), &before);
	return ret;
}

static void create_vcpu(struct td *td, struct vcpu *vcpu)
{
	int size = ioctl(td->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	struct kvm_cpuid2 *cpuid = cpuid_supported(td, vcpu->nr);

	vcpu->fd = ioctl(td->vm, KVM_CREATE_VCPU, (unsigned long)vcpu->nr);
	if (vcpu->fd < 0)
		die("KVM_CREATE_VCPU %u", vcpu->nr);
	vcpu->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED)
		die("mmap of vCPU %u", vcpu->nr);
	if (ioctl(vcpu->fd, KVM_SET_CPUID2, cpuid))
		die("KVM_SET_CPUID2");
	if (init_on_this_cpu(vcpu->fd))
		die("KVM_TDX_INIT_VCPU %u", vcpu->nr);
	free(cpuid);
}

void td_create(struct td *td)
{
	unsigned int i;

	open_vm(td);
	check_nr_vcpus(td);
	enable(td, KVM_CAP_EXIT_HYPERCALL, BIT(KVM_HC_MAP_GPA_RANGE), "KVM_CAP_EXIT_HYPERCALL");
	enable(td, KVM_CAP_SPLIT_IRQCHIP, IOAPIC_PINS, "KVM_CAP_SPLIT_IRQCHIP");
	enable(td, KVM_CAP_X86_APIC_BUS_CYCLES_NS, CRYSTAL_NS, "KVM_CAP_X86_APIC_BUS_CYCLES_NS");
	init_vm(td);
	for (i = 0; i < td->nr_vcpus; i++) {
		td->vcpus[i].nr = i;
		create_vcpu(td, &td->vcpus[i]);
	}
	memory_create(td);
	if (td->nonce)
		report_request(td);
}

static void init_region(struct td *td, const struct region *region)
{
	struct kvm_tdx_init_mem_region init = {
		.source_addr = (uintptr_t)region->contents,
		.gpa = region->gpa,
		.nr_pages = PAGES(region->size),
	};
	int ret;

	/* The structure says what is left to do. */
	do
		ret = command(td->vcpus[0].fd, KVM_TDX_INIT_MEM_REGION,
			      KVM_TDX_MEASURE_MEMORY_REGION, &init, NULL);
	while (ret && (errno == EINTR || errno == EAGAIN));
	if (ret)
		die("KVM_TDX_INIT_MEM_REGION at 0x%llx", (unsigned long long)init.gpa);
}

/*
 * The stub accepts all memory.  If it is mapped before, the vCPU has not to exit for each page.
 * That may fail: then it exits.
 */
static void map_memory(struct td *td, const struct slot *slot)
{
	struct kvm_pre_fault_memory range = { .gpa = slot->gpa, .size = slot->size };
	int ret;

	do
		ret = ioctl(td->vcpus[0].fd, KVM_PRE_FAULT_MEMORY, &range);
	while (range.size && (!ret || errno == EINTR || errno == EAGAIN));
}

/* With all regions; then it can run. */
void td_build(struct td *td)
{
	uint64_t error;
	unsigned int i;

	for (i = 0; i < td->nr_regions; i++)
		init_region(td, &td->regions[i]);
	if (command(td->vm, KVM_TDX_FINALIZE_VM, 0, NULL, &error))
		die("KVM_TDX_FINALIZE_VM, status 0x%llx", (unsigned long long)error);
	for (i = 0; i < td->nr_slots; i++)
		if (!td->slots[i].always_shared)
			map_memory(td, &td->slots[i]);
}

void td_close(struct td *td)
{
	unsigned int i;

	for (i = 0; i < td->nr_vcpus; i++)
		close(td->vcpus[i].fd);
	memory_close(td);
	close(td->vm);
	close(td->kvm);
}
