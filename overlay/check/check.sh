#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Style and static analysis of all files of the project, as TAP.  Runs as many
# checks at a time as there are CPUs.  Needs build/linux and build/host.

# shellcheck disable=SC2317 # checks are called by name
set -u
cd "$(dirname "$0")/../.." || exit 1

said=$(mktemp -d) || exit 1
# checkpatch creates a cache.
trap 'rm -rf "$said" .checkpatch-camelcase.*' EXIT

mapfile -t kernel_c < <(git ls-files -co --exclude-standard 'arch/*.[chS]' 'include/*.h' 'virt/*.[ch]')
mapfile -t tools_c < <(git ls-files -co --exclude-standard 'tools/*.[chS]')
mapfile -t kernel_h < <(git ls-files -co --exclude-standard 'arch/*.[ch]' 'include/*.h' 'virt/*.[ch]')
mapfile -t documents < <(git ls-files -co --exclude-standard 'Documentation/*.rst')
mapfile -t shell < <(git ls-files -co --exclude-standard '*.sh' .ci/run)
mapfile -t python < <(git ls-files -co --exclude-standard '*.py')
mapfile -t patches < <(git ls-files -co --exclude-standard '*.patch')

# BUG() is allowed only if firmware removed a CPU or memory that TDX needs.
fatal_event='^arch/x86/virt/vmx/tdx/hotplug\.c:[0-9]*: CHECK:AVOID_BUG:'
# TRACE_INCLUDE_PATH is a path, not a division.
trace_path="^arch/x86/.*/trace\\.h:[0-9]*: CHECK:SPACING: .* around that '/'"

# Also uses the options of .checkpatch.conf.
checkpatch() {
	perl build/linux/scripts/checkpatch.pl --no-summary --terse "$@" 2>&1 |
		grep -v 'total: 0 errors, 0 warnings, 0 checks'
}

# A check succeeds if it prints nothing.

checkpatch_takes_kernel_files() {
	checkpatch -f "${kernel_c[@]}" | grep -v -e "$fatal_event" -e "$trace_path"
}

# Programs outside the kernel cannot use macros of the kernel, and an
# instruction may have the name of the function that contains it.
checkpatch_takes_tools() {
	checkpatch --ignore PREFER_DEFINED_ATTRIBUTE_MACRO,EMBEDDED_FUNCTION_NAME -f "${tools_c[@]}"
}

# From standard input, because checkpatch handles a file that git tracks as
# source code.  Hooks alone have no message and no sign-off.
checkpatch_takes_patches() {
	local patch ignored
	for patch in "${patches[@]}"; do
		ignored=MISSING_SIGN_OFF,COMMIT_MESSAGE
		# All lines there have such numbers.
		[[ $patch == */cpufeatures.h.patch ]] && ignored+=,SPACING
		checkpatch --ignore "$ignored" - <"$patch"
	done
}

documentation_is_well_formed() {
	/usr/bin/python3 -m overlay.check.kernel_doc "${kernel_h[@]}" "${documents[@]}"
}

messages_are_documented() {
	/usr/bin/python3 -m overlay.check.messages
}

shellcheck_is_silent() {
	shellcheck "${shell[@]}"
}

pyflakes_is_silent() {
	/usr/bin/python3 -m pyflakes "${python[@]}"
}

files_have_SPDX_lines() {
	git ls-files -co --exclude-standard |
		grep -v '^Documentation/ABI/\|^overlay/series/.*\.txt$\|\.patch$\|\.gitignore\|\.kunitconfig$\|/README.md$\|^README.md$' |
		xargs grep -L 'SPDX-License-Identifier: GPL-2.0'
}

# Prints sparse's messages for our files; if make fails, all of its output.  Make checks each file
# of a directory, and sparse.sh passes on ours.
sparse_is_silent() {
	local output ours
	ours="$(git ls-files -co --exclude-standard 'arch/*.c' 'virt/*.c')"
	if output=$(OURS=$ours make -s -C build/linux O=../host C=2 CHECK="$PWD/overlay/check/sparse.sh" \
		CF=-D__CHECK_ENDIAN__ LOCALVERSION= arch/x86/virt/ arch/x86/kvm/ 2>&1); then
		grep -E '(arch/x86/virt|kvm/(vmx/tdx|mmu/(pr|shared)|apic_bus|guest_memfd|gmem|memory_attributes|private_mem)|asm/tdx_(host|td|abi_td|status|kvm_stat|trace_names)).*(warning|error)' <<<"$output"
	else
		echo "${output:-make failed}"
	fi
}

# Suppressed: the kernel's loops; void pointers and statement expressions of GNU
# C; symbols of a linker script; that both loops of shootdown() have the same
# CPUs; that not every branch was checked.  What cppcheck 2.17 cannot parse is
# defined as nothing.
cppcheck_is_silent() {
	local each
	for each in for_each_online_cpu for_each_present_cpu for_each_possible_cpu; do
		set -- "$@" "-D$each(cpu)=while ((cpu = next_cpu()))"
	done
	cppcheck --quiet --enable=warning,portability --error-exitcode=1 --inline-suppr \
		-Itools/testing/tdx/include -Iarch/x86/virt/vmx/tdx \
		-Itools/testing/tdx/emulator --platform=unix64 \
		-D__ro_after_init= '-DTRACE_EVENT(name, ...)=' '-Dasm(...)=' \
		'-Dfor_each_mem_pfn_range(i, n, s, e, m)=while (next_range(s, e, m))' \
		'-Dkvm_for_each_vcpu(i, vcpu, kvm)=while ((vcpu = next_vcpu(kvm, i)))' \
		'-Dlist_for_each_entry_safe(e, next, list, m)=while ((e = next_entry(list, next)))' "$@" \
		--suppress=arithOperationsOnVoidPointer --suppress=constStatement \
		--suppress=comparePointers --suppress=subtractPointers \
		--suppress=normalCheckLevelMaxBranches \
		--suppress=uninitvar:tools/testing/tdx/emulator/smp/shootdown.c \
		arch/x86/virt/vmx/tdx arch/x86/kvm/vmx/tdx arch/x86/kvm/mmu arch/x86/kvm/*.c \
		virt/kvm tools/arch/x86/tdx \
		tools/testing/tdx/emulator tools/testing/tdx/e2e/guest
}

every_order_of_events_in_the_locking_model_is_safe() {
	tools/testing/tdx/locking/check.sh || echo "check.sh failed"
}

# The longest first.
checks=(every_order_of_events_in_the_locking_model_is_safe cppcheck_is_silent
	checkpatch_takes_kernel_files checkpatch_takes_tools checkpatch_takes_patches
	documentation_is_well_formed messages_are_documented shellcheck_is_silent pyflakes_is_silent
	files_have_SPDX_lines sparse_is_silent)

# Leaves what a check says, and its time in seconds.
run() {
	local start=$SECONDS
	"$1" >"$said/$1" 2>&1
	echo $((SECONDS - start)) >"$said/$1.time"
}

for check in "${checks[@]}"; do
	while (($(jobs -rp | wc -l) >= $(nproc))); do
		wait -n
	done
	run "$check" &
done
wait

echo "TAP version 13"
echo "1..${#checks[@]}"
number=0
failed=0
for check in "${checks[@]}"; do
	number=$((number + 1))
	result=ok
	if [ -s "$said/$check" ]; then
		failed=1
		sed 's/^/# /' "$said/$check"
		result='not ok'
	fi
	echo "# $(<"$said/$check.time") s"
	echo "$result $number - ${check//_/ }"
done
exit "$failed"
