// SPDX-License-Identifier: GPL-2.0-only
/* Parsers for numbers, sizes and words in values of options. */
#include "cpu/layout.h"
#include "lib/text.h"
#include "machine/option_words.h"
#include "machine/options.h"

bool number(const char **s, u64 *value)
{
	const char *start = *s;
	unsigned int base = 10, digit;

	if (start[0] == '0' && start[1] == 'x') {
		base = 16;
		start += 2;
	}
	*value = 0;
	for (*s = start; **s; ++*s) {
		if (**s >= '0' && **s <= '9')
			digit = **s - '0';
		else if (base == 16 && (**s | 0x20) >= 'a' && (**s | 0x20) <= 'f')
			digit = (**s | 0x20) - 'a' + 10;
		else
			break;
		if (*value > (~0ULL - digit) / base)
			return false;
		*value = *value * base + digit;
	}
	return *s != start;
}

bool size_number(const char **s, u64 *bytes)
{
	static const char units[] = "KMG";
	unsigned int i;

	if (!number(s, bytes))
		return false;
	for (i = 0; units[i]; i++) {
		if (**s != units[i])
			continue;
		++*s;
		i = 10 * (i + 1);
		if (*bytes > ~0ULL >> i)
			return false;
		*bytes <<= i;
		break;
	}
	return true;
}

bool whole_number(const char *s, u64 low, u64 high, unsigned int *value)
{
	u64 n;

	if (!number(&s, &n) || *s || n < low || n > high)
		return false;
	*value = n;
	return true;
}

bool word_until(const char **s, char end, char word[MAX_PART])
{
	unsigned int length = 0;

	for (; **s && **s != end && length < MAX_PART - 1; ++*s)
		word[length++] = **s;
	word[length] = '\0';
	return *(*s)++ == end;
}

unsigned int word_index(const char *s, const char * const *names, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (text_equal(s, names[i]))
			break;
	}
	return i;
}

bool on_or_off(const char *s, bool *on)
{
	static const char * const names[] = { "off", "on" };
	unsigned int i = word_index(s, names, ARRAY_LEN(names));

	*on = i == 1;
	return i < ARRAY_LEN(names);
}

bool cpu_number(const char **s, unsigned int *cpu)
{
	char word[MAX_PART];

	if (!word_until(s, ':', word))
		return false;
	*cpu = ALL_CPUS;
	return text_equal(word, "all") || whole_number(word, 0, MAX_CPUS - 1, cpu);
}
