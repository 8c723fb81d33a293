// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starting another kernel from this one.  It runs this program too, and gets its scenario
 * in the same way: by tdxtest= on its command line.
 *
 * The kernel is /kexec/bzImage of the initramfs; its initramfs is made here.
 */
#define _GNU_SOURCE
#include <asm/bootparam.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/kvm.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"
#include "kvm_numbers.h"

#define KERNEL		"kexec/bzImage"
#define INITRAMFS	"kexec/initramfs"

#define PAGE		4096UL
#define MB		0x100000UL
#define KEEP_FREE_MB	16
#define MAX_CHUNKS	4096

#define MAX_CMDLINE	2048
#define SECTOR		512
#define HEADER_END	0x201	/* a byte: length of the setup header after 0x202 */
#define ENTRY_64	0x200	/* offset in the protected-mode kernel */
#define LOADER_UNKNOWN	0xff

/* Boot data for the second kernel: in low memory, never allocated. */
#define TOLD_PA		0x10000UL

/* More SEAMCALLs than 4 CPUs make before the initialization of TDMRs. */
#define CALLS_BEFORE_TDMRS	32
#define PATIENCE		6000	/* a minute */

static void pad(FILE *archive)
{
	while (ftell(archive) % 4)
		fputc('\0', archive);
}

/* Writes a header in cpio's "newc" format. */
static void pack_entry(FILE *archive, const char *name, unsigned int mode, unsigned int bytes)
{
	static unsigned int inode;

	fprintf(archive, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08zx%08x", ++inode,
		mode, 0, 0, 1, 0, bytes, 0, 0, 0, 0, strlen(name) + 1, 0);
	fwrite(name, strlen(name) + 1, 1, archive);
	pad(archive);
}

/* Packs a file or a directory. */
static void pack_file(FILE *archive, const char *name)
{
	FILE *file = fopen(name, "r");
	struct stat status;
	char buffer[PAGE];
	size_t bytes;

	if (!file || fstat(fileno(file), &status))
		return;
	pack_entry(archive, name, status.st_mode, S_ISREG(status.st_mode) ? status.st_size : 0);
	while ((bytes = fread(buffer, 1, sizeof(buffer), file)))
		fwrite(buffer, bytes, 1, archive);
	pad(archive);
	fclose(file);
}

/* Files to run a scenario, and those to start another kernel, too. */
static const char * const program[] = { "dev", "init", NULL };
static const char * const program_and_kernel[] = { "dev", "init", "kexec", KERNEL, NULL };

static void pack_initramfs(const char * const *names)
{
	FILE *archive = fopen(INITRAMFS, "w");

	if (!archive)
		return;
	while (*names)
		pack_file(archive, *names++);
	pack_entry(archive, "TRAILER!!!", 0, 0);
	fclose(archive);
}

static int starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

/* This kernel's command line without its own options, with @scenario. */
static void next_cmdline(char to[MAX_CMDLINE], const char *scenario, const char *option)
{
	char old[MAX_CMDLINE] = "", *word;
	FILE *file = fopen("/proc/cmdline", "r");
	size_t used = 0;

	if (!file || !fgets(old, sizeof(old), file))
		return;
	fclose(file);
	old[strcspn(old, "\n")] = '\0';
	for (word = strtok(old, " "); word; word = strtok(NULL, " "))
		if (!starts_with(word, "tdxtest=") && !starts_with(word, "crashkernel="))
			used += snprintf(to + used, MAX_CMDLINE - used, "%s ", word);
	snprintf(to + used, MAX_CMDLINE - used, "%s tdxtest=%s", option, scenario);
}

static int load_files(const char *cmdline, unsigned long flags)
{
	int error, kernel = open(KERNEL, O_RDONLY), initramfs = open(INITRAMFS, O_RDONLY);

	error = error_of(syscall(SYS_kexec_file_load, kernel, initramfs, strlen(cmdline) + 1,
				 cmdline, flags));
	close(kernel);
	close(initramfs);
	return error;
}

static int load_by_file(const char *cmdline)
{
	return load_files(cmdline, 0);
}

