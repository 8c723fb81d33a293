// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts about TDX, as the kernel and the CPU report them.
 *
 * A kernel without this series has only some of them, and some are for root only.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "hardware.h"
#include "source.h"
#include "tdxinfo.h"

/* SDM vol. 2, CPUID, and vol. 4. */
#define CPUID_1_ECX_HYPERVISOR		BIT_ULL(31)
#define CPUID_7_EBX_SGX			BIT_ULL(2)
#define CPUID_TDX_GUEST			0x21
#define CPUID_ADDRESS_SIZES		0x80000008

#define MSR_MTRRCAP			0xfe
#define MSR_MTRRCAP_SEAMRR		BIT_ULL(15)
#define MSR_KEYID_PARTITIONING		0x87
#define MSR_TME_ACTIVATE		0x982
#define MSR_SEAMRR_BASE			0x1400
#define MSR_SEAMRR_MASK			0x1401

/* Enough for the first CPU of /proc/cpuinfo. */
#define CPUINFO_ROOM			16384
#define CONFIG_ROOM			BIT_ULL(20)

static const char * const host_directories[] = {
	"sys/devices/tdx_host", "sys/devices/faux/tdx_host",
};

static enum known known(bool yes)
{
	return yes ? YES : NO;
}

static struct known_number to_number(const char *text)
{
	char *end;
	struct known_number number = { .value = strtoull(text, &end, 0) };

	number.known = end != text;
	return number;
}

/* The value of a line "@key : value" of /proc/cpuinfo. */
static bool cpuinfo_value(const char *cpuinfo, const char *key, char *value, size_t room)
{
	const char *line = strstr(cpuinfo, key), *end;

	value[0] = '\0';
	line = line ? strchr(line, ':') : NULL;
	if (!line)
		return false;
	line += 1 + (line[1] == ' ');
	end = strchrnul(line, '\n');
	snprintf(value, room, "%.*s", (int)(end - line), line);
	return true;
}

/* Words are separated by single spaces. */
static bool has_word(const char *line, const char *word)
{
	size_t length = strlen(word);
	const char *found = line;

	while ((found = strstr(found, word))) {
		if ((found == line || found[-1] == ' ') && strchr(" ", found[length]))
			return true;
		found += length;
	}
	return false;
}

static enum known has_flag(const char *flags, const char *flag)
{
	return flags[0] ? known(has_word(flags, flag)) : UNKNOWN;
}

static void collect_cpuinfo(struct facts *facts, const char *root)
{
	char cpuinfo[CPUINFO_ROOM], flags[CPUINFO_ROOM], vendor[SHORT_TEXT];

	source_read(root, "proc/cpuinfo", cpuinfo, sizeof(cpuinfo));
	cpuinfo_value(cpuinfo, "model name", facts->cpu.model, sizeof(facts->cpu.model));
	if (cpuinfo_value(cpuinfo, "vendor_id", vendor, sizeof(vendor)))
		facts->cpu.intel = known(!strcmp(vendor, "GenuineIntel"));
	cpuinfo_value(cpuinfo, "\nflags", flags, sizeof(flags));
	facts->cpu.vmx = has_flag(flags, "vmx");
	facts->cpu.in_guest = has_flag(flags, "hypervisor");
	facts->cpu.in_td = has_flag(flags, "tdx_guest");
	facts->kernel.host_platform = has_flag(flags, "tdx_host_platform");
}

/* What Linux hides or changes in /proc/cpuinfo. */
static void collect_cpuid(struct cpu_facts *cpu, const char *root)
{
	struct cpuid_regs regs;

	if (hardware_cpuid(root, 7, 0, &regs))
		cpu->sgx = known(regs.ebx & CPUID_7_EBX_SGX);
	if (hardware_cpuid(root, CPUID_ADDRESS_SIZES, 0, &regs))
		cpu->physical_bits = (struct known_number) { true, regs.eax & 0xff };
}

static struct known_number read_msr(const char *root, uint32_t msr)
{
	struct known_number number = {};

	number.known = hardware_msr(root, msr, &number.value);
	return number;
}

