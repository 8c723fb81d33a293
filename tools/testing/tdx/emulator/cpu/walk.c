// SPDX-License-Identifier: GPL-2.0-only
/* Accesses of emulated instructions to the guest's memory, by linear or physical address. */
#include <linux/string.h>

#include "cpu/walk.h"

#define PF_PRESENT	BIT_ULL(0)
#define PF_WRITE	BIT_ULL(1)
#define PF_USER		BIT_ULL(2)

enum outcome {
	MAPPED,
	NOT_MAPPED,	/* page fault */
	FORBIDDEN,	/* the same, by an entry that is present */
	NO_TABLE,	/* a table is in memory that the guest may not access */
};

/* Parameters of the paging modes. */
struct paging_mode {
	unsigned int levels;
	unsigned int entry_bytes;
	unsigned int index_bits;
	unsigned int top_index_bits;
};

static const struct paging_mode mode_32bit = { 2, 4, 10, 10 };
static const struct paging_mode mode_pae = { 3, 8, 9, 2 };
static const struct paging_mode mode_4level = { 4, 8, 9, 9 };
static const struct paging_mode mode_5level = { 5, 8, 9, 9 };

bool phys_reachable(u64 pa, u64 bytes)
{
	return pa < SIZE_512G && bytes <= SIZE_512G - pa;
}

static const struct paging_mode *paging_mode(const struct vmcb *v)
{
	if (!(v->cr4 & X86_CR4_PAE))
		return &mode_32bit;
	if (!(v->efer & EFER_LMA))
		return &mode_pae;
	return v->cr4 & X86_CR4_LA57 ? &mode_5level : &mode_4level;
}

static u64 table_base(const struct vmcb *v, const struct paging_mode *mode)
{
	if (mode == &mode_pae)
		return v->cr3 & 0xffffffe0;
	return v->cr3 & PTE_ADDR;
}

static bool is_large(const struct vmcb *v, const struct paging_mode *mode, unsigned int level,
		     u64 entry)
{
	if (!level || !(entry & PTE_PS))
		return level == 0;
	if (mode == &mode_32bit)
		return v->cr4 & X86_CR4_PSE;
	return level == 1 || (level == 2 && mode->levels >= 4);
}

static u64 read_entry(u64 pa, unsigned int bytes)
{
	return bytes == 4 ? *(u32 *)phys(pa) : *(u64 *)phys(pa);
}

/* True if an entry forbids the access.  A walk needs the rights in all its entries. */
static bool forbids(const struct vmcb *v, u64 entry, enum access access)
{
	bool user = v->cpl == 3;

	if (user && !(entry & PTE_U))
		return true;
	return access == ACCESS_WRITE && !(entry & PTE_W) && (user || v->cr0 & X86_CR0_WP);
}

