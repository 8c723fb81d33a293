// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 in a TD: reports what the guest sees, uses its disk if there is one, meanwhile has a load
 * if its argument is "load", resets the TD once if it is "reset", and turns the TD off.
 */
#include <fcntl.h>
#include <linux/rtc.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

#include "disk.h"
#include "load.h"

/* Firmware takes years of the past for wrong. */
#define YEAR_OF_RESET	2050

static int has_flag(const char *flag)
{
	FILE *file = fopen("/proc/cpuinfo", "r");
	static char line[4096];
	char *word;
	int found = 0;

	while (file && !found && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "flags", 5))
			continue;
		for (word = strtok(line, "\n "); word && !found; word = strtok(NULL, "\n "))
			found = !strcmp(word, flag);
	}
	if (file)
		fclose(file);
	return found;
}

/* Of leaf 7 of CPUID */
static void report_features(void)
{
	static const char *const features[] = {
		"fsgsbase", "bmi1", "avx2", "smep", "bmi2", "rdseed", "adx", "smap", "clflushopt",
		"clwb", "sha_ni", "umip", "pku", "rdpid",
	};
	unsigned int i;

	printf("td features");
	for (i = 0; i < sizeof(features) / sizeof(*features); i++)
		if (has_flag(features[i]))
			printf(" %s", features[i]);
	printf("\n");
}

/* The clock goes on over a reset: its year shows whether there was one. */
static int begin_reset(void)
{
	struct rtc_time time = { .tm_mday = 1, .tm_year = YEAR_OF_RESET - 1900 }, now = {};
	int rtc;

	mkdir("/dev", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	rtc = open("/dev/rtc0", O_RDONLY);
	if (ioctl(rtc, RTC_RD_TIME, &now) || now.tm_year == time.tm_year)
		return 0;
	return !ioctl(rtc, RTC_SET_TIME, &time);
}

int main(int argc, char *argv[])
{
	struct utsname name = {};
	struct sysinfo info = {};

	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	uname(&name);
	sysinfo(&info);
	printf("td kernel %s\n", name.release);
	printf("td tdx_guest %d\n", has_flag("tdx_guest"));
	report_features();
	printf("td cpus %ld\n", sysconf(_SC_NPROCESSORS_ONLN));
	printf("td memory %lu\n", info.totalram * info.mem_unit);
	begin_disk();
	if (argc > 1 && !strcmp(argv[1], "load"))
		run_load();
	end_disk();
	fflush(stdout);
	/* What the console has not sent would be lost. */
	tcdrain(STDOUT_FILENO);
	if (argc > 1 && !strcmp(argv[1], "reset") && begin_reset())
		reboot(RB_AUTOBOOT);
	reboot(RB_POWER_OFF);
	return 1;
}
