#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# packages.sh [LIST]: installs the Debian packages that are missing, or says how.

set -eu

here=$(dirname "$0")
missing=
while read -r package; do
	case $package in '#'*) continue ;; esac
	status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] || missing="$missing $package"
done <"$here/${1:-packages.txt}"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
	sudo=
elif sudo -n true 2>/dev/null; then
	sudo=sudo
else
	echo "error: Debian packages are missing; install them with" >&2
	echo "  sudo apt-get install --no-install-recommends$missing" >&2
	exit 1
fi

echo "installing$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # words on purpose
# On a machine that was just started, apt may be running the daily updates: wait for the lock.
# Pattern-Only: the name of a missing package must not be taken for a regular expression, which
# may match another package.
$sudo apt-get -qq -o Acquire::Retries=3 update &&
	$sudo apt-get -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=600 \
		-o APT::Cmd::Pattern-Only=true \
		install --no-install-recommends $missing >/dev/null
