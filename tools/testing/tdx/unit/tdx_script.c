// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plays SEAMCALLs from a text to the software TDX module.
 */
#include <asm/tdx_status.h>
#include <errno.h>
#include <linux/kernel.h>
#include <stdlib.h>
#include <string.h>

#include "model/leaves.h"
#include "model/platform.h"
#include "script_machine.h"
#include "status_name.h"

static const char usage[] =
	"usage: tdx_script < SCRIPT\n"
	"\n"
	"Plays SEAMCALLs to the software TDX module.  A statement is a line, '#' begins a\n"
	"comment; numbers are decimal, or hexadecimal with 0x, of up to 64 bits.\n"
	"\n"
	"The machine:\n"
	"  module VERSION            1.0, 1.5.01, 1.5.06 or 2.0\n"
	"  lps N packages M          logical processors 0 to N-1; N is in package N * M / all\n"
	"  seamrr BASE SIZE\n"
	"  keyids mktme A..B tdx C..D bits N\n"
	"  global_keyid K            the first one for TDX, if there is no such line\n"
	"  cmr BASE SIZE\n"
	"  tdmr BASE SIZE pamt1g BASE SIZE pamt2m BASE SIZE pamt4k BASE SIZE\n"
	"  rsvd OFFSET SIZE          of the tdmr above\n"
	"  limit max_tdmrs|max_reserved_per_tdmr|pamt_entry_size VALUE\n"
	"\n"
	"What is done with it:\n"
	"  ready [TDMR...]           the whole initialization, with the PAMTs of these TDMRs,\n"
	"                            counted from 0, or of all\n"
	"  reset                     as it was then, all memory 0 and env as at the beginning\n"
	"  mem ADDRESS BYTES [OFFSET=HEX]...\n"
	"                            fill with 0, then write the bytes\n"
	"  peek ADDRESS BYTES        print ADDRESS HEX\n"
	"  env intr V                MSR 0x9a on all logical processors: an event is pending\n"
	"  env norand 0|1            there are no random numbers\n"
	"  env pconfig V             what PCONFIG fails with: 2 no entropy, 5 busy; 0 it does not\n"
	"  env msr LP ADDRESS V\n"
	"  call LP LEAF [REG=VALUE]...\n"
	"                            a SEAMCALL; other registers are 0.  LEAF is a name as\n"
	"                            MNG.CREATE, MNG.RD/1 for version 1, or the value of RAX\n"
	"\n"
	"Each call is answered with a line: LEAF -> STATUS NAME, each register that has changed\n"
	"and, if it failed, '#' and why.\n"
	"\n"
	"Exit status: 0, or 2 after a bad line.\n";

static const struct {
	u64 leaf;
	const char *name;
} leaves[] = {
#define LEAF(name, number, text)	{ number, (text) + sizeof("TDH.") - 1 },
	TDX_LEAF_LIST(LEAF)
#undef LEAF
};

static const struct {
	const char *name;
	unsigned int operand;
} registers[] = {
	{ "rcx", TDX_OPERAND_ID_RCX }, { "rdx", TDX_OPERAND_ID_RDX },
	{ "r8", TDX_OPERAND_ID_R8 }, { "r9", TDX_OPERAND_ID_R9 },
	{ "r10", TDX_OPERAND_ID_R10 }, { "r11", TDX_OPERAND_ID_R11 },
	{ "r12", TDX_OPERAND_ID_R12 }, { "r13", TDX_OPERAND_ID_R13 },
	{ "rbx", TDX_OPERAND_ID_RBX }, { "rbp", TDX_OPERAND_ID_RBP },
	{ "rsi", TDX_OPERAND_ID_RSI }, { "rdi", TDX_OPERAND_ID_RDI },
	{ "r14", TDX_OPERAND_ID_R14 }, { "r15", TDX_OPERAND_ID_R15 },
};

static bool to_u64(const char *word, u64 *value)
{
	bool hex = !strncmp(word, "0x", 2);
	char *end;

	if (word[0] < '0' || word[0] > '9')
		return false;
	errno = 0;
	*value = strtoull(word, &end, hex ? 16 : 10);
	return !errno && !*end && end > word + (hex ? 2 : 0);
}

static bool number(struct text_line *line, u64 *value)
{
	const char *word = text_line_peek(line);

	if (!word || !to_u64(word, value))
		return text_line_bad(line, "a number of up to 64 bits");
	line->next++;
	return true;
}

static bool number_below(struct text_line *line, u64 limit, const char *expected, u64 *value)
{
	if (!number(line, value))
		return false;
	if (*value >= limit) {
		line->next--;
		return text_line_bad(line, expected);
	}
	return true;
}

