// SPDX-License-Identifier: GPL-2.0-only
/*
 * The disk of a TD.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "disk.h"

#define HALF		0x100000
#define PIECE		0x10000

static int copy_piece(int disk, off_t offset)
{
	static unsigned char bytes[PIECE] __attribute__((aligned(4096)));
	int i;

	if (pread(disk, bytes, PIECE, offset) != PIECE)
		return 0;
	for (i = 0; i < PIECE; i++)
		bytes[i] = ~bytes[i];
	return pwrite(disk, bytes, PIECE, HALF + offset) == PIECE;
}

static int copy_inverted(int disk)
{
	off_t offset;

	for (offset = 0; offset < HALF; offset += PIECE)
		if (!copy_piece(disk, offset))
			return 0;
	return !fsync(disk);
}

/* 0.ko, 1.ko and so on of the initrd: a kernel of a distribution has drivers as modules. */
static void load_modules(void)
{
	char path[16];
	int file, i;

	for (i = 0;; i++) {
		snprintf(path, sizeof(path), "/%d.ko", i);
		file = open(path, O_RDONLY | O_CLOEXEC);
		if (file < 0)
			return;
		if (syscall(SYS_finit_module, file, "", 0))
			perror(path);
		close(file);
	}
}

void use_disk(void)
{
	int disk;

	load_modules();
	mkdir("/dev", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	/* Larger requests would not fit into the buffers for DMA that this guest has. */
	disk = open("/dev/vda", O_RDWR | O_DIRECT);
	if (disk < 0)
		return;
	printf("td disk %lld\n", (long long)lseek(disk, 0, SEEK_END));
	printf("td copied %d\n", copy_inverted(disk));
	close(disk);
}
