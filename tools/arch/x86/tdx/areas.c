// SPDX-License-Identifier: GPL-2.0-only
/*
 * Areas of physical memory.  See areas.h.
 */
#include <stdlib.h>

#include "areas.h"
#include "common.h"

#define MAX_ADDRESS	BIT_ULL(52)

void areas_add(struct area_list *list, struct area area)
{
	list->areas = array_grow(list->areas, list->nr, sizeof(area));
	list->areas[list->nr++] = area;
}

void areas_add_pamt(struct area_list *list, unsigned int tdmr, uint64_t base, uint64_t size)
{
	struct area pamt = { AREA_PAMT, tdmr, base, size };
	struct area *last = list->nr ? &list->areas[list->nr - 1] : NULL;

	if (!last || last->kind != AREA_PAMT || last->number != tdmr) {
		areas_add(list, pamt);
	} else if (area_end(last) == base) {
		last->size += size;
	} else if (area_end(&pamt) == last->base) {
		last->base = base;
		last->size += size;
	} else {
		areas_add(list, pamt);
	}
}

void areas_free(struct area_list *list)
{
	free(list->areas);
	*list = (struct area_list) {};
}

const struct area *areas_bad(const struct area_list *list)
{
	const struct area *area;
	size_t i;

	for (i = 0; i < list->nr; i++) {
		area = &list->areas[i];
		if (!area->size || area->base >= MAX_ADDRESS ||
		    area->size > MAX_ADDRESS - area->base)
			return area;
	}
	return NULL;
}

uint64_t area_end(const struct area *area)
{
	return area->base + area->size;
}

bool areas_overlap(const struct area *a, const struct area *b)
{
	return a->base < area_end(b) && b->base < area_end(a);
}

uint64_t areas_bytes(const struct area_list *list, enum area_kind kind)
{
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < list->nr; i++)
		bytes += list->areas[i].kind == kind ? list->areas[i].size : 0;
	return bytes;
}

unsigned int areas_count(const struct area_list *list, enum area_kind kind)
{
	unsigned int count = 0;
	size_t i;

	for (i = 0; i < list->nr; i++)
		count += list->areas[i].kind == kind;
	return count;
}
