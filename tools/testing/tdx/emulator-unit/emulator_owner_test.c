// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: when a SEAMCALL returns, all CPUs see what it has changed. */
#include <pthread.h>
#include <unistd.h>

#include "harness.h"
#include "emulator/check/cache.h"
#include "emulator/lib/log.h"
#include "emulator/memory/host_map.h"
#include "emulator/memory/owner.h"
#include "emulator/memory/td_page.h"
#include "emulator/smp/shootdown.h"
#include "reports.h"

#define PA		(5 * SIZE_2M)
#define OTHER_PA	(7 * SIZE_2M)
#define MARK		0x1234

static u8 memory[8 << 20] __page_aligned;
static struct cpu self_cpu, other_cpu;
static unsigned int nr_shootdowns, nr_started;

/* What happens during a shootdown: another CPU replaces a table, or it takes long. */
static bool replaces, is_slow;
static bool has_begun, is_over;

void fail(enum exit_code code, const char *format, ...)
{
	_exit(1);
}

void log_line(const char *format, ...)
{
}

void cache_before_reuse(const char *what, u64 pa, u16 keyid, u32 until)
{
}

bool td_page_direct_store(u64 pa)
{
	return false;
}

bool tdx_model_pamt(const struct tdx_model *m, unsigned int i, struct tdx_pamt_area *pamt)
{
	return false;
}

struct tdx_model_page tdx_model_page(const struct tdx_model *m, u64 pa)
{
	return (struct tdx_model_page){ 0 };
}

/* The table of small pages is not used any more. */
static void replace_table(u64 pa)
{
	host_map_mark(pa, PAGE_SIZE, MARK);
	host_map_mark(pa, SIZE_2M, MARK);
}

void shootdown(const struct cpu *self)
{
	nr_shootdowns++;
	if (replaces)
		replace_table(OTHER_PA);
	__atomic_store_n(&has_begun, true, __ATOMIC_RELEASE);
	if (is_slow)
		usleep(50000);
	__atomic_store_n(&is_over, true, __ATOMIC_RELEASE);
}

void shootdown_start(const struct cpu *self)
{
	nr_started++;
}

FIXTURE(owner) {
};

FIXTURE_SETUP(owner)
{
	npt_pool_init(memory, SIZE_1G, 0);
	host_map_init(SIZE_512G);
}

FIXTURE_TEARDOWN(owner)
{
}

TEST_F(owner, pamts_are_waited_for_once)
{
	owner_set(PA, PAGE_SIZE, true);
	owner_settle(&self_cpu);
	owner_settle(&self_cpu);
	EXPECT_EQ(1, nr_shootdowns);
	EXPECT_EQ(0, nr_started);
}

TEST_F(owner, pages_of_tds_are_not_waited_for)
{
	owner_changed_page();
	owner_settle(&self_cpu);
	owner_settle(&self_cpu);
	EXPECT_EQ(0, nr_shootdowns);
	EXPECT_EQ(1, nr_started);
}

TEST_F(owner, a_table_that_is_replaced_is_freed_when_all_cpus_were_outside)
{
	replace_table(PA);
	owner_changed_page();
	owner_settle(&self_cpu);
	EXPECT_EQ(1, nr_shootdowns);
	EXPECT_EQ(0, nr_started);
	EXPECT_EQ(NPT_NO_TABLES, host_map_take_retired());
}

TEST_F(owner, but_not_one_that_is_replaced_meanwhile)
{
	replaces = true;
	owner_set(PA, PAGE_SIZE, true);
	owner_settle(&self_cpu);
	EXPECT_NE(NPT_NO_TABLES, host_map_take_retired());
}

static void *settle_other(void *unused)
{
	owner_settle(&other_cpu);
	return NULL;
}

/* The other CPU has found the change first. */
TEST_F(owner, a_shootdown_of_another_cpu_is_waited_for)
{
	pthread_t other;

	is_slow = true;
	owner_set(PA, PAGE_SIZE, true);
	ASSERT_EQ(0, pthread_create(&other, NULL, settle_other, NULL));
	while (!__atomic_load_n(&has_begun, __ATOMIC_ACQUIRE))
		usleep(100);
	owner_settle(&self_cpu);
	EXPECT_TRUE(__atomic_load_n(&is_over, __ATOMIC_ACQUIRE));
	pthread_join(other, NULL);
	EXPECT_EQ(1, nr_shootdowns);
}

TEST_HARNESS_MAIN
