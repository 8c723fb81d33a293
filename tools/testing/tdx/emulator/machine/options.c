// SPDX-License-Identifier: GPL-2.0-only
/* The emulator's command line. */
#include "lib/log.h"
#include "lib/seam_names.h"
#include "lib/text.h"
#include "machine/option_words.h"
#include "machine/options.h"

#define MAX_WORD		1024
#define MAX_KEYID_BITS		15

struct options options = {
	.module = true,
	.generation = TDX_MODEL_DEFAULT,
	.mktme_keyids = 31,
	.tdx_keyids = 32,
	.ept_levels = EPT_4_LEVELS,
	.max_tdmrs = TDX_MODEL_MAX_TDMRS,
	.max_reserved = TDX_TDMR_NR_RESERVED,
	.check_caches = true,
	.contended = NO_LEAF,
	.check_leftovers = true,
	.log_level = LOG_FAILURES,
};

/* One option: @parse returns false for values other than those of @values. */
struct option {
	const char *name;
	bool (*parse)(const char *value);
	const char *values;
	const char *standard;	/* default value */
	const char *meaning;
};

static bool parse_module(const char *s)
{
	unsigned int i;

	options.module = !text_equal(s, "none");
	if (!options.module)
		return true;
	if (text_equal(s, "1.5"))
		s = tdx_model_releases[TDX_MODEL_1_5].name;
	for (i = 0; i < TDX_MODEL_NR_GENERATIONS; i++) {
		if (text_equal(s, tdx_model_releases[i].name)) {
			options.generation = i;
			return true;
		}
	}
	return false;
}

static bool parse_keyids(const char *s)
{
	u64 mktme, tdx;

	if (!number(&s, &mktme) || *s++ != ':' || !number(&s, &tdx) || *s)
		return false;
	if (mktme >= BIT_ULL(MAX_KEYID_BITS) || tdx >= BIT_ULL(MAX_KEYID_BITS) ||
	    1 + mktme + tdx > BIT_ULL(MAX_KEYID_BITS))
		return false;
	options.mktme_keyids = mktme;
	options.tdx_keyids = tdx;
	return true;
}

static bool parse_seamrr(const char *s)
{
	static const char * const names[] = {
		[SEAMRR_ON] = "on", [SEAMRR_OFF] = "off", [SEAMRR_UNLOCKED] = "unlocked",
	};

	options.seamrr = word_index(s, names, ARRAY_LEN(names));
	return options.seamrr < ARRAY_LEN(names);
}

static bool parse_ept_levels(const char *s)
{
	return whole_number(s, EPT_4_LEVELS, EPT_5_LEVELS, &options.ept_levels);
}

static bool parse_vms(const char *s)
{
	return on_or_off(s, &options.vms);
}

static bool parse_caches(const char *s)
{
	return on_or_off(s, &options.check_caches);
}

static bool parse_leftovers(const char *s)
{
	return on_or_off(s, &options.check_leftovers);
}

static bool parse_tables(const char *s)
{
	return on_or_off(s, &options.check_tables);
}

static bool parse_entries(const char *s)
{
	return on_or_off(s, &options.log_entries);
}

static bool parse_foreign(const char *s)
{
	static const char * const names[] = {
		[FOREIGN_MACHINE_CHECK] = "mce", [FOREIGN_ONES] = "ones",
	};

	options.foreign = word_index(s, names, ARRAY_LEN(names));
	return options.foreign < ARRAY_LEN(names);
}

/* Invalid lists are accepted: the module has to refuse them. */
static bool parse_cmrs(const char *s)
{
	struct tdx_cmr_info *cmr;

	do {
		if (options.nr_cmrs == TDX_NR_CMRS)
			return false;
		cmr = &options.cmrs[options.nr_cmrs++];
		if (!size_number(&s, &cmr->base) || *s++ != '+' || !size_number(&s, &cmr->size))
			return false;
	} while (*s++ == ',');
	return !s[-1];
}

static bool parse_max_tdmrs(const char *s)
{
	return whole_number(s, 1, TDX_MODEL_MAX_TDMRS, &options.max_tdmrs);
}

