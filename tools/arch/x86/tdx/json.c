// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts and verdict as JSON.  What is not known is null.
 */
#include <stddef.h>
#include <stdio.h>

#include "common.h"
#include "tdxinfo.h"

enum kind { TEXT, ANSWER, NUMBER };

#define FACT(name, kind, member)	{ name, kind, offsetof(struct facts, member) }

static const struct {
	const char *name;
	enum kind kind;
	size_t offset;
} all_facts[] = {
	FACT("cpu_model", TEXT, cpu.model),
	FACT("cpu_intel", ANSWER, cpu.intel),
	FACT("cpu_vmx", ANSWER, cpu.vmx),
	FACT("cpu_physical_bits", NUMBER, cpu.physical_bits),
	FACT("in_guest", ANSWER, cpu.in_guest),
	FACT("in_td", ANSWER, cpu.in_td),
	FACT("sgx", ANSWER, cpu.sgx),
	FACT("msr_mtrrcap", NUMBER, msrs.mtrrcap),
	FACT("msr_seamrr_base", NUMBER, msrs.seamrr_base),
	FACT("msr_seamrr_mask", NUMBER, msrs.seamrr_mask),
	FACT("msr_keyid_partitioning", NUMBER, msrs.keyid_partitioning),
	FACT("msr_tme_activate", NUMBER, msrs.tme_activate),
	FACT("kernel_release", TEXT, kernel.release),
	FACT("kernel_cmdline", TEXT, kernel.cmdline),
	FACT("kernel_config_tdx_host", ANSWER, kernel.configured),
	FACT("tdx_host_platform", ANSWER, kernel.host_platform),
	FACT("state", TEXT, host.state),
	FACT("reason", TEXT, host.reason),
	FACT("module_version", TEXT, host.version),
	FACT("module_build_num", TEXT, host.build_num),
	FACT("module_build_date", TEXT, host.build_date),
	FACT("module_features0", TEXT, host.features0),
	FACT("keyids_total", NUMBER, host.keyids_total),
	FACT("keyids_used", NUMBER, host.keyids_used),
	FACT("keyids_free", NUMBER, host.keyids_free),
	FACT("memory_bytes", NUMBER, host.memory_bytes),
	FACT("pamt_bytes", NUMBER, host.pamt_bytes),
	FACT("kvm_intel_loaded", ANSWER, kvm.loaded),
	FACT("kvm_intel_tdx", ANSWER, kvm.parameter),
	FACT("kvm_tdp_mmu", ANSWER, kvm.tdp_mmu),
	FACT("kvm_vm_types", NUMBER, kvm.vm_types),
};

static void print_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		unsigned char letter = *text;

		if (letter == '"' || letter == '\\')
			printf("\\%c", letter);
		else if (letter < 0x20 || letter >= 0x7f)
			printf("\\u%04x", letter);
		else
			putchar(letter);
	}
	putchar('"');
}

static void print_text_or_null(const char *text)
{
	if (text && text[0])
		print_string(text);
	else
		printf("null");
}

static void print_answer(enum known answer)
{
	static const char * const words[] = {
		[UNKNOWN] = "null", [NO] = "false", [YES] = "true",
	};

	printf("%s", words[answer]);
}

static void print_number(const struct known_number *number)
{
	if (number->known)
		printf("%llu", (unsigned long long)number->value);
	else
		printf("null");
}

static void print_fact(const void *fact, enum kind kind)
{
	switch (kind) {
	case TEXT:
		print_text_or_null(fact);
		break;
	case ANSWER:
		print_answer(*(const enum known *)fact);
		break;
	case NUMBER:
		print_number(fact);
		break;
	}
}

static void print_nodes(const struct host_facts *host)
{
	unsigned int i;

	printf("  \"nodes\": [");
	for (i = 0; i < host->nr_nodes; i++) {
		printf("%s\n    { \"node\": %u, \"memory_bytes\": ", i ? "," : "",
		       host->nodes[i].number);
		print_number(&host->nodes[i].memory_bytes);
		printf(", \"pamt_bytes\": ");
		print_number(&host->nodes[i].pamt_bytes);
		printf(" }");
	}
	printf("],\n");
}

/* Prints texts that are @stride bytes apart. */
static void print_list(const char *name, const char *text, unsigned int nr, size_t stride)
{
	unsigned int i;

	printf("  \"%s\": [", name);
	for (i = 0; i < nr; i++) {
		printf("%s\n    ", i ? "," : "");
		print_string(text + i * stride);
	}
	printf("]");
}

/**
 * print_json - print everything for programs
 * @facts:   what is known
 * @verdict: the verdict of it
 */
void print_json(const struct facts *facts, const struct verdict *verdict)
{
	size_t i;

	printf("{\n  \"usable\": ");
	print_answer(verdict->usable);
	printf(",\n  \"verdict\": ");
	print_string(verdict->id);
	printf(",\n  \"cause\": ");
	print_string(verdict->cause);
	printf(",\n  \"detail\": ");
	print_text_or_null(verdict->detail);
	printf(",\n  \"advice\": ");
	print_text_or_null(verdict->advice);
	printf(",\n");
	for (i = 0; i < ARRAY_SIZE(all_facts); i++) {
		printf("  \"%s\": ", all_facts[i].name);
		print_fact((const char *)facts + all_facts[i].offset, all_facts[i].kind);
		printf(",\n");
	}
	print_nodes(&facts->host);
	print_list("cmrs", facts->host.cmrs[0], facts->host.nr_cmrs, sizeof(facts->host.cmrs[0]));
	printf(",\n");
	print_list("log", facts->log.lines[0], facts->log.nr_lines, sizeof(facts->log.lines[0]));
	printf("\n}\n");
}
