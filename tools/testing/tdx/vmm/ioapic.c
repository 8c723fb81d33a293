// SPDX-License-Identifier: GPL-2.0-only
/*
 * An I/O APIC for edge-triggered interrupts, which KVM gets as messages.
 *
 * KVM cannot see the EOI of a TD: so there are no level-triggered interrupts.
 */
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/kvm.h>

#include "vmm.h"

#define PINS		24
#define VERSION		(0x11 | (PINS - 1) << 16)

/* Registers in memory, and those that are selected */
#define SELECT		0x00
#define WINDOW		0x10
#define REG_ID		0x00
#define REG_VERSION	0x01
#define REG_TABLE	0x10

#define RTE_MASKED	BIT(16)
#define RTE_STATUS	(BIT(12) | BIT(14))	/* read only */
#define RTE_LOGICAL	BIT(11)
#define RTE_DEST	56
#define MSI_ADDRESS	0xfee00000
#define MSI_DEST	12
#define MSI_LOGICAL	BIT(2)
#define MSI_DATA	0x7ff	/* vector and delivery mode */

static struct {
	pthread_mutex_t lock;
	int vm;
	uint32_t id;
	uint8_t select;
	uint64_t rte[PINS];
	bool level[PINS];
} ioapic = { .lock = PTHREAD_MUTEX_INITIALIZER };

void ioapic_init(int vm)
{
	unsigned int i;

	ioapic.vm = vm;
	for (i = 0; i < PINS; i++)
		ioapic.rte[i] = RTE_MASKED;
}

static void send(uint64_t rte)
{
	struct kvm_msi msi = {
		.address_lo = MSI_ADDRESS | (rte >> RTE_DEST) << MSI_DEST |
			      (rte & RTE_LOGICAL ? MSI_LOGICAL : 0),
		.data = rte & MSI_DATA,
	};

	/* It is lost if there is no such CPU, as on real hardware. */
	if (ioctl(ioapic.vm, KVM_SIGNAL_MSI, &msi) < 0)
		die("KVM_SIGNAL_MSI");
}

void ioapic_set_line(unsigned int pin, bool level)
{
	pthread_mutex_lock(&ioapic.lock);
	if (level && !ioapic.level[pin] && !(ioapic.rte[pin] & RTE_MASKED))
		send(ioapic.rte[pin]);
	ioapic.level[pin] = level;
	pthread_mutex_unlock(&ioapic.lock);
}

static uint32_t read_selected(void)
{
	unsigned int half = ioapic.select - REG_TABLE;

	if (ioapic.select == REG_ID)
		return ioapic.id;
	if (ioapic.select == REG_VERSION)
		return VERSION;
	if (half >= 2 * PINS)
		return 0;
	return ioapic.rte[half / 2] >> (half % 2 * 32);
}

static void write_entry(unsigned int pin, unsigned int shift, uint32_t value)
{
	uint64_t old = ioapic.rte[pin];

	old &= ~(0xffffffffull << shift);
	ioapic.rte[pin] = (old | (uint64_t)value << shift) & ~RTE_STATUS;
}

static void write_selected(uint32_t value)
{
	unsigned int half = ioapic.select - REG_TABLE;

	if (ioapic.select == REG_ID)
		ioapic.id = value & 0x0f000000;
	else if (half < 2 * PINS)
		write_entry(half / 2, half % 2 * 32, value);
}

void ioapic_access(uint64_t offset, bool write, void *data, unsigned int size)
{
	uint32_t value = 0;

	pthread_mutex_lock(&ioapic.lock);
	if (write)
		memcpy(&value, data, size < sizeof(value) ? size : sizeof(value));
	if (offset == SELECT && write)
		ioapic.select = value;
	else if (offset == SELECT)
		value = ioapic.select;
	else if (offset == WINDOW && write)
		write_selected(value);
	else if (offset == WINDOW)
		value = read_selected();
	if (!write) {
		memset(data, 0, size);
		memcpy(data, &value, size < sizeof(value) ? size : sizeof(value));
	}
	pthread_mutex_unlock(&ioapic.lock);
}
