/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is not in ordinary files: CPUID, MSRs, KVM and the kernel log.  In a recorded
 * tree each is a text file: cpuid, msr, kvm, dmesg.
 */
#ifndef TDXINFO_HARDWARE_H
#define TDXINFO_HARDWARE_H

#include <stdbool.h>
#include <stdint.h>

struct cpuid_regs {
	uint32_t eax, ebx, ecx, edx;
};

/* False if the CPU has no such leaf. */
bool hardware_cpuid(const char *root, uint32_t leaf, uint32_t subleaf, struct cpuid_regs *regs);

/* False if the CPU has no such MSR, or if it cannot be read. */
bool hardware_msr(const char *root, uint32_t msr, uint64_t *value);

/* Ask KVM for its VM types.  Returns 0, or the errno of opening /dev/kvm. */
int hardware_vm_types(const char *root, uint64_t *types);

/* The kernel log in memory that the caller frees; NULL if it cannot be read. */
char *hardware_log(const char *root);

#endif
