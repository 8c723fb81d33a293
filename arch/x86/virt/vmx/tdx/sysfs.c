// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/devices/tdx_host: whether TDX can be used, and what it takes, for users.
 *
 * Documentation/ABI/testing/sysfs-devices-tdx_host has the rules of each file.  All data
 * can be read while an initialization is in progress: the module's lock is never held for
 * long.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "host.h"
#include "keyid.h"
#include "module.h"

static struct device *device;

static const char *platform_word(enum tdx_platform_state state)
{
	static const char * const words[] = {
		[TDX_PLATFORM_UNSUPPORTED]   = "unsupported",
		[TDX_PLATFORM_BIOS_DISABLED] = "bios-disabled",
		[TDX_PLATFORM_OFF]	     = "off",
		[TDX_PLATFORM_ENABLED]	     = "available",
	};

	return words[state];
}

static const char *state_word(const struct tdx_module *module)
{
	if (module->platform->state != TDX_PLATFORM_ENABLED)
		return platform_word(module->platform->state);

	switch (module->state) {
	case TDX_MODULE_INITIALIZING:
		return "initializing";
	case TDX_MODULE_READY:
		return "initialized";
	case TDX_MODULE_ABSENT:
	case TDX_MODULE_FAILED:
		return "failed";
	default:
		return platform_word(TDX_PLATFORM_ENABLED);
	}
}

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct tdx_module *module = tdx_host_module();
	const char *word;

	mutex_lock(&module->lock);
	word = state_word(module);
	mutex_unlock(&module->lock);
	return sysfs_emit(buf, "%s\n", word);
}
static DEVICE_ATTR_RO(state);

static ssize_t reason_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct tdx_module *module = tdx_host_module();
	ssize_t ret = 0;

	if (module->platform->state != TDX_PLATFORM_ENABLED)
		return sysfs_emit(buf, "%s\n", module->platform->reason);

	mutex_lock(&module->lock);
	if (module->error && module->state != TDX_MODULE_INITIALIZING)
		ret = sysfs_emit(buf, "%s\n", module->cause.text);
	mutex_unlock(&module->lock);
	return ret;
}
static DEVICE_ATTR_RO(reason);

/* @info is the module's information. */
#define SYSINFO_ATTR(_name, format, ...)						\
static ssize_t _name##_show(struct device *dev, struct device_attribute *attr, char *buf) \
{											\
	struct tdx_module *module = tdx_host_module();					\
	const struct tdx_sysinfo *info = &module->sysinfo;				\
	ssize_t ret = -ENODATA;								\
											\
	mutex_lock(&module->lock);							\
	if (module->told)								\
		ret = sysfs_emit(buf, format, __VA_ARGS__);				\
	mutex_unlock(&module->lock);							\
	return ret;									\
}											\
static DEVICE_ATTR_RO(_name)

SYSINFO_ATTR(version, "%u.%u.%02u\n", info->major_version, info->minor_version,
	     info->update_version);
SYSINFO_ATTR(build_num, "%u\n", info->build_num);
SYSINFO_ATTR(build_date, "%u\n", info->build_date);
SYSINFO_ATTR(features0, "0x%llx\n", info->features0);

static ssize_t keyids_total_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", tdx_platform_td_keyids(tdx_platform()));
}
static DEVICE_ATTR_RO(keyids_total);

static ssize_t keyids_used_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", tdx_keyids_count().used);
}
static DEVICE_ATTR_RO(keyids_used);

/* Those of tdx_keyids_count() are free only after the initialization. */
static ssize_t keyids_free_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct tdx_keyid_counts counts = tdx_keyids_count();

	return sysfs_emit(buf, "%u\n", tdx_platform_td_keyids(tdx_platform()) - counts.used -
				       counts.burnt);
}
static DEVICE_ATTR_RO(keyids_free);

/* TDX takes no memory before it is initialized, nor after that failed. */
static ssize_t show_memory_bytes(char *buf, int node)
{
	struct tdx_module *module = tdx_host_module();
	u64 bytes = 0;

	mutex_lock(&module->lock);
	if (module->state == TDX_MODULE_READY)
		bytes = tdx_memory_bytes(&module->memory, node);
	mutex_unlock(&module->lock);
	return sysfs_emit(buf, "%llu\n", bytes);
}

static ssize_t show_pamt_bytes(char *buf, int node)
{
	struct tdx_module *module = tdx_host_module();
	u64 bytes = 0;

	mutex_lock(&module->lock);
	if (module->state == TDX_MODULE_READY)
		bytes = tdx_layout_pamt_bytes(&module->layout, node);
	mutex_unlock(&module->lock);
	return sysfs_emit(buf, "%llu\n", bytes);
}

static ssize_t memory_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return show_memory_bytes(buf, NUMA_NO_NODE);
}
static DEVICE_ATTR_RO(memory_bytes);

