// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test the file that KVM_CREATE_GUEST_MEMFD creates.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "private_mem.h"

#define SIZE	(4 * PM_PAGE)
#define PUNCH	(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)

static int create_errno(int vm, uint64_t size, uint64_t flags)
{
	int fd = pm_create_gmem(vm, size, flags);
	int err = errno;

	if (fd < 0)
		return err;
	close(fd);
	return 0;
}

static void test_create(int vm)
{
	uint64_t valid = fd_check_cap(vm, KVM_CAP_GUEST_MEMFD_FLAGS);
	struct kvm_create_guest_memfd args = { .size = SIZE };
	uint64_t flag;
	int fd;

	TEST_ERRNO(fd_ioctl(vm, KVM_CREATE_GUEST_MEMFD, NULL), EFAULT);
	TEST_ERRNO(create_errno(vm, 0, 0), EINVAL);
	TEST_ERRNO(create_errno(vm, 1, 0), EINVAL);
	TEST_ERRNO(create_errno(vm, PM_PAGE + 1, 0), EINVAL);
	TEST_ERRNO(create_errno(vm, -PM_PAGE, 0), EINVAL);
	TEST_ERRNO(create_errno(vm, 1ull << 63, 0), EINVAL);
	TEST_ERRNO(create_errno(vm, PM_PAGE, 0), 0);
	TEST_ERRNO(create_errno(vm, 1ull << 50, 0), 0);
	for (flag = 1; flag; flag <<= 1)
		TEST_ERRNO(create_errno(vm, PM_PAGE, flag), valid & flag ? 0 : EINVAL);

	/* Reserved fields are not checked. */
	memset(args.reserved, 0xff, sizeof(args.reserved));
	fd = ioctl(vm, KVM_CREATE_GUEST_MEMFD, &args);
	TEST_ASSERT(fd >= 0, "reserved fields are checked");
	close(fd);
}

static void test_access(int fd)
{
	char buffer[16] = {};

	TEST_ASSERT(read(fd, buffer, sizeof(buffer)) < 0, "read");
	TEST_ASSERT(write(fd, buffer, sizeof(buffer)) < 0, "write");
	TEST_ASSERT(pread(fd, buffer, sizeof(buffer), 0) < 0, "pread");
	TEST_ASSERT(pwrite(fd, buffer, sizeof(buffer), 0) < 0, "pwrite");

	TEST_ASSERT(mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED, "mmap");
	TEST_ERRNO(errno, ENODEV);
	TEST_ASSERT(mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED, "mmap");
	TEST_ERRNO(errno, ENODEV);
}

static void test_size(int fd)
{
	struct statfs fs;
	struct stat st;

	TEST_ASSERT(!fstatfs(fd, &fs), "fstatfs: %s", strerror(errno));
	TEST_ASSERT(fs.f_type == GUEST_MEMFD_MAGIC, "file system 0x%lx", (long)fs.f_type);

	TEST_ASSERT(!fstat(fd, &st), "fstat: %s", strerror(errno));
	TEST_ASSERT(st.st_size == SIZE, "size %ld", (long)st.st_size);
	TEST_ASSERT(st.st_blksize == PM_PAGE, "block size %ld", (long)st.st_blksize);

	TEST_ASSERT(ftruncate(fd, SIZE - PM_PAGE) && errno == EINVAL, "shrunk");
	TEST_ASSERT(ftruncate(fd, SIZE + PM_PAGE) && errno == EINVAL, "grown");
	TEST_ASSERT(fchmod(fd, 0777) && errno == EINVAL, "fchmod");
	TEST_ASSERT(!fstat(fd, &st) && st.st_size == SIZE, "size %ld", (long)st.st_size);
}

static int fallocate_errno(int fd, int mode, off_t offset, off_t len)
{
	return fallocate(fd, mode, offset, len) ? errno : 0;
}

