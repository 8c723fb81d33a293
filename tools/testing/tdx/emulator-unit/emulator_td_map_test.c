// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: translations of a TD on each CPU. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "emulator/lib/log.h"
#include "emulator/td/td_map.h"
#include "reach.h"
#include "reports.h"

#define TDR		0x1000
#define OTHER_TDR	0x2000
#define GPA		0x40000000ULL
#define PA		0x12345000ULL

struct cpu cpus[MAX_CPUS] __aligned(4096);
unsigned int nr_cpus = 2;
static u8 memory[8 << 20] __page_aligned;

void fail(enum exit_code code, const char *format, ...)
{
	abort();
}

FIXTURE(td_map) {
	struct vcpu *vcpu;
	struct tdx_model_run run;
};

FIXTURE_SETUP(td_map)
{
	static bool is_ready;

	if (!is_ready)
		npt_pool_init(memory, SIZE_1G, 2 * TD_MAP_TABLES);
	is_ready = true;
	cpus[1].index = 1;
	cpus[0].td.cpu = &cpus[0];
	cpus[1].td.cpu = &cpus[1];
	self->vcpu = &cpus[0].td;
	self->run = (struct tdx_model_run){ .tdr = TDR };
	td_map_flush(&cpus[0]);
	td_map_flush(&cpus[1]);
	td_map_use(self->vcpu, &self->run);
	nr_reports = 0;
}

FIXTURE_TEARDOWN(td_map)
{
	td_map_leave(&cpus[0]);
}

static void add(const struct cpu *cpu, u64 gpa, u64 hpa, u8 rights, unsigned int level)
{
	const struct tdx_model_translation to = { .hpa = hpa, .rights = rights, .level = level };

	td_map_add(cpu, gpa, &to);
}

TEST_F(td_map, a_translation_has_its_size_and_its_rights)
{
	add(&cpus[0], GPA + 0x123, PA + 0x123, TDX_MODEL_RWX, 0);
	EXPECT_EQ(PA + 0x456, reach(self->vcpu->npt, GPA + 0x456, true));
	EXPECT_EQ(~0ULL, reach(self->vcpu->npt, GPA + 0x1000, false));
	add(&cpus[0], GPA + 0x201234, 0x40001234, TDX_MODEL_READ, 1);
	EXPECT_EQ(0x401ff000, reach(self->vcpu->npt, GPA + 0x3ff000, false));
	EXPECT_EQ(~0ULL, reach(self->vcpu->npt, GPA + 0x3ff000, true));
	EXPECT_EQ(npt_root(self->vcpu->npt), self->vcpu->vmcb.nested_cr3);
}

TEST_F(td_map, translations_are_kept_until_a_flush)
{
	add(&cpus[0], GPA, PA, TDX_MODEL_RWX, 0);
	td_map_leave(&cpus[0]);
	td_map_use(self->vcpu, &self->run);
	EXPECT_EQ(PA, reach(self->vcpu->npt, GPA, true));
	td_map_flush(&cpus[0]);
	td_map_use(self->vcpu, &self->run);
	EXPECT_EQ(~0ULL, reach(self->vcpu->npt, GPA, false));
}

TEST_F(td_map, another_td_or_another_shared_ept_has_none)
{
	struct tdx_model_run other = self->run;

	other.tdr = OTHER_TDR;
	add(&cpus[0], GPA, PA, TDX_MODEL_RWX, 0);
	td_map_use(self->vcpu, &other);
	EXPECT_EQ(~0ULL, reach(self->vcpu->npt, GPA, false));
	add(&cpus[0], GPA, PA, TDX_MODEL_RWX, 0);
	other.shared_eptp = 0x5000;
	td_map_use(self->vcpu, &other);
	EXPECT_EQ(~0ULL, reach(self->vcpu->npt, GPA, false));
}

TEST_F(td_map, each_cpu_has_its_own)
{
	add(&cpus[0], GPA, PA, TDX_MODEL_RWX, 0);
	td_map_use(&cpus[1].td, &self->run);
	EXPECT_EQ(~0ULL, reach(cpus[1].td.npt, GPA, false));
	td_map_flush(&cpus[1]);
	EXPECT_EQ(PA, reach(self->vcpu->npt, GPA, true));
	td_map_leave(&cpus[1]);
}

/* More than all tables can map, so that some are dropped. */
TEST_F(td_map, a_large_td_uses_no_more_tables_than_it_may)
{
	u64 gpa;

	for (gpa = 0; gpa < 3 * TD_MAP_TABLES * SIZE_2M; gpa += SIZE_2M) {
		add(&cpus[0], gpa, gpa, TDX_MODEL_RWX, 0);
		ASSERT_EQ(gpa, reach(self->vcpu->npt, gpa, true));
		ASSERT_GE(TD_MAP_TABLES, self->vcpu->npt->nr_tables);
	}
}

TEST_F(td_map, a_page_that_is_removed_while_the_td_can_use_it_is_a_violation)
{
	add(&cpus[0], GPA, PA, TDX_MODEL_RWX, 0);
	td_map_removed(TDR, GPA, PA);
	EXPECT_EQ(1, nr_reports);
}

TEST_F(td_map, a_page_that_is_removed_has_to_be_flushed_before_the_td_goes_on)
{
	add(&cpus[0], GPA, PA, TDX_MODEL_RWX, 0);
	td_map_leave(&cpus[0]);
	td_map_removed(TDR, GPA, PA);
	EXPECT_EQ(0, nr_reports);
	td_map_use(self->vcpu, &self->run);
	EXPECT_EQ(1, nr_reports);
}

TEST_F(td_map, a_page_that_was_flushed_can_be_removed)
{
	add(&cpus[0], GPA, PA, TDX_MODEL_RWX, 0);
	td_map_leave(&cpus[0]);
	td_map_removed(TDR, GPA, PA);
	td_map_removed(TDR, GPA + PAGE_SIZE, PA);
	td_map_removed(OTHER_TDR, GPA, PA);
	td_map_flush(&cpus[0]);
	td_map_use(self->vcpu, &self->run);
	td_map_removed(TDR, GPA, PA);
	EXPECT_EQ(0, nr_reports);
}

TEST_HARNESS_MAIN
