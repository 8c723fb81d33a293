// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creating and destroying TDs in the software TDX module.  See td_life.h.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "../keyid.h"
#include "../page.h"
#include "../vcpu.h"
#include "model_host.h"
#include "td_life.h"

static void allow_tds(struct kunit *test, struct model_host *host)
{
	KUNIT_ASSERT_EQ(test, tdx_module_init(&host->module), 0);
	tdx_page_setup(&host->module.memory);
	tdx_vcpu_setup(&host->module.sysinfo.td_limits);
	tdx_keyid_setup(&host->platform);
	/* Tests count SEAMCALLs from here. */
	atomic64_set(&host->seamcalls, 0);
}

/**
 * td_life_host_create - create a healthy machine on which TDs can be created
 * @test: the test; it fails if that is not possible
 *
 * Skips the test if KVM uses TDX.
 *
 * Context: Process context, may sleep.
 * Return: The machine; to be unloaded with td_life_host_unload().
 */
struct model_host *td_life_host_create(struct kunit *test)
{
	struct model_host *host;

	if (tdx_keyids_count().free)
		kunit_skip(test, "TDX is in use");
	host = model_host_create(test);
	test->priv = host;
	model_host_load(host);
	allow_tds(test, host);
	return host;
}

static void forbid_tds(void)
{
	tdx_keyid_setup(&(struct tdx_platform) {});
}

/**
 * td_life_host_restart - reset the machine, and make it ready for TDs again
 * @test: the test; it fails if that is not possible
 * @host: from td_life_host_create()
 *
 * Context: Process context, may sleep.
 */
void td_life_host_restart(struct kunit *test, struct model_host *host)
{
	forbid_tds();
	model_host_restart(host);
	allow_tds(test, host);
}

/**
 * td_life_host_unload - undo td_life_host_create()
 * @host: from td_life_host_create(); NULL if that skipped the test
 *
 * Context: Process context, may sleep.
 */
void td_life_host_unload(struct model_host *host)
{
	if (!host)
		return;
	forbid_tds();
	tdx_page_setup(NULL);
	tdx_vcpu_setup(NULL);
	model_host_unload(host);
}

/**
 * td_life_new - allocate a TD that is not created yet
 * @test: the test
 *
 * Context: Process context, may sleep.
 * Return: The TD, with parameters that the module accepts.
 */
struct td_life *td_life_new(struct kunit *test)
{
	struct td_life *life = kunit_kzalloc(test, sizeof(*life), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, life);
	/* Allocated separately for its alignment. */
	life->params = kunit_kzalloc(test, sizeof(*life->params), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, life->params);
	life->test = test;
	*life->params = (struct tdx_td_params) {
		.xfam		= TDX_XFAM_FP_SSE,
		.max_vcpus	= TD_LIFE_MAX_VPS,
		.eptp_controls	= TDX_EPTP_WB | TDX_EPTP_4_LEVELS,
		.config_flags	= TDX_CONFIG_FLAG_NO_RBP_MOD,
		.tsc_frequency	= 40,
	};
	return life;
}

static void remember(struct td_life *life, struct page *page)
{
	KUNIT_ASSERT_NOT_NULL(life->test, page);
	KUNIT_ASSERT_LT(life->test, life->nr_pages, (unsigned int)TD_LIFE_MAX_PAGES);
	life->pages[life->nr_pages++] = page;
}

/**
 * td_life_page - allocate a page for a TD
 * @life: the TD
 *
 * Context: Process context, may sleep.
 * Return: The page; the test fails and ends if there is no memory.
 */
struct page *td_life_page(struct td_life *life)
{
	struct page *page = tdx_page_alloc(&life->td);

	remember(life, page);
	return page;
}

/**
 * td_life_private_page - allocate a page for private memory of a TD
 * @life: a TD with a TDR page
 *
 * Context: Process context, may sleep.
 * Return: The page, after tdx_page_take(); the caller has a reference.
 */
struct page *td_life_private_page(struct td_life *life)
{
	struct page *page = alloc_page(GFP_KERNEL);

	remember(life, page);
	KUNIT_ASSERT_EQ(life->test, tdx_page_take(&life->td, page), 0);
	return page;
}

/* @page was given to the module, or refused. */
static bool gave(struct td_life *life, struct page *page, u64 status)
{
	life->status = status;
	if (tdx_status_failed(status))
		tdx_page_free(&life->td, page);
	return !tdx_status_failed(status);
}

