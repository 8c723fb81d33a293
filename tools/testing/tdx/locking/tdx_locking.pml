/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dependencies between tdx_init(), CPU hotplug, memory hotplug, kexec, a crash and KVM: a
 * model for spin, which tries every order of events.
 *
 * Requirements:
 *  - no process waits forever, except for the worker while it builds the list of memory: a page
 *    may stay locked;
 *  - no CPU goes offline or leaves VMX operation while SEAMCALLs are made;
 *  - a CPU runs TDX only if the module was initialized on it;
 *  - when another kernel starts, after kexec or a crash, no cache has a dirty
 *    line of a TDX KeyID: it would be written over the other kernel's data;
 *  - after kexec, no PAMT has contents that the module has written;
 *  - no memory is added after a module has got its list of memory.
 *
 * Each ERROR_* is a seeded error that has to be detected; check.sh tells by which
 * assertion.  Other definitions:
 *  KEXEC		kexec is started
 *  MEMORY		a block of memory goes online or offline
 *  CPU_ADDED		CPU 2 is added after boot, and not rejected
 *  ACCEPT_MEMORY	memory is hot-added, and refused only if the module uses memory
 * The last two do not model hotplug.c, but the locking that would be needed without it.
 *
 * Change it together with module.c, bringup.c, cache.c and kexec.c.
 *
 * Not modelled: reordering by processors and compilers, priorities, and other users of the
 * locks.  A process may wait forever at a label "end".
 */

/* CPU 0 is package 0, CPUs 1 and 2 are package 1. */
#define CPUS	3

/*
 * Number of CPU hotplug events: enough for a package to go offline, or for a CPU to come
 * back.
 */
#ifndef CPU_EVENTS
#define CPU_EVENTS	2
#endif

mtype = { UNKNOWN, INITIALIZING, PENDING, READY, FAILED };

/* struct tdx_module */
mtype state = UNKNOWN;
bool module_lock;		/* modelled if held while waiting */
byte attempts, callers;
bool calling, touched, configured;
bool may_run[CPUS];		/* cpus */
bool memory_taken;		/* memory */

/* cache.c */
bool retired;
bool mark[CPUS];		/* may_be_dirty */

/* This would be in hotplug.c with ACCEPT_MEMORY. */
bool memory_lock;

/* KVM */
byte vms;

/* State of CPUs as Linux sees it ... */
bool present[CPUS];
bool online[CPUS];
bool busy[CPUS];		/* runs with preemption disabled */
bool irqs_off[CPUS];
bool in_on_each_cpu;		/* a process waits in it, with preemption disabled */
/* ... and their actual state. */
bool vmx[CPUS];			/* in VMX operation */
bool dirty[CPUS];		/* cache has dirty lines of a TDX KeyID */
bool dying[CPUS];		/* offline, but before its write-back */

bool pamts_private;		/* written by the module, and not overwritten since */

bool work_queued;

inline lock(mutex)
{
	atomic { !mutex -> mutex = true }
}

inline unlock(mutex)
{
	assert(mutex);
	mutex = false
}

/* A waiting writer blocks new readers, so recursive read locks are not allowed. */
typedef percpu_rwsem {
	byte readers;
	bool writer
};

percpu_rwsem cpu_hotplug_lock, mem_hotplug_lock;

inline read_lock(sem)
{
	atomic { !sem.writer -> sem.readers++ }
}

inline read_unlock(sem)
{
	assert(sem.readers > 0);
	sem.readers--
}

inline write_lock(sem)
{
	atomic { !sem.writer -> sem.writer = true };
	sem.readers == 0
}

inline write_unlock(sem)
{
	sem.writer = false
}

/*
 * A crash sends an NMI to each online CPU, which writes back its caches if it
 * is marked, and then stops.  The result for a CPU does not depend on other
 * caches, so it is sufficient to check one CPU at one moment.
 *
 * An NMI does not prevent the write-back of a dying CPU, which is offline.
 */
#define safe_in_crash(cpu)	(!dirty[cpu] || (online[cpu] -> mark[cpu] : dying[cpu]))

