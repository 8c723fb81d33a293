// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: control registers of a guest.
 *
 * TDX Module Base Architecture Specification, "CR Handling", "Extended Feature Set"; Intel
 * SDM, volume 3, "Control Registers", "XSETBV".
 */
#include "platform.h"
#include "td_run.h"

/* Exit qualification */
#define CR_NUMBER		0xf
#define CR_ACCESS_SHIFT		4
#define CR_ACCESS		3
#define CR_GPR_SHIFT		8
#define CR_GPR			0xf
#define LMSW_SOURCE_SHIFT	16
#define LMSW_SOURCE		0xffff

enum { MOV_TO_CR, MOV_FROM_CR, CLTS, LMSW };

#define CR0_PE			BIT_ULL(0)
#define CR0_MP			BIT_ULL(1)
#define CR0_EM			BIT_ULL(2)
#define CR0_TS			BIT_ULL(3)
#define CR0_ET			BIT_ULL(4)
#define CR0_NE			BIT_ULL(5)
#define CR0_WP			BIT_ULL(16)
#define CR0_AM			BIT_ULL(18)
#define CR0_NW			BIT_ULL(29)
#define CR0_CD			BIT_ULL(30)
#define CR0_PG			BIT_ULL(31)
#define CR0_KEPT		(CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP | CR0_AM | \
				 CR0_PG)
#define CR0_HIGH		(~0ULL << 32)
#define CR0_LMSW		(CR0_MP | CR0_EM | CR0_TS)

#define CR4_PAE			BIT_ULL(5)
#define CR4_MCE			BIT_ULL(6)
#define CR4_LA57		BIT_ULL(12)
#define CR4_VMXE		BIT_ULL(13)
#define CR4_SMXE		BIT_ULL(14)
#define CR4_PCIDE		BIT_ULL(17)
#define CR4_KL			BIT_ULL(19)
#define CR4_PKE			BIT_ULL(22)
#define CR4_CET			BIT_ULL(23)
#define CR4_PKS			BIT_ULL(24)
#define CR4_UINTR		BIT_ULL(25)
#define CR4_DEFINED		0x3ff7fffULL

#define CR3_PCID		0xfffULL

/* Components of XCR0 */
#define XCR0_X87		BIT_ULL(0)
#define XCR0_SSE		BIT_ULL(1)
#define XCR0_USER		0x602ffULL	/* others are in IA32_XSS */

static bool has_xfam(const struct tdx_model_entry *e, u64 xfam)
{
	return (e->tdcs->xfam & xfam) == xfam;
}

/* Both or all, or none */
static bool is_partly_set(u64 value, u64 bits)
{
	return value & bits && (value & bits) != bits;
}

/* What the CPU checks when paging is turned on, always for long mode, or off */
static bool paging_is_bad(const struct tdx_model_guest *guest, u64 cr0)
{
	if (!(cr0 & CR0_PG))
		return tdx_model_is_64bit(guest) || guest->cr4 & CR4_PCIDE;
	if (!(cr0 & CR0_PE))
		return true;
	if (guest->cr0 & CR0_PG)
		return false;
	return !(guest->cr4 & CR4_PAE) ||
	       guest->segment[TDX_MODEL_CS].access_rights & ACCESS_RIGHTS_L;
}

static enum tdx_model_outcome write_cr0(struct tdx_model_entry *e, u64 value)
{
	struct tdx_model_guest *guest = e->guest;

	if (!(value & CR0_NE) || paging_is_bad(guest, value) ||
	    (!(value & CR0_WP) && guest->cr4 & CR4_CET))
		return tdx_model_inject_gp(e);
	if (!(value & CR0_PE) || value & (CR0_NW | CR0_CD | CR0_HIGH))
		return tdx_model_instruction_ve(e);
	guest->cr0 = (value & CR0_KEPT) | CR0_ET;
	guest->efer &= ~GUEST_EFER_LMA;
	if (value & CR0_PG)
		guest->efer |= GUEST_EFER_LMA;
	return TDX_MODEL_COMPLETED;
}

/* Bits of features that the TD does not have */
static u64 cr4_without_features(const struct tdx_model_entry *e)
{
	u64 bits = CR4_KL;

	if (!has_xfam(e, TDX_XFAM_PKU))
		bits |= CR4_PKE;
	if (!has_xfam(e, TDX_XFAM_CET))
		bits |= CR4_CET;
	if (!has_xfam(e, TDX_XFAM_UINTR))
		bits |= CR4_UINTR;
	if (!(e->tdcs->attributes & TDX_TD_ATTR_PKS))
		bits |= CR4_PKS;
	return bits;
}

