// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameters of a TD: translation from KVM_TDX_INIT_VM to TD_PARAMS.
 */
#include <linux/bitfield.h>
#include <linux/kvm_host.h>

#include <asm/tdx_host.h>

#include "../../cpuid.h"
#include "../../x86.h"
#include "tdx.h"

/* None, if the module requires bits that KVM does not know. */
static u64 supported(u64 kvm, u64 fixed0, u64 fixed1)
{
	return fixed1 & ~kvm ? 0 : kvm & fixed0;
}

/**
 * tdx_supported_attributes - the attributes that a TD may have
 *
 * Context: Any, after tdx_init() returned 0.
 * Return: bits of ATTRIBUTES; 0 if KVM cannot create TDs with this module.
 */
u64 tdx_supported_attributes(void)
{
	const struct tdx_td_params_limits *limits = tdx_td_params_limits();

	return supported(KVM_SUPPORTED_TD_ATTRS, limits->attributes_fixed0,
			 limits->attributes_fixed1);
}

/**
 * tdx_supported_xfam - the extended features that a TD may have
 *
 * Context: Any, after tdx_init() returned 0.
 * Return: bits of XFAM; 0 if KVM cannot create TDs with this module.
 */
u64 tdx_supported_xfam(void)
{
	const struct tdx_td_params_limits *limits = tdx_td_params_limits();

	return supported(kvm_caps.supported_xcr0 | kvm_caps.supported_xss,
			 limits->xfam_fixed0, limits->xfam_fixed1);
}

static u32 width_of(const struct kvm_cpuid_entry2 *entry)
{
	return FIELD_GET(CPUID_GUEST_PHYS_BITS, entry->eax);
}

static int fill_width(const struct kvm_cpuid2 *cpuid, struct tdx_td_params *params)
{
	u32 i;

	for (i = 0; i < cpuid->nent; i++) {
		if (cpuid->entries[i].function == CPUID_ADDRESS_WIDTHS)
			break;
	}
	if (i == cpuid->nent)
		return -EINVAL;

	switch (width_of(&cpuid->entries[i])) {
	case 48:
		params->eptp_controls = TDX_EPTP_WB | TDX_EPTP_4_LEVELS;
		return 0;
	case 52:
		if (!cpu_has_vmx_ept_5levels())
			return -EINVAL;
		params->eptp_controls = TDX_EPTP_WB | TDX_EPTP_5_LEVELS;
		params->config_flags |= TDX_CONFIG_FLAG_GPAW;
		return 0;
	default:
		return -EINVAL;
	}
}

/* An index that is not significant is taken as 0, as in KVM_TDX_CAPABILITIES. */
static u32 index_of(const struct kvm_cpuid_entry2 *entry)
{
	return entry->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX ? entry->index : 0;
}

/**
 * tdx_clear_unsupported_cpuid - remove what KVM does not support in TDs
 * @entry: CPUID values that may be configured for a TD
 *
 * With these bits the module modifies TSX_CTRL or UMWAIT_CONTROL when a TD runs, and KVM
 * does not restore them.
 *
 * Context: Any.
 */
void tdx_clear_unsupported_cpuid(struct kvm_cpuid_entry2 *entry)
{
	if (entry->function != 7 || index_of(entry))
		return;

	entry->ebx &= ~(feature_bit(HLE) | feature_bit(RTM));
	entry->ecx &= ~feature_bit(WAITPKG);
}

static bool has_unsupported_cpuid(const struct kvm_cpuid2 *cpuid)
{
	struct kvm_cpuid_entry2 entry;
	u32 i;

	for (i = 0; i < cpuid->nent; i++) {
		entry = cpuid->entries[i];
		tdx_clear_unsupported_cpuid(&entry);
		if (memcmp(&entry, &cpuid->entries[i], sizeof(entry)))
			return true;
	}
	return false;
}

static int slot_of(const struct kvm_cpuid_entry2 *entry)
{
	const struct tdx_td_params_limits *limits = tdx_td_params_limits();
	const struct tdx_td_cpuid *config;
	u32 i;

	for (i = 0; i < limits->nr_cpuid_configs && i < TDX_TD_PARAMS_NR_CPUID; i++) {
		config = &limits->cpuid_configs[i];
		if (config->leaf == entry->function &&
		    index_of(entry) == (config->subleaf == ~0U ? 0 : config->subleaf))
			return i;
	}
	return -EINVAL;
}

/* Each entry has to be configurable, and there may be only one for each leaf. */
static int fill_cpuid(const struct kvm_cpuid2 *cpuid, struct tdx_td_params *params)
{
	DECLARE_BITMAP(filled, TDX_TD_PARAMS_NR_CPUID) = {};
	const struct kvm_cpuid_entry2 *entry;
	struct tdx_cpuid_value *value;
	int slot;
	u32 i;

	for (i = 0; i < cpuid->nent; i++) {
		entry = &cpuid->entries[i];
		slot = slot_of(entry);
		if (slot < 0 || __test_and_set_bit(slot, filled))
			return -EINVAL;

		value = &params->cpuid_config[slot];
		value->eax = entry->eax;
		value->ebx = entry->ebx;
		value->ecx = entry->ecx;
		value->edx = entry->edx;
		/* See fill_width(). */
		if (entry->function == CPUID_ADDRESS_WIDTHS)
			value->eax &= ~CPUID_GUEST_PHYS_BITS;
	}
	return 0;
}

/**
 * tdx_fill_params - translate parameters of user space to TD_PARAMS
 * @kvm: the TD
 * @init: the parameters of KVM_TDX_INIT_VM
 * @params: filled in; all zero on input
 *
 * Parameters that only the module can check are not checked.
 *
 * Context: With kvm->lock.
 * Return: 0, or -EINVAL.
 */
int tdx_fill_params(struct kvm *kvm, const struct kvm_tdx_init_vm *init,
		    struct tdx_td_params *params)
{
	const struct tdx_td_params_limits *limits = tdx_td_params_limits();
	int ret;

	params->attributes = init->attributes | limits->attributes_fixed1;
	params->xfam = init->xfam | limits->xfam_fixed1;
	if (params->attributes & ~tdx_supported_attributes() ||
	    params->xfam & ~tdx_supported_xfam())
		return -EINVAL;

	params->max_vcpus = kvm->max_vcpus;
	params->config_flags = TDX_CONFIG_FLAG_NO_RBP_MOD;
	params->tsc_frequency = min_t(u64, U16_MAX, (u64)kvm->arch.default_tsc_khz * 1000 /
						    TDX_TSC_UNIT_HZ);
	memcpy(params->mrconfigid, init->mrconfigid, sizeof(params->mrconfigid));
	memcpy(params->mrowner, init->mrowner, sizeof(params->mrowner));
	memcpy(params->mrownerconfig, init->mrownerconfig, sizeof(params->mrownerconfig));

	ret = fill_width(&init->cpuid, params);
	if (!ret && has_unsupported_cpuid(&init->cpuid))
		ret = -EINVAL;
	return ret ?: fill_cpuid(&init->cpuid, params);
}
