#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the Debian system: waits until it is up, loads KVM as an administrator would, and reports
# the result, with a key and a value in each line.

info=/sys/kernel/debug/x86/tdx/info
release=$(uname -r)

echo "system $(systemctl is-system-running --wait)"
systemctl list-units --failed --plain --no-legend | sed 's/^/failed /'
echo "debian $(cat /etc/debian_version)"
echo "release $release"
dpkg-query -W -f 'package ${Version} ${db:Status-Status}\n' "linux-image-$release"
# udev may be loading kvm_intel.
udevadm settle
sed 's/^/info_before /' "$info"

modprobe kvm_intel
echo "modprobe $?"
lsmod | sed -n 's/^kvm_intel .*/module &/p'
sed 's/^/info /' "$info"
echo "tainted $(cat /proc/sys/kernel/tainted)"

echo "off $(date +%s)"
systemctl poweroff