/* tdx_cache_write_back() in an interrupt: only a crash can interrupt it. */
inline write_back(cpu)
{
	d_step {
#ifdef ERROR_MARK_CLEARED_FIRST
		mark[cpu] = false;
		assert(safe_in_crash(cpu));
		dirty[cpu] = false
#else
		dirty[cpu] = false;
		mark[cpu] = false
#endif
	}
}

/* The SEAMCALL instruction: #UD outside VMX operation. */
inline execute(cpu, ok)
{
	ok = vmx[cpu];
	dirty[cpu] = dirty[cpu] || ok
}

#if defined(ERROR_RETIRED_NOT_ASKED) || defined(ERROR_RELIES_ON_KVM)
#define may_call	true
#else
#define may_call	(!retired)
#endif

#ifdef ERROR_INTERRUPTS_ON
#define interruptible(cpu)	true
#else
#define interruptible(cpu)	(!irqs_off[cpu])
#endif

/* tdx_cache_seamcall(); a crash may come between any two steps. */
inline seamcall_here(cpu, ok)
{
	if
#ifdef ERROR_MARK_AFTER_SEAMCALL
	:: atomic { !irqs_off[cpu] && may_call -> irqs_off[cpu] = true };
	   d_step { execute(cpu, ok) };
	   d_step { mark[cpu] = true; irqs_off[cpu] = false }
#else
	:: atomic { !irqs_off[cpu] && may_call -> irqs_off[cpu] = true; mark[cpu] = true };
	   d_step { execute(cpu, ok); irqs_off[cpu] = false }
#endif
	:: atomic { !may_call -> ok = false }
	fi
}

/* SEAMCALL in an interrupt, which also works on busy CPUs. */
inline seamcall_on(cpu, ok)
{
	assert(online[cpu]);
	seamcall_here(cpu, ok)
}

/*
 * A step of the initialization, which may fail, but not because VMX operation
 * is off.
 */
inline step_on(cpu)
{
	seamcall_on(cpu, ok);
	assert(ok || retired);
	if
	:: ok
	:: goto failed
	fi
}

/* A short section under module_lock. */
#define locked(condition)	(!module_lock && (condition))

inline begin_calls()
{
	atomic {
		locked(true);
		if
#ifdef ERROR_NOBODY_NEED_WAIT
		:: calling = true
#else
		:: callers -> calling = true
		:: else -> goto pending
#endif
		fi
	}
}

inline end_calls()
{
	atomic { locked(true) -> calling = false }
}