static bool lp_number(struct script_machine *script, struct text_line *line, u64 *lp)
{
	return number_below(line, script->machine->config.nr_lps, "a logical processor", lp);
}

static bool read_module(struct script_machine *script, struct text_line *line)
{
	struct tdx_model_config *config = &script->machine->config;
	const char *word = text_line_peek(line);
	const struct tdx_model_release *release;
	unsigned int i;

	for (i = 0; word && i < TDX_MODEL_NR_GENERATIONS; i++) {
		release = &tdx_model_releases[i];
		if (strcmp(word, release->name))
			continue;
		line->next++;
		config->generation = i;
		config->tdx_features0 = release->tdx_features0;
		config->major_version = release->major_version;
		config->minor_version = release->minor_version;
		config->update_version = release->update_version;
		script_machine_changed(script);
		return true;
	}
	return text_line_bad(line, "1.0, 1.5.01, 1.5.06 or 2.0");
}

static bool read_lps(struct script_machine *script, struct text_line *line)
{
	struct tdx_model_config *config = &script->machine->config;
	u64 lps, packages;
	unsigned int i;

	if (!number_below(line, TDX_MODEL_MAX_LPS + 1, "up to 64 logical processors", &lps) ||
	    !text_line_word(line, "packages") ||
	    !number_below(line, TDX_MODEL_MAX_PKGS + 1, "up to 8 packages", &packages))
		return false;
	if (!packages || packages > lps) {
		line->next--;
		return text_line_bad(line, "packages with a logical processor each");
	}
	config->nr_lps = lps;
	config->nr_pkgs = packages;
	for (i = 0; i < lps; i++)
		config->pkg_of_lp[i] = i * packages / lps;
	script_machine_changed(script);
	return true;
}

/* The words in the log of the emulated platform are ignored. */
static bool read_seamrr(struct script_machine *script, struct text_line *line)
{
	struct tdx_model_config *config = &script->machine->config;

	script_machine_changed(script);
	if (!number(line, &config->seamrr_base) || !number(line, &config->seamrr_size))
		return false;
	while (text_line_peek(line) && (!strcmp(text_line_peek(line), "enabled") ||
					!strcmp(text_line_peek(line), "locked")))
		line->next++;
	return true;
}

/* A..B */
static bool range(struct text_line *line, u64 *first, u64 *last)
{
	char *word = (char *)text_line_peek(line), *dots = word ? strstr(word, "..") : NULL;
	bool good;

	if (!dots)
		return text_line_bad(line, "a range A..B");
	*dots = '\0';
	good = to_u64(word, first) && to_u64(dots + 2, last) && *first <= *last;
	*dots = '.';
	if (!good)
		return text_line_bad(line, "a range A..B");
	line->next++;
	return true;
}

static bool read_keyids(struct script_machine *script, struct text_line *line)
{
	struct tdx_model_config *config = &script->machine->config;
	u64 mktme[2], tdx[2], bits;

	if (!text_line_word(line, "mktme") || !range(line, &mktme[0], &mktme[1]) ||
	    !text_line_word(line, "tdx") || !range(line, &tdx[0], &tdx[1]) ||
	    !text_line_word(line, "bits") || !number_below(line, 16, "up to 15 bits", &bits))
		return false;
	if (mktme[0] != 1 || mktme[1] + 1 != tdx[0] || tdx[1] >= 1ULL << bits) {
		line->next = 1;
		return text_line_bad(line, "KeyIDs from 1 on, those for TDX last, of so many bits");
	}
	config->first_private_keyid = tdx[0];
	config->nr_private_keyids = tdx[1] - tdx[0] + 1;
	config->keyid_bits = bits;
	script_machine_changed(script);
	return true;
}

static bool read_global_keyid(struct script_machine *script, struct text_line *line)
{
	u64 keyid;

	if (!number_below(line, 1 << 16, "a KeyID", &keyid))
		return false;
	script->global_keyid = keyid;
	script_machine_changed(script);
	return true;
}

static bool read_ready(struct script_machine *script, struct text_line *line)
{
	bool tdmrs[MAP_TEXT_MAX_TDMRS] = {};
	const char *failed;
	u64 tdmr, status;

	if (!text_line_peek(line))
		memset(tdmrs, true, sizeof(tdmrs));
	while (text_line_peek(line)) {
		if (!number_below(line, script->map.nr_tdmrs, "a TDMR", &tdmr))
			return false;
		tdmrs[tdmr] = true;
	}
	failed = script_machine_make_ready(script, tdmrs, &status);
	if (!failed)
		return true;
	fprintf(stderr, "%s:%u: %s -> 0x%016llx %s: %s\n", line->name, line->number, failed, status,
		status_name(status), tdx_model_why(&script->machine->model));
	return false;
}

