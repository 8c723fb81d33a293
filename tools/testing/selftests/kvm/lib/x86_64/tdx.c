// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trust domains, for tests of their user interface.
 */
#define _GNU_SOURCE /* for sched_setaffinity() */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"
#include "tdx.h"

#define MAX_CAPABILITIES_CPUID	256
#define MAX_TDS			4096
#define IOAPIC_PINS		24
#define LONGEST_LIFE_US		200000
#define NR_ATTEMPTS		5
#define NOISE_PAGES		128
#define USEC_PER_SEC		1000000
#define SHORTEST_PERIOD_US	500	/* in which even slow machines do more than take signals */
#define CPUID_1_ECX_TSC_DEADLINE BIT(24)
#define CPUS			"/sys/devices/system/cpu"

unsigned int tdx_gpa_width = 48;

void tdx_require(void)
{
	__TEST_REQUIRE(kvm_check_cap(KVM_CAP_VM_TYPES) & (1 << KVM_X86_TDX_VM),
		       "KVM offers no TDs");
}

int tdx_create_vm(void)
{
	return fd_create_vm(KVM_X86_TDX_VM);
}

int tdx_enable_cap(int vm, uint32_t cap, uint64_t arg)
{
	struct kvm_enable_cap enable = { .cap = cap, .args = { arg } };

	return fd_ioctl(vm, KVM_ENABLE_CAP, &enable);
}

int tdx_raw_command(int fd, struct kvm_tdx_cmd *cmd)
{
	return fd_ioctl(fd, KVM_MEMORY_ENCRYPT_OP, cmd);
}

/* For Linux 7.3, which does not flush a vCPU whose thread moves to another CPU meanwhile. */
static int command_on_this_cpu(int fd, struct kvm_tdx_cmd *cmd)
{
	cpu_set_t before, cpus;
	int ret;

	TEST_ASSERT(!sched_getaffinity(0, sizeof(before), &before), "%s", strerror(errno));
	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	TEST_ASSERT(!sched_setaffinity(0, sizeof(cpus), &cpus), "%s", strerror(errno));
	ret = tdx_raw_command(fd, cmd);
	TEST_ASSERT(!sched_setaffinity(0, sizeof(before), &before), "%s", strerror(errno));
	return ret;
}

int tdx_command(int fd, uint32_t id, uint32_t flags, const void *data)
{
	struct kvm_tdx_cmd cmd = { .id = id, .flags = flags, .data = (uintptr_t)data };

	if (id == KVM_TDX_INIT_VCPU && getenv("TDX_STAY"))
		return command_on_this_cpu(fd, &cmd);
	return tdx_raw_command(fd, &cmd);
}

void tdx_test_command_errors(int fd, uint32_t id, const void *data)
{
	struct kvm_tdx_cmd cmd = { .id = id, .data = (uintptr_t)data, .hw_error = 1 };
	int bit;

	TEST_ERRNO(tdx_raw_command(fd, &cmd), EINVAL);
	for (bit = 0; bit < 32; bit++)
		TEST_ERRNO(tdx_command(fd, id, 1u << bit, data), EINVAL);
	TEST_ERRNO(tdx_command(fd, id, 0, NULL), EFAULT);
}

struct kvm_tdx_capabilities *tdx_get_capabilities(int vm)
{
	struct kvm_tdx_capabilities *caps;

	caps = calloc(1, sizeof(*caps) + MAX_CAPABILITIES_CPUID * sizeof(struct kvm_cpuid_entry2));
	TEST_ASSERT(caps, "no memory");
	caps->cpuid.nent = MAX_CAPABILITIES_CPUID;
	TEST_ERRNO(tdx_command(vm, KVM_TDX_CAPABILITIES, 0, caps), 0);
	return caps;
}

unsigned int tdx_largest_width(void)
{
	return get_cpuid_entry(kvm_get_supported_cpuid(), TDX_ADDRESS_WIDTHS_LEAF, 0)->eax >> 16 &
	       0xff;
}

/* With space for one more entry.  All other CPUID bits have the module's defaults. */
struct kvm_tdx_init_vm *tdx_default_params(void)
{
	struct kvm_tdx_init_vm *params;

