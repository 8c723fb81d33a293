// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reporting the capabilities and CPUID of TDs: KVM_TDX_CAPABILITIES, KVM_TDX_GET_CPUID.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/bitfield.h>
#include <linux/kvm_host.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <asm/tdx_ghci.h>
#include <asm/tdx_host.h>

#include "tdx.h"

static void put_configurable_cpuid(const struct tdx_td_cpuid *config,
				   struct kvm_cpuid_entry2 *entry)
{
	entry->function = config->leaf;
	entry->eax = config->eax;
	entry->ebx = config->ebx;
	entry->ecx = config->ecx;
	entry->edx = config->edx;

	if (config->subleaf != ~0U) {
		entry->index = config->subleaf;
		entry->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	}
	/* Checked by KVM, and configured with CONFIG_FLAGS. */
	if (entry->function == CPUID_ADDRESS_WIDTHS)
		entry->eax |= CPUID_GUEST_PHYS_BITS;
	tdx_clear_unsupported_cpuid(entry);
}

static int fill_capabilities(struct kvm_tdx_capabilities *caps)
{
	const struct tdx_td_params_limits *limits = tdx_td_params_limits();
	u32 i;

	caps->supported_attrs = tdx_supported_attributes();
	caps->supported_xfam = tdx_supported_xfam();
	if (!caps->supported_attrs || !caps->supported_xfam)
		return -EIO;

	/* User space gets these, and may support them. */
	caps->user_tdvmcallinfo_1_r11 = TDX_VMCALL_INFO_SETUP_EVENT_NOTIFY_INTERRUPT;

	caps->cpuid.nent = limits->nr_cpuid_configs;
	for (i = 0; i < limits->nr_cpuid_configs; i++)
		put_configurable_cpuid(&limits->cpuid_configs[i], &caps->cpuid.entries[i]);
	return 0;
}

/**
 * tdx_get_capabilities - KVM_TDX_CAPABILITIES
 * @cmd: its data is a struct kvm_tdx_capabilities
 *
 * Context: Process context, no locks.
 * Return: 0, -EINVAL: flags are not 0; -EFAULT, -E2BIG: the buffer has too few CPUID
 *	   entries; -ENOMEM, or -EIO: the module requires features that KVM does not
 *	   support.
 */
int tdx_get_capabilities(const struct kvm_tdx_cmd *cmd)
{
	struct kvm_tdx_capabilities __user *ucaps = u64_to_user_ptr(cmd->data);
	u32 nr = tdx_td_params_limits()->nr_cpuid_configs, room;
	struct kvm_tdx_capabilities *caps;
	size_t size;
	int ret;

	if (cmd->flags)
		return -EINVAL;
	if (get_user(room, &ucaps->cpuid.nent))
		return -EFAULT;
	if (room < nr)
		return -E2BIG;

	size = struct_size(caps, cpuid.entries, nr);
	caps = kzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!caps)
		return -ENOMEM;

	ret = fill_capabilities(caps);
	if (!ret && copy_to_user(ucaps, caps, size))
		ret = -EFAULT;
	kfree(caps);
	return ret;
}

/* Metadata field of a leaf's EBX:EAX; the next field is EDX:ECX. */
static u64 cpuid_field(const struct kvm_cpuid_entry2 *entry)
{
	u64 field = TDX_MD_TDCS_CPUID_VALUES;

	field |= (u64)(entry->function & 0x7f) << TDX_MD_CPUID_VALUES_LEAF_SHIFT;
	if (entry->function & BIT(31))
		field |= TDX_MD_CPUID_VALUES_LEAF_31;
	if (entry->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX)
		field |= entry->index << TDX_MD_CPUID_VALUES_SUBLEAF_SHIFT;
	else
		field |= TDX_MD_CPUID_VALUES_NO_SUBLEAF;
	return field;
}

/* That the TD has no such leaf, or it raises #VE, is not an error. */
static void report_cpuid(u32 leaf, u64 status)
{
	char text[TDX_STATUS_TEXT_SIZE];

	switch (tdx_status_code(status)) {
	case TDX_METADATA_FIELD_ID_INCORRECT:
	case TDX_METADATA_FIELD_NOT_READABLE:
		return;
	}
	tdx_status_format(text, sizeof(text), status);
	pr_err_ratelimited("TDH.MNG.RD failed, KVM_TDX_GET_CPUID has no CPUID leaf 0x%x: %s\n",
			   leaf, text);
}

