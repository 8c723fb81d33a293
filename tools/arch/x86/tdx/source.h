/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of the machine, or of a tree that was recorded on another one.
 *
 * Nothing here waits: of a pipe without data nothing is read.
 */
#ifndef TDXINFO_SOURCE_H
#define TDXINFO_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#define PATH_ROOM	512

/* The path of a file in the tree @root; the machine's own if that is empty. */
void source_path(char path[PATH_ROOM], const char *root, const char *name);

/* Read at most @room - 1 bytes.  False, and an empty text, if that is not possible. */
bool source_read(const char *root, const char *name, char *text, size_t room);

/* Read the first line, without its end. */
bool source_line(const char *root, const char *name, char *text, size_t room);

/* Read a file, up to 16 MB, into memory that the caller frees; NULL if that is not possible. */
char *source_read_all(const char *root, const char *name);

bool source_exists(const char *root, const char *name);

#endif
