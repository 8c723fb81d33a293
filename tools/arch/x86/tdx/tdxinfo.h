/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tdxinfo in three steps: collect facts, decide, print.
 */
#ifndef TDXINFO_H
#define TDXINFO_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Of KVM_CREATE_VM and KVM_CAP_VM_TYPES. */
#define KVM_X86_TDX_VM		5

#define MAX_NODES		64
#define MAX_CMRS		32
#define MAX_LOG_LINES		48
#define SHORT_TEXT		64
#define LONG_TEXT		512

/* A fact that may not be known, e.g. because only root can read it. */
enum known { UNKNOWN, NO, YES };

struct known_number {
	bool known;
	uint64_t value;
};

/* An MSR is only known if the CPU has it. */
struct msr_facts {
	bool readable;
	struct known_number mtrrcap;
	struct known_number seamrr_base;
	struct known_number seamrr_mask;
	struct known_number keyid_partitioning;
	struct known_number tme_activate;
};

struct cpu_facts {
	char model[SHORT_TEXT];
	enum known intel;
	enum known vmx;
	enum known in_guest;
	enum known in_td;
	enum known sgx;
	struct known_number physical_bits;	/* with those that are KeyIDs */
};

struct kernel_facts {
	char release[SHORT_TEXT];
	char cmdline[4096];
	enum known configured;			/* CONFIG_INTEL_TDX_HOST */
	enum known host_platform;		/* in /proc/cpuinfo */
};

struct node_facts {
	unsigned int number;
	struct known_number memory_bytes;
	struct known_number pamt_bytes;
};

/* The directory tdx_host in sysfs; an empty text is not known. */
struct host_facts {
	bool present;
	char state[SHORT_TEXT];
	char reason[LONG_TEXT];
	char version[SHORT_TEXT];
	char build_num[SHORT_TEXT];
	char build_date[SHORT_TEXT];
	char features0[SHORT_TEXT];
	struct known_number keyids_total;
	struct known_number keyids_used;
	struct known_number keyids_free;
	struct known_number memory_bytes;
	struct known_number pamt_bytes;
	struct node_facts nodes[MAX_NODES];
	unsigned int nr_nodes;
	char cmrs[MAX_CMRS][SHORT_TEXT];
	unsigned int nr_cmrs;
};

struct kvm_facts {
	enum known loaded;			/* kvm_intel */
	enum known has_parameter;		/* tdx of kvm_intel */
	enum known parameter;
	enum known tdp_mmu;			/* of kvm, for new VMs */
	struct known_number vm_types;
	int error;				/* of opening /dev/kvm */
};

/* The kernel log's lines about TDX, without times; the last ones if there are too many. */
struct log_facts {
	bool readable;
	bool complete;				/* from the first line of the boot on */
	char lines[MAX_LOG_LINES][LONG_TEXT];
	unsigned int nr_lines;
};

struct facts {
	struct cpu_facts cpu;
	struct msr_facts msrs;
	struct kernel_facts kernel;
	struct host_facts host;
	struct kvm_facts kvm;
	struct log_facts log;
};

/**
 * struct verdict - can TDs be created?
 * @id:     word for programs
 * @usable: YES, NO, or UNKNOWN
 * @cause:  why
 * @detail: what the kernel says about it, or NULL
 * @advice: what to do, or NULL
 */
struct verdict {
	const char *id;
	enum known usable;
	const char *cause;
	const char *detail;
	const char *advice;
};

void facts_collect(struct facts *facts, const char *root);
struct verdict verdict_of(const struct facts *facts);
const char *log_failure(const struct log_facts *log);
void print_text(const struct facts *facts, const struct verdict *verdict);
void print_json(const struct facts *facts, const struct verdict *verdict);
bool write_map(const char *root, const char *path);

#endif
