// SPDX-License-Identifier: GPL-2.0-only
/*
 * Draws a layout, as tdxinfo --map draws that of a machine.
 */
#include <linux/kernel.h>
#include <stdlib.h>
#include <string.h>

#include "../../../arch/x86/tdx/picture.h"
#include "map_text.h"

static const char usage[] =
	"usage: tdmr_map < LAYOUT > PICTURE.svg\n"
	"\n"
	"Draws RAM, CMRs, TDMRs, reserved areas and PAMTs, and lists them.  Rectangles tell\n"
	"their addresses under the mouse.\n"
	"\n"
	"Exit status: 0, or 2 for bad input.\n";

static void add(struct area_list *areas, enum area_kind kind, unsigned int number, u64 base,
		u64 size)
{
	areas_add(areas, (struct area) { kind, number, base, size });
}

static void add_tdmr(struct area_list *areas, unsigned int number,
		     const struct tdx_tdmr_info *tdmr)
{
	const struct tdx_reserved_area *area = tdmr->reserved;
	unsigned int i;

	add(areas, AREA_TDMR, number, tdmr->base, tdmr->size);
	for (i = 0; i < TDX_NR_PAMT_LEVELS; i++)
		areas_add_pamt(areas, number, tdmr->pamt[i].base, tdmr->pamt[i].size);
	for (; area < &tdmr->reserved[TDX_TDMR_NR_RESERVED] && area->size; area++)
		add(areas, AREA_RESERVED, number, tdmr->base + area->offset, area->size);
}

static struct area_list areas_of(const struct map_text *text)
{
	struct area_list areas = {};
	unsigned int i;

	for (i = 0; i < text->nr_ram; i++)
		add(&areas, AREA_RAM, text->ram[i].node, text->ram[i].base, text->ram[i].size);
	for (i = 0; i < text->nr_cmrs; i++)
		add(&areas, AREA_CMR, i, text->cmrs[i].base, text->cmrs[i].size);
	for (i = 0; i < text->nr_tdmrs; i++)
		add_tdmr(&areas, i, &text->tdmrs[i]);
	return areas;
}

/*
 * Layouts that the module would refuse are drawn, but addresses have to be
 * valid.
 */
static bool drawable(const struct area_list *areas)
{
	static const char * const kinds[] = {
		[AREA_RAM] = "ram", [AREA_CMR] = "cmr", [AREA_TDMR] = "tdmr",
		[AREA_RESERVED] = "reserved area", [AREA_PAMT] = "pamt",
	};
	const struct area *bad = areas_bad(areas);

	if (bad)
		fprintf(stderr, "tdmr_map: %s 0x%llx 0x%llx %s\n", kinds[bad->kind],
			(u64)bad->base, (u64)bad->size,
			bad->size ? "goes beyond 52 bits of physical address" : "is empty");
	else if (!areas->nr)
		fprintf(stderr, "tdmr_map: nothing to draw\n");
	return !bad && areas->nr;
}

int main(int argc, char **argv)
{
	struct area_list areas;
	struct map_text text;
	bool good;

	if (argc > 1) {
		fputs(usage, strcmp(argv[1], "--help") ? stderr : stdout);
		return strcmp(argv[1], "--help") ? 2 : 0;
	}
	if (!map_text_read(&text, stdin, "standard input"))
		return 2;
	areas = areas_of(&text);
	map_text_free(&text);
	good = drawable(&areas);
	if (good)
		picture_draw(stdout, &areas);
	areas_free(&areas);
	return good ? 0 : 2;
}
