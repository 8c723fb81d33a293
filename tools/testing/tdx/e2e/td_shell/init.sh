#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# PID 1 in a TD: a shell on its serial port.  The TD is turned off when the shell ends, or by
# poweroff; reboot resets it.

export PATH=/bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
hostname td

# What poweroff and reboot send to PID 1
trap 'poweroff -f' USR2
trap 'reboot -f' TERM

echo
echo "This is $(uname -sr) in a TD, with busybox.  'exit' turns it off."
# In the background, so that a signal is handled while it runs.
HOME=/ PS1='td# ' setsid -c sh </dev/ttyS0 >/dev/ttyS0 2>&1 &
wait "$!"
poweroff -f
