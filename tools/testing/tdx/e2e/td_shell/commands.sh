#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# PID 1 in a TD: runs the scripts in /commands, says the exit status of each, and turns the TD off.

export PATH=/bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev

for command in /commands/*; do
	sh "$command"
	echo "selftest ${command##*/} $?"
done
poweroff -f
