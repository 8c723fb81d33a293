// SPDX-License-Identifier: GPL-2.0-only
/*
 * MOVDIR64B.  It is used in loops that clear pages: an exit for each line would take most of the
 * time of a TD's end, so that an exit is for all lines of a page.
 */
#include <linux/string.h>

#include "cpu/walk.h"
#include "exit/direct_store.h"
#include "exit/store_loop.h"
#include "memory/owner.h"

#define LINE_BYTES	64

static bool store(struct vcpu *vcpu, u64 gpa, const u8 *line)
{
	u64 pa = gpa;

	if (!owner_direct_store(gpa) && !guest_phys(vcpu, gpa, ACCESS_WRITE, &pa))
		return false;
	memcpy(phys(pa), line, LINE_BYTES);
	return true;
}

static bool in_page(u64 page, u64 address, unsigned int bytes)
{
	return address + bytes > page && address < page + PAGE_SIZE;
}

/* At @to's MOVDIR64B, with the code around it; false if the stores change what the loop reads. */
static bool begin_loop(struct store_loop *loop, const struct vcpu *vcpu, u64 from, u64 to)
{
	u64 page = to & PAGE_MASK;

	memcpy(loop->gpr, vcpu->gpr, sizeof(loop->gpr));
	loop->rip = vcpu->vmcb.rip;
	loop->rflags = vcpu->vmcb.rflags;
	loop->start = loop->rip - sizeof(loop->code) / 2;
	loop->to = to;
	loop->bytes = guest_fetch(vcpu, loop->start, loop->code, sizeof(loop->code));
	return !(loop->rflags & X86_EFLAGS_TF) && !in_page(page, from, LINE_BYTES) &&
	       !in_page(page, loop->start, sizeof(loop->code));
}

/* The same bytes are stored to a line behind @last, in its page. */
static bool goes_on(const struct store_loop *loop, u64 from, u64 last)
{
	return loop->from == from && loop->to > last && loop->to % LINE_BYTES == 0 &&
	       (loop->to & PAGE_MASK) == (last & PAGE_MASK);
}

/* After a store to @to: those that follow in the page.  The rest of the loop is the guest's. */
static void go_on(struct vcpu *vcpu, u64 from, const u8 *line, u64 to, u64 gpa)
{
	struct store_loop loop;

	if (!begin_loop(&loop, vcpu, from, to))
		return;
	while (store_loop_next(&loop) && goes_on(&loop, from, to)) {
		gpa += loop.to - to;
		to = loop.to;
		memcpy(vcpu->gpr, loop.gpr, sizeof(vcpu->gpr));
		vcpu->vmcb.rip = loop.rip;
		vcpu->vmcb.rflags = loop.rflags;
		if (!store(vcpu, gpa, line))
			return;
		vcpu_skip_insn(vcpu, loop.length);
		loop.rip = vcpu->vmcb.rip;
	}
}

void direct_store_exit(struct vcpu *vcpu, const struct insn *insn)
{
	u64 to = vcpu->gpr[insn->reg], gpa;
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
	    !guest_walk(vcpu, to, ACCESS_WRITE, &gpa) || !store(vcpu, gpa, line))
		return;
	vcpu_skip_insn(vcpu, insn->length);
	go_on(vcpu, insn->linear, line, to, gpa);
}
