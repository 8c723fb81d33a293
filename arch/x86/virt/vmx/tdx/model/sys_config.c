// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: TDH.SYS.CONFIG, which configures the TDMRs.
 *
 * TDX Module ABI specification, "TDMR_INFO" and TDH.SYS.CONFIG.  The checks are
 * in the same order as in the module, also for levels (from 1G down for format
 * and CMRs, from 4K up for overlaps), as the first that fails determines the
 * status.
 */
#include <linux/minmax.h>

#include "internal.h"

static u64 tdmr_details(unsigned int tdmr, unsigned int index)
{
	return tdmr | (u64)index << 8;
}

static bool overlap(u64 base_a, u64 size_a, u64 base_b, u64 size_b)
{
	return base_a < base_b + size_b && base_b < base_a + size_a;
}

static u64 check_tdmr_range(struct tdx_model *m, unsigned int i)
{
	const struct tdx_tdmr_info *tdmr = &m->tdmrs[i].info;
	u64 end = tdmr->base + tdmr->size;

	if (end < tdmr->base)
		return refuse3(m, TDX_INVALID_TDMR | i, "TDMR %: base % + size % wraps", i,
			       tdmr->base, tdmr->size);
	if (i && tdmr->base < tdx_model_tdmr_end(&m->tdmrs[i - 1].info))
		return refuse3(m, TDX_NON_ORDERED_TDMR | i, "TDMR %: base % below end % of the one before",
			       i, tdmr->base, tdx_model_tdmr_end(&m->tdmrs[i - 1].info));
	if (!tdmr->size || (tdmr->base | tdmr->size) & (TDX_TDMR_ALIGNMENT - 1) ||
	    !tdx_model_hpa_without_keyid(m, tdmr->base) ||
	    !tdx_model_hpa_without_keyid(m, end - 1))
		return refuse3(m, TDX_INVALID_TDMR | i,
			       "TDMR %: base % or size % is no multiple of 1 GB, or has KeyID bits",
			       i, tdmr->base, tdmr->size);
	return TDX_SUCCESS;
}

static u64 check_reserved_areas(struct tdx_model *m, unsigned int i)
{
	const struct tdx_tdmr_info *tdmr = &m->tdmrs[i].info;
	const struct tdx_reserved_area *area = tdmr->reserved;
	unsigned int j, limit = m->config.max_reserved_per_tdmr;
	u64 previous_end = 0, end;

	for (j = 0; j < TDX_TDMR_NR_RESERVED; j++) {
		if (!area[j].size) {
			if (j + 1 < TDX_TDMR_NR_RESERVED && area[j + 1].size)
				return refuse2(m,
					       TDX_NON_ORDERED_RESERVED_IN_TDMR |
					       tdmr_details(i, j),
					       "TDMR %: reserved area % is null, but not the last", i, j);
			continue;
		}

		end = area[j].offset + area[j].size;
		if (end < area[j].offset)
			return refuse3(m, TDX_INVALID_RESERVED_IN_TDMR | tdmr_details(i, j),
				       "TDMR %, reserved area %: offset % + size wraps", i, j,
				       area[j].offset);
		if (area[j].offset < previous_end)
			return refuse3(m, TDX_NON_ORDERED_RESERVED_IN_TDMR | tdmr_details(i, j),
				       "TDMR %, reserved area %: offset % is below the end of the one before",
				       i, j, area[j].offset);
		if ((area[j].offset | area[j].size) & (PAGE_BYTES - 1) || end > tdmr->size ||
		    j >= limit)
			return refuse3(m, TDX_INVALID_RESERVED_IN_TDMR | tdmr_details(i, j),
				       "TDMR %, reserved area %: unaligned, beyond the TDMR, or one too many (offset %)",
				       i, j, area[j].offset);
		previous_end = end;
	}
	return TDX_SUCCESS;
}

static u64 check_pamt_areas(struct tdx_model *m, unsigned int i)
{
	struct tdx_tdmr_info *tdmr = &m->tdmrs[i].info;
	const struct tdx_pamt_area *pamt;
	int level;
	u64 needed;

	for (level = TDX_PAMT_1G; level >= TDX_PAMT_4K; level--) {
		pamt = tdx_tdmr_pamt(tdmr, level);
		needed = (tdmr->size >> tdx_model_level_shift[level]) * m->config.pamt_entry_size;
		if (pamt->base + pamt->size < pamt->base ||
		    (pamt->base | pamt->size) & (PAGE_BYTES - 1) ||
		    !tdx_model_hpa_without_keyid(m, pamt->base) ||
		    (pamt->size && !tdx_model_hpa_without_keyid(m, pamt->base + pamt->size - 1)) ||
		    pamt->size < needed)
			return refuse3(m, TDX_INVALID_PAMT | tdmr_details(i, level),
				       "TDMR %: PAMT at % is malformed, or its size % too small", i,
				       pamt->base, pamt->size);
	}
	return TDX_SUCCESS;
}