/* The worker of module.c, with the steps of bringup.c */
proctype worker()
{
	byte cpu;
	bool ok;

end:	work_queued -> work_queued = false;

#ifdef ERROR_MODULE_LOCK_HELD_ON
	lock(module_lock);
	calling = true;
	if
	:: callers
	:: else -> goto pending
	fi;
#else
	begin_calls();
#endif
#ifndef ERROR_NO_CPUS_READ_LOCK
	read_lock(cpu_hotplug_lock);
#endif

	/* tdx_cpus_check() */
	if
	:: !touched ->
		for (cpu : 0 .. CPUS - 1) {
			if
			:: present[cpu] && !online[cpu] -> goto unusable
			:: online[cpu] ->
				seamcall_on(cpu, ok);
				if
				:: ok
				:: goto unusable
				fi
			:: else
			fi
		}
		touched = true;
		/* TDH.SYS.INIT */
		step_on(0)
	:: else
	fi;

	/* TDH.SYS.LP.INIT on CPUs where it was not done */
	for (cpu : 0 .. CPUS - 1) {
		if
		:: online[cpu] && !may_run[cpu] ->
			step_on(cpu);
			may_run[cpu] = true
		:: else
		fi
	}

#ifndef ERROR_SEARCH_WITH_CPUS_READ_LOCK
#ifndef ERROR_NO_CPUS_READ_LOCK
	read_unlock(cpu_hotplug_lock);
#endif
#endif
#ifndef ERROR_MODULE_LOCK_HELD_ON
	end_calls();
#endif

	/* choose_memory(), lay_out_tdmrs() */
#if defined(ACCEPT_MEMORY) && !defined(ERROR_NO_MEMORY_LOCK)
	lock(memory_lock);
	memory_taken = true;
#ifndef ERROR_MEMORY_LOCK_HELD_ON
	unlock(memory_lock);
#endif
#else
	memory_taken = true;
#endif
#if defined(MEMORY) || defined(ACCEPT_MEMORY)
	/* The page allocator, for PAMTs. */
	read_lock(mem_hotplug_lock);
	read_unlock(mem_hotplug_lock);
#endif
#ifdef ERROR_MEMORY_LOCK_HELD_ON
	unlock(memory_lock);
#endif
	if
	:: true		/* there is memory */
	:: true ->	/* there is no memory */
		memory_taken = false;
		goto pending
	:: true ->	/* a page stays locked forever */
		skip;
end_stuck:	false
	fi;

#ifndef ERROR_MODULE_LOCK_HELD_ON
	begin_calls();
#endif
#ifndef ERROR_SEARCH_WITH_CPUS_READ_LOCK
#ifndef ERROR_NO_CPUS_READ_LOCK
	read_lock(cpu_hotplug_lock);
#endif
#endif

	/* tdx_cpus_check_again() */
#ifndef ERROR_NOT_CHECKED_AGAIN
	if
	:: !online[1] && !online[2] -> goto gone
	:: else
	fi;
#endif
	for (cpu : 0 .. CPUS - 1) {
		if
		:: online[cpu] -> step_on(cpu)
		:: else
		fi
	}

	/* TDH.SYS.CONFIG; TDH.SYS.KEY.CONFIG, on a CPU of each package. */
	step_on(0);
	configured = true;
	pamts_private = true;
	step_on(0);
	if
	:: online[1] -> step_on(1)
	:: else -> step_on(2)
	fi;

	/* TDH.SYS.TDMR.INIT, on any CPU, many times. */
	do
	:: step_on(0)
	:: online[1] -> step_on(1)
	:: online[2] -> step_on(2)
	:: break
	od;

#ifndef ERROR_NO_CPUS_READ_LOCK
	read_unlock(cpu_hotplug_lock);
#endif
#ifdef ERROR_MODULE_LOCK_HELD_ON
	unlock(module_lock);
#endif
	end_calls();
	atomic { locked(true) -> state = READY; attempts++; callers = 0; cpu = 0; ok = false };
	goto end;

failed:	/* TDH.SYS.LP.SHUTDOWN, tdx_bringup_undo() */
	skip;	/* spin jumps into a loop that has the label itself */
	for (cpu : 0 .. CPUS - 1) {
		if
		:: online[cpu] -> seamcall_on(cpu, ok)
		:: else
		fi;
		may_run[cpu] = false
	}
	pamts_private = false;
	memory_taken = false;
#ifndef ERROR_NO_CPUS_READ_LOCK
	read_unlock(cpu_hotplug_lock);
#endif
#ifdef ERROR_MODULE_LOCK_HELD_ON
	unlock(module_lock);
#endif
	end_calls();
	atomic { locked(true) -> state = FAILED; attempts++; callers = 0; cpu = 0; ok = false };
	goto end;

unusable:
#ifndef ERROR_NO_CPUS_READ_LOCK
	read_unlock(cpu_hotplug_lock);
#endif
#ifdef ERROR_MODULE_LOCK_HELD_ON
	unlock(module_lock);
#endif
	end_calls();
	atomic {
		locked(true);
		if
		:: state = UNKNOWN
		:: state = FAILED
		fi;
		attempts++; callers = 0; cpu = 0; ok = false
	};
	goto end;

gone:
#ifndef ERROR_NO_CPUS_READ_LOCK
	read_unlock(cpu_hotplug_lock);
#endif
	memory_taken = false;
#ifndef ERROR_MODULE_LOCK_HELD_ON
	end_calls();
#endif

pending:
#ifdef ERROR_MODULE_LOCK_HELD_ON
	calling = false;
	unlock(module_lock);
#endif
	atomic { locked(true) -> state = PENDING; attempts++; callers = 0; cpu = 0; ok = false };
	goto end
}

#ifdef ERROR_CALLERS_LEAVE
#define may_leave	true
#else
#define may_leave	(!calling || attempts != mine)
#endif

