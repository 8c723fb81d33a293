// SPDX-License-Identifier: GPL-2.0-only
/*
 * MOVDIR64B.  It is used in loops that clear pages: an exit for each line would take most of the
 * time of a TD's end, so that an exit is for all lines of a page.
 */
#include <linux/string.h>

#include "cpu/walk.h"
#include "exit/direct_store.h"
#include "memory/owner.h"

#define LINE_BYTES	64
#define NO_END		~0ULL

static bool store(struct vcpu *vcpu, u64 gpa, const u8 *line)
{
	u64 pa = gpa;

	if (!owner_direct_store(gpa) && !guest_phys(vcpu, gpa, ACCESS_WRITE, &pa))
		return false;
	memcpy(phys(pa), line, LINE_BYTES);
	return true;
}

/* The operand is (%rm), and another register than the destination. */
static bool source_is_fixed(const struct insn *insn)
{
	return insn->modrm >> 6 == 0 && (insn->modrm & 7) != RSP && insn->rm != insn->reg;
}

/*
 * If the next instructions are ADD $64, %reg; CMP %end, %reg or CMP %reg, %end; and JNE to this
 * MOVDIR64B, return the value of %end.
 */
static u64 end_of_loop(const struct vcpu *vcpu, const struct insn *insn)
{
	u8 rex = 0x48 | insn->reg >> 3, modrm = 0xc0 | (insn->reg & 7), code[9];
	const u8 add[] = { rex, 0x83, modrm, LINE_BYTES }, *cmp = code + sizeof(add);
	const u8 jne[] = { 0x75, -(insn->length + sizeof(code)) };
	unsigned int rm, reg;

	if (guest_fetch(vcpu, vcpu->vmcb.rip + insn->length, code, sizeof(code)) < sizeof(code) ||
	    memcmp(code, add, sizeof(add)) || memcmp(code + 7, jne, sizeof(jne)) ||
	    (cmp[0] & ~5) != 0x48 || cmp[1] != 0x39 || cmp[2] >> 6 != 3)
		return NO_END;
	rm = (cmp[2] & 7) | (cmp[0] & 1) << 3;
	reg = (cmp[2] >> 3 & 7) | (cmp[0] & 4) << 1;
	if (rm != insn->reg && reg != insn->reg)
		return NO_END;
	return vcpu->gpr[rm == insn->reg ? reg : rm];
}

/* The last address to store to: behind it the guest goes on, with the loop or what follows. */
static u64 last_line(const struct vcpu *vcpu, const struct insn *insn, u64 first)
{
	u64 last_of_page = (first | ~PAGE_MASK) & ~(LINE_BYTES - 1ULL), end;

	if (!source_is_fixed(insn))
		return first;
	end = end_of_loop(vcpu, insn);
	if (end == NO_END)
		return first;
	end -= LINE_BYTES;
	return end >= first && end <= last_of_page && end % LINE_BYTES == 0 ? end : last_of_page;
}

void direct_store_exit(struct vcpu *vcpu, const struct insn *insn)
{
	u64 to = vcpu->gpr[insn->reg], last, gpa;
	u8 line[LINE_BYTES];

	if (!vcpu_64bit_code(vcpu)) {
		vcpu_inject(vcpu, VECTOR_UD);
		return;
	}
	if (to % LINE_BYTES) {
		vcpu_inject_error(vcpu, VECTOR_GP, 0);
		return;
	}
	if (!guest_read(vcpu, insn->linear, line, sizeof(line)) ||
	    !guest_walk(vcpu, to, ACCESS_WRITE, &gpa))
		return;
	last = last_line(vcpu, insn, to);
	while (store(vcpu, gpa, line)) {
		if (to == last) {
			vcpu_skip_insn(vcpu, insn->length);
			return;
		}
		to += LINE_BYTES;
		gpa += LINE_BYTES;
		vcpu->gpr[insn->reg] = to;
	}
}
