// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clock in CMOS, which gives the time of the host, and cannot be set.
 */
#include <time.h>

#include "vmm.h"

/* Registers */
#define SECONDS		0
#define MINUTES		2
#define HOURS		4
#define DAY		7
#define MONTH		8
#define YEAR		9
#define STATUS_A	10
#define STATUS_B	11
#define STATUS_D	13
#define CENTURY		0x32

#define A_DIVIDER	0x26
#define B_24_HOURS	0x02
#define D_VALID		0x80

static uint8_t selected;

static uint8_t bcd(int value)
{
	return value / 10 % 10 << 4 | value % 10;
}

void cmos_write(unsigned int reg, uint8_t value)
{
	if (!reg)
		selected = value & 0x7f;
}

uint8_t cmos_read(unsigned int reg)
{
	time_t now = time(NULL);
	struct tm tm;

	if (!reg)
		return 0xff;
	gmtime_r(&now, &tm);
	switch (selected) {
	case SECONDS:
		return bcd(tm.tm_sec);
	case MINUTES:
		return bcd(tm.tm_min);
	case HOURS:
		return bcd(tm.tm_hour);
	case DAY:
		return bcd(tm.tm_mday);
	case MONTH:
		return bcd(tm.tm_mon + 1);
	case YEAR:
		return bcd(tm.tm_year);
	case CENTURY:
		return bcd(19 + tm.tm_year / 100);
	case STATUS_A:
		return A_DIVIDER;
	case STATUS_B:
		return B_24_HOURS;
	case STATUS_D:
		return D_VALID;
	default:
		return 0;
	}
}
