/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers of KVM's user interface for TDX, as in mainline.  They are repeated
 * here on purpose: a test that took them from the kernel under test could not
 * detect a change.
 */
#ifndef TDX_E2E_KVM_NUMBERS_H
#define TDX_E2E_KVM_NUMBERS_H

#include <stdint.h>

#define CAP_VM_TYPES		235
#define VM_TYPE_DEFAULT		0
#define VM_TYPE_TDX		5
#define MEMORY_ENCRYPT_OP	0xc008aeba

enum {
	CMD_CAPABILITIES,
	CMD_INIT_VM,
	CMD_INIT_VCPU,
	CMD_INIT_MEM_REGION,
	CMD_FINALIZE_VM,
	CMD_GET_CPUID,
};

struct tdx_cmd {
	uint32_t id;
	uint32_t flags;
	uint64_t data;
	uint64_t hw_error;
};

struct cpuid_entry {
	uint32_t function, index, flags, eax, ebx, ecx, edx, padding[3];
};

struct tdx_capabilities {
	uint64_t supported_attrs;
	uint64_t supported_xfam;
	uint64_t tdvmcallinfo[4];
	uint64_t reserved[250];
	uint32_t nent;
	uint32_t padding;
	struct cpuid_entry entries[64];
};

struct tdx_init_vm {
	uint64_t attributes;
	uint64_t xfam;
	uint64_t measurements[18];
	uint64_t reserved[12];
	uint32_t nent;
	uint32_t padding;
	struct cpuid_entry entries[1];
};

_Static_assert(sizeof(struct tdx_cmd) == 24, "struct kvm_tdx_cmd");
_Static_assert(__builtin_offsetof(struct tdx_capabilities, nent) == 2048, "cpuid at 2048");
_Static_assert(__builtin_offsetof(struct tdx_init_vm, nent) == 256, "cpuid at 256");
_Static_assert(sizeof(struct cpuid_entry) == 40, "struct kvm_cpuid_entry2");

#endif