/* Set flags in the entry at @gpa.  False if it is not @entry any more. */
static bool set_flags(const struct vcpu *vcpu, u64 gpa, unsigned int bytes, u64 entry, u64 flags)
{
	u32 entry32 = entry;
	u64 at;

	if ((entry & flags) == flags || !npt_reach(vcpu->npt, gpa, true, &at))
		return true;
	if (bytes == 4)
		return __atomic_compare_exchange_n((u32 *)phys(at), &entry32, entry32 | flags, false,
						   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return __atomic_compare_exchange_n((u64 *)phys(at), &entry, entry | flags, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* Read the entry at @gpa, and set its accessed and dirty flags. */
static enum outcome use_entry(const struct vcpu *vcpu, const struct paging_mode *mode,
			      unsigned int level, enum access access, u64 gpa, u64 *entry)
{
	const struct vmcb *v = &vcpu->vmcb;
	u64 at, flags;

	do {
		if (!npt_reach(vcpu->npt, gpa, false, &at) ||
		    !phys_reachable(at, mode->entry_bytes))
			return NO_TABLE;
		*entry = read_entry(at, mode->entry_bytes);
		if (!(*entry & PTE_P))
			return NOT_MAPPED;
		/* PDPTEs of PAE paging have neither access rights nor flags */
		if (mode == &mode_pae && level == 2)
			return MAPPED;
		if (forbids(v, *entry, access))
			return FORBIDDEN;
		flags = PTE_A;
		if (access == ACCESS_WRITE && is_large(v, mode, level, *entry))
			flags |= PTE_D;
	} while (!set_flags(vcpu, gpa, mode->entry_bytes, *entry, flags));
	return MAPPED;
}

/* @gpa: the result, or the address of a table that cannot be read. */
static enum outcome walk(const struct vcpu *vcpu, u64 linear, enum access access, u64 *gpa,
			 u32 *error)
{
	const struct vmcb *v = &vcpu->vmcb;
	const struct paging_mode *mode = paging_mode(v);
	unsigned int level = mode->levels, bits, shift;
	u64 table = table_base(v, mode), entry;
	enum outcome outcome;

	*error = (access == ACCESS_WRITE ? PF_WRITE : 0) | (v->cpl == 3 ? PF_USER : 0);
	do {
		bits = level == mode->levels ? mode->top_index_bits : mode->index_bits;
		level--;
		shift = 12 + level * mode->index_bits;
		table += ((linear >> shift) & (BIT_ULL(bits) - 1)) * mode->entry_bytes;
		*gpa = table;
		outcome = use_entry(vcpu, mode, level, access, table, &entry);
		if (outcome == FORBIDDEN)
			*error |= PF_PRESENT;
		if (outcome != MAPPED)
			return outcome;
		table = entry & PTE_ADDR;
	} while (!is_large(v, mode, level, entry));

	*gpa = (table & ~(BIT_ULL(shift) - 1)) | (linear & (BIT_ULL(shift) - 1));
	return MAPPED;
}

static enum outcome translate(const struct vcpu *vcpu, u64 linear, enum access access, u64 *gpa,
			      u32 *error)
{
	if (vcpu->vmcb.cr0 & X86_CR0_PG)
		return walk(vcpu, linear, access, gpa, error);
	*gpa = (u32)linear;
	*error = 0;
	return MAPPED;
}

static unsigned int bytes_in_page(u64 linear, unsigned int bytes)
{
	unsigned int left = PAGE_SIZE - linear % PAGE_SIZE;

	return bytes < left ? bytes : left;
}

bool guest_phys(struct vcpu *vcpu, u64 gpa, enum access access, u64 *pa)
{
	bool write = access == ACCESS_WRITE;

	if (npt_reach(vcpu->npt, gpa, write, pa) && phys_reachable(*pa, 1))
		return true;
	vcpu->unreached(vcpu, gpa, write);
	return false;
}

bool guest_walk(struct vcpu *vcpu, u64 linear, enum access access, u64 *gpa)
{
	u32 error;
	u64 pa;

	switch (translate(vcpu, linear, access, gpa, &error)) {
	case MAPPED:
		return true;
	case NO_TABLE:
		guest_phys(vcpu, *gpa, ACCESS_READ, &pa);
		return false;
	default:
		vcpu->vmcb.cr2 = linear;
		vcpu_inject_error(vcpu, VECTOR_PF, error);
		return false;
	}
}

bool guest_address(struct vcpu *vcpu, u64 linear, enum access access, u64 *pa)
{
	u64 gpa;

	return guest_walk(vcpu, linear, access, &gpa) && guest_phys(vcpu, gpa, access, pa);
}

static bool copy(struct vcpu *vcpu, u64 linear, u8 *buf, unsigned int bytes, enum access access)
{
	unsigned int step;
	u64 pa;

	for (; bytes; linear += step, buf += step, bytes -= step) {
		step = bytes_in_page(linear, bytes);
		if (!guest_address(vcpu, linear, access, &pa))
			return false;
		if (access == ACCESS_WRITE)
			memcpy(phys(pa), buf, step);
		else
			memcpy(buf, phys(pa), step);
	}
	return true;
}

bool guest_read(struct vcpu *vcpu, u64 linear, void *buf, unsigned int bytes)
{
	return copy(vcpu, linear, buf, bytes, ACCESS_READ);
}

bool guest_write(struct vcpu *vcpu, u64 linear, const void *buf, unsigned int bytes)
{
	/* copy() only reads from @buf in this direction */
	return copy(vcpu, linear, (u8 *)buf, bytes, ACCESS_WRITE);
}

unsigned int guest_fetch(const struct vcpu *vcpu, u64 linear, u8 *buf, unsigned int bytes)
{
	unsigned int done = 0, step;
	u64 gpa, pa;
	u32 error;

	for (; done < bytes; done += step) {
		step = bytes_in_page(linear + done, bytes - done);
		if (translate(vcpu, linear + done, ACCESS_FETCH, &gpa, &error) != MAPPED ||
		    !npt_reach(vcpu->npt, gpa, false, &pa) || !phys_reachable(pa, step))
			break;
		memcpy(buf + done, phys(pa), step);
	}
	return done;
}