/* On a CPU without SEAMRR the other MSRs may mean something else. */
static void collect_msrs(struct msr_facts *msrs, const char *root)
{
	msrs->mtrrcap = read_msr(root, MSR_MTRRCAP);
	msrs->readable = msrs->mtrrcap.known;
	if (!(msrs->mtrrcap.value & MSR_MTRRCAP_SEAMRR))
		return;
	msrs->seamrr_base = read_msr(root, MSR_SEAMRR_BASE);
	msrs->seamrr_mask = read_msr(root, MSR_SEAMRR_MASK);
	msrs->keyid_partitioning = read_msr(root, MSR_KEYID_PARTITIONING);
	msrs->tme_activate = read_msr(root, MSR_TME_ACTIVATE);
}

static enum known configured(const char *root, const char *release)
{
	char name[PATH_ROOM], *config = calloc(1, CONFIG_ROOM);
	enum known answer = UNKNOWN;

	snprintf(name, sizeof(name), "boot/config-%s", release);
	if (config && source_read(root, name, config, CONFIG_ROOM) && config[0])
		answer = known(strstr(config, "\nCONFIG_INTEL_TDX_HOST=y"));
	free(config);
	return answer;
}

/* The word behind @key, which a comma may end. */
static bool word_behind(const char *line, const char *key, char *word, size_t room)
{
	const char *found = strstr(line, key);

	if (!found)
		return false;
	found += strlen(key);
	snprintf(word, room, "%.*s", (int)strcspn(found, " ,"), found);
	return true;
}

static void collect_kernel(struct kernel_facts *kernel, const char *root)
{
	char version[LONG_TEXT];

	source_line(root, "proc/version", version, sizeof(version));
	word_behind(version, "Linux version ", kernel->release, sizeof(kernel->release));
	source_line(root, "proc/cmdline", kernel->cmdline, sizeof(kernel->cmdline));
	kernel->configured = configured(root, kernel->release);
}

static bool host_line(const char *root, const char *directory, const char *name, char *text,
		      size_t room)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return source_line(root, path, text, room);
}

static struct known_number host_number(const char *root, const char *directory, const char *name)
{
	char text[SHORT_TEXT];

	host_line(root, directory, name, text, sizeof(text));
	return to_number(text);
}

static int by_number(const void *a, const void *b)
{
	const struct node_facts *first = a, *second = b;

	return first->number < second->number ? -1 : first->number > second->number;
}

static void collect_nodes(struct host_facts *host, const char *root, const char *directory)
{
	char path[PATH_ROOM], name[SHORT_TEXT];
	struct dirent *entry;
	unsigned int number;
	DIR *nodes;

	source_path(path, root, directory);
	nodes = opendir(path);
	while (nodes && host->nr_nodes < MAX_NODES && (entry = readdir(nodes))) {
		if (sscanf(entry->d_name, "node%u", &number) != 1)
			continue;
		snprintf(name, sizeof(name), "%s/node%u", directory, number);
		host->nodes[host->nr_nodes++] = (struct node_facts) {
			.number		= number,
			.memory_bytes	= host_number(root, name, "memory_bytes"),
			.pamt_bytes	= host_number(root, name, "pamt_bytes"),
		};
	}
	if (nodes)
		closedir(nodes);
	qsort(host->nodes, host->nr_nodes, sizeof(host->nodes[0]), by_number);
}

static void collect_cmrs(struct host_facts *host, const char *root, const char *directory)
{
	char name[SHORT_TEXT];

	while (host->nr_cmrs < MAX_CMRS) {
		snprintf(name, sizeof(name), "cmr/%u", host->nr_cmrs);
		if (!host_line(root, directory, name, host->cmrs[host->nr_cmrs], SHORT_TEXT))
			break;
		host->nr_cmrs++;
	}
}

static void collect_host(struct host_facts *host, const char *root, const char *directory)
{
	host->present = source_exists(root, directory);
	if (!host->present)
		return;
	host_line(root, directory, "state", host->state, sizeof(host->state));
	host_line(root, directory, "reason", host->reason, sizeof(host->reason));
	host_line(root, directory, "version", host->version, sizeof(host->version));
	host_line(root, directory, "build_num", host->build_num, sizeof(host->build_num));
	host_line(root, directory, "build_date", host->build_date, sizeof(host->build_date));
	host_line(root, directory, "features0", host->features0, sizeof(host->features0));
	host->keyids_total = host_number(root, directory, "keyids_total");
	host->keyids_used = host_number(root, directory, "keyids_used");
	host->keyids_free = host_number(root, directory, "keyids_free");
	host->memory_bytes = host_number(root, directory, "memory_bytes");
	host->pamt_bytes = host_number(root, directory, "pamt_bytes");
	collect_nodes(host, root, directory);
	collect_cmrs(host, root, directory);
}

