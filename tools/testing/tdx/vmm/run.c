// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running the vCPUs, each in a thread, and what they ask for.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <linux/kvm.h>
#include <linux/kvm_para.h>

#include "vmm.h"

#define SLEEP_ENABLE		BIT(5)	/* of ACPI's sleep control register */
#define WAIT_US			10000
#define FATAL_CODE		12	/* registers, in data of KVM_SYSTEM_EVENT_TDX_FATAL */
#define FATAL_R14		14
#define FATAL_R15		15

static_assert(KVM_EXIT_TDX < NR_EXITS, "");

#ifndef KVM_MAP_GPA_RANGE_ENCRYPTED
#define KVM_MAP_GPA_RANGE_ENCRYPTED BIT(4)
#endif

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stopped;
	int status;
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static struct td *the_td;

/* The first one to stop decides. */
void run_stop(int status)
{
	pthread_mutex_lock(&state.lock);
	if (!state.stopped) {
		state.stopped = true;
		state.status = status;
	}
	pthread_cond_broadcast(&state.changed);
	pthread_mutex_unlock(&state.lock);
}

static bool is_stopped(void)
{
	return __atomic_load_n(&state.stopped, __ATOMIC_RELAXED);
}

static void __attribute__((format(printf, 1, 2))) fail(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "tdx-vmm: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	run_stop(STATUS_FAILED);
}

/* Only what the stub wrote: the kernel could write anything there. */
static void check_report(void)
{
	static bool checked;
	const char *error;

	if (__atomic_exchange_n(&checked, true, __ATOMIC_RELAXED))
		return;
	error = report_check(the_td);
	if (error)
		fail("the report of the TD is wrong: %s", error);
}

static bool is_in(uint16_t port, uint16_t first, unsigned int nr)
{
	return port >= first && port < first + nr;
}

static void out(uint16_t port, uint8_t value)
{
	if (is_in(port, SERIAL_PORT, 8))
		serial_write(port - SERIAL_PORT, value);
	else if (is_in(port, CMOS_PORT, 2))
		cmos_write(port - CMOS_PORT, value);
	else if (port == SLEEP_CONTROL_PORT && value & SLEEP_ENABLE)
		run_stop(STATUS_OFF);
	else if (port == RESET_PORT)
		run_stop(STATUS_RESET);
	else if (port == STUB_REPORT_PORT && the_td->nonce)
		check_report();
	else if (port == STUB_WAIT_PORT)
		usleep(WAIT_US);
}

static uint8_t in(uint16_t port)
{
	if (is_in(port, SERIAL_PORT, 8))
		return serial_read(port - SERIAL_PORT);
	if (is_in(port, CMOS_PORT, 2))
		return cmos_read(port - CMOS_PORT);
	if (port == SLEEP_CONTROL_PORT || port == SLEEP_STATUS_PORT)
		return 0;
	/* Linux would wait for 0xff to be counted down. */
	if (is_in(port, PIT_PORT, 4))
		return 0;
	return 0xff;
}

/* No device has registers of more than one byte. */
static void handle_io(struct kvm_run *run)
{
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	if (run->io.direction == KVM_EXIT_IO_OUT) {
		out(run->io.port, *data);
		return;
	}
	memset(data, 0xff, run->io.size * run->io.count);
	*data = in(run->io.port);
}

static void handle_mmio(struct kvm_run *run)
{
	uint64_t gpa = run->mmio.phys_addr;

	if (gpa >= IOAPIC_GPA && gpa - IOAPIC_GPA < PAGE_SIZE)
		ioapic_access(gpa - IOAPIC_GPA, run->mmio.is_write, run->mmio.data, run->mmio.len);
	else if (the_td->has_disk && gpa >= VIRTIO_GPA && gpa - VIRTIO_GPA < PAGE_SIZE)
		virtio_access(gpa - VIRTIO_GPA, run->mmio.is_write, run->mmio.data, run->mmio.len);
	else if (!run->mmio.is_write)
		memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
}

/* The guest wants its memory to be private or shared. */
static void handle_hypercall(struct kvm_run *run)
{
	bool private = run->hypercall.args[2] & KVM_MAP_GPA_RANGE_ENCRYPTED;
	uint64_t gpa = run->hypercall.args[0], size = run->hypercall.args[1] * PAGE_SIZE;

	run->hypercall.ret = memory_convert(the_td, gpa, size, private) ? EINVAL : 0;
}

