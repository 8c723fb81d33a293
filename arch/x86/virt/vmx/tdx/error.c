// SPDX-License-Identifier: GPL-2.0-only
/*
 * Completion statuses of the TDX module as errno and as text.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/msr-index.h>

#include "cause.h"
#include "error.h"
#include "regs.h"

struct tdx_name {
	u64 value;
	const char *name;
};

#define LEAF_NAME(name, number, text)	{ number, text },
static const struct tdx_name leaf_names[] = { TDX_LEAF_LIST(LEAF_NAME) };

#define STATUS_NAME(name, value)	{ value, #name },
static const struct tdx_name status_names[] = {
	TDX_STATUS_LIST(STATUS_NAME)
	/* Codes of the software error class have no details: full values. */
	{ TDX_SEAMCALL_VMFAILINVALID, "VMfailInvalid" },
	{ TDX_SEAMCALL_GP, "#GP" },
	{ TDX_SEAMCALL_UD, "#UD" },
	{ TDX_SEAMCALL_RETIRED, "not made" },
	{ TDX_SEAMCALL_NO_CPU, "not made on each package" },
};

#define OPERAND_NAME(name, value)	{ value, #name },
static const struct tdx_name operand_names[] = { TDX_OPERAND_LIST(OPERAND_NAME) };

/**
 * struct tdx_meaning - how the host handles a status
 * @status:	 the code, without details
 * @may_clear:	 the condition is transient: the same call, with the same
 *		 inputs, may succeed right away
 * @error:	 errno if it does not
 * @text:	 the problem, and what the user can do about it
 */
struct tdx_meaning {
	u64 status;
	bool may_clear;
	int error;
	const char *text;
};

static const struct tdx_meaning meanings[] = {
	{ TDX_SEAMCALL_VMFAILINVALID, false, -ENODEV,
	  "no TDX module answers" },
	{ TDX_SEAMCALL_GP, false, -EOPNOTSUPP,
	  "SEAMRR is not enabled on this CPU; update the BIOS" },
	{ TDX_SEAMCALL_UD, false, -EPERM,
	  "the CPU is not in VMX operation" },
	{ TDX_SEAMCALL_RETIRED, false, -ESHUTDOWN,
	  "the machine is going down" },
	{ TDX_SEAMCALL_NO_CPU, false, -EIO,
	  "no CPU of a package is online; bring one of each online" },
	{ TDX_SYS_INIT_NOT_PENDING, false, -EALREADY,
	  "the module was initialized before, by a previous kernel; reset the machine to use TDX" },
	{ TDX_SYS_SHUTDOWN, false, -EALREADY,
	  "the module was shut down before, by a previous kernel; reset the machine to use TDX" },
	{ TDX_SYS_CONFIG_NOT_PENDING, false, -ENXIO,
	  "a CPU that the BIOS enabled was not initialized; boot without maxcpus=, nr_cpus= and nosmt" },
	{ TDX_RND_NO_ENTROPY, true, -EAGAIN,
	  "the CPU's random number generator had no entropy" },
	{ TDX_KEY_GENERATION_FAILED, true, -EAGAIN,
	  "the CPU's key generation had no entropy" },
	{ TDX_SYS_BUSY, true, -EBUSY,
	  "the module was busy" },
	{ TDX_OPERAND_BUSY, true, -EBUSY,
	  "the module was busy with this operand" },
	{ TDX_INTERRUPTED_RESUMABLE, false, -EBUSY,
	  "interrupts did not let the module finish" },
	{ TDX_INTERRUPTED_RESTARTABLE, true, -EBUSY,
	  "interrupts did not let the module finish" },
	{ TDX_INCONSISTENT_MSR, false, -EIO,
	  "the BIOS set this MSR differently on different CPUs; update the BIOS" },
	{ TDX_INCORRECT_MSR_VALUE, false, -EIO,
	  "the BIOS set this MSR to a value that the module refuses; check the BIOS setup" },
	{ TDX_INCONSISTENT_CPUID_FIELD, false, -EIO,
	  "CPUID differs between CPUs; update the BIOS" },
	{ TDX_INCORRECT_CPUID_VALUE, false, -EIO,
	  "the module does not support this CPU or its BIOS settings; update the BIOS" },
	{ TDX_LIMIT_CPUID_MAXVAL_SET, false, -EIO,
	  "the BIOS limits CPUID's maximum leaf; turn that limit off in the BIOS setup" },
	{ TDX_NUM_ACTIVATED_HKIDS_NOT_SUPPORTED, false, -EIO,
	  "the module does not support the BIOS' number of KeyIDs; check the BIOS setup" },
	{ TDX_CMR_LIST_INVALID, false, -EIO,
	  "the BIOS passed a malformed list of convertible memory; update the BIOS" },
	{ TDX_SMRR_NOT_LOCKED, false, -EIO,
	  "the BIOS left SMRR unlocked; update the BIOS" },
	{ TDX_SMRR_OVERLAPS_CMR, false, -EIO,
	  "the BIOS' SMRR overlaps convertible memory; update the BIOS" },
};

