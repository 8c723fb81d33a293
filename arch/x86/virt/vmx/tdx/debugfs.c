// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/x86/tdx: the state of TDX and its SEAMCALLs, for developers and tests.
 *
 * One fact per line: a key and its values, numbers in decimal, addresses and
 * sizes in hexadecimal bytes.
 */
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/time64.h>

#include "error.h"
#include "failures.h"
#include "host.h"
#include "keyid.h"
#include "module.h"
#include "owner.h"
#include "stats.h"

static void show_tdmr(struct seq_file *m, const struct tdx_tdmr_info *tdmr)
{
	const struct tdx_reserved_area *area = tdmr->reserved;
	const struct tdx_pamt_area *pamt = tdmr->pamt;
	unsigned int i;

	seq_printf(m, "tdmr 0x%llx 0x%llx pamt1g 0x%llx 0x%llx pamt2m 0x%llx 0x%llx pamt4k 0x%llx 0x%llx\n",
		   tdmr->base, tdmr->size, pamt[0].base, pamt[0].size,
		   pamt[1].base, pamt[1].size, pamt[2].base, pamt[2].size);
	for (i = 0; i < TDX_TDMR_NR_RESERVED && area[i].size; i++)
		seq_printf(m, "rsvd 0x%llx 0x%llx\n", area[i].offset, area[i].size);
}

static int show_tdmrs(struct seq_file *m, const struct tdmr_layout *layout)
{
	struct tdx_tdmr_info *info = kmalloc(sizeof(*info), GFP_KERNEL);
	unsigned int i;

	if (!info)
		return -ENOMEM;
	for (i = 0; i < layout->nr_tdmrs; i++) {
		tdmr_encode(layout, &layout->tdmrs[i], info);
		show_tdmr(m, info);
	}
	kfree(info);
	return 0;
}

/* The module's information, also if the initialization failed later. */
static void show_sysinfo(struct seq_file *m, const struct tdx_sysinfo *info)
{
	const struct tdmr_limits *limits = &info->tdmr_limits;
	unsigned int i;

	seq_printf(m, "module_version %u.%u.%02u\n", info->major_version,
		   info->minor_version, info->update_version);
	seq_printf(m, "module_build %u %u\n", info->build_num, info->build_date);
	seq_printf(m, "module_vendor 0x%x\n", info->vendor_id);
	seq_printf(m, "module_attributes 0x%x\n", info->attributes);
	seq_printf(m, "module_features0 0x%llx\n", info->features0);
	seq_printf(m, "limit max_tdmrs %u\n", limits->max_tdmrs);
	seq_printf(m, "limit max_reserved_per_tdmr %u\n", limits->max_reserved_per_tdmr);
	seq_printf(m, "limit pamt_entry_size %u\n", limits->pamt_entry_size);
	for (i = 0; i < info->nr_cmrs; i++)
		seq_printf(m, "cmr 0x%llx 0x%llx\n", info->cmrs[i].base, info->cmrs[i].size);
}

static void show_tds(struct seq_file *m)
{
	struct tdx_keyid_counts keyids = tdx_keyids_count();
	struct tdx_page_counts pages = tdx_pages_count();

	seq_printf(m, "tds %u\n", keyids.used);
	seq_printf(m, "td_keyids_free %u\n", keyids.free);
	seq_printf(m, "td_keyids_burnt %u\n", keyids.burnt);
	seq_printf(m, "td_pages %lu\n", pages.owned);
	seq_printf(m, "td_pages_leaked %lu\n", pages.leaked);
}

static int show_ready(struct seq_file *m, const struct tdx_module *module)
{
	seq_printf(m, "global_keyid %u\n", module->platform->first_private_keyid);
	seq_printf(m, "memory_bytes %llu\n",
		   tdx_memory_bytes(&module->memory, NUMA_NO_NODE));
	seq_printf(m, "pamt_bytes %llu\n",
		   tdx_layout_pamt_bytes(&module->layout, NUMA_NO_NODE));
	seq_printf(m, "init_us %llu\n", module->init_us);
	show_tds(m);
	return show_tdmrs(m, &module->layout);
}