	params = calloc(1, sizeof(*params) + 2 * sizeof(struct kvm_cpuid_entry2));
	TEST_ASSERT(params, "no memory");
	params->cpuid.nent = 1;
	params->cpuid.entries[0].function = TDX_ADDRESS_WIDTHS_LEAF;
	params->cpuid.entries[0].eax = tdx_gpa_width << 16;
	return params;
}

int tdx_init_vm(int vm, const struct kvm_tdx_init_vm *params)
{
	int ret;

	do
		ret = tdx_command(vm, KVM_TDX_INIT_VM, 0, params);
	while (ret == EAGAIN);
	return ret;
}

int tdx_create_vcpu(int vm, unsigned long id)
{
	return ioctl(vm, KVM_CREATE_VCPU, id);
}

/*
 * KVM_GET_SUPPORTED_CPUID of Linux 6.1 leaves TSC-deadline timers out.  Linux 7.3 needs the width
 * of the TD's addresses, from which it takes the levels of the shared EPT.
 */
static void adapt_cpuid(struct kvm_cpuid2 *cpuid)
{
	struct kvm_cpuid_entry2 *entry = cpuid->entries;

	for (; entry < cpuid->entries + cpuid->nent; entry++) {
		if (entry->function == 1)
			entry->ecx |= CPUID_1_ECX_TSC_DEADLINE;
		if (entry->function == TDX_ADDRESS_WIDTHS_LEAF)
			entry->eax = (entry->eax & ~0xff0000u) | tdx_gpa_width << 16;
	}
}

int tdx_set_default_cpuid(int vcpu)
{
	size_t size = sizeof(struct kvm_cpuid2) +
		      kvm_get_supported_cpuid()->nent * sizeof(struct kvm_cpuid_entry2);
	struct kvm_cpuid2 *cpuid = malloc(size);
	int ret;

	TEST_ASSERT(cpuid, "no memory");
	memcpy(cpuid, kvm_get_supported_cpuid(), size);
	adapt_cpuid(cpuid);
	ret = fd_ioctl(vcpu, KVM_SET_CPUID2, cpuid);
	free(cpuid);
	return ret;
}

int tdx_init_vcpu(int vcpu)
{
	return tdx_set_default_cpuid(vcpu) ?: tdx_command(vcpu, KVM_TDX_INIT_VCPU, 0, NULL);
}

int tdx_create_td_with(uint64_t attributes, int *vcpus, int nr_vcpus)
{
	struct kvm_tdx_init_vm *params = tdx_default_params();
	int vm, i;

	params->attributes = attributes;
	vm = tdx_create_vm();
	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM failed: %s", strerror(errno));
	TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_SPLIT_IRQCHIP, IOAPIC_PINS), 0);
	TEST_ERRNO(tdx_init_vm(vm, params), 0);
	free(params);

	for (i = 0; i < nr_vcpus; i++) {
		vcpus[i] = tdx_create_vcpu(vm, i);
		TEST_ASSERT(vcpus[i] >= 0, "KVM_CREATE_VCPU failed: %s", strerror(errno));
		TEST_ERRNO(tdx_init_vcpu(vcpus[i]), 0);
	}
	return vm;
}

int tdx_create_td(int *vcpus, int nr_vcpus)
{
	return tdx_create_td_with(0, vcpus, nr_vcpus);
}

void tdx_close_td(int vm, const int *vcpus, int nr_vcpus)
{
	while (nr_vcpus)
		close(vcpus[--nr_vcpus]);
	close(vm);
}

int tdx_count_free_keyids(void)
{
	struct kvm_tdx_init_vm *params = tdx_default_params();
	int ret, nr = 0, *vms = calloc(MAX_TDS, sizeof(*vms));

	TEST_ASSERT(vms, "no memory");
	for (;;) {
		vms[nr] = tdx_create_vm();
		TEST_ASSERT(vms[nr] >= 0, "KVM_CREATE_VM failed: %s", strerror(errno));
		ret = tdx_init_vm(vms[nr], params);
		if (ret)
			break;
		nr++;
		TEST_ASSERT(nr < MAX_TDS, "too many KeyIDs");
	}
	TEST_ERRNO(ret, ENOSPC);

	for (ret = 0; ret <= nr; ret++)
		close(vms[ret]);
	free(vms);
	free(params);
	return nr;
}