static bool did(struct td_life *life, u64 status)
{
	life->status = status;
	return !tdx_status_failed(status);
}

static bool create_vp(struct td_life *life)
{
	const struct tdx_module *module = &((struct model_host *)life->test->priv)->module;
	struct tdx_vp *vp = &life->vps[life->nr_vps++];
	struct page *page = td_life_page(life);
	u64 value;

	vp->td = &life->td;
	if (!gave(life, page, tdh_vp_create(vp, page)))
		return false;
	while (vp->nr_tdvpx < module->sysinfo.td_limits.nr_tdvpx) {
		page = td_life_page(life);
		if (!gave(life, page, tdh_vp_addcx(vp, page)))
			return false;
	}
	return did(life, tdh_vp_init(vp, 0x1234, life->nr_vps - 1)) &&
	       did(life, tdh_vp_wr(vp, TDX_MD_VMCS_16(TDX_VMCS_NOTIFICATION_VECTOR), 0xf2,
				   0xffff)) &&
	       did(life, tdh_vp_rd(vp, TDX_MD_VCPU_STATE_DETAILS, &value));
}

static bool create_td(struct td_life *life)
{
	const struct tdx_module *module = &((struct model_host *)life->test->priv)->module;
	struct page *page = td_life_page(life);
	struct tdx_td *td = &life->td;
	u64 value;

	if (!gave(life, page, tdh_mng_create(td, page)) || !did(life, tdh_mng_key_config(td)))
		return false;
	while (td->nr_tdcx < module->sysinfo.td_limits.nr_tdcx) {
		page = td_life_page(life);
		if (!gave(life, page, tdh_mng_addcx(td, page)))
			return false;
	}
	return did(life, tdh_mng_init(td, life->params, &value)) &&
	       did(life, tdh_mng_rd(td, TDX_MD_TDCS_TSC_MULTIPLIER, &value));
}

/**
 * td_life_create - create a TD with vCPUs on the current CPU
 * @life:   from td_life_new()
 * @nr_vps: number of vCPUs
 *
 * Context: Process context, may sleep; the caller stays on the CPU until
 *	    td_life_destroy(), which has to follow.
 * Return: 0, or an errno of tdx_keyid_alloc() or tdx_status_errno().
 */
int td_life_create(struct td_life *life, unsigned int nr_vps)
{
	int ret = tdx_keyid_alloc(&life->td);
	bool done;

	if (ret)
		return ret;
	done = create_td(life);
	while (done && life->nr_vps < nr_vps)
		done = create_vp(life);
	return done ? 0 : tdx_status_errno(life->status);
}

/**
 * td_life_add_sept - add pages of the secure EPT for the lowest guest addresses
 * @life: a TD after td_life_create()
 *
 * Context: Process context, may sleep.
 * Return: 0, or an errno of tdx_status_errno().
 */
int td_life_add_sept(struct td_life *life)
{
	struct tdx_sept_entry at;
	struct page *page;

	while (life->nr_sept < TD_LIFE_SEPT_LEVELS) {
		page = td_life_page(life);
		if (!gave(life, page, tdh_mem_sept_add(&life->td, 0,
						       TD_LIFE_SEPT_LEVELS - life->nr_sept,
						       page, &at)))
			return tdx_status_errno(life->status);
		life->sept[life->nr_sept++] = page;
	}
	return 0;
}

/* @page is mapped, or still the caller's, who does not need it any more then. */
static int mapped(struct td_life *life, unsigned int i, struct page *page, u64 status)
{
	life->status = status;
	if (tdx_status_failed(status)) {
		tdx_page_return(&life->td, page);
		put_page(page);
	} else {
		life->private[i] = page;
	}
	return tdx_status_errno(status);
}

/**
 * td_life_add - map a page with initial contents
 * @life:   a TD after td_life_add_sept()
 * @i:	    the page of the guest
 * @source: the contents
 *
 * Context: Process context, may sleep.
 * Return: 0, or an errno of tdx_status_errno().
 */
int td_life_add(struct td_life *life, unsigned int i, struct page *source)
{
	struct page *page = td_life_private_page(life);
	struct tdx_sept_entry at;

	return mapped(life, i, page, tdh_mem_page_add(&life->td, PFN_PHYS(i), page, source, &at));
}

/**
 * td_life_aug - map a page that the guest has to accept
 * @life: a TD after td_life_add_sept()
 * @i:	  the page of the guest
 *
 * Context: Process context, may sleep.
 * Return: 0, or an errno of tdx_status_errno().
 */
