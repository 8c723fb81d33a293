// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the machine under test: runs the scenario of tdxtest=NAME[,ARG] on
 * the kernel command line, or several of them separated by semicolons, reports,
 * and turns the machine off.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"

static const struct {
	const char *name;
	void (*run)(const char *arg);
} scenarios[] = {
	{ "create-td", create_td },
	{ "create-tds-at-once", create_tds_at_once },
	{ "create-td-in-fragmented-memory", create_td_in_fragmented_memory },
	{ "create-td-without-contiguous-memory", create_td_without_contiguous_memory },
	{ "create-td-while-cpu-toggles", create_td_while_cpu_toggles },
	{ "ordinary-vm", ordinary_vm },
	{ "read-pamt", read_pamt },
	{ "load-modules", load_modules },
	{ "unload-modules", unload_modules },
	{ "loads", run_loads },
	{ "after-kexec", after_kexec },
	{ "ask", ask },
	{ "begin-td", begin_td },
	{ "close-tds", close_tds },
	{ "crash", crash },
	{ "doze", doze },
	{ "end-hog", end_hog },
	{ "end-td", end_td },
	{ "hardware", report_hardware },
	{ "hibernate", hibernate },
	{ "hog-cpu", hog_cpu },
	{ "hold-td", hold_td },
	{ "kexec", kexec },
	{ "kexec-chain", kexec_chain },
	{ "kexec-load", kexec_load },
	{ "lock-pages", lock_pages },
	{ "map", map_device },
	{ "memory", report_memory },
	{ "note", note },
	{ "open-tds", open_tds },
	{ "restart", restart },
	{ "selftest", run_selftest },
	{ "set", set_file },
	{ "show", show_file },
	{ "show-lines", show_lines },
	{ "snapshot", take_snapshot },
	{ "start-selftest", start_selftest },
	{ "start-td", start_td },
	{ "td-console", run_td_console },
	{ "td-guest", run_td_guest },
	{ "td-guests", run_td_guests },
	{ "td-memory", report_td_memory },
	{ "toggle-cpus", toggle_cpus },
	{ "wait", wait_for_file },
	{ "unlock-pages", unlock_pages },
	{ "wait-log", wait_for_log },
	{ "wait-seamcalls", wait_for_seamcalls },
	{ "wait-stuck", wait_for_stuck_worker },
};

void report(const char *key, const char *format, ...)
{
	va_list args;

	printf("%s ", key);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

void report_end(void)
{
	report("off", "%s", "now");
	tcdrain(STDOUT_FILENO);
}

int error_of(long ret)
{
	return ret < 0 ? errno : 0;
}

static void mount_all(void)
{
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mkdir("/dev/shm", 01777);
	mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL);
}

/*
 * Reports have a serial line of their own, because the kernel's messages would
 * be mixed with them.  A break on this line can be read, and does not change
 * the reports.
 */
static void open_report_line(void)
{
	int line = open("/dev/ttyS1", O_RDWR | O_NOCTTY);
	struct termios mode;

	if (!tcgetattr(line, &mode)) {
		mode.c_lflag &= ~(ICANON | ECHO | ISIG);
		mode.c_iflag &= ~(IGNBRK | BRKINT | PARMRK);
		tcsetattr(line, TCSANOW, &mode);
	}
	if (line >= 0)
		dup2(line, STDOUT_FILENO);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

/* The value of tdxtest= on the kernel's command line. */
static char *scenario_names(char *cmdline, size_t size)
{
	FILE *file = fopen("/proc/cmdline", "r");
	char *start;

	if (!file || !fgets(cmdline, size, file))
		return NULL;
	fclose(file);
	start = strstr(cmdline, "tdxtest=");
	if (!start)
		return NULL;
	start += strlen("tdxtest=");
	start[strcspn(start, "\n ")] = '\0';
	return start;
}

/* Runs NAME,ARG. */
static void run_scenario(char *name)
{
	char *arg = strchr(name, ',');
	size_t i;

	if (arg)
		*arg++ = '\0';
	for (i = 0; i < ARRAY_SIZE(scenarios); i++) {
		if (!strcmp(name, scenarios[i].name)) {
			scenarios[i].run(arg ? arg : "");
			report("done", "%s", name);
			return;
		}
	}
	report("unknown_scenario", "%s", name);
}

/* Starts two scans of kmemleak, which reports leaks only after the second one. */
static void report_leaks(void)
{
	int i, fd = open("/sys/kernel/debug/kmemleak", O_RDWR);

	for (i = 0; fd >= 0 && i < 2; i++) {
		if (write(fd, "scan", 4) < 0)
			break;
		sleep(i ? 0 : 5);
	}
	if (fd >= 0)
		close(fd);
	report("kmemleak_scanned", "%d", i);
	report_file("kmemleak", "/sys/kernel/debug/kmemleak");
}

int main(void)
{
	char cmdline[4096], *names;

	mount_all();
	open_report_line();
	names = scenario_names(cmdline, sizeof(cmdline));
	while (names)
		run_scenario(strsep(&names, ";"));
	report_file("info", "/sys/kernel/debug/x86/tdx/info");
	report_sysfs();
	if (strstr(cmdline, "kmemleak=on"))
		report_leaks();
	if (strstr(cmdline, "coverage=on"))
		report_coverage();
	report_end();
	reboot(RB_POWER_OFF);
	return 1;
}
