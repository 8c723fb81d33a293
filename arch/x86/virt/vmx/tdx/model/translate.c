// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: translation of guest physical addresses while a vCPU runs.
 *
 * Private addresses are translated by the TD's secure EPT, shared ones by an EPT of the host.
 * This is what the CPU does: it takes no locks.
 *
 * Intel SDM, volume 3, "The Extended Page Table Mechanism (EPT)", "EPT-Induced VM Exits";
 * TDX Module Base Architecture Specification, "TD Private Memory Management".
 */
#include "guest.h"
#include "internal.h"

/* Entries of the host's EPT */
#define EPT_LEAF		BIT_ULL(7)
#define EPT_TYPE_SHIFT		3
#define EPT_TYPE		7ULL
#define EPT_IGNORE_PAT		BIT_ULL(6)
#define EPT_TABLE_RESERVED	0x78ULL		/* of one that refers to a table */
#define EPT_ADDRESS		0xffffffffff000ULL
#define EPT_SUPPRESS_VE		BIT_ULL(63)
#define EPT_MAX_LEAF_LEVEL	2

/* Memory types that exist */
#define EPT_TYPES		(BIT(0) | BIT(1) | BIT(4) | BIT(5) | BIT(6))

/* Exit qualification of an EPT violation */
#define VIOLATION_FOUND_SHIFT	3
#define VIOLATION_HAS_GLA	BIT_ULL(7)
#define VIOLATION_IS_FINAL	BIT_ULL(8)

static enum tdx_model_translated violation(const struct tdx_model_access *access, u8 found,
					   bool convertible, struct tdx_model_exit *exit)
{
	*exit = (struct tdx_model_exit) {
		.reason = TDX_MODEL_EXIT_EPT_VIOLATION,
		.qualification = access->rights | (u64)found << VIOLATION_FOUND_SHIFT,
		.gpa = access->gpa,
		.convertible = convertible,
	};
	if (access->gla_is_valid) {
		exit->qualification |= VIOLATION_HAS_GLA;
		exit->gla = access->gla;
		if (!access->is_paging)
			exit->qualification |= VIOLATION_IS_FINAL;
	}
	return TDX_MODEL_TRANSLATION_EXITS;
}

static enum tdx_model_translated misconfiguration(const struct tdx_model_access *access,
						  struct tdx_model_exit *exit)
{
	*exit = (struct tdx_model_exit) {
		.reason = TDX_MODEL_EXIT_EPT_MISCONFIG,
		.gpa = access->gpa,
	};
	return TDX_MODEL_TRANSLATION_EXITS;
}

/* All mapped pages have all rights.  #VE is the module's decision, so it is always suppressed. */
static enum tdx_model_translated
translate_private(const struct tdx_model_run *run, const struct tdx_model_access *access,
		  struct tdx_model_translation *to, struct tdx_model_exit *exit)
{
	struct tdx_model_sept_operand sept = { .gpa = access->gpa };

	tdx_model_sept_walk(run->m, run->call, &sept, 0);
	if (tdx_model_sept_state(sept.value) != TDX_MODEL_SEPT_MAPPED)
		return violation(access, 0, false, exit);
	*to = (struct tdx_model_translation) {
		.hpa = (sept.value & SEPT_HPA) | (access->gpa & (sept_bytes(sept.level) - 1)),
		.keyid = run->hkid,
		.rights = TDX_MODEL_RWX,
		.level = sept.level,
		.memory_type = TDX_MODEL_MEMORY_WB,
	};
	return TDX_MODEL_TRANSLATED;
}

static bool is_leaf(u64 entry, unsigned int level)
{
	return !level || entry & EPT_LEAF;
}