static bool read_reset(struct script_machine *script, struct text_line *line)
{
	script_machine_reset(script);
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* OFFSET=HEX */
static bool write_piece(struct script_machine *script, struct text_line *line, u64 pa, u64 bytes)
{
	char *word = (char *)text_line_peek(line), *hex = strchr(word, '=');
	u64 offset;
	u8 byte;

	if (!hex)
		return text_line_bad(line, "OFFSET=HEX");
	*hex = '\0';
	if (!to_u64(word, &offset)) {
		*hex = '=';
		return text_line_bad(line, "OFFSET=HEX");
	}
	*hex++ = '=';
	for (; hex[0] && hex[1]; hex += 2, offset++) {
		if (hex_digit(hex[0]) < 0 || hex_digit(hex[1]) < 0 || offset >= bytes)
			return text_line_bad(line, "bytes in hexadecimal, within the range");
		byte = hex_digit(hex[0]) << 4 | hex_digit(hex[1]);
		memory_write(&script->machine->memory, pa + offset, &byte, 1);
	}
	if (*hex)
		return text_line_bad(line, "two digits for each byte");
	line->next++;
	return true;
}

/* Limit of a statement */
#define MAX_BYTES	(16ULL << 20)

static bool memory_range(struct text_line *line, u64 *pa, u64 *bytes)
{
	return number_below(line, (1ULL << MEMORY_PA_BITS) - MAX_BYTES,
			    "an address below 64 TB", pa) &&
	       number_below(line, MAX_BYTES + 1, "up to 16 MB", bytes);
}

static bool read_mem(struct script_machine *script, struct text_line *line)
{
	static const u8 zeros[MEMORY_PAGE_BYTES];
	u64 pa, bytes, done, part;

	if (!memory_range(line, &pa, &bytes))
		return false;
	for (done = 0; done < bytes; done += part) {
		part = bytes - done < sizeof(zeros) ? bytes - done : sizeof(zeros);
		memory_write(&script->machine->memory, pa + done, zeros, part);
	}
	while (text_line_peek(line))
		if (!write_piece(script, line, pa, bytes))
			return false;
	return true;
}

static bool read_peek(struct script_machine *script, struct text_line *line)
{
	u64 pa, bytes, i;
	u8 byte;

	if (!memory_range(line, &pa, &bytes))
		return false;
	printf("0x%llx ", pa);
	for (i = 0; i < bytes; i++) {
		memory_read(&script->machine->memory, pa + i, &byte, 1);
		printf("%02x", byte);
	}
	printf("\n");
	return true;
}

static bool set_msr(struct script_machine *script, struct text_line *line, u64 lp, u64 msr,
		    u64 value)
{
	return script_machine_set_msr(script, lp, msr, value) ||
	       text_line_bad(line, "fewer MSRs with a value of their own");
}

static bool read_env_intr(struct script_machine *script, struct text_line *line)
{
	unsigned int lp;
	u64 value;

	if (!number(line, &value))
		return false;
	for (lp = 0; lp < script->machine->config.nr_lps; lp++)
		if (!set_msr(script, line, lp, MSR_INTR_PENDING, value))
			return false;
	return true;
}

static bool read_env_norand(struct script_machine *script, struct text_line *line)
{
	u64 value;

	if (!number_below(line, 2, "0 or 1", &value))
		return false;
	script->machine->no_entropy = value;
	return true;
}

static bool read_env_pconfig(struct script_machine *script, struct text_line *line)
{
	u64 value;

	if (!number_below(line, 1ULL << 32, "a code of 32 bits", &value))
		return false;
	script->machine->pconfig = value;
	return true;
}

static bool read_env_msr(struct script_machine *script, struct text_line *line)
{
	u64 lp, msr, value;

	return lp_number(script, line, &lp) &&
	       number_below(line, 1ULL << 32, "the number of an MSR", &msr) &&
	       number(line, &value) && set_msr(script, line, lp, msr, value);
}

struct statement {
	const char *name;
	bool (*read)(struct script_machine *script, struct text_line *line);
};

static bool dispatch(struct script_machine *script, struct text_line *line,
		     const struct statement *statements, unsigned int nr, const char *expected)
{
	const char *word = text_line_peek(line);
	unsigned int i;

	for (i = 0; word && i < nr; i++) {
		if (strcmp(word, statements[i].name))
			continue;
		line->next++;
		if (!statements[i].read(script, line))
			return false;
		return !text_line_peek(line) || text_line_bad(line, "end of line");
	}
	return text_line_bad(line, expected);
}

static bool read_env(struct script_machine *script, struct text_line *line)
{
	static const struct statement statements[] = {
		{ "intr", read_env_intr }, { "norand", read_env_norand },
		{ "pconfig", read_env_pconfig }, { "msr", read_env_msr },
	};

	return dispatch(script, line, statements, ARRAY_SIZE(statements),
			"intr, norand, pconfig or msr");
}

/* NAME, NAME/VERSION or a number. */
static bool read_leaf(struct text_line *line, u64 *rax)
{
	char *word = (char *)text_line_peek(line), *slash;
	u64 version = 0;
	unsigned int i;

	if (word && to_u64(word, rax)) {
		line->next++;
		return true;
	}
	slash = word ? strchr(word, '/') : NULL;
	if (slash && (!to_u64(slash + 1, &version) || version > 255))
		return text_line_bad(line, "a version of up to 255 behind the leaf");
	for (i = 0; word && i < ARRAY_SIZE(leaves); i++) {
		size_t length = slash ? (size_t)(slash - word) : strlen(word);

		if (strlen(leaves[i].name) != length || strncmp(word, leaves[i].name, length))
			continue;
		*rax = leaves[i].leaf | version << TDX_LEAF_VERSION_SHIFT;
		line->next++;
		return true;
	}
	return text_line_bad(line, "a leaf's name, or the value of RAX");
}

static u64 *register_of(struct tdx_model_regs *regs, unsigned int operand)
{
	return operand == TDX_OPERAND_ID_RBP ? &regs->rbp :
					       tdx_model_register(&regs->gpr, operand);
}

/* REG=VALUE */
static bool read_register(struct text_line *line, struct tdx_model_regs *regs)
{
	const char *word = text_line_peek(line), *value = strchr(word, '=');
	unsigned int i;

	for (i = 0; value && i < ARRAY_SIZE(registers); i++) {
		if (strlen(registers[i].name) != (size_t)(value - word) ||
		    strncmp(word, registers[i].name, value - word))
			continue;
		if (!to_u64(value + 1, register_of(regs, registers[i].operand)))
			return text_line_bad(line, "a number of up to 64 bits");
		line->next++;
		return true;
	}
	return text_line_bad(line, "REG=VALUE");
}

static void print_leaf(u64 rax)
{
	u64 leaf = rax & TDX_LEAF_NUMBER_MASK, version = rax >> TDX_LEAF_VERSION_SHIFT;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(leaves); i++) {
		if (leaves[i].leaf != leaf || version > 255)
			continue;
		printf("%s", leaves[i].name);
		if (version)
			printf("/%llu", version);
		return;
	}
	printf("0x%llx", rax);
}

