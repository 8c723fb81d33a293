#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# nothing-left.sh VMLINUX: fails if a kernel without CONFIG_INTEL_TDX_HOST has a
# symbol of TDX host support.

set -eu

all=$(nm "$1")
symbols=$(echo "$all" | grep -E ' (tdx_|platform_tdx|enable_tdx|__seamcall|tdmr_)' || true)
if [ -n "$symbols" ]; then
	echo "error: $1 has symbols of TDX host support:" >&2
	echo "$symbols" >&2
	exit 1
fi
echo "$1 has no symbol of TDX host support"
