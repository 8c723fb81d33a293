// SPDX-License-Identifier: GPL-2.0-only
/* What a VM's vCPU is intercepted for, by its controls. */

/*
 * Much is intercepted that does not exit for the host, because SVM has no masks of control
 * registers, and because QEMU would let the guest do what a CPU with VMX does not.
 */
#include <linux/string.h>

#include "cpu/walk.h"
#include "host/intercepts.h"
#include "host/msr.h"
#include "memory/host_map.h"
#include "vm/vm_cr.h"
#include "vm/vm_intercept.h"

#define DRS_0_TO_3		0xfU
#define DRS_4_TO_7		0xf0U

#define MSRS_OF_A_RANGE		0x2000
#define HIGH_MSRS		0xc0000000
#define BITMAP_OF_A_RANGE	1024
#define BITMAP_OF_WRITES	2048
#define PORTS_OF_A_BITMAP	0x8000

/*
 * Access by the CPU itself: VMLOAD and VMSAVE move them, or they belong to host and guest.  Writes
 * of addresses are checked before.
 */
static const u32 native_msrs[] = {
	0x174, 0x175, 0x176,		/* SYSENTER_CS, _ESP, _EIP */
	0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, /* STAR, LSTAR, CSTAR, SFMASK */
	0xc0000100, 0xc0000101, 0xc0000102, /* FS, GS and kernel GS base */
	0xc0000103,			/* TSC_AUX */
};

/* Of each CPU, since each runs another VM. */
static struct permissions {
	u8 msr[2 * PAGE_SIZE];
	u8 io[3 * PAGE_SIZE];
	bool io_exits;		/* all of them, as after vm_intercept_init() */
} __page_aligned permissions[MAX_CPUS];

bool vm_intercepts_msr(const struct vm *vm, u32 msr, bool write)
{
	unsigned int at = write ? BITMAP_OF_WRITES : 0;

	if (!vm->msr_bitmap)
		return true;
	if (msr >= HIGH_MSRS) {
		msr -= HIGH_MSRS;
		at += BITMAP_OF_A_RANGE;
	}
	return msr >= MSRS_OF_A_RANGE || vm->msr_bitmap[at + msr / 8] & 1 << msr % 8;
}

void vm_intercept_init(void)
{
	unsigned int i;

	for (i = 0; i < nr_cpus; i++) {
		memset(permissions[i].msr, 0xff, sizeof(permissions[i].msr));
		memset(permissions[i].io, 0xff, sizeof(permissions[i].io));
		permissions[i].io_exits = true;
	}
}

static void intercept_msrs(const struct vm *vm, u8 *bitmap)
{
	unsigned int i, at;
	u8 bits;

	for (i = 0; i < ARRAY_LEN(native_msrs); i++) {
		at = native_msrs[i] % MSRS_OF_A_RANGE * 2;
		if (native_msrs[i] >= HIGH_MSRS)
			at += MSRS_OF_A_RANGE * 2;
		bits = vm_intercepts_msr(vm, native_msrs[i], false) ? 1 : 0;
		bits |= vm_intercepts_msr(vm, native_msrs[i], true) ||
			msr_has_address(native_msrs[i]) ? 2 : 0;
		bitmap[at / 8] = (bitmap[at / 8] & ~(3 << at % 8)) | bits << at % 8;
	}
}

static const u8 *io_bitmap(const struct vm *vm, bool high)
{
	u64 pa = vmcs_read(vm->vmcs, high ? VMCS_IO_BITMAP_B : VMCS_IO_BITMAP_A);

	return phys_reachable(pa, PAGE_SIZE) && host_map_has(pa) ? phys(pa) : NULL;
}

static bool bitmap_intercepts(const struct vm *vm, u16 port)
{
	const u8 *bitmap = io_bitmap(vm, port >= PORTS_OF_A_BITMAP);

	return !bitmap || bitmap[port % PORTS_OF_A_BITMAP / 8] & 1 << port % 8;
}

/* An access that goes beyond the last port exits, too. */
bool vm_intercepts_port(const struct vm *vm, u16 port, unsigned int bytes)
{
	unsigned int i;

	if (!(vm->primary & PRIMARY_IO_BITMAPS))
		return vm->primary & PRIMARY_IO_EXITING;
	for (i = 0; i < bytes; i++) {
		if (port + i >= 2 * PORTS_OF_A_BITMAP || bitmap_intercepts(vm, port + i))
			return true;
	}
	return false;
}

/* The ports that the emulator has to see stay intercepted. */
static void intercept_ports(const struct vm *vm, struct permissions *p)
{
	const u8 *trapped = host_trapped_ports(), *bitmap;
	bool all = !(vm->primary & PRIMARY_IO_BITMAPS) && vm->primary & PRIMARY_IO_EXITING;
	unsigned int i;

	if (all && p->io_exits)
		return;
	p->io_exits = all;
	memset(p->io, all ? 0xff : 0, IO_BITMAP_BYTES);
	for (i = 0; i < 2 && vm->primary & PRIMARY_IO_BITMAPS; i++) {
		bitmap = io_bitmap(vm, i);
		if (bitmap)
			memcpy(p->io + i * PAGE_SIZE, bitmap, PAGE_SIZE);
		else
			memset(p->io + i * PAGE_SIZE, 0xff, PAGE_SIZE);
	}
	for (i = 0; i < IO_BITMAP_BYTES; i++)
		p->io[i] |= trapped[i];
}

