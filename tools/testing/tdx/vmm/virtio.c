// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers in memory of a virtio device (virtio 1.2, 4.2) that has one queue: the disk.
 *
 * A request is executed by the vCPU that notifies the device.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>

#include "virtqueue.h"
#include "vmm.h"

#define MAGIC		0x74726976	/* "virt" */
#define VERSION		2
#define VENDOR		0x4d4d5654	/* "TVMM" */
#define NO_REGION	0xffffffff	/* shared memory region */

#define REQUIRED_FEATURES	(BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_ACCESS_PLATFORM))

static struct {
	pthread_mutex_t lock;
	uint32_t device_features_sel;
	uint32_t driver_features_sel;
	uint64_t driver_features;
	uint32_t queue_sel;
	bool queue_ready;
	uint32_t status;
	uint32_t interrupts;
	struct virtqueue queue;
} device = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uint64_t features(void)
{
	return disk_features() | REQUIRED_FEATURES;
}

static uint32_t half(uint64_t value, uint32_t which)
{
	return which < 2 ? value >> (32 * which) : 0;
}

static void set_half(uint64_t *value, uint32_t which, uint32_t to)
{
	if (which < 2)
		*value = (*value & ~(0xffffffffull << (32 * which))) | (uint64_t)to << (32 * which);
}

static void interrupt(uint32_t reason)
{
	device.interrupts |= reason;
	ioapic_set_line(VIRTIO_GSI, device.interrupts);
}

static void reset(void)
{
	device.driver_features = 0;
	device.queue_ready = false;
	device.queue = (struct virtqueue) { .td = device.queue.td };
	device.status = 0;
	device.interrupts = 0;
	ioapic_set_line(VIRTIO_GSI, false);
}

/* The driver violated the rules: nothing is done until it resets the device. */
static void need_reset(void)
{
	device.status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	interrupt(VIRTIO_MMIO_INT_CONFIG);
}

/* At most what the queue has: who adds more notifies once more. */
static void process_queue(void)
{
	struct request request;
	uint32_t written;
	unsigned int i;
	int error = 0;

	for (i = 0; i < device.queue.size; i++) {
		error = virtqueue_get(&device.queue, &request);
		if (error)
			break;
		if (!disk_execute(&request, &written)) {
			error = -EINVAL;
			break;
		}
		virtqueue_put(&device.queue, &request, written);
	}
	if (error && error != -ENOENT)
		need_reset();
	else if (i && virtqueue_wants_interrupt(&device.queue))
		interrupt(VIRTIO_MMIO_INT_VRING);
}

static bool is_live(void)
{
	uint32_t live = VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK;

	return (device.status & (live | VIRTIO_CONFIG_S_NEEDS_RESET)) == live;
}

static void notify(uint32_t queue)
{
	if (!queue && device.queue_ready && is_live())
		process_queue();
}

static void set_status(uint32_t status)
{
	uint64_t accepted = device.driver_features;

	if (!status)
		return reset();
	if (accepted & ~features() || (accepted & REQUIRED_FEATURES) != REQUIRED_FEATURES)
		status &= ~VIRTIO_CONFIG_S_FEATURES_OK;
	device.status = status | (device.status & VIRTIO_CONFIG_S_NEEDS_RESET);
}

static void set_queue_ready(uint32_t ready)
{
	device.queue.next_avail = 0;
	device.queue.next_used = 0;
	device.queue_ready = ready == 1 && virtqueue_is_valid(&device.queue);
}

/* What describes the queue cannot be changed while the device uses it. */
static void write_queue(uint64_t reg, uint32_t value)
{
	struct virtqueue *queue = &device.queue;

	if (device.queue_sel)
		return;
	if (reg == VIRTIO_MMIO_QUEUE_READY)
		return set_queue_ready(value);
	if (device.queue_ready)
		return;
	switch (reg) {
	case VIRTIO_MMIO_QUEUE_NUM:
		queue->size = value;
		break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
		set_half(&queue->desc, reg == VIRTIO_MMIO_QUEUE_DESC_HIGH, value);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
	case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
		set_half(&queue->avail, reg == VIRTIO_MMIO_QUEUE_AVAIL_HIGH, value);
		break;
	case VIRTIO_MMIO_QUEUE_USED_LOW:
	case VIRTIO_MMIO_QUEUE_USED_HIGH:
		set_half(&queue->used, reg == VIRTIO_MMIO_QUEUE_USED_HIGH, value);
		break;
	}
}

static void write_register(uint64_t reg, uint32_t value)
{
	switch (reg) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		device.device_features_sel = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		device.driver_features_sel = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		set_half(&device.driver_features, device.driver_features_sel, value);
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		device.queue_sel = value;
		break;
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		return notify(value);
	case VIRTIO_MMIO_INTERRUPT_ACK:
		device.interrupts &= ~value;
		return ioapic_set_line(VIRTIO_GSI, device.interrupts);
	case VIRTIO_MMIO_STATUS:
		return set_status(value);
	default:
		return write_queue(reg, value);
	}
}

static uint32_t read_register(uint64_t reg)
{
	switch (reg) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return MAGIC;
	case VIRTIO_MMIO_VERSION:
		return VERSION;
	case VIRTIO_MMIO_DEVICE_ID:
		return VIRTIO_ID_BLOCK;
	case VIRTIO_MMIO_VENDOR_ID:
		return VENDOR;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return half(features(), device.device_features_sel);
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return device.queue_sel ? 0 : QUEUE_SIZE;
	case VIRTIO_MMIO_QUEUE_READY:
		return !device.queue_sel && device.queue_ready;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return device.interrupts;
	case VIRTIO_MMIO_STATUS:
		return device.status;
	case VIRTIO_MMIO_SHM_LEN_LOW:
	case VIRTIO_MMIO_SHM_LEN_HIGH:
		return NO_REGION;
	default:
		return 0;
	}
}

void virtio_init(struct td *td)
{
	device.queue.td = td;
}

/* Registers have 4 bytes; nothing in the configuration space can be written. */
void virtio_access(uint64_t offset, bool write, void *data, unsigned int size)
{
	uint32_t value = 0;

	pthread_mutex_lock(&device.lock);
	if (offset >= VIRTIO_MMIO_CONFIG && !write) {
		disk_config(offset - VIRTIO_MMIO_CONFIG, data, size);
	} else if (size == sizeof(value) && write) {
		memcpy(&value, data, sizeof(value));
		write_register(offset, value);
	} else if (!write) {
		memset(data, 0, size);
		value = read_register(offset);
		memcpy(data, &value, size < sizeof(value) ? size : sizeof(value));
	}
	pthread_mutex_unlock(&device.lock);
}
