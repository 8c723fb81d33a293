// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events tdx:* in the text of a trace.  See trace_text.h.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "trace_text.h"

static bool parse_step(struct trace_event *event, const char *text)
{
	const char *colon = strrchr(text, ':');
	unsigned long long us;
	int error;

	if (!colon || sscanf(colon, ": %d, %llu us", &error, &us) != 2)
		return false;
	snprintf(event->name, sizeof(event->name), "%.*s", (int)(colon - text), text);
	event->failed = error;
	event->start = event->end - us / 1e6;
	return true;
}

static bool parse_seamcall(struct trace_event *event, const char *text)
{
	unsigned long long rcx, rdx, out_rdx, ns;
	char status[TRACE_NAME_ROOM];

	if (sscanf(text, "%47s rcx=%llx rdx=%llx r8=%*x r9=%*x -> %47s %*x rcx=%*x rdx=%llx r8=%*x %llu ns",
		   event->name, &rcx, &rdx, status, &out_rdx, &ns) != 6)
		return false;
	event->operands[0] = rcx;
	event->operands[1] = rdx;
	event->operands[2] = out_rdx;
	event->failed = strcmp(status, "SUCCESS");
	event->start = event->end - ns / 1e9;
	return true;
}

static bool parse_exit(struct trace_event *event, const char *text)
{
	return sscanf(text, "KeyID %u vCPU %u %47s", &event->keyid, &event->vcpu, event->name) == 3;
}

static bool parse_sept(struct trace_event *event, const char *text)
{
	char status[TRACE_NAME_ROOM];

	if (sscanf(text, "KeyID %u %47s gpa %*x level %*u pfn %*x -> %47s", &event->keyid,
		   event->name, status) != 3)
		return false;
	event->failed = strcmp(status, "SUCCESS");
	return true;
}

static const struct {
	const char *name;
	bool (*parse)(struct trace_event *event, const char *text);
} kinds[] = {
	[TRACE_STEP]	 = { "tdx_init_step: ", parse_step },
	[TRACE_SEAMCALL] = { "tdx_seamcall: ", parse_seamcall },
	[TRACE_EXIT]	 = { "tdx_td_exit: ", parse_exit },
	[TRACE_SEPT]	 = { "tdx_sept: ", parse_sept },
};

/* The time is the word before the event's name; the CPU is in brackets before it. */
static bool parse_head(struct trace_event *event, const char *line, const char *name)
{
	const char *at = name, *bracket = strchr(line, '[');
	char *end;

	while (at > line && at[-1] != ' ')
		at--;
	while (at > line && !isdigit(at[-1]))
		at--;
	while (at > line && (isdigit(at[-1]) || at[-1] == '.'))
		at--;
	event->end = strtod(at, &end);
	event->start = event->end;
	event->cpu = bracket ? strtoul(bracket + 1, NULL, 10) : 0;
	return *end == ':';
}

static bool parse_line(struct trace_event *event, const char *line)
{
	const char *name, *text;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		name = strstr(line, kinds[i].name);
		if (!name)
			continue;
		*event = (struct trace_event) { .kind = i };
		/* trace-cmd aligns the text. */
		text = name + strlen(kinds[i].name);
		text += strspn(text, " ");
		return parse_head(event, line, name) && kinds[i].parse(event, text);
	}
	return false;
}

void trace_read(struct trace *trace, FILE *file)
{
	struct trace_event event;
	char *line = NULL;
	size_t room = 0;

	*trace = (struct trace) {};
	while (getline(&line, &room, file) >= 0) {
		trace->nr_lost += !!strstr(line, "LOST ");
		if (!parse_line(&event, line))
			continue;
		trace->events = array_grow(trace->events, trace->nr, sizeof(event));
		trace->events[trace->nr++] = event;
	}
	free(line);
}

void trace_free(struct trace *trace)
{
	free(trace->events);
	*trace = (struct trace) {};
}
