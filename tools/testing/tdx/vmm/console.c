// SPDX-License-Identifier: GPL-2.0-only
/*
 * The terminal: output of the serial port, and input for it.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "vmm.h"

#define CTRL_A		1	/* then x: ends the VMM */

static struct termios original;

void console_write(char c)
{
	if (write(STDOUT_FILENO, &c, 1) < 0)
		run_stop(STATUS_ERROR);
}

static void restore(void)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &original);
}

static void set_raw(void)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &original))
		return;
	atexit(restore);
	raw = original;
	raw.c_iflag &= ~(ICRNL | IXON | INLCR);
	raw.c_lflag &= ~(ICANON | ECHO | ISIG | IEXTEN);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

static void *receive(void *unused)
{
	bool escape = false;
	uint8_t byte;

	while (read(STDIN_FILENO, &byte, 1) == 1) {
		if (escape && byte == 'x')
			run_stop(STATUS_OFF);
		escape = !escape && byte == CTRL_A;
		if (!escape)
			serial_receive(&byte, 1);
	}
	return unused;
}

void console_start(void)
{
	pthread_t thread;

	set_raw();
	if (!pthread_create(&thread, NULL, receive, NULL))
		pthread_detach(thread);
}