static bool read_call(struct script_machine *script, struct text_line *line)
{
	struct tdx_model_regs in = {}, out;
	u64 lp, status, value;
	unsigned int i;

	if (!lp_number(script, line, &lp) || !read_leaf(line, &in.rax))
		return false;
	while (text_line_peek(line))
		if (!read_register(line, &in))
			return false;
	out = in;
	status = script_machine_seamcall(script, lp, &out);
	print_leaf(in.rax);
	printf(" -> 0x%016llx %s", status, status_name(status));
	for (i = 0; i < ARRAY_SIZE(registers); i++) {
		value = *register_of(&out, registers[i].operand);
		if (value != *register_of(&in, registers[i].operand))
			printf(" %s=0x%llx", registers[i].name, value);
	}
	if (status & TDX_STATUS_ERROR)
		printf(" # %s", tdx_model_why(&script->machine->model));
	printf("\n");
	return true;
}

static bool read_line(struct script_machine *script, struct text_line *line)
{
	static const struct statement statements[] = {
		{ "module", read_module }, { "lps", read_lps }, { "seamrr", read_seamrr },
		{ "keyids", read_keyids }, { "global_keyid", read_global_keyid },
		{ "ready", read_ready }, { "reset", read_reset }, { "mem", read_mem },
		{ "peek", read_peek }, { "env", read_env }, { "call", read_call },
	};
	bool known;

	if (!line->nr_words)
		return true;
	if (!map_text_line(&script->map, line, &known))
		return false;
	if (known) {
		script_machine_changed(script);
		return true;
	}
	return dispatch(script, line, statements, ARRAY_SIZE(statements),
			"a statement: see tdx_script --help");
}

int main(int argc, char **argv)
{
	struct text_line line = { .name = "standard input" };
	struct script_machine script;
	char *text = NULL;
	bool good = true;
	size_t room = 0;

	if (argc > 1) {
		fputs(usage, strcmp(argv[1], "--help") ? stderr : stdout);
		return strcmp(argv[1], "--help") ? 2 : 0;
	}
	script_machine_init(&script);
	while (good && getline(&text, &room, stdin) >= 0)
		good = text_line_split(&line, text) && read_line(&script, &line);
	free(text);
	script_machine_free(&script);
	return good ? 0 : 2;
}
