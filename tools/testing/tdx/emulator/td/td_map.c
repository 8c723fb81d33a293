// SPDX-License-Identifier: GPL-2.0-only
/* Translations of a TD's guest physical addresses, as the TLB of each CPU has them. */

/*
 * Each CPU has a nested page table of its own, which it fills on faults, and flushes when
 * the module or the host flushes its TLB, or when another TD runs.  Nothing else changes
 * it: like a TLB, it does not follow changes of EPTs.  A host that forgets a flush lets the
 * TD use an old page.
 */
#include "check/report.h"
#include "td/td_map.h"

/**
 * struct td_map - the translations of a CPU
 * @lock:	protects everything against other CPUs, which only read
 * @npt:	the nested page table; its root is NULL until it is used
 * @tdr:	TDR page of the TD
 * @shared_eptp: its shared EPT
 * @running:	the TD's vCPU is running
 * @is_stale:	there is a translation of @stale_gpa, which is not the TD's any more
 * @stale_gpa:	the first of these
 */
struct td_map {
	struct lock lock;
	struct npt npt;
	u64 tdr, shared_eptp;
	bool running;
	bool is_stale;
	u64 stale_gpa;
};

static struct td_map maps[MAX_CPUS];

static void drop_all(struct td_map *map)
{
	if (map->npt.root)
		npt_destroy(&map->npt);
	npt_create(&map->npt);
	map->is_stale = false;
}

static void report_stale(const struct td_map *map, u64 gpa)
{
	report_fault("TD 0x%llx can use 0x%llx on CPU %u: not flushed since it was removed",
		     map->tdr, gpa, (unsigned int)(map - maps));
}

void td_map_use(struct vcpu *vcpu, const struct tdx_model_run *run)
{
	struct td_map *map = &maps[vcpu->cpu->index];

	lock(&map->lock);
	if (!map->npt.root || map->tdr != run->tdr || map->shared_eptp != run->shared_eptp)
		drop_all(map);
	map->tdr = run->tdr;
	map->shared_eptp = run->shared_eptp;
	map->running = true;
	if (map->is_stale)
		report_stale(map, map->stale_gpa);
	map->is_stale = false;
	unlock(&map->lock);
	vcpu->npt = &map->npt;
	vcpu->vmcb.nested_cr3 = npt_root(&map->npt);
}

void td_map_leave(const struct cpu *cpu)
{
	struct td_map *map = &maps[cpu->index];

	lock(&map->lock);
	map->running = false;
	unlock(&map->lock);
}

static enum npt_access access_of(u8 rights)
{
	if (!(rights & TDX_MODEL_READ))
		return NPT_NONE;
	if (rights & TDX_MODEL_EXECUTE)
		return rights & TDX_MODEL_WRITE ? NPT_READ_WRITE : NPT_READ;
	return rights & TDX_MODEL_WRITE ? NPT_READ_WRITE_NO_FETCH : NPT_READ_NO_FETCH;
}

void td_map_add(const struct cpu *cpu, u64 gpa, const struct tdx_model_translation *to)
{
	u64 bytes = BIT_ULL(12 + 9 * to->level), mask = ~(bytes - 1);
	struct td_map *map = &maps[cpu->index];

	lock(&map->lock);
	if (map->npt.nr_tables + NPT_TABLES_OF_A_PAGE > TD_MAP_TABLES)
		drop_all(map);
	npt_map(&map->npt, gpa & mask, to->hpa & mask, bytes, access_of(to->rights));
	npt_free_tables(&map->npt, npt_take_retired(&map->npt));
	unlock(&map->lock);
}

void td_map_flush(const struct cpu *cpu)
{
	struct td_map *map = &maps[cpu->index];

	lock(&map->lock);
	if (map->npt.root)
		drop_all(map);
	unlock(&map->lock);
}

static void check_removed(struct td_map *map, u64 tdr, u64 gpa, u64 pa)
{
	u64 at;

	if (!map->npt.root || map->tdr != tdr || !npt_reach(&map->npt, gpa, false, &at) ||
	    at != pa)
		return;
	if (map->running) {
		report_stale(map, gpa);
	} else if (!map->is_stale) {
		map->is_stale = true;
		map->stale_gpa = gpa;
	}
}

void td_map_removed(u64 tdr, u64 gpa, u64 pa)
{
	unsigned int i;

	for (i = 0; i < nr_cpus; i++) {
		lock(&maps[i].lock);
		check_removed(&maps[i], tdr, gpa, pa);
		unlock(&maps[i].lock);
	}
}