int td_life_aug(struct td_life *life, unsigned int i)
{
	struct page *page = td_life_private_page(life);
	struct tdx_sept_entry at;

	return mapped(life, i, page, tdh_mem_page_aug(&life->td, PFN_PHYS(i), 0, page, &at));
}

/**
 * td_life_remove - unmap a page, and free it
 * @life: a TD that maps the page
 * @i:	  the page of the guest
 *
 * Context: Process context, may sleep.
 * Return: 0, or an errno of tdx_status_errno().
 */
int td_life_remove(struct td_life *life, unsigned int i)
{
	struct page *page = life->private[i];
	struct tdx_td *td = &life->td;
	struct tdx_sept_entry at;

	if (!did(life, tdh_mem_range_block(td, PFN_PHYS(i), 0, &at)) ||
	    !did(life, tdh_mem_track(td)) ||
	    !did(life, tdh_mem_page_remove(td, PFN_PHYS(i), 0, &at)))
		return tdx_status_errno(life->status);

	life->private[i] = NULL;
	did(life, tdx_page_return(td, page));
	put_page(page);
	return tdx_status_errno(life->status);
}

/**
 * td_life_use_memory - call all leaves for private memory, in the order of KVM
 * @life: a TD with a vCPU, after td_life_create()
 *
 * Context: Process context, may sleep.
 * Return: 0, or an errno of tdx_status_errno().
 */
int td_life_use_memory(struct td_life *life)
{
	struct tdx_sept_entry at;

	return td_life_add_sept(life) ?:
	       td_life_add(life, 0, ZERO_PAGE(0)) ?:
	       tdx_status_errno(tdh_mr_extend(&life->td, 0, &at)) ?:
	       tdx_status_errno(tdh_mr_finalize(&life->td)) ?:
	       td_life_aug(life, 1) ?:
	       td_life_aug(life, 2) ?:
	       td_life_remove(life, 1);
}

static void flush_vps(struct td_life *life)
{
	const struct tdx_module *module = &((struct model_host *)life->test->priv)->module;
	unsigned int i;

	for (i = 0; i < life->nr_vps; i++)
		if (life->vps[i].nr_tdvpx == module->sysinfo.td_limits.nr_tdvpx)
			tdh_vp_flush(&life->vps[i]);
}

static bool release_keyid(struct td_life *life)
{
	struct tdx_td *td = &life->td;

	if (tdx_status_failed(tdh_mng_vpflushdone(td)) ||
	    tdx_status_failed(tdh_phymem_cache_wb()) ||
	    tdx_status_failed(tdh_mng_key_freeid(td))) {
		tdx_keyid_burn(td);
		return false;
	}
	tdx_keyid_free(td);
	return true;
}

static void take_back(struct td_life *life, struct page *page, bool released)
{
	if (released) {
		tdx_page_reclaim(&life->td, page);
	} else {
		tdx_page_leak(&life->td, page);
		/* Not necessary, but all leaked pages have one reference then. */
		put_page(page);
	}
}

static void take_back_private(struct td_life *life, unsigned int i, bool released)
{
	struct page *page = life->private[i];

	if (!page)
		return;
	if (released)
		tdx_page_reclaim_private(&life->td, page);
	else
		tdx_page_leak(&life->td, page);
	put_page(page);
	life->private[i] = NULL;
}

/**
 * td_life_destroy - destroy a TD in any state
 * @life: after td_life_create()
 *
 * Context: Process context, may sleep, on the CPU of td_life_create().
 */
void td_life_destroy(struct td_life *life)
{
	struct tdx_vp *vp;
	unsigned int i;
	bool released;

	if (!life->td.tdr) {
		tdx_keyid_free(&life->td);
		return;
	}
	flush_vps(life);
	released = release_keyid(life);

	for (vp = life->vps; vp < &life->vps[life->nr_vps]; vp++) {
		while (vp->nr_tdvpx)
			take_back(life, vp->tdvpx[--vp->nr_tdvpx], released);
		if (vp->tdvpr)
			take_back(life, vp->tdvpr, released);
	}
	for (i = 0; i < TD_LIFE_MAX_PRIVATE; i++)
		take_back_private(life, i, released);
	while (life->nr_sept)
		take_back(life, life->sept[--life->nr_sept], released);
	while (life->td.nr_tdcx)
		take_back(life, life->td.tdcx[--life->td.nr_tdcx], released);
	take_back(life, life->td.tdr, released);
}
