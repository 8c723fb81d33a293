// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: pages of TDs, from the host to the module and back. */
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "emulator/check/cache.h"
#include "emulator/check/report.h"
#include "emulator/host/cpuid.h"
#include "emulator/host/new_kernel.h"
#include "emulator/lib/log.h"
#include "emulator/lib/seam_names.h"
#include "emulator/machine/override.h"
#include "emulator/machine/platform.h"
#include "emulator/memory/host_map.h"
#include "emulator/memory/td_page.h"
#include "reports.h"

#define LIMIT		BIT_ULL(46)
#define TDR		(7 * SIZE_2M)
#define TDCX		(9 * SIZE_2M)
#define PRIVATE		(10 * SIZE_2M)
#define GLOBAL		32
#define KEYID		33
#define SAPPHIRE_RAPIDS	0x806f8
#define GRANITE_RAPIDS	0xa06d1

static u8 memory[8 << 20] __page_aligned;
static struct cpu cpu;
static struct tdx_model module;
struct platform platform = { .phys_limit = LIMIT };

/* What the functions below return, and got. */
static u32 signature, now;
static unsigned int kernel, nr_written;
static u16 reused_keyid;
static u32 reused_until;

void cache_module_write(const struct cpu *on, u64 leaf, u16 keyid)
{
	nr_written += keyid == KEYID;
}

void cache_before_reuse(const char *what, u64 pa, u16 keyid, u32 until)
{
	reused_keyid = keyid;
	reused_until = until;
}

u32 cache_now(void)
{
	return now;
}

void cpuid_guest(const struct vcpu *vcpu, u32 leaf, u32 subleaf, u32 regs[4])
{
	regs[0] = 0;
}

void override_cpuid(const struct cpu *on, u32 leaf, u32 subleaf, u32 regs[4])
{
	regs[0] = signature;
}

unsigned int new_kernel_number(void)
{
	return kernel;
}

const char *leaf_name(u64 leaf)
{
	return leaf == TDH_MNG_ADDCX ? "TDH.MNG.ADDCX" : "a leaf";
}

struct tdx_model_page tdx_model_page(const struct tdx_model *m, u64 pa)
{
	return (struct tdx_model_page){
		.type = TDX_MODEL_PAGE_TD,
		.tdr = TDR,
		.keyid = pa == TDR ? GLOBAL : KEYID,
		.td_type = pa == TDR ? TDX_PAGE_TDR : pa == TDCX ? TDX_PAGE_TDCX : TDX_PAGE_REG,
	};
}

void fail(enum exit_code code, const char *format, ...)
{
	_exit(1);
}

FIXTURE(td_page) {
};

FIXTURE_SETUP(td_page)
{
	npt_pool_init(memory, SIZE_1G, 0);
	host_map_init(LIMIT);
	signature = SAPPHIRE_RAPIDS;
	module.keyids[KEYID].state = TDX_MODEL_KEYID_ASSIGNED;
	module.keyids[GLOBAL].state = TDX_MODEL_KEYID_RESERVED;
	td_page_take(&module, TDR, PAGE_SIZE, &cpu, TDH_MNG_CREATE);
	td_page_take(&module, TDCX, PAGE_SIZE, &cpu, TDH_MNG_ADDCX);
	cpu.host.cpu = &cpu;
}

FIXTURE_TEARDOWN(td_page)
{
}

static void overwrite(u64 page, unsigned int lines)
{
	unsigned int i;

	for (i = 0; i < lines; i++)
		td_page_direct_store(page + 64 * i);
}

TEST_F(td_page, a_page_of_a_td_is_not_the_hosts)
{
	EXPECT_FALSE(host_map_has(TDR));
	EXPECT_TRUE(host_map_has(TDR + PAGE_SIZE));
	EXPECT_FALSE(td_page_reuse(TDCX, &cpu));
	EXPECT_FALSE(td_page_report_access(&cpu.host, TDCX + PAGE_SIZE, true));
	EXPECT_EQ(0, nr_reports);
	EXPECT_TRUE(td_page_report_access(&cpu.host, TDCX + 1, true));
	EXPECT_NE(NULL, strstr(last_report, "host write of 0x1200001, a TDCX page of TD "));
	EXPECT_NE(NULL, strstr(last_report, "of TD 0xe00000 since TDH.MNG.ADDCX, at 0x"));
}

