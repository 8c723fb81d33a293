/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TDs that are created and destroyed, while CPUs come and go, and before a kexec: a
 * model for spin, which tries every order of events.
 *
 * What has to hold:
 *  - nobody waits for ever;
 *  - as long as the module has a TD, each package has a CPU that is online;
 *  - the module is not disabled while it has a TD, and gets none afterwards;
 *  - after kexec, no page of a TD is left as the module wrote it, and no page that is
 *    somebody else's by then was cleared.
 *
 * Each ERROR_* is a way to build it wrong that has to be noticed; check.sh tells by
 * what.  Change it with what it models: keyid.c, page.c, td.c, wbcache.c, hotplug.c and
 * kexec.c.
 *
 * Left out: vCPUs, whose flush belongs to KVM, and what tdx_locking.pml has of caches,
 * SEAMCALLs and the initialization.
 */

#define TDS	2

/* Of the page that stands for all that a TD has. */
mtype = { FREE, TD, OTHERS };

bool keyid_table;		/* tdx_keyid_table_mutex */
bool owners_lock;		/* the xarray's, in page.c */
byte readers;			/* cpus_read_lock() */
bool writer;

byte used;			/* KeyIDs */
bool recorded[TDS];
mtype page[TDS] = FREE;
bool private[TDS];		/* written by the module, and by nobody since */
bool exists[TDS];		/* the module has the TD, and its KeyID */

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

/* TDH.MNG.CREATE, whose result is whether it was made. */
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

inline hand_back()
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

	/* Whether that succeeds or not, and whatever comes between, it is destroyed next. */
	on_each_package();
	on_each_package();
	if
	:: made -> free_keyid()
	:: else
	fi;
not_created:
	/* Burnt and leaked, or all back. */
	used--;
	if
	:: !exists[i] ->
		reclaim();
		if
		:: made -> hand_back()
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
