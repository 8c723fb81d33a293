// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: tracking of modified lines in caches, by CPU and KeyID. */
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "emulator/check/cache.h"
#include "emulator/check/report.h"
#include "emulator/lib/log.h"
#include "emulator/lib/seam_names.h"
#include "emulator/machine/platform.h"
#include "reports.h"

#define GLOBAL		32
#define OTHER		33
#define MORE_THAN_AT_A_TIME	1000
#define PA		0x1234000

struct cpu cpus[MAX_CPUS];
unsigned int nr_cpus = 2;
struct platform platform = { .nr_lps = 2 };
struct options options;

const char *leaf_name(u64 leaf)
{
	return leaf == TDH_SYS_INIT ? "TDH.SYS.INIT" : "a leaf";
}

void vcpu_skip_insn(struct vcpu *vcpu, unsigned int length)
{
}

void fail(enum exit_code code, const char *format, ...)
{
	_exit(1);
}

FIXTURE(cache) {
};

FIXTURE_SETUP(cache)
{
	unsigned int i;

	for (i = 0; i < nr_cpus; i++) {
		cpus[i].index = i;
		cpus[i].host.cpu = &cpus[i];
	}
	options.check_caches = true;
}

FIXTURE_TEARDOWN(cache)
{
}

static void write_back(struct cpu *cpu)
{
	const struct insn wbinvd = { .opcode = 0x09 };

	cache_exit(&cpu->host, &wbinvd);
}

/* A leaf that may write memory with @keyid returns @status. */
static void call_leaf(struct cpu *cpu, u16 keyid, u64 status)
{
	u16 first = cache_before_leaf(cpu, TDH_SYS_TDMR_INIT, keyid);

	cache_after_leaf(cpu, TDH_SYS_TDMR_INIT, status, first);
}

TEST_F(cache, the_hosts_lines_have_to_be_gone_before_the_global_keyid)
{
	cache_after_leaf(&cpus[0], TDH_SYS_INIT, TDX_SUCCESS, 0);
	EXPECT_TRUE(cache_may_hold_host_lines(&cpus[0]));
	EXPECT_FALSE(cache_may_hold_private_lines(&cpus[0]));
	write_back(&cpus[0]);
	EXPECT_FALSE(cache_may_hold_host_lines(&cpus[0]));
	cache_after_leaf(&cpus[0], TDH_SYS_KEY_CONFIG, TDX_SUCCESS, 0);
	EXPECT_EQ(1, nr_reports);
	EXPECT_NE(NULL, strstr(last_report, "but CPU 1 has made no WBINVD since TDH.SYS.INIT"));
	cache_after_leaf(&cpus[0], TDH_SYS_KEY_CONFIG, TDX_SUCCESS, 0);
	EXPECT_EQ(1, nr_reports);
}

TEST_F(cache, lines_with_another_keyid_are_no_harm_to_memory)
{
	call_leaf(&cpus[1], OTHER, TDX_SUCCESS);
	cache_before_reuse("the host takes", PA, GLOBAL, CACHE_ANY_TIME);
	EXPECT_EQ(0, nr_reports);
	cache_before_reuse("the host takes", PA, OTHER, CACHE_ANY_TIME);
	EXPECT_EQ(1, nr_reports);
	EXPECT_NE(NULL, strstr(last_report, "the host takes 0x1234000, but CPU 1 has"));
	/* Reported once for each CPU, not for each line */
	cache_before_reuse("the host takes", PA, OTHER, CACHE_ANY_TIME);
	EXPECT_EQ(1, nr_reports);
}

TEST_F(cache, wbinvd_writes_back_lines_with_any_keyid_of_one_cpu)
{
	call_leaf(&cpus[0], GLOBAL, TDX_SUCCESS);
	call_leaf(&cpus[0], OTHER, TDX_SUCCESS);
	call_leaf(&cpus[1], OTHER, TDX_SUCCESS);
	write_back(&cpus[0]);
	EXPECT_FALSE(cache_may_hold_private_lines(&cpus[0]));
	EXPECT_TRUE(cache_may_hold_private_lines(&cpus[1]));
}

TEST_F(cache, a_new_kernel_is_warned_once_of_each_cpu)
{
	call_leaf(&cpus[0], GLOBAL, TDX_SUCCESS);
	call_leaf(&cpus[0], OTHER, TDX_SUCCESS);
	call_leaf(&cpus[1], OTHER, TDX_SUCCESS);
	cache_before_new_kernel(&cpus[0]);
	EXPECT_EQ(2, nr_reports);
	cache_before_init(&cpus[0]);
	cache_before_init(&cpus[1]);
	EXPECT_EQ(2, nr_reports);
}

TEST_F(cache, init_loses_the_lines_of_one_cpu)
{
	call_leaf(&cpus[0], GLOBAL, TDX_SUCCESS);
	call_leaf(&cpus[1], OTHER, TDX_SUCCESS);
	cache_before_init(&cpus[1]);
	EXPECT_EQ(1, nr_reports);
	EXPECT_TRUE(cache_may_hold_private_lines(&cpus[0]));
}

