// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is measured, for those who calculate MRTD without a TD.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "model/sha384.h"
#include "vmm.h"

#define CHUNK	256	/* is measured at a time */
#define BLOCK	TDX_MODEL_SHA384_BLOCK

static_assert(sizeof(uint64_t[TDX_MODEL_SHA384_WORDS]) == HASH_SIZE, "");

/* A block of SHA-384: name and address */
static void add_event(struct tdx_model_sha384 *sha, const char *name, uint64_t gpa)
{
	uint8_t block[BLOCK] = {};

	memcpy(block, name, strlen(name));
	memcpy(&block[16], &gpa, sizeof(gpa));
	tdx_model_sha384_add(sha, block, 1);
}

/* TDH.MEM.PAGE.ADD and TDH.MR.EXTEND, as the TDX module measures them */
static void add_page(struct tdx_model_sha384 *sha, uint64_t gpa, const uint8_t *contents)
{
	unsigned int offset;

	add_event(sha, "MEM.PAGE.ADD", gpa);
	for (offset = 0; offset < PAGE_SIZE; offset += CHUNK) {
		add_event(sha, "MR.EXTEND", gpa + offset);
		tdx_model_sha384_add(sha, contents + offset, CHUNK / BLOCK);
	}
}

void measure_mrtd(const struct td *td, uint8_t mrtd[HASH_SIZE])
{
	unsigned long long result[TDX_MODEL_SHA384_WORDS];
	const struct region *region;
	struct tdx_model_sha384 sha;
	uint64_t offset;

	tdx_model_sha384_begin(&sha);
	for (region = td->regions; region < td->regions + td->nr_regions; region++)
		for (offset = 0; offset < region->size; offset += PAGE_SIZE)
			add_page(&sha, region->gpa + offset,
				 (const uint8_t *)region->contents + offset);
	tdx_model_sha384_end(&sha, result);
	memcpy(mrtd, result, HASH_SIZE);
}

void measure_hash(const void *data, size_t size, uint8_t hash[HASH_SIZE])
{
	unsigned long long result[TDX_MODEL_SHA384_WORDS];

	tdx_model_sha384(data, size, result);
	memcpy(hash, result, HASH_SIZE);
}

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
