#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# nothing-left.sh FILE...: has none of these files of a kernel without
# CONFIG_INTEL_TDX_HOST a symbol of TDX host support, or a use of one?  As TAP.

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