static int load_for_crash(const char *cmdline)
{
	return load_files(cmdline, KEXEC_FILE_ON_CRASH);
}

struct mapping {
	unsigned char *start;
	size_t bytes;
};

static struct mapping map_file(const char *name)
{
	struct mapping mapping = { 0 };
	int fd = open(name, O_RDONLY);
	struct stat status;

	if (fd < 0 || fstat(fd, &status))
		return mapping;
	mapping.bytes = status.st_size;
	mapping.start = mmap(NULL, mapping.bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	return mapping;
}

/*
 * Boot parameters of the second kernel, and the code that jumps to it: see boot.rst,
 * "64-bit".
 */
struct told {
	struct boot_params params;
	char cmdline[MAX_CMDLINE];
	struct {
		uint8_t mov_rsi[2];
		uint64_t params;
		uint8_t mov_rax[2];
		uint64_t entry;
		uint8_t jmp_rax[2];
	} __attribute__((packed)) code;
} __attribute__((aligned(PAGE)));

/* Memory map and hardware are this kernel's, the rest the image's. */
static void fill_params(struct boot_params *params, const struct mapping *kernel,
			unsigned long initramfs_pa, size_t initramfs_bytes)
{
	size_t at = offsetof(struct boot_params, hdr);
	int fd = open("/sys/kernel/boot_params/data", O_RDONLY);

	if (read(fd, params, sizeof(*params)) != sizeof(*params))
		report("boot_params", "%s", "not readable");
	close(fd);
	memcpy(&params->hdr, kernel->start + at, HEADER_END + 1 + kernel->start[HEADER_END] - at);
	params->hdr.type_of_loader = LOADER_UNKNOWN;
	params->hdr.ramdisk_image = initramfs_pa;
	params->hdr.ramdisk_size = initramfs_bytes;
	params->hdr.cmd_line_ptr = TOLD_PA + offsetof(struct told, cmdline);
	params->hdr.setup_data = 0;
}

static void fill_code(struct told *told, unsigned long entry)
{
	memcpy(told->code.mov_rsi, "\x48\xbe", 2);
	told->code.params = TOLD_PA + offsetof(struct told, params);
	memcpy(told->code.mov_rax, "\x48\xb8", 2);
	told->code.entry = entry;
	memcpy(told->code.jmp_rax, "\xff\xe0", 2);
}

static unsigned long round_up(unsigned long value, unsigned long to)
{
	return (value + to - 1) / to * to;
}

static int load_segments(const char *cmdline, unsigned long flags)
{
	static struct told told;
	struct mapping kernel = map_file(KERNEL), initramfs = map_file(INITRAMFS);
	const struct setup_header *header = (void *)(kernel.start +
						     offsetof(struct boot_params, hdr));
	size_t setup_bytes = (header->setup_sects + 1) * SECTOR;
	unsigned long kernel_pa = header->pref_address, room = round_up(header->init_size, PAGE);
	unsigned long initramfs_pa = round_up(kernel_pa + room, MB);
	struct kexec_segment segments[] = {
		{ &told, sizeof(told), (void *)TOLD_PA, sizeof(told) },
		{ kernel.start + setup_bytes, kernel.bytes - setup_bytes, (void *)kernel_pa, room },
		{ initramfs.start, initramfs.bytes, (void *)initramfs_pa,
		  round_up(initramfs.bytes, PAGE) },
	};

	fill_params(&told.params, &kernel, initramfs_pa, initramfs.bytes);
	snprintf(told.cmdline, sizeof(told.cmdline), "%s", cmdline);
	fill_code(&told, kernel_pa + ENTRY_64);
	return error_of(syscall(SYS_kexec_load, TOLD_PA + offsetof(struct told, code),
				ARRAY_SIZE(segments), segments, KEXEC_ARCH_X86_64 | flags));
}

static int load_by_segments(const char *cmdline)
{
	return load_segments(cmdline, 0);
}

/* The second kernel would return to this one. */
static int load_for_a_jump(const char *cmdline)
{
	return load_segments(cmdline, KEXEC_PRESERVE_CONTEXT);
}

static const struct {
	const char *name;
	int (*load)(const char *cmdline);
} ways[] = {
	{ "segments", load_by_segments },
	{ "file", load_by_file },
	{ "crash", load_for_crash },
	{ "jump", load_for_a_jump },
};

/*
 * WAY[,OPTION]: loads a kernel that runs after-kexec, with OPTION on its
 * command line.
 */
void kexec_load(const char *arg)
{
	size_t i, length = strcspn(arg, ",");
	char cmdline[MAX_CMDLINE];

	pack_initramfs(program);
	next_cmdline(cmdline, "after-kexec", arg[length] ? arg + length + 1 : "");
	for (i = 0; i < ARRAY_SIZE(ways); i++)
		if (length == strlen(ways[i].name) && starts_with(arg, ways[i].name))
			report("kexec_load", "%d", ways[i].load(cmdline));
}

/* Starts the loaded kernel by reboot(), which calls the reboot notifiers. */
void kexec(const char *arg)
{
	tcdrain(STDOUT_FILENO);
	report("kexec_failed", "%d", error_of(reboot(RB_KEXEC)));
}

/*
 * Crashes on CPU @arg.  It has to be the first CPU if the crash kernel starts
 * others, because an INIT would make the first CPU start the BIOS.
 */
void crash(const char *arg)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(atoi(arg), &set);
	tcdrain(STDOUT_FILENO);
	if (!sched_setaffinity(0, sizeof(set), &set))
		report("crash_failed", "%d", error_of(write(fd, "c", 1)));
}

