// SPDX-License-Identifier: GPL-2.0-only
/* Cases with TDs: what a host may do with their pages, and what it must not do. */
#include <linux/types.h>

#include "abi.h"
#include "lib/text.h"
#include "lib/x86.h"
#include "probe.h"

#define MSR_TME_ACTIVATE	0x982
#define PA_BITS			52
#define CACHE_WB_START		0
#define PM1A_CONTROL		0x604	/* of QEMU's q35 */
#define PM1_SLEEP_ENABLE	0x2000

/* Each page of a TD is in another range of 2 MB. */
#define TD_MEMORY		0x4000000ULL
#define NR_TDCX			6
#define TD_PAGES		(1 + NR_TDCX)
#define MANY_TDS		31

u64 td_tdr(unsigned int td)
{
	return TD_MEMORY + td * TD_PAGES * SIZE_2M;
}

static u64 tdcx(unsigned int td, unsigned int i)
{
	return td_tdr(td) + (1 + i) * SIZE_2M;
}

u64 td_keyid(unsigned int td)
{
	return global_keyid() + 1 + td;
}

static u64 with_keyid(u64 pa, u64 id)
{
	u64 bits = native_rdmsr(MSR_TME_ACTIVATE) >> 32 & 15;

	return pa | id << (PA_BITS - bits);
}

u64 td_call(const char *name, u64 leaf, u64 rcx, u64 rdx)
{
	struct regs regs = { .rcx = rcx, .rdx = rdx };

	return call(name, leaf, &regs);
}

u64 td_create(unsigned int td)
{
	unsigned int i;
	u64 status;

	status = td_call("create", TDH_MNG_CREATE, td_tdr(td), td_keyid(td));
	status = status ?: td_call("key", TDH_MNG_KEY_CONFIG, td_tdr(td), 0);
	for (i = 0; i < NR_TDCX && !status; i++)
		status = td_call("addcx", TDH_MNG_ADDCX, tdcx(td, i), td_tdr(td));
	return status;
}

static u64 free_keyid(unsigned int td)
{
	u64 status = td_call("flush", TDH_MNG_VPFLUSHDONE, td_tdr(td), 0);

	status = status ?: td_call("cache_wb", TDH_PHYMEM_CACHE_WB, CACHE_WB_START, 0);
	return status ?: td_call("free_keyid", TDH_MNG_KEY_FREEID, td_tdr(td), 0);
}

static u64 reclaim(u64 pa)
{
	return td_call("reclaim", TDH_PHYMEM_PAGE_RECLAIM, pa, 0);
}

u64 td_write_back(u64 pa, u64 id)
{
	return td_call("write_back", TDH_PHYMEM_PAGE_WBINVD, with_keyid(pa, id), 0);
}

static u64 reclaim_tdcx(unsigned int td)
{
	unsigned int i;
	u64 status = 0;

	for (i = 0; i < NR_TDCX && !status; i++)
		status = reclaim(tdcx(td, i));
	return status;
}

static u64 destroy(unsigned int td)
{
	u64 status = free_keyid(td);

	status = status ?: reclaim_tdcx(td);
	status = status ?: reclaim(td_tdr(td));
	return status ?: td_write_back(td_tdr(td), global_keyid());
}

static void overwrite(unsigned int td)
{
	unsigned int i;

	direct_store(td_tdr(td), 64);
	for (i = 0; i < NR_TDCX; i++)
		direct_store(tdcx(td, i), 64);
}

static unsigned int touch_all(unsigned int td)
{
	unsigned int i, touched = touch(td_tdr(td), true);

	for (i = 0; i < NR_TDCX; i++)
		touched += touch(tdcx(td, i), true);
	return touched;
}

static void begin(void)
{
	bring_up(true);
	say("created", td_create(0));
}

void __noreturn power_off(void)
{
	say("done", 0);
	io_out16(PM1A_CONTROL, PM1_SLEEP_ENABLE);
	for (;;)
		cpu_pause();
}

static void case_good(void)
{
	begin();
	say("destroyed", destroy(0));
	overwrite(0);
	say("touched", touch_all(0));
	power_off();
}

static void case_many(void)
{
	unsigned int i;
	u64 status = 0;

	bring_up(true);
	for (i = 0; i < MANY_TDS && !status; i++)
		status = td_create(i);
	say("created", status);
	for (i = 0; i < MANY_TDS && !status; i++) {
		status = destroy(i);
		overwrite(i);
	}
	say("destroyed", status);
	power_off();
}

static void case_read(void)
{
	begin();
	say("touched", touch(tdcx(0, 0) + 8, false));
	say("trapped", now(trapped));
}

static void case_write(void)
{
	begin();
	say("touched", touch(td_tdr(0), true));
	say("trapped", now(trapped));
}

