// SPDX-License-Identifier: GPL-2.0-only
/* The log on QEMU's debug console, and the end of a run. */
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/text.h"

#define PORT_DEBUG_CONSOLE	0xe9
#define PORT_DEBUG_EXIT		0xf4
#define PORT_COM1		0x3f8
#define COM1_LINE_STATUS	(PORT_COM1 + 5)
#define COM1_TX_EMPTY		BIT_ULL(5)

static struct lock log_lock;

struct sink {
	void (*put)(char c);
};

static void put_debug_console(char c)
{
	io_out8(PORT_DEBUG_CONSOLE, c);
}

static void put_serial(char c)
{
	unsigned int tries = 100000;

	while (!(io_in8(COM1_LINE_STATUS) & COM1_TX_EMPTY) && --tries)
		cpu_pause();
	if (c == '\n')
		io_out8(PORT_COM1, '\r');
	io_out8(PORT_COM1, c);
}

struct spec {
	bool zero_pad, left;
	unsigned int width;
	unsigned int longs;
};

static void put_padded(const struct sink *s, const struct spec *spec, const char *text,
		       unsigned int length)
{
	unsigned int pad = spec->width > length ? spec->width - length : 0;

	for (; !spec->left && pad; pad--)
		s->put(spec->zero_pad ? '0' : ' ');
	while (length--)
		s->put(*text++);
	for (; pad; pad--)
		s->put(' ');
}

static void put_number(const struct sink *s, const struct spec *spec, u64 value,
		       unsigned int base, bool negative)
{
	char digits[24];
	unsigned int at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (negative)
		digits[--at] = '-';
	put_padded(s, spec, digits + at, sizeof(digits) - at);
}

static const char *parse_spec(const char *f, struct spec *spec)
{
	*spec = (struct spec){ 0 };
	for (; *f == '0' || *f == '-'; f++) {
		if (*f == '0')
			spec->zero_pad = true;
		else
			spec->left = true;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		spec->width = spec->width * 10 + (*f - '0');
	for (; *f == 'l'; f++)
		spec->longs++;
	return f;
}

static void put_string(const struct sink *s, const struct spec *spec, const char *text)
{
	put_padded(s, spec, text, text_length(text));
}

static void put_signed(const struct sink *s, const struct spec *spec, long long value)
{
	put_number(s, spec, value < 0 ? -(u64)value : (u64)value, 10, value < 0);
}

static void format_to(const struct sink *s, const char *f, va_list args)
{
	struct spec spec;
	char c;

	for (; *f; f++) {
		if (*f != '%') {
			s->put(*f);
			continue;
		}
		f = parse_spec(f + 1, &spec);
		switch (*f) {
		case 'c':
			c = va_arg(args, int);
			put_padded(s, &spec, &c, 1);
			break;
		case 's':
			put_string(s, &spec, va_arg(args, const char *));
			break;
		case 'd':
			put_signed(s, &spec, spec.longs ? va_arg(args, long long) :
				   va_arg(args, int));
			break;
		case 'u':
		case 'x':
			put_number(s, &spec, spec.longs ? va_arg(args, unsigned long long) :
				   va_arg(args, unsigned int), *f == 'x' ? 16 : 10, false);
			break;
		default:
			s->put(*f);
		}
	}
	s->put('\n');
}

void log_line_args(const char *prefix, const char *format, va_list args)
{
	const struct sink console = { put_debug_console };

	lock(&log_lock);
	put_string(&console, &(struct spec){ 0 }, prefix);
	format_to(&console, format, args);
	unlock(&log_lock);
}

void log_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line_args("", format, args);
	va_end(args);
}

void log_take_over(void)
{
	unsigned int tries = 1000000;

	while (__atomic_load_n(&log_lock.held, __ATOMIC_ACQUIRE) && --tries)
		cpu_pause();
	unlock(&log_lock);
}

void end_qemu(enum exit_code code)
{
	io_out32(PORT_DEBUG_EXIT, code);
	for (;;)
		asm volatile("cli; hlt");
}

void fail(enum exit_code code, const char *format, ...)
{
	const struct sink sinks[] = { { put_debug_console }, { put_serial } };
	va_list args;
	unsigned int i;

	/* Without the lock, because the failure may be in the logger itself. */
	for (i = 0; i < ARRAY_LEN(sinks); i++) {
		va_start(args, format);
		put_string(&sinks[i], &(struct spec){ 0 }, "tdx-emulator: ");
		format_to(&sinks[i], format, args);
		va_end(args);
	}
	end_qemu(code);
}
