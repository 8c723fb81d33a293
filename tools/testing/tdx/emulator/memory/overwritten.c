// SPDX-License-Identifier: GPL-2.0-only
/* Tracking of lines that the host has overwritten to take a page back. */

/*
 * Lines are tracked by page, not by CPU: a task that overwrites a page may move
 * to another CPU, and another task may overwrite another page meanwhile.
 */
#include "lib/lock.h"
#include "memory/overwritten.h"

#define LINE_BYTES	64
#define ALL_LINES	(~0ULL)		/* one bit for each line of a page */

static struct {
	u64 page;
	u64 lines;		/* 0: unused */
} pages[OVERWRITTEN_PAGES];

static struct lock pages_lock;
static unsigned int oldest;

/*
 * The entry of @page, which is made if there is none.  If all entries are used,
 * the oldest is replaced: its task probably ended before the page was complete.
 */
static unsigned int entry_of(u64 page)
{
	unsigned int i, unused = OVERWRITTEN_PAGES;

	for (i = 0; i < OVERWRITTEN_PAGES; i++) {
		if (pages[i].lines && pages[i].page == page)
			return i;
		if (!pages[i].lines && unused == OVERWRITTEN_PAGES)
			unused = i;
	}
	if (unused == OVERWRITTEN_PAGES) {
		unused = oldest;
		oldest = (oldest + 1) % OVERWRITTEN_PAGES;
	}
	pages[unused].page = page;
	pages[unused].lines = 0;
	return unused;
}

bool overwritten_add(u64 pa)
{
	unsigned int i;
	bool all;

	lock(&pages_lock);
	i = entry_of(pa & PAGE_MASK);
	pages[i].lines |= BIT_ULL(pa % PAGE_SIZE / LINE_BYTES);
	all = pages[i].lines == ALL_LINES;
	if (all)
		pages[i].lines = 0;
	unlock(&pages_lock);
	return all;
}

void overwritten_forget(u64 pa, u64 bytes)
{
	unsigned int i;

	lock(&pages_lock);
	for (i = 0; i < OVERWRITTEN_PAGES; i++) {
		if (pages[i].page - pa < bytes)
			pages[i].lines = 0;
	}
	unlock(&pages_lock);
}
