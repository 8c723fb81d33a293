// SPDX-License-Identifier: GPL-2.0-only
/*
 * The disk of a TD.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "disk.h"

#define HALF		0x100000
#define PIECE		0x10000

static struct {
	int file;		/* negative if there is none */
	pthread_t thread;
	int told;		/* to end */
	int copied;		/* how often; 0 after an error */
} disk;

static int copy_piece(int file, off_t offset)
{
	static unsigned char bytes[PIECE] __attribute__((aligned(4096)));
	int i;

	if (pread(file, bytes, PIECE, offset) != PIECE)
		return 0;
	for (i = 0; i < PIECE; i++)
		bytes[i] = ~bytes[i];
	return pwrite(file, bytes, PIECE, HALF + offset) == PIECE;
}

static int copy_inverted(int file)
{
	off_t offset;

	for (offset = 0; offset < HALF; offset += PIECE)
		if (!copy_piece(file, offset))
			return 0;
	return !fsync(file);
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

static void *copy_until_told(void *unused)
{
	(void)unused;
	do
		disk.copied = copy_inverted(disk.file) ? disk.copied + 1 : 0;
	while (disk.copied && !__atomic_load_n(&disk.told, __ATOMIC_RELAXED));
	return NULL;
}

void begin_disk(void)
{
	load_modules();
	mkdir("/dev", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	/* Larger requests would not fit into the buffers for DMA that this guest has. */
	disk.file = open("/dev/vda", O_RDWR | O_DIRECT);
	if (disk.file >= 0 && pthread_create(&disk.thread, NULL, copy_until_told, NULL))
		disk.file = -1;
}

void end_disk(void)
{
	if (disk.file < 0)
		return;
	__atomic_store_n(&disk.told, 1, __ATOMIC_RELAXED);
	pthread_join(disk.thread, NULL);
	printf("td disk %lld\n", (long long)lseek(disk.file, 0, SEEK_END));
	printf("td copied %d\n", disk.copied);
	close(disk.file);
}