/* By class, for codes that are not in meanings[]. */
static const struct tdx_class_meaning {
	u8 class;
	const char *text;
} class_meanings[] = {
	{ 0x01, "Linux broke a rule of the module; please report this as a bug" },
	{ 0x05, "the module is in another state than Linux believes; please report this as a bug" },
	{ 0x09, "the module does not support this platform or its BIOS settings; update the BIOS" },
	{ 0x0a, "Linux broke a rule of the module; please report this as a bug" },
	{ 0x0b, "the TD's secure EPT is in another state than Linux believes; please report this as a bug" },
};

/* @mask is TDX_STATUS_CODE_MASK for codes that are compared without details. */
static const char *find_name(const struct tdx_name *names, size_t nr, u64 value, u64 mask)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (names[i].value == (value & mask))
			return names[i].name;
	return NULL;
}

/**
 * tdx_status_is_software - is a status set by Linux, not by the module?
 * @status: what a SEAMCALL returned
 *
 * Context: Any.
 * Return: Whether it is of the software error class.
 */
bool tdx_status_is_software(u64 status)
{
	return (status & TDX_SW_ERROR) == TDX_SW_ERROR;
}

/* Codes of the software error class are in the bits of the details. */
static u64 code_mask(u64 status)
{
	return tdx_status_is_software(status) ? ~0ULL : TDX_STATUS_CODE_MASK;
}

static const struct tdx_meaning *find_meaning(u64 status)
{
	u64 code = status & code_mask(status);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(meanings); i++)
		if (meanings[i].status == code)
			return &meanings[i];
	return NULL;
}

static const char *find_text(u64 status)
{
	const struct tdx_meaning *meaning = find_meaning(status);
	u8 class = status >> TDX_STATUS_CLASS_SHIFT;
	size_t i;

	/* Of the MSRs that the module checks, Linux writes only this one. */
	if ((status & TDX_STATUS_CODE_MASK) == TDX_INCORRECT_MSR_VALUE &&
	    lower_32_bits(status) == MSR_IA32_TSX_CTRL)
		return "Linux set this MSR, and the module refuses that; boot with tsx=on or tsx=auto";
	if (meaning)
		return meaning->text;
	for (i = 0; i < ARRAY_SIZE(class_meanings) && tdx_status_failed(status); i++)
		if (class_meanings[i].class == class)
			return class_meanings[i].text;
	return NULL;
}

/**
 * tdx_leaf_name - the specification's name of a host-side leaf
 * @leaf: RAX of the SEAMCALL
 *
 * Context: Any.
 * Return: The name, or "unknown leaf"; never NULL.
 */
const char *tdx_leaf_name(u64 leaf)
{
	return find_name(leaf_names, ARRAY_SIZE(leaf_names), leaf, TDX_LEAF_NUMBER_MASK) ?:
		"unknown leaf";
}

/**
 * tdx_status_name - the specification's name of a completion status
 * @status: what a SEAMCALL returned; details are ignored
 *
 * Context: Any.
 * Return: The name without the prefix TDX, or "unknown status"; never NULL.
 */
const char *tdx_status_name(u64 status)
{
	return find_name(status_names, ARRAY_SIZE(status_names), status, code_mask(status)) ?:
		"unknown status";
}

/**
 * tdx_status_errno - the errno that a caller of the TDX core sees
 * @status: what a SEAMCALL returned
 *
 * Context: Any.
 * Return:
 * * 0		 - success, with or without information (bit 63 clear)
 * * -ENODEV	 - no module answered (VMfailInvalid)
 * * -EPERM	 - the CPU is not in VMX operation (#UD)
 * * -ESHUTDOWN	 - a reboot, power-off or kexec is in progress
 * * -EOPNOTSUPP - SEAMRR is not enabled (#GP)
 * * -EALREADY	 - a previous kernel used the module
 * * -ENXIO	 - a CPU that the BIOS enabled is missing
 * * -EAGAIN	 - no entropy
 * * -EBUSY	 - the module is busy, or interrupts did not let it finish
 * * -EIO	 - every other failure, a package without a CPU online included
 */
int tdx_status_errno(u64 status)
{
	const struct tdx_meaning *meaning;

	if (!tdx_status_failed(status))
		return 0;

	meaning = find_meaning(status);
	return meaning ? meaning->error : -EIO;
}
EXPORT_SYMBOL_GPL(tdx_status_errno);

/**
 * tdx_status_may_clear - may the same SEAMCALL succeed if it is made again?
 * @status: what it returned
 *
 * Context: Any.
 * Return: True if the module lacked entropy, was busy or has to restart after
 *	   an interrupt.  False if it has to resume after an interrupt, which
 *	   takes other inputs that only the caller knows.
 */
bool tdx_status_may_clear(u64 status)
{
	const struct tdx_meaning *meaning = find_meaning(status);

	return meaning && meaning->may_clear;
}

