/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPUs of a TD that enter the guest, while its memory is removed: a model for spin, which tries
 * every order of events.
 *
 * Requirements:
 *  - no process waits forever;
 *  - a SEAMCALL for the TD does not find its lock taken while entries are blocked, which they are
 *    until the page was removed;
 *  - a page is only removed when no vCPU that is in the guest can have a translation of it.
 *
 * Each ERROR_* seeds an error that has to be detected; check.sh has the assertion for each.
 * Change the model together with run.c and sept.c of KVM.
 *
 * Not modelled: memory order.  On x86 make_all_cpus_request() has a barrier between the write
 * of entries_blocked and the read of vcpu->mode, and vcpu_enter_guest() one between the write of
 * that and the read of the former.
 */

#define VCPUS	2
#define ENTRIES	2		/* of each vCPU */

bool sept_lock = true;		/* held by remove() */
bool entries_blocked;
bool in_guest_mode[VCPUS];	/* vcpu->mode */
bool in_guest[VCPUS];
bool kicked[VCPUS];		/* an IPI that is pending */
bool has_lock[VCPUS];		/* of the module; the guest takes it when it likes */
bool may_translate[VCPUS];	/* the TLB may have the page */

bool mapped = true;		/* and not blocked */

#define any_lock	(has_lock[0] || has_lock[1])

inline look_at_block()
{
	blocked = entries_blocked
}

/* Until the IPI, which makes the vCPU exit at once.  A TDCALL ends before. */
inline run_guest()
{
	in_guest[i] = true;
	do
	:: atomic { !any_lock && !kicked[i] -> has_lock[i] = true }
	:: has_lock[i] -> has_lock[i] = false
	:: atomic { mapped && !may_translate[i] && !has_lock[i] -> may_translate[i] = true }
	:: !has_lock[i] && kicked[i] -> break
	:: !has_lock[i] -> break	/* another exit */
	od;
	/* The next entry is in another epoch, and flushes. */
	atomic { in_guest[i] = false; may_translate[i] = false }
}

/* tdx_wait_for_entry() */
inline wait_for_entry()
{
	if
	:: blocked -> !sept_lock
	:: else
	fi
}

proctype vcpu(byte i)
{
	byte n;
	bool blocked;

	for (n : 1 .. ENTRIES) {
#ifdef ERROR_LOOKS_BEFORE_THE_MODE
		look_at_block();
		in_guest_mode[i] = true;
#else
		in_guest_mode[i] = true;
		look_at_block();
#endif
		if
		:: !blocked -> run_guest()
		:: else
		fi;
#ifdef ERROR_WAITS_IN_GUEST_MODE
		wait_for_entry();
		d_step { in_guest_mode[i] = false; kicked[i] = false }
#else
		/* An IPI is handled with interrupts on, behind the exit. */
		d_step { in_guest_mode[i] = false; kicked[i] = false };
		wait_for_entry()
#endif
	}
}

/* kvm_make_all_cpus_request() waits until each IPI was handled. */
inline make_vcpus_leave()
{
	for (i : 0 .. VCPUS - 1) {
		atomic {
			if
			:: in_guest_mode[i] -> kicked[i] = true
			:: else
			fi
		};
#ifndef ERROR_DOES_NOT_WAIT
		!kicked[i]
#endif
	}
}

/* call_leaf(): the first tries found the lock taken. */
inline block_entries()
{
#ifndef ERROR_NOT_BLOCKED
	entries_blocked = true;
#endif
	make_vcpus_leave()
}

/* Entries stay blocked until all is removed: leaves find no lock taken any more. */
inline call_leaf()
{
	if
	:: any_lock ->
#ifndef ERROR_NOT_BLOCKED
		assert(!entries_blocked);
#endif
		block_entries();
		assert(!any_lock)
	:: !any_lock
	fi
}

proctype remove()
{
	byte i;

	call_leaf();
	mapped = false;			/* TDH.MEM.RANGE.BLOCK */
	call_leaf();			/* TDH.MEM.TRACK */
#ifndef ERROR_NOBODY_LEAVES
	make_vcpus_leave();
#endif
	call_leaf();
	assert(!may_translate[0] && !may_translate[1]);	/* TDH.MEM.PAGE.REMOVE */
	entries_blocked = false;
#ifndef ERROR_LOCK_IS_NOT_RELEASED
	sept_lock = false
#endif
}

init {
	atomic {
		run vcpu(0);
		run vcpu(1);
		run remove()
	}
}
