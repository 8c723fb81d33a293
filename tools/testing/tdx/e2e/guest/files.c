// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small files of /proc and /sys.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

int read_line(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t length = fd < 0 ? fd : read(fd, text, size - 1);
	int error = error_of(length);

	if (fd >= 0)
		close(fd);
	text[error ? 0 : length] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return error;
}

int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int error = error_of(fd < 0 ? fd : write(fd, text, strlen(text)));

	if (fd >= 0)
		close(fd);
	return error;
}

unsigned long number_of(const char *path, const char *key)
{
	FILE *file = fopen(path, "r");
	unsigned long number = 0;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			number = strtoul(line + strlen(key), NULL, 10);
	if (file)
		fclose(file);
	return number;
}
