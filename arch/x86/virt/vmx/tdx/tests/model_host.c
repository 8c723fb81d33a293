// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the software TDX module in KUnit.  See model_host.h.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/static_call.h>
#include <linux/topology.h>
#include <linux/vmstat.h>

#include "../bringup.h"
#include "../error.h"
#include "../seamcall.h"
#include "model_host.h"

/* A SEAMCALL does not tell the machine, so there can be one at a time. */
static struct model_host *loaded_host;

static bool read_phys(void *ctx, u64 pa, void *buf, u64 bytes)
{
	if (!pfn_valid(PHYS_PFN(pa)))
		return false;
	memcpy(buf, __va(pa), bytes);
	return true;
}

static bool write_phys(void *ctx, u64 pa, const void *buf, u64 bytes)
{
	if (!pfn_valid(PHYS_PFN(pa)))
		return false;
	memcpy(__va(pa), buf, bytes);
	return true;
}

static void *map(void *ctx, u64 pa, u64 bytes)
{
	return pfn_valid(PHYS_PFN(pa)) ? __va(pa) : NULL;
}

static unsigned int this_lp(void *ctx)
{
	struct model_host *host = ctx;

	return host->lp_of_cpu[smp_processor_id()];
}

/* The MSR in which the module checks for pending interrupts. */
#define MSR_INTR_PENDING	0x9a

static bool rdmsr_healthy(void *ctx, u32 msr, u64 *value)
{
	struct model_host *host = ctx;

	if (msr == MSR_INTR_PENDING && host->interrupts) {
		host->interrupts--;
		*value = 1;
		return true;
	}
	return tdx_model_healthy_msr(&host->config, msr, value);
}

static void cpuid_healthy(void *ctx, u32 leaf, u32 subleaf, u32 regs[4])
{
	struct model_host *host = ctx;

	tdx_model_healthy_cpuid(&host->config, this_lp(ctx), leaf, subleaf, regs);
}

static bool random(void *ctx, u64 *value)
{
	*value = get_random_u64();
	return true;
}

static const struct tdx_model_ops model_ops = {
	.read_phys	= read_phys,
	.write_phys	= write_phys,
	.map		= map,
	.this_lp	= this_lp,
	.rdmsr		= rdmsr_healthy,
	.cpuid		= cpuid_healthy,
	.random		= random,
};

static u64 model_seamcall(struct model_host *host, u64 leaf, struct tdx_regs *regs)
{
	struct tdx_model_regs r = { .rax = leaf, .gpr = *regs };

	/* The instruction does not migrate to another CPU either. */
	preempt_disable();
	tdx_model_seamcall(&host->model, &r);
	preempt_enable();

	*regs = r.gpr;
	return host->distort ? host->distort(leaf, r.rax, regs) : r.rax;
}

static bool is_to_fail(const struct model_failure *failure, u64 nr)
{
	return failure->first && nr >= failure->first && nr - failure->first < failure->times;
}

static u64 seamcall_loaded(u64 leaf, struct tdx_regs *regs)
{
	struct model_host *host = loaded_host;
	u64 nr = atomic64_inc_return(&host->seamcalls), status;

	if (nr <= ARRAY_SIZE(host->leaves))
		host->leaves[nr - 1] = leaf;
	if (!is_to_fail(&host->failure, nr))
		return model_seamcall(host, leaf, regs);
	if (tdx_status_failed(host->failure.status)) {
		set_bit(leaf & TDX_LEAF_NUMBER_MASK, host->failed);
		return host->failure.status;
	}
	status = model_seamcall(host, leaf, regs);
	return status == TDX_SUCCESS ? host->failure.status : status;
}

static int add_ram(unsigned long start_pfn, unsigned long nr_pages, void *data)
{
	struct tdx_memory *memory = data;
	struct tdx_ram *ram;

	ram = krealloc_array(memory->ram, memory->nr + 1, sizeof(*ram), GFP_KERNEL);
	if (!ram)
		return -ENOMEM;
	memory->ram = ram;
	ram[memory->nr++] = (struct tdx_ram) {
		.base = PFN_PHYS(start_pfn),
		.size = PFN_PHYS(nr_pages),
		.node = pfn_to_nid(start_pfn),
	};
	return 0;
}

/* The model's number of @cpu's package: that of an earlier CPU, or a new one. */
static unsigned int pkg_of(const struct model_host *host, unsigned int cpu)
{
	const struct tdx_model_config *config = &host->config;
	unsigned int earlier;

	for_each_online_cpu(earlier) {
		if (earlier == cpu)
			break;
		if (topology_logical_package_id(earlier) == topology_logical_package_id(cpu))
			return config->pkg_of_lp[host->lp_of_cpu[earlier]];
	}
	return config->nr_pkgs;
}

/* Numbers CPUs and packages without gaps; CPUs that are offline come last. */
static void set_cpus(struct model_host *host)
{
	struct tdx_model_config *config = &host->config;
	unsigned int cpu, lp = 0, pkg;

	for_each_online_cpu(cpu) {
		pkg = pkg_of(host, cpu);
		host->lp_of_cpu[cpu] = lp;
		config->pkg_of_lp[lp++] = pkg;
		config->nr_pkgs = max(config->nr_pkgs, pkg + 1);
	}
	config->nr_lps = lp;
	for_each_present_cpu(cpu)
		if (!cpu_online(cpu))
			host->lp_of_cpu[cpu] = lp++;
}

