// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: metadata fields of TDs, TDH.MNG.RD and TDH.MNG.WR.
 *
 * TDX Module ABI specification, "TD-Scope Metadata".
 */
#include "fields.h"

#define HP_LOCK_TIMEOUT_MIN_US	10000
#define HP_LOCK_TIMEOUT_MAX_US	100000000

static u64 tdcx_pa(struct tdx_model *m, struct tdx_model_call *call, unsigned int i)
{
	if (i >= call->td->nr_tdcx)
		return 0;
	return tdx_model_hpa_with_keyid(m, call->td->tdcx_pa[i], call->td->hkid);
}

static u64 gpaw(struct tdx_model *m, struct tdx_model_call *call, unsigned int i)
{
	return call->tdcs->config_flags & TDX_CONFIG_FLAG_GPAW;
}

/* Unlike the VMCS field, without KeyID */
static u64 eptp(struct tdx_model *m, struct tdx_model_call *call, unsigned int i)
{
	return call->td->tdcx_pa[TDX_MODEL_TDCX_SEPT_ROOT] | call->tdcs->eptp_controls;
}

static u64 ticks_per_us(const struct tdx_model *m)
{
	return tdx_model_tsc_hz(m) / 1000000;
}

static u64 hp_lock_timeout(struct tdx_model *m, struct tdx_model_call *call, unsigned int i)
{
	return __atomic_load_n(&call->tdcs->hp_lock_timeout, __ATOMIC_RELAXED) / ticks_per_us(m);
}

/* Stored in 32 bits, so that long timeouts wrap. */
static u64 set_hp_lock_timeout(struct tdx_model *m, struct tdx_model_call *call, unsigned int i,
			       u64 us)
{
	if (~call->in.r9)
		return refuse1(m, TDX_METADATA_WR_MASK_NOT_VALID, "the mask is %, not all bits",
			       call->in.r9);
	if (us < HP_LOCK_TIMEOUT_MIN_US || us > HP_LOCK_TIMEOUT_MAX_US)
		return refuse1(m, TDX_METADATA_FIELD_VALUE_NOT_VALID, "% microseconds", us);
	__atomic_store_n(&call->tdcs->hp_lock_timeout, us * ticks_per_us(m), __ATOMIC_RELAXED);
	return TDX_SUCCESS;
}

/* Whether all vCPUs have an x2APIC id of the host */
static u64 topology_enum_configured(struct tdx_model *m, struct tdx_model_call *call,
				    unsigned int i)
{
	return !__atomic_load_n(&call->tdcs->topology_unknown, __ATOMIC_RELAXED);
}

/* Bits that the guest can change, if the TD was configured to let it */
static u64 td_ctls_of_guest(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 bits = 0;

	if (call->tdcs->config_flags & TDX_CONFIG_FLAG_FLEXIBLE_PENDING_VE)
		bits |= TDX_TD_CTLS_PENDING_VE_DISABLE;
	if (topology_enum_configured(m, call, 0))
		bits |= TDX_TD_CTLS_ENUM_TOPOLOGY;
	return bits;
}

static u64 set_td_ctls(struct tdx_model *m, struct tdx_model_call *call, unsigned int i,
		       u64 value)
{
	struct tdx_model_tdcs *tdcs = call->tdcs;
	u64 old = __atomic_load_n(&tdcs->td_ctls, __ATOMIC_RELAXED);

	if ((value ^ old) & ~td_ctls_of_guest(m, call))
		return refuse1(m, TDX_METADATA_FIELD_VALUE_NOT_VALID,
			       "the TD's configuration does not let the guest set TD_CTLS to %",
			       value);
	__atomic_store_n(&tdcs->td_ctls, value, __ATOMIC_RELAXED);
	return TDX_SUCCESS;
}

#define IS(constant)	.value = (constant)
#define ASK(function)	.read_td = (function)
#define TDR(member)	TDX_MODEL_TDR_FIELD(member)
#define TDCS(member)	TDX_MODEL_TDCS_FIELD(member)
#define HIDDEN		.access = TDX_MODEL_HIDDEN
#define GUEST		.guest_reads = true
#define GUEST_WRITES(mask) GUEST, .guest_write_mask = (mask)

/*
 * A field for each CPUID leaf: the first id is EBX:EAX, the second one EDX:ECX, as they
 * lie in struct tdx_cpuid_value.  Without subleaves, any subleaf matches.
 */
static_assert(offsetof(struct tdx_model_tdcs, cpuid) % sizeof(u64) == 0);
static_assert(offsetof(struct tdx_cpuid_value, ebx) == sizeof(u32));
static_assert(offsetof(struct tdx_cpuid_value, ecx) == sizeof(u64));
static_assert(offsetof(struct tdx_cpuid_value, edx) == sizeof(u64) + sizeof(u32));

