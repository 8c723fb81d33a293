// SPDX-License-Identifier: GPL-2.0-only
/* Do the secure EPTs and the PAMTs of the module agree? */
#include "check/report.h"
#include "lib/log.h"
#include "machine/platform.h"
#include "memory/host_map.h"
#include "memory/td_tables.h"
#include "model/consistency.h"

static u64 nr_checked;

static const void *peek(void *ctx, u64 pa)
{
	return platform_is_ram(pa, PAGE_SIZE) && !host_map_has(pa) ? phys(pa) : NULL;
}

static void found(u64 tdr, u64 pa, const char *what)
{
	report_fault("TD 0x%llx: page 0x%llx is %s", tdr, pa, what);
}

static void show_entry(u64 tdr, u64 gpa, unsigned int level, u64 pa)
{
	log_line("dump td 0x%llx sept %u 0x%llx 0x%llx", tdr, level, gpa, pa);
}

static const struct tdx_model_checker checker = { .peek = peek, .found = found };
static const struct tdx_model_checker printer = {
	.peek = peek, .found = found, .entry = show_entry,
};

static void check_all(const struct tdx_model *module, const struct tdx_model_checker *how)
{
	__atomic_fetch_add(&nr_checked, tdx_model_check_tds(module, how), __ATOMIC_SEQ_CST);
}

void td_tables_check(const struct tdx_model *module)
{
	check_all(module, &checker);
}

void td_tables_dump(const struct tdx_model *module)
{
	check_all(module, &printer);
}

void td_tables_check_td(const struct tdx_model *module, u64 tdr)
{
	if (tdx_model_check_td(module, tdr, &checker))
		__atomic_fetch_add(&nr_checked, 1, __ATOMIC_SEQ_CST);
}

void td_tables_report(void)
{
	log_line("td_tables_checked %llu", nr_checked);
}
