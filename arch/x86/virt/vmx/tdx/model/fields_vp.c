// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: metadata fields of vCPUs, TDH.VP.RD and TDH.VP.WR.
 *
 * TDX Module ABI specification, "VCPU-Scope Metadata".
 */
#include "fields.h"
#include "platform.h"
#include "td_run.h"

#define PAGE_ADDRESS		0x000ffffffffff000ULL
#define PIN_WRITABLE		TDX_PIN_CONTROLS_POSTED_INTERRUPTS
#define SECONDARY_WRITABLE	0xc0000000ULL	/* bus-lock detection, notification exits */

static u64 refuse_value(struct tdx_model *m, struct tdx_model_call *call, u64 value)
{
	return refuse2(m, TDX_METADATA_FIELD_VALUE_NOT_VALID, "field id % cannot be %",
		       call->in.rdx, value);
}

static u64 set_notification_vector(struct tdx_model *m, struct tdx_model_call *call,
				   unsigned int i, u64 value)
{
	if (value > 255)
		return refuse_value(m, call, value);
	call->vcpu->notification_vector = value;
	return TDX_SUCCESS;
}

static u64 set_pi_descriptor(struct tdx_model *m, struct tdx_model_call *call, unsigned int i,
			     u64 value)
{
	if (!tdx_model_shared_hpa(m, value, 64, 64))
		return refuse_value(m, call, value);
	call->vcpu->pi_descriptor = value;
	return TDX_SUCCESS;
}

static u64 set_shared_eptp(struct tdx_model *m, struct tdx_model_call *call, unsigned int i,
			   u64 value)
{
	if (!tdx_model_shared_hpa(m, value, PAGE_BYTES, PAGE_BYTES))
		return refuse_value(m, call, value);
	call->vcpu->shared_eptp = value;
	return TDX_SUCCESS;
}

/* Posted interrupts need a vector and a descriptor. */
static u64 set_pin_controls(struct tdx_model *m, struct tdx_model_call *call, unsigned int i,
			    u64 value)
{
	struct tdx_model_vcpu *vcpu = call->vcpu;

	if (value & TDX_PIN_CONTROLS_POSTED_INTERRUPTS) {
		if (vcpu->notification_vector == 0xffff)
			return refuse(m, TDX_TD_VMCS_FIELD_NOT_INITIALIZED |
				      TDX_VMCS_NOTIFICATION_VECTOR, "no notification vector");
		if (vcpu->pi_descriptor == ~0ULL)
			return refuse(m, TDX_TD_VMCS_FIELD_NOT_INITIALIZED |
				      TDX_VMCS_PI_DESCRIPTOR, "no posted-interrupt descriptor");
	}
	vcpu->pin_controls = value;
	return TDX_SUCCESS;
}

static u64 set_secondary_controls(struct tdx_model *m, struct tdx_model_call *call,
				  unsigned int i, u64 value)
{
	u64 allowed = tdx_model_read_msr(m, MSR_VMX_PROCBASED_CTLS2) >> 32;

	if (value & SECONDARY_WRITABLE & ~allowed)
		return refuse_value(m, call, value);
	call->vcpu->secondary_controls = value;
	return TDX_SUCCESS;
}

static u64 tdcx_pa(struct tdx_model *m, struct tdx_model_call *call, enum tdx_model_tdcx i)
{
	return tdx_model_hpa_with_keyid(m, call->td->tdcx_pa[i], call->td->hkid);
}

static u64 msr_bitmap_address(struct tdx_model *m, struct tdx_model_call *call, unsigned int i)
{
	return tdcx_pa(m, call, TDX_MODEL_TDCX_MSR_BITMAPS);
}

static u64 vmcs_eptp(struct tdx_model *m, struct tdx_model_call *call, unsigned int i)
{
	return tdcx_pa(m, call, TDX_MODEL_TDCX_SEPT_ROOT) | call->tdcs->eptp_controls;
}

static u64 tdvps_page_pa(struct tdx_model *m, struct tdx_model_call *call, unsigned int i)
{
	if (i >= call->vcpu->nr_pages)
		return 0;
	return tdx_model_hpa_with_keyid(m, call->vcpu->page_pa[i], call->td->hkid);
}

#define VAPIC_PPR		0xa0
#define PRIORITY_CLASS		0xf0
#define INTERRUPT_IS_PENDING	BIT_ULL(0)