/* Leaves out what an attempt in progress may be writing. */
static int show_module(struct seq_file *m, const struct tdx_module *module)
{
	seq_printf(m, "state %s\n", tdx_module_state_name(module->state));
	if (module->platform->state == TDX_PLATFORM_ENABLED)
		seq_printf(m, "keyids %u %u\n", module->platform->first_private_keyid,
			   module->platform->nr_private_keyids);
	if (module->told)
		show_sysinfo(m, &module->sysinfo);
	if (module->error)
		seq_printf(m, "cause %s\n", module->cause.text);
	return module->state == TDX_MODULE_READY ? show_ready(m, module) : 0;
}

static int info_show(struct seq_file *m, void *v)
{
	struct tdx_module *module = tdx_host_module();
	int ret;

	mutex_lock(&module->lock);
	ret = show_module(m, module);
	mutex_unlock(&module->lock);
	seq_printf(m, "seamcalls %llu\n", tdx_seamcalls_made());
	return ret;
}
DEFINE_SHOW_ATTRIBUTE(info);

/* Leaves that were never called are left out. */
static int seamcalls_show(struct seq_file *m, void *v)
{
	unsigned int leaf;
	u64 nr;

	for (leaf = 0; leaf < TDX_NR_LEAVES; leaf++) {
		nr = tdx_stats_seamcalls(leaf);
		if (nr)
			seq_printf(m, "%s %llu\n", tdx_leaf_name(leaf), nr);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(seamcalls);

static int durations_show(struct seq_file *m, void *v)
{
	unsigned int leaf, log2_ns, nr;

	for (leaf = 0; leaf < TDX_NR_LEAVES; leaf++) {
		for (log2_ns = 0; log2_ns < TDX_NR_DURATIONS; log2_ns++) {
			nr = tdx_stats_durations_of(leaf, log2_ns);
			if (nr)
				seq_printf(m, "%s %llu %u\n", tdx_leaf_name(leaf),
					   BIT_ULL(log2_ns), nr);
		}
	}
	return 0;
}

static int durations_open(struct inode *inode, struct file *file)
{
	return single_open(file, durations_show, NULL);
}

/* 1: begin to measure, 0: end it */
static ssize_t durations_write(struct file *file, const char __user *text, size_t size,
			       loff_t *offset)
{
	bool on;
	int ret = kstrtobool_from_user(text, size, &on);

	if (!ret)
		ret = tdx_stats_measure(on);
	return ret ?: size;
}

static const struct file_operations durations_fops = {
	.owner	 = THIS_MODULE,
	.open	 = durations_open,
	.read	 = seq_read,
	.write	 = durations_write,
	.llseek	 = seq_lseek,
	.release = single_release,
};

static void show_failure(struct seq_file *m, const struct tdx_failure *failure)
{
	char text[TDX_STATUS_TEXT_SIZE];

	tdx_status_format(text, sizeof(text), failure->status);
	seq_printf(m, "%llu.%06llu CPU %u %llu %s: %s\n", failure->ns / NSEC_PER_SEC,
		   failure->ns % NSEC_PER_SEC / NSEC_PER_USEC, failure->cpu, failure->times,
		   tdx_leaf_name(failure->leaf), text);
}

static int failures_show(struct seq_file *m, void *v)
{
	struct tdx_failure *failures;
	unsigned int i, nr;

	failures = kcalloc(TDX_NR_FAILURES, sizeof(*failures), GFP_KERNEL);
	if (!failures)
		return -ENOMEM;

	nr = tdx_failures_copy(failures);
	for (i = 0; i < nr; i++)
		show_failure(m, &failures[i]);
	kfree(failures);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(failures);

static int __init tdx_debugfs_init(void)
{
	struct dentry *dir = debugfs_create_dir("tdx", arch_debugfs_dir);

	debugfs_create_file("info", 0400, dir, NULL, &info_fops);
	debugfs_create_file("seamcalls", 0400, dir, NULL, &seamcalls_fops);
	debugfs_create_file("durations", 0600, dir, NULL, &durations_fops);
	debugfs_create_file("failures", 0400, dir, NULL, &failures_fops);
	return 0;
}
late_initcall(tdx_debugfs_init);
