/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trust domains, for tests of their user interface.
 *
 * A TD is represented by its file descriptors, and not by a struct kvm_vm, because the
 * library cannot set up registers and page tables of a TD.
 */
#ifndef SELFTEST_KVM_TDX_H
#define SELFTEST_KVM_TDX_H

#include <stdint.h>

#include "kvm_util.h"
#include "vm_fd.h"

#ifndef KVM_CAP_VM_TYPES
#define KVM_CAP_VM_TYPES	235
#endif

#ifndef KVM_X86_TDX_VM
#define KVM_X86_TDX_VM		5
#endif

#define TDX_ADDRESS_WIDTHS_LEAF	0x80000008

/* Completion statuses, without their details. */
#define TDX_STATUS_CODE(status)	((status) & 0xffffffff00000000ull)
#define TDX_OPERAND_INVALID	0xc000010000000000ull
#define TDX_OPERAND_BUSY	0x8000020000000000ull

/* Width of the guest physical addresses of TDs that are created: 48 until a test changes it */
extern unsigned int tdx_gpa_width;

/* Skips the test if KVM does not support TDs. */
void tdx_require(void);

/* The result is 0 or an errno; for descriptors it is -1 after an error. */
int tdx_create_vm(void);
int tdx_enable_cap(int vm, uint32_t cap, uint64_t arg);
int tdx_raw_command(int fd, struct kvm_tdx_cmd *cmd);

/* With TDX_STAY in the environment, the thread stays on its CPU during KVM_TDX_INIT_VCPU. */
int tdx_command(int fd, uint32_t id, uint32_t flags, const void *data);

/* Asserts that a command with valid @data does not take flags, hw_error or a bad pointer. */
void tdx_test_command_errors(int fd, uint32_t id, const void *data);

/* The largest width of guest physical addresses: 48 or 52 */
unsigned int tdx_largest_width(void);

struct kvm_tdx_capabilities *tdx_get_capabilities(int vm);
struct kvm_tdx_init_vm *tdx_default_params(void);

/* KVM_TDX_INIT_VM, repeated if there is no entropy. */
int tdx_init_vm(int vm, const struct kvm_tdx_init_vm *params);
int tdx_create_vcpu(int vm, unsigned long id);
int tdx_set_default_cpuid(int vcpu);
int tdx_init_vcpu(int vcpu);

/* Creates a TD with @nr_vcpus initialized vCPUs; fills in their descriptors. */
int tdx_create_td(int *vcpus, int nr_vcpus);
int tdx_create_td_with(uint64_t attributes, int *vcpus, int nr_vcpus);
void tdx_close_td(int vm, const int *vcpus, int nr_vcpus);

/* The number of TDs that can be created. */
int tdx_count_free_keyids(void);

/* One of KVM's statistics of a VM, or of a vCPU that does not run. */
uint64_t tdx_statistic(int fd, const char *name);

/* The same in two steps: the second one can be done by another process. */
int tdx_open_statistics(int fd);
uint64_t tdx_read_statistic(int stats, const char *name);

/* 0 or an errno: EACCES without root, ENOENT for a CPU that cannot go offline. */
int tdx_set_cpu_online(int cpu, bool online);

/*
 * Sends SIGALRM after @us, and then again and again, because the first one may come before an ioctl
 * that waits; 0 ends it.
 */
void tdx_set_timer(unsigned int us);

/*
 * Kills processes that run @live, which does not return, one after the other, at random times after
 * @live has called tdx_may_be_killed().
 */
void tdx_kill_processes(void (*live)(void), unsigned int nr);
void tdx_may_be_killed(void);

/*
 * Asserts that no more than @most pages are missing after @work.  The rest of the system allocates
 * memory, too, so a few are allowed, and several attempts.
 */
void tdx_expect_pages_back(void (*work)(void), long most);

#endif /* SELFTEST_KVM_TDX_H */
