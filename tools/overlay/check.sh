#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Style and static analysis of all that is ours: a line PASS or FAIL for each.
# Needs build/linux and build/host.

set -u
cd "$(dirname "$0")/../.." || exit 1

# checkpatch leaves a cache behind.
trap 'rm -f .checkpatch-camelcase.*' EXIT

failed=0
outcome() { # name, output: no output is good
	if [ -z "$2" ]; then
		echo "PASS $1"
	else
		printf '%s\nFAIL %s\n' "$2" "$1"
		failed=1
	fi
}

mapfile -t kernel_c < <(git ls-files -co --exclude-standard 'arch/*.[chS]' 'include/*.h')
mapfile -t tools_c < <(git ls-files -co --exclude-standard 'tools/*.[chS]')
mapfile -t kernel_h < <(git ls-files -co --exclude-standard 'arch/*.[ch]' 'include/*.h')
mapfile -t shell < <(git ls-files -co --exclude-standard '*.sh' .ci/run)
mapfile -t python < <(git ls-files -co --exclude-standard '*.py')
mapfile -t patches < <(git ls-files -co --exclude-standard '*.patch')

# BUG() only when firmware took a CPU or memory that TDX needs.
fatal_event='^arch/x86/virt/vmx/tdx/hotplug\.c:[0-9]*: CHECK:AVOID_BUG:'

# With what .checkpatch.conf says.
checkpatch() {
	perl build/linux/scripts/checkpatch.pl --no-summary --terse "$@" 2>&1 |
		grep -v 'total: 0 errors, 0 warnings, 0 checks'
}

# What sparse says of our files; all that make says when it fails, as without sparse.
run_sparse() {
	local output
	if output=$(make -s -C build/linux O=../host C=2 CF=-D__CHECK_ENDIAN__ LOCALVERSION= \
		arch/x86/virt/ arch/x86/kvm/vmx/tdx.o 2>&1); then
		grep -E '(arch/x86/virt|arch/x86/kvm/vmx/tdx|asm/tdx_host).*(warning|error)' <<<"$output"
	else
		echo "${output:-make failed}"
	fi
}

outcome "checkpatch: kernel files" \
	"$(checkpatch -f "${kernel_c[@]}" | grep -v "$fatal_event")"
# Programs outside the kernel have no kernel macros to prefer, and an instruction may have the
# name of the function around it.
outcome "checkpatch: tools" \
	"$(checkpatch --ignore PREFER_DEFINED_ATTRIBUTE_MACRO,EMBEDDED_FUNCTION_NAME -f "${tools_c[@]}")"
# By standard input: checkpatch takes a file that git knows for source code.  Hooks alone have no
# message and no sign-off.
outcome "checkpatch: patches" "$(for patch in "${patches[@]}"; do
	checkpatch --ignore MISSING_SIGN_OFF,COMMIT_MESSAGE - <"$patch"
done)"
outcome "kernel-doc" \
	"$(perl build/linux/scripts/kernel-doc -none "${kernel_h[@]}" 2>&1)"
outcome "messages are documented" "$(/usr/bin/python3 tools/overlay/messages.py 2>&1)"
outcome "shellcheck" "$(shellcheck "${shell[@]}" 2>&1)"
outcome "pyflakes" "$(/usr/bin/python3 -m pyflakes "${python[@]}" 2>&1)"
outcome "SPDX lines" \
	"$(git ls-files -co --exclude-standard | grep -v '^series/\|\.patch$\|\.gitignore\|\.kunitconfig$\|/README.md$\|^README.md$' |
		xargs grep -L 'SPDX-License-Identifier: GPL-2.0' 2>&1)"
outcome "sparse" "$(run_sparse)"
# What it cannot know: the kernel's loops; the void pointers and statement expressions of GNU C;
# symbols of a linker script; that both loops of shootdown() go over the same CPUs.
run_cppcheck() {
	local each
	for each in for_each_online_cpu for_each_present_cpu; do
		set -- "$@" "-D$each(cpu)=while ((cpu = next_cpu()))"
	done
	cppcheck --quiet --enable=warning,portability --error-exitcode=1 --inline-suppr \
		-Itools/testing/tdx/include -Iarch/x86/virt/vmx/tdx --platform=unix64 \
		'-Dfor_each_mem_pfn_range(i, n, s, e, m)=while (next_range(s, e, m))' "$@" \
		--suppress=arithOperationsOnVoidPointer --suppress=constStatement \
		--suppress=comparePointers --suppress=subtractPointers \
		--suppress=uninitvar:tools/testing/tdx/emulator/shootdown.c \
		arch/x86/virt/vmx/tdx arch/x86/kvm/vmx/tdx.c \
		tools/testing/tdx/emulator tools/testing/tdx/e2e/guest
}
outcome "cppcheck" "$(run_cppcheck 2>&1)"
outcome "locking model" \
	"$(tools/testing/tdx/locking/check.sh 2>&1 || echo "check.sh failed")"

exit "$failed"