static bool parse_max_reserved(const char *s)
{
	return whole_number(s, 1, TDX_TDMR_NR_RESERVED, &options.max_reserved);
}

/* TYPE:BASE+SIZE, with *COUNT/STEP for several ranges. */
static bool parse_overlay(const char **s)
{
	struct overlay *o = &options.overlays[options.nr_overlays];
	char word[MAX_PART];

	if (options.nr_overlays == MAX_OVERLAYS)
		return false;
	if (!word_until(s, ':', word) || !memmap_type_by_name(word, &o->type))
		return false;
	if (!size_number(s, &o->base) || *(*s)++ != '+' || !size_number(s, &o->size))
		return false;
	o->count = 1;
	if (**s == '*') {
		++*s;
		if (!number(s, &o->count) || *(*s)++ != '/' || !size_number(s, &o->step))
			return false;
	}
	options.nr_overlays++;
	return o->type != MEM_RAM && o->size && o->count && o->count <= MEMMAP_MAX &&
	       !((o->base | o->size | o->step) & (PAGE_SIZE - 1)) &&
	       (o->count == 1 || o->step >= o->size);
}

static bool parse_e820(const char *s)
{
	do {
		if (!parse_overlay(&s))
			return false;
	} while (*s++ == ',');
	return !s[-1];
}

static bool parse_delay(const char *s)
{
	return whole_number(s, 0, 1000000, &options.tdmr_init_us);
}

static bool parse_writeback(const char *s)
{
	return cpu_number(&s, &options.writeback.cpu) &&
	       whole_number(s, 0, 2000000, &options.writeback.us);
}

static bool parse_inject(const char *s)
{
	struct injection *rule = &options.injections[options.nr_injections];
	char word[MAX_PART];
	const char *text = word;

	if (options.nr_injections == MAX_INJECTIONS)
		return false;
	if (!word_until(&s, ':', word) || !leaf_by_name(word, &rule->leaf))
		return false;
	if (!number(&s, &rule->first_call) || !rule->first_call || *s++ != ':')
		return false;
	if (!word_until(&s, ':', word))
		return false;
	if (!status_by_name(word, &rule->status) && (!number(&text, &rule->status) || *text))
		return false;
	if (!number(&s, &rule->nr_calls) || *s)
		return false;
	options.nr_injections++;
	return true;
}

static bool parse_msr(const char *s)
{
	struct msr_option *o = &options.msrs[options.nr_msrs];
	char word[MAX_PART];

	if (options.nr_msrs++ == MAX_MSRS)
		return false;
	return cpu_number(&s, &o->cpu) && word_until(&s, ':', word) &&
	       whole_number(word, 0, ~0U, &o->msr) && number(&s, &o->value) && !*s;
}

static bool parse_cpuid(const char *s)
{
	static const char * const registers[] = { "eax", "ebx", "ecx", "edx" };
	struct cpuid_option *o = &options.cpuids[options.nr_cpuids];
	char leaf[MAX_PART], word[MAX_PART];

	if (options.nr_cpuids++ == MAX_CPUIDS)
		return false;
	if (!cpu_number(&s, &o->cpu) || !word_until(&s, ':', leaf) || !word_until(&s, ':', word))
		return false;
	if (!whole_number(leaf, 0, ~0U, &o->leaf) || !whole_number(word, 0, ~0U, &o->subleaf))
		return false;
	if (!word_until(&s, ':', word))
		return false;
	o->reg = word_index(word, registers, ARRAY_LEN(registers));
	return o->reg < ARRAY_LEN(registers) && whole_number(s, 0, ~0U, &o->value);
}

static bool parse_chance(const char *s, struct chance *c)
{
	u64 percent;

	if (!number(&s, &percent) || percent > 99 || *s++ != ':' || !number(&s, &c->seed))
		return false;
	c->percent = percent;
	return !*s;
}

static bool parse_busy(const char *s)
{
	return parse_chance(s, &options.busy);
}

