// SPDX-License-Identifier: GPL-2.0-only
/* Translations of VMs' guest-physical addresses, as the TLB of each CPU has them. */

/*
 * Each CPU has nested page tables of its own for the EPTs that it has used last.  It fills them
 * on faults, and flushes them when the host executes INVEPT.  Nothing else changes them: like a
 * TLB, they do not follow changes of EPTs, and a host that forgets an INVEPT lets its guest use
 * an old page.
 *
 * That is reported at a VM entry if the EPT leads to another page, or if the old one has become
 * the module's.  KVM flushes all CPUs after it has removed a page, and before it maps another one
 * there or gives it away, and enters no guest with a flush that is due.  But it may enter one after
 * it has removed a page, or a right, and before it demands the flush.  That may take any time if it
 * changes many pages, so nothing else is certain.
 *
 * The APIC-access page is not mapped.  So a VMCS with such a page does not share translations with
 * others.  A VM without EPT uses the host's addresses, but not the host's nested page table, which
 * other CPUs use at the same time: its translations are flushed by INVVPID.
 */
#include "check/report.h"
#include "cpu/crash.h"
#include "cpu/decode.h"
#include "cpu/walk.h"
#include "memory/host_map.h"
#include "memory/lent.h"
#include "vm/ept.h"
#include "vm/vm_apic_insn.h"
#include "vm/vm_map.h"

#define NR_ROOTS		8

#define NO_PAGE			(~0ULL)

/* Translations that are compared with the EPT: one at each VM entry */
#define NR_FILLS		64

/**
 * struct root - the translations of one EPT
 * @npt:	the nested page table; its root is NULL until it is used
 * @eptp:	EPT pointer, or VM_MAP_NO_EPT
 * @apic_page:	the APIC-access page, or NO_PAGE
 * @used:	when it was used last
 * @fills:	addresses that were added last
 * @nr_fills:	since the last flush
 * @checked:	how often one of them was compared with the EPT
 * @reported:	one of them was another page
 */
struct root {
	struct npt npt;
	u64 eptp;
	u64 apic_page;
	u64 used;
	u64 fills[NR_FILLS];
	unsigned int nr_fills;
	unsigned int checked;
	bool reported;
};

/* @running: what the CPU's VM entry uses */
static struct map {
	struct root roots[NR_ROOTS];
	struct root *running;
	u64 now;
} maps[MAX_CPUS];

static void drop_all(struct root *root)
{
	if (root->npt.root)
		npt_destroy(&root->npt);
	npt_create(&root->npt);
	root->nr_fills = 0;
	root->reported = false;
}

static u64 apic_page(const struct vm *vm)
{
	return vm->secondary & SECONDARY_APIC_ACCESSES ?
	       vmcs_read(vm->vmcs, VMCS_APIC_ACCESS_ADDR) : NO_PAGE;
}

static struct root *find(struct map *map, u64 eptp, u64 apic_page)
{
	struct root *oldest = &map->roots[0];
	unsigned int i;

	for (i = 0; i < NR_ROOTS; i++) {
		if (map->roots[i].npt.root && map->roots[i].eptp == eptp &&
		    map->roots[i].apic_page == apic_page)
			return &map->roots[i];
		if (map->roots[i].used < oldest->used)
			oldest = &map->roots[i];
	}
	drop_all(oldest);
	oldest->eptp = eptp;
	oldest->apic_page = apic_page;
	return oldest;
}

/* Each EPT needs a table at least, also those that are not used yet. */
static bool has_room(const struct map *map)
{
	unsigned int i, nr = NPT_TABLES_OF_A_PAGE;

	for (i = 0; i < NR_ROOTS; i++)
		nr += map->roots[i].npt.root ? map->roots[i].npt.nr_tables : 1;
	return nr <= VM_MAP_TABLES;
}

