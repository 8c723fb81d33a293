// SPDX-License-Identifier: GPL-2.0-only
/*
 * Obstacles to the initialization of the TDX module: pages that stay locked,
 * and a CPU that runs a real-time task without a pause.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define INFO		"/sys/kernel/debug/x86/tdx/info"
#define FUSE		"/fuse"
#define PAGE		4096UL
#define STRIDE		256	/* pages, one of which is locked */
#define REST_BYTES	((STRIDE - 1) * PAGE)
#define MAX_STRIDES	4096
#define FREED_STRIDES	64
#define HUGE_ORDER	9
#define KEEP_FREE_KB	(48 * 1024UL)
#define FILE_BYTES	(1024UL * 1024 * 1024 * 1024)
#define MAX_REQUEST	(256 * 1024)
#define TRIES		1200	/* a minute */

static pid_t daemon_pid, hog_pid, creator_pid;

static int answer(int fd, const struct fuse_in_header *in, int error, void *out, size_t size)
{
	struct fuse_out_header header = {
		.len = sizeof(header) + size, .error = -error, .unique = in->unique,
	};
	struct iovec parts[] = { { &header, sizeof(header) }, { out, size } };

	return writev(fd, parts, 2) < 0 ? errno : 0;
}

static struct fuse_attr attributes(uint64_t node)
{
	int is_root = node == FUSE_ROOT_ID;

	return (struct fuse_attr) {
		.ino = node, .nlink = 1, .size = is_root ? 0 : FILE_BYTES,
		.mode = is_root ? S_IFDIR | 0755 : S_IFREG | 0644,
	};
}

