// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether TDs can be created, and what to do if not: a table of conditions.
 *
 * The first condition that is true decides.  The kernel's own word comes first; the rest is
 * for kernels that do not give it.
 */
#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "common.h"
#include "tdxinfo.h"

/* SDM vol. 4, and TDX Module Base Architecture Specification, "SEAMRR". */
#define MTRRCAP_SEAMRR			BIT_ULL(15)
#define SEAMRR_BASE_CONFIGURED		BIT_ULL(3)
#define SEAMRR_MASK_LOCKED		BIT_ULL(10)
#define SEAMRR_MASK_ENABLED		BIT_ULL(11)
#define TME_ENABLED			BIT_ULL(1)
#define TME_KEYID_BITS(value)		(((value) >> 32) & 15)

#define BIOS	"see the list for the BIOS setup in Documentation/x86/tdx-host.rst"

static bool state_is(const struct facts *facts, const char *state)
{
	return !strcmp(facts->host.state, state);
}

static bool log_has(const struct log_facts *log, const char *words)
{
	unsigned int i;

	for (i = 0; i < log->nr_lines; i++)
		if (strcasestr(log->lines[i], words))
			return true;
	return false;
}

static bool offered(const struct facts *facts)
{
	return facts->kvm.vm_types.known && facts->kvm.vm_types.value >> KVM_X86_TDX_VM & 1;
}

/* It can be turned off when TDs were already offered. */
static bool no_tdp_mmu(const struct facts *facts)
{
	return offered(facts) && facts->kvm.tdp_mmu == NO;
}

static bool failed(const struct facts *facts)
{
	return state_is(facts, "failed");
}

static bool no_keyid_left(const struct facts *facts)
{
	return state_is(facts, "initialized") && facts->host.keyids_free.known &&
	       !facts->host.keyids_free.value;
}

static bool ready(const struct facts *facts)
{
	return offered(facts) && (state_is(facts, "initialized") || !facts->host.state[0]);
}

/* Such as a lack of memory, or a CPU that is offline. */
static bool failed_for_now(const struct facts *facts)
{
	return state_is(facts, "available") && facts->host.reason[0];
}

static bool ready_on_demand(const struct facts *facts)
{
	return offered(facts) && (state_is(facts, "available") || state_is(facts, "initializing"));
}

/* KVM cannot be asked, but the kernel's other words are reliable. */
static bool ready_for_others(const struct facts *facts)
{
	return !facts->kvm.vm_types.known && facts->kvm.parameter == YES &&
	       (state_is(facts, "initialized") || state_is(facts, "available") ||
		(!facts->host.state[0] && log_has(&facts->log, "module initialized")));
}

static bool in_td(const struct facts *facts)
{
	return facts->cpu.in_td == YES;
}

static bool not_intel(const struct facts *facts)
{
	return facts->cpu.intel == NO;
}

static bool in_guest(const struct facts *facts)
{
	return facts->cpu.in_guest == YES;
}

static bool turned_off(const struct facts *facts)
{
	return state_is(facts, "off");
}

static bool no_vmx(const struct facts *facts)
{
	return facts->cpu.vmx == NO;
}

static bool no_seamrr(const struct facts *facts)
{
	return facts->msrs.mtrrcap.known && !(facts->msrs.mtrrcap.value & MTRRCAP_SEAMRR);
}

static bool unsupported(const struct facts *facts)
{
	return state_is(facts, "unsupported");
}

/* The kernel was told to ignore the instruction. */
static bool no_movdir64b(const struct facts *facts)
{
	return unsupported(facts) && strstr(facts->host.reason, "MOVDIR64B");
}

static bool seamrr_has(const struct facts *facts, uint64_t bit)
{
	return facts->msrs.seamrr_mask.value & bit;
}

static uint64_t private_keyids(const struct facts *facts)
{
	return facts->msrs.keyid_partitioning.value >> 32;
}

static bool msrs_known(const struct facts *facts)
{
	return facts->msrs.seamrr_mask.known && facts->msrs.seamrr_base.known &&
	       facts->msrs.keyid_partitioning.known;
}

/* The kernel says that the BIOS did not enable TDX, or the MSRs do. */
static bool not_enabled(const struct facts *facts)
{
	return state_is(facts, "bios-disabled") ||
	       (msrs_known(facts) && (!seamrr_has(facts, SEAMRR_MASK_ENABLED) ||
				      !private_keyids(facts)));
}

