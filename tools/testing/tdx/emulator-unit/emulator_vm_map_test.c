// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: translations of an ordinary VM on each CPU. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "emulator/cpu/crash.h"
#include "emulator/cpu/decode.h"
#include "emulator/lib/log.h"
#include "emulator/memory/host_map.h"
#include "emulator/memory/lent.h"
#include "emulator/vm/ept.h"
#include "emulator/vm/vm_apic_insn.h"
#include "emulator/vm/vm_map.h"
#include "reach.h"
#include "reports.h"

#define GPA		0x40000000ULL
#define PA		0x12345000ULL
#define ONES		0x7000ULL
#define APIC_PAGE	0x8000ULL
#define EPTP		0x101e

struct cpu cpus[MAX_CPUS] __aligned(4096);
unsigned int nr_cpus = 2;
static u8 memory[16 << 20] __page_aligned;

static enum ept_outcome outcome;
static struct ept_result result;
static struct ept_access accessed;
static u64 pointer;
static bool is_lent, is_hosts;

void fail(enum exit_code code, const char *format, ...)
{
	abort();
}

void crash_guest(const struct vcpu *vcpu, const char *what)
{
	abort();
}

bool phys_reachable(u64 pa, u64 bytes)
{
	return true;
}

bool host_map_has(u64 pa)
{
	return is_hosts;
}

u64 host_map_ones(void)
{
	return ONES;
}

bool lent_limit(const struct cpu *cpu, u64 pa, u64 *bytes, bool *writable, bool write)
{
	return is_lent;
}

bool decode_operand(const struct vcpu *vcpu, u64 *linear)
{
	*linear = 0xabcdef;
	return true;
}

bool vm_apic_is_page(const struct vm *vm, u64 pa)
{
	return pa == APIC_PAGE;
}

bool vm_apic_access(struct vm *vm, struct vm_exit *exit)
{
	exit->reason = VM_EXIT_APIC_ACCESS;
	return true;
}

enum ept_outcome ept_walk(const struct ept *ept, const struct ept_access *access,
			  struct ept_result *to)
{
	accessed = *access;
	pointer = ept->pointer;
	*to = result;
	return outcome;
}

FIXTURE(vm_map) {
	struct vm vm;
	struct vm_exit exit;
	struct vmcs vmcs;
	struct vcpu *vcpu;
};

FIXTURE_SETUP(vm_map)
{
	static bool is_ready;

	if (!is_ready)
		npt_pool_init(memory, SIZE_1G, 2 * VM_MAP_TABLES);
	is_ready = true;
	cpus[1].index = 1;
	cpus[0].vm.cpu = &cpus[0];
	memset(&self->vmcs, 0, sizeof(self->vmcs));
	vmcs_write(&self->vmcs, VMCS_EPT_POINTER, EPTP);
	self->vcpu = &cpus[0].vm;
	self->vm = (struct vm){ .vcpu = self->vcpu, .vmcs = &self->vmcs,
				.secondary = SECONDARY_EPT };
	vm_map_flush(&cpus[0], VM_MAP_ALL);
	vm_map_use(&self->vm);
	outcome = EPT_MAPPED;
	result = (struct ept_result){ .pa = PA, .size = PAGE_SIZE, .rights = EPT_RIGHTS };
	is_lent = true;
	is_hosts = true;
	nr_reports = 0;
}

FIXTURE_TEARDOWN(vm_map)
{
}

static bool fault(struct vm *vm, u64 gpa, u64 info, struct vm_exit *exit)
{
	vm->vcpu->vmcb.exit_info2 = gpa;
	vm->vcpu->vmcb.exit_info1 = info;
	return vm_map_fault(vm, exit);
}

TEST_F(vm_map, an_access_is_passed_on)
{
	EXPECT_FALSE(fault(&self->vm, GPA + 8, SVM_NPF_WRITE, &self->exit));
	EXPECT_EQ(GPA + 8, accessed.gpa);
	EXPECT_EQ(EPT_WRITE, accessed.access);
	EXPECT_FALSE(fault(&self->vm, GPA, SVM_NPF_FETCH, &self->exit));
	EXPECT_EQ(EPT_EXECUTE, accessed.access);
	EXPECT_FALSE(fault(&self->vm, GPA, SVM_NPF_WALK | SVM_NPF_WRITE, &self->exit));
	EXPECT_EQ(EPT_READ | EPT_WRITE, accessed.access);
	EXPECT_TRUE(accessed.walk);
}