static u64 refuse_overlap(struct tdx_model *m, unsigned int i, int level, unsigned int other)
{
	return refuse3(m, TDX_PAMT_OVERLAP | tdmr_details(i, level) | (u64)other << 16,
		       "PAMT level % of TDMR % overlaps a PAMT or usable memory of TDMR %", level, i,
		       other);
}

static bool touches_pamt(struct tdx_tdmr_info *tdmr, const struct tdx_pamt_area *pamt)
{
	const struct tdx_pamt_area *other;
	int level;

	for (level = TDX_PAMT_4K; level < TDX_NR_PAMT_LEVELS; level++) {
		other = tdx_tdmr_pamt(tdmr, level);
		if (overlap(other->base, other->size, pamt->base, pamt->size))
			return true;
	}
	return false;
}

/* Checks the PAMTs of a TDMR against those of earlier TDMRs, and each other. */
static u64 check_pamts_against_pamts(struct tdx_model *m, unsigned int i)
{
	struct tdx_tdmr_info *tdmr = &m->tdmrs[i].info;
	const struct tdx_pamt_area *a, *b;
	unsigned int j;
	int level, other;

	for (j = 0; j < i; j++)
		for (level = TDX_PAMT_4K; level < TDX_NR_PAMT_LEVELS; level++)
			if (touches_pamt(&m->tdmrs[j].info, tdx_tdmr_pamt(tdmr, level)))
				return refuse_overlap(m, i, level, j);
	for (level = TDX_PAMT_4K; level < TDX_PAMT_1G; level++)
		for (other = level + 1; other < TDX_NR_PAMT_LEVELS; other++) {
			a = tdx_tdmr_pamt(tdmr, level);
			b = tdx_tdmr_pamt(tdmr, other);
			if (overlap(a->base, a->size, b->base, b->size))
				return refuse_overlap(m, i, level, i);
		}
	return TDX_SUCCESS;
}

/*
 * Finds the first usable, i.e. not reserved, range of a TDMR at or above @from;
 * returns false if there is none.
 */
static bool next_usable(const struct tdx_tdmr_info *tdmr, u64 from, u64 *start, u64 *end)
{
	const struct tdx_reserved_area *area = tdmr->reserved;
	unsigned int j;

	*start = max(from, tdmr->base);
	for (j = 0; j < TDX_TDMR_NR_RESERVED && area[j].size; j++) {
		u64 reserved = tdmr->base + area[j].offset;

		if (reserved > *start) {
			*end = reserved;
			return true;
		}
		if (reserved + area[j].size > *start)
			*start = reserved + area[j].size;
	}
	*end = tdx_model_tdmr_end(tdmr);
	return *start < *end;
}

static bool touches_usable(const struct tdx_tdmr_info *tdmr, const struct tdx_pamt_area *pamt)
{
	u64 start, end = tdmr->base;

	while (next_usable(tdmr, end, &start, &end))
		if (overlap(start, end - start, pamt->base, pamt->size))
			return true;
	return false;
}

/* Checks the PAMTs of TDMR @i against usable memory of TDMR @other. */
static u64 check_pamts_in_tdmr(struct tdx_model *m, unsigned int i, unsigned int other)
{
	struct tdx_tdmr_info *tdmr = &m->tdmrs[i].info;
	int level;

	for (level = TDX_PAMT_4K; level < TDX_NR_PAMT_LEVELS; level++)
		if (touches_usable(&m->tdmrs[other].info, tdx_tdmr_pamt(tdmr, level)))
			return refuse_overlap(m, i, level, other);
	return TDX_SUCCESS;
}

/* Checks the PAMTs of a TDMR against it and earlier TDMRs, and vice versa. */
static u64 check_pamts_against_tdmrs(struct tdx_model *m, unsigned int i)
{
	unsigned int j;
	u64 status;

	for (j = 0; j <= i; j++) {
		status = check_pamts_in_tdmr(m, i, j);
		if (!status && j < i)
			status = check_pamts_in_tdmr(m, j, i);
		if (status)
			return status;
	}
	return TDX_SUCCESS;
}