static const char *pamt_level_name(u32 level)
{
	static const char * const names[TDX_NR_PAMT_LEVELS] = { "4K", "2M", "1G" };

	return level < TDX_NR_PAMT_LEVELS ? names[level] : "unknown";
}

/* Decodes bits 31:0, which depend on the code; "" if they are unused. */
static void format_details(char *buf, size_t size, u64 status)
{
	u32 details = status & TDX_STATUS_DETAILS_MASK;
	u8 tdmr = details, index = details >> 8, other = details >> 16;
	const char *operand;

	buf[0] = '\0';
	switch (tdx_status_code(status)) {
	case TDX_INVALID_TDMR:
	case TDX_NON_ORDERED_TDMR:
	case TDX_TDMR_OUTSIDE_CMRS:
		scnprintf(buf, size, " (TDMR %u)", tdmr);
		break;
	case TDX_INVALID_PAMT:
	case TDX_PAMT_OUTSIDE_CMRS:
		scnprintf(buf, size, " (TDMR %u, PAMT level %s)", tdmr, pamt_level_name(index));
		break;
	case TDX_PAMT_OVERLAP:
		scnprintf(buf, size, " (TDMR %u, PAMT level %s, TDMR %u)", tdmr,
			  pamt_level_name(index), other);
		break;
	case TDX_INVALID_RESERVED_IN_TDMR:
	case TDX_NON_ORDERED_RESERVED_IN_TDMR:
		scnprintf(buf, size, " (TDMR %u, reserved area %u)", tdmr, index);
		break;
	case TDX_INCONSISTENT_MSR:
	case TDX_INCORRECT_MSR_VALUE:
		scnprintf(buf, size, " (MSR 0x%x)", details);
		break;
	case TDX_CPUID_LEAF_NOT_SUPPORTED:
		scnprintf(buf, size, " (CPUID leaf 0x%x)", details);
		break;
	case TDX_OPERAND_INVALID:
	case TDX_OPERAND_ADDR_RANGE_ERROR:
	case TDX_OPERAND_BUSY:
		operand = find_name(operand_names, ARRAY_SIZE(operand_names), details, ~0ULL);
		if (operand) {
			scnprintf(buf, size, " (operand %s)", operand);
			break;
		}
		fallthrough;
	default:
		if (details && code_mask(status) != ~0ULL)
			scnprintf(buf, size, " (details 0x%x)", details);
	}
}

/**
 * tdx_status_format - describe a completion status as text
 * @buf:    where to write; always terminated
 * @size:   of @buf in bytes; TDX_STATUS_TEXT_SIZE is enough for every status
 * @status: what a SEAMCALL returned
 *
 * Writes the name, the decoded details, the raw value and, if known, the
 * meaning and what the user can do about it.
 *
 * Context: Any.
 */
void tdx_status_format(char *buf, size_t size, u64 status)
{
	const char *text = find_text(status);
	char details[64];

	format_details(details, sizeof(details), status);
	scnprintf(buf, size, "%s%s 0x%016llx%s%s", tdx_status_name(status), details, status,
		  text ? ": " : "", text ?: "");
}
EXPORT_SYMBOL_GPL(tdx_status_format);

/**
 * tdx_explain - say which SEAMCALL failed, and why
 * @cause:  says which leaf failed, and why, when the return value is not 0
 * @leaf:   RAX of the SEAMCALL
 * @status: what it returned
 *
 * Context: Any.
 * Return: 0 for success, with or without information, else the errno of
 *	   tdx_status_errno().
 */
int tdx_explain(struct tdx_cause *cause, u64 leaf, u64 status)
{
	char words[TDX_STATUS_TEXT_SIZE];

	if (!tdx_status_failed(status))
		return 0;

	tdx_status_format(words, sizeof(words), status);
	return tdx_cause(cause, tdx_status_errno(status), "%s: %s", tdx_leaf_name(leaf), words);
}

/**
 * tdx_explain_platform - tdx_explain() for SEAMCALLs that check the platform
 * @cause:  says which leaf failed, and why, when the return value is not 0
 * @leaf:   RAX of the SEAMCALL: TDH.SYS.INIT or TDH.SYS.LP.INIT
 * @status: what it returned
 * @out:    its outputs, which name the CPUID leaf that was refused
 *
 * Context: Any.
 * Return: As tdx_explain().
 */
int tdx_explain_platform(struct tdx_cause *cause, u64 leaf, u64 status,
			 const struct tdx_regs *out)
{
	int ret = tdx_explain(cause, leaf, status);

	switch (tdx_status_code(status)) {
	case TDX_INCORRECT_CPUID_VALUE:
	case TDX_INCONSISTENT_CPUID_FIELD:
		tdx_cause_add(cause, " (CPUID leaf 0x%x, subleaf 0x%x)", lower_32_bits(out->rcx),
			      upper_32_bits(out->rcx));
	}
	return ret;
}