TEST_F(vm_map, a_page_is_mapped_with_its_rights)
{
	EXPECT_FALSE(fault(&self->vm, GPA, 0, &self->exit));
	EXPECT_EQ(PA + 0x456, reach(self->vcpu->npt, GPA + 0x456, true));
	EXPECT_EQ(~0ULL, reach(self->vcpu->npt, GPA + 0x1000, false));
	result.rights = EPT_READ;
	EXPECT_FALSE(fault(&self->vm, GPA, 0, &self->exit));
	EXPECT_EQ(~0ULL, reach(self->vcpu->npt, GPA, true));
	EXPECT_EQ(PA, reach(self->vcpu->npt, GPA, false));
}

TEST_F(vm_map, a_clean_page_is_not_writable)
{
	result.clean = true;
	EXPECT_FALSE(fault(&self->vm, GPA, 0, &self->exit));
	EXPECT_EQ(~0ULL, reach(self->vcpu->npt, GPA, true));
}

TEST_F(vm_map, memory_that_is_not_the_hosts_is_reported)
{
	is_lent = false;
	EXPECT_FALSE(fault(&self->vm, GPA, SVM_NPF_WRITE, &self->exit));
	EXPECT_EQ(ONES, reach(self->vcpu->npt, GPA, false));
	EXPECT_EQ(1, nr_reports);
}

TEST_F(vm_map, the_apic_access_page_is_never_mapped)
{
	result.pa = APIC_PAGE;
	EXPECT_TRUE(fault(&self->vm, GPA, 0, &self->exit));
	EXPECT_EQ(VM_EXIT_APIC_ACCESS, self->exit.reason);
	EXPECT_EQ(~0ULL, reach(self->vcpu->npt, GPA, false));
}

/* Nor together with pages beside it, or by a VM that does not have it. */
TEST_F(vm_map, what_is_beside_the_apic_access_page_is_mapped_alone)
{
	result = (struct ept_result){ .pa = 0x9000, .size = SIZE_2M, .rights = EPT_RIGHTS };
	fault(&self->vm, 0x9000, 0, &self->exit);
	EXPECT_EQ(APIC_PAGE, reach(self->vcpu->npt, APIC_PAGE, false));
	self->vm.secondary |= SECONDARY_APIC_ACCESSES;
	vmcs_write(&self->vmcs, VMCS_APIC_ACCESS_ADDR, APIC_PAGE);
	vm_map_use(&self->vm);
	EXPECT_EQ(~0ULL, reach(self->vcpu->npt, 0x9000, false));
	fault(&self->vm, 0x9000, 0, &self->exit);
	EXPECT_EQ(0x9000, reach(self->vcpu->npt, 0x9000, false));
	EXPECT_EQ(~0ULL, reach(self->vcpu->npt, APIC_PAGE, false));
}

TEST_F(vm_map, what_the_ept_refuses_exits)
{
	outcome = EPT_VIOLATES;
	result.qualification = 0x182;
	EXPECT_TRUE(fault(&self->vm, GPA + 0xdef, SVM_NPF_WRITE, &self->exit));
	EXPECT_EQ(VM_EXIT_EPT_VIOLATION, self->exit.reason);
	EXPECT_EQ(0x182, self->exit.qualification);
	EXPECT_EQ(GPA + 0xdef, self->exit.gpa);
	EXPECT_EQ(0xabcdef, self->exit.linear);
	outcome = EPT_MISCONFIGURED;
	EXPECT_TRUE(fault(&self->vm, GPA, 0, &self->exit));
	EXPECT_EQ(VM_EXIT_EPT_MISCONFIG, self->exit.reason);
}

