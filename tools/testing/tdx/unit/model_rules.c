// SPDX-License-Identifier: GPL-2.0-only
/* Order of the checks of a leaf.  See model_rules.h. */
#include <stdio.h>

#include "model_rules.h"

#define COMMON_SPOIL(name, statement) \
	void name(struct attempt *a) { statement; }

static void lock(struct attempt *a, u64 pa, enum tdx_pamt_level level, s16 holders)
{
	entry_of(a->m, pa, level)->lock.holders = holders;
}

COMMON_SPOIL(rcx_unaligned, a->regs.gpr.rcx += 8)
COMMON_SPOIL(rcx_keyid, a->regs.gpr.rcx |= 1ULL << 46)
COMMON_SPOIL(rcx_bit_52, a->regs.gpr.rcx |= 1ULL << 52)
COMMON_SPOIL(rcx_outside, a->regs.gpr.rcx += G(8))
COMMON_SPOIL(rdx_unaligned, a->regs.gpr.rdx += 8)
COMMON_SPOIL(rdx_keyid, a->regs.gpr.rdx |= 1ULL << 46)
COMMON_SPOIL(rdx_outside, a->regs.gpr.rdx += G(8))
COMMON_SPOIL(gb_locked, lock(a, TDR_PA, TDX_PAMT_1G, -1))
COMMON_SPOIL(mb_locked, lock(a, TDR_PA, TDX_PAMT_2M, -1))
COMMON_SPOIL(tdr_locked, lock(a, TDR_PA, TDX_PAMT_4K, -1))
COMMON_SPOIL(tdr_shared, lock(a, TDR_PA, TDX_PAMT_4K, 2))
COMMON_SPOIL(page_locked, lock(a, PAGE_PA, TDX_PAMT_4K, -1))
COMMON_SPOIL(page_shared, lock(a, PAGE_PA, TDX_PAMT_4K, 2))
COMMON_SPOIL(op_state_locked, tdcs_of(a->m)->op_state_lock.holders = -1)
COMMON_SPOIL(tdr_type, entry_of(a->m, TDR_PA, TDX_PAMT_4K)->type = TDX_PAGE_TDCX)
COMMON_SPOIL(page_type, entry_of(a->m, PAGE_PA, TDX_PAMT_4K)->type = TDX_PAGE_REG)
COMMON_SPOIL(fatal, td_of(a->m)->fatal = true)
COMMON_SPOIL(hkid_assigned, td_of(a->m)->lifecycle = TDX_TD_HKID_ASSIGNED)
COMMON_SPOIL(blocked, td_of(a->m)->lifecycle = TDX_TD_BLOCKED)
COMMON_SPOIL(tdcx_missing, td_of(a->m)->nr_tdcx = 5)
COMMON_SPOIL(runnable, tdcs_of(a->m)->op_state = TDX_TD_RUNNABLE)
COMMON_SPOIL(uninitialized, tdcs_of(a->m)->op_state = TDX_TD_UNINITIALIZED)

static bool check(struct attempt *a, const struct order *order, u64 expected,
		  const struct rule *first, const struct rule *second)
{
	u64 status = machine_seamcall(a->m, 0, &a->regs);

	if (status == expected)
		return true;
	fprintf(stderr, "# leaf %llu, rules %ld and %ld: 0x%llx, not 0x%llx: %s\n", order->leaf,
		first ? first - order->rules : -1, second ? second - order->rules : -1, status,
		expected, tdx_model_why(&a->m->model));
	return false;
}

static bool ends(const struct order *order, const struct rule *rule)
{
	return rule == order->rules + NR_RULES || !rule->spoil;
}

bool rules_hold(struct model_machine *m, const struct order *order, begin_t begin)
{
	struct attempt a = begin(m, order);
	bool hold = check(&a, order, 0, NULL, NULL);
	const struct rule *rule;

	for (rule = order->rules; !ends(order, rule); rule++) {
		a = begin(m, order);
		rule->spoil(&a);
		hold &= check(&a, order, rule->status, rule, NULL);
	}
	return hold;
}

bool rules_hold_in_pairs(struct model_machine *m, const struct order *order, begin_t begin,
			 unsigned int *nr_pairs)
{
	const struct rule *first, *later;
	struct attempt a;
	bool hold = true;

	for (first = order->rules; !ends(order, first); first++)
		for (later = order->rules; !ends(order, later); later++) {
			if (later->step <= first->step)
				continue;
			a = begin(m, order);
			later->spoil(&a);
			first->spoil(&a);
			hold &= check(&a, order, first->status, first, later);
			(*nr_pairs)++;
		}
	return hold;
}