static bool parse_no_entropy(const char *s)
{
	return parse_chance(s, &options.no_entropy);
}

static bool parse_features(const char *s)
{
	options.has_features0 = true;
	return number(&s, &options.features0) && !*s;
}

static bool parse_state(const char *s)
{
	static const char * const names[] = {
		[TDX_MODEL_INIT_PENDING] = "loaded",
		[TDX_MODEL_INIT_DONE] = "initialized",
		[TDX_MODEL_CONFIG_DONE] = "configured",
		[TDX_MODEL_READY] = "ready",
		[TDX_MODEL_SHUTDOWN] = "shutdown",
	};

	options.state = word_index(s, names, ARRAY_LEN(names));
	return options.state < ARRAY_LEN(names);
}

static bool parse_log(const char *s)
{
	return whole_number(s, 0, LOG_CPUS, &options.log_level);
}

static bool parse_nmi(const char *s)
{
	char word[MAX_PART];

	return word_until(&s, ':', word) && leaf_by_name(word, &options.nmi.leaf) &&
	       number(&s, &options.nmi.call) && options.nmi.call && !*s;
}

static bool parse_mce(const char *s)
{
	static const char * const names[] = {
		[MCE_OF_GUEST] = "guest", [MCE_INEXACT] = "inexact", [MCE_OF_ENTRY] = "entry",
	};
	struct mce_option *o = &options.mces[options.nr_mces];
	char word[MAX_PART];

	if (options.nr_mces++ == MAX_MCES || !word_until(&s, ':', word))
		return false;
	o->by = word_index(word, names, ARRAY_LEN(names));
	return o->by < ARRAY_LEN(names) && number(&s, &o->page) && o->page && !*s;
}

static bool parse_contended(const char *s)
{
	return leaf_by_name(s, &options.contended);
}

static bool parse_crash(const char *s)
{
	static const char * const names[] = {
		[CRASH_OFF] = "off", [CRASH_ON] = "on", [CRASH_IN_LOG] = "log",
	};

	options.crash = word_index(s, names, ARRAY_LEN(names));
	return options.crash < ARRAY_LEN(names);
}