/* Whether the guest has an interrupt that it does not block by its priority */
static u64 vcpu_state_details(struct tdx_model *m, struct tdx_model_call *call, unsigned int i)
{
	const struct tdx_model_guest *guest = tdx_model_guest_of(m, call->vcpu);
	const u8 *vapic = m->ops->map(m->ctx, call->vcpu->page_pa[TDX_MODEL_TDVPS_VAPIC],
				      PAGE_BYTES);

	return (guest->rvi & PRIORITY_CLASS) > (vapic[VAPIC_PPR] & PRIORITY_CLASS) ?
		INTERRUPT_IS_PENDING : 0;
}

#define IS(constant)	.value = (constant)
#define ASK(function)	.read_td = (function)
#define TDR(member)	TDX_MODEL_TDR_FIELD(member)
#define TDCS(member)	TDX_MODEL_TDCS_FIELD(member)
#define VCPU(member) \
	TDX_MODEL_MEMBER(TDX_MODEL_OF_VCPU, struct tdx_model_vcpu, member)
#define HIDDEN		.access = TDX_MODEL_HIDDEN
#define GUEST		.guest_reads = true
#define GUEST_WRITES(mask) GUEST, .guest_write_mask = (mask)

/*
 * In the order of walks: the VMCS by its encodings, then other fields.  Guest state is
 * never readable here, not even that of debug TDs.
 */