static bool too_few_address_bits(const struct facts *facts)
{
	return not_enabled(facts) && facts->cpu.physical_bits.known &&
	       facts->cpu.physical_bits.value <= 46;
}

static bool no_tme(const struct facts *facts)
{
	return not_enabled(facts) && facts->msrs.tme_activate.known &&
	       !(facts->msrs.tme_activate.value & TME_ENABLED);
}

static bool no_tme_mt(const struct facts *facts)
{
	return not_enabled(facts) && facts->msrs.tme_activate.known &&
	       !TME_KEYID_BITS(facts->msrs.tme_activate.value);
}

static bool no_sgx(const struct facts *facts)
{
	return not_enabled(facts) && facts->cpu.sgx == NO;
}

static bool no_seam_loader(const struct facts *facts)
{
	return msrs_known(facts) && !seamrr_has(facts, SEAMRR_MASK_ENABLED) &&
	       private_keyids(facts);
}

static bool seamrr_broken(const struct facts *facts)
{
	return msrs_known(facts) && seamrr_has(facts, SEAMRR_MASK_ENABLED) &&
	       (!seamrr_has(facts, SEAMRR_MASK_LOCKED) ||
		!(facts->msrs.seamrr_base.value & SEAMRR_BASE_CONFIGURED));
}

static bool no_private_keyid(const struct facts *facts)
{
	return msrs_known(facts) && seamrr_has(facts, SEAMRR_MASK_ENABLED) &&
	       !private_keyids(facts);
}

static bool one_private_keyid(const struct facts *facts)
{
	return msrs_known(facts) && private_keyids(facts) == 1;
}

static bool partly_enabled(const struct facts *facts)
{
	return state_is(facts, "bios-disabled") && facts->host.reason[0];
}

/* Distributions leave the option out: then nothing else in the kernel knows of TDX. */
static bool kernel_lacks_tdx(const struct facts *facts)
{
	return facts->kernel.configured == NO && !facts->host.present;
}

/* The log has nothing, or in Linux 7.3 with kvm_intel.tdx=1 a line without a reason. */
static bool found_nothing(const struct facts *facts)
{
	if (facts->kernel.host_platform != NO || log_failure(&facts->log))
		return false;
	return log_has(&facts->log, "not supported by the host platform") ||
	       (facts->kernel.configured == YES && !facts->host.present &&
		facts->log.complete && !facts->log.nr_lines);
}

static bool no_module(const struct facts *facts)
{
	const char *line = log_failure(&facts->log);

	return line && (strstr(line, "module not loaded") || strstr(line, "no TDX module"));
}

static bool hibernation(const struct facts *facts)
{
	const char *line = log_failure(&facts->log);

	return line && strcasestr(line, "hibernation");
}

static bool logged(const struct facts *facts)
{
	return log_failure(&facts->log);
}

static bool kvm_not_loaded(const struct facts *facts)
{
	return facts->kvm.loaded == NO;
}

static bool kvm_lacks_tdx(const struct facts *facts)
{
	return facts->kvm.has_parameter == NO;
}

static bool asked_for(const struct facts *facts)
{
	const char *value = strstr(facts->kernel.cmdline, "kvm_intel.tdx=");

	if (!value)
		return false;
	value += strlen("kvm_intel.tdx=");
	return value[0] == '1' || tolower(value[0]) == 'y' || !strncasecmp(value, "on", 2);
}

/* It is also N if there is another reason, which may have been logged. */
static bool kvm_turned_off(const struct facts *facts)
{
	const char *line = log_failure(&facts->log);

	if (facts->kvm.parameter != NO)
		return false;
	if (line)
		return strstr(line, "boot with kvm_intel.tdx=1");
	return !asked_for(facts);
}

static bool no_access(const struct facts *facts)
{
	return facts->kvm.loaded == YES && facts->kvm.error;
}

static bool needs_root(const struct facts *facts)
{
	return !facts->msrs.readable || !facts->log.readable;
}

static bool always(const struct facts *facts)
{
	return true;
}

static const char *reason(const struct facts *facts)
{
	return facts->host.reason[0] ? facts->host.reason : NULL;
}

static const char *last_failure(const struct facts *facts)
{
	return log_failure(&facts->log);
}

