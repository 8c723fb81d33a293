/* SPDX-License-Identifier: GPL-2.0-only */
/* Cases of the probe with an ordinary VM: how to make one, and to run it. */
#ifndef _TDX_EMU_PROBE_VM_H
#define _TDX_EMU_PROBE_VM_H

#include "lib/x86.h"
#include "probe.h"

/* A page for it */
#define MSR_BITMAP		0x2413000ULL

static inline void vm_write(u64 field, u64 value)
{
	asm volatile("vmwrite %0, %1" : : "r"(value), "r"(field) : "cc");
}

static inline u64 vm_read(u64 field)
{
	u64 value;

	asm volatile("vmread %1, %0" : "=r"(value) : "r"(field) : "cc");
	return value;
}

/* Enter VMX operation with a VMCS that a VM entry accepts.  Returns the EPT for pages of 1 GB. */
u64 *vm_set_up(const void *code);

/* Clear a page of the host. */
void vm_clear_page(u64 page);

/* Set a control. */
void vm_allow(u64 field, u64 control);

/* Let the guest have an interrupt descriptor table, with a handler for a vector. */
void vm_set_gate(unsigned int vector, const void *handler);

/* Run the guest.  Returns the reason of its exit; ones if the VM entry has failed. */
u64 vm_run(struct vm_regs *regs, bool launch);

/* Skip the instruction that has caused an exit. */
void vm_skip(void);

/* vm_apic.c: cases with a virtual APIC */
bool run_vm_apic_case(const char *name);

#endif /* _TDX_EMU_PROBE_VM_H */