TEST_F(vm_map, translations_are_kept_for_each_ept_until_a_flush)
{
	fault(&self->vm, GPA, 0, &self->exit);
	vmcs_write(&self->vmcs, VMCS_EPT_POINTER, EPTP + 0x1000);
	vm_map_use(&self->vm);
	EXPECT_EQ(~0ULL, reach(self->vcpu->npt, GPA, false));
	fault(&self->vm, GPA, 0, &self->exit);
	vm_map_flush(&cpus[1], VM_MAP_ALL);
	vm_map_flush(&cpus[0], EPTP + 0x1000);
	EXPECT_EQ(~0ULL, reach(self->vcpu->npt, GPA, false));
	vmcs_write(&self->vmcs, VMCS_EPT_POINTER, EPTP);
	vm_map_use(&self->vm);
	EXPECT_EQ(PA, reach(self->vcpu->npt, GPA, false));
	EXPECT_EQ(npt_root(self->vcpu->npt), self->vcpu->vmcb.nested_cr3);
}

TEST_F(vm_map, the_oldest_ept_is_forgotten_if_there_are_many)
{
	unsigned int i;

	fault(&self->vm, GPA, 0, &self->exit);
	for (i = 1; i <= 8; i++) {
		vmcs_write(&self->vmcs, VMCS_EPT_POINTER, EPTP + i * 0x1000);
		vm_map_use(&self->vm);
		fault(&self->vm, GPA, 0, &self->exit);
	}
	vmcs_write(&self->vmcs, VMCS_EPT_POINTER, EPTP + 2 * 0x1000);
	vm_map_use(&self->vm);
	EXPECT_EQ(PA, reach(self->vcpu->npt, GPA, false));
	vmcs_write(&self->vmcs, VMCS_EPT_POINTER, EPTP);
	vm_map_use(&self->vm);
	EXPECT_EQ(~0ULL, reach(self->vcpu->npt, GPA, false));
}

/* One page in each 2 MB needs a table of its own. */
TEST_F(vm_map, there_is_room_for_new_translations)
{
	unsigned int i;

	for (i = 0; i < 2 * VM_MAP_TABLES; i++) {
		ASSERT_FALSE(fault(&self->vm, i * SIZE_2M, 0, &self->exit));
		ASSERT_EQ(PA, reach(self->vcpu->npt, i * SIZE_2M, true)) TH_LOG("page %u", i);
	}
}

static void enter_often(struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < 200; i++)
		vm_map_use(vm);
}

TEST_F(vm_map, a_translation_to_an_old_page_is_reported_until_it_is_flushed)
{
	vmcs_write(&self->vmcs, VMCS_EPT_POINTER, EPTP | EPTP_ACCESSED_DIRTY);
	vm_map_use(&self->vm);
	fault(&self->vm, GPA + 0x123, SVM_NPF_WRITE, &self->exit);
	enter_often(&self->vm);
	EXPECT_EQ(0, nr_reports);
	/* No flag is set. */
	EXPECT_EQ(EPTP, pointer);
	EXPECT_EQ(0, accessed.access);
	result.pa = PA + 0x1000;
	vm_map_use(&self->vm);
	EXPECT_EQ(1, nr_reports);
	EXPECT_EQ(PA, reach(self->vcpu->npt, GPA, false));
	enter_often(&self->vm);
	EXPECT_EQ(1, nr_reports);
	vm_map_flush(&cpus[0], EPTP | EPTP_ACCESSED_DIRTY);
	enter_often(&self->vm);
	EXPECT_EQ(1, nr_reports);
}

TEST_F(vm_map, a_translation_to_a_page_that_is_the_modules_is_reported)
{
	fault(&self->vm, GPA, SVM_NPF_WRITE, &self->exit);
	outcome = EPT_VIOLATES;
	enter_often(&self->vm);
	EXPECT_EQ(0, nr_reports);
	is_hosts = false;
	enter_often(&self->vm);
	EXPECT_EQ(1, nr_reports);
}

/* The host may be about to flush. */
TEST_F(vm_map, a_page_that_is_only_removed_or_read_only_is_not_reported)
{
	fault(&self->vm, GPA, SVM_NPF_WRITE, &self->exit);
	result.rights = EPT_READ;
	enter_often(&self->vm);
	outcome = EPT_VIOLATES;
	enter_often(&self->vm);
	outcome = EPT_MISCONFIGURED;
	enter_often(&self->vm);
	EXPECT_EQ(0, nr_reports);
}

TEST_F(vm_map, ones_instead_of_memory_are_reported_once)
{
	is_lent = false;
	fault(&self->vm, GPA, SVM_NPF_WRITE, &self->exit);
	EXPECT_EQ(1, nr_reports);
	is_lent = true;
	enter_often(&self->vm);
	EXPECT_EQ(1, nr_reports);
}

