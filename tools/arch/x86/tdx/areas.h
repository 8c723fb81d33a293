/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Areas of physical memory and what TDX does with them.
 */
#ifndef TDX_AREAS_H
#define TDX_AREAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum area_kind { AREA_RAM, AREA_CMR, AREA_TDMR, AREA_RESERVED, AREA_PAMT };

/**
 * struct area - an area of physical memory
 * @kind:   what it is
 * @number: of the NUMA node of RAM, of the CMR, or of the TDMR to which it belongs
 * @base:   first address
 * @size:   in bytes
 */
struct area {
	enum area_kind kind;
	unsigned int number;
	uint64_t base;
	uint64_t size;
};

/* Allocated; all zero if empty. */
struct area_list {
	struct area *areas;
	size_t nr;
};

void areas_add(struct area_list *list, struct area area);

/* Add a level of a PAMT: to the one before if they are adjacent. */
void areas_add_pamt(struct area_list *list, unsigned int tdmr, uint64_t base, uint64_t size);

void areas_free(struct area_list *list);

/* The first area that is empty, or ends beyond 52 bits of address; NULL if there is none. */
const struct area *areas_bad(const struct area_list *list);

/* The address behind the last one. */
uint64_t area_end(const struct area *area);
bool areas_overlap(const struct area *a, const struct area *b);

/* The sizes of all areas of a kind, and how many there are. */
uint64_t areas_bytes(const struct area_list *list, enum area_kind kind);
unsigned int areas_count(const struct area_list *list, enum area_kind kind);

#endif