static void set_healthy_config(struct model_host *host)
{
	struct tdx_model_config *config = &host->config;
	const struct tdx_model_release *release = &tdx_model_releases[TDX_MODEL_DEFAULT];
	const struct tdx_ram *last = &host->ram.ram[host->ram.nr - 1];

	*config = (struct tdx_model_config) {
		.generation		= TDX_MODEL_DEFAULT,
		.seamrr_base		= 1ULL << 40,
		.seamrr_size		= 1ULL << 25,
		.keyid_bits		= 6,
		.first_private_keyid	= 32,
		.nr_private_keyids	= 32,
		.cmrs[0] = { SZ_1M, last->base + last->size - SZ_1M },
		.max_tdmrs		= 64,
		.max_reserved_per_tdmr	= TDX_TDMR_NR_RESERVED,
		.pamt_entry_size	= 16,
		.tdx_features0		= release->tdx_features0,
		.major_version		= release->major_version,
		.minor_version		= release->minor_version,
		.update_version		= release->update_version,
		.build_num		= 0x1e1,
		.build_date		= 20230517,
	};
	set_cpus(host);
}

/**
 * model_host_create - a healthy machine, its module not yet loaded
 * @test: the test, which fails if memory cannot be allocated
 *
 * Skips the test on a machine with more CPUs or packages than the model
 * supports.
 *
 * Context: Process context, may sleep.
 * Return: The machine; the caller calls model_host_load() next.
 */
struct model_host *model_host_create(struct kunit *test)
{
	struct model_host *host;

	if (num_present_cpus() > TDX_MODEL_MAX_LPS ||
	    topology_max_packages() > TDX_MODEL_MAX_PKGS)
		kunit_skip(test, "the software module takes up to %u CPUs in %u packages",
			   TDX_MODEL_MAX_LPS, TDX_MODEL_MAX_PKGS);

	host = kvzalloc(sizeof(*host), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, host);
	walk_system_ram_range(0, -1UL, &host->ram, add_ram);
	KUNIT_ASSERT_GT(test, host->ram.nr, 0u);

	set_healthy_config(host);
	host->platform = (struct tdx_platform) {
		.state			= TDX_PLATFORM_ENABLED,
		.first_private_keyid	= host->config.first_private_keyid,
		.nr_private_keyids	= host->config.nr_private_keyids,
		.keyid_shift		= 52 - host->config.keyid_bits,
	};
	tdx_module_setup(&host->module, &host->platform, &host->ram);
	return host;
}

/**
 * model_host_load - load @host->config, and redirect SEAMCALLs to the module
 * @host: from model_host_create()
 *
 * Context: Process context, may sleep.
 */
void model_host_load(struct model_host *host)
{
	if (WARN_ON(!tdx_model_load(&host->model, &host->config, &model_ops, host)))
		return;
	atomic64_set(&host->seamcalls, 0);
	if (loaded_host == host)
		return;
	loaded_host = host;
	static_call_update(tdx_make_seamcall, seamcall_loaded);
}

/* Callers return before the worker has ended. */
static void forget_module(struct model_host *host)
{
	flush_work(&host->module.work);
	tdx_bringup_undo(&host->module);
}

/**
 * model_host_unload - free everything; SEAMCALLs are not redirected any more
 * @host: from model_host_create(); freed
 *
 * Context: Process context, may sleep.
 */
void model_host_unload(struct model_host *host)
{
	forget_module(host);
	static_call_update(tdx_make_seamcall, tdx_cache_seamcall);
	loaded_host = NULL;
	kfree(host->ram.ram);
	kvfree(host);
}

/**
 * model_host_restart - reset the machine
 * @host: from model_host_create()
 *
 * Context: Process context, may sleep.
 */
void model_host_restart(struct model_host *host)
{
	forget_module(host);
	host->module = (struct tdx_module) {};
	tdx_module_setup(&host->module, &host->platform, &host->ram);
	host->failure = (struct model_failure) {};
	host->interrupts = 0;
	host->distort = NULL;
	model_host_load(host);
}

/**
 * model_host_first - find the first SEAMCALL of a leaf
 * @test:   the test, which fails and ends if there was none
 * @leaves: MODEL_HOST_NR_LEAVES leaves, as in struct model_host
 * @leaf:   the leaf
 *
 * Context: Process context.
 * Return: Its number, counted from 1.
 */
u64 model_host_first(struct kunit *test, const u16 *leaves, u64 leaf)
{
	unsigned int i;

	for (i = 0; i < MODEL_HOST_NR_LEAVES && leaves[i] != leaf; i++)
		;
	KUNIT_ASSERT_LT(test, i, MODEL_HOST_NR_LEAVES);
	return i + 1;
}

/**
 * model_host_fail - make SEAMCALLs fail
 * @host:   from model_host_create()
 * @first:  the number of the first one, counted from 1
 * @times:  the number of SEAMCALLs
 * @status: the status that they return
 *
 * Context: Any, as long as no SEAMCALLs are being made.
 */
void model_host_fail(struct model_host *host, u64 first, u64 times, u64 status)
{
	host->failure = (struct model_failure) { first, times, status };
}

/**
 * model_host_free_pages - number of free pages in the page allocator
 *
 * Includes pages in per-CPU lists, and per-CPU differences of the counters.
 *
 * Context: Process context, may sleep.
 * Return: The number.
 */
long model_host_free_pages(void)
{
	struct zone *zone;
	long free = 0;

	drain_all_pages(NULL);
	for_each_populated_zone(zone)
		free += zone_page_state_snapshot(zone, NR_FREE_PAGES);
	return free;
}