inline tdx_init()
{
	if
	:: state == READY
	:: else ->
		atomic {
			locked(true);
			mine = attempts;
			if
			:: state == UNKNOWN || state == PENDING ->
				state = INITIALIZING;
				work_queued = true
			:: else
			fi;
			if
			:: state == INITIALIZING -> callers++; waits = true
			:: else
			fi
		};
		if
		:: waits ->
			if
			:: attempts != mine
			:: true		/* killed */
			fi;
			/*
			 * If killed, the caller waits only while SEAMCALLs are
			 * made, else without limit.
			 */
			atomic {
				locked(may_leave);
				if
				:: attempts == mine -> callers--
				:: else
				fi;
				waits = false;
				mine = 0
			}
		:: else -> mine = 0
		fi
	fi
}

/*
 * KVM_CREATE_VM, with interrupts to all online CPUs.  It does not check whether
 * KVM has left VMX operation for a kexec; neither does KVM for a CPU that comes
 * online.
 */
inline kvm_create_vm()
{
#ifndef ERROR_KVM_MISSES_CPUS
	read_lock(cpu_hotplug_lock);
#endif
	d_step {
		vms++;
		if
		:: vms == 1 ->
			for (cpu : 0 .. CPUS - 1) {
				vmx[cpu] = online[cpu]
			}
		:: else
		fi;
		cpu = 0
	};
#ifndef ERROR_KVM_MISSES_CPUS
	read_unlock(cpu_hotplug_lock)
#endif
}

inline kvm_destroy_vm()
{
#ifndef ERROR_KVM_MISSES_CPUS
	read_lock(cpu_hotplug_lock);
#endif
	d_step {
		vms--;
		if
		:: vms == 0 ->
			for (cpu : 0 .. CPUS - 1) {
				vmx[cpu] = false
			}
		:: else
		fi;
		cpu = 0
	};
#ifndef ERROR_KVM_MISSES_CPUS
	read_unlock(cpu_hotplug_lock)
#endif
}

#ifdef ERROR_ANY_CPU_RUNS_TDX
#define usable(cpu)	(online[cpu] && !busy[cpu])
#else
#define usable(cpu)	(online[cpu] && !busy[cpu] && may_run[cpu])
#endif

/* A SEAMCALL for a TD, with preemption disabled. */
inline run_td()
{
	if
	:: atomic { usable(0) -> cpu = 0; busy[0] = true }
	:: atomic { usable(1) -> cpu = 1; busy[1] = true }
	:: atomic { usable(2) -> cpu = 2; busy[2] = true }
	fi;
	assert(may_run[cpu]);
	seamcall_here(cpu, ok);
	atomic {
		busy[cpu] = false;
		cpu = 0;
		ok = false
	}
}

/* A process that creates a TD. */
proctype user()
{
	byte cpu, mine;
	bool ok, waits;

	kvm_create_vm();
	tdx_init();
	do
	:: state == READY -> run_td()
	:: break
	od;
	kvm_destroy_vm()
}

/* KVM's starting callback is called first.  CPU 0 always stays online. */
inline bring_up(cpu)
{
	present[cpu] = true;
	vmx[cpu] = vms > 0;
	online[cpu] = true
}

inline take_down(cpu)
{
	/* stop_machine() waits until no CPU has preemption disabled. */
	atomic {
		!busy[cpu] && !irqs_off[cpu] && !in_on_each_cpu -> online[cpu] = false;
		vmx[cpu] = false;
		dying[cpu] = true
	};
	/* play_dead_common(), before it reports the CPU dead */
	atomic {
		if
		:: mark[cpu] -> write_back(cpu)
		:: else
		fi;
		dying[cpu] = false
	}
}

/* CPUs go offline and online. */
proctype cpu_hotplug()
{
	byte events, cpu;

	do
	:: events < CPU_EVENTS ->
		events++;
		if
		:: cpu = 1
		:: cpu = 2
		fi;
		write_lock(cpu_hotplug_lock);
		if
		:: !online[cpu] -> bring_up(cpu)
		:: else -> take_down(cpu)
		fi;
		write_unlock(cpu_hotplug_lock)
	:: break
	od
}

