// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps of scenarios with hotplug.
 *
 * In arguments, the PATH acpi:NAME/FILE is that file of the ACPI device with
 * the full name \NAME.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"
#include "kvm_numbers.h"

#define ACPI		"/sys/bus/acpi/devices"
#define CPUS		"/sys/devices/system/cpu"
#define MEMORY		"/sys/devices/system/memory"
#define MAX_PATH	512
#define MAX_TEXT	256
#define MAX_RECORD	8192
#define MAX_NUMBER	1024
#define PATIENCE_S	60
#define MAPPED		(2UL << 20)

/* The path of an ACPI device's file; a nonexistent path if there is no such device. */
static void find_acpi(const char *name, char *path)
{
	size_t length = strcspn(name, "/");
	DIR *dir = opendir(ACPI);
	char text[MAX_TEXT];
	struct dirent *entry;

	strcpy(path, ACPI "/none");
	while (dir && (entry = readdir(dir))) {
		snprintf(path, MAX_PATH, ACPI "/%s/path", entry->d_name);
		if (read_line(path, text, sizeof(text)))
			continue;
		if (strlen(text) == length + 1 && !strncmp(text + 1, name, length)) {
			snprintf(path, MAX_PATH, ACPI "/%s%s", entry->d_name, name + length);
			break;
		}
		strcpy(path, ACPI "/none");
	}
	if (dir)
		closedir(dir);
}

/* Splits PATH=TEXT: stores the path in @path, returns the text. */
static const char *split(const char *arg, char *path)
{
	size_t length = strcspn(arg, "=");
	char given[MAX_PATH];

	snprintf(given, sizeof(given), "%.*s", (int)length, arg);
	if (strncmp(given, "acpi:", 5))
		strcpy(path, given);
	else
		find_acpi(given + 5, path);
	return arg + length + (arg[length] == '=');
}

/* PATH=TEXT */
void set_file(const char *arg)
{
	char path[MAX_PATH];
	const char *text = split(arg, path);

	report("write", "%s %d", arg, write_text(path, text));
}

/* PATH */
void show_file(const char *arg)
{
	char path[MAX_PATH], text[MAX_TEXT];
	int error;

	split(arg, path);
	error = read_line(path, text, sizeof(text));
	report("read", "%s %d %s", arg, error, text);
}

/* PATH=TEXT: waits until the file reads as TEXT. */
void wait_for_file(const char *arg)
{
	char path[MAX_PATH], text[MAX_TEXT];
	const char *wanted;
	int tries;

	for (tries = 0; tries < PATIENCE_S * 20; tries++) {
		/* The device may appear later. */
		wanted = split(arg, path);
		if (!read_line(path, text, sizeof(text)) && !strcmp(text, wanted))
			break;
		usleep(1000 * 1000 / 20);
	}
	report("wait", "%s %d", arg, tries < PATIENCE_S * 20 ? 0 : ETIMEDOUT);
}

/* Waits until a line of the kernel's log, old or new, matches the regex @arg. */
void wait_for_log(const char *arg)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK), found = 0;
	struct pollfd more = { .fd = log, .events = POLLIN };
	static char record[MAX_RECORD];
	regex_t expression;
	ssize_t length;

	if (regcomp(&expression, arg, REG_EXTENDED | REG_NOSUB))
		return;
	while (!found && poll(&more, 1, PATIENCE_S * 1000) == 1) {
		length = read(log, record, sizeof(record) - 1);
		/* -1 and EPIPE: older records were lost */
		record[length < 0 ? 0 : length] = '\0';
		/* The kernel's command line, which has the regex, is logged. */
		found = !strstr(record, "tdxtest=") && !regexec(&expression, record, 0, NULL, 0);
	}
	regfree(&expression);
	close(log);
	report("wait_log", "%s %d", arg, found ? 0 : ETIMEDOUT);
}

/* Prints the numbers of devices @prefix, each with its file @name. */
static void report_devices(const char *key, const char *directory, const char *prefix,
			   const char *name)
{
	char path[MAX_PATH], text[MAX_TEXT];
	int number;

	printf("%s", key);
	for (number = 0; number < MAX_NUMBER; number++) {
		snprintf(path, sizeof(path), "%s/%s%d", directory, prefix, number);
		if (access(path, F_OK))
			continue;
		printf(" %d", number);
		if (!name)
			continue;
		snprintf(path, sizeof(path), "%s/%s%d/%s", directory, prefix, number, name);
		read_line(path, text, sizeof(text));
		printf("=%s", text);
	}
	printf("\n");
}

/*
 * Skips resources that differ between kernels, and adapter ROMs: the kernel
 * finds one where a checksum happens to be 0.
 */
static void report_iomem(void)
{
	FILE *file = fopen("/proc/iomem", "r");
	char line[MAX_TEXT];

	printf("iomem");
	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strstr(line, " : Kernel ") && !strstr(line, " : Adapter ROM"))
			printf(" %s;", line + strspn(line, " "));
	}
	printf("\n");
	if (file)
		fclose(file);
}

void report_hardware(const char *arg)
{
	char text[MAX_TEXT];

	read_line(CPUS "/present", text, sizeof(text));
	report("cpus_present", "%s", text);
	read_line(CPUS "/online", text, sizeof(text));
	report("cpus_online", "%s", text);
	report_devices("cpu_devices", CPUS, "cpu", NULL);
	report_devices("memory_blocks", MEMORY, "memory", "state");
	report_iomem();
}

/*
 * Requests the event @arg from the harness, which sends a break on this serial
 * line when the event is complete.
 */
void ask(const char *arg)
{
	struct pollfd line = { .fd = STDOUT_FILENO, .events = POLLIN };
	int answered;
	char byte;

	tcflush(line.fd, TCIFLUSH);
	report("ask", "%s", arg);
	answered = poll(&line, 1, 2 * PATIENCE_S * 1000) == 1 && read(line.fd, &byte, 1) == 1;
	report("answered", "%s %d", arg, answered);
}

/* Writes a line to the kernel's log. */
void note(const char *arg)
{
	char text[MAX_TEXT];

	snprintf(text, sizeof(text), "<6>tdxtest: %s", arg);
	write_text("/dev/kmsg", text);
}

/* Maps and uses memory of a device. */
void map_device(const char *arg)
{
	int fd = open(arg, O_RDWR), wrong = -1;
	unsigned char *memory = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int error = error_of(fd < 0 || memory == MAP_FAILED ? -1 : 0);
	size_t i;

	if (!error) {
		memset(memory, 0x5a, MAPPED);
		for (i = 0, wrong = 0; i < MAPPED; i++)
			wrong += memory[i] != 0x5a;
		munmap(memory, MAPPED);
	}
	if (fd >= 0)
		close(fd);
	report("map", "%s %d %d", arg, error, wrong);
}

/* Creates a TD that exists until the machine is turned off. */
void hold_td(const char *arg)
{
	int kvm = open("/dev/kvm", O_RDWR);

	report("hold_td", "%d", error_of(ioctl(kvm, KVM_CREATE_VM, VM_TYPE_TDX)));
}

/*
 * Takes all CPUs except the boot CPU offline and online, one after the other,
 * @arg times.
 */
void toggle_cpus(const char *arg)
{
	int cpu, cpus = sysconf(_SC_NPROCESSORS_CONF), round, rounds = atoi(arg), off, on;

	for (round = 0; round < rounds; round++) {
		for (cpu = 1; cpu < cpus; cpu++) {
			off = set_online(cpu, '0');
			on = set_online(cpu, '1');
			report("toggle", "%d %d %d", cpu, off, on);
		}
	}
}
