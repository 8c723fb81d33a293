/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A split virtqueue in shared memory, and the disk that uses it.
 */
#ifndef TDX_VMM_VIRTQUEUE_H
#define TDX_VMM_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct td;

#define QUEUE_SIZE	128

/* As the driver set it up: addresses in the guest */
struct virtqueue {
	struct td *td;
	uint32_t size;
	uint64_t desc;
	uint64_t avail;
	uint64_t used;
	uint16_t next_avail;
	uint16_t next_used;
};

/* Buffers of a request, which are in the guest's memory: those that the device reads come first. */
struct request {
	uint16_t head;
	unsigned int nr_read;
	unsigned int nr_write;
	struct iovec buffers[QUEUE_SIZE];
};

/* True if the device can use it. */
bool virtqueue_is_valid(const struct virtqueue *queue);
/* Gets the next request.  Returns 0, -ENOENT if there is none, -EINVAL if it is not a legal one. */
int virtqueue_get(struct virtqueue *queue, struct request *request);
/* Returns a request to the driver, with so many bytes of its buffers written. */
void virtqueue_put(struct virtqueue *queue, const struct request *request, uint32_t written);
/* True if the driver wants an interrupt for what was returned. */
bool virtqueue_wants_interrupt(const struct virtqueue *queue);

/* disk.c: executes a request of virtio-blk.  False if it has no header or no status. */
bool disk_execute(struct request *request, uint32_t *written);
/* Bytes of the configuration space */
void disk_config(uint64_t offset, void *data, unsigned int size);
uint64_t disk_features(void);

#endif /* TDX_VMM_VIRTQUEUE_H */
