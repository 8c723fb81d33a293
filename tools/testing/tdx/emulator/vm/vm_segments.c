// SPDX-License-Identifier: GPL-2.0-only
/* Checks of a VM entry: the guest's segment registers. */
#include "vm/vm_fields.h"
#include "vm/vm_segments.h"

/* In the order of the VMCS fields */
enum segment { ES, CS, SS, DS, FS, GS, LDTR, TR };

#define SELECTOR_RPL		3
#define SELECTOR_TI		4

#define RIGHTS_TYPE		0xfULL
#define RIGHTS_S		BIT_ULL(4)
#define RIGHTS_P		BIT_ULL(7)
#define RIGHTS_L		BIT_ULL(13)
#define RIGHTS_DB		BIT_ULL(14)
#define RIGHTS_G		BIT_ULL(15)
#define RIGHTS_UNUSABLE		BIT_ULL(16)
#define RIGHTS_RESERVED		0xfffe0f00ULL
#define RIGHTS_DPL(rights)	((rights) >> 5 & 3)
#define RIGHTS_V86		0xf3

#define TYPE_ACCESSED		1
#define TYPE_READABLE		2
#define TYPE_CODE		8
#define TYPE_LDT		2
#define TYPE_BUSY_TSS_16	3
#define TYPE_BUSY_TSS		11
#define TYPE_DATA_UP		3	/* read and write, accessed */
#define TYPE_DATA_DOWN		7
#define LAST_TYPE_NONCONFORMING	11

#define LIMIT_V86		0xffff

static bool is_system(enum segment which)
{
	return which >= LDTR;
}

static u64 selector(const struct vm_check *check, enum segment which)
{
	return field(check, VMCS_GUEST_ES_SELECTOR + 2 * which);
}

static u64 base(const struct vm_check *check, enum segment which)
{
	return field(check, VMCS_GUEST_ES_BASE + 2 * which);
}

static u64 limit(const struct vm_check *check, enum segment which)
{
	return field(check, VMCS_GUEST_ES_LIMIT + 2 * which);
}

static u64 rights(const struct vm_check *check, enum segment which)
{
	return field(check, VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * which);
}

static bool usable(const struct vm_check *check, enum segment which)
{
	return !(rights(check, which) & RIGHTS_UNUSABLE);
}

static u64 type(const struct vm_check *check, enum segment which)
{
	return rights(check, which) & RIGHTS_TYPE;
}

static u64 dpl(const struct vm_check *check, enum segment which)
{
	return RIGHTS_DPL(rights(check, which));
}

static u64 rpl(const struct vm_check *check, enum segment which)
{
	return selector(check, which) & SELECTOR_RPL;
}

static bool virtual_8086(const struct vm_check *check)
{
	return field(check, VMCS_GUEST_RFLAGS) & X86_EFLAGS_VM;
}

static bool unrestricted(const struct vm_check *check)
{
	return secondary(check, SECONDARY_UNRESTRICTED_GUEST);
}

static const char *check_selector(const struct vm_check *check, enum segment which)
{
	if ((which == TR || (which == LDTR && usable(check, LDTR))) &&
	    selector(check, which) & SELECTOR_TI)
		return "selector";
	if (which == SS && !virtual_8086(check) && !unrestricted(check) &&
	    rpl(check, SS) != rpl(check, CS))
		return "selector";
	return NULL;
}

static const char *check_base(const struct vm_check *check, enum segment which)
{
	const u64 at = base(check, which);

	if (virtual_8086(check) && !is_system(which) && at != selector(check, which) << 4)
		return "base in virtual-8086 mode";
	switch (which) {
	case LDTR:
		return usable(check, LDTR) && !canonical(check, at) ? "base" : NULL;
	case TR:
	case FS:
	case GS:
		return canonical(check, at) ? NULL : "base";
	case CS:
		return at >> 32 ? "base" : NULL;
	default:
		return usable(check, which) && at >> 32 ? "base" : NULL;
	}
}

