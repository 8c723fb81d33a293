// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdx-vmm: its disk, used by drivers that obey the rules of virtio 1.2, and by others.
 *
 * Memory of the guest is allocated, so that AddressSanitizer sees an access beside it.
 */
#include <endian.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/virtqueue.h"
#include "vmm/vmm.h"

#include "harness.h"

#define SECTOR		512
#define SECTORS		16

/* Two slots: the second one is a page. */
#define RAM		0x100000
#define RAM_SIZE	0x5000
#define HIGH		0x100000000ull
#define DESC		RAM
#define AVAIL		(RAM + 0x1000)
#define USED		(RAM + 0x2000)
#define HEADER		(RAM + 0x3000)
#define STATUS		(RAM + 0x3010)
#define DATA		(RAM + 0x4000)
#define SIZE		16	/* of the queue */

#define WRITE		VRING_DESC_F_WRITE
#define NEXT		VRING_DESC_F_NEXT
#define LIVE		(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | \
			 VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK)
#define FEATURES	(BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_ACCESS_PLATFORM))

static bool line;
static unsigned int nr_syncs;

void ioapic_set_line(unsigned int pin, bool level)
{
	line = level;
}

int fdatasync(int fd)
{
	nr_syncs++;
	return 0;
}

static void set(uint64_t reg, uint32_t value)
{
	virtio_access(reg, true, &value, sizeof(value));
}

static uint32_t get(uint64_t reg)
{
	uint32_t value;

	virtio_access(reg, false, &value, sizeof(value));
	return value;
}

static void set_64(uint64_t reg, uint64_t value)
{
	set(reg, value);
	set(reg + 4, value >> 32);
}

/* Each test is a process of its own. */
static struct {
	struct td td;
	int fd;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
} guest;

static void accept_features(uint64_t features)
{
	set(VIRTIO_MMIO_STATUS, 0);
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	set(VIRTIO_MMIO_DRIVER_FEATURES, features);
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set(VIRTIO_MMIO_DRIVER_FEATURES, features >> 32);
	set(VIRTIO_MMIO_STATUS, LIVE & ~VIRTIO_CONFIG_S_DRIVER_OK);
}

static void set_queue(uint32_t size, uint64_t desc, uint64_t avail, uint64_t used)
{
	set(VIRTIO_MMIO_QUEUE_SEL, 0);
	set(VIRTIO_MMIO_QUEUE_READY, 0);
	set(VIRTIO_MMIO_QUEUE_NUM, size);
	set_64(VIRTIO_MMIO_QUEUE_DESC_LOW, desc);
	set_64(VIRTIO_MMIO_QUEUE_AVAIL_LOW, avail);
	set_64(VIRTIO_MMIO_QUEUE_USED_LOW, used);
	set(VIRTIO_MMIO_QUEUE_READY, 1);
}

static void begin(void)
{
	memset(memory_shared(&guest.td, RAM, RAM_SIZE), 0, RAM_SIZE);
	accept_features(FEATURES);
	set_queue(SIZE, DESC, AVAIL, USED);
	set(VIRTIO_MMIO_STATUS, LIVE);
}

/* What a disk of this test contains */
static uint8_t content(unsigned int offset)
{
	return offset / SECTOR * 31 + offset;
}

FIXTURE(disk) {
};

FIXTURE_SETUP(disk)
{
	char path[] = "/tmp/vmm_disk_test.XXXXXX";
	uint8_t bytes[SECTORS * SECTOR];
	unsigned int i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = content(i);
	guest.fd = mkstemp(path);
	ASSERT_EQ(sizeof(bytes), write(guest.fd, bytes, sizeof(bytes)));
	disk_open(path);
	unlink(path);

	guest.td = (struct td) { .nr_slots = 2, .slots = {
		{ .gpa = RAM, .size = RAM_SIZE, .shared = aligned_alloc(PAGE_SIZE, RAM_SIZE) },
		{ .gpa = HIGH, .size = PAGE_SIZE, .shared = aligned_alloc(PAGE_SIZE, PAGE_SIZE) },
	} };
	guest.desc = memory_shared(&guest.td, DESC, PAGE_SIZE);
	guest.avail = memory_shared(&guest.td, AVAIL, PAGE_SIZE);
	guest.used = memory_shared(&guest.td, USED, PAGE_SIZE);
	virtio_init(&guest.td);
	begin();
}