static unsigned long seamcalls(void)
{
	return number_of("/sys/kernel/debug/x86/tdx/info", "seamcalls ");
}

/* Returns when a process that creates a TD initializes TDMRs. */
void begin_td(const char *arg)
{
	int tries;

	start_creator();
	for (tries = 0; tries < PATIENCE && seamcalls() < CALLS_BEFORE_TDMRS; tries++)
		usleep(10 * 1000);
	report("begin_td", "%d", tries < PATIENCE ? 0 : ETIMEDOUT);
}

/* The first word of a page holds its address; the kernel cleared the rest. */
static size_t *word_of(char *chunk, size_t at)
{
	return (size_t *)(chunk + at);
}

static void write_chunk(char *chunk)
{
	size_t at;

	for (at = 0; at < MB; at += PAGE)
		*word_of(chunk, at) = (uintptr_t)chunk + at;
}

static size_t wrong_pages(char *chunk)
{
	size_t at, wrong = 0;

	for (at = 0; at < MB; at += PAGE)
		wrong += *word_of(chunk, at) != (uintptr_t)chunk + at;
	return wrong;
}

static unsigned long available_mb(void)
{
	return number_of("/proc/meminfo", "MemAvailable:") / 1024;
}

static void use_memory(void)
{
	static char *chunks[MAX_CHUNKS];
	size_t i, nr, wrong = 0;

	for (nr = 0; nr < MAX_CHUNKS && available_mb() > KEEP_FREE_MB; nr++) {
		chunks[nr] = mmap(NULL, MB, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (chunks[nr] == MAP_FAILED)
			break;
		write_chunk(chunks[nr]);
	}
	for (i = 0; i < nr; i++)
		wrong += wrong_pages(chunks[i]);
	report("memory_used_mb", "%zu", nr);
	report("memory_wrong", "%zu", wrong);
}

/* Run by the last kernel: uses all that the previous kernel may have left unusable. */
void after_kexec(const char *arg)
{
	report("cpus", "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	create_td("");
	use_memory();
}

/* Starts @arg more kernels, one after the other. */
void kexec_chain(const char *arg)
{
	int nr = atoi(arg);
	char scenario[64], cmdline[MAX_CMDLINE];

	report("kernels_to_go", "%d", nr);
	if (!nr) {
		after_kexec("");
		return;
	}
	pack_initramfs(program_and_kernel);
	snprintf(scenario, sizeof(scenario), "kexec-chain,%d", nr - 1);
	next_cmdline(cmdline, scenario, "");
	report("kexec_load", "%d", nr % 2 ? load_by_file(cmdline) : load_by_segments(cmdline));
	kexec("");
}
