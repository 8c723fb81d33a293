// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small files of /proc and /sys.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"

#define TDX_HOST	"/sys/devices/tdx_host"

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

unsigned long free_memory_kb(void)
{
	unsigned long kb = number_of("/proc/meminfo", "MemFree:"), pages;
	FILE *file = fopen("/proc/zoneinfo", "r");
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " count: %lu", &pages) == 1)
			kb += pages * (getpagesize() / 1024);
	if (file)
		fclose(file);
	return kb;
}

void report_lines(const char *key, FILE *file)
{
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		report(key, "%s", line);
	}
	if (file)
		fclose(file);
}

void report_file(const char *key, const char *path)
{
	report_lines(key, fopen(path, "r"));
}

/* PATH */
void show_lines(const char *arg)
{
	report_file("line", arg);
}

/* Leaves out what each device has. */
static int report_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	const char *name = path + ftw->base;
	char text[512];
	int error;

	if (type == FTW_D)
		return strcmp(name, "power") ? FTW_CONTINUE : FTW_SKIP_SUBTREE;
	if (type == FTW_F && strcmp(name, "uevent")) {
		error = read_line(path, text, sizeof(text));
		report("sysfs", "%s %o %d %s", path + sizeof(TDX_HOST), status->st_mode & 0777,
		       error, text);
	}
	return FTW_CONTINUE;
}

/* Says for how many CPUs /proc/cpuinfo has the flag, of how many. */
static void report_cpu_flag(void)
{
	FILE *file = fopen("/proc/cpuinfo", "r");
	int with = 0, cpus = 0;
	char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) >= 0) {
		cpus += !strncmp(line, "flags\t", 6);
		with += !strncmp(line, "flags\t", 6) && strstr(line, " tdx_host_platform");
	}
	report("cpu_flag", "%d of %d", with, cpus);
	free(line);
	if (file)
		fclose(file);
}

void report_sysfs(void)
{
	nftw(TDX_HOST, report_entry, 4, FTW_PHYS | FTW_ACTIONRETVAL);
	report_cpu_flag();
}
