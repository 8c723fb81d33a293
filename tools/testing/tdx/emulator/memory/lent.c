// SPDX-License-Identifier: GPL-2.0-only
/* Memory that page tables of the host give to a guest: it has to be the host's. */
#include "memory/host_map.h"
#include "memory/lent.h"
#include "memory/td_page.h"

static bool host_has_all(u64 pa, u64 bytes)
{
	return host_map_has_range(pa & ~(bytes - 1), bytes);
}

bool lent_limit(const struct cpu *cpu, u64 pa, u64 *bytes, bool *writable, bool write)
{
	host_map_on_demand(pa);
	/* Not more at a time, so that few entries have to be looked at */
	if (*bytes > SIZE_2M)
		*bytes = SIZE_2M;
	if (host_has_all(pa, *bytes))
		return true;
	*bytes = PAGE_SIZE;
	if (td_page_reuse(pa, cpu) || host_has_all(pa, PAGE_SIZE))
		return true;
	/* There are pages that the host can only read */
	if (!host_map_has(pa) || write)
		return false;
	*writable = false;
	return true;
}
