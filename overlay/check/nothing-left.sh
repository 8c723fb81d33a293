#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# nothing-left.sh FILE...: the files are from a kernel without CONFIG_INTEL_TDX_HOST
# and must not define or use symbols of TDX host support.  Output as TAP.

set -u

echo "TAP version 13"
echo "1..$#"
number=0
failed=0
for file in "$@"; do
	number=$((number + 1))
	all=$(nm "$file") || all=" tdx_unknown: nm failed"
	if symbols=$(echo "$all" | grep -E ' (tdx_|platform_tdx|enable_tdx|__seamcall|tdmr_)'); then
		failed=1
		echo "$symbols" | sed 's/^/# /'
		printf 'not '
	fi
	echo "ok $number - ${file##*build/notdx/} has no symbol of TDX host support"
done
exit "$failed"