#define CPUID_CODE(leaf, subleaf) \
	((((leaf) & 0x80000000U) ? TDX_MD_CPUID_VALUES_LEAF_31 : 0) | \
	 ((leaf) & 0x7fULL) << TDX_MD_CPUID_VALUES_LEAF_SHIFT | \
	 ((subleaf) == TDX_MODEL_NO_SUBLEAF ? TDX_MD_CPUID_VALUES_NO_SUBLEAF : \
	  ((subleaf) & 0x7fULL) << TDX_MD_CPUID_VALUES_SUBLEAF_SHIFT))
#define CPUID_ANY_BITS(subleaf) \
	((subleaf) == TDX_MODEL_NO_SUBLEAF ? TDX_MD_CPUID_VALUES_NO_SUBLEAF : 0)
#define ACCESS_FIXED	TDX_MODEL_READABLE
#define ACCESS_CONFIG	TDX_MODEL_READABLE
#define ACCESS_VE	TDX_MODEL_HIDDEN_IN_WALK
#define CPUID_FIELD(index, leaf, subleaf, kind) \
	{ TDX_MD_TDCS_CPUID_VALUES | CPUID_CODE(leaf, subleaf), 2, .home = TDX_MODEL_OF_TDCS, \
	  .offset = offsetof(struct tdx_model_tdcs, cpuid[index]), .bytes = sizeof(u64), \
	  .any_bits = CPUID_ANY_BITS(subleaf), .access = ACCESS_##kind },

/* In the order of walks.  There is no migration in this model. */
static const struct tdx_model_field fields[] = {
	{ TDX_MD_TDR_FATAL, 1, TDR(fatal) },
	{ TDX_MD_TDR_NUM_TDCX, 1, TDR(nr_tdcx) },
	{ TDX_MD_TDR_CHLDCNT, 1, TDR(chldcnt) },
	{ TDX_MD_TDR_LIFECYCLE_STATE, 1, TDR(lifecycle) },
	{ TDX_MD_TDR_TDCX_PA, TDX_MAX_TDCX_PAGES, ASK(tdcx_pa) },
	{ 0x8010000300000020, 4, TDR(uuid[0]), GUEST },	/* TD_UUID */
	{ TDX_MD_TDR_HKID, 1, TDR(hkid) },
	{ 0x8110000300000002, 1, TDR(pkgs_configured) },	/* PKG_CONFIG_BITMAP */
	{ 0x8210000100000000, 1, TDR(handoff_version) },	/* HANDOFF_VERSION */
	{ 0x8210000300000001, 1, IS(0) },	/* SEAMDB_INDEX */
	{ 0x8210000300000002, 4, HIDDEN },	/* SEAMDB_NONCE */
	{ TDX_MD_TDCS_NUM_VCPUS, 1, TDCS(nr_vcpus), GUEST },
	{ TDX_MD_TDCS_NUM_ASSOC_VCPUS, 1, TDCS(nr_assoc_vcpus) },
	{ TDX_MD_TDCS_OP_STATE, 1, TDCS(op_state) },
	{ 0x9010000100000005, 1, TDCS(num_l2_vms), GUEST },	/* NUM_L2_VMS */
	{ TDX_MD_TDCS_ATTRIBUTES, 1, TDCS(attributes), GUEST },
	{ TDX_MD_TDCS_XFAM, 1, TDCS(xfam), GUEST },
	{ 0x1110000200000002, 1, TDCS(max_vcpus), GUEST },	/* MAX_VCPUS */
	{ 0x1110000000000003, 1, ASK(gpaw), GUEST },	/* GPAW */
	{ TDX_MD_TDCS_EPTP, 1, ASK(eptp) },
	{ TDX_MD_TDCS_TSC_OFFSET, 1, TDCS(tsc_offset) },
	{ TDX_MD_TDCS_TSC_MULTIPLIER, 1, TDCS(tsc_multiplier) },
	{ 0x111000010000000c, 1, TDCS(tsc_frequency), GUEST },	/* TSC_FREQUENCY */
	{ 0x111000030000000d, 1, HIDDEN },	/* VIRTUAL_TSC */
	{ 0x911000010000000e, 1, IS(TDX_MODEL_NR_CPUID) },	/* NUM_CPUID_VALUES */
	{ 0x911000020000000f, 1, TDCS(xbuff_size) },	/* XBUFF_SIZE */
	{ TDX_MD_TDCS_NOTIFY_ENABLES, 1, TDCS(notify_enables), HIDDEN, GUEST_WRITES(1) },
	{ TDX_MD_TDCS_HP_LOCK_TIMEOUT, 1, ASK(hp_lock_timeout), .write_mask = ~0ULL,
	  .write = set_hp_lock_timeout },
	{ TDX_MD_TDCS_VM_CTLS, 4, TDCS(vm_ctls[0]), .write_mask = 1 },
	{ 0x1110000300000016, 1, TDCS(config_flags), GUEST },	/* CONFIG_FLAGS */
	{ TDX_MD_TDCS_TD_CTLS, 1, TDCS(td_ctls), HIDDEN,
	  GUEST_WRITES(TDX_TD_CTLS_PENDING_VE_DISABLE | TDX_TD_CTLS_ENUM_TOPOLOGY),
	  .write = set_td_ctls },
	{ 0x9110000000000019, 1, ASK(topology_enum_configured), HIDDEN, GUEST,
	  .since = TDX_MODEL_1_5_06 },		/* TOPOLOGY_ENUM_CONFIGURED */
	{ 0x9110000000000080, 80, HIDDEN },	/* CPUID_VALID */
	{ 0x9110000200000800, TDX_MODEL_NR_XFEATURES, TDCS(xbuff_offsets[0]) },
	{ TDX_MD_TDCS_TD_EPOCH, 1, TDCS(td_epoch) },
	{ 0x9210000100000001, 2, TDCS(refcount[0]) },	/* REFCOUNT */
	{ TDX_MD_TDCS_MRTD, 6, TDCS(mrtd[0]), GUEST },
	{ 0x1310000300000010, 6, TDCS(mrconfigid[0]), GUEST },	/* MRCONFIGID */
	{ 0x1310000300000018, 6, TDCS(mrowner[0]), GUEST },	/* MROWNER */
	{ 0x1310000300000020, 6, TDCS(mrownerconfig[0]), GUEST },	/* MROWNERCONFIG */
	{ 0x1310000300000040, 24, TDCS(rtmr[0][0]), HIDDEN, GUEST },	/* RTMR */
	TDX_MODEL_CPUID_LIST(CPUID_FIELD)
	{ 0x961000030000010a, 1, HIDDEN },	/* VIRTUAL_IA32_ARCH_CAPABILITIES */
	{ 0x9610000300000480, 1, HIDDEN },	/* VIRTUAL_IA32_VMX_BASIC */
	{ 0x9610000300000485, 5, HIDDEN },	/* VIRTUAL_IA32_VMX_MISC to _CR4_FIXED1 */
	{ 0x961000030000048b, 9, HIDDEN },	/* VIRTUAL_IA32_VMX_* behind them */
	{ 0x9810000000000001, 1, IS(0) },	/* MIG_DEC_KEY_SET */
	{ 0x9810000200000002, 1, IS(0) },	/* EXPORT_COUNT */
	{ 0x9810000200000003, 1, IS(0) },	/* IMPORT_COUNT */
	{ 0x9810000200000004, 1, IS(0) },	/* MIG_EPOCH */
	{ 0x9810000300000005, 1, IS(0) },	/* BW_EPOCH */
	{ 0x9810000300000006, 1, IS(0) },	/* TOTAL_MB_COUNT */
	{ 0x9810000300000010, 16, HIDDEN },	/* MIG_DEC_KEY to MIG_ENC_WORKING_KEY */
	{ 0x9810000100000020, 1, IS(0) },	/* MIG_VERSION */
	{ 0x9810000100000021, 1, IS(0) },	/* MIG_WORKING_VERSION */
	{ 0x9810000300000030, 1, IS(0) },	/* DIRTY_COUNT */
	{ 0x9810000300000031, 1, IS(0) },	/* MIG_COUNT */
	{ 0x9810000100000032, 1, IS(0) },	/* NUM_MIGS */
	{ 0x9810000200000034, 1, IS(0) },	/* NUM_MIGRATED_VCPUS */
	{ 0x9810000300000040, 4, IS(0), GUEST },	/* PRE_IMPORT_UUID */
	{ 0x9910000300000000, 6, IS(0), GUEST },	/* SERVTD_HASH */
	{ 0x9910000100000006, 1, IS(0), GUEST },	/* SERVTD_NUM */
	{ 0x9910000300000080, 16, IS(0), GUEST },	/* SERVTD_BINDINGS_TABLE */
	{ 0x9a10000300000000, 512, IS(0) },	/* MIGSC_LINKS */
	{ 0x2010000300000000, 512, HIDDEN },	/* MSR_BITMAPS */
	{ 0x2110000300000000, 512, HIDDEN },	/* SEPT_ROOT */
	{ 0x2510000300000000, 512, HIDDEN, .l2_vm = 1 },	/* L2_SEPT_ROOT_1 */
	{ 0x2910000300000000, 512, HIDDEN, .l2_vm = 2 },	/* L2_SEPT_ROOT_2 */
	{ 0x2d10000300000000, 512, HIDDEN, .l2_vm = 3 },	/* L2_SEPT_ROOT_3 */
};

const struct tdx_model_fields tdx_model_td_fields = { fields, ARRAY_SIZE(fields) };

/* For TDH.MNG.RD and TDH.VP.RD */
u64 tdx_model_rd_check(struct tdx_model *m, struct tdx_model_call *call)
{
	if (call->version)
		call->out->rdx = TDX_MD_FIELD_ID_NONE;
	return TDX_SUCCESS;
}

u64 tdx_model_mng_rd(struct tdx_model *m, struct tdx_model_call *call)
{
	return tdx_model_read_field(m, call, &tdx_model_td_fields);
}

u64 tdx_model_mng_wr(struct tdx_model *m, struct tdx_model_call *call)
{
	return tdx_model_write_field(m, call, &tdx_model_td_fields);
}