static const struct option known[] = {
	{ "module", parse_module, "none, 1.0, 1.5.01, 1.5.06, 2.0", "1.5.06",
	  "the TDX module that is loaded; 1.5 is 1.5.01" },
	{ "state", parse_state, "loaded, initialized, configured, ready, shutdown", "loaded",
	  "in which state it is found, as an earlier kernel left it" },
	{ "features", parse_features, "NUMBER", "0x140000",
	  "the module's TDX_FEATURES0; default: NO_RBP_MOD, and topology enumeration from 1.5.06 on" },
	{ "keyids", parse_keyids, "MKTME:TDX", "31:32",
	  "number of shared and of private KeyIDs, together below 32768" },
	{ "seamrr", parse_seamrr, "on, off, unlocked", "on",
	  "how the BIOS left the SEAM range register" },
	{ "ept_levels", parse_ept_levels, "4, 5", "4",
	  "levels of EPT that the CPU has; with 5, guest addresses of a TD may have 52 bits" },
	{ "e820", parse_e820, "TYPE:BASE+SIZE[*COUNT/STEP][,...]", "QEMU's",
	  "RAM shown as hole, reserved, acpi, nvs, unusable, pmem or old-pmem; COUNT, STEP apart" },
	{ "cmrs", parse_cmrs, "BASE+SIZE[,...]", "RAM above 1 MB less holes and pmem",
	  "up to 32 convertible memory regions; bad ones too, as they stand" },
	{ "max_tdmrs", parse_max_tdmrs, "1 to 64", "64",
	  "how many TDMRs the module takes" },
	{ "max_reserved", parse_max_reserved, "1 to 16", "16",
	  "how many reserved areas it takes in each" },
	{ "delay", parse_delay, "0 to 1000000", "0",
	  "how many microseconds each TDH.SYS.TDMR.INIT takes at least" },
	{ "writeback", parse_writeback, "CPU:0 to 2000000", "0:0",
	  "how many microseconds WBINVD takes at least to write module lines, on a CPU or on `all`" },
	{ "foreign", parse_foreign, "mce, ones", "mce",
	  "what a host gets for memory that is not its own: a machine check, or ones" },
	{ "vms", parse_vms, "on, off", "off",
	  "run ordinary VMs; otherwise VMLAUNCH fails" },
	{ "caches", parse_caches, "on, off", "on",
	  "report a missing write-back of caches" },
	{ "leftovers", parse_leftovers, "on, off", "on",
	  "report pages and KeyIDs that TDs still have when the machine is turned off" },
	{ "tables", parse_tables, "on, off", "off",
	  "compare secure EPT and PAMTs when a TD is destroyed, which takes time" },
	{ "msr", parse_msr, "CPU:MSR:VALUE", "none",
	  "what an MSR reads on a CPU, or on `all`; 0x3b: what it reads first; up to 16 of these" },
	{ "cpuid", parse_cpuid, "CPU:LEAF:SUBLEAF:REGISTER:VALUE", "none",
	  "what CPUID gives in eax, ebx, ecx or edx; up to 16 of these" },
	{ "busy", parse_busy, "PERCENT:SEED", "0:0",
	  "SEAMCALLs that take a lock find it taken, so often, at random" },
	{ "no_entropy", parse_no_entropy, "PERCENT:SEED", "0:0",
	  "the module gets no random number, so often, at random" },
	{ "inject", parse_inject, "LEAF:N:STATUS:M", "none",
	  "from its N-th call on, LEAF answers STATUS M times; up to 32 of these" },
	{ "contended", parse_contended, "LEAF", "none",
	  "LEAF finds an operand busy if a vCPU is in its guest, or was there since the last call" },
	{ "nmi", parse_nmi, "LEAF:N", "none",
	  "an NMI arrives during the N-th call of LEAF, to be delivered right behind it" },
	{ "mce", parse_mce, "guest:N, inexact:N, entry:N", "none",
	  "the N-th private page that guests reach is bad: machine check in guest or entry; up to 3" },
	{ "crash", parse_crash, "on, log, off", "off",
	  "crash at the first SEAMCALL, or in the middle of a line of this log" },
	{ "entries", parse_entries, "on, off", "off",
	  "log at each entry of a TD or VM what the host has executed since the last one: see below" },
	{ "log", parse_log, "0 to 3", "1",
	  "0 report only, 1 failed SEAMCALLs, 2 all, 3 also VMX, INIT, SIPI, registers" },
};

/* In the format of README.md's table, which a test compares with it. */
static void __noreturn help(void)
{
	unsigned int i;

	log_line("| option | values | default | meaning |");
	log_line("|---|---|---|---|");
	for (i = 0; i < ARRAY_LEN(known); i++)
		log_line("| `%s` | %s | %s | %s |", known[i].name, known[i].values,
			 known[i].standard, known[i].meaning);
	end_qemu(EXIT_HELP);
}

static void take(char *word)
{
	char *value = word;
	unsigned int i;

	while (*value && *value != '=')
		value++;
	if (*value)
		*value++ = '\0';
	for (i = 0; i < ARRAY_LEN(known); i++) {
		if (!text_equal(word, known[i].name))
			continue;
		if (!known[i].parse(value))
			fail(EXIT_BAD_OPTION, "option %s: bad value '%s', should be %s=%s", word,
			     value, word, known[i].values);
		return;
	}
	fail(EXIT_BAD_OPTION, "unknown option '%s': 'help' lists them on the debug console", word);
}

void options_parse(const char *s)
{
	char word[MAX_WORD];
	unsigned int length;

	for (;;) {
		while (*s == ' ')
			s++;
		if (!*s)
			return;
		for (length = 0; *s && *s != ' '; length++) {
			if (length == MAX_WORD - 1)
				fail(EXIT_BAD_OPTION, "an option is longer than %u bytes",
				     MAX_WORD - 1);
			word[length] = *s++;
		}
		word[length] = '\0';
		if (text_equal(word, "help"))
			help();
		take(word);
	}
}
