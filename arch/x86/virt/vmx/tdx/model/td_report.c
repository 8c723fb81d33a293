// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: measurements that the guest extends, and reports.
 *
 * A report's MAC is that of a CPU, with a secret key.  Here it is an HMAC of the hash that
 * there is, with a key that is known.
 *
 * TDX Module Base Architecture Specification, "Measurement and Attestation"; ABI
 * specification, TDG.MR.*, "TDREPORT_STRUCT".
 */
#include "platform.h"
#include "td_run.h"

#define REPORT_TYPE_TDX		0x81
#define REPORT_BYTES		1024
#define REPORTDATA_BYTES	64
#define RTMR_ALIGNMENT		64
#define MAC_BYTES		32
#define TEE_TCB_INFO_BYTES	239
#define TEE_TCB_INFO_VALID	0x301ffULL

struct report_mac {
	u8 type, subtype, version;
	u8 reserved0[13];
	u8 cpusvn[16];
	u64 tee_tcb_info_hash[TDX_MR_BYTES / 8];
	u64 tee_info_hash[TDX_MR_BYTES / 8];
	u8 reportdata[REPORTDATA_BYTES];
	u8 reserved1[32];
	u8 mac[MAC_BYTES];
};

static_assert(offsetof(struct report_mac, cpusvn) == 16);
static_assert(offsetof(struct report_mac, tee_tcb_info_hash) == 32);
static_assert(offsetof(struct report_mac, tee_info_hash) == 80);
static_assert(offsetof(struct report_mac, reportdata) == 128);
static_assert(offsetof(struct report_mac, mac) == 224);
static_assert(sizeof(struct report_mac) == 256);

/* The module; followed by 17 bytes that are not part of it */
struct tee_tcb_info {
	u64 valid;
	u8 tee_tcb_svn[16];
	u64 mrseam[TDX_MR_BYTES / 8];
	u64 mrsignerseam[TDX_MR_BYTES / 8];
	u64 attributes;
	u8 reserved[128];
};

static_assert(offsetof(struct tee_tcb_info, mrseam) == 24);
static_assert(offsetof(struct tee_tcb_info, attributes) == 120);
static_assert(sizeof(struct tee_tcb_info) == 256);

struct td_info {
	u64 attributes;
	u64 xfam;
	u64 mrtd[TDX_MR_BYTES / 8];
	u64 mrconfigid[TDX_MR_BYTES / 8];
	u64 mrowner[TDX_MR_BYTES / 8];
	u64 mrownerconfig[TDX_MR_BYTES / 8];
	u64 rtmr[TDX_NR_RTMRS][TDX_MR_BYTES / 8];
	u64 servtd_hash[TDX_MR_BYTES / 8];
	u64 reserved[8];
};

static_assert(offsetof(struct td_info, rtmr) == 208);
static_assert(offsetof(struct td_info, servtd_hash) == 400);
static_assert(sizeof(struct td_info) == 512);

struct report {
	struct report_mac mac;
	struct tee_tcb_info tee_tcb_info;
	struct td_info td_info;
};

static_assert(sizeof(struct report) == REPORT_BYTES);

static enum tdx_model_outcome refuse_operand(struct tdx_model_entry *e, unsigned int operand)
{
	return tdx_model_tdcall_status(e, TDX_OPERAND_INVALID | operand);
}

static bool is_private(const struct tdx_model_entry *e, u64 gpa)
{
	return !(gpa >> tdx_model_shared_bit(e->tdcs));
}

/* A private or shared address */
static bool is_in_width(const struct tdx_model_entry *e, u64 gpa)
{
	return !(gpa >> tdx_model_shared_bit(e->tdcs) >> 1);
}

/* The old value and the new one are hashed.  TDG.VM.RD does not take the lock. */
static void extend(u64 rtmr[TDX_MR_BYTES / 8], const u8 value[TDX_MR_BYTES])
{
	u64 result[TDX_MODEL_SHA384_WORDS];
	u8 both[2 * TDX_MR_BYTES];
	unsigned int i;

	memcpy(both, rtmr, TDX_MR_BYTES);
	memcpy(&both[TDX_MR_BYTES], value, TDX_MR_BYTES);
	tdx_model_sha384(both, sizeof(both), result);
	for (i = 0; i < ARRAY_SIZE(result); i++)
		__atomic_store_n(&rtmr[i], result[i], __ATOMIC_RELAXED);
}

