/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Creating and destroying TDs in the software TDX module like KVM, for KUnit.
 */
#ifndef _X86_VIRT_TDX_TESTS_TD_LIFE_H
#define _X86_VIRT_TDX_TESTS_TD_LIFE_H

#include <asm/tdx_td.h>

#define TD_LIFE_MAX_VPS		2
#define TD_LIFE_MAX_PAGES	64
#define TD_LIFE_SEPT_LEVELS	3	/* of pages that are added */
#define TD_LIFE_MAX_PRIVATE	3

struct kunit;
struct model_host;

/**
 * struct td_life - a TD, and all of its pages
 * @test:     the test
 * @td:	      the TD
 * @vps:      its vCPUs
 * @nr_vps:   used entries of @vps
 * @params:   parameters of the TD
 * @status:   status of the last leaf of its creation
 * @pages:    all pages that were allocated for it, also those that were freed
 * @nr_pages: used entries of @pages
 * @sept:     pages of the secure EPT
 * @nr_sept:  used entries of @sept
 * @private:  pages that are mapped in the lowest entries of the secure EPT
 */
struct td_life {
	struct kunit *test;
	struct tdx_td td;
	struct tdx_vp vps[TD_LIFE_MAX_VPS];
	unsigned int nr_vps;
	struct tdx_td_params *params;
	u64 status;
	struct page *pages[TD_LIFE_MAX_PAGES];
	unsigned int nr_pages;
	struct page *sept[TD_LIFE_SEPT_LEVELS];
	unsigned int nr_sept;
	struct page *private[TD_LIFE_MAX_PRIVATE];
};

struct model_host *td_life_host_create(struct kunit *test);
void td_life_host_restart(struct kunit *test, struct model_host *host);
void td_life_host_unload(struct model_host *host);

struct td_life *td_life_new(struct kunit *test);
struct page *td_life_page(struct td_life *life);
struct page *td_life_private_page(struct td_life *life);
int td_life_create(struct td_life *life, unsigned int nr_vps);
int td_life_add_sept(struct td_life *life);
int td_life_add(struct td_life *life, unsigned int i, struct page *source);
int td_life_aug(struct td_life *life, unsigned int i);
int td_life_remove(struct td_life *life, unsigned int i);
int td_life_use_memory(struct td_life *life);
void td_life_destroy(struct td_life *life);

#endif /* _X86_VIRT_TDX_TESTS_TD_LIFE_H */
