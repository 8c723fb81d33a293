/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of private memory as the machine has them, and those that are poisoned on purpose.
 */
#ifndef SELFTEST_KVM_PRIVATE_MEM_POISON_H
#define SELFTEST_KVM_PRIVATE_MEM_POISON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each CPU marks fewer pages than these as unevictable later than it gets them. */
#define PP_PAGES	128

/* Flags of all pages of the machine */
struct pp_pages {
	uint64_t *flags;
	size_t nr;
};

/* Skips the test if pages cannot be poisoned. */
void pp_require(void);

struct pp_pages pp_read_pages(void);

/* Whether a page frame has private memory, or other memory of files that is not evicted. */
bool pp_is_private(const struct pp_pages *pages, size_t pfn);

/* Poisons a page that has become one of private memory since @before, which is freed. */
void pp_poison_new_page(struct pp_pages before);

#endif /* SELFTEST_KVM_PRIVATE_MEM_POISON_H */