TEST_F(cache, what_the_module_does_not_begin_writes_nothing)
{
	call_leaf(&cpus[0], GLOBAL, TDX_SYS_NOT_READY);
	EXPECT_FALSE(cache_may_hold_private_lines(&cpus[0]));
	/* A refused call does not clear the state */
	call_leaf(&cpus[0], GLOBAL, TDX_SUCCESS);
	call_leaf(&cpus[0], GLOBAL, TDX_SYS_NOT_READY);
	EXPECT_TRUE(cache_may_hold_private_lines(&cpus[0]));
}

TEST_F(cache, without_memory_of_the_modules_there_is_nothing_to_write)
{
	call_leaf(&cpus[0], 0, TDX_SUCCESS);
	EXPECT_FALSE(cache_may_hold_host_lines(&cpus[0]));
	EXPECT_FALSE(cache_may_hold_private_lines(&cpus[0]));
}

TEST_F(cache, any_number_of_keyids_one_after_the_other)
{
	unsigned int i;

	call_leaf(&cpus[1], GLOBAL, TDX_SUCCESS);
	for (i = 0; i < MORE_THAN_AT_A_TIME; i++) {
		call_leaf(&cpus[0], OTHER + i, TDX_SUCCESS);
		write_back(&cpus[0]);
	}
	cache_before_reuse("the host takes", PA, GLOBAL, CACHE_ANY_TIME);
	EXPECT_EQ(1, nr_reports);
}

/* CPUs 0 and 1 are in packages 0 and 1. */
TEST_F(cache, a_package_writes_back_lines_with_keyids_that_are_flushed)
{
	static struct tdx_model_keyid keyids[TDX_MODEL_NR_KEYIDS] = {
		[GLOBAL] = { TDX_MODEL_KEYID_RESERVED },
		[OTHER] = { TDX_MODEL_KEYID_FLUSHED, .dirty_pkgs = BIT(1) },
		[OTHER + 1] = { TDX_MODEL_KEYID_ASSIGNED },
	};

	cpus[1].package = 1;
	call_leaf(&cpus[0], GLOBAL, TDX_SUCCESS);
	cache_module_write(&cpus[0], TDH_MNG_ADDCX, OTHER);
	cache_module_write(&cpus[1], TDH_MNG_ADDCX, OTHER);
	cache_module_write(&cpus[0], TDH_MNG_ADDCX, OTHER + 1);
	cache_written_back(0, keyids);
	cache_before_reuse("the host takes", PA, OTHER, CACHE_ANY_TIME);
	EXPECT_EQ(1, nr_reports);
	EXPECT_NE(NULL, strstr(last_report, "but CPU 1 has"));
	cache_before_reuse("the host takes", PA, OTHER + 1, CACHE_ANY_TIME);
	EXPECT_EQ(2, nr_reports);
	cache_before_reuse("the host takes", PA, GLOBAL, CACHE_ANY_TIME);
	EXPECT_EQ(3, nr_reports);
}

/* TD after TD gets the KeyID. */
TEST_F(cache, a_page_is_not_in_lines_that_were_written_after_it_was_reclaimed)
{
	u32 reclaimed_at;

	cache_module_write(&cpus[0], TDH_MNG_ADDCX, OTHER);
	reclaimed_at = cache_now();
	write_back(&cpus[0]);
	cache_module_write(&cpus[0], TDH_MNG_ADDCX, OTHER);
	cache_before_reuse("the host takes", PA, OTHER, reclaimed_at);
	EXPECT_EQ(0, nr_reports);
	cache_before_reuse("the host takes", PA, OTHER, cache_now());
	EXPECT_EQ(1, nr_reports);
	EXPECT_NE(NULL, strstr(last_report, "its caches may hold lines with KeyID 33"));
}

TEST_F(cache, a_page_that_was_written_back_may_be_used)
{
	cache_after_leaf(&cpus[0], TDH_SYS_INIT, TDX_SUCCESS, 0);
	cache_before_reuse("the host takes", PA, 0, CACHE_ANY_TIME);
	EXPECT_EQ(0, nr_reports);
}

TEST_F(cache, the_check_can_be_turned_off)
{
	options.check_caches = false;
	cache_after_leaf(&cpus[0], TDH_SYS_INIT, TDX_SUCCESS, 0);
	cache_after_leaf(&cpus[0], TDH_SYS_KEY_CONFIG, TDX_SUCCESS, 0);
	call_leaf(&cpus[0], GLOBAL, TDX_SUCCESS);
	cache_before_reuse("the host takes", PA, GLOBAL, CACHE_ANY_TIME);
	cache_before_new_kernel(&cpus[0]);
	cache_before_init(&cpus[0]);
	EXPECT_EQ(0, nr_reports);
}

TEST_HARNESS_MAIN