enum tdx_model_outcome tdx_model_tdg_mr_rtmr_extend(struct tdx_model_entry *e)
{
	u64 gpa = *tdx_model_gpr(e, TDX_MODEL_RCX), i = *tdx_model_gpr(e, TDX_MODEL_RDX);
	struct tdx_model_guest_memory memory;
	enum tdx_model_outcome outcome;
	u8 value[TDX_MR_BYTES];

	if (gpa & (RTMR_ALIGNMENT - 1) || !is_private(e, gpa))
		return refuse_operand(e, TDX_OPERAND_ID_RCX);
	outcome = tdx_model_guest_memory(e, gpa, TDX_MODEL_READ, &memory);
	if (outcome != TDX_MODEL_COMPLETED)
		return outcome;
	if (i >= TDX_NR_RTMRS)
		return refuse_operand(e, TDX_OPERAND_ID_RDX);
	if (!tdx_model_try_lock(&e->tdcs->rtmr_lock))
		return tdx_model_tdcall_status(e, TDX_OPERAND_BUSY | TDX_OPERAND_ID_RTMR);
	tdx_model_read_guest(e, &memory, value, sizeof(value));
	extend(e->tdcs->rtmr[i], value);
	tdx_model_unlock(&e->tdcs->rtmr_lock);
	return tdx_model_tdcall_status(e, TDX_SUCCESS);
}

static void describe_module(const struct tdx_model *m, struct tee_tcb_info *info)
{
	const u16 version[] = {
		m->config.major_version, m->config.minor_version, m->config.update_version,
	};

	info->valid = TEE_TCB_INFO_VALID;
	info->tee_tcb_svn[0] = m->config.update_version;
	info->tee_tcb_svn[1] = m->config.major_version;
	tdx_model_sha384(version, sizeof(version), info->mrseam);
}

static void describe_td(const struct tdx_model_tdcs *tdcs, struct td_info *info)
{
	info->attributes = tdcs->attributes;
	info->xfam = tdcs->xfam;
	memcpy(info->mrtd, tdcs->mrtd, sizeof(info->mrtd));
	memcpy(info->mrconfigid, tdcs->mrconfigid, sizeof(info->mrconfigid));
	memcpy(info->mrowner, tdcs->mrowner, sizeof(info->mrowner));
	memcpy(info->mrownerconfig, tdcs->mrownerconfig, sizeof(info->mrownerconfig));
	memcpy(info->rtmr, tdcs->rtmr, sizeof(info->rtmr));
}

/* HMAC of all before the MAC, cut to its length */
static void compute_mac(const struct report_mac *report, u8 mac[MAC_BYTES])
{
	static const char key[] = "key of the software TDX module's CPU";
	u8 inner[TDX_MODEL_SHA384_BLOCK + offsetof(struct report_mac, mac)];
	u8 outer[TDX_MODEL_SHA384_BLOCK + TDX_MR_BYTES];
	u64 result[TDX_MODEL_SHA384_WORDS];
	unsigned int i;
	u8 byte;

	for (i = 0; i < TDX_MODEL_SHA384_BLOCK; i++) {
		byte = i < sizeof(key) ? key[i] : 0;
		inner[i] = byte ^ 0x36;
		outer[i] = byte ^ 0x5c;
	}
	memcpy(&inner[TDX_MODEL_SHA384_BLOCK], report, offsetof(struct report_mac, mac));
	tdx_model_sha384(inner, sizeof(inner), result);
	memcpy(&outer[TDX_MODEL_SHA384_BLOCK], result, TDX_MR_BYTES);
	tdx_model_sha384(outer, sizeof(outer), result);
	memcpy(mac, result, MAC_BYTES);
}