static ssize_t pamt_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return show_pamt_bytes(buf, NUMA_NO_NODE);
}
static DEVICE_ATTR_RO(pamt_bytes);

static struct attribute *host_attrs[] = {
	&dev_attr_state.attr,
	&dev_attr_reason.attr,
	&dev_attr_version.attr,
	&dev_attr_build_num.attr,
	&dev_attr_build_date.attr,
	&dev_attr_features0.attr,
	&dev_attr_keyids_total.attr,
	&dev_attr_keyids_used.attr,
	&dev_attr_keyids_free.attr,
	&dev_attr_memory_bytes.attr,
	&dev_attr_pamt_bytes.attr,
	NULL
};

static const struct attribute_group host_group = { .attrs = host_attrs };

/* The directory "cmr" */
static struct cmr_file {
	char name[4];
	struct device_attribute attr;
} cmr_files[TDX_NR_CMRS];

static struct attribute *cmr_attrs[TDX_NR_CMRS + 1];

static ssize_t cmr_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct cmr_file *file = container_of(attr, struct cmr_file, attr);
	struct tdx_module *module = tdx_host_module();
	const struct tdx_cmr_info *cmr = &module->sysinfo.cmrs[file - cmr_files];
	ssize_t ret = -ENODATA;

	mutex_lock(&module->lock);
	if (module->told && cmr->size)
		ret = sysfs_emit(buf, "0x%llx-0x%llx\n", cmr->base, cmr->base + cmr->size - 1);
	mutex_unlock(&module->lock);
	return ret;
}

static umode_t cmr_is_visible(struct kobject *kobj, struct attribute *attr, int index)
{
	return index < tdx_host_module()->sysinfo.nr_cmrs ? attr->mode : 0;
}

static const struct attribute_group cmr_group = {
	.name	    = "cmr",
	.attrs	    = cmr_attrs,
	.is_visible = cmr_is_visible,
};

static void __init name_cmrs(void)
{
	struct cmr_file *file;
	unsigned int i;

	for (i = 0; i < TDX_NR_CMRS; i++) {
		file = &cmr_files[i];
		scnprintf(file->name, sizeof(file->name), "%u", i);
		file->attr.attr.name = file->name;
		file->attr.attr.mode = 0400;
		file->attr.show = cmr_show;
		cmr_attrs[i] = &file->attr.attr;
	}
}

/* Files that cannot be allocated are tried again by the next attempt. */
static void show_cmrs(const struct tdx_module *module)
{
	static unsigned int shown;

	if (shown != module->sysinfo.nr_cmrs && !sysfs_update_group(&device->kobj, &cmr_group))
		shown = module->sysinfo.nr_cmrs;
}

/* The directory of a NUMA node */
struct node_files {
	int node;
	char name[16];
	struct device_attribute memory_bytes;
	struct device_attribute pamt_bytes;
	struct attribute *attrs[3];
	struct attribute_group group;
};

static ssize_t node_memory_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return show_memory_bytes(buf, container_of(attr, struct node_files, memory_bytes)->node);
}

static ssize_t node_pamt_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return show_pamt_bytes(buf, container_of(attr, struct node_files, pamt_bytes)->node);
}

static int __init add_node(int node)
{
	struct node_files *files = kzalloc(sizeof(*files), GFP_KERNEL);

	if (!files)
		return -ENOMEM;

	files->node = node;
	scnprintf(files->name, sizeof(files->name), "node%d", node);
	files->memory_bytes = (struct device_attribute)
		__ATTR(memory_bytes, 0444, node_memory_bytes_show, NULL);
	files->pamt_bytes = (struct device_attribute)
		__ATTR(pamt_bytes, 0444, node_pamt_bytes_show, NULL);
	sysfs_attr_init(&files->memory_bytes.attr);
	sysfs_attr_init(&files->pamt_bytes.attr);
	files->attrs[0] = &files->memory_bytes.attr;
	files->attrs[1] = &files->pamt_bytes.attr;
	files->group = (struct attribute_group) { .name = files->name, .attrs = files->attrs };
	return device_add_group(device, &files->group);
}

static int __init add_nodes(void)
{
	int node, ret = 0;

	for_each_node_state(node, N_MEMORY)
		ret = ret ?: add_node(node);
	return ret;
}

/* Before KVM, which may initialize the module when it is loaded. */
static int __init tdx_sysfs_init(void)
{
	int ret;

	device = root_device_register("tdx_host");
	if (IS_ERR(device))
		return PTR_ERR(device);

	name_cmrs();
	ret = device_add_group(device, &host_group) ?:
	      device_add_group(device, &cmr_group) ?:
	      add_nodes();
	if (!ret)
		tdx_host_module()->show = show_cmrs;
	return ret;
}
subsys_initcall(tdx_sysfs_init);
