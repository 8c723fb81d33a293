// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID of the guest: what KVM supports, where the TDX module lets the host choose.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <asm/kvm_para.h>
#include <linux/kvm.h>

#include "vmm.h"

#define MAX_ENTRIES		256
#define ADDRESS_WIDTHS		0x80000008
#define KVM_FEATURES		0x40000001
/* Others need memory that KVM can write to, or MSRs that a TD has not. */
#define FEATURES_OF_TDS		(BIT(KVM_FEATURE_NOP_IO_DELAY) | BIT(KVM_FEATURE_PV_UNHALT) | \
				 BIT(KVM_FEATURE_PV_SEND_IPI) | BIT(KVM_FEATURE_PV_SCHED_YIELD) | \
				 BIT(KVM_FEATURE_MSI_EXT_DEST_ID))
#define ECX_X2APIC		BIT(21)
#define ECX_TSC_DEADLINE	BIT(24)
#define EDX_HTT			BIT(28)

#define ATTRIBUTE_SEPT_VE_DISABLE BIT(28)	/* Linux requires it. */

static struct kvm_cpuid2 *all_supported(struct td *td)
{
	static struct kvm_cpuid2 *cpuid;

	if (cpuid)
		return cpuid;
	cpuid = calloc(1, sizeof(*cpuid) + MAX_ENTRIES * sizeof(cpuid->entries[0]));
	if (!cpuid)
		die("no memory");
	cpuid->nent = MAX_ENTRIES;
	if (ioctl(td->kvm, KVM_GET_SUPPORTED_CPUID, cpuid))
		die("KVM_GET_SUPPORTED_CPUID");
	return cpuid;
}

/* Features of KVM that it does not list, and how many vCPUs there are. */
static void complete_entry(struct td *td, struct kvm_cpuid_entry2 *entry, unsigned int vcpu)
{
	if (entry->function == 1) {
		entry->ecx |= ECX_X2APIC;
		if (ioctl(td->vm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0)
			entry->ecx |= ECX_TSC_DEADLINE;
		entry->ebx = (entry->ebx & 0xffff) | td->nr_vcpus << 16 | vcpu << 24;
		if (td->nr_vcpus > 1)
			entry->edx |= EDX_HTT;
	}
	if (entry->function == KVM_FEATURES)
		entry->eax &= FEATURES_OF_TDS;
	if (entry->function == ADDRESS_WIDTHS)
		entry->eax = (entry->eax & 0xff00ffff) | td->width << 16;
}

struct kvm_cpuid2 *cpuid_supported(struct td *td, unsigned int vcpu)
{
	const struct kvm_cpuid2 *all = all_supported(td);
	size_t size = sizeof(*all) + all->nent * sizeof(all->entries[0]);
	struct kvm_cpuid2 *cpuid = malloc(size);
	unsigned int i;

	if (!cpuid)
		die("no memory");
	memcpy(cpuid, all, size);
	for (i = 0; i < cpuid->nent; i++)
		complete_entry(td, &cpuid->entries[i], vcpu);
	return cpuid;
}

static struct kvm_tdx_capabilities *capabilities(struct td *td)
{
	struct kvm_tdx_capabilities *caps;
	struct kvm_tdx_cmd cmd = { .id = KVM_TDX_CAPABILITIES };

	caps = calloc(1, sizeof(*caps) + MAX_ENTRIES * sizeof(caps->cpuid.entries[0]));
	if (!caps)
		die("no memory");
	caps->cpuid.nent = MAX_ENTRIES;
	cmd.data = (uintptr_t)caps;
	if (ioctl(td->vm, KVM_MEMORY_ENCRYPT_OP, &cmd))
		die("KVM_TDX_CAPABILITIES");
	return caps;
}

/* A leaf that KVM does not know has no bits set. */
static void choose(struct kvm_cpuid_entry2 *entry, const struct kvm_cpuid2 *supported)
{
	const struct kvm_cpuid_entry2 *s;
	unsigned int i;

	for (i = 0; i < supported->nent; i++) {
		s = &supported->entries[i];
		if (s->function == entry->function && s->index == entry->index)
			break;
	}
	entry->flags = 0;
	if (i == supported->nent) {
		entry->eax = 0;
		entry->ebx = 0;
		entry->ecx = 0;
		entry->edx = 0;
		return;
	}
	entry->flags = s->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	entry->eax &= s->eax;
	entry->ebx &= s->ebx;
	entry->ecx &= s->ecx;
	entry->edx &= s->edx;
}

struct kvm_tdx_init_vm *cpuid_params(struct td *td)
{
	struct kvm_cpuid2 *supported = cpuid_supported(td, 0);
	struct kvm_tdx_capabilities *caps = capabilities(td);
	size_t size = caps->cpuid.nent * sizeof(caps->cpuid.entries[0]);
	struct kvm_tdx_init_vm *params = calloc(1, sizeof(*params) + size);
	unsigned int i;

	if (!params)
		die("no memory");
	errno = 0;
	if (!(caps->supported_attrs & ATTRIBUTE_SEPT_VE_DISABLE))
		die("TDs without #VE for private memory are not supported");
	params->attributes = ATTRIBUTE_SEPT_VE_DISABLE;
	params->xfam = caps->supported_xfam;
	params->cpuid.nent = caps->cpuid.nent;
	memcpy(params->cpuid.entries, caps->cpuid.entries, size);
	for (i = 0; i < caps->cpuid.nent; i++)
		choose(&params->cpuid.entries[i], supported);
	free(caps);
	free(supported);
	return params;
}
