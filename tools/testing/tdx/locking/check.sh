#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Lets spin try every order of events in the models here: no requirement may be violated,
# and each seeded error has to be detected.  Prints the failures.
#
# check.sh [CPU_EVENTS]: how often CPUs come or go.  2 take half a minute and 400 MB, 3 take
# three minutes and 1.3 GB.

set -u
cpu_events=${1:-2}
models=$(realpath "$(dirname "$0")")
model=$models/tdx_locking.pml
build=$(mktemp -d) || exit 1
trap 'rm -rf "$build"' EXIT
cd "$build" || exit 1
failed=0

# Searches until the first error.
search() { # optimisation, defines
	local defines=("${@:2}")
	rm -f ./*
	spin -a "${defines[@]/#/-D}" "$model" &&
		gcc -w "$1" -DSAFETY -DCOLLAPSE -DMEMLIM=2048 -o searcher pan.c &&
		./searcher -m100000
}

complain() { # what, search's output, defines
	printf 'error: %s: %s\n%s\n' "${*:3}" "$1" "$(tail -n 40 <<<"$2")"
	failed=1
}

# No order of events violates a requirement, the search was complete, and it
# reached every line of the model except those that report errors.
holds() { # defines
	local output
	output=$(search -O1 "CPU_EVENTS=$cpu_events" "$@" 2>&1)
	if ! grep -q 'errors: 0$' <<<"$output"; then
		complain "does not hold" "$output" "$@"
	elif grep -qE 'not completed|depth too small' <<<"$output"; then
		complain "was not searched completely" "$output" "$@"
	elif grep -E 'state [0-9]+, "' <<<"$output" |
		grep -qvE '"(-end-"|assert\((\(|!\(pamts))'; then
		complain "has lines that nothing comes to" "$output" "$@"
	fi
}

notices() { # how, defines
	local output
	output=$(search -O0 "${@:2}" 2>&1)
	grep -qE "^pan:1: $1" <<<"$output" || complain "not noticed" "$output" "${@:2}"
}

deadlock='invalid end state'
# Initialization: a SEAMCALL failed because VMX is off, a CPU is offline.
no_vmx='assertion violated \(ok'
cpu_gone='assertion violated online\['
# Another kernel: dirty lines after a crash, after kexec; PAMTs after kexec.
crash='assertion violated .*dirty.*mark'
kexec='assertion violated .*dirty.*dirty'
pamts='assertion violated .*pamts_private'
# TDs: a CPU without initialization runs one.
cpu='assertion violated may_run\[cpu\]'
# Memory that was added without the module's knowledge.
memory='assertion violated .*memory_taken'

holds KEXEC
holds MEMORY
holds CPU_ADDED
holds ACCEPT_MEMORY

notices "$crash" ERROR_MARK_AFTER_SEAMCALL
notices "$crash" KEXEC CPU_EVENTS=1 ERROR_MARK_CLEARED_FIRST
notices "$crash" KEXEC CPU_EVENTS=1 ERROR_INTERRUPTS_ON
notices "$kexec" KEXEC CPU_EVENTS=1 ERROR_RETIRED_NOT_ASKED
notices "$kexec" KEXEC CPU_EVENTS=1 ERROR_RETIRED_TOO_LATE
notices "$kexec" KEXEC CPU_EVENTS=1 ERROR_RELIES_ON_KVM
notices "$kexec" KEXEC CPU_EVENTS=1 ERROR_DYING_CPU_FORGOTTEN
notices "$no_vmx" KEXEC CPU_EVENTS=1 ERROR_KVM_FIRST
notices "$pamts" KEXEC CPU_EVENTS=1 ERROR_CALLS_NOT_WAITED_FOR
notices "$pamts" KEXEC CPU_EVENTS=1 ERROR_READY_TOO_LATE
notices "$deadlock" KEXEC CPU_EVENTS=1 ERROR_ATTEMPT_WAITED_FOR
notices "$cpu_gone" ERROR_NO_CPUS_READ_LOCK
notices "$cpu_gone" ERROR_NOT_CHECKED_AGAIN
notices "$deadlock" ERROR_SEARCH_WITH_CPUS_READ_LOCK
notices "$deadlock" ERROR_MODULE_LOCK_HELD_ON
notices "$no_vmx" ERROR_CALLERS_LEAVE
notices "$no_vmx" ERROR_NOBODY_NEED_WAIT
notices "$no_vmx" ERROR_KVM_MISSES_CPUS
notices "$cpu" CPU_ADDED ERROR_ANY_CPU_RUNS_TDX
notices "$memory" ACCEPT_MEMORY ERROR_NO_MEMORY_LOCK
notices "$deadlock" ACCEPT_MEMORY ERROR_MEMORY_LOCK_HELD_ON

# TDs.
model=$models/tdx_tds.pml
package='assertion violated .*online'
disabled='assertion violated .*exists'
cleared='assertion violated \(page'
private='assertion violated .*private'

holds TDX
notices "$package" ERROR_NO_LOOK
notices "$package" ERROR_KEYID_AFTER_THE_LOOK
notices "$package" ERROR_NO_REFUSAL
notices "$disabled" ERROR_DISABLED_UNLOCKED
notices "$private" ERROR_RECORDED_TOO_LATE
notices "$cleared" ERROR_FREED_WHILE_RECORDED
notices "$cleared" ERROR_NO_SECOND_LOOK

# vCPUs of a TD: one in the guest has a lock, or a translation of a page that is removed.
model=$models/tdx_entries.pml
locked='assertion violated .*has_lock'
translated='assertion violated .*may_translate'

holds TDX
notices "$locked" ERROR_NOT_BLOCKED
notices "$locked" ERROR_LOOKS_BEFORE_THE_MODE
notices "$locked" ERROR_DOES_NOT_WAIT
notices "$translated" ERROR_NOBODY_LEAVES
notices "$deadlock" ERROR_WAITS_IN_GUEST_MODE
notices "$deadlock" ERROR_LOCK_IS_NOT_RELEASED

exit "$failed"
