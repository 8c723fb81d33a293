/* SPDX-License-Identifier: GPL-2.0-only */
/* Parsers for parts of options' values.  Each returns false for invalid values. */
#ifndef _TDX_EMU_OPTION_WORDS_H
#define _TDX_EMU_OPTION_WORDS_H

#include <linux/types.h>

#define MAX_PART	128

/* A number, decimal or with 0x; moves *@s behind it. */
bool number(const char **s, u64 *value);

/* Bytes, with K, M or G for the powers of 1024; the same. */
bool size_number(const char **s, u64 *bytes);

/* All of @s, from @low to @high. */
bool whole_number(const char *s, u64 low, u64 high, unsigned int *value);

/* Copy what is before @end to @word and move *@s behind it. */
bool word_until(const char **s, char end, char word[MAX_PART]);

/* The index of @s among @nr names; @nr if it is none of them. */
unsigned int word_index(const char *s, const char * const *names, unsigned int nr);

bool on_or_off(const char *s, bool *on);

/* A CPU's number, or "all"; moves *@s behind the colon. */
bool cpu_number(const char **s, unsigned int *cpu);

#endif /* _TDX_EMU_OPTION_WORDS_H */