TEST_F(td_page, the_module_writes_with_the_keyid_of_the_td)
{
	/* The global KeyID is tracked by leaf */
	EXPECT_EQ(1, nr_written);
	EXPECT_TRUE(td_page_module_access(&module, TDCX + 8, &cpu, TDH_MNG_RD));
	EXPECT_EQ(2, nr_written);
	EXPECT_TRUE(td_page_module_access(&module, TDR, &cpu, TDH_MNG_RD));
	EXPECT_FALSE(td_page_module_access(&module, PRIVATE, &cpu, TDH_MNG_RD));
	EXPECT_EQ(2, nr_written);
	/* The module only checks that it must not use the page */
	module.keyids[KEYID].state = TDX_MODEL_KEYID_FLUSHED;
	EXPECT_TRUE(td_page_module_access(&module, TDCX, &cpu, TDH_VP_FLUSH));
	EXPECT_EQ(2, nr_written);
}

TEST_F(td_page, a_page_that_was_overwritten_is_the_hosts)
{
	EXPECT_FALSE(td_page_reclaim(TDCX, PAGE_SIZE, TDH_PHYMEM_PAGE_RECLAIM));
	EXPECT_FALSE(host_map_has(TDCX));
	overwrite(TDCX, 63);
	EXPECT_FALSE(host_map_has(TDCX));
	overwrite(TDCX, 64);
	EXPECT_TRUE(host_map_has(TDCX));
	EXPECT_FALSE(td_page_direct_store(TDCX));
	EXPECT_EQ(0, nr_reports);
}

TEST_F(td_page, a_page_that_was_not_is_reported_once)
{
	td_page_reclaim(TDCX, PAGE_SIZE, TDH_PHYMEM_PAGE_RECLAIM);
	EXPECT_TRUE(td_page_reuse(TDCX + 5, &cpu));
	EXPECT_EQ(1, nr_reports);
	EXPECT_TRUE(host_map_has(TDCX));
	EXPECT_FALSE(td_page_reuse(TDCX + 5, &cpu));
	EXPECT_EQ(1, nr_reports);
}

TEST_F(td_page, only_some_cpus_poison_memory)
{
	signature = GRANITE_RAPIDS;
	td_page_reclaim(TDCX, PAGE_SIZE, TDH_PHYMEM_PAGE_RECLAIM);
	EXPECT_TRUE(td_page_reuse(TDCX, &cpu));
	EXPECT_EQ(0, nr_reports);
}

TEST_F(td_page, caches_hold_lines_of_some_pages_only)
{
	now = 5;
	td_page_reclaim(TDR, PAGE_SIZE, TDH_PHYMEM_PAGE_RECLAIM);
	td_page_reclaim(TDCX, PAGE_SIZE, TDH_PHYMEM_PAGE_RECLAIM);
	now = 8;
	td_page_direct_store(TDCX);
	EXPECT_EQ(0, reused_keyid);
	td_page_direct_store(TDR);
	EXPECT_EQ(GLOBAL, reused_keyid);
	EXPECT_EQ(5, reused_until);
}

TEST_F(td_page, lines_are_written_back_with_their_keyid)
{
	td_page_reclaim(TDR, PAGE_SIZE, TDH_PHYMEM_PAGE_RECLAIM);
	td_page_written_back(TDR | LIMIT * KEYID);
	td_page_written_back(TDR);
	td_page_direct_store(TDR);
	EXPECT_EQ(GLOBAL, reused_keyid);
	td_page_written_back(TDR | LIMIT * GLOBAL);
	td_page_direct_store(TDR);
	EXPECT_EQ(0, reused_keyid);
}