static const struct {
	bool (*holds)(const struct facts *facts);
	const char *(*detail)(const struct facts *facts);
	struct verdict verdict;
} conditions[] = {
	{ failed, reason, { "failed", NO, "the TDX module could not be initialized", NULL,
	  "do what the reason says, and look it up under Messages in Documentation/x86/tdx-host.rst" } },
	{ no_keyid_left, NULL, { "keyids-in-use", NO, "each KeyID is used by a TD", NULL,
	  "shut down a TD, or assign more KeyIDs to TDX in the BIOS setup" } },
	{ no_tdp_mmu, NULL, { "tdp-mmu-off", NO, "KVM's TDP MMU is turned off, which TDs need", NULL,
	  "write Y to /sys/module/kvm/parameters/tdp_mmu" } },
	{ ready, NULL, { "usable", YES, "KVM offers them" } },
	{ failed_for_now, reason, { "failed-for-now", UNKNOWN,
	  "the TDX module could not be initialized, and that will be tried again for the next TD", NULL,
	  "do what the reason says, if anything, then create a TD" } },
	{ ready_on_demand, NULL, { "usable-on-demand", YES,
	  "KVM offers them, and will initialize TDX for the first one" } },
	{ ready_for_others, NULL, { "usable-by-others", YES,
	  "TDX is enabled, and KVM can be used by those who may open /dev/kvm", NULL,
	  "become a member of the group of /dev/kvm" } },
	{ in_td, NULL, { "in-td", NO, "this is a TD itself", NULL, "run tdxinfo on the host" } },
	{ not_intel, NULL, { "not-intel", NO, "the CPU is not from Intel" } },
	{ in_guest, NULL, { "in-guest", NO, "Linux is a guest of a hypervisor", NULL,
	  "run tdxinfo on the host: TDs cannot be created in a virtual machine" } },
	{ turned_off, NULL, { "turned-off", NO, "TDX is turned off", NULL,
	  "boot without tdx_host=off" } },
	{ no_vmx, NULL, { "no-vmx", NO, "the CPU has no VMX, or the BIOS turned it off", NULL,
	  "enable VMX (virtualization) in the BIOS setup" } },
	{ no_seamrr, NULL, { "no-seamrr", NO, "the CPU has no TDX", NULL,
	  "TDX needs a Xeon of the 5th generation or later, or selected ones of the 4th" } },
	{ no_movdir64b, reason, { "no-movdir64b", NO, "an instruction that TDX needs is turned off",
	  NULL, "boot without clearcpuid=movdir64b" } },
	{ unsupported, reason, { "unsupported", NO, "the CPU has no TDX", NULL,
	  "TDX needs a Xeon of the 5th generation or later, or selected ones of the 4th" } },
	{ too_few_address_bits, reason, { "bios-46-bits", NO,
	  "physical addresses are limited to 46 bits, which leaves none for KeyIDs", NULL,
	  "disable \"Limit CPU PA to 46 bits\" in the BIOS setup; then " BIOS } },
	{ no_tme, reason, { "bios-tme", NO, "memory encryption is not enabled", NULL,
	  "enable \"Total Memory Encryption (TME)\" in the BIOS setup; then " BIOS } },
	{ no_tme_mt, reason, { "bios-tme-mt", NO, "memory encryption has only one key", NULL,
	  "enable \"TME-MT\", \"Multikey TME\" or \"MKTME\" in the BIOS setup; then " BIOS } },
	{ no_seam_loader, reason, { "bios-seam-loader", NO,
	  "there are KeyIDs for TDX, but no memory for its module (SEAMRR)", NULL,
	  "enable \"TDX Secure Arbitration Mode Loader\" or \"SEAM loader\" in the BIOS setup" } },
	{ seamrr_broken, reason, { "bios-seamrr", NO,
	  "the memory of the TDX module (SEAMRR) has no address or is not locked", NULL,
	  "update the BIOS" } },
	{ no_private_keyid, reason, { "bios-key-split", NO, "no KeyIDs are assigned to TDX", NULL,
	  "set \"TME-MT/TDX key split\", \"TDX KeyIDs\" or \"TDX key bits\" in the BIOS setup" } },
	{ one_private_keyid, reason, { "bios-one-keyid", NO,
	  "there is only one TDX KeyID, and the TDX module itself needs it", NULL,
	  "assign more KeyIDs to TDX in the BIOS setup" } },
	{ no_sgx, reason, { "bios-sgx", NO, "SGX is not enabled, which TDX needs", NULL,
	  "enable \"Software Guard Extensions (SGX)\" in the BIOS setup; then " BIOS } },
	{ partly_enabled, reason, { "bios-partly", NO, "the BIOS did not enable TDX", NULL,
	  BIOS } },
	{ not_enabled, reason, { "bios-off", NO, "the BIOS did not enable TDX", NULL,
	  "enable \"Trust Domain Extensions (TDX)\" in the BIOS setup: " BIOS } },
	{ kernel_lacks_tdx, NULL, { "kernel", NO, "this kernel has no TDX host support", NULL,
	  "boot a kernel with CONFIG_INTEL_TDX_HOST, such as Linux 6.16 or later" } },
	{ found_nothing, NULL, { "bios-not-seen", NO,
	  "this kernel supports TDX, and did not find it enabled", NULL,
	  "run tdxinfo as root, with the module msr loaded; and " BIOS } },
	{ no_module, last_failure, { "no-module", NO, "the BIOS loaded no TDX module", NULL,
	  "enable \"TDX Secure Arbitration Mode Loader\" or \"SEAM loader\" in the BIOS setup, or update the BIOS" } },
	{ hibernation, last_failure, { "hibernation", NO,
	  "this kernel does not use TDX while hibernation is possible", NULL,
	  "boot with nohibernate" } },
	{ kvm_turned_off, NULL, { "kvm-turned-off", NO, "KVM's parameter tdx is N", NULL,
	  "boot with kvm_intel.tdx=1, or write \"options kvm_intel tdx=1\" to /etc/modprobe.d/tdx.conf and load kvm_intel again" } },
	{ logged, last_failure, { "logged", NO, "the kernel could not use TDX", NULL,
	  "do what the message says" } },
	{ kvm_not_loaded, NULL, { "kvm-not-loaded", NO, "kvm_intel is not loaded", NULL,
	  "modprobe kvm_intel tdx=1" } },
	{ kvm_lacks_tdx, NULL, { "kvm", NO, "KVM of this kernel cannot create TDs", NULL,
	  "boot a kernel with CONFIG_KVM_INTEL_TDX, such as Linux 6.16 or later" } },
	{ no_access, NULL, { "kvm-no-access", UNKNOWN, "/dev/kvm cannot be opened", NULL,
	  "run tdxinfo as root" } },
	{ needs_root, NULL, { "needs-root", UNKNOWN, "what this user may read does not tell", NULL,
	  "run tdxinfo as root, with the module msr loaded" } },
	{ always, NULL, { "unknown", UNKNOWN, "nothing tells why KVM does not offer them", NULL,
	  "report this with the output of tdxinfo and the kernel log" } },
};

