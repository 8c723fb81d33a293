// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of areas for people.  See area_names.h.
 */
#include <stdio.h>
#include <string.h>

#include "area_names.h"
#include "size_text.h"

static const char * const kinds[] = {
	[AREA_RAM] = "node", [AREA_CMR] = "CMR", [AREA_TDMR] = "TDMR", [AREA_RESERVED] = "hole",
	[AREA_PAMT] = "PAMT",
};

static uint64_t overlap(const struct area *a, const struct area *b)
{
	uint64_t start = a->base > b->base ? a->base : b->base;
	uint64_t end = area_end(a) < area_end(b) ? area_end(a) : area_end(b);

	return start < end ? end - start : 0;
}

/* How much of a reserved area is not of PAMTs. */
static uint64_t hole_bytes(const struct area_list *areas, const struct area *reserved)
{
	uint64_t bytes = reserved->size;
	size_t i;

	for (i = 0; i < areas->nr; i++)
		if (areas->areas[i].kind == AREA_PAMT)
			bytes -= overlap(reserved, &areas->areas[i]);
	return bytes;
}

/* Cuts a PAMT off one end. */
static bool cut(struct area *hole, const struct area *pamt)
{
	if (pamt->kind != AREA_PAMT || !areas_overlap(hole, pamt))
		return false;
	if (pamt->base > hole->base && area_end(pamt) < area_end(hole))
		return false;
	if (pamt->base > hole->base) {
		hole->size = pamt->base - hole->base;
	} else {
		hole->size -= overlap(hole, pamt);
		hole->base = area_end(pamt);
	}
	return true;
}

bool area_hole(struct area *hole, const struct area_list *areas, const struct area *reserved)
{
	size_t i = 0;

	*hole = *reserved;
	while (i < areas->nr && hole->size)
		i = cut(hole, &areas->areas[i]) ? 0 : i + 1;
	return hole->size;
}

void area_name(char name[AREA_NAME_ROOM], const struct area *area)
{
	if (area->kind == AREA_RESERVED)
		snprintf(name, AREA_NAME_ROOM, "%s", kinds[area->kind]);
	else
		snprintf(name, AREA_NAME_ROOM, "%s %u", kinds[area->kind], area->number);
}

/* The PAMT or the reserved area of another kind that has the same place. */
static const struct area *twin(const struct area_list *areas, const struct area *area,
			       enum area_kind kind)
{
	const struct area *other;
	size_t i;

	for (i = 0; i < areas->nr; i++) {
		other = &areas->areas[i];
		if (other->kind == kind && other->base == area->base && other->size == area->size)
			return other;
	}
	return NULL;
}

/* Lists what a reserved area consists of, as far as there is room. */
static void name_contents(char *text, size_t room, const struct area_list *areas,
			  const struct area *reserved)
{
	const char *comma = hole_bytes(areas, reserved) ? ", " : "";
	size_t i, at;

	snprintf(text, room, "reserved in TDMR %u: %s", reserved->number,
		 comma[0] ? "hole" : "");
	for (i = 0; i < areas->nr; i++) {
		if (areas->areas[i].kind != AREA_PAMT || !overlap(reserved, &areas->areas[i]))
			continue;
		at = strlen(text);
		snprintf(text + at, room - at, "%sPAMT %u", comma, areas->areas[i].number);
		comma = ", ";
	}
}

static void name_pamt(char *text, size_t room, const struct area_list *areas,
		      const struct area *pamt)
{
	const struct area *reserved = twin(areas, pamt, AREA_RESERVED);

	if (reserved)
		snprintf(text, room, "PAMT %u, reserved in TDMR %u", pamt->number, reserved->number);
	else
		snprintf(text, room, "PAMT %u", pamt->number);
}

bool area_line(char line[AREA_LINE_ROOM], const struct area_list *areas, const struct area *area)
{
	char what[40], size[SIZE_ROOM];

	if (area->kind == AREA_RESERVED && twin(areas, area, AREA_PAMT))
		return false;
	if (area->kind == AREA_RESERVED)
		name_contents(what, sizeof(what), areas, area);
	else if (area->kind == AREA_PAMT)
		name_pamt(what, sizeof(what), areas, area);
	else
		snprintf(what, sizeof(what), "%s%s %u", area->kind == AREA_RAM ? "RAM of " : "",
			 kinds[area->kind], area->number);
	size_text(size, area->size);
	snprintf(line, AREA_LINE_ROOM, "%-32s 0x%012llx-0x%012llx %8s", what,
		 (unsigned long long)area->base, (unsigned long long)area_end(area) - 1, size);
	return true;
}
