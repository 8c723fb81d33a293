// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_memfd: memory of a guest that user space cannot map, as a file.
 *
 * A file belongs to the VM that created it.  Ranges of it are bound to memory slots, and hold
 * what is private there; shared memory is in user space's mapping, as ever.  The pages are in
 * gmem_pages.c.
 *
 * A page is taken away in this order, with the file's lock held for write: KVM zaps its
 * mappings of the page and makes concurrent faults retry, then the page is freed.  Faults take
 * the lock for read to get a page, so a fault has either got the page before and retries, or
 * gets a new one.  They wait for the lock without kvm->srcu, for which changes of slots wait.
 *
 * Slots and file can go in any order.  When the file is closed, slots that are bound to it have no
 * private memory any more, and all its pages are freed.  That is done in parts, like a large hole.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/interval_tree.h>
#include <linux/kvm_private_mem.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include "gmem.h"
#include "kvm_mm.h"
#include "private_mem.h"

static struct vfsmount *gmem_mnt;
static int gmem_mnt_count;

/* A guest_memfd is counted in kvm->nr_guest_memfds while it refers to the VM.  Taken last. */
static DEFINE_SPINLOCK(count_lock);

static int gmem_init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, GUEST_MEMFD_MAGIC) ? 0 : -ENOMEM;
}

static struct file_system_type gmem_fs = {
	.name			= "kvm_guest_memfd",
	.owner			= THIS_MODULE,
	.init_fs_context	= gmem_init_fs_context,
	.kill_sb		= kill_anon_super,
};

static void gmem_free(struct kref *kref)
{
	struct kvm_gmem *gmem = container_of(kref, struct kvm_gmem, kref);

	kfree(gmem);
	simple_release_fs(&gmem_mnt, &gmem_mnt_count);
}

static void put_gmem(struct kvm_gmem *gmem)
{
	kref_put(&gmem->kref, gmem_free);
}

/*
 * While a slot is deleted, its copy is in use, to which vCPUs may add data of the architecture.
 * Returns false if nothing is mapped: the slot is not in use yet, or not any more.
 */
static bool begin_zap(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t start, gfn_t end)
{
	int idx = srcu_read_lock(&kvm->srcu);
	struct kvm_memory_slot *active = id_to_memslot(__kvm_memslots(kvm, slot->as_id), slot->id);

	if (active)
		kvm_begin_zap(kvm, active, start, end, true);
	srcu_read_unlock(&kvm->srcu, idx);
	return active;
}

/**
 * kvm_gmem_zap - remove mappings of a part of a guest_memfd from its guest
 * @gmem: a file that has not released its memory
 * @start: first page
 * @end: page after the last one
 *
 * Context: Process context, with gmem->lock held.  kvm->srcu is not held for as long as private
 *	    memory takes, as changes of slots wait for it.
 */
void kvm_gmem_zap(struct kvm_gmem *gmem, pgoff_t start, pgoff_t end)
{
	struct interval_tree_node *node;

	lockdep_assert_held(&gmem->lock);

	for (node = interval_tree_iter_first(&gmem->slots, start, end - 1); node;
	     node = interval_tree_iter_next(node, start, end - 1)) {
		const struct kvm_memory_slot *slot =
			container_of(node, struct kvm_memory_slot, gmem.node);
		gfn_t gfn = slot->base_gfn - node->start;
		gfn_t first = gfn + max(start, node->start);
		gfn_t last = gfn + min(end, node->last + 1);

		if (!begin_zap(gmem->kvm, slot, first, last))
			continue;
		kvm_arch_zap_private(gmem->kvm, first, last);
		kvm_end_zap(gmem->kvm);
	}
}

static void unlink_slot(struct kvm_gmem *gmem, struct kvm_memory_slot *slot)
{
	interval_tree_remove(&slot->gmem.node, &gmem->slots);
	RB_CLEAR_NODE(&slot->gmem.node.rb);
}

/* Pages that are taken away while others have to wait.  No huge page crosses their boundary. */
#define TAKEN_AT_ONCE	(SZ_64M >> PAGE_SHIFT)

