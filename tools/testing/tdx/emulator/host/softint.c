// SPDX-License-Identifier: GPL-2.0-only
/* Software interrupts, and stale translations of patched code. */

/*
 * Linux patches its code while other CPUs run it: INT3 over the first byte, the rest, then
 * the first byte's new value.  When QEMU's CPU stores into code it drops the translation
 * first and then stores; another CPU that translates in between keeps the INT3, and the
 * kernel gets an unknown breakpoint.  This happens in QEMU without the emulator, too.
 *
 * Therefore software interrupts are intercepted.  If memory has no such instruction
 * at RIP, the translation is stale: drop it and let the guest execute the new code.
 */
#include "cpu/decode.h"
#include "cpu/walk.h"
#include "host/softint.h"

#define OPCODE_INT3	0xcc
#define OPCODE_INT_N	0xcd
#define OPCODE_INTO	0xce

#define VECTOR_BP	3
#define VECTOR_OF	4

/* A store makes QEMU drop the translation; this one does not change memory. */
static void drop_translation(struct vcpu *vcpu, u64 linear)
{
	u64 pa;

	if (!guest_address(vcpu, linear, ACCESS_READ, &pa))
		return;
	asm volatile("lock orb $0, %0" : "+m"(*(u8 *)phys(pa)) : : "memory");
}

void softint_exit(struct vcpu *vcpu)
{
	u64 linear = vcpu_rip_linear(vcpu);
	struct insn insn;

	if (!decode(vcpu, &insn) || insn.map != MAP_ONE_BYTE)
		insn.opcode = 0;
	switch (insn.opcode) {
	case OPCODE_INT3:
		vcpu_software_interrupt(vcpu, VECTOR_BP, insn.length);
		break;
	case OPCODE_INT_N:
		vcpu_software_interrupt(vcpu, insn.imm, insn.length);
		break;
	case OPCODE_INTO:
		vcpu_software_interrupt(vcpu, VECTOR_OF, insn.length);
		break;
	default:
		drop_translation(vcpu, linear);
	}
}
