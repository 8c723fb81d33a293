#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# sparse.sh OPTIONS FILE: run sparse if FILE is one of $OURS, paths in the kernel that are separated
# by white space.

for file; do :; done
for ours in ${OURS:?}; do
	case $(realpath "$file") in
	*/"$ours") exec sparse "$@" ;;
	esac
done