/* One of the last ones at each VM entry */
TEST_F(vm_map, each_of_the_last_translations_is_compared)
{
	unsigned int i;

	for (i = 0; i < 100; i++)
		fault(&self->vm, GPA + i * PAGE_SIZE, 0, &self->exit);
	for (i = 0; i < 64; i++) {
		vm_map_use(&self->vm);
		EXPECT_EQ(GPA + (i < 36 ? 64 + i : i) * PAGE_SIZE, accessed.gpa);
	}
	EXPECT_EQ(0, nr_reports);
}

static void use_ept(struct vm *vm, unsigned int number)
{
	vmcs_write(vm->vmcs, VMCS_EPT_POINTER, EPTP + number * 0x1000);
	vm_map_use(vm);
}

/* The pool has as many for each CPU.  Here each of them fills the first EPT with one page more. */
TEST_F(vm_map, all_epts_together_have_a_limited_number_of_tables)
{
	unsigned int cpu, number, i, nr;

	for (cpu = 1; cpu < MAX_CPUS; cpu++) {
		cpus[cpu].index = cpu;
		cpus[cpu].vm.cpu = &cpus[cpu];
		self->vm.vcpu = &cpus[cpu].vm;
		use_ept(&self->vm, 0);
		for (i = 0; i < VM_MAP_TABLES - MAX_CPUS + cpu; i++)
			fault(&self->vm, i * SIZE_2M, 0, &self->exit);
		for (number = 1; number < 8; number++)
			use_ept(&self->vm, number);
		for (number = 0, nr = 0; number < 8; number++) {
			use_ept(&self->vm, number);
			nr += self->vm.vcpu->npt->nr_tables;
		}
		EXPECT_GE(VM_MAP_TABLES, nr) TH_LOG("CPU %u", cpu);
		vm_map_flush(&cpus[cpu], VM_MAP_ALL);
	}
}

/* Their table is not the host's, which other CPUs use at the same time. */
TEST_F(vm_map, without_ept_addresses_are_those_of_the_host)
{
	static struct npt host;

	npt_create(&host);
	self->vm.secondary = SECONDARY_VPID;
	cpus[0].host.npt = &host;
	vm_map_use(&self->vm);
	EXPECT_NE(&host, self->vcpu->npt);
	EXPECT_FALSE(fault(&self->vm, GPA + 0x123, SVM_NPF_WRITE, &self->exit));
	EXPECT_EQ(GPA + 0x123, reach(self->vcpu->npt, GPA + 0x123, true));
	is_lent = false;
	EXPECT_FALSE(fault(&self->vm, GPA + SIZE_2M, SVM_NPF_WRITE, &self->exit));
	EXPECT_EQ(ONES, reach(self->vcpu->npt, GPA + SIZE_2M, false));
	EXPECT_EQ(1, host.nr_tables);
	EXPECT_EQ(~0ULL, reach(&host, GPA + SIZE_2M, false));
}

TEST_F(vm_map, without_ept_there_is_an_apic_access_page_too)
{
	self->vm.secondary = SECONDARY_APIC_ACCESSES | SECONDARY_VPID;
	vmcs_write(&self->vmcs, VMCS_APIC_ACCESS_ADDR, APIC_PAGE);
	vm_map_use(&self->vm);
	EXPECT_FALSE(fault(&self->vm, GPA + 0x123, 0, &self->exit));
	EXPECT_EQ(GPA, reach(self->vcpu->npt, GPA, true));
	EXPECT_TRUE(fault(&self->vm, APIC_PAGE, 0, &self->exit));
	vm_map_use(&self->vm);
	EXPECT_EQ(GPA, reach(self->vcpu->npt, GPA, true));
	vm_map_flush(&cpus[0], VM_MAP_NO_EPT);
	EXPECT_EQ(~0ULL, reach(self->vcpu->npt, GPA, false));
	/* Without VPID, each VM entry flushes. */
	fault(&self->vm, GPA, 0, &self->exit);
	self->vm.secondary &= ~SECONDARY_VPID;
	vm_map_use(&self->vm);
	EXPECT_EQ(~0ULL, reach(self->vcpu->npt, GPA, false));
}

TEST_HARNESS_MAIN