static u64 check_against_cmrs(struct tdx_model *m, unsigned int i)
{
	struct tdx_tdmr_info *tdmr = &m->tdmrs[i].info;
	const struct tdx_pamt_area *pamt;
	u64 start, end = tdmr->base;
	int level;

	for (level = TDX_PAMT_1G; level >= TDX_PAMT_4K; level--) {
		pamt = tdx_tdmr_pamt(tdmr, level);
		if (!tdx_model_in_cmrs(m, pamt->base, pamt->base + pamt->size))
			return refuse3(m, TDX_PAMT_OUTSIDE_CMRS | tdmr_details(i, level),
				       "TDMR %: PAMT at %, size %", i, pamt->base, pamt->size);
	}
	while (next_usable(tdmr, end, &start, &end))
		if (!tdx_model_in_cmrs(m, start, end))
			return refuse3(m, TDX_TDMR_OUTSIDE_CMRS | i,
				       "TDMR %: usable memory from % to %", i, start, end);
	return TDX_SUCCESS;
}

static u64 check_tdmr(struct tdx_model *m, unsigned int i)
{
	static u64 (* const checks[])(struct tdx_model *m, unsigned int i) = {
		check_tdmr_range,
		check_reserved_areas,
		check_pamt_areas,
		check_pamts_against_pamts,
		check_pamts_against_tdmrs,
		check_against_cmrs,
	};
	unsigned int j;
	u64 status;

	for (j = 0; j < ARRAY_SIZE(checks); j++) {
		status = checks[j](m, i);
		if (status)
			return status;
	}
	return TDX_SUCCESS;
}

/* Copied once, so that later changes of the host's memory have no effect. */
static u64 take_tdmr(struct tdx_model *m, u64 pointers, unsigned int i)
{
	struct tdx_model_tdmr *tdmr = &m->tdmrs[i];
	u64 pa;

	if (!tdx_model_read(m, pointers + i * sizeof(pa), &pa, sizeof(pa)))
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX, "no memory at %",
			       pointers);
	if (!tdx_model_shared_hpa(m, pa, sizeof(tdmr->info), TDX_TDMR_INFO_ALIGNMENT))
		return refuse2(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX,
			       "TDMR_INFO % at % is no aligned, shared address", i, pa);
	if (!tdx_model_read(m, pa, &tdmr->info, sizeof(tdmr->info)))
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX, "no memory at %", pa);

	tdmr->next = tdmr->info.base;
	return check_tdmr(m, i);
}

static u64 check_config_operands(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 nr = call->in.rdx, keyid = call->in.r8, status;

	if (tdx_model_state(m) != TDX_MODEL_INIT_DONE || m->nr_lps_init_done != m->config.nr_lps)
		return refuse3(m, TDX_SYS_CONFIG_NOT_PENDING,
			       "module state is %, % of % logical processors are initialized",
			       tdx_model_state(m), m->nr_lps_init_done, m->config.nr_lps);
	/* Checked before the count, whatever its value is. */
	status = tdx_model_shared_operand(m, call, TDX_OPERAND_ID_RCX,
					  sizeof(u64) * (nr && nr <= TDX_MODEL_MAX_TDMRS ? nr : 1),
					  TDX_TDMR_POINTERS_ALIGNMENT);
	if (status)
		return status;
	if (!nr || nr > m->config.max_tdmrs || nr > TDX_MODEL_MAX_TDMRS)
		return refuse2(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RDX,
			       "% TDMRs, allowed are 1 to %", nr, m->config.max_tdmrs);
	/*
	 * TDH.SYS.INIT refuses a platform with more KeyIDs, but may not have
	 * run here.
	 */
	if (keyid >= TDX_MODEL_NR_KEYIDS || !tdx_model_keyid_is_private(m, keyid))
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_R8,
			       "% is no private KeyID", keyid);
	return TDX_SUCCESS;
}

u64 tdx_model_sys_config(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 pointers = call->in.rcx, nr = call->in.rdx, keyid = call->in.r8;
	u64 status = check_config_operands(m, call);
	unsigned int i;

	if (status)
		return status;
	/*
	 * Remains set if a TDMR is refused: only TDH.SYS.CONFIG can use the
	 * KeyID then.
	 */
	m->keyids[keyid].state = TDX_MODEL_KEYID_RESERVED;
	for (i = 0; i < nr && !status; i++)
		status = take_tdmr(m, pointers, i);
	if (status)
		return status;

	m->nr_tdmrs = nr;
	m->global_keyid = keyid;
	tdx_model_drop_handoff(m);
	tdx_model_own_pamts(m, m->tdmrs, m->nr_tdmrs, true);
	tdx_model_enter_state(m, TDX_MODEL_CONFIG_DONE);
	return TDX_SUCCESS;
}
