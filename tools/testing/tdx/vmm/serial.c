// SPDX-License-Identifier: GPL-2.0-only
/*
 * A serial port, 16550A: sends at once, and receives from the terminal.
 */
#include <pthread.h>

#include "vmm.h"

/* Registers; the first two are the divisor if DLAB is set. */
enum { DATA, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCR };

#define IER_RECEIVE	0x01
#define IER_TRANSMIT	0x02
#define IIR_NONE	0x01
#define IIR_TRANSMIT	0x02
#define IIR_RECEIVE	0x04
#define IIR_FIFO	0xc0
#define FCR_FIFO	0x01
#define FCR_CLEAR	0x02
#define LCR_DLAB	0x80
#define MCR_LOOP	0x10
#define LSR_DATA	0x01
#define LSR_EMPTY	0x60
#define MSR_READY	0xb0	/* CTS, DSR, DCD */

static struct {
	pthread_mutex_t lock;
	uint8_t ier, fcr, lcr, mcr, scr, divisor[2];
	bool transmitted;	/* and not reported yet */
	uint8_t received[256];
	unsigned int head, tail;
} uart = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool has_data(void)
{
	return uart.head != uart.tail;
}

static uint8_t interrupt_id(void)
{
	if (uart.ier & IER_RECEIVE && has_data())
		return IIR_RECEIVE;
	if (uart.ier & IER_TRANSMIT && uart.transmitted)
		return IIR_TRANSMIT;
	return IIR_NONE;
}

static void update_line(void)
{
	ioapic_set_line(SERIAL_GSI, interrupt_id() != IIR_NONE);
}

static uint8_t read_data(void)
{
	return has_data() ? uart.received[uart.tail++ % sizeof(uart.received)] : 0;
}

static uint8_t read_iir(void)
{
	uint8_t id = interrupt_id();

	if (id == IIR_TRANSMIT)
		uart.transmitted = false;
	return id | (uart.fcr & FCR_FIFO ? IIR_FIFO : 0);
}

/* In loopback mode the outputs of MCR are seen as inputs. */
static uint8_t read_msr(void)
{
	if (!(uart.mcr & MCR_LOOP))
		return MSR_READY;
	return (uart.mcr & 0x0c) << 4 | (uart.mcr & 0x02) << 3 | (uart.mcr & 0x01) << 5;
}

static uint8_t read_register(unsigned int reg)
{
	if (reg <= IER && uart.lcr & LCR_DLAB)
		return uart.divisor[reg];
	switch (reg) {
	case DATA:
		return read_data();
	case IER:
		return uart.ier;
	case IIR_FCR:
		return read_iir();
	case LCR:
		return uart.lcr;
	case MCR:
		return uart.mcr;
	case LSR:
		return LSR_EMPTY | (has_data() ? LSR_DATA : 0);
	case MSR:
		return read_msr();
	default:
		return uart.scr;
	}
}

static void push(uint8_t byte)
{
	if (uart.head - uart.tail < sizeof(uart.received))
		uart.received[uart.head++ % sizeof(uart.received)] = byte;
}

static void write_data(uint8_t value)
{
	if (uart.mcr & MCR_LOOP)
		push(value);
	else
		console_write(value);
	uart.transmitted = true;
}

static void write_ier(uint8_t value)
{
	if (value & ~uart.ier & IER_TRANSMIT)
		uart.transmitted = true;
	uart.ier = value & 0x0f;
}

static void write_fcr(uint8_t value)
{
	uart.fcr = value;
	if (value & FCR_CLEAR)
		uart.tail = uart.head;
}

static void write_register(unsigned int reg, uint8_t value)
{
	if (reg <= IER && uart.lcr & LCR_DLAB) {
		uart.divisor[reg] = value;
		return;
	}
	switch (reg) {
	case DATA:
		return write_data(value);
	case IER:
		return write_ier(value);
	case IIR_FCR:
		return write_fcr(value);
	case LCR:
		uart.lcr = value;
		break;
	case MCR:
		uart.mcr = value & 0x1f;
		break;
	case SCR:
		uart.scr = value;
		break;
	}
}

uint8_t serial_read(unsigned int reg)
{
	uint8_t value;

	pthread_mutex_lock(&uart.lock);
	value = read_register(reg);
	update_line();
	pthread_mutex_unlock(&uart.lock);
	return value;
}

void serial_write(unsigned int reg, uint8_t value)
{
	pthread_mutex_lock(&uart.lock);
	write_register(reg, value);
	update_line();
	pthread_mutex_unlock(&uart.lock);
}

/* What does not fit is lost. */
void serial_receive(const uint8_t *bytes, size_t nr)
{
	pthread_mutex_lock(&uart.lock);
	while (nr--)
		push(*bytes++);
	update_line();
	pthread_mutex_unlock(&uart.lock);
}