/* Reads are not answered, so their pages stay locked. */
static void answer_request(int fd, const struct fuse_in_header *in)
{
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = PAGE, .flags = FUSE_ASYNC_READ, .max_write = PAGE,
		.max_background = 0xffff, .congestion_threshold = 0xffff,
	};
	struct fuse_entry_out entry = {
		.nodeid = 2, .attr_valid = 3600, .entry_valid = 3600, .attr = attributes(2),
	};
	struct fuse_attr_out attr = { .attr_valid = 3600, .attr = attributes(in->nodeid) };
	struct fuse_open_out opened = { .fh = 1 };

	switch (in->opcode) {
	case FUSE_INIT:
		answer(fd, in, 0, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		answer(fd, in, 0, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
		answer(fd, in, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
		answer(fd, in, 0, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		break;
	default:
		answer(fd, in, EOPNOTSUPP, NULL, 0);
	}
}

static void serve(int fd)
{
	static char request[MAX_REQUEST];

	while (read(fd, request, sizeof(request)) > 0)
		answer_request(fd, (const struct fuse_in_header *)request);
	_exit(0);
}

static int mount_fuse(void)
{
	int fd = open("/dev/fuse", O_RDWR), error;
	char options[64];

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	mkdir(FUSE, 0755);
	error = error_of(mount("fuse", FUSE, "fuse", 0, options));
	if (error)
		return error;
	daemon_pid = fork();
	if (!daemon_pid)
		serve(fd);
	/* The last reference: the end of the daemon aborts requests. */
	close(fd);
	return 0;
}

/* Locks one page in each MB; the rest is allocated. */
static unsigned int fill_memory(int fd, void **rest)
{
	unsigned int locked = 0;

	while (locked < MAX_STRIDES && number_of("/proc/meminfo", "MemFree:") > KEEP_FREE_KB) {
		rest[locked] = mmap(NULL, REST_BYTES, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (rest[locked] == MAP_FAILED ||
		    posix_fadvise(fd, locked * PAGE, PAGE, POSIX_FADV_WILLNEED))
			break;
		locked++;
	}
	return locked;
}

/* The number of huge pages that the free memory has room for. */
static unsigned int free_huge_pages(void)
{
	FILE *file = fopen("/proc/buddyinfo", "r");
	unsigned long blocks, pages = 0;
	char line[256], *text;
	unsigned int order;

	while (file && fgets(line, sizeof(line), file)) {
		text = strstr(line, "zone");
		text += strcspn(text, "0123456789");
		if (!strncmp(text, "32", 2))	/* DMA32 */
			text += 2;
		for (order = 0; *text && *text != '\n'; order++) {
			blocks = strtoul(text, &text, 10);
			text += strspn(text, " ");
			if (order >= HUGE_ORDER)
				pages += blocks << (order - HUGE_ORDER);
		}
	}
	if (file)
		fclose(file);
	return pages;
}

/*
 * What is still free may be a large chunk.  Free memory around locked pages instead, and
 * turn the chunk into huge pages.
 */
static void fragment_free_memory(void **rest, unsigned int nr)
{
	char pages[16];
	unsigned int i;

	for (i = 0; i < nr && i < FREED_STRIDES; i++)
		munmap(rest[i], REST_BYTES);
	snprintf(pages, sizeof(pages), "%u", free_huge_pages());
	report("huge_pages", "%s %d", pages, write_text("/proc/sys/vm/nr_hugepages", pages));
	report("huge_pages_free", "%u", free_huge_pages());
}

/*
 * Locks pages everywhere in memory, like those of files on a server that does
 * not answer.
 */
void lock_pages(const char *arg)
{
	static void *rest[MAX_STRIDES];
	unsigned int locked;
	int error, fd;

	write_text("/sys/kernel/mm/transparent_hugepage/enabled", "never");
	error = mount_fuse();
	fd = open(FUSE "/file", O_RDONLY);
	report("lock_pages", "%d %d", error, error_of(fd));
	locked = fill_memory(fd, rest);
	report("locked_pages", "%u", locked);
	fragment_free_memory(rest, locked);
}

void unlock_pages(const char *arg)
{
	kill(daemon_pid, SIGKILL);
	report("unlock_pages", "%d", error_of(waitpid(daemon_pid, NULL, 0)));
}

/* Starts a real-time task that never gives up CPU @arg. */
void hog_cpu(const char *arg)
{
	const struct sched_param highest = { .sched_priority = 99 };
	int ready[2], error;
	cpu_set_t set;

	error = write_text("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	CPU_ZERO(&set);
	CPU_SET(atoi(arg), &set);
	if (!error)
		error = error_of(pipe(ready));
	hog_pid = fork();
	if (!hog_pid) {
		error = error_of(sched_setaffinity(0, sizeof(set), &set)) ?:
			error_of(sched_setscheduler(0, SCHED_FIFO, &highest));
		if (write(ready[1], &error, sizeof(error)) != sizeof(error))
			_exit(1);
		for (;;)
			;
	}
	if (read(ready[0], &error, sizeof(error)) != sizeof(error))
		error = EIO;
	report("hog", "%d", error);
}

void end_hog(const char *arg)
{
	kill(hog_pid, SIGKILL);
	report("end_hog", "%d", error_of(waitpid(hog_pid, NULL, 0)));
}

void start_td(const char *arg)
{
	creator_pid = start_creator();
}

/* Waits for the creator to exit; with @arg "kill" it is killed. */
void end_td(const char *arg)
{
	int status, tries;

	if (!strcmp(arg, "kill"))
		kill(creator_pid, SIGKILL);
	for (tries = 0; tries < TRIES && !waitpid(creator_pid, &status, WNOHANG); tries++)
		usleep(50 * 1000);
	if (tries == TRIES)
		report("end_td", "%s", "never");
	else if (WIFSIGNALED(status))
		report("end_td", "signal %d", WTERMSIG(status));
	else
		report("end_td", "%d", WEXITSTATUS(status));
}

/* Waits until @arg SEAMCALLs were made since boot. */
void wait_for_seamcalls(const char *arg)
{
	unsigned long wanted = strtoul(arg, NULL, 10);
	int tries;

	for (tries = 0; tries < TRIES && number_of(INFO, "seamcalls ") < wanted; tries++)
		usleep(50 * 1000);
	report("seamcalls_reached", "%d", tries < TRIES);
}

static int waits_for_page(const char *pid)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	if (read_line(path, text, sizeof(text)) || strncmp(text, "kworker/u", 9))
		return 0;
	snprintf(path, sizeof(path), "/proc/%s/wchan", pid);
	return !read_line(path, text, sizeof(text)) && strstr(text, "folio");
}

/*
 * Waits until the worker that builds the list of memory is blocked on a locked
 * page.
 */
void wait_for_stuck_worker(const char *arg)
{
	struct dirent *entry;
	int tries, stuck = 0;
	DIR *proc;

	for (tries = 0; tries < TRIES && !stuck; tries++) {
		proc = opendir("/proc");
		while (proc && !stuck && (entry = readdir(proc)))
			stuck = waits_for_page(entry->d_name);
		closedir(proc);
		usleep(50 * 1000);
	}
	report("worker_stuck", "%d", stuck);
}