FIXTURE_TEARDOWN(disk)
{
	close(guest.fd);
	free(guest.td.slots[0].shared);
	free(guest.td.slots[1].shared);
}

static uint8_t *at(uint64_t gpa)
{
	return memory_shared(&guest.td, gpa, 1);
}

static void put_header(uint32_t type, uint64_t sector)
{
	struct virtio_blk_outhdr header = { .type = type, .sector = sector };

	memcpy(at(HEADER), &header, sizeof(header));
	*at(STATUS) = 0xff;
}

static void submit(uint16_t head)
{
	guest.avail->ring[guest.avail->idx++ % SIZE] = head;
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
}

/* With one buffer, as Linux does it */
static void put_request(uint32_t type, uint64_t sector, uint64_t data,
			uint32_t size)
{
	put_header(type, sector);
	guest.desc[0] = (struct vring_desc) { HEADER, 16, NEXT, 1 };
	guest.desc[1] = (struct vring_desc) { data, size,
					      NEXT | (type == VIRTIO_BLK_T_OUT ? 0 : WRITE), 2 };
	guest.desc[2] = (struct vring_desc) { STATUS, 1, WRITE, 0 };
}

/* Returns the status, or -1 if the request was not returned. */
static int do_request(uint32_t type, uint64_t sector, uint64_t data,
		      uint32_t size)
{
	uint16_t before = guest.used->idx;

	put_request(type, sector, data, size);
	submit(0);
	return guest.used->idx == (uint16_t)(before + 1) ? *at(STATUS) : -1;
}

static uint32_t last_length(void)
{
	return guest.used->ring[(guest.used->idx - 1) % SIZE].len;
}

/* The number of bytes that differ from content(). */
static unsigned int nr_changed(void)
{
	uint8_t bytes[SECTORS * SECTOR + 1];
	unsigned int i, nr = 0;

	if (pread(guest.fd, bytes, sizeof(bytes), 0) != SECTORS * SECTOR)
		return UINT32_MAX;
	for (i = 0; i < SECTORS * SECTOR; i++)
		nr += bytes[i] != content(i);
	return nr;
}