/* If kvm_intel is not loaded, /dev/kvm is left alone, as that would load kvm. */
static void collect_kvm(struct kvm_facts *kvm, const char *root)
{
	char value[SHORT_TEXT];

	kvm->loaded = known(source_exists(root, "sys/module/kvm_intel"));
	if (kvm->loaded != YES)
		return;
	kvm->has_parameter = known(source_exists(root, "sys/module/kvm_intel/parameters/tdx"));
	if (source_line(root, "sys/module/kvm_intel/parameters/tdx", value, sizeof(value)))
		kvm->parameter = known(value[0] == 'Y');
	if (source_line(root, "sys/module/kvm/parameters/tdp_mmu", value, sizeof(value)))
		kvm->tdp_mmu = known(value[0] == 'Y');
	kvm->error = hardware_vm_types(root, &kvm->vm_types.value);
	kvm->vm_types.known = !kvm->error;
}

/* Where the text of a line of the log begins that is about TDX; NULL if it is not. */
static const char *about_tdx(const char *line)
{
	static const char * const prefixes[] = { "virt/tdx: ", "kvm_intel: tdx: ", "] tdx: " };
	const char *found;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(prefixes); i++) {
		found = strstr(line, prefixes[i]);
		if (found)
			return found + (found[0] == ']' ? 2 : 0);
	}
	return NULL;
}

static void add_log_line(struct log_facts *log, const char *line)
{
	if (log->nr_lines == MAX_LOG_LINES) {
		memmove(log->lines[0], log->lines[1], sizeof(log->lines) - sizeof(log->lines[0]));
		log->nr_lines--;
	}
	snprintf(log->lines[log->nr_lines++], LONG_TEXT, "%s", line);
}

static void collect_log(struct log_facts *log, const char *root)
{
	char *text = hardware_log(root), *line, *save;
	const char *found;

	if (!text)
		return;
	log->readable = true;
	log->complete = strstr(text, "Linux version ");
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		found = about_tdx(line);
		if (found)
			add_log_line(log, found);
	}
	free(text);
}

/* Kernels without this series log some facts about the module: Linux 7.3, and Ubuntu's 6.8. */
static void collect_logged_module(struct host_facts *host, const char *line)
{
	char major[SHORT_TEXT / 2 - 1], minor[SHORT_TEXT / 2];

	if (word_behind(line, "virt/tdx: Module version: ", host->version, SHORT_TEXT) ||
	    !word_behind(line, "virt/tdx: TDX module: attributes ", major, sizeof(major)))
		return;
	if (word_behind(line, "major_version ", major, sizeof(major)) &&
	    word_behind(line, "minor_version ", minor, sizeof(minor)))
		snprintf(host->version, SHORT_TEXT, "%s.%s", major, minor);
	word_behind(line, "build_num ", host->build_num, SHORT_TEXT);
	word_behind(line, "build_date ", host->build_date, SHORT_TEXT);
}

/**
 * facts_collect - find out all that can be found out
 * @facts: the result
 * @root:  a recorded tree, or "" for this machine
 */
void facts_collect(struct facts *facts, const char *root)
{
	size_t i;

	memset(facts, 0, sizeof(*facts));
	collect_cpuinfo(facts, root);
	collect_cpuid(&facts->cpu, root);
	collect_msrs(&facts->msrs, root);
	collect_kernel(&facts->kernel, root);
	for (i = 0; i < ARRAY_SIZE(host_directories); i++)
		if (!facts->host.present)
			collect_host(&facts->host, root, host_directories[i]);
	collect_kvm(&facts->kvm, root);
	collect_log(&facts->log, root);
	for (i = 0; i < facts->log.nr_lines && !facts->host.version[0]; i++)
		collect_logged_module(&facts->host, facts->log.lines[i]);
}
