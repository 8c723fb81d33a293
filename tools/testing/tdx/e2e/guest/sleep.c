// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sleeps that need more than a write to a file.
 */
#include <fcntl.h>
#include <linux/suspend_ioctls.h>
#include <sys/ioctl.h>
#include <sys/swap.h>
#include <unistd.h>

#include "guest.h"

/* Sleeps with the state @arg of /sys/power/state, until a break on the serial line. */
void doze(const char *arg)
{
	report("wakeup", "%d", write_text("/sys/class/tty/ttyS1/power/wakeup", "enabled"));
	report("ask", "%s", "knock");
	report("awake", "%d", write_text("/sys/power/state", arg));
}

/*
 * Hibernation by means of /dev/snapshot, except that the image is not written:
 * the machine continues to run.
 */
void take_snapshot(const char *arg)
{
	int fd = open("/dev/snapshot", O_RDONLY), in_suspend = 0;

	report("snapshot_open", "%d", error_of(fd));
	if (fd < 0)
		return;
	report("snapshot_freeze", "%d", error_of(ioctl(fd, SNAPSHOT_FREEZE)));
	report("snapshot_create", "%d", error_of(ioctl(fd, SNAPSHOT_CREATE_IMAGE, &in_suspend)));
	report("snapshot_taken", "%d", in_suspend);
	ioctl(fd, SNAPSHOT_FREE);
	report("snapshot_unfreeze", "%d", error_of(ioctl(fd, SNAPSHOT_UNFREEZE)));
	close(fd);
}

/* Writes an image to the swap device @arg and turns the machine off, until it is resumed. */
void hibernate(const char *arg)
{
	report("swapon", "%d", error_of(swapon(arg, 0)));
	report("power_off", "%d", write_text("/sys/power/disk", "shutdown"));
	report_end();
	report("resumed", "%d", write_text("/sys/power/state", "disk"));
}
