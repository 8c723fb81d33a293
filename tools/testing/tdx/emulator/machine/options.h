/* SPDX-License-Identifier: GPL-2.0-only */
/* The emulator's command line. */
#ifndef _TDX_EMU_OPTIONS_H
#define _TDX_EMU_OPTIONS_H

#include "lib/chance.h"
#include "machine/memmap.h"
#include "model/model.h"

enum seamrr_option {
	SEAMRR_ON,
	SEAMRR_OFF,		/* not enabled by the BIOS */
	SEAMRR_UNLOCKED,	/* enabled, but not locked */
};

/* Result of the host's accesses to memory that is not its own. */
enum foreign_option {
	FOREIGN_MACHINE_CHECK,
	FOREIGN_ONES,
};

/* How the machine check in a page of a TD is reported. */
enum mce_by {
	MCE_OF_GUEST,		/* the host takes the exception behind SEAMCALL */
	MCE_INEXACT,		/* the same, without a valid error IP */
	MCE_OF_ENTRY,		/* reported by the exit */
};

enum log_level {
	LOG_FAILURES	= 1,	/* SEAMCALLs that fail */
	LOG_SEAMCALLS	= 2,	/* every SEAMCALL */
	LOG_CPUS	= 3,	/* VMXON, VMXOFF, INIT, SIPI; SEAMCALL's registers */
};

#define EPT_4_LEVELS	4
#define EPT_5_LEVELS	5
#define MAX_INJECTIONS	32
#define MAX_OVERLAYS	32
#define MAX_MCES	3
#define MAX_MSRS	16
#define MAX_CPUIDS	16
#define ALL_CPUS	~0U
#define NO_LEAF		~0ULL

/* Value of an MSR, on one CPU or on all. */
struct msr_option {
	unsigned int cpu;
	u32 msr;
	u64 value;
};

struct cpuid_option {
	unsigned int cpu, reg;	/* 0 EAX to 3 EDX */
	u32 leaf, subleaf, value;
};

/* @count ranges of @size bytes, from @base on, with a distance of @step bytes. */
struct overlay {
	enum mem_type type;
	u64 base, size, count, step;
};

/* Calls @first_call to @first_call + @nr_calls - 1 of a leaf return @status, counted from 1. */
struct injection {
	u64 leaf, first_call, status, nr_calls;
};

/* Call @call of @leaf, on any CPU, during which an NMI arrives; 0 for none. */
struct nmi_option {
	u64 leaf, call;
};

/* Private page number @page that guests reach, counted from 1, is bad. */
struct mce_option {
	enum mce_by by;
	u64 page;
};

/* The minimum time of WBINVD on a CPU. */
struct writeback_option {
	unsigned int cpu, us;
};

enum crash_option {
	CRASH_OFF,
	CRASH_ON,
	CRASH_IN_LOG,
};

struct options {
	bool module;
	enum tdx_model_generation generation;
	unsigned int mktme_keyids, tdx_keyids;
	enum seamrr_option seamrr;
	unsigned int ept_levels;
	unsigned int nr_cmrs;		/* 0: derive them from the RAM */
	struct tdx_cmr_info cmrs[TDX_NR_CMRS];
	unsigned int nr_overlays;
	struct overlay overlays[MAX_OVERLAYS];
	unsigned int max_tdmrs, max_reserved;
	unsigned int tdmr_init_us;	/* minimum time of TDH.SYS.TDMR.INIT */
	struct writeback_option writeback;
	unsigned int nr_injections;
	struct injection injections[MAX_INJECTIONS];
	unsigned int nr_msrs, nr_cpuids;
	struct msr_option msrs[MAX_MSRS];
	struct cpuid_option cpuids[MAX_CPUIDS];
	struct nmi_option nmi;
	unsigned int nr_mces;
	struct mce_option mces[MAX_MCES];
	struct chance busy, no_entropy;
	bool has_features0;		/* else the generation's default */
	u64 features0;
	enum tdx_model_state state;	/* state of the module at boot */
	enum foreign_option foreign;
	bool check_caches;
	bool check_leftovers;
	bool check_tables;
	enum crash_option crash;
	bool log_entries;
	bool vms;			/* ordinary VMs run */
	u64 contended;			/* a leaf, or NO_LEAF */
	unsigned int log_level;
};

extern struct options options;

/* Ends the run on "help", and on unknown options and bad values, which it names. */
void options_parse(const char *command_line);

#endif /* _TDX_EMU_OPTIONS_H */