/* The CPU shows what is in the VMCB. */
void vm_intercept_cr_reads(struct vm *vm)
{
	const u32 any = SVM_INTERCEPT_CR_READ(0) | SVM_INTERCEPT_CR_READ(4);
	struct vmcb *v = &vm->vcpu->vmcb;
	u32 reads = 0;

	if (vm_cr0(vm) != v->cr0 || vm_cr4(vm) != v->cr4)
		reads = any;
	if (vm->primary & PRIMARY_CR3_STORE_EXITING)
		reads |= any | SVM_INTERCEPT_CR_READ(3);
	if (vm->primary & PRIMARY_CR8_STORE_EXITING || !(vm->primary & PRIMARY_TPR_SHADOW) ||
	    !(vm->pin & PIN_EXTERNAL_INTERRUPT_EXITING))
		reads |= any | SVM_INTERCEPT_CR_READ(8);
	v->intercept_cr = (v->intercept_cr & 0xffff0000) | reads;
}

static void intercept_registers(struct vm *vm)
{
	struct vmcb *v = &vm->vcpu->vmcb;

	v->intercept_cr = SVM_INTERCEPT_CR_WRITE(0) | SVM_INTERCEPT_CR_WRITE(4) |
			  SVM_INTERCEPT_CR_WRITE(8);
	if (vm->primary & PRIMARY_CR3_LOAD_EXITING)
		v->intercept_cr |= SVM_INTERCEPT_CR_WRITE(3);
	vm_intercept_cr_reads(vm);
	v->intercept_dr = SVM_INTERCEPT_DR_READ(0) * DRS_4_TO_7 |
			  SVM_INTERCEPT_DR_WRITE(0) * DRS_4_TO_7;
	if (vm->primary & PRIMARY_MOV_DR_EXITING)
		v->intercept_dr |= SVM_INTERCEPT_DR_READ(0) * DRS_0_TO_3 |
				   SVM_INTERCEPT_DR_WRITE(0) * DRS_0_TO_3;
}

static const struct {
	u32 control, intercept1, intercept2;
} primary_intercepts[] = {
	{ PRIMARY_HLT_EXITING, SVM_INTERCEPT1_HLT, 0 },
	{ PRIMARY_INVLPG_EXITING, SVM_INTERCEPT1_INVLPG, 0 },
	{ PRIMARY_MWAIT_EXITING, 0, SVM_INTERCEPT2_MWAIT | SVM_INTERCEPT2_MWAIT_ARMED },
	{ PRIMARY_RDTSC_EXITING, SVM_INTERCEPT1_RDTSC, SVM_INTERCEPT2_RDTSCP },
	{ PRIMARY_MONITOR_EXITING, 0, SVM_INTERCEPT2_MONITOR },
	{ PRIMARY_PAUSE_EXITING, SVM_INTERCEPT1_PAUSE, 0 },
}, secondary_intercepts[] = {
	{ SECONDARY_DESC_TABLE_EXITING, SVM_INTERCEPT1_TABLES, 0 },
};

static void intercept_instructions(struct vm *vm)
{
	struct vmcb *v = &vm->vcpu->vmcb;
	unsigned int i;

	v->intercept1 = SVM_INTERCEPT1_NMI | SVM_INTERCEPT1_CPUID | SVM_INTERCEPT1_RDPMC |
			SVM_INTERCEPT1_SWINT | SVM_INTERCEPT1_INVD | SVM_INTERCEPT1_INVLPGA |
			SVM_INTERCEPT1_IOIO | SVM_INTERCEPT1_MSR | SVM_INTERCEPT1_SHUTDOWN;
	v->intercept2 = SVM_INTERCEPT2_VMRUN | SVM_INTERCEPT2_VMMCALL | SVM_INTERCEPT2_VMLOAD |
			SVM_INTERCEPT2_VMSAVE | SVM_INTERCEPT2_STGI | SVM_INTERCEPT2_CLGI |
			SVM_INTERCEPT2_SKINIT | SVM_INTERCEPT2_WBINVD | SVM_INTERCEPT2_XSETBV;
	if (vm->pin & PIN_EXTERNAL_INTERRUPT_EXITING)
		v->intercept1 |= SVM_INTERCEPT1_INTR;
	for (i = 0; i < ARRAY_LEN(primary_intercepts); i++) {
		if (!(vm->primary & primary_intercepts[i].control))
			continue;
		v->intercept1 |= primary_intercepts[i].intercept1;
		v->intercept2 |= primary_intercepts[i].intercept2;
	}
	for (i = 0; i < ARRAY_LEN(secondary_intercepts); i++) {
		if (vm->secondary & secondary_intercepts[i].control)
			v->intercept1 |= secondary_intercepts[i].intercept1;
	}
	/* The CPU has RDTSCP.  QEMU 7.2 intercepts it as RDTSC. */
	if (!(vm->secondary & SECONDARY_RDTSCP)) {
		v->intercept1 |= SVM_INTERCEPT1_RDTSC;
		v->intercept2 |= SVM_INTERCEPT2_RDTSCP;
	}
}

void vm_intercept(struct vm *vm)
{
	struct permissions *p = &permissions[vm->vcpu->cpu->index];
	struct vmcb *v = &vm->vcpu->vmcb;

	intercept_registers(vm);
	intercept_instructions(vm);
	intercept_msrs(vm, p->msr);
	intercept_ports(vm, p);
	v->tsc_offset = vm->vcpu->cpu->host.vmcb.tsc_offset;
	if (vm->primary & PRIMARY_TSC_OFFSETTING)
		v->tsc_offset += vmcs_read(vm->vmcs, VMCS_TSC_OFFSET);
	v->iopm_base_pa = phys_of(p->io);
	v->msrpm_base_pa = phys_of(p->msr);
	v->asid = 1;
	v->nested_control = 1;
}
