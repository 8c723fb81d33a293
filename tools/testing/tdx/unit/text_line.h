/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines of text for tools: words, and comments after '#'.
 */
#ifndef TDX_UNIT_TEXT_LINE_H
#define TDX_UNIT_TEXT_LINE_H

#include <linux/types.h>

#define TEXT_LINE_MAX_WORDS	256

/* Represents numbers of more than 64 bits: it is neither an address nor a size. */
#define TEXT_TOO_LARGE		(~0ULL)

/* A line that is being read. */
struct text_line {
	const char *name;	/* of the text, for messages */
	unsigned int number;
	char *words[TEXT_LINE_MAX_WORDS];
	unsigned int nr_words;
	unsigned int next;
};

/* Split the next line, @text, into words.  False after a message. */
bool text_line_split(struct text_line *line, char *text);

/* Print a message with location, expected and found word.  Returns false. */
bool text_line_bad(const struct text_line *line, const char *expected);

/* The next word; NULL at the end. */
const char *text_line_peek(const struct text_line *line);

/* Read a word that has to be @expected.  False after a message. */
bool text_line_word(struct text_line *line, const char *expected);

/*
 * Read a number: hexadecimal with 0x or decimal, with K, M, G or T.  The first function
 * reads numbers of more than 64 bits as TEXT_TOO_LARGE.  False after a message.
 */
bool text_line_any_number(struct text_line *line, u64 *value);
bool text_line_number(struct text_line *line, u64 *value);

/* Convert such a number. */
bool text_to_number(const char *word, u64 *value);

#endif
