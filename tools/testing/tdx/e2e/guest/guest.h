/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program that runs in the machine under test, as its only process.
 */
#ifndef TDX_E2E_GUEST_H
#define TDX_E2E_GUEST_H

#include <stdio.h>
#include <sys/types.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* Reports one fact to the harness: "KEY VALUE" on the second serial line. */
void report(const char *key, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reports that the machine is about to be turned off, and waits until that is sent. */
void report_end(void);

/* The errno of a system call's result, 0 for success. */
int error_of(long ret);

/* Reports each line of a file, if there is one, as "KEY LINE", and closes it. */
void report_lines(const char *key, FILE *file);
void report_file(const char *key, const char *path);

/*
 * Run after each scenario: all files of TDX in sysfs, each with its mode, errno and text, and
 * the flag in /proc/cpuinfo.
 */
void report_sysfs(void);

/* Run after the scenario if the kernel command line has coverage=on. */
void report_coverage(void);

/* Takes a CPU offline, '0', or online, '1'.  Returns an errno. */
int set_online(int cpu, char online);

/* Reads the first line of a file, without the newline.  Returns an errno. */
int read_line(const char *path, char *text, size_t size);

/* Writes a text to an existing file.  Returns an errno. */
int write_text(const char *path, const char *text);

/* The number after a key that begins a line of a file; 0 if none. */
unsigned long number_of(const char *path, const char *key);

/* Free memory, with the free pages that CPUs keep in lists: MemFree does not count those. */
unsigned long free_memory_kb(void);

/* Forks a process that creates a TD and exits with the errno. */
pid_t start_creator(void);

/* Scenarios; @arg is the part after the comma of tdxtest=NAME,ARG, or "". */
void create_td(const char *arg);
void create_tds_at_once(const char *arg);
void create_td_in_fragmented_memory(const char *arg);
void create_td_without_contiguous_memory(const char *arg);
void create_td_while_cpu_toggles(const char *arg);
void ordinary_vm(const char *arg);
void read_pamt(const char *arg);
void load_modules(const char *arg);
void unload_modules(const char *arg);
void run_loads(const char *arg);

/* Steps of scenarios, tdxtest=NAME,ARG;NAME,ARG... */
void after_kexec(const char *arg);
void ask(const char *arg);
void begin_td(const char *arg);
void close_tds(const char *arg);
void crash(const char *arg);
void doze(const char *arg);
void end_hog(const char *arg);
void end_td(const char *arg);
void hibernate(const char *arg);
void hog_cpu(const char *arg);
void hold_td(const char *arg);
void kexec(const char *arg);
void kexec_chain(const char *arg);
void kexec_load(const char *arg);
void lock_pages(const char *arg);
void map_device(const char *arg);
void note(const char *arg);
void open_tds(const char *arg);
void report_hardware(const char *arg);
void report_td_memory(const char *arg);
void restart(const char *arg);
void run_selftest(const char *arg);
void set_file(const char *arg);
void show_file(const char *arg);
void show_lines(const char *arg);
void start_selftest(const char *arg);

void report_memory(const char *arg);
void run_td_console(const char *arg);
void run_td_guest(const char *arg);
void run_td_guests(const char *arg);
void start_td(const char *arg);
void take_snapshot(const char *arg);
void toggle_cpus(const char *arg);
void wait_for_file(const char *arg);
void unlock_pages(const char *arg);
void wait_for_log(const char *arg);
void wait_for_seamcalls(const char *arg);
void wait_for_stuck_worker(const char *arg);

#endif