static void test_fallocate(int fd)
{
	TEST_ERRNO(fallocate_errno(fd, 0, 0, PM_PAGE), EOPNOTSUPP);
	TEST_ERRNO(fallocate_errno(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_ZERO_RANGE, 0, PM_PAGE),
		   EOPNOTSUPP);
	TEST_ERRNO(fallocate_errno(fd, FALLOC_FL_COLLAPSE_RANGE, 0, PM_PAGE), EOPNOTSUPP);

	TEST_ERRNO(fallocate_errno(fd, FALLOC_FL_KEEP_SIZE, 0, SIZE), 0);
	TEST_ERRNO(fallocate_errno(fd, FALLOC_FL_KEEP_SIZE, 0, SIZE), 0);
	TEST_ERRNO(fallocate_errno(fd, FALLOC_FL_KEEP_SIZE, PM_PAGE, 1), EINVAL);
	TEST_ERRNO(fallocate_errno(fd, FALLOC_FL_KEEP_SIZE, PM_PAGE - 1, PM_PAGE), EINVAL);
	TEST_ERRNO(fallocate_errno(fd, FALLOC_FL_KEEP_SIZE, SIZE, PM_PAGE), EINVAL);
	TEST_ERRNO(fallocate_errno(fd, FALLOC_FL_KEEP_SIZE, SIZE - PM_PAGE, 2 * PM_PAGE), EINVAL);

	TEST_ERRNO(fallocate_errno(fd, PUNCH, PM_PAGE, PM_PAGE), 0);
	TEST_ERRNO(fallocate_errno(fd, PUNCH, PM_PAGE, PM_PAGE), 0);
	TEST_ERRNO(fallocate_errno(fd, PUNCH, PM_PAGE, 1), EINVAL);
	TEST_ERRNO(fallocate_errno(fd, PUNCH, PM_PAGE - 1, PM_PAGE), EINVAL);
	/* There is nothing past the end. */
	TEST_ERRNO(fallocate_errno(fd, PUNCH, SIZE, PM_PAGE), 0);
	TEST_ERRNO(fallocate_errno(fd, PUNCH, SIZE - PM_PAGE, 2 * PM_PAGE), 0);
	TEST_ERRNO(fallocate_errno(fd, PUNCH, 1ll << 50, PM_PAGE), 0);
	TEST_ERRNO(fallocate_errno(fd, PUNCH, 0, SIZE), 0);
}

static void test_many(int vm)
{
	int fds[16];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = pm_create_gmem(vm, SIZE + i * PM_PAGE, 0);
		TEST_ASSERT(fds[i] >= 0, "file %u: %s", i, strerror(errno));
	}
	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		struct stat st, other;

		TEST_ASSERT(!fstat(fds[i], &st) && !fstat(fds[!i], &other), "fstat");
		TEST_ASSERT(st.st_size == SIZE + i * PM_PAGE, "size %ld", (long)st.st_size);
		TEST_ASSERT(st.st_ino != other.st_ino, "two files with one inode");
	}
	for (i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

/* The file keeps the VM alive, but is useless without its descriptor. */
static void test_outlives_vm(int vm)
{
	int fd = pm_create_gmem(vm, SIZE, 0);

	close(vm);
	TEST_ERRNO(fallocate_errno(fd, FALLOC_FL_KEEP_SIZE, 0, SIZE), 0);
	TEST_ERRNO(fallocate_errno(fd, PUNCH, 0, SIZE), 0);
	close(fd);
}

int main(int argc, char *argv[])
{
	int vm, fd;

	pm_require();
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_GUEST_MEMFD));

	vm = fd_create_vm(KVM_X86_SW_PROTECTED_VM);
	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM: %s", strerror(errno));
	test_create(vm);
	test_many(vm);

	fd = pm_create_gmem(vm, SIZE, 0);
	TEST_ASSERT(fd >= 0, "KVM_CREATE_GUEST_MEMFD: %s", strerror(errno));
	test_access(fd);
	test_size(fd);
	test_fallocate(fd);
	close(fd);

	test_outlives_vm(vm);
	return 0;
}
