/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupt descriptor tables of the emulator. */
#ifndef _TDX_EMU_IDT_H
#define _TDX_EMU_IDT_H

#include "lib/x86.h"

#define IDT_SELECTOR_CODE64	0x18	/* boot.S */
#define IDT_GATE_INTERRUPT	0x8e00
#define IDT_STUB_BYTES		16

struct idt_gate {
	u16 offset_low, selector, type, offset_mid;
	u32 offset_high, reserved;
};

struct idt_register {
	u16 limit;
	u64 base;
} __packed;

/* Let each vector lead to its stub. */
static inline void idt_fill(struct idt_gate *idt, unsigned int vectors, const u8 *stubs)
{
	unsigned int i;
	u64 stub;

	for (i = 0; i < vectors; i++) {
		stub = phys_of(stubs) + i * IDT_STUB_BYTES;
		idt[i] = (struct idt_gate){ stub, IDT_SELECTOR_CODE64, IDT_GATE_INTERRUPT,
					    stub >> 16, stub >> 32, 0 };
	}
}

static inline void native_lidt(const struct idt_register *idtr)
{
	asm volatile("lidt %0" : : "m"(*idtr));
}

static inline void native_sidt(struct idt_register *idtr)
{
	asm volatile("sidt %0" : "=m"(*idtr));
}

#endif /* _TDX_EMU_IDT_H */
