/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TDs that are created and destroyed, during CPU hotplug, and before a kexec: a model for
 * spin, which tries every order of events.
 *
 * Requirements:
 *  - no process waits forever;
 *  - while a TD exists, each package has an online CPU;
 *  - the module is not disabled while a TD exists, and no TD is created afterwards;
 *  - after kexec, no page of a TD has data written by the module, and no page was cleared
 *    that had another user by then.
 *
 * Each ERROR_* seeds an error that has to be detected; check.sh has the assertion for
 * each.  Change the model together with keyid.c, owner.c, page.c, td.c, wbcache.c,
 * hotplug.c and kexec.c.
 *
 * Not modelled: vCPUs, which are flushed by KVM, and caches, SEAMCALLs and the
 * initialization, which are in tdx_locking.pml.
 */

#define TDS	2

/* Owner of a page, which represents all pages of a TD. */
mtype = { FREE, TD, OTHERS };

bool keyid_table;		/* tdx_keyid_table_mutex */
bool owners_lock;		/* of the record, in owner.c */
byte readers;			/* cpus_read_lock() */
bool writer;

byte used;			/* KeyIDs */
bool recorded[TDS];
mtype page[TDS] = FREE;
bool private[TDS];		/* last written by the module */
bool exists[TDS];		/* the TD, and its KeyID in the module */

bool online = true;		/* the only CPU of a package */
bool retired, disabled;

inline lock(mutex)
{
	atomic { !mutex -> mutex = true }
}

inline unlock(mutex)
{
	mutex = false
}

inline cpus_read_lock()
{
	atomic { !writer -> readers++ }
}

inline cpus_read_unlock()
{
	readers--
}

#define any_recorded	(recorded[0] || recorded[1])
#define any_exists	(exists[0] || exists[1])

inline use_keyid()
{
	used++
}

inline record_page()
{
	d_step { page[i] = TD; recorded[i] = true }
}

/* packages_are_online() */
inline look_at_packages()
{
	cpus_read_lock();
	seen = online;
	cpus_read_unlock()
}

/* TDH.MNG.CREATE; made is false if the SEAMCALL was not made. */
inline create()
{
	lock(keyid_table);
	d_step {
		made = !retired && !disabled;
		exists[i] = made;
		private[i] = made
	};
	unlock(keyid_table)
}

/* TDH.MNG.KEY.CONFIG, TDH.PHYMEM.CACHE.WB. */
inline on_each_package()
{
	lock(keyid_table);
	cpus_read_lock();
	d_step {
		made = !retired;
		assert(!made || online)
	};
	cpus_read_unlock();
	unlock(keyid_table)
}

inline free_keyid()
{
	lock(keyid_table);
	d_step { made = !retired; exists[i] = exists[i] && !made };
	unlock(keyid_table)
}

/* TDH.PHYMEM.PAGE.RECLAIM, MOVDIR64B. */
inline reclaim()
{
	d_step { made = !retired; private[i] = private[i] && !made }
}

inline forget_page()
{
	lock(owners_lock);
	recorded[i] = false;
	unlock(owners_lock)
}

inline free_td_page()
{
#ifdef ERROR_FREED_WHILE_RECORDED
	page[i] = OTHERS;
	forget_page()
#else
	forget_page();
	page[i] = OTHERS
#endif
}

proctype td(byte i)
{
	bool seen = true, made;

#ifdef ERROR_KEYID_AFTER_THE_LOOK
	look_at_packages();
	use_keyid();
#else
	use_keyid();
#endif
#ifndef ERROR_RECORDED_TOO_LATE
	record_page();
#endif
#if !defined(ERROR_NO_LOOK) && !defined(ERROR_KEYID_AFTER_THE_LOOK)
	look_at_packages();
#endif
	if
	:: seen -> create()
	:: else -> made = false
	fi;
#ifdef ERROR_RECORDED_TOO_LATE
	record_page();
#endif
	if
	:: !made -> goto not_created
	:: else
	fi;

	/* It is destroyed next, whether the initialization succeeds or not. */
	on_each_package();
	on_each_package();
	if
	:: made -> free_keyid()
	:: else
	fi;
not_created:
	/* Either the KeyID is burnt and pages are leaked, or all are freed. */
	used--;
	if
	:: !exists[i] ->
		reclaim();
		if
		:: made -> free_td_page()
		:: else
		fi
	:: else
	fi
}

proctype cpu_hotplug()
{
	atomic { !writer -> writer = true };
	readers == 0;
#ifndef ERROR_NO_REFUSAL
	if
	:: used -> goto stays
	:: else
	fi;
#endif
	online = false;
stays:
	writer = false;
	if
	:: !online ->
		atomic { !writer -> writer = true };
		readers == 0;
		online = true;
		writer = false
	:: true
	fi
}

/* tdx_disable(), tdx_cache_retire(), tdx_pages_make_safe() */
proctype kexec()
{
	byte i;
	bool owned;

#ifndef ERROR_DISABLED_UNLOCKED
	lock(keyid_table);
#endif
	if
	:: !any_recorded ->
		assert(!any_exists);
		disabled = true
	:: else
	fi;
#ifndef ERROR_DISABLED_UNLOCKED
	unlock(keyid_table);
#endif
	cpus_read_lock();
	retired = true;
	cpus_read_unlock();

	for (i : 0 .. TDS - 1) {
#ifdef ERROR_NO_SECOND_LOOK
		owned = recorded[i];
		lock(owners_lock);
#else
		lock(owners_lock);
		owned = recorded[i];
#endif
		if
		:: owned ->
			assert(page[i] != OTHERS);
			private[i] = false
		:: else
		fi;
		unlock(owners_lock)
	}
	assert(!private[0]);
	assert(!private[1])
}

init {
	atomic {
		run td(0);
		run td(1);
		run cpu_hotplug();
		run kexec()
	}
}
