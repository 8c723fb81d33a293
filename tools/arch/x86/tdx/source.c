// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of the machine, or of a recorded tree.  See source.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source.h"

#define MOST	(16 << 20)

void source_path(char path[PATH_ROOM], const char *root, const char *name)
{
	snprintf(path, PATH_ROOM, "%s/%s", root, name);
}

/* Returns the number of bytes; -1 if nothing can be read. */
static ssize_t read_up_to(int file, char *text, size_t room)
{
	ssize_t done = 0, got;

	do {
		got = read(file, text + done, room - done);
		if (got > 0)
			done += got;
	} while (got > 0 && done < room);
	return got < 0 && !done ? -1 : done;
}

bool source_read(const char *root, const char *name, char *text, size_t room)
{
	char path[PATH_ROOM];
	ssize_t size = -1;
	int file;

	source_path(path, root, name);
	file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (file >= 0) {
		size = read_up_to(file, text, room - 1);
		close(file);
	}
	text[size < 0 ? 0 : size] = '\0';
	return size >= 0;
}

bool source_line(const char *root, const char *name, char *text, size_t room)
{
	bool good = source_read(root, name, text, room);

	text[strcspn(text, "\n")] = '\0';
	return good;
}

char *source_read_all(const char *root, const char *name)
{
	char *text = malloc(MOST), *copy = NULL;

	if (text && source_read(root, name, text, MOST))
		copy = strdup(text);
	free(text);
	return copy;
}

bool source_exists(const char *root, const char *name)
{
	char path[PATH_ROOM];

	source_path(path, root, name);
	return !access(path, F_OK);
}
