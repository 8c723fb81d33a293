/* SPDX-License-Identifier: GPL-2.0-only */
/* Parsers for parts of options' values.  Each returns false for invalid values. */
#ifndef _TDX_EMU_OPTION_WORDS_H
#define _TDX_EMU_OPTION_WORDS_H

#include <linux/types.h>

#define MAX_PART	128

/* Parse a number, decimal or with 0x, and advance *@s. */
bool number(const char **s, u64 *value);

/* Parse bytes, with K, M or G for powers of 1024, and advance *@s. */
bool size_number(const char **s, u64 *bytes);

/* Parse all of @s as a number from @low to @high. */
bool whole_number(const char *s, u64 low, u64 high, unsigned int *value);

/* Copy the text before @end to @word, and advance *@s past @end. */
bool word_until(const char **s, char end, char word[MAX_PART]);

/* The index of @s in @names; @nr if it is not found. */
unsigned int word_index(const char *s, const char * const *names, unsigned int nr);

bool on_or_off(const char *s, bool *on);

/* Parse a CPU's number, or "all", and advance *@s past the colon. */
bool cpu_number(const char **s, unsigned int *cpu);

#endif /* _TDX_EMU_OPTION_WORDS_H */