/* Execute-only is legal.  A private KeyID is reserved in an EPT of the host. */
static bool is_misconfigured(const struct tdx_model *m, u64 entry, unsigned int level)
{
	if (entry & TDX_MODEL_WRITE && !(entry & TDX_MODEL_READ))
		return true;
	if (tdx_model_keyid_is_private(m, tdx_model_keyid_of(m, entry & EPT_ADDRESS)))
		return true;
	if (!is_leaf(entry, level))
		return entry & EPT_TABLE_RESERVED;
	return level > EPT_MAX_LEAF_LEVEL || entry & EPT_ADDRESS & (sept_bytes(level) - 1) ||
	       !(EPT_TYPES & BIT(entry >> EPT_TYPE_SHIFT & EPT_TYPE));
}

static u64 read_entry(const struct tdx_model_run *run, u64 table, u64 gpa, unsigned int level)
{
	u64 entry, i = gpa / sept_bytes(level) % SEPT_NR_ENTRIES;

	/* A table that is not in memory has no mappings. */
	if (!tdx_model_read(run->m, table + i * sizeof(entry), &entry, sizeof(entry)))
		entry = EPT_SUPPRESS_VE;
	return entry;
}

/* Until the host sets an EPT: a page of the TD, in which all entries are 0 */
static bool is_initial_ept(const struct tdx_model_run *run)
{
	u16 keyid = tdx_model_keyid_of(run->m, run->call->vcpu->shared_eptp);

	return tdx_model_keyid_is_private(run->m, keyid);
}

static enum tdx_model_translated
translate_shared(const struct tdx_model_run *run, const struct tdx_model_access *access,
		 struct tdx_model_translation *to, struct tdx_model_exit *exit)
{
	unsigned int level = tdx_model_top_level(run->call->tdcs);
	u64 entry, table = run->shared_eptp, hpa;
	u8 rights = TDX_MODEL_RWX;

	if (is_initial_ept(run))
		return violation(access, 0, true, exit);
	for (; ; level--, table = entry & EPT_ADDRESS) {
		entry = read_entry(run, table, access->gpa, level);
		rights &= entry;
		if (!(entry & TDX_MODEL_RWX))
			return violation(access, 0, !(entry & EPT_SUPPRESS_VE), exit);
		if (is_misconfigured(run->m, entry, level))
			return misconfiguration(access, exit);
		if (is_leaf(entry, level))
			break;
	}
	if (access->rights & ~rights)
		return violation(access, rights, !(entry & EPT_SUPPRESS_VE), exit);
	hpa = entry & EPT_ADDRESS;
	*to = (struct tdx_model_translation) {
		.hpa = tdx_model_strip_keyid(run->m, hpa) |
		       (access->gpa & (sept_bytes(level) - 1)),
		.keyid = tdx_model_keyid_of(run->m, hpa),
		.rights = rights,
		.level = level,
		.memory_type = entry >> EPT_TYPE_SHIFT & EPT_TYPE,
		.ignores_pat = entry & EPT_IGNORE_PAT,
	};
	return TDX_MODEL_TRANSLATED;
}

/**
 * tdx_model_translate - translate a guest physical address of the vCPU that runs
 * @run:    the vCPU
 * @access: address, and rights that are needed
 * @to:     set to the translation, if there is one
 * @exit:   set to the exit that the access causes, if it does
 *
 * A platform may use a translation until the next operation flush() of the TD on this
 * processor.  If the access faults, the error code of #PF has the bits P and RSVD.
 *
 * Context: In the operation run(), on the logical processor that runs the vCPU.
 * Return: Whether it is translated.
 */
enum tdx_model_translated tdx_model_translate(const struct tdx_model_run *run,
					      const struct tdx_model_access *access,
					      struct tdx_model_translation *to,
					      struct tdx_model_exit *exit)
{
	unsigned int shared_bit = tdx_model_shared_bit(run->call->tdcs);

	if (access->gpa >> shared_bit >> 1)
		return TDX_MODEL_TRANSLATION_FAULTS;
	if (access->gpa >> shared_bit)
		return translate_shared(run, access, to, exit);
	return translate_private(run, access, to, exit);
}
