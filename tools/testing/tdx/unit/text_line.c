// SPDX-License-Identifier: GPL-2.0-only
/* Lines of text for tools.  See text_line.h. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text_line.h"

bool text_line_bad(const struct text_line *line, const char *expected)
{
	const char *found = text_line_peek(line);

	fprintf(stderr, "%s:%u: expected %s, found '%s'\n", line->name, line->number, expected,
		found ? found : "end of line");
	return false;
}

const char *text_line_peek(const struct text_line *line)
{
	return line->next < line->nr_words ? line->words[line->next] : NULL;
}

static unsigned int shift_of(char suffix)
{
	switch (toupper(suffix)) {
	case 'K':
		return 10;
	case 'M':
		return 20;
	case 'G':
		return 30;
	case 'T':
		return 40;
	}
	return 0;
}

bool text_to_number(const char *word, u64 *value)
{
	bool hex = word[0] == '0' && tolower(word[1]) == 'x';
	unsigned int shift;
	char *end;

	if (!isxdigit(hex ? word[2] : word[0]))
		return false;
	/* TEXT_TOO_LARGE if it is. */
	*value = strtoull(word, &end, hex ? 16 : 10);
	shift = *end ? shift_of(*end) : 0;
	if (*end && (!shift || end[1]))
		return false;
	*value = *value << shift >> shift == *value ? *value << shift : TEXT_TOO_LARGE;
	return true;
}

bool text_line_any_number(struct text_line *line, u64 *value)
{
	const char *word = text_line_peek(line);

	if (!word || !text_to_number(word, value))
		return text_line_bad(line, "a number");
	line->next++;
	return true;
}

bool text_line_number(struct text_line *line, u64 *value)
{
	if (!text_line_any_number(line, value))
		return false;
	if (*value == TEXT_TOO_LARGE) {
		line->next--;
		return text_line_bad(line, "a number below 2^64 - 1");
	}
	return true;
}

bool text_line_word(struct text_line *line, const char *expected)
{
	const char *word = text_line_peek(line);

	if (!word || strcmp(word, expected))
		return text_line_bad(line, expected);
	line->next++;
	return true;
}

bool text_line_split(struct text_line *line, char *text)
{
	char *save, *found;

	line->number++;
	text[strcspn(text, "#\n")] = '\0';
	line->nr_words = 0;
	line->next = 0;
	for (found = strtok_r(text, " \t\r", &save); found;
	     found = strtok_r(NULL, " \t\r", &save)) {
		if (line->nr_words == TEXT_LINE_MAX_WORDS) {
			fprintf(stderr, "%s:%u: too many words\n", line->name, line->number);
			return false;
		}
		line->words[line->nr_words++] = found;
	}
	return true;
}
