/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sizes for people.
 */
#ifndef TDXINFO_SIZE_TEXT_H
#define TDXINFO_SIZE_TEXT_H

#include <stdint.h>

#define SIZE_ROOM	32

/* Write a size with its unit, for example "2.3 MB". */
void size_text(char text[SIZE_ROOM], uint64_t bytes);

#endif