/* It uses memory in another way than KVM has recorded. */
static void handle_memory_fault(struct kvm_run *run)
{
	bool private = run->memory_fault.flags & KVM_MEMORY_EXIT_FLAG_PRIVATE;
	int error = memory_convert(the_td, run->memory_fault.gpa, run->memory_fault.size, private);

	if (error)
		fail("the guest accessed 0x%llx, where it has no %s memory: %s",
		     run->memory_fault.gpa, private ? "private" : "shared", strerror(error));
}

static void handle_system_event(struct kvm_run *run)
{
	const __u64 *data = run->system_event.data;

	if (run->system_event.type != KVM_SYSTEM_EVENT_TDX_FATAL)
		fail("system event %u", run->system_event.type);
	else
		fail("the guest reports fatal error 0x%llx, 0x%llx 0x%llx", data[FATAL_CODE],
		     data[FATAL_R14], data[FATAL_R15]);
}

static void handle_exit(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		return handle_io(run);
	case KVM_EXIT_MMIO:
		return handle_mmio(run);
	case KVM_EXIT_HYPERCALL:
		return handle_hypercall(run);
	case KVM_EXIT_TDX:
		/* KVM answers that it is not supported. */
		return;
	case KVM_EXIT_SYSTEM_EVENT:
		return handle_system_event(run);
	case KVM_EXIT_SHUTDOWN:
		return fail("vCPU %u: triple fault", vcpu->nr);
	case KVM_EXIT_INTERNAL_ERROR:
		return fail("vCPU %u: internal error %u, 0x%llx", vcpu->nr,
			    run->internal.suberror, run->internal.data[0]);
	default:
		return fail("vCPU %u: exit reason %u", vcpu->nr, run->exit_reason);
	}
}

static void count_exit(struct vcpu *vcpu)
{
	if (vcpu->run->exit_reason < ARRAY_SIZE(vcpu->exits))
		vcpu->exits[vcpu->run->exit_reason]++;
}

static void *run_vcpu(void *arg)
{
	struct vcpu *vcpu = arg;
	int error;

	while (!is_stopped()) {
		/* EFAULT may have other reasons than KVM_EXIT_MEMORY_FAULT. */
		vcpu->run->exit_reason = KVM_EXIT_UNKNOWN;
		error = ioctl(vcpu->fd, KVM_RUN, 0) ? errno : 0;
		if (error == EINTR || error == EAGAIN)
			continue;
		count_exit(vcpu);
		if (!error)
			handle_exit(vcpu);
		else if (error == EFAULT && vcpu->run->exit_reason == KVM_EXIT_MEMORY_FAULT)
			handle_memory_fault(vcpu->run);
		else
			fail("vCPU %u: KVM_RUN: %s", vcpu->nr, strerror(error));
	}
	return NULL;
}

static void interrupted(int signal)
{
}

static void wait_for_stop(void)
{
	pthread_mutex_lock(&state.lock);
	while (!state.stopped)
		pthread_cond_wait(&state.changed, &state.lock);
	pthread_mutex_unlock(&state.lock);
}

/* A signal makes vCPUs leave the guest, but it may come just before they enter it. */
static void join(pthread_t thread, struct vcpu *vcpu)
{
	struct timespec until;
	int error;

	do {
		vcpu->run->immediate_exit = 1;
		pthread_kill(thread, SIGUSR1);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		error = pthread_timedjoin_np(thread, NULL, &until);
	} while (error);
}

int run(struct td *td)
{
	struct sigaction action = { .sa_handler = interrupted };
	pthread_t threads[MAX_VCPUS];
	unsigned int i;

	the_td = td;
	ioapic_init(td->vm);
	virtio_init(td);
	sigaction(SIGUSR1, &action, NULL);
	for (i = 0; i < td->nr_vcpus; i++)
		if (pthread_create(&threads[i], NULL, run_vcpu, &td->vcpus[i]))
			die("pthread_create");
	wait_for_stop();
	for (i = 0; i < td->nr_vcpus; i++)
		join(threads[i], &td->vcpus[i]);
	return state.status;
}