/* What was used last is dropped last. */
static void make_room(struct vcpu *vcpu)
{
	struct map *map = &maps[vcpu->cpu->index];
	struct root *oldest;
	unsigned int i;

	while (!has_room(map)) {
		oldest = NULL;
		for (i = 0; i < NR_ROOTS; i++) {
			if (map->roots[i].npt.root && map->roots[i].npt.nr_tables > 1 &&
			    (!oldest || map->roots[i].used < oldest->used))
				oldest = &map->roots[i];
		}
		drop_all(oldest);
	}
	vcpu->vmcb.nested_cr3 = npt_root(vcpu->npt);
}

/* Without EPT, guest-physical addresses are those of the host; without VPID, an entry flushes. */
static struct root *root_of(const struct vm *vm, struct map *map)
{
	u64 eptp = VM_MAP_NO_EPT, apic = apic_page(vm);
	struct root *root;

	if (vm->secondary & SECONDARY_EPT)
		eptp = vmcs_read(vm->vmcs, VMCS_EPT_POINTER);
	root = find(map, eptp, apic);
	root->used = ++map->now;
	if (eptp == VM_MAP_NO_EPT && !(vm->secondary & SECONDARY_VPID))
		drop_all(root);
	return root;
}

void vm_map_flush(const struct cpu *cpu, u64 eptp)
{
	struct root *roots = maps[cpu->index].roots;
	unsigned int i;

	for (i = 0; i < NR_ROOTS; i++) {
		if (roots[i].npt.root && (eptp == VM_MAP_ALL || roots[i].eptp == eptp))
			drop_all(&roots[i]);
	}
}

static u64 *table(void *context, u64 pa)
{
	return phys_reachable(pa, PAGE_SIZE) && host_map_has(pa) ? phys(pa) : NULL;
}

/* Without accessed flags, which only accesses of the guest set. */
static bool ept_leads_to(const struct root *root, u64 gpa, u64 *pa)
{
	const struct ept ept = {
		.pointer = root->eptp & ~EPTP_ACCESSED_DIRTY,
		.table = table,
	};
	const struct ept_access access = { .gpa = gpa };
	struct ept_result result;

	if (ept_walk(&ept, &access, &result) != EPT_MAPPED)
		return false;
	*pa = result.pa;
	return true;
}

static void check(struct root *root, const struct cpu *cpu, u64 gpa, u64 pa)
{
	u64 now = pa;

	if (!host_map_has(pa))
		report_fault("CPU %u enters a VM without INVEPT: 0x%llx at 0x%llx, not the host's",
			     cpu->index, gpa, pa);
	else if (ept_leads_to(root, gpa, &now) && now != pa)
		report_fault("CPU %u enters a VM without INVEPT: 0x%llx at 0x%llx, not at 0x%llx",
			     cpu->index, gpa, pa, now);
	else
		return;
	root->reported = true;
}

/* Ones are in the place of a page that was not the host's. */
static void check_next(struct root *root, const struct cpu *cpu)
{
	unsigned int nr = root->nr_fills < NR_FILLS ? root->nr_fills : NR_FILLS;
	u64 gpa, pa;

	if (!nr || root->reported)
		return;
	gpa = root->fills[root->checked++ % nr];
	if (npt_reach(&root->npt, gpa, false, &pa) && (pa & PAGE_MASK) != host_map_ones())
		check(root, cpu, gpa, pa);
}

void vm_map_use(struct vm *vm)
{
	struct vcpu *vcpu = vm->vcpu;
	struct map *map = &maps[vcpu->cpu->index];
	struct root *root = root_of(vm, map);

	map->running = root;
	if (vm->secondary & SECONDARY_EPT)
		check_next(root, vcpu->cpu);
	vcpu->npt = &root->npt;
	vcpu->vmcb.nested_cr3 = npt_root(vcpu->npt);
}

/* QEMU's walks need write access to the guest's page tables. */
static u64 access_of(u64 info)
{
	if (info & SVM_NPF_WALK)
		return EPT_READ | EPT_WRITE;
	if (info & SVM_NPF_FETCH)
		return EPT_EXECUTE;
	return info & SVM_NPF_WRITE ? EPT_WRITE : EPT_READ;
}

