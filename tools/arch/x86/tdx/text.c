// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts and verdict as text for people.
 */
#include <stdarg.h>
#include <string.h>

#include "common.h"
#include "size_text.h"
#include "tdxinfo.h"

#define SEAMRR_MASK_ENABLED	BIT_ULL(11)

static const char * const headlines[] = {
	[UNKNOWN] = "It is not known whether TDX guests (TDs) can be created",
	[NO]	  = "TDX guests (TDs) cannot be created",
	[YES]	  = "TDX guests (TDs) can be created",
};

/* Begins a line with its subject. */
static void subject(const char *name)
{
	printf("%-10s", name);
}

/* Prints a part of a line, behind a comma unless it is the first. */
static void __attribute__((format(printf, 2, 3))) part(bool *first, const char *format, ...)
{
	va_list args;

	if (!*first)
		printf(", ");
	*first = false;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
}

static void end(bool first)
{
	printf("%s\n", first ? "not known" : "");
}

/* The kernel may say the same in more words, and some of its messages end with a full stop. */
static void print_verdict(const struct verdict *verdict)
{
	const char *detail = verdict->detail ? verdict->detail : "";
	bool says_more = strstr(detail, verdict->cause);
	int length = strlen(detail);

	length -= length && detail[length - 1] == '.';
	printf("%s: %s%s%.*s.\n", headlines[verdict->usable], says_more ? "" : verdict->cause,
	       says_more || !length ? "" : ": ", length, detail);
	if (verdict->advice)
		printf("What to do: %s.\n", verdict->advice);
	printf("\n");
}

static void print_cpu(const struct cpu_facts *cpu)
{
	bool first = true;

	subject("CPU");
	if (cpu->model[0])
		part(&first, "%s", cpu->model);
	if (cpu->physical_bits.known)
		part(&first, "%llu bits of physical address with KeyIDs",
		     (unsigned long long)cpu->physical_bits.value);
	if (cpu->in_guest == YES)
		part(&first, "in a virtual machine");
	end(first);
}

static void print_bios(const struct facts *facts)
{
	const struct msr_facts *msrs = &facts->msrs;
	unsigned long long keyids = msrs->keyid_partitioning.value;
	bool first = true;

	subject("BIOS");
	if (facts->cpu.sgx)
		part(&first, "SGX %s", facts->cpu.sgx == YES ? "enabled" : "not enabled");
	if (msrs->seamrr_mask.known)
		part(&first, "SEAMRR %s", msrs->seamrr_mask.value & SEAMRR_MASK_ENABLED ?
		     "enabled" : "not enabled");
	if (msrs->keyid_partitioning.known && keyids >> 32)
		part(&first, "KeyIDs %llu to %llu for TDX", (keyids & 0xffffffff) + 1,
		     (keyids & 0xffffffff) + (keyids >> 32));
	else if (msrs->keyid_partitioning.known)
		part(&first, "no KeyIDs for TDX");
	if (!msrs->readable)
		part(&first, "MSRs not known (they need root and the module msr)");
	end(first);
}

static void print_kernel(const struct kernel_facts *kernel)
{
	bool first = true;

	subject("kernel");
	if (kernel->release[0])
		part(&first, "%s", kernel->release);
	if (kernel->configured)
		part(&first, "%s TDX host support", kernel->configured == YES ? "with" : "without");
	if (kernel->host_platform == YES)
		part(&first, "has found TDX (tdx_host_platform)");
	end(first);
}

static void print_module(const struct host_facts *host)
{
	bool first = true;

	subject("module");
	if (host->version[0])
		part(&first, "version %s", host->version);
	if (host->build_num[0])
		part(&first, "build %s of %s", host->build_num, host->build_date);
	if (host->features0[0])
		part(&first, "features %s", host->features0);
	if (host->state[0])
		part(&first, "%s", host->state);
	end(first);
}

static void print_kvm(const struct kvm_facts *kvm)
{
	bool first = true;

	subject("KVM");
	if (kvm->loaded == NO)
		part(&first, "kvm_intel is not loaded");
	if (kvm->has_parameter == NO)
		part(&first, "kvm_intel has no parameter tdx");
	if (kvm->parameter)
		part(&first, "kvm_intel.tdx is %c", kvm->parameter == YES ? 'Y' : 'N');
	if (kvm->vm_types.known)
		part(&first, "%s", kvm->vm_types.value >> KVM_X86_TDX_VM & 1 ? "offers TDs" :
		     "offers no TDs");
	if (kvm->error)
		part(&first, "/dev/kvm: %s", strerror(kvm->error));
	end(first);
}

static void print_keyids(const struct host_facts *host)
{
	unsigned long long total = host->keyids_total.value, used = host->keyids_used.value;
	unsigned long long available = host->keyids_free.value;

	if (!host->keyids_total.known)
		return;
	subject("KeyIDs");
	printf("%llu for TDs, %llu in use, %llu free", total, used, available);
	/* The module did not release them. */
	if (used + available < total)
		printf(", %llu lost until the machine is reset", total - used - available);
	printf("\n");
}

static void print_sizes(const struct known_number *memory, const struct known_number *pamt)
{
	char of_memory[SIZE_ROOM], of_pamt[SIZE_ROOM];

	size_text(of_memory, memory->value);
	size_text(of_pamt, pamt->value);
	printf("%s for TDs, of which PAMTs take %s\n", of_memory, of_pamt);
}

static void print_memory(const struct host_facts *host)
{
	unsigned int i;

	if (!host->memory_bytes.value)
		return;
	subject("memory");
	print_sizes(&host->memory_bytes, &host->pamt_bytes);
	for (i = 0; i < host->nr_nodes; i++) {
		printf("  node %-3u", host->nodes[i].number);
		print_sizes(&host->nodes[i].memory_bytes, &host->nodes[i].pamt_bytes);
	}
}

static void print_lists(const struct facts *facts)
{
	unsigned int i;

	for (i = 0; i < facts->host.nr_cmrs; i++) {
		subject(i ? "" : "CMRs");
		printf("%s\n", facts->host.cmrs[i]);
	}
	for (i = 0; i < facts->log.nr_lines; i++) {
		subject(i ? "" : "log");
		printf("%s\n", facts->log.lines[i]);
	}
	if (facts->log.nr_lines)
		return;
	subject("log");
	printf("%s\n", facts->log.readable ? "nothing about TDX" : "not known (it needs root)");
}

/**
 * print_text - print everything for people
 * @facts:   what is known
 * @verdict: the verdict of it
 */
void print_text(const struct facts *facts, const struct verdict *verdict)
{
	print_verdict(verdict);
	print_cpu(&facts->cpu);
	print_bios(facts);
	print_kernel(&facts->kernel);
	print_module(&facts->host);
	print_kvm(&facts->kvm);
	print_keyids(&facts->host);
	print_memory(&facts->host);
	print_lists(facts);
}
