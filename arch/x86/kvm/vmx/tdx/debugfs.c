// SPDX-License-Identifier: GPL-2.0-only
/*
 * The KeyID and the records of private memory of a TD in debugfs, for tests and debugging.
 */
#include <linux/debugfs.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/seq_file.h>
#include <linux/xarray.h>

#include "sept.h"
#include "tdx.h"

/* The record that is shown next: pages of the secure EPT come before those that they map. */
struct position {
	struct kvm_tdx *kvm_tdx;
	unsigned int level;
	unsigned long index;
	void *record;
};

static struct xarray *records(struct kvm_tdx *kvm_tdx, unsigned int level)
{
	return level ? &kvm_tdx->sept_pages[level - 1] : &kvm_tdx->private_pages;
}

static struct position *find_record(struct position *pos)
{
	for (;;) {
		pos->record = xa_find(records(pos->kvm_tdx, pos->level), &pos->index, ULONG_MAX,
				      XA_PRESENT);
		if (pos->record)
			return pos;
		if (!pos->level)
			return NULL;
		pos->level--;
		pos->index = 0;
	}
}

/* Records may come and go between two reads. */
static void *private_memory_start(struct seq_file *m, loff_t *offset)
{
	struct position *pos = m->private;

	down_read(&pos->kvm_tdx->sept_lock);
	if (!*offset) {
		pos->level = TDX_MAX_SEPT_LEVELS;
		pos->index = 0;
	}
	return find_record(pos);
}

static void *private_memory_next(struct seq_file *m, void *v, loff_t *offset)
{
	struct position *pos = v;

	++*offset;
	++pos->index;
	return find_record(pos);
}

static void private_memory_stop(struct seq_file *m, void *v)
{
	struct position *pos = m->private;

	up_read(&pos->kvm_tdx->sept_lock);
}

static u64 recorded_address(const struct position *pos)
{
	struct page *table = pos->record;

	return pos->level ? page_to_phys(table) : PFN_PHYS(xa_to_value(pos->record));
}

static int private_memory_show(struct seq_file *m, void *v)
{
	struct position *pos = v;
	gfn_t gfn = (gfn_t)pos->index << tdx_sept_shift(pos->level);

	seq_printf(m, "%u 0x%llx 0x%llx\n", pos->level, gfn_to_gpa(gfn), recorded_address(pos));
	return 0;
}

static const struct seq_operations private_memory_ops = {
	.start	= private_memory_start,
	.next	= private_memory_next,
	.stop	= private_memory_stop,
	.show	= private_memory_show,
};

static int private_memory_open(struct inode *inode, struct file *file)
{
	struct kvm *kvm = inode->i_private;
	struct position *pos;

	if (!kvm_get_kvm_safe(kvm))
		return -ENOENT;

	pos = __seq_open_private(file, &private_memory_ops, sizeof(*pos));
	if (!pos) {
		kvm_put_kvm(kvm);
		return -ENOMEM;
	}
	pos->kvm_tdx = to_kvm_tdx(kvm);
	return 0;
}

static int private_memory_release(struct inode *inode, struct file *file)
{
	struct kvm *kvm = inode->i_private;
	int ret = seq_release_private(inode, file);

	kvm_put_kvm(kvm);
	return ret;
}

static const struct file_operations private_memory_fops = {
	.owner		= THIS_MODULE,
	.open		= private_memory_open,
	.read		= seq_read,
	.llseek		= seq_lseek,
	.release	= private_memory_release,
};

/**
 * tdx_create_debugfs - create the debugfs files of a TD
 * @kvm: a TD after KVM_TDX_INIT_VM; its directory is removed with all files by common code
 *
 * Context: Process context, may sleep.
 */
void tdx_create_debugfs(struct kvm *kvm)
{
	debugfs_create_file("tdx_private_memory", 0400, kvm->debugfs_dentry, kvm,
			    &private_memory_fops);
	debugfs_create_u16("tdx_keyid", 0400, kvm->debugfs_dentry, &to_kvm_tdx(kvm)->td.keyid);
}
