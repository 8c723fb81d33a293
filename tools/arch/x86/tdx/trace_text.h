/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events tdx:* in the text of a trace: of tracefs, trace-cmd report, or perf script.
 */
#ifndef TDX_TRACE_TEXT_H
#define TDX_TRACE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TRACE_NAME_ROOM	48

enum trace_kind { TRACE_STEP, TRACE_SEAMCALL, TRACE_EXIT, TRACE_SEPT };

/**
 * struct trace_event - an event
 * @kind:     which one
 * @name:     step of the initialization, leaf, or exit reason
 * @start:    in seconds; the same as @end if the event has no duration
 * @end:      when it was traced
 * @cpu:      where
 * @failed:   a step with an errno, or a leaf with another status than SUCCESS
 * @keyid:    of the TD, of an exit or a change of the secure EPT
 * @vcpu:     of an exit
 * @operands: RCX and RDX of a SEAMCALL, and RDX that it returned
 */
struct trace_event {
	enum trace_kind kind;
	char name[TRACE_NAME_ROOM];
	double start;
	double end;
	unsigned int cpu;
	bool failed;
	unsigned int keyid;
	unsigned int vcpu;
	uint64_t operands[3];
};

/* In the order of the text.  All zero if empty. */
struct trace {
	struct trace_event *events;
	size_t nr;
	size_t nr_lost;		/* lines that report lost events */
};

/* Read all events of a text; lines of other events are skipped. */
void trace_read(struct trace *trace, FILE *file);
void trace_free(struct trace *trace);

#endif