static void read_forever(void)
{
	wbinvd();
	join_vmx();
	touch_forever(tdcx(0, 0));
}

/* The second CPU reads a page in a loop, and has to stop when a TD gets it. */
static void case_stale_translation(void)
{
	u64 seen;

	say("bring_up", bring_up_with_ap(read_forever));
	while (!now(touches))
		cpu_pause();
	say("created", td_create(0));
	seen = now(touches);
	while (!now(trapped) && now(touches) - seen < 1000)
		cpu_pause();
	say("touched_later", now(touches) - seen);
}

static void case_no_overwrite(void)
{
	begin();
	say("destroyed", destroy(0));
	say("touched", touch(tdcx(0, 0), false));
}

static void case_half_overwritten(void)
{
	begin();
	say("destroyed", destroy(0));
	direct_store(tdcx(0, 0), 63);
	say("touched", touch(tdcx(0, 0), true));
}

static void take_tdr_back(void)
{
	begin();
	say("destroyed", free_keyid(0) ?: reclaim_tdcx(0) ?: reclaim(td_tdr(0)));
}

static void case_tdr_in_caches(void)
{
	take_tdr_back();
	direct_store(td_tdr(0), 64);
}

static void case_tdr_written_back_with_another_keyid(void)
{
	take_tdr_back();
	say("write_back", td_write_back(td_tdr(0), td_keyid(0)));
	direct_store(td_tdr(0), 64);
}

static void case_tdr_written_back_by_wbinvd(void)
{
	take_tdr_back();
	wbinvd();
	/* The module writes with the same KeyID again, but not this page. */
	say("again", td_create(1));
	direct_store(td_tdr(0), 64);
}

/* A TD gets a page of which caches hold lines with another KeyID. */
static void case_tdr_given_again(void)
{
	take_tdr_back();
	say("create", td_call("create", TDH_MNG_CREATE, td_tdr(1), td_keyid(1)));
	say("key", td_call("key", TDH_MNG_KEY_CONFIG, td_tdr(1), 0));
	say("addcx", td_call("addcx", TDH_MNG_ADDCX, td_tdr(0), td_tdr(1)));
}

/* As for a new kernel, with a TD alive. */
static void case_take_back(void)
{
	begin();
	wbinvd();
	overwrite(0);
	say("touched", touch_all(0));
}

static void case_take_back_from_caches(void)
{
	begin();
	direct_store(tdcx(0, 0), 64);
}

static void case_use_after_reuse(void)
{
	begin();
	wbinvd();
	direct_store(td_tdr(0), 64);
	say("key", td_call("key", TDH_MNG_KEY_CONFIG, td_tdr(0), 0));
}

static void case_new_kernel(void)
{
	begin();
	wbinvd();
	begin_new_kernel();
	say("touched", touch_all(0));
	power_off();
}

static void case_new_kernel_with_lines(void)
{
	begin();
	wbinvd();
	/* Writes with the TD's KeyID, and with the global one. */
	say("addcx", td_call("addcx", TDH_MNG_ADDCX, tdcx(0, NR_TDCX), td_tdr(0)));
	begin_new_kernel();
}

static void case_disable(void)
{
	struct regs regs = { 0 };

	begin();
	say("disable", call("disable", TDH_SYS_DISABLE, &regs));
	say("touched", touch_all(0));
	power_off();
}

static void case_left(void)
{
	begin();
	power_off();
}

static void case_reset(void)
{
	begin();
}

static const struct probe_case cases[] = {
	{ "td-good", case_good },
	{ "td-many", case_many },
	{ "td-read", case_read },
	{ "td-write", case_write },
	{ "td-stale-translation", case_stale_translation },
	{ "td-no-overwrite", case_no_overwrite },
	{ "td-half-overwritten", case_half_overwritten },
	{ "td-tdr-in-caches", case_tdr_in_caches },
	{ "td-tdr-written-back-with-another-keyid", case_tdr_written_back_with_another_keyid },
	{ "td-tdr-written-back-by-wbinvd", case_tdr_written_back_by_wbinvd },
	{ "td-tdr-given-again", case_tdr_given_again },
	{ "td-take-back", case_take_back },
	{ "td-take-back-from-caches", case_take_back_from_caches },
	{ "td-use-after-reuse", case_use_after_reuse },
	{ "td-new-kernel", case_new_kernel },
	{ "td-new-kernel-with-lines", case_new_kernel_with_lines },
	{ "td-disable", case_disable },
	{ "td-left", case_left },
	{ "td-reset", case_reset },
};

bool run_td_case(const char *name)
{
	return run_case(name, cases, ARRAY_LEN(cases)) || run_memory_case(name) ||
	       run_guest_case(name);
}