/**
 * verdict_of - decide whether TDs can be created
 * @facts: what is known
 *
 * Return: The verdict.  Its detail may point into @facts.
 */
struct verdict verdict_of(const struct facts *facts)
{
	struct verdict verdict;
	size_t i = 0;

	while (!conditions[i].holds(facts))
		i++;
	verdict = conditions[i].verdict;
	if (conditions[i].detail)
		verdict.detail = conditions[i].detail(facts);
	return verdict;
}

static bool contains_any(const char *line, const char * const words[], size_t nr_words)
{
	size_t i;

	for (i = 0; i < nr_words; i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

/* What was refused because of TDX is no failure of TDX. */
static bool is_failure(const char *line)
{
	static const char * const bad[] = {
		"failed", "not usable", "unusable", "not loaded", "not enabled", "turned off",
		"disabled", "TDX guests need ",
	};
	static const char * const good[] = { "not added", "rejected", " is dead" };

	return contains_any(line, bad, ARRAY_SIZE(bad)) &&
	       !contains_any(line, good, ARRAY_SIZE(good));
}

/**
 * log_failure - find out from the kernel log why TDX is not usable
 * @log: lines about TDX
 *
 * Return: The last line that reports a failure, without its prefix; NULL if there is none, or
 *	   if TDX was initialized afterwards.
 */
const char *log_failure(const struct log_facts *log)
{
	unsigned int i = log->nr_lines;

	while (i--) {
		if (strcasestr(log->lines[i], "module initialized"))
			return NULL;
		if (is_failure(log->lines[i]))
			return strstr(log->lines[i], "tdx: ") + strlen("tdx: ");
	}
	return NULL;
}