/* By TDH.MEM.PAGE.REMOVE, while the TD goes on. */
TEST_F(td_page, a_private_page_may_be_in_caches)
{
	td_page_take(&module, PRIVATE, SIZE_2M, &cpu, TDH_MEM_PAGE_AUG);
	td_page_reclaim(PRIVATE, SIZE_2M, TDH_MEM_PAGE_REMOVE);
	td_page_direct_store(PRIVATE + SIZE_2M - 64);
	EXPECT_EQ(KEYID, reused_keyid);
	overwrite(PRIVATE + PAGE_SIZE, 64);
	EXPECT_TRUE(host_map_has(PRIVATE + PAGE_SIZE));
	EXPECT_FALSE(host_map_has(PRIVATE));
	EXPECT_FALSE(host_map_has(PRIVATE + 2 * PAGE_SIZE));
}

TEST_F(td_page, a_page_may_go_from_td_to_td)
{
	td_page_reclaim(TDR, PAGE_SIZE, TDH_PHYMEM_PAGE_RECLAIM);
	overwrite(TDR, 63);
	reused_keyid = 0;
	td_page_take(&module, TDR, PAGE_SIZE, &cpu, TDH_MNG_CREATE);
	EXPECT_EQ(GLOBAL, reused_keyid);
	EXPECT_FALSE(td_page_reuse(TDR, &cpu));
	/* Lines that were overwritten before do not count */
	td_page_reclaim(TDR, PAGE_SIZE, TDH_PHYMEM_PAGE_RECLAIM);
	td_page_direct_store(TDR + 63 * 64);
	EXPECT_FALSE(host_map_has(TDR));
}

TEST_F(td_page, a_page_of_ones_is_replaced_when_the_td_returns_it)
{
	host_map_abort_page(TDCX);
	EXPECT_TRUE(td_page_reclaim(TDCX, PAGE_SIZE, TDH_PHYMEM_PAGE_RECLAIM));
	EXPECT_TRUE(host_map_has(TDCX));
}

TEST_F(td_page, a_new_kernel_has_to_overwrite_pages_of_tds)
{
	kernel = 1;
	EXPECT_FALSE(td_page_reuse(TDCX, &cpu));
	overwrite(TDCX, 64);
	EXPECT_EQ(CACHE_ANY_TIME, reused_until);
	EXPECT_TRUE(host_map_has(TDCX));
}

TEST_F(td_page, a_new_kernel_may_use_pages_that_nothing_poisons)
{
	signature = GRANITE_RAPIDS;
	EXPECT_FALSE(td_page_reuse(TDCX, &cpu));
	kernel = 1;
	EXPECT_TRUE(td_page_reuse(TDCX, &cpu));
	EXPECT_EQ(0, nr_reports);
}

TEST_F(td_page, a_module_that_is_disabled_has_none)
{
	td_page_reclaim(TDCX, PAGE_SIZE, TDH_PHYMEM_PAGE_RECLAIM);
	td_page_forget_all();
	EXPECT_TRUE(host_map_has(TDR));
	EXPECT_FALSE(host_map_has(TDCX));
}

TEST_F(td_page, what_is_left_is_counted)
{
	td_page_take(&module, PRIVATE, SIZE_2M, &cpu, TDH_MEM_PAGE_AUG);
	td_page_report_left(1);
	EXPECT_NE(NULL, strstr(last_report, "TDs still have 514 pages and 1 KeyIDs; "));
	EXPECT_NE(NULL, strstr(last_report, "; first 0xe00000, a TDR page of TD 0xe00000 since "));
}

TEST_F(td_page, pages_of_a_kernel_that_is_gone_are_not_left)
{
	kernel = 1;
	td_page_report_left(1);
	EXPECT_EQ(0, nr_reports);
	td_page_take(&module, PRIVATE, PAGE_SIZE, &cpu, TDH_MEM_PAGE_AUG);
	td_page_report_left(2);
	EXPECT_NE(NULL, strstr(last_report, "TDs still have 1 pages and 2 KeyIDs; first 0x1400000"));
}

TEST_HARNESS_MAIN