static const char *check_virtual_8086(const struct vm_check *check, enum segment which)
{
	if (limit(check, which) != LIMIT_V86)
		return "limit in virtual-8086 mode";
	return rights(check, which) != RIGHTS_V86 ? "rights in virtual-8086 mode" : NULL;
}

static bool type_valid(const struct vm_check *check, enum segment which)
{
	const u64 is = type(check, which);

	switch (which) {
	case CS:
		return (is & TYPE_CODE && is & TYPE_ACCESSED) ||
		       (is == TYPE_DATA_UP && unrestricted(check));
	case SS:
		return is == TYPE_DATA_UP || is == TYPE_DATA_DOWN;
	case LDTR:
		return is == TYPE_LDT;
	case TR:
		return is == TYPE_BUSY_TSS ||
		       (is == TYPE_BUSY_TSS_16 && !at_entry(check, ENTRY_GUEST_IA32E));
	default:
		return is & TYPE_ACCESSED && (!(is & TYPE_CODE) || is & TYPE_READABLE);
	}
}

static bool cs_dpl_valid(const struct vm_check *check)
{
	const u64 is = type(check, CS);

	if (is == TYPE_DATA_UP)
		return !dpl(check, CS);
	if (is <= LAST_TYPE_NONCONFORMING)
		return dpl(check, CS) == dpl(check, SS);
	return dpl(check, CS) <= dpl(check, SS);
}

static bool ss_dpl_valid(const struct vm_check *check)
{
	if (!unrestricted(check) && dpl(check, SS) != rpl(check, SS))
		return false;
	return !dpl(check, SS) || (type(check, CS) != TYPE_DATA_UP &&
				   field(check, VMCS_GUEST_CR0) & X86_CR0_PE);
}

static bool dpl_valid(const struct vm_check *check, enum segment which)
{
	switch (which) {
	case CS:
		return cs_dpl_valid(check);
	case SS:
		return ss_dpl_valid(check);
	case LDTR:
	case TR:
		return true;
	default:
		return unrestricted(check) || !usable(check, which) ||
		       type(check, which) > LAST_TYPE_NONCONFORMING ||
		       dpl(check, which) >= rpl(check, which);
	}
}

static bool granularity_valid(const struct vm_check *check, enum segment which)
{
	const u64 size = limit(check, which);

	return rights(check, which) & RIGHTS_G ? (size & 0xfff) == 0xfff : !(size >> 20);
}

static const char *check_rights(const struct vm_check *check, enum segment which)
{
	const u64 is = rights(check, which);

	/* The DPL of an SS that is not usable counts: it is the privilege level. */
	if (!dpl_valid(check, which))
		return "DPL";
	if (which == TR && !usable(check, TR))
		return "usability";
	if (which != CS && !usable(check, which))
		return NULL;
	if (!type_valid(check, which))
		return "type";
	if (is_system(which) ? is & RIGHTS_S : !(is & RIGHTS_S))
		return "S bit";
	if (!(is & RIGHTS_P))
		return "P bit";
	if (is & RIGHTS_RESERVED)
		return "reserved rights";
	if (which == CS && at_entry(check, ENTRY_GUEST_IA32E) && is & RIGHTS_L && is & RIGHTS_DB)
		return "D bit in 64-bit mode";
	return granularity_valid(check, which) ? NULL : "granularity";
}

const char *vm_check_segments(const struct vm_check *check, const char **segment)
{
	static const char *const names[] = { "ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR" };
	const char *rule;

	for (enum segment which = ES; which <= TR; which++) {
		*segment = names[which];
		rule = check_selector(check, which) ?: check_base(check, which);
		if (!rule)
			rule = virtual_8086(check) && !is_system(which) ?
			       check_virtual_8086(check, which) : check_rights(check, which);
		if (rule)
			return rule;
	}
	*segment = NULL;
	return NULL;
}
