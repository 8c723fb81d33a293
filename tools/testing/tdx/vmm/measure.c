// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is measured, for those who calculate MRTD without a TD.
 */
#include <stdio.h>

#include "vmm.h"

/* Each region: address and size, both of 8 bytes, and its contents. */
void measure(const struct td *td, const char *path)
{
	FILE *file = fopen(path, "w");
	unsigned int i;

	if (!file)
		die("%s", path);
	for (i = 0; i < td->nr_regions; i++) {
		const struct region *region = &td->regions[i];

		fwrite(&region->gpa, sizeof(region->gpa), 1, file);
		fwrite(&region->size, sizeof(region->size), 1, file);
		fwrite(region->contents, region->size, 1, file);
	}
	if (ferror(file) || fclose(file))
		die("%s", path);
}