#if defined(MEMORY) || defined(ACCEPT_MEMORY)
proctype memory_hotplug()
{
	/* mem_hotplug_begin() */
	read_lock(cpu_hotplug_lock);
	write_lock(mem_hotplug_lock);

#ifdef ACCEPT_MEMORY
#ifndef ERROR_NO_MEMORY_LOCK
	lock(memory_lock);
#endif
	if
	:: state == UNKNOWN || state == FAILED ->
		assert(!memory_taken)
	:: else
	fi;
#ifndef ERROR_NO_MEMORY_LOCK
	unlock(memory_lock);
#endif
#endif

	write_unlock(mem_hotplug_lock);
	read_unlock(cpu_hotplug_lock)
}
#endif

#ifdef KEXEC
inline kvm_reboot()
{
	for (cpu : 0 .. CPUS - 1) {
		if
		:: atomic { online[cpu] && interruptible(cpu) -> vmx[cpu] = false }
		:: !online[cpu]
		fi
	}
}

/* on_each_cpu(): skips CPUs that come online meanwhile. */
inline write_back_online()
{
	d_step {
		in_on_each_cpu = true;
		for (cpu : 0 .. CPUS - 1) {
			todo[cpu] = online[cpu]
		}
	}
	for (cpu : 0 .. CPUS - 1) {
		if
		:: atomic {
			todo[cpu] && interruptible(cpu) ->
			todo[cpu] = false;
			if
			:: mark[cpu] -> write_back(cpu)
			:: else
			fi
		   }
		:: !todo[cpu]
		fi
	}
	in_on_each_cpu = false
}

inline tdx_cache_retire()
{
#ifndef ERROR_DYING_CPU_FORGOTTEN
	read_lock(cpu_hotplug_lock);
#endif
#ifdef ERROR_RETIRED_TOO_LATE
	write_back_online();
	retired = true;
#else
	retired = true;
	write_back_online();
#endif
#ifndef ERROR_DYING_CPU_FORGOTTEN
	read_unlock(cpu_hotplug_lock)
#endif
}

inline leave_machine()
{
	tdx_cache_retire();
#if defined(ERROR_ATTEMPT_WAITED_FOR)
	state != INITIALIZING;
#elif !defined(ERROR_CALLS_NOT_WAITED_FOR)
	!calling;
#endif
#ifdef ERROR_READY_TOO_LATE
	if
	:: state == READY -> pamts_private = false
	:: else
	fi
#else
	if
	:: configured -> pamts_private = false
	:: else
	fi
#endif
}

/*
 * The reboot notifiers, then the other kernel.  It may stop the other CPUs at
 * any time, so they continue.
 */
proctype kexec()
{
	byte cpu;
	bool todo[CPUS];

#if defined(ERROR_RELIES_ON_KVM)
	/* Ends initializations, then VMX operation; but see kvm_create_vm(). */
	retired = true;
	!calling;
	kvm_reboot();
	leave_machine();
#elif defined(ERROR_KVM_FIRST)
	kvm_reboot();
	leave_machine();
#else
	leave_machine();
	kvm_reboot();
#endif

	cpu = 0;
end:	if
	:: dirty[0] || dirty[1] || dirty[2] ->
		assert(!dirty[0] && !dirty[1] && !dirty[2])
	:: pamts_private -> assert(!pamts_private)
	fi
}
#endif

/* Waits for a state in which an event would be an error ... */
proctype watch()
{
end:	if
	/* ... a crash */
	:: !safe_in_crash(0) -> assert(safe_in_crash(0))
	:: !safe_in_crash(1) -> assert(safe_in_crash(1))
	:: !safe_in_crash(2) -> assert(safe_in_crash(2))
	fi
}

init
{
	atomic {
		present[0] = true;
		present[1] = true;
		online[0] = true;
		online[1] = true;
#ifndef CPU_ADDED
		present[2] = true;
		online[2] = true;
#endif
		run worker();
		run user();
		run user();
		run cpu_hotplug();
#if defined(MEMORY) || defined(ACCEPT_MEMORY)
		run memory_hotplug();
#endif
#ifdef KEXEC
		run kexec();
#endif
		run watch()
	}
}