TEST_F(disk, is_a_virtio_device_of_version_1)
{
	uint64_t capacity;

	EXPECT_EQ(0x74726976, get(VIRTIO_MMIO_MAGIC_VALUE));
	EXPECT_EQ(2, get(VIRTIO_MMIO_VERSION));
	EXPECT_EQ(2, get(VIRTIO_MMIO_DEVICE_ID));
	set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	EXPECT_EQ(BIT(VIRTIO_BLK_F_SIZE_MAX) | BIT(VIRTIO_BLK_F_SEG_MAX) | BIT(VIRTIO_BLK_F_FLUSH),
		  get(VIRTIO_MMIO_DEVICE_FEATURES));
	set(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	EXPECT_EQ(FEATURES >> 32, get(VIRTIO_MMIO_DEVICE_FEATURES));
	virtio_access(VIRTIO_MMIO_CONFIG, false, &capacity, sizeof(capacity));
	EXPECT_EQ(SECTORS, capacity);
	virtio_access(VIRTIO_MMIO_CONFIG + sizeof(struct virtio_blk_config) - 4, false, &capacity,
		      sizeof(capacity));
	EXPECT_EQ(0, capacity);
}

TEST_F(disk, refuses_drivers_that_lack_or_invent_a_feature)
{
	accept_features(FEATURES | BIT(VIRTIO_BLK_F_FLUSH));
	EXPECT_TRUE(get(VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_FEATURES_OK);
	accept_features(BIT(VIRTIO_F_VERSION_1));
	EXPECT_FALSE(get(VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_FEATURES_OK);
	accept_features(BIT(VIRTIO_F_ACCESS_PLATFORM));
	EXPECT_FALSE(get(VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_FEATURES_OK);
	accept_features(FEATURES | BIT(VIRTIO_RING_F_INDIRECT_DESC));
	EXPECT_FALSE(get(VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_FEATURES_OK);
}

TEST_F(disk, reads_sectors)
{
	unsigned int i;

	ASSERT_EQ(VIRTIO_BLK_S_OK, do_request(VIRTIO_BLK_T_IN, 3, DATA, 2 * SECTOR));
	for (i = 0; i < 2 * SECTOR; i++)
		ASSERT_EQ(content(3 * SECTOR + i), *at(DATA + i));
	EXPECT_EQ(2 * SECTOR + 1, last_length());
	EXPECT_EQ(VIRTIO_BLK_S_OK, do_request(VIRTIO_BLK_T_IN, SECTORS - 1, HIGH, SECTOR));
	EXPECT_EQ(content((SECTORS - 1) * SECTOR), *at(HIGH));
	EXPECT_EQ(0, nr_changed());
}

TEST_F(disk, writes_sectors)
{
	uint8_t bytes[SECTOR];

	memset(at(DATA), 0xee, SECTOR);
	ASSERT_EQ(VIRTIO_BLK_S_OK, do_request(VIRTIO_BLK_T_OUT, 5, DATA, SECTOR));
	EXPECT_EQ(1, last_length());
	ASSERT_EQ(SECTOR, pread(guest.fd, bytes, SECTOR, 5 * SECTOR));
	EXPECT_EQ(0, memcmp(bytes, at(DATA), SECTOR));
	EXPECT_TRUE(nr_changed() && nr_changed() <= SECTOR);
}

TEST_F(disk, flushes_what_was_written)
{
	unsigned int before = nr_syncs;

	put_header(VIRTIO_BLK_T_FLUSH, 0);
	guest.desc[0] = (struct vring_desc) { HEADER, 16, NEXT, 1 };
	guest.desc[1] = (struct vring_desc) { STATUS, 1, WRITE, 0 };
	submit(0);
	EXPECT_EQ(VIRTIO_BLK_S_OK, *at(STATUS));
	EXPECT_EQ(before + 1, nr_syncs);
}

TEST_F(disk, has_a_name)
{
	ASSERT_EQ(VIRTIO_BLK_S_OK, do_request(VIRTIO_BLK_T_GET_ID, 0, DATA, 20));
	EXPECT_EQ(0, strcmp("tdx-vmm disk", (char *)at(DATA)));
	EXPECT_EQ(VIRTIO_BLK_S_IOERR, do_request(VIRTIO_BLK_T_GET_ID, 0, DATA, 19));
}

/* Virtio 1 prescribes no framing. */
TEST_F(disk, takes_requests_in_any_pieces)
{
	put_header(VIRTIO_BLK_T_IN, 1);
	guest.desc[7] = (struct vring_desc) { HEADER, 9, NEXT, 3 };
	guest.desc[3] = (struct vring_desc) { HEADER + 9, 7, NEXT, 15 };
	guest.desc[15] = (struct vring_desc) { DATA, 100, NEXT | WRITE, 0 };
	guest.desc[0] = (struct vring_desc) { DATA + 100, SECTOR - 100 + 1, WRITE, 0 };
	*at(DATA + SECTOR) = 0xff;
	submit(7);
	EXPECT_EQ(VIRTIO_BLK_S_OK, *at(DATA + SECTOR));
	EXPECT_EQ(content(2 * SECTOR - 1), *at(DATA + SECTOR - 1));
	EXPECT_EQ(7, guest.used->ring[0].id);
}

TEST_F(disk, interrupts_until_that_is_acknowledged)
{
	EXPECT_FALSE(line);
	do_request(VIRTIO_BLK_T_IN, 0, DATA, SECTOR);
	EXPECT_TRUE(line);
	EXPECT_EQ(VIRTIO_MMIO_INT_VRING, get(VIRTIO_MMIO_INTERRUPT_STATUS));
	set(VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	EXPECT_FALSE(line);
	guest.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	EXPECT_EQ(VIRTIO_BLK_S_OK, do_request(VIRTIO_BLK_T_IN, 0, DATA, SECTOR));
	EXPECT_FALSE(line);
}

TEST_F(disk, fails_requests_that_are_not_on_it)
{
	static const struct {
		uint64_t sector;
		uint32_t size;
	} wrong[] = {
		{ SECTORS, SECTOR }, { SECTORS - 1, 2 * SECTOR }, { UINT64_MAX, SECTOR },
		{ 1ull << 55, SECTOR }, { 0, SECTOR - 1 }, { 0, 1 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(VIRTIO_BLK_S_IOERR, do_request(VIRTIO_BLK_T_IN, wrong[i].sector, DATA,
							 wrong[i].size)) TH_LOG("%u", i);
		EXPECT_EQ(1, last_length());
		EXPECT_EQ(VIRTIO_BLK_S_IOERR, do_request(VIRTIO_BLK_T_OUT, wrong[i].sector,
							 DATA, wrong[i].size)) TH_LOG("%u", i);
	}
	EXPECT_EQ(VIRTIO_BLK_S_UNSUPP, do_request(99, 0, DATA, SECTOR));
	EXPECT_EQ(0, nr_changed());
}

/* Each of them is what the second descriptor of a request to write is replaced by. */
TEST_F(disk, wants_a_reset_after_a_wrong_descriptor)
{
	static const struct vring_desc wrong[] = {
		{ RAM - 1, SECTOR, NEXT, 2 },
		{ RAM + RAM_SIZE - SECTOR + 1, SECTOR, NEXT, 2 },
		{ RAM + RAM_SIZE, 0, NEXT, 2 },
		{ HIGH, PAGE_SIZE + 1, NEXT, 2 },
		{ DATA, UINT32_MAX, NEXT, 2 },
		{ UINT64_MAX, SECTOR, NEXT, 2 },
		{ UINT64_MAX - SECTOR + 1, SECTOR, NEXT, 2 },
		{ DATA, SECTOR, NEXT, 0 },
		{ DATA, SECTOR, NEXT, 1 },
		{ DATA, SECTOR, NEXT, SIZE },
		{ DATA, SECTOR, NEXT, UINT16_MAX },
		{ DATA, SECTOR, NEXT | VRING_DESC_F_INDIRECT, 2 },
		{ DATA, SECTOR, 0, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		begin();
		memset(at(DATA), 0xee, SECTOR);
		put_request(VIRTIO_BLK_T_OUT, 0, DATA, SECTOR);
		guest.desc[1] = wrong[i];
		submit(0);
		EXPECT_EQ(0, guest.used->idx) TH_LOG("%u", i);
		EXPECT_EQ(LIVE | VIRTIO_CONFIG_S_NEEDS_RESET, get(VIRTIO_MMIO_STATUS));
		EXPECT_EQ(VIRTIO_MMIO_INT_CONFIG, get(VIRTIO_MMIO_INTERRUPT_STATUS));
		/* Nothing is done any more. */
		EXPECT_EQ(-1, do_request(VIRTIO_BLK_T_OUT, 0, DATA, SECTOR));
		EXPECT_EQ(0xff, *at(STATUS));
		EXPECT_EQ(0, nr_changed()) TH_LOG("%u", i);
	}
	begin();
	EXPECT_EQ(VIRTIO_BLK_S_OK, do_request(VIRTIO_BLK_T_OUT, 0, DATA, SECTOR));
}

TEST_F(disk, wants_a_reset_after_a_request_of_a_wrong_shape)
{
	/* What the device reads comes before what it writes. */
	put_request(VIRTIO_BLK_T_IN, 0, DATA, SECTOR);
	guest.desc[2].flags = 0;
	submit(0);
	EXPECT_EQ(LIVE | VIRTIO_CONFIG_S_NEEDS_RESET, get(VIRTIO_MMIO_STATUS));
	/* A header of 15 bytes */
	begin();
	put_request(VIRTIO_BLK_T_IN, 0, DATA, SECTOR);
	guest.desc[0].len = 15;
	submit(0);
	EXPECT_EQ(LIVE | VIRTIO_CONFIG_S_NEEDS_RESET, get(VIRTIO_MMIO_STATUS));
	/* A status of 0 bytes */
	begin();
	put_request(VIRTIO_BLK_T_OUT, 0, DATA, SECTOR);
	guest.desc[2].len = 0;
	submit(0);
	EXPECT_EQ(LIVE | VIRTIO_CONFIG_S_NEEDS_RESET, get(VIRTIO_MMIO_STATUS));
	EXPECT_EQ(0, nr_changed());
}

TEST_F(disk, wants_a_reset_after_a_wrong_index)
{
	put_request(VIRTIO_BLK_T_OUT, 0, DATA, SECTOR);
	submit(SIZE);
	EXPECT_EQ(LIVE | VIRTIO_CONFIG_S_NEEDS_RESET, get(VIRTIO_MMIO_STATUS));
	begin();
	put_request(VIRTIO_BLK_T_IN, 0, DATA, SECTOR);
	guest.avail->idx = SIZE + 1;
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	EXPECT_EQ(LIVE | VIRTIO_CONFIG_S_NEEDS_RESET, get(VIRTIO_MMIO_STATUS));
	EXPECT_EQ(0, guest.used->idx);
}

TEST_F(disk, does_not_use_a_queue_that_is_not_in_memory)
{
	static const struct {
		uint32_t size;
		uint64_t desc, avail, used;
	} wrong[] = {
		{ 0, DESC, AVAIL, USED }, { 3, DESC, AVAIL, USED }, { 256, DESC, AVAIL, USED },
		{ 1u << 31, DESC, AVAIL, USED },
		{ SIZE, DESC + 8, AVAIL, USED }, { SIZE, DESC, AVAIL + 1, USED },
		{ SIZE, DESC, AVAIL, USED + 2 }, { SIZE, 0, AVAIL, USED }, { SIZE, DESC, 0, USED },
		{ SIZE, DESC, AVAIL, 0 }, { SIZE, RAM + RAM_SIZE - 16, AVAIL, USED },
		{ SIZE, DESC, RAM + RAM_SIZE - 4 - 2 * SIZE + 2, USED },
		{ SIZE, DESC, AVAIL, RAM + RAM_SIZE - 4 - 8 * SIZE + 4 },
		{ SIZE, UINT64_MAX - 15, AVAIL, USED },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		begin();
		set_queue(wrong[i].size, wrong[i].desc, wrong[i].avail, wrong[i].used);
		EXPECT_EQ(0, get(VIRTIO_MMIO_QUEUE_READY)) TH_LOG("%u", i);
		EXPECT_EQ(-1, do_request(VIRTIO_BLK_T_IN, 0, DATA, SECTOR));
	}
	begin();
	EXPECT_EQ(1, get(VIRTIO_MMIO_QUEUE_READY));
	set_64(VIRTIO_MMIO_QUEUE_DESC_LOW, UINT64_MAX);
	EXPECT_EQ(VIRTIO_BLK_S_OK, do_request(VIRTIO_BLK_T_IN, 0, DATA, SECTOR));
}

/* xorshift64* */
static uint64_t seed = 1;

static uint64_t random_below(uint64_t limit)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (seed * 2685821657736338717ull >> 11) % limit;
}

static uint64_t random_address(void)
{
	static const uint64_t bases[] = {
		DESC, AVAIL, USED, HEADER, STATUS, DATA, DATA, DATA, RAM + RAM_SIZE, HIGH,
		HIGH + PAGE_SIZE, 0, UINT64_MAX,
	};

	return bases[random_below(ARRAY_SIZE(bases))] + random_below(4) * random_below(SECTOR) -
	       random_below(8) / 7;
}

static uint32_t random_size(void)
{
	static const uint32_t sizes[] = { 0, 1, 15, 16, SECTOR, SECTOR, 3 * SECTOR, PAGE_SIZE,
					  0x100001, UINT32_MAX };

	return sizes[random_below(ARRAY_SIZE(sizes))];
}

static void change_something(void)
{
	switch (random_below(6)) {
	case 0:
		*at(RAM + random_below(RAM_SIZE)) = random_below(256);
		break;
	case 1:
		guest.avail->idx += random_below(3);
		break;
	case 2:
		put_header(random_below(10), random_below(SECTORS + 2));
		break;
	default:
		guest.desc[random_below(SIZE)] = (struct vring_desc) {
			random_address(), random_size(), random_below(64) ? random_below(4) : 4,
			random_below(SIZE + random_below(2)),
		};
	}
}

/* What the device may write: its ring, and the buffers of descriptors that say so. */
static void mark_writable(uint8_t *writable)
{
	const struct vring_desc *desc;
	unsigned int i;

	memset(writable, 0, RAM_SIZE);
	memset(&writable[USED - RAM], 1, 4 + 8 * SIZE);
	for (i = 0; i < SIZE; i++) {
		desc = &guest.desc[i];
		if (desc->flags & WRITE && desc->addr >= RAM && desc->addr < RAM + RAM_SIZE &&
		    desc->len <= RAM + RAM_SIZE - desc->addr)
			memset(&writable[desc->addr - RAM], 1, desc->len);
	}
}

/* Notifies, and returns the number of bytes that the device must not have written. */
static unsigned int notify(void)
{
	uint8_t before[RAM_SIZE], writable[RAM_SIZE];
	const uint8_t *now = at(RAM);
	unsigned int i, nr = 0;

	mark_writable(writable);
	memcpy(before, now, RAM_SIZE);
	set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	for (i = 0; i < RAM_SIZE; i++)
		nr += now[i] != before[i] && !writable[i];
	return nr;
}

/* A descriptor may be changed by a request before: then what the device may write is unknown. */
static bool is_table_writable(void)
{
	uint8_t writable[RAM_SIZE];

	mark_writable(writable);
	return memchr(&writable[DESC - RAM], 1, SIZE * sizeof(struct vring_desc));
}

TEST_F(disk, survives_a_guest_that_writes_anything)
{
	unsigned int i, nr_done = 0, nr_resets = 0;
	struct stat st;

	for (i = 0; i < 30000; i++) {
		if (!random_below(20))
			put_request(random_below(2), random_below(SECTORS), DATA, SECTOR);
		change_something();
		if (!random_below(50))
			set(random_below(0x100) & ~3, random_below(3) ? random_below(20) : ~0u);
		if (is_table_writable())
			set(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
		else
			ASSERT_EQ(0, notify()) TH_LOG("%u", i);
		if (get(VIRTIO_MMIO_STATUS) == LIVE)
			continue;
		nr_resets++;
		nr_done += guest.used->idx;
		begin();
	}
	ASSERT_EQ(0, fstat(guest.fd, &st));
	EXPECT_EQ(SECTORS * SECTOR, st.st_size);
	EXPECT_GT(nr_done, 1000) TH_LOG("%u", nr_done);
	EXPECT_GT(nr_resets, 1000) TH_LOG("%u", nr_resets);
}

TEST_HARNESS_MAIN
