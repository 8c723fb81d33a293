// SPDX-License-Identifier: GPL-2.0-only
/*
 * A split virtqueue in shared memory (virtio 1.2, 2.7).
 *
 * The guest can write anything there, at any time.  So each value is read once, and checked
 * before it is used; a buffer has to be in one slot of the guest's memory.
 */
#include <errno.h>
#include <linux/virtio_ring.h>

#include "virtqueue.h"
#include "vmm.h"

#define DESC_SIZE(n)	((n) * sizeof(struct vring_desc))
#define AVAIL_SIZE(n)	(offsetof(struct vring_avail, ring) + (n) * sizeof(uint16_t))
#define USED_SIZE(n)	(offsetof(struct vring_used, ring) + (n) * sizeof(struct vring_used_elem))

static struct vring_desc *descriptors(const struct virtqueue *queue)
{
	return memory_shared(queue->td, queue->desc, DESC_SIZE(queue->size));
}

static struct vring_avail *available(const struct virtqueue *queue)
{
	return memory_shared(queue->td, queue->avail, AVAIL_SIZE(queue->size));
}

static struct vring_used *used(const struct virtqueue *queue)
{
	return memory_shared(queue->td, queue->used, USED_SIZE(queue->size));
}

bool virtqueue_is_valid(const struct virtqueue *queue)
{
	return queue->size && queue->size <= QUEUE_SIZE && !(queue->size & (queue->size - 1)) &&
	       !(queue->desc % VRING_DESC_ALIGN_SIZE) && !(queue->avail % VRING_AVAIL_ALIGN_SIZE) &&
	       !(queue->used % VRING_USED_ALIGN_SIZE) &&
	       descriptors(queue) && available(queue) && used(queue);
}

static struct vring_desc read_descriptor(const struct virtqueue *queue, uint16_t nr)
{
	const struct vring_desc *desc = &descriptors(queue)[nr];

	return (struct vring_desc) {
		.addr = __atomic_load_n(&desc->addr, __ATOMIC_RELAXED),
		.len = __atomic_load_n(&desc->len, __ATOMIC_RELAXED),
		.flags = __atomic_load_n(&desc->flags, __ATOMIC_RELAXED),
		.next = __atomic_load_n(&desc->next, __ATOMIC_RELAXED),
	};
}

static bool add_buffer(const struct virtqueue *queue, struct request *request,
		       const struct vring_desc *desc)
{
	struct iovec *buffer = &request->buffers[request->nr_read + request->nr_write];

	buffer->iov_base = memory_shared(queue->td, desc->addr, desc->len);
	buffer->iov_len = desc->len;
	if (desc->flags & VRING_DESC_F_WRITE)
		request->nr_write++;
	else
		request->nr_read++;
	/* After the first one that the device writes there is none that it reads. */
	return buffer->iov_base && (desc->flags & VRING_DESC_F_WRITE || !request->nr_write);
}

/* A chain with a loop has more descriptors than there are. */
static int add_chain(const struct virtqueue *queue, struct request *request)
{
	uint16_t nr = request->head;
	struct vring_desc desc;
	unsigned int i;

	request->nr_read = 0;
	request->nr_write = 0;
	for (i = 0; i < queue->size; i++) {
		if (nr >= queue->size)
			return -EINVAL;
		desc = read_descriptor(queue, nr);
		if (desc.flags & VRING_DESC_F_INDIRECT || !add_buffer(queue, request, &desc))
			return -EINVAL;
		if (!(desc.flags & VRING_DESC_F_NEXT))
			return 0;
		nr = desc.next;
	}
	return -EINVAL;
}

int virtqueue_get(struct virtqueue *queue, struct request *request)
{
	const struct vring_avail *avail = available(queue);
	uint16_t nr = __atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE) - queue->next_avail;

	if (!nr)
		return -ENOENT;
	if (nr > queue->size)
		return -EINVAL;
	request->head = __atomic_load_n(&avail->ring[queue->next_avail++ % queue->size],
					__ATOMIC_RELAXED);
	return add_chain(queue, request);
}

void virtqueue_put(struct virtqueue *queue, const struct request *request, uint32_t written)
{
	struct vring_used *ring = used(queue);

	ring->ring[queue->next_used++ % queue->size] = (struct vring_used_elem) {
		.id = request->head,
		.len = written,
	};
	__atomic_store_n(&ring->idx, queue->next_used, __ATOMIC_RELEASE);
}

/* The driver enables interrupts, and then looks for requests that were returned before. */
bool virtqueue_wants_interrupt(const struct virtqueue *queue)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return !(__atomic_load_n(&available(queue)->flags, __ATOMIC_RELAXED) &
		 VRING_AVAIL_F_NO_INTERRUPT);
}