/* Bits that the CPU does not have */
static u64 cr4_reserved(const struct tdx_model_entry *e)
{
	u64 allowed;

	if (!e->m->ops->rdmsr(e->m->ctx, MSR_VMX_CR4_FIXED1, &allowed))
		allowed = CR4_DEFINED;
	return ~(allowed & CR4_DEFINED);
}

/* What the CPU checks when the mode of paging changes */
static bool mode_is_bad(const struct tdx_model_guest *guest, u64 cr4)
{
	u64 set = cr4 & ~guest->cr4;

	if (set & CR4_PCIDE && (!(guest->efer & GUEST_EFER_LMA) || guest->cr3 & CR3_PCID))
		return true;
	if (!(guest->efer & GUEST_EFER_LMA))
		return false;
	return !(cr4 & CR4_PAE) || (cr4 ^ guest->cr4) & CR4_LA57;
}

static enum tdx_model_outcome write_cr4(struct tdx_model_entry *e, u64 value)
{
	struct tdx_model_guest *guest = e->guest;

	if (value & (cr4_without_features(e) | (cr4_reserved(e) & ~(CR4_VMXE | CR4_SMXE))) ||
	    mode_is_bad(guest, value) || (value & CR4_CET && !(guest->cr0 & CR0_WP)))
		return tdx_model_inject_gp(e);
	if (!(value & CR4_MCE) || value & (CR4_VMXE | CR4_SMXE))
		return tdx_model_instruction_ve(e);
	guest->cr4 = value;
	return TDX_MODEL_COMPLETED;
}

static enum tdx_model_outcome move_to(struct tdx_model_entry *e, unsigned int number)
{
	unsigned int gpr = e->exit.qualification >> CR_GPR_SHIFT & CR_GPR;
	u64 value = *tdx_model_gpr(e, gpr);

	if (!tdx_model_is_64bit(e->guest))
		value = (u32)value;
	if (number == 0)
		return write_cr0(e, value);
	return number == 4 ? write_cr4(e, value) : tdx_model_instruction_ve(e);
}

static enum tdx_model_outcome move_from(struct tdx_model_entry *e, unsigned int number)
{
	unsigned int gpr = e->exit.qualification >> CR_GPR_SHIFT & CR_GPR;

	if (number != 0 && number != 4)
		return tdx_model_instruction_ve(e);
	*tdx_model_gpr(e, gpr) = number ? e->guest->cr4 : e->guest->cr0;
	return TDX_MODEL_COMPLETED;
}

/* LMSW cannot clear PE, which is always set. */
static enum tdx_model_outcome load_machine_status_word(struct tdx_model_entry *e)
{
	u64 source = e->exit.qualification >> LMSW_SOURCE_SHIFT & LMSW_SOURCE;

	e->guest->cr0 = (e->guest->cr0 & ~CR0_LMSW) | (source & CR0_LMSW);
	return TDX_MODEL_COMPLETED;
}

/**
 * tdx_model_cr_access - an access of the guest to a control register
 * @e: the entry
 *
 * Context: On the logical processor that runs the leaf.
 * Return: How the guest continues.
 */
enum tdx_model_outcome tdx_model_cr_access(struct tdx_model_entry *e)
{
	unsigned int number = e->exit.qualification & CR_NUMBER;

	switch (e->exit.qualification >> CR_ACCESS_SHIFT & CR_ACCESS) {
	case MOV_TO_CR:
		return move_to(e, number);
	case MOV_FROM_CR:
		return move_from(e, number);
	case CLTS:
		e->guest->cr0 &= ~CR0_TS;
		return TDX_MODEL_COMPLETED;
	default:
		return load_machine_status_word(e);
	}
}

static bool xcr0_is_bad(const struct tdx_model_entry *e, u64 value)
{
	if (value & ~(e->tdcs->xfam & XCR0_USER) || !(value & XCR0_X87))
		return true;
	if (value & TDX_XFAM_AVX && !(value & XCR0_SSE))
		return true;
	if (value & TDX_XFAM_AVX512 && !(value & TDX_XFAM_AVX))
		return true;
	return is_partly_set(value, TDX_XFAM_AVX512) || is_partly_set(value, TDX_XFAM_AMX);
}

/**
 * tdx_model_xsetbv - XSETBV of the guest
 * @e: the entry
 *
 * Context: On the logical processor that runs the leaf.
 * Return: How the guest continues.
 */
enum tdx_model_outcome tdx_model_xsetbv(struct tdx_model_entry *e)
{
	u64 value = (u32)*tdx_model_gpr(e, TDX_MODEL_RAX) | *tdx_model_gpr(e, TDX_MODEL_RDX) << 32;

	if ((u32)*tdx_model_gpr(e, TDX_MODEL_RCX) || xcr0_is_bad(e, value))
		return tdx_model_inject_gp(e);
	e->guest->xcr0 = value;
	return TDX_MODEL_COMPLETED;
}