/* Takes away the first pages that there are.  Returns the page behind them. */
static unsigned long take_some(struct kvm_gmem *gmem, struct address_space *mapping,
			       unsigned long first, unsigned long last)
{
	if (!xa_find(&mapping->i_pages, &first, last, XA_PRESENT))
		return last + 1;

	last = min(last, first | (TAKEN_AT_ONCE - 1));
	kvm_gmem_zap(gmem, first, last + 1);
	truncate_inode_pages_range(mapping, (loff_t)first << PAGE_SHIFT,
				   ((loff_t)(last + 1) << PAGE_SHIFT) - 1);
	return last + 1;
}

/*
 * A hole can take minutes: faults in the file wait for a part of it only.  When they are retried
 * they only try to take the lock, which fails if it is taken, or waited for, at once again.
 */
static int punch_hole(struct kvm_gmem *gmem, loff_t offset, loff_t len)
{
	unsigned long first = offset >> PAGE_SHIFT, end = (offset + len) >> PAGE_SHIFT;
	bool contended;

	while (first < end) {
		if (down_write_killable(&gmem->lock))
			return -EINTR;
		first = take_some(gmem, gmem->mapping, first, end - 1);
		contended = rwsem_is_contended(&gmem->lock);
		up_write(&gmem->lock);
		if (contended && first < end)
			schedule_timeout_killable(1);
		cond_resched();
	}
	return 0;
}

/*
 * From here no fault gets a page, no slot is bound, and pages can be taken away one after the
 * other: a fault that got one before is retried, or its mapping is removed together with the page.
 */
static void begin_release(struct kvm_gmem *gmem)
{
	down_write(&gmem->lock);
	WRITE_ONCE(gmem->mapping, NULL);
	up_write(&gmem->lock);
}

/* Nothing refers to the VM by the file any more. */
static void unbind_slots(struct kvm_gmem *gmem)
{
	struct interval_tree_node *node;

	down_write(&gmem->lock);
	while ((node = interval_tree_iter_first(&gmem->slots, 0, -1ul)))
		unlink_slot(gmem, container_of(node, struct kvm_memory_slot, gmem.node));
	gmem->kvm = NULL;
	up_write(&gmem->lock);
}

/*
 * The last reference to the file.  Taking away its pages can take minutes, as for a hole.  A thread
 * that deletes a slot waits for the lock with kvm->slots_lock held, so it waits for a part only.
 */
static int gmem_release(struct inode *inode, struct file *file)
{
	unsigned long first = 0, end = i_size_read(inode) >> PAGE_SHIFT;
	struct kvm_gmem *gmem = file->private_data;
	struct kvm *kvm = gmem->kvm;

	begin_release(gmem);
	while (first < end) {
		down_write(&gmem->lock);
		first = take_some(gmem, inode->i_mapping, first, end - 1);
		up_write(&gmem->lock);
		cond_resched();
	}
	unbind_slots(gmem);

	/* Only pages of the file can be poisoned: it is not queued again. */
	cancel_work_sync(&gmem->poison_work);
	put_gmem(gmem);
	spin_lock(&count_lock);
	kvm->nr_guest_memfds--;
	spin_unlock(&count_lock);
	kvm_put_kvm(kvm);
	return 0;
}

static int allocate(struct kvm_gmem *gmem, loff_t offset, loff_t len)
{
	pgoff_t index = offset >> PAGE_SHIFT, end = (offset + len) >> PAGE_SHIFT;
	struct folio *folio;

	for (; index < end; index++) {
		pgoff_t huge = round_down(index, GMEM_HUGE_PAGES);

		if (signal_pending(current))
			return -EINTR;

		/* A hole may be punched. */
		if (down_read_killable(&gmem->lock))
			return -EINTR;
		folio = kvm_gmem_get_folio(gmem->mapping, index,
					   huge == index && huge + GMEM_HUGE_PAGES <= end);
		up_read(&gmem->lock);
		if (IS_ERR(folio))
			return PTR_ERR(folio);
		folio_put(folio);
		cond_resched();
	}
	return 0;
}

