// SPDX-License-Identifier: GPL-2.0-only
/*
 * A disk: the requests of virtio-blk (virtio 1.2, 5.2), executed one after the other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>

#include "virtqueue.h"
#include "vmm.h"

#define SECTOR		512
/* Of a request: the header and the status have a buffer each. */
#define MAX_SEGMENTS	(QUEUE_SIZE - 2)
#define MAX_SEGMENT	0x100000
#define IDENTITY	"tdx-vmm disk"

static struct {
	int fd;
	uint64_t sectors;
} disk;

void disk_open(const char *path)
{
	off_t size;

	disk.fd = open(path, O_RDWR | O_CLOEXEC);
	size = disk.fd < 0 ? -1 : lseek(disk.fd, 0, SEEK_END);
	if (size < 0)
		die("%s", path);
	errno = 0;
	if (!size || size % SECTOR)
		die("%s has no whole sectors of %u bytes", path, SECTOR);
	disk.sectors = size / SECTOR;
}

uint64_t disk_features(void)
{
	return BIT(VIRTIO_BLK_F_SIZE_MAX) | BIT(VIRTIO_BLK_F_SEG_MAX) | BIT(VIRTIO_BLK_F_FLUSH);
}

void disk_config(uint64_t offset, void *data, unsigned int size)
{
	const struct virtio_blk_config config = {
		.capacity = disk.sectors,
		.size_max = MAX_SEGMENT,
		.seg_max = MAX_SEGMENTS,
	};

	memset(data, 0, size);
	if (offset < sizeof(config) && size <= sizeof(config) - offset)
		memcpy(data, (const uint8_t *)&config + offset, size);
}

/* Takes the first bytes away, in however many buffers they are. */
static bool take_header(struct request *request, struct virtio_blk_outhdr *header)
{
	uint8_t *to = (uint8_t *)header;
	size_t left = sizeof(*header), part;
	struct iovec *buffer;
	unsigned int i;

	for (i = 0; i < request->nr_read && left; i++) {
		buffer = &request->buffers[i];
		part = buffer->iov_len < left ? buffer->iov_len : left;
		memcpy(to, buffer->iov_base, part);
		buffer->iov_base = (uint8_t *)buffer->iov_base + part;
		buffer->iov_len -= part;
		to += part;
		left -= part;
	}
	return !left;
}

/* Takes the last byte away; NULL if there is none. */
static uint8_t *take_status(struct request *request)
{
	struct iovec *buffer;
	unsigned int i;

	for (i = request->nr_write; i > 0; i--) {
		buffer = &request->buffers[request->nr_read + i - 1];
		if (buffer->iov_len)
			return (uint8_t *)buffer->iov_base + --buffer->iov_len;
	}
	return NULL;
}

/* Bytes in buffers; more than all sectors have if a buffer is longer than announced. */
static uint64_t size_of(const struct iovec *buffers, unsigned int nr)
{
	uint64_t size = 0;

	for (; nr; nr--, buffers++) {
		if (buffers->iov_len > MAX_SEGMENT)
			return UINT64_MAX;
		size += buffers->iov_len;
	}
	return size;
}

static bool is_on_disk(uint64_t sector, uint64_t size)
{
	return !(size % SECTOR) && sector <= disk.sectors && size / SECTOR <= disk.sectors - sector;
}

/* Returns how many bytes were read. */
static uint32_t read_sectors(const struct request *request, uint64_t sector, uint8_t *status)
{
	const struct iovec *buffers = &request->buffers[request->nr_read];
	uint64_t size = size_of(buffers, request->nr_write);

	*status = VIRTIO_BLK_S_IOERR;
	if (!is_on_disk(sector, size) ||
	    preadv(disk.fd, buffers, request->nr_write, sector * SECTOR) != (ssize_t)size)
		return 0;
	*status = VIRTIO_BLK_S_OK;
	return size;
}

static uint8_t write_sectors(const struct request *request, uint64_t sector)
{
	uint64_t size = size_of(request->buffers, request->nr_read);

	if (!is_on_disk(sector, size) ||
	    pwritev(disk.fd, request->buffers, request->nr_read, sector * SECTOR) != (ssize_t)size)
		return VIRTIO_BLK_S_IOERR;
	return VIRTIO_BLK_S_OK;
}

static uint32_t read_identity(const struct request *request, uint8_t *status)
{
	const struct iovec *buffer = &request->buffers[request->nr_read];
	char identity[VIRTIO_BLK_ID_BYTES] = IDENTITY;

	*status = VIRTIO_BLK_S_IOERR;
	if (buffer->iov_len < sizeof(identity))
		return 0;
	memcpy(buffer->iov_base, identity, sizeof(identity));
	*status = VIRTIO_BLK_S_OK;
	return sizeof(identity);
}

bool disk_execute(struct request *request, uint32_t *written)
{
	struct virtio_blk_outhdr header;
	uint8_t status, *to = take_status(request);

	if (!to || !take_header(request, &header))
		return false;
	*written = 0;
	switch (header.type) {
	case VIRTIO_BLK_T_IN:
		*written = read_sectors(request, header.sector, &status);
		break;
	case VIRTIO_BLK_T_OUT:
		status = write_sectors(request, header.sector);
		break;
	case VIRTIO_BLK_T_FLUSH:
		status = fdatasync(disk.fd) ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
		break;
	case VIRTIO_BLK_T_GET_ID:
		*written = read_identity(request, &status);
		break;
	default:
		status = VIRTIO_BLK_S_UNSUPP;
	}
	*to = status;
	++*written;
	return true;
}
