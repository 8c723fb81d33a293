// SPDX-License-Identifier: GPL-2.0-only
/* Acknowledging an interrupt, which gives its vector. */

/*
 * SVM has no exit with acknowledge, and the local APIC tells the vector only to a CPU that
 * takes the interrupt.  So the emulator opens a window in which it takes one.  It needs its
 * own table, because the vector may be that of an exception, with an 8259 for example.
 */
#include "cpu/entry.h"
#include "cpu/idt.h"
#include "cpu/interrupt.h"

#define NR_VECTORS	256
#define NO_VECTOR	NR_VECTORS

static struct idt_gate idt[NR_VECTORS];

void interrupt_init(void)
{
	idt_fill(idt, NR_VECTORS, interrupt_stubs);
}

void interrupt_taken(u64 vector)
{
	struct cpu *cpu = this_cpu();

	if (vector == VECTOR_NMI)
		cpu->took_nmi = true;
	else
		cpu->took_vector = vector;
}

static void take(void)
{
	const struct idt_register window = { sizeof(idt) - 1, phys_of(idt) };
	struct idt_register idtr;

	native_sidt(&idtr);
	native_lidt(&window);
	native_take_interrupt();
	native_lidt(&idtr);
}

/* See exception_stubs. */
void interrupt_drop_nmi(void)
{
	asm volatile("stgi; nop; clgi" : : : "memory");
}

bool interrupt_take(struct cpu *cpu, u8 *vector, bool *nmi)
{
	cpu->took_vector = NO_VECTOR;
	cpu->took_nmi = false;
	take();
	*nmi = cpu->took_nmi;
	*vector = cpu->took_vector;
	return cpu->took_vector != NO_VECTOR;
}
