// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test that a TD cannot hold up the host when it goes to sleep.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tdx_guest.h"

static pid_t waiter;

static void *run_vcpu(void *tg)
{
	tg_finish(tg);
	return NULL;
}

/* Waits for the mutex of the vCPU with the lock of the VM. */
static void *finalize(void *arg)
{
	struct tg_td *tg = arg;

	WRITE_ONCE(waiter, syscall(SYS_gettid));
	TEST_ERRNO(tm_finalize(tg->td.vm), EINVAL);
	return NULL;
}

static bool is_waiting(pid_t thread)
{
	char path[64], state = 'R';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
	file = fopen(path, "r");
	TEST_ASSERT(file, "%s: %s", path, strerror(errno));
	TEST_ASSERT(fscanf(file, "%*d (%*[^)]) %c", &state) == 1, "%s", path);
	fclose(file);
	return state != 'R';
}

/* It is refused, independent of the locks of the TD. */
static void hibernate(void)
{
	int fd = open("/sys/power/state", O_WRONLY);

	__TEST_REQUIRE(fd >= 0, "no /sys/power/state, or not allowed to use it");
	TEST_ASSERT(write(fd, "disk", 4) < 0 && errno == EPERM, "hibernation: %s", strerror(errno));
	close(fd);
}

int main(int argc, char *argv[])
{
	pthread_t vcpu, finalizer;
	struct tg_td tg;

	tg_require();
	tg_create(&tg, 0);
	tg_prepare_spin(&tg);
	pthread_create(&vcpu, NULL, run_vcpu, &tg);
	tg_wait_for_spin(&tg);
	pthread_create(&finalizer, NULL, finalize, &tg);
	while (!READ_ONCE(waiter) || !is_waiting(waiter))
		usleep(1000);
	hibernate();
	tg_stop(&tg);
	pthread_join(vcpu, NULL);
	pthread_join(finalizer, NULL);
	tg_close(&tg);
	return 0;
}
