// SPDX-License-Identifier: GPL-2.0-only
/* MOVDIR64B of a guest, whose memory is never the module's. */
#include "cpu/walk.h"
#include "host/movdir64b.h"

#define DIRECT_STORE_BYTES	64

void movdir64b(struct vcpu *vcpu, const struct insn *insn)
{
	u64 to = vcpu->gpr[insn->reg];
	u8 line[DIRECT_STORE_BYTES];

	if (to % DIRECT_STORE_BYTES)
		vcpu_inject_error(vcpu, VECTOR_GP, 0);
	else if (guest_read(vcpu, insn->linear, line, sizeof(line)) &&
		 guest_write(vcpu, to, line, sizeof(line)))
		vcpu_skip_insn(vcpu, insn->length);
}
