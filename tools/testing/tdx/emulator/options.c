// SPDX-License-Identifier: GPL-2.0-only
#include "log.h"
#include "options.h"
#include "seam_names.h"
#include "text.h"

#define MAX_WORD		512
#define MAX_KEYID_BITS		15

struct options options = {
	.module = true,
	.generation = TDX_MODEL_1_5,
	.mktme_keyids = 31,
	.tdx_keyids = 32,
	.max_tdmrs = TDX_MODEL_MAX_TDMRS,
	.max_reserved = TDX_TDMR_NR_RESERVED,
	.log_level = LOG_FAILURES,
};

/* One option: @parse returns false when the value is not one that @values describes. */
struct option {
	const char *name;
	bool (*parse)(const char *value);
	const char *values;
	const char *meaning;
};

/* A number, decimal or with 0x; moves *@s behind it. */
static bool number(const char **s, u64 *value)
{
	const char *start = *s;
	unsigned int base = 10, digit;

	if (start[0] == '0' && start[1] == 'x') {
		base = 16;
		start += 2;
	}
	*value = 0;
	for (*s = start; **s; ++*s) {
		if (**s >= '0' && **s <= '9')
			digit = **s - '0';
		else if (base == 16 && (**s | 0x20) >= 'a' && (**s | 0x20) <= 'f')
			digit = (**s | 0x20) - 'a' + 10;
		else
			break;
		if (*value > (~0ULL - digit) / base)
			return false;
		*value = *value * base + digit;
	}
	return *s != start;
}

static bool whole_number(const char *s, u64 low, u64 high, unsigned int *value)
{
	u64 n;

	if (!number(&s, &n) || *s || n < low || n > high)
		return false;
	*value = n;
	return true;
}

static bool parse_module(const char *s)
{
	static const struct {
		const char *name;
		enum tdx_model_generation generation;
	} generations[] = {
		{ "1.0", TDX_MODEL_1_0 },
		{ "1.5", TDX_MODEL_1_5 },
		{ "2.0", TDX_MODEL_2_0 },
	};
	unsigned int i;

	options.module = !text_equal(s, "none");
	if (!options.module)
		return true;
	for (i = 0; i < ARRAY_LEN(generations); i++) {
		if (text_equal(s, generations[i].name)) {
			options.generation = generations[i].generation;
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
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (text_equal(s, names[i])) {
			options.seamrr = i;
			return true;
		}
	}
	return false;
}

/* Any list is taken as it stands: to refuse a bad one is the module's work. */
static bool parse_cmrs(const char *s)
{
	struct tdx_cmr_info *cmr;

	do {
		if (options.nr_cmrs == TDX_NR_CMRS)
			return false;
		cmr = &options.cmrs[options.nr_cmrs++];
		if (!number(&s, &cmr->base) || *s++ != '+' || !number(&s, &cmr->size))
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

/* Copy up to @end into @word and move *@s behind it. */
static bool word_until(const char **s, char end, char word[MAX_WORD])
{
	unsigned int length = 0;

	for (; **s && **s != end; ++*s)
		word[length++] = **s;
	word[length] = '\0';
	return *(*s)++ == end;
}

static bool parse_inject(const char *s)
{
	struct injection *rule = &options.injections[options.nr_injections];
	char word[MAX_WORD];
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

static bool parse_log(const char *s)
{
	return whole_number(s, 0, LOG_CPUS, &options.log_level);
}

static const struct option known[] = {
	{ "module", parse_module, "none|1.0|1.5|2.0",
	  "the TDX module that is loaded; default 1.5" },
	{ "keyids", parse_keyids, "MKTME:TDX",
	  "number of shared and of private KeyIDs, together below 32768; default 31:32" },
	{ "seamrr", parse_seamrr, "on|off|unlocked",
	  "how the BIOS left the SEAM range register; default on" },
	{ "cmrs", parse_cmrs, "BASE+SIZE[,BASE+SIZE...]",
	  "up to 32 convertible memory regions, in bytes; default all RAM above 1 MB" },
	{ "max_tdmrs", parse_max_tdmrs, "1..64",
	  "how many TDMRs the module takes; default 64" },
	{ "max_reserved", parse_max_reserved, "1..16",
	  "how many reserved areas it takes in each; default 16" },
	{ "inject", parse_inject, "LEAF:N:STATUS:M",
	  "from its N-th call on, LEAF answers STATUS (name or number) M times; up to 8 of these" },
	{ "log", parse_log, "0..3",
	  "0: report only, 1: failed SEAMCALLs, 2: all, 3: also VMX and CPU starts; default 1" },
};

static void __noreturn help(void)
{
	unsigned int i;

	log_line("tdx-emulator: options, separated by blanks (qemu's -append):");
	for (i = 0; i < ARRAY_LEN(known); i++)
		log_line("  %s=%s: %s", known[i].name, known[i].values, known[i].meaning);
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