static const struct tdx_model_field fields[] = {
	{ TDX_MD_VMCS_16(0x0000), 1, HIDDEN },
	{ TDX_MD_VMCS_16(TDX_VMCS_NOTIFICATION_VECTOR), 1, VCPU(notification_vector),
	  .write_mask = 0xffff, .write = set_notification_vector },
	{ TDX_MD_VMCS_16(0x0004), 2, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_16(0x0800), 11, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_64(0x2000), 2, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_64(0x2004), 1, ASK(msr_bitmap_address) },
	{ TDX_MD_VMCS_64(0x2006), 4, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_64(0x200e), 1, IS(0) },	/* PML address */
	{ TDX_MD_VMCS_64(0x2010), 1, TDCS(tsc_offset) },
	{ TDX_MD_VMCS_64(0x2012), 2, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_64(TDX_VMCS_PI_DESCRIPTOR), 1, VCPU(pi_descriptor),
	  .write_mask = ~0x3fULL, .write = set_pi_descriptor },
	{ TDX_MD_VMCS_64(0x2018), 1, IS(0) },	/* VM-function controls */
	{ TDX_MD_VMCS_64(0x201a), 1, ASK(vmcs_eptp) },
	{ TDX_MD_VMCS_64(0x201c), 4, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_64(0x2024), 1, IS(0) },	/* EPTP list */
	{ TDX_MD_VMCS_64(0x2026), 5, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_64(0x2032), 1, TDCS(tsc_multiplier) },
	{ TDX_MD_VMCS_64(0x2034), 4, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_64(TDX_VMCS_SHARED_EPTP), 1, VCPU(shared_eptp),
	  .read_mask = PAGE_ADDRESS, .write_mask = PAGE_ADDRESS, .write = set_shared_eptp },
	{ TDX_MD_VMCS_64(0x203e), 2, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_64(0x204a), 2, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_64(0x2400), 1, HIDDEN },
	{ TDX_MD_VMCS_64(0x2800), 9, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_64(0x2814), 3, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_32(TDX_VMCS_PIN_CONTROLS), 1, VCPU(pin_controls),
	  .read_mask = PIN_WRITABLE, .write_mask = PIN_WRITABLE, .write = set_pin_controls },
	{ TDX_MD_VMCS_32(0x4002), 14, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_32(TDX_VMCS_SECONDARY_CONTROLS), 1, VCPU(secondary_controls),
	  .read_mask = SECONDARY_WRITABLE, .write_mask = SECONDARY_WRITABLE,
	  .write = set_secondary_controls },
	{ TDX_MD_VMCS_32(0x4020), 2, .step = 2, IS(0) },	/* PLE_GAP, PLE_WINDOW */
	{ TDX_MD_VMCS_32(TDX_VMCS_INSTRUCTION_TIMEOUT), 1, VCPU(instruction_timeout),
	  .write_mask = 0xffffffff },
	{ TDX_MD_VMCS_32(0x4026), 1, TDR(hkid) },
	{ TDX_MD_VMCS_32(0x4400), 8, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_32(0x4800), 22, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_32(0x482e), 1, HIDDEN },
	{ TDX_MD_VMCS_64(0x6000), 8, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_64(0x6400), 6, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_64(0x6800), 23, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_64(0x6c08), 1, HIDDEN },
	{ TDX_MD_VMCS_64(0x6c14), 2, HIDDEN, .step = 2 },
	{ TDX_MD_VMCS_64(0x6c1a), 1, HIDDEN },
	{ 0x0120000300000000, 128, HIDDEN },	/* VAPIC */
	{ 0x0220000200000000, 6, HIDDEN },	/* EXIT_REASON to EPTP_INDEX */
	{ 0x8220000200000010, 2, HIDDEN },	/* INSTRUCTION_LENGTH to INSTRUCTION_INFORMATION */
	{ 0x1020000300000000, 16, HIDDEN },	/* RAX to R15 */
	{ 0x1120000300000000, 4, HIDDEN },	/* DR0 to DR3 */
	{ 0x1120000300000006, 1, HIDDEN },	/* DR6 */
	{ 0x1120000300000020, 1, HIDDEN },	/* XCR0 */
	{ 0x1120000300000028, 1, HIDDEN },	/* CR2 */
	{ TDX_MD_VCPU_STATE_DETAILS, 1, ASK(vcpu_state_details) },
	{ 0x1220000300000000, 1536, HIDDEN },	/* XBUFF */
	{ 0x1320000300000048, 1, HIDDEN },	/* IA32_SPEC_CTRL */
	{ 0x13200003000000e1, 1, HIDDEN },	/* IA32_UMWAIT_CONTROL */
	{ 0x1320000300000122, 1, HIDDEN },	/* IA32_TSX_CTRL */
	{ 0x1320000300000186, 8, HIDDEN },	/* IA32_PERFEVTSELx */
	{ 0x13200003000001a6, 2, HIDDEN },	/* MSR_OFFCORE_RSPx */
	{ 0x13200003000001c4, 2, HIDDEN },	/* IA32_XFD to IA32_XFD_ERR */
	{ 0x1320000300000309, 7, HIDDEN },	/* IA32_FIXED_CTRx */
	{ 0x1320000300000329, 1, HIDDEN },	/* IA32_PERF_METRICS */
	{ 0x132000030000038d, 2, HIDDEN },	/* IA32_FIXED_CTR_CTRL to IA32_PERF_GLOBAL_STATUS */
	{ 0x13200003000003f1, 2, HIDDEN },	/* IA32_PEBS_ENABLE to MSR_PEBS_DATA_CFG */
	{ 0x13200003000003f6, 2, HIDDEN },	/* MSR_PEBS_LD_LAT to MSR_PEBS_FRONTEND */
	{ 0x13200003000004c1, 8, HIDDEN },	/* IA32_A_PMCx */
	{ 0x1320000300000600, 1, HIDDEN },	/* IA32_DS_AREA */
	{ 0x1320000300000da0, 1, HIDDEN },	/* IA32_XSS */
	{ 0x13200003000014cf, 1, HIDDEN },	/* IA32_LBR_DEPTH */
	{ 0x1320000300001b01, 1, HIDDEN },	/* IA32_UARCH_MISC_CTL */
	{ 0x1320000300002081, 2, HIDDEN },	/* IA32_STAR to IA32_LSTAR */
	{ 0x1320000300002084, 1, HIDDEN },	/* IA32_FMASK */
	{ 0x1320000300002102, 2, HIDDEN },	/* IA32_KERNEL_GS_BASE to IA32_TSC_AUX */
	{ 0xa020000000000000, 1, HIDDEN },	/* VCPU_STATE */
	{ TDX_MD_VCPU_INDEX, 1, VCPU(index), GUEST },
	{ 0xa020000000000003, 1, VCPU(nr_pages) },
	{ TDX_MD_VCPU_ASSOC_LPID, 1, VCPU(assoc_lp) },
	{ 0xa020000300000006, 1, VCPU(epoch) },
	{ 0xa020000000000007, 1, VCPU(cpuid_supervisor_ve), GUEST_WRITES(0xff) },
	{ 0xa020000000000008, 1, VCPU(cpuid_user_ve), GUEST_WRITES(0xff) },
	{ 0xa02000030000000a, 1, HIDDEN },	/* LAST_EXIT_TSC */
	{ TDX_MD_VCPU_PEND_NMI, 1, VCPU(pend_nmi), .write_mask = 0xff },
	{ 0x202000030000000c, 1, TDCS(xfam) },
	{ 0xa02000000000000d, 3, HIDDEN },	/* LAST_EPF_GPA_LIST_IDX to LAST_TD_EXIT */
	{ TDX_MD_VCPU_TDVPS_PAGE_PA, TDX_MAX_TDVPS_PAGES, ASK(tdvps_page_pa) },
	{ 0xa020000300000030, 3, HIDDEN },	/* HP_LOCK_BUSY_START to LAST_SEAMDB_INDEX */
	{ 0xa020000000000040, 3, HIDDEN },	/* NMI_UNBLOCKING_DUE_TO_IRET and on */
	{ 0xa020000000000044, 12, HIDDEN },	/* VM_LAUNCHED and on */
	{ 0xa020000300000050, TDX_MODEL_NR_VMS, VCPU(l2_ctls[0]), HIDDEN,
	  GUEST_WRITES(7) },			/* L2_CTLS */
	{ 0xa020000300000054, 4, HIDDEN },	/* L2_DEBUG_CTLS */
	{ 0xa020000300000058, TDX_MODEL_NR_VMS, VCPU(tsc_deadline[0]), HIDDEN,
	  GUEST_WRITES(~0ULL) },		/* TSC_DEADLINE */
	{ 0xa02000030000005c, 4, HIDDEN },	/* SHADOW_TSC_DEADLINE */
	{ 0xa020000300000080, 32, HIDDEN },	/* BASE_L2_CR0_GUEST_HOST_MASK and on */
	{ 0xa0200002000000a4, 20, HIDDEN },	/* SHADOW_PLE_GAP to SHADOW_SHARED_EPTP */
	{ 0xa020000300000100, 24, HIDDEN },	/* L2_ENTER_GUEST_STATE_GPA to L2_VAPIC_HPA */
	{ 0xa120000000000000, TDX_MODEL_NR_CPUID_CONTROLS, VCPU(cpuid_control[0]), HIDDEN,
	  GUEST_WRITES(3) },			/* CPUID_CONTROL */
	{ 0xa220000300000200, 32, HIDDEN },	/* LAST_EPF_GPA_LIST */
	{ 0x2420000000000000, 4096, HIDDEN, .l2_vm = 1 },	/* L2_VMCS_1 */
	{ 0x2520000300000000, 512, HIDDEN, .l2_vm = 1 },	/* L2_MSR_BITMAPS_1 */
	{ 0xa620000300000000, 512, HIDDEN, .l2_vm = 1 },	/* L2_SHADOW_MSR_BITMAPS_1 */
	{ 0x2c20000000000000, 4096, HIDDEN, .l2_vm = 2 },	/* L2_VMCS_2 */
	{ 0x2d20000300000000, 512, HIDDEN, .l2_vm = 2 },	/* L2_MSR_BITMAPS_2 */
	{ 0xae20000300000000, 512, HIDDEN, .l2_vm = 2 },	/* L2_SHADOW_MSR_BITMAPS_2 */
	{ 0x3420000000000000, 4096, HIDDEN, .l2_vm = 3 },	/* L2_VMCS_3 */
	{ 0x3520000300000000, 512, HIDDEN, .l2_vm = 3 },	/* L2_MSR_BITMAPS_3 */
	{ 0xb620000300000000, 512, HIDDEN, .l2_vm = 3 },	/* L2_SHADOW_MSR_BITMAPS_3 */
};

const struct tdx_model_fields tdx_model_vcpu_fields = { fields, ARRAY_SIZE(fields) };

/* Associates the vCPU, even if the field id is invalid. */
static u64 check_vcpu(struct tdx_model *m, struct tdx_model_call *call, u64 states)
{
	u64 status = tdx_model_check_vcpu_pages(m, call);

	if (status)
		return status;
	if (!tdx_model_is_one_of(states, tdx_model_vcpu_state(call->vcpu)))
		return refuse1(m, TDX_VCPU_STATE_INCORRECT, "the vCPU's state is %",
			       tdx_model_vcpu_state(call->vcpu));
	return tdx_model_associate(m, call);
}

u64 tdx_model_vp_rd(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 status = check_vcpu(m, call, BIT(TDX_VCPU_READY) | BIT(TDX_VCPU_DISABLED));

	return status ?: tdx_model_read_field(m, call, &tdx_model_vcpu_fields);
}

u64 tdx_model_vp_wr(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 status = check_vcpu(m, call, BIT(TDX_VCPU_READY));

	return status ?: tdx_model_write_field(m, call, &tdx_model_vcpu_fields);
}