int tdx_set_cpu_online(int cpu, bool online)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), CPUS "/cpu%d/online", cpu);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return errno;
	ret = write(fd, online ? "1" : "0", 1) < 0 ? errno : 0;
	close(fd);
	return ret;
}

static struct timeval to_timeval(unsigned int us)
{
	return (struct timeval){ .tv_sec = us / USEC_PER_SEC, .tv_usec = us % USEC_PER_SEC };
}

void tdx_set_timer(unsigned int us)
{
	const struct itimerval timer = {
		.it_value = to_timeval(us),
		.it_interval = to_timeval(us + SHORTEST_PERIOD_US),
	};

	TEST_ASSERT(!setitimer(ITIMER_REAL, &timer, NULL), "setitimer: %s", strerror(errno));
}

/* The process that is killed writes to it. */
static int begun[2];

void tdx_may_be_killed(void)
{
	ASSERT_EQ(write(begun[1], "", 1), 1);
}

/* Returns early if the process has ended. */
static void wait_for_begin(void)
{
	char byte;

	close(begun[1]);
	if (read(begun[0], &byte, 1) == 1)
		usleep(random() % LONGEST_LIFE_US);
	close(begun[0]);
}

void tdx_kill_processes(void (*live)(void), unsigned int nr)
{
	int status;
	pid_t pid;

	while (nr--) {
		TEST_ASSERT(!pipe(begun), "pipe: %s", strerror(errno));
		pid = fork();
		TEST_ASSERT(pid >= 0, "fork: %s", strerror(errno));
		if (!pid) {
			live();
			_exit(0);
		}
		wait_for_begin();
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		TEST_ASSERT(WIFSIGNALED(status), "it ended by itself: 0x%x", status);
	}
}

/* Free pages that CPUs keep for what they allocate next */
static long count_pages_of_cpus(void)
{
	FILE *file = fopen("/proc/zoneinfo", "r");
	long pages, sum = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " count: %ld", &pages) == 1)
			sum += pages;
	if (file)
		fclose(file);
	return sum;
}

/* Only root can drop caches first. */
static long count_free_pages(void)
{
	FILE *file = fopen("/proc/sys/vm/drop_caches", "w");

	if (file) {
		fputs("3", file);
		fclose(file);
	}
	/* Adds up what each CPU has counted. */
	file = fopen("/proc/sys/vm/stat_refresh", "r");
	if (file) {
		fgetc(file);
		fclose(file);
	}
	return sysconf(_SC_AVPHYS_PAGES) + count_pages_of_cpus();
}

void tdx_expect_pages_back(void (*work)(void), long most)
{
	long before, lost;
	int attempt;

	if (most < NOISE_PAGES)
		most = NOISE_PAGES;
	for (attempt = 0; attempt < NR_ATTEMPTS; attempt++) {
		before = count_free_pages();
		work();
		lost = before - count_free_pages();
		pr_info("%ld of %ld free pages are missing\n", lost, before);
		if (lost <= most)
			return;
	}
	TEST_FAIL("each of %d attempts lost more than %ld pages", NR_ATTEMPTS, most);
}

int tdx_open_statistics(int fd)
{
	int stats = ioctl(fd, KVM_GET_STATS_FD, NULL);

	TEST_ASSERT(stats >= 0, "KVM_GET_STATS_FD failed");
	return stats;
}

uint64_t tdx_read_statistic(int stats, const char *name)
{
	struct kvm_stats_desc *descs, *desc;
	struct kvm_stats_header header;
	uint64_t value = 0;
	bool found = false;
	unsigned int i;

	/* read_stats_header() is for a descriptor that was not read before. */
	TEST_ASSERT(pread(stats, &header, sizeof(header), 0) == sizeof(header), "%s",
		    strerror(errno));
	descs = read_stats_descriptors(stats, &header);
	for (i = 0; i < header.num_desc && !found; i++) {
		desc = get_stats_descriptor(descs, i, &header);
		found = !strcmp(desc->name, name);
		if (found)
			read_stat_data(stats, &header, desc, &value, 1);
	}
	TEST_ASSERT(found, "%s is missing", name);
	free(descs);
	return value;
}

uint64_t tdx_statistic(int fd, const char *name)
{
	int stats = tdx_open_statistics(fd);
	uint64_t value = tdx_read_statistic(stats, name);

	close(stats);
	return value;
}
