// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test that the timer of a local APIC takes as long as its counter and its bus say.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "apic.h"
#include "private_mem.h"
#include "processor.h"
#include "tdx.h"

#ifndef KVM_CAP_X86_APIC_BUS_CYCLES_NS
#define KVM_CAP_X86_APIC_BUS_CYCLES_NS	237
#endif

#define APIC_LVTT	0x320
#define APIC_TMICT	0x380
#define APIC_TDCR	0x3e0

#define LONGEST_CYCLE_NS	33554432
#define SPIV_ENABLED		0x1ff
#define LVTT_PERIODIC		0x20030
#define TDCR_128		0xa
/* The period is 2^63 - 2^32 ns, so that the sum can only overflow after 4.3 s. */
#define TMICT			0x7fffffff
#define UPTIME_S		5
/* A busy CPU has a thousand, and tens of thousands if the timer expires again and again. */
#define MOST_INTERRUPTS		5000
#define MAX_CPUS		1024

/* Of each CPU of the host */
static void count_timer_interrupts(long *numbers)
{
	FILE *file = fopen("/proc/interrupts", "r");
	static char line[64 * MAX_CPUS];
	char *word;
	int cpu;

	TEST_ASSERT(file, "/proc/interrupts: %s", strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		word = strstr(line, "LOC:");
		if (!word)
			continue;
		strtok(word, " ");
		for (cpu = 0; cpu < MAX_CPUS && (word = strtok(NULL, " ")); cpu++)
			numbers[cpu] = atol(word);
	}
	fclose(file);
}

/* Of the CPU that had most of them in a second */
static long most_timer_interrupts(void)
{
	static long before[MAX_CPUS], after[MAX_CPUS];
	long most = 0;
	int cpu;

	count_timer_interrupts(before);
	sleep(1);
	count_timer_interrupts(after);
	for (cpu = 0; cpu < MAX_CPUS; cpu++)
		most = max(most, after[cpu] - before[cpu]);
	return most;
}

static void set_register(struct kvm_lapic_state *apic, unsigned int offset, uint32_t value)
{
	memcpy(apic->regs + offset, &value, sizeof(value));
}

static void start_timer(int vcpu)
{
	struct kvm_lapic_state apic;

	TEST_ERRNO(fd_ioctl(vcpu, KVM_GET_LAPIC, &apic), 0);
	set_register(&apic, APIC_SPIV, SPIV_ENABLED);
	set_register(&apic, APIC_LVTT, LVTT_PERIODIC);
	set_register(&apic, APIC_TDCR, TDCR_128);
	set_register(&apic, APIC_TMICT, TMICT);
	TEST_ERRNO(fd_ioctl(vcpu, KVM_SET_LAPIC, &apic), 0);
}

static void wait_for_uptime(void)
{
	struct timespec now;

	while (!clock_gettime(CLOCK_MONOTONIC, &now) && now.tv_sec < UPTIME_S)
		usleep(100 * 1000);
}

/* It would be in the past if the period were added to the time without a check. */
static void test_longest_period(void)
{
	int vm = fd_create_vm(KVM_X86_DEFAULT_VM), vcpu;
	long most;

	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM: %s", strerror(errno));
	TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_SPLIT_IRQCHIP, 24), 0);
	TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_X86_APIC_BUS_CYCLES_NS, LONGEST_CYCLE_NS + 1),
		   EINVAL);
	TEST_ERRNO(tdx_enable_cap(vm, KVM_CAP_X86_APIC_BUS_CYCLES_NS, LONGEST_CYCLE_NS), 0);
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	TEST_ASSERT(vcpu >= 0, "KVM_CREATE_VCPU: %s", strerror(errno));
	/* Before, the APIC does not know which modes its timer has. */
	TEST_ERRNO(fd_ioctl(vcpu, KVM_SET_CPUID2, (void *)kvm_get_supported_cpuid()), 0);

	wait_for_uptime();
	start_timer(vcpu);
	most = most_timer_interrupts();
	printf("at most %ld timer interrupts of a CPU in a second\n", most);
	TEST_ASSERT(most <= MOST_INTERRUPTS, "%ld timer interrupts of a CPU in a second", most);
	close(vcpu);
	close(vm);
}

int main(int argc, char *argv[])
{
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_X86_APIC_BUS_CYCLES_NS));
	test_longest_period();
	return 0;
}
