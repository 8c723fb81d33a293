// SPDX-License-Identifier: GPL-2.0-only
/* Log of SEAMCALLs: names, counts, and progress of the module. */
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/seam_names.h"
#include "machine/platform.h"
#include "seam/seam_log.h"

#define MAX_COUNTERS	256
#define RANGE		" 0x%llx 0x%llx"

/* Number of times that a leaf has returned a status. */
struct counter {
	u64 leaf, status;	/* without details */
	u64 count;
};

/* Operands of TDH.SYS.CONFIG. */
struct tdmr {
	u64 base, size;
	bool initialized;
};

static struct lock counters_lock;
static struct counter counters[MAX_COUNTERS];
static unsigned int nr_counters;
static u64 nr_seamcalls, nr_not_listed;

static struct tdmr tdmrs[TDX_MODEL_MAX_TDMRS];
static unsigned int nr_tdmrs, nr_initialized, nr_keyed_packages;

static void count(u64 leaf, u64 status)
{
	unsigned int i;

	lock(&counters_lock);
	nr_seamcalls++;
	for (i = 0; i < nr_counters; i++) {
		if (counters[i].leaf == leaf && counters[i].status == status)
			break;
	}
	if (i == nr_counters && i < MAX_COUNTERS)
		counters[nr_counters++] = (struct counter){ leaf, status, 0 };
	if (i < MAX_COUNTERS)
		counters[i].count++;
	else
		nr_not_listed++;
	unlock(&counters_lock);
}

void seam_log_counts(void)
{
	unsigned int i;

	log_line("seamcalls %llu", nr_seamcalls);
	for (i = 0; i < nr_counters; i++)
		log_line("seamcall %s %s %llu", leaf_name(counters[i].leaf),
			 status_name(counters[i].status), counters[i].count);
	if (nr_not_listed)
		log_line("seamcalls_not_listed %llu", nr_not_listed);
}

static void log_tdmr(const struct tdx_tdmr_info *info)
{
	unsigned int i;

	log_line("tdmr" RANGE " pamt1g" RANGE " pamt2m" RANGE " pamt4k" RANGE,
		 info->base, info->size, info->pamt[0].base, info->pamt[0].size,
		 info->pamt[1].base, info->pamt[1].size, info->pamt[2].base, info->pamt[2].size);
	for (i = 0; i < TDX_TDMR_NR_RESERVED && info->reserved[i].size; i++)
		log_line("rsvd" RANGE, info->reserved[i].offset, info->reserved[i].size);
}

/* Reads the module's copy: the host may have changed its own one. */
static void log_config(const struct tdx_model *model)
{
	const struct tdx_tdmr_info *info;
	unsigned int i;

	nr_tdmrs = model->nr_tdmrs;
	nr_initialized = 0;
	nr_keyed_packages = 0;
	for (i = 0; i < nr_tdmrs; i++) {
		info = &model->tdmrs[i].info;
		tdmrs[i] = (struct tdmr){ info->base, info->size, false };
		log_tdmr(info);
	}
	log_line("global_keyid %u", model->global_keyid);
}

static void log_key_config(void)
{
	if (__atomic_add_fetch(&nr_keyed_packages, 1, __ATOMIC_SEQ_CST) == platform.nr_packages)
		log_line("module ready: the global KeyID is configured on %u package(s)",
			 platform.nr_packages);
}

static void log_tdmr_init(const struct tdx_model_regs *in, const struct tdx_model_regs *out)
{
	unsigned int i;

	for (i = 0; i < nr_tdmrs; i++) {
		if (tdmrs[i].base != in->gpr.rcx ||
		    out->gpr.rdx != tdmrs[i].base + tdmrs[i].size)
			continue;
		if (__atomic_exchange_n(&tdmrs[i].initialized, true, __ATOMIC_SEQ_CST))
			return;
		if (__atomic_add_fetch(&nr_initialized, 1, __ATOMIC_SEQ_CST) == nr_tdmrs)
			log_line("all %u TDMR(s) initialized", nr_tdmrs);
	}
}

/* MRTD, in hexadecimal */
static void log_mrtd(const struct tdx_model *model, u64 tdr)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * TDX_MR_BYTES + 1] = "";
	u8 mrtd[TDX_MR_BYTES];
	unsigned int i;

	tdx_model_mrtd(model, tdr, mrtd);
	for (i = 0; i < TDX_MR_BYTES; i++) {
		text[2 * i] = digits[mrtd[i] >> 4];
		text[2 * i + 1] = digits[mrtd[i] & 15];
	}
	log_line("td 0x%llx mrtd %s", tdr, text);
}

void seam_log_progress(const struct tdx_model *model, const struct tdx_model_regs *in,
		       const struct tdx_model_regs *out)
{
	if (out->rax != TDX_SUCCESS)
		return;
	switch (in->rax & TDX_LEAF_NUMBER_MASK) {
	case TDH_SYS_CONFIG:
		log_config(model);
		break;
	case TDH_SYS_KEY_CONFIG:
		log_key_config();
		break;
	case TDH_SYS_TDMR_INIT:
		log_tdmr_init(in, out);
		break;
	case TDH_MR_FINALIZE:
		log_mrtd(model, in->gpr.rcx);
		break;
	case TDH_SYS_DISABLE:
		log_line("module disabled: all memory is the host's, the next TDH.SYS.INIT begins anew");
		break;
	}
}

static void log_registers(const struct cpu *cpu, const struct tdx_model_regs *regs,
			  const char *when)
{
	const struct tdx_regs *r = &regs->gpr;

	log_line("[cpu %u] %s: rax %llx rcx %llx rdx %llx r8 %llx r9 %llx r10 %llx r11 %llx",
		 cpu->index, when, regs->rax, r->rcx, r->rdx, r->r8, r->r9, r->r10, r->r11);
}

void seam_log(const struct cpu *cpu, const struct tdx_model_regs *in,
	      const struct tdx_model_regs *out, const char *why)
{
	bool failed = out->rax & TDX_STATUS_ERROR;

	count(in->rax & TDX_LEAF_NUMBER_MASK, out->rax & TDX_STATUS_CODE_MASK);
	if (options.log_level >= LOG_CPUS)
		log_registers(cpu, in, "in ");
	if (failed && options.log_level >= LOG_FAILURES)
		log_line("[cpu %u] %s failed: 0x%016llx %s: %s", cpu->index, leaf_name(in->rax),
			 out->rax, status_name(out->rax), why);
	else if (options.log_level >= LOG_SEAMCALLS)
		log_line("[cpu %u] %s: %s", cpu->index, leaf_name(in->rax),
			 status_name(out->rax));
	if (options.log_level >= LOG_CPUS)
		log_registers(cpu, out, "out");
}