static long gmem_fallocate(struct file *file, int mode, loff_t offset, loff_t len)
{
	struct kvm_gmem *gmem = file->private_data;

	/* The size is fixed. */
	if (!(mode & FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	if (!PAGE_ALIGNED(offset) || !PAGE_ALIGNED(len))
		return -EINVAL;

	if (mode & FALLOC_FL_PUNCH_HOLE)
		return punch_hole(gmem, offset, len);
	if (offset + len > i_size_read(file_inode(file)))
		return -EINVAL;
	return allocate(gmem, offset, len);
}

static void gmem_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct inode *inode = file_inode(file);

	seq_printf(m, "guest_memfd-size:\t%lld kB\n", i_size_read(inode) >> 10);
	seq_printf(m, "guest_memfd-allocated:\t%lu kB\n",
		   READ_ONCE(inode->i_mapping->nrpages) << (PAGE_SHIFT - 10));
}

static const struct file_operations gmem_fops = {
	.owner		= THIS_MODULE,
	.release	= gmem_release,
	.fallocate	= gmem_fallocate,
	.show_fdinfo	= gmem_show_fdinfo,
};

static int gmem_setattr(struct user_namespace *mnt_userns, struct dentry *dentry,
			struct iattr *attr)
{
	return -EINVAL;
}

static const struct inode_operations gmem_iops = {
	.setattr	= gmem_setattr,
};

static struct inode *gmem_inode(struct kvm_gmem *gmem, loff_t size)
{
	struct inode *inode = anon_inode_make_secure_inode(gmem_mnt->mnt_sb, "[kvm-gmem]", NULL);

	if (IS_ERR(inode))
		return inode;

	inode->i_private = gmem;
	inode->i_op = &gmem_iops;
	inode->i_mode |= S_IFREG;
	inode->i_size = size;
	inode->i_mapping->a_ops = &kvm_gmem_aops;
	mapping_set_gfp_mask(inode->i_mapping, GFP_HIGHUSER);
	mapping_set_unevictable(inode->i_mapping);
	return inode;
}

/* @gmem has references to all that the file needs, and keeps them on failure. */
static struct file *gmem_file(struct kvm_gmem *gmem, loff_t size)
{
	struct inode *inode;
	struct file *file;

	inode = gmem_inode(gmem, size);
	if (IS_ERR(inode))
		return ERR_CAST(inode);

	/* Dropped by the VFS with the file. */
	__module_get(THIS_MODULE);
	file = alloc_file_pseudo(inode, gmem_mnt, "kvm-gmem", O_RDWR, &gmem_fops);
	if (IS_ERR(file)) {
		module_put(THIS_MODULE);
		iput(inode);
		return file;
	}
	file->f_flags |= O_LARGEFILE;
	file->private_data = gmem;
	gmem->mapping = inode->i_mapping;
	return file;
}

static struct kvm_gmem *gmem_create(struct kvm *kvm)
{
	struct kvm_gmem *gmem;
	int r;

	gmem = kzalloc(sizeof(*gmem), GFP_KERNEL_ACCOUNT);
	if (!gmem)
		return ERR_PTR(-ENOMEM);

	/* The first one makes the file system, which stays until the last one is freed. */
	r = simple_pin_fs(&gmem_fs, &gmem_mnt, &gmem_mnt_count);
	if (r) {
		kfree(gmem);
		return ERR_PTR(r);
	}
	kref_init(&gmem->kref);
	init_rwsem(&gmem->lock);
	INIT_WORK(&gmem->poison_work, kvm_gmem_poison_work);
	gmem->slots = RB_ROOT_CACHED;
	gmem->kvm = kvm;
	return gmem;
}

static int create_fd(struct kvm *kvm, loff_t size)
{
	struct kvm_gmem *gmem;
	struct file *file;
	int fd;

	fd = get_unused_fd_flags(0);
	if (fd < 0)
		return fd;

	gmem = gmem_create(kvm);
	if (IS_ERR(gmem)) {
		put_unused_fd(fd);
		return PTR_ERR(gmem);
	}
	file = gmem_file(gmem, size);
	if (IS_ERR(file)) {
		put_gmem(gmem);
		put_unused_fd(fd);
		return PTR_ERR(file);
	}

	spin_lock(&count_lock);
	kvm_get_kvm(kvm);
	kvm->nr_guest_memfds++;
	spin_unlock(&count_lock);
	fd_install(fd, file);
	return fd;
}

/**
 * kvm_vm_ioctl_create_guest_memfd - KVM_CREATE_GUEST_MEMFD
 * @kvm: a VM, which the file keeps a reference to
 * @argp: struct kvm_create_guest_memfd of user space
 *
 * Context: Process context.
 * Return: a file descriptor; -EFAULT; -EINVAL: the size is not a positive number of pages, or
 *	   there are flags; -EMFILE, -ENFILE, -ENOMEM.
 */
int kvm_vm_ioctl_create_guest_memfd(struct kvm *kvm, void __user *argp)
{
	struct kvm_create_guest_memfd args;

	if (copy_from_user(&args, argp, sizeof(args)))
		return -EFAULT;
	if (args.flags)
		return -EINVAL;
	if ((loff_t)args.size <= 0 || !PAGE_ALIGNED(args.size))
		return -EINVAL;
	return create_fd(kvm, args.size);
}

/**
 * kvm_only_gmem_left - whether nothing but guest_memfds refers to a VM
 * @kvm: a VM
 *
 * Its own descriptor and those of its vCPUs were closed then, and cannot be opened again.
 *
 * Context: Any, while @kvm is referred to.
 * Return: true if that is certain; it stays true.
 */
bool kvm_only_gmem_left(struct kvm *kvm)
{
	bool only;

	spin_lock(&count_lock);
	only = refcount_read(&kvm->users_count) == kvm->nr_guest_memfds;
	spin_unlock(&count_lock);
	return only;
}
EXPORT_SYMBOL_GPL(kvm_only_gmem_left);

static int check_binding(struct kvm *kvm, struct kvm_memory_slot *slot, struct kvm_gmem *gmem,
			 loff_t file_size)
{
	struct interval_tree_node *node = &slot->gmem.node;
	int r = 0;

	down_read(&gmem->lock);
	if (gmem->kvm != kvm || node->last >= file_size >> PAGE_SHIFT)
		r = -EINVAL;
	else if (interval_tree_iter_first(&gmem->slots, node->start, node->last))
		r = -EEXIST;
	up_read(&gmem->lock);
	return r;
}

/**
 * kvm_gmem_prepare_slot - prepare that private memory of a new slot is in a guest_memfd
 * @kvm: a VM
 * @slot: a slot that is being created; freed with kvm_gmem_free_slot() on success
 * @fd: descriptor of a guest_memfd of @kvm
 * @offset: where the slot's memory starts in it
 *
 * Context: Process context, with kvm->slots_lock held until kvm_gmem_bind_slot().
 * Return: 0; -EBADF: no such descriptor; -EINVAL: not a guest_memfd, one of another VM, or
 *	   @offset is not aligned or the slot does not fit behind it; -EEXIST: a part of the
 *	   range is bound to a slot.
 */
int kvm_gmem_prepare_slot(struct kvm *kvm, struct kvm_memory_slot *slot, unsigned int fd,
			  u64 offset)
{
	u64 size = (u64)slot->npages << PAGE_SHIFT;
	struct kvm_gmem *gmem;
	struct file *file;
	int r = -EINVAL;

	lockdep_assert_held(&kvm->slots_lock);

	if (slot->as_id || !PAGE_ALIGNED(offset) || offset + size < offset)
		return -EINVAL;
	file = fget(fd);
	if (!file)
		return -EBADF;
	if (file->f_op != &gmem_fops)
		goto out;

	slot->gmem.node.start = offset >> PAGE_SHIFT;
	slot->gmem.node.last = slot->gmem.node.start + slot->npages - 1;
	gmem = file->private_data;
	r = check_binding(kvm, slot, gmem, i_size_read(file_inode(file)));
	if (!r) {
		RB_CLEAR_NODE(&slot->gmem.node.rb);
		kref_get(&gmem->kref);
		slot->gmem.file = gmem;
	}
out:
	fput(file);
	return r;
}

/**
 * kvm_gmem_bind_slot - bind a new slot to its guest_memfd, if it has one
 * @slot: a slot that no vCPU has seen, whose creation cannot fail any more
 *
 * From here pages that are taken away from the file are also zapped from the slot.
 *
 * Context: Process context, with kvm->slots_lock held since kvm_gmem_prepare_slot().
 */
void kvm_gmem_bind_slot(struct kvm_memory_slot *slot)
{
	struct kvm_gmem *gmem = slot->gmem.file;

	if (!gmem)
		return;

	down_write(&gmem->lock);
	/* The file may have been closed since. */
	if (gmem->mapping)
		interval_tree_insert(&slot->gmem.node, &gmem->slots);
	up_write(&gmem->lock);
}

/**
 * kvm_gmem_free_slot - release the guest_memfd of a slot, if it has one
 * @slot: a slot that no vCPU can use any more
 *
 * Context: Process context.
 */
void kvm_gmem_free_slot(struct kvm_memory_slot *slot)
{
	struct kvm_gmem *gmem = slot->gmem.file;

	if (!gmem)
		return;

	down_write(&gmem->lock);
	if (!RB_EMPTY_NODE(&slot->gmem.node.rb))
		unlink_slot(gmem, slot);
	up_write(&gmem->lock);
	put_gmem(gmem);
}

/* Only where the huge page is the slot's, aligned in guest and file, and private as a whole. */
static bool may_allocate_huge(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn)
{
	gfn_t first = round_down(gfn, GMEM_HUGE_PAGES);

	return IS_ALIGNED(slot->base_gfn - slot->gmem.node.start, GMEM_HUGE_PAGES) &&
	       first >= slot->base_gfn && first + GMEM_HUGE_PAGES <= slot->base_gfn + slot->npages &&
	       kvm_range_has_memory_attributes(kvm, first, first + GMEM_HUGE_PAGES,
					       KVM_MEMORY_ATTRIBUTE_PRIVATE);
}

/**
 * kvm_gmem_get_pfn - get the page of private memory, and allocate it if there is none
 * @kvm: a VM
 * @slot: the slot of @gfn
 * @gfn: where the memory is in the guest
 * @pfn: the page, with a reference, if the return value is 0
 *
 * The page can be taken away at any time.  The caller reads kvm->mmu_invalidate_seq before, and
 * checks it with kvm->mmu_lock held before it maps the page.
 *
 * Context: Process context, may sleep.  With kvm->srcu or kvm->slots_lock held.
 * Return: 0; -EFAULT: the slot has no guest_memfd, or it was closed; -EHWPOISON; -ENOMEM;
 *	   -EAGAIN: pages are being taken away, see kvm_gmem_wait().
 */
int kvm_gmem_get_pfn(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn, kvm_pfn_t *pfn)
{
	pgoff_t index = gfn - slot->base_gfn + slot->gmem.node.start;
	bool huge = may_allocate_huge(kvm, slot, gfn);
	struct kvm_gmem *gmem = slot->gmem.file;
	struct folio *folio;

	/* While the file is being closed the lock is taken most of the time. */
	if (!gmem || !READ_ONCE(gmem->mapping))
		return -EFAULT;

	if (!down_read_trylock(&gmem->lock))
		return -EAGAIN;
	folio = gmem->mapping ? kvm_gmem_get_folio(gmem->mapping, index, huge) : ERR_PTR(-EFAULT);
	up_read(&gmem->lock);
	if (IS_ERR(folio))
		return PTR_ERR(folio);

	if (folio_test_hwpoison(folio)) {
		folio_put(folio);
		return -EHWPOISON;
	}
	*pfn = folio_pfn(folio);
	return 0;
}
EXPORT_SYMBOL_GPL(kvm_gmem_get_pfn);

/**
 * kvm_gmem_get - get the guest_memfd of a slot
 * @slot: a slot
 *
 * Context: With kvm->srcu or kvm->slots_lock held.
 * Return: the guest_memfd with a reference, for kvm_gmem_wait(); NULL if there is none.
 */
struct kvm_gmem *kvm_gmem_get(struct kvm_memory_slot *slot)
{
	struct kvm_gmem *gmem = slot->gmem.file;

	if (gmem)
		kref_get(&gmem->kref);
	return gmem;
}
EXPORT_SYMBOL_GPL(kvm_gmem_get);

/**
 * kvm_gmem_wait - wait until no pages are being taken away, or a signal is pending
 * @gmem: what kvm_gmem_get() returned; its reference is dropped
 *
 * Context: Process context, may sleep; without kvm->srcu, so that slots can be changed meanwhile.
 */
void kvm_gmem_wait(struct kvm_gmem *gmem)
{
	if (!gmem)
		return;
	if (!down_read_interruptible(&gmem->lock))
		up_read(&gmem->lock);
	put_gmem(gmem);
}
EXPORT_SYMBOL_GPL(kvm_gmem_wait);