static enum npt_access npt_access(u64 rights, bool writable)
{
	if (rights & EPT_EXECUTE)
		return writable ? NPT_READ_WRITE : NPT_READ;
	return writable ? NPT_READ_WRITE_NO_FETCH : NPT_READ_NO_FETCH;
}

static void note_fill(const struct vcpu *vcpu, u64 gpa)
{
	struct root *root = maps[vcpu->cpu->index].running;

	root->fills[root->nr_fills++ % NR_FILLS] = gpa & PAGE_MASK;
}

/* A page whose dirty flag is clear is mapped for reading only, until it is written. */
static void add(struct vm *vm, const struct ept_access *access, const struct ept_result *to)
{
	bool writable = to->rights & EPT_WRITE && !to->clean;
	struct vcpu *vcpu = vm->vcpu;
	u64 bytes = to->size, pa = to->pa, mask, apic = apic_page(vm);

	if (!lent_limit(vcpu->cpu, pa, &bytes, &writable, access->access & EPT_WRITE)) {
		report_fault("a VM %s 0x%llx at its 0x%llx, memory that is not the host's, cpu %u",
			     access->access & EPT_WRITE ? "writes" : "reads", pa, access->gpa,
			     vcpu->cpu->index);
		pa = host_map_ones();
		bytes = PAGE_SIZE;
	}
	if (apic != NO_PAGE && (apic & ~(bytes - 1)) == (pa & ~(bytes - 1)))
		bytes = PAGE_SIZE;
	mask = ~(bytes - 1);
	make_room(vcpu);
	npt_map(vcpu->npt, access->gpa & mask, pa & mask, bytes,
		npt_access(to->rights, writable));
	npt_free_tables(vcpu->npt, npt_take_retired(vcpu->npt));
	note_fill(vcpu, access->gpa);
}

/* QEMU does not tell it: that of the instruction's operand, or of the instruction. */
static u64 linear_address(const struct vcpu *vcpu, u64 access)
{
	u64 linear;

	if (access == EPT_EXECUTE)
		return vcpu_rip_linear(vcpu);
	return decode_operand(vcpu, &linear) ? linear : 0;
}

static enum ept_outcome translate(const struct vm *vm, const struct ept_access *access,
				  struct ept_result *result)
{
	const struct ept ept = {
		.pointer = vmcs_read(vm->vmcs, VMCS_EPT_POINTER),
		.table = table,
	};

	if (vm->secondary & SECONDARY_EPT)
		return ept_walk(&ept, access, result);
	*result = (struct ept_result){ .pa = access->gpa, .size = SIZE_2M, .rights = EPT_RIGHTS };
	return EPT_MAPPED;
}

bool vm_map_fault(struct vm *vm, struct vm_exit *exit)
{
	const struct vmcb *v = &vm->vcpu->vmcb;
	const struct ept_access access = {
		.gpa = v->exit_info2,
		.access = access_of(v->exit_info1),
		.linear = true,
		.walk = v->exit_info1 & SVM_NPF_WALK,
	};
	struct ept_result result;

	switch (translate(vm, &access, &result)) {
	case EPT_MAPPED:
		if (vm_apic_is_page(vm, result.pa))
			return vm_apic_access(vm, exit);
		add(vm, &access, &result);
		return false;
	case EPT_VIOLATES:
		*exit = (struct vm_exit){
			.reason = VM_EXIT_EPT_VIOLATION,
			.qualification = result.qualification,
			.linear = linear_address(vm->vcpu, access.access),
			.gpa = access.gpa,
		};
		return true;
	case EPT_MISCONFIGURED:
		*exit = (struct vm_exit){ .reason = VM_EXIT_EPT_MISCONFIG, .gpa = access.gpa };
		return true;
	default:
		crash_guest(vm->vcpu, "the EPT of a VM is in memory that is not the host's");
	}
}