static void compose_report(const struct tdx_model_entry *e, struct report *report)
{
	describe_module(e->m, &report->tee_tcb_info);
	describe_td(e->tdcs, &report->td_info);
	report->mac.type = REPORT_TYPE_TDX;
	tdx_model_sha384(&report->tee_tcb_info, TEE_TCB_INFO_BYTES,
			 report->mac.tee_tcb_info_hash);
	tdx_model_sha384(&report->td_info, sizeof(report->td_info), report->mac.tee_info_hash);
	compute_mac(&report->mac, report->mac.mac);
}

/* With the RTMRs locked.  An interrupt comes first. */
static enum tdx_model_outcome write_report(struct tdx_model_entry *e, struct report *report)
{
	struct tdx_model_guest_memory memory;
	enum tdx_model_outcome outcome;

	if (tdx_model_interrupt_is_pending(e->m))
		return TDX_MODEL_RESTARTED;
	outcome = tdx_model_guest_memory(e, *tdx_model_gpr(e, TDX_MODEL_RCX), TDX_MODEL_WRITE,
					 &memory);
	if (outcome != TDX_MODEL_COMPLETED)
		return outcome;
	compose_report(e, report);
	return tdx_model_write_guest(e, &memory, report, sizeof(*report)) ?
		tdx_model_tdcall_status(e, TDX_SUCCESS) : refuse_operand(e, TDX_OPERAND_ID_RCX);
}

enum tdx_model_outcome tdx_model_tdg_mr_report(struct tdx_model_entry *e)
{
	u64 to = *tdx_model_gpr(e, TDX_MODEL_RCX), from = *tdx_model_gpr(e, TDX_MODEL_RDX);
	struct tdx_model_guest_memory memory;
	enum tdx_model_outcome outcome;
	struct report report = {};

	if (to & (REPORT_BYTES - 1) || !is_in_width(e, to))
		return refuse_operand(e, TDX_OPERAND_ID_RCX);
	if (from & (REPORTDATA_BYTES - 1) || !is_in_width(e, from))
		return refuse_operand(e, TDX_OPERAND_ID_RDX);
	outcome = tdx_model_guest_memory(e, from, TDX_MODEL_READ, &memory);
	if (outcome != TDX_MODEL_COMPLETED)
		return outcome;
	if (*tdx_model_gpr(e, TDX_MODEL_R8))
		return refuse_operand(e, TDX_OPERAND_ID_R8);
	if (!tdx_model_read_guest(e, &memory, report.mac.reportdata, REPORTDATA_BYTES))
		return refuse_operand(e, TDX_OPERAND_ID_RDX);
	if (!tdx_model_hold(e->call, &e->tdcs->rtmr_lock, TDX_MODEL_SHARED))
		return tdx_model_tdcall_status(e, TDX_OPERAND_BUSY | TDX_OPERAND_ID_RTMR);
	outcome = write_report(e, &report);
	tdx_model_release_last_lock(e->call);
	return outcome;
}

enum tdx_model_outcome tdx_model_tdg_mr_verifyreport(struct tdx_model_entry *e)
{
	static const u8 cpusvn[sizeof(((struct report_mac *)NULL)->cpusvn)];
	u64 gpa = *tdx_model_gpr(e, TDX_MODEL_RCX);
	struct tdx_model_guest_memory memory;
	enum tdx_model_outcome outcome;
	struct report_mac report;
	u8 mac[MAC_BYTES];

	if (gpa & (sizeof(report) - 1) || !is_private(e, gpa))
		return refuse_operand(e, TDX_OPERAND_ID_RCX);
	outcome = tdx_model_guest_memory(e, gpa, TDX_MODEL_READ, &memory);
	if (outcome != TDX_MODEL_COMPLETED)
		return outcome;
	tdx_model_read_guest(e, &memory, &report, sizeof(report));
	if (memcmp(report.cpusvn, cpusvn, sizeof(cpusvn)))
		return tdx_model_tdcall_status(e, TDX_INVALID_CPUSVN);
	compute_mac(&report, mac);
	return tdx_model_tdcall_status(e, memcmp(mac, report.mac, sizeof(mac)) ?
					  TDX_INVALID_REPORTMACSTRUCT : TDX_SUCCESS);
}
