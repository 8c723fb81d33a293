// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDs that exist during other events: initialized, with vCPUs.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"
#include "kvm_numbers.h"

#define MAX_TDS			128
#define MAX_VCPUS		64
#define IOAPIC_PINS		24
#define MAX_CPUID		256
#define ADDRESS_WIDTHS_LEAF	0x80000008

struct td {
	int vm;
	int vcpus[MAX_VCPUS];
};

static struct td tds[MAX_TDS];
static int nr_tds, nr_vcpus;

static int command(int fd, uint32_t id, const void *data)
{
	struct tdx_cmd cmd = { .id = id, .data = (uintptr_t)data };

	return error_of(ioctl(fd, MEMORY_ENCRYPT_OP, &cmd));
}

static int init_vm(int vm)
{
	static struct tdx_init_vm params = {
		.nent = 1,
		.entries[0] = { .function = ADDRESS_WIDTHS_LEAF, .eax = 48 << 16 },
	};

	return command(vm, CMD_INIT_VM, &params);
}

static struct kvm_cpuid2 *supported_cpuid(int kvm)
{
	static struct kvm_cpuid2 *cpuid;

	if (!cpuid) {
		cpuid = calloc(1, sizeof(*cpuid) + MAX_CPUID * sizeof(cpuid->entries[0]));
		if (!cpuid)
			return NULL;
		cpuid->nent = MAX_CPUID;
		ioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid);
	}
	return cpuid;
}

static int add_vcpu(int kvm, struct td *td, int id)
{
	int vcpu = ioctl(td->vm, KVM_CREATE_VCPU, id), error;

	if (vcpu < 0)
		return error_of(vcpu);
	td->vcpus[id] = vcpu;
	error = error_of(ioctl(vcpu, KVM_SET_CPUID2, supported_cpuid(kvm)));
	return error ? error : command(vcpu, CMD_INIT_VCPU, NULL);
}

static int open_td(int kvm, struct td *td)
{
	struct kvm_enable_cap irqchip = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { IOAPIC_PINS } };
	int error, i;

	td->vm = ioctl(kvm, KVM_CREATE_VM, VM_TYPE_TDX);
	if (td->vm < 0)
		return error_of(td->vm);
	error = error_of(ioctl(td->vm, KVM_ENABLE_CAP, &irqchip));
	if (!error)
		error = init_vm(td->vm);
	for (i = 0; !error && i < nr_vcpus; i++)
		error = add_vcpu(kvm, td, i);
	return error;
}

/* On another CPU the vCPU would have to be flushed first. */
static void stay_on_first_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Each TD and each vCPU has one. */
static void allow_many_files(void)
{
	struct rlimit limit = { MAX_TDS * (MAX_VCPUS + 1), MAX_TDS * (MAX_VCPUS + 1) };

	setrlimit(RLIMIT_NOFILE, &limit);
}

static void report_free_memory(const char *when)
{
	write_text("/proc/sys/vm/drop_caches", "3");
	report("free_kb", "%s %lu", when, free_memory_kb());
}

/* NUMBER,VCPUS: creates so many TDs with so many vCPUs each; they exist until close-tds. */
void open_tds(const char *arg)
{
	int kvm = open("/dev/kvm", O_RDWR), wanted = atoi(arg), error = 0;
	const char *comma = strchr(arg, ',');

	nr_vcpus = comma ? atoi(comma + 1) : 1;
	stay_on_first_cpu();
	allow_many_files();
	report_free_memory("before");
	while (!error && nr_tds < wanted)
		error = open_td(kvm, &tds[nr_tds++]);
	close(kvm);
	report_free_memory("with");
	report("open_tds", "%d", error);
}

void close_tds(const char *arg)
{
	int i;

	while (nr_tds) {
		nr_tds--;
		for (i = 0; i < nr_vcpus; i++)
			close(tds[nr_tds].vcpus[i]);
		close(tds[nr_tds].vm);
	}
	report_free_memory("after");
}

/* Resets the machine, instead of turning it off. */
void restart(const char *arg)
{
	report("off", "%s", "reset");
	tcdrain(STDOUT_FILENO);
	reboot(RB_AUTOBOOT);
}