/* False if the TD has no such leaf, it raises #VE, or it cannot be read, which is logged. */
static bool read_cpuid(struct kvm_tdx *kvm_tdx, struct kvm_cpuid_entry2 *entry)
{
	u64 field = cpuid_field(entry), ebx_eax, edx_ecx, status;

	status = tdh_mng_rd(&kvm_tdx->td, field, &ebx_eax);
	if (!tdx_status_failed(status))
		status = tdh_mng_rd(&kvm_tdx->td, field + 1, &edx_ecx);
	if (tdx_status_failed(status)) {
		report_cpuid(entry->function, status);
		return false;
	}

	entry->eax = lower_32_bits(ebx_eax);
	entry->ebx = upper_32_bits(ebx_eax);
	entry->ecx = lower_32_bits(edx_ecx);
	entry->edx = upper_32_bits(edx_ecx);
	if (entry->function == CPUID_ADDRESS_WIDTHS) {
		entry->eax &= ~CPUID_GUEST_PHYS_BITS;
		entry->eax |= FIELD_PREP(CPUID_GUEST_PHYS_BITS, kvm_tdx->gpaw_bits);
	}
	return true;
}

/* Reads a leaf without subleaves, or all subleaves of a leaf. */
static void read_leaf(struct kvm_tdx *kvm_tdx, u32 leaf, struct kvm_cpuid2 *cpuid)
{
	struct kvm_cpuid_entry2 entry = { .function = leaf };

	if (cpuid->nent == KVM_MAX_CPUID_ENTRIES)
		return;
	if (read_cpuid(kvm_tdx, &entry)) {
		cpuid->entries[cpuid->nent++] = entry;
		return;
	}

	entry.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	for (; cpuid->nent < KVM_MAX_CPUID_ENTRIES && entry.index < 0x80; entry.index++) {
		if (!read_cpuid(kvm_tdx, &entry))
			return;
		cpuid->entries[cpuid->nent++] = entry;
	}
}

/* Reads leaves from @first to the last one that it reports, at most 0x80. */
static int read_leaves(struct kvm_tdx *kvm_tdx, u32 first, struct kvm_cpuid2 *cpuid)
{
	struct kvm_cpuid_entry2 entry = { .function = first };
	u32 leaf, last;

	if (!read_cpuid(kvm_tdx, &entry))
		return -EIO;

	last = clamp(entry.eax, first, first + 0x7f);
	for (leaf = first; leaf <= last; leaf++)
		read_leaf(kvm_tdx, leaf, cpuid);
	return 0;
}

static int put_cpuid(struct kvm_cpuid2 __user *ucpuid, const struct kvm_cpuid2 *cpuid)
{
	u32 room;

	if (get_user(room, &ucpuid->nent) || put_user(cpuid->nent, &ucpuid->nent))
		return -EFAULT;
	if (room < cpuid->nent)
		return -E2BIG;
	if (copy_to_user(ucpuid->entries, cpuid->entries,
			 cpuid->nent * sizeof(cpuid->entries[0])))
		return -EFAULT;
	return 0;
}

/**
 * tdx_get_cpuid - KVM_TDX_GET_CPUID
 * @vcpu: a vCPU of a TD in the state INIT
 * @cmd: its data is a struct kvm_cpuid2
 *
 * Context: With vcpu->mutex.
 * Return: 0, -ENOMEM, -EFAULT, -EIO: the TD has no leaf 0 or 0x80000000; or -E2BIG: nent
 *	   is how many entries there are.
 */
int tdx_get_cpuid(struct kvm_vcpu *vcpu, const struct kvm_tdx_cmd *cmd)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(vcpu->kvm);
	struct kvm_cpuid2 *cpuid;
	int ret;

	cpuid = kvzalloc(struct_size(cpuid, entries, KVM_MAX_CPUID_ENTRIES),
			 GFP_KERNEL_ACCOUNT);
	if (!cpuid)
		return -ENOMEM;

	ret = read_leaves(kvm_tdx, 0, cpuid);
	if (!ret)
		ret = read_leaves(kvm_tdx, 0x80000000, cpuid);
	if (!ret)
		ret = put_cpuid(u64_to_user_ptr(cmd->data), cpuid);

	kvfree(cpuid);
	return ret;
}
