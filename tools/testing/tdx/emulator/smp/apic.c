// SPDX-License-Identifier: GPL-2.0-only
/* The guest's writes to the local APIC. */
#include "smp/apic.h"
#include "smp/apic_regs.h"
#include "smp/shootdown.h"
#include "smp/smp.h"

enum shorthand { TO_DESTINATION, TO_SELF, TO_ALL, TO_OTHERS };

#define PHYSICAL_BROADCAST	0xff
#define DFR_FLAT		0xf

static void start_or_reset(struct cpu *self, struct cpu *target, u32 icr)
{
	if (ICR_MODE(icr) == ICR_MODE_SIPI)
		smp_send_sipi(target, ICR_VECTOR(icr));
	else if (icr & ICR_ASSERT || !(icr & ICR_LEVEL))
		smp_send_init(self, target);
	/* else INIT level de-assert, which modern APICs ignore */
}

/*
 * Flat: one bit for each CPU.  Cluster: its number in the upper half, bits in
 * the lower.
 */
static bool is_logical_destination(const struct cpu *target, u32 id)
{
	u32 ldr = target->apic_ldr >> 24;

	if (target->apic_dfr >> 28 == DFR_FLAT)
		return id & ldr;
	return (id >> 4 == 0xf || id >> 4 == ldr >> 4) && id & ldr & 0xf;
}

static bool is_destination(const struct cpu *self, const struct cpu *target, u32 icr, u32 id)
{
	switch (ICR_SHORTHAND(icr)) {
	case TO_SELF:
		return target == self;
	case TO_ALL:
		return true;
	case TO_OTHERS:
		return target != self;
	}
	if (icr & ICR_LOGICAL)
		return is_logical_destination(target, id);
	return id == target->apic_id || id == PHYSICAL_BROADCAST;
}

/*
 * Send to each CPU separately, but not to those that would ignore it: see
 * smp.h.
 */
static void send(const struct cpu *self, u32 icr, u32 id)
{
	unsigned int i;

	smp_lock_ipis();
	for (i = 0; i < nr_cpus; i++) {
		if (!is_destination(self, &cpus[i], icr, id) || !smp_takes_ipis(&cpus[i]))
			continue;
		if (ICR_MODE(icr) == ICR_MODE_NMI)
			shootdown_guest_nmi(&cpus[i]);
		smp_send_ipi(&cpus[i], icr & ~ICR_DESTINATION);
	}
	smp_unlock_ipis();
}

static bool is_broadcast(u32 icr, u32 id)
{
	if (ICR_SHORTHAND(icr) == TO_DESTINATION)
		return id == PHYSICAL_BROADCAST && !(icr & ICR_LOGICAL);
	return ICR_SHORTHAND(icr) != TO_SELF;
}

static void write_icr(struct cpu *self, u32 icr)
{
	u32 id = apic_read(APIC_ICR_HIGH) >> 24;
	unsigned int i;

	switch (ICR_MODE(icr)) {
	case ICR_MODE_INIT:
	case ICR_MODE_SIPI:
		for (i = 0; i < nr_cpus; i++) {
			if (is_destination(self, &cpus[i], icr, id))
				start_or_reset(self, &cpus[i], icr);
		}
		break;
	case ICR_MODE_FIXED:
		if (is_broadcast(icr, id))
			send(self, icr, id);
		else
			apic_write(APIC_ICR_LOW, icr);
		break;
	case ICR_MODE_NMI:
		send(self, icr, id);
		break;
	default:
		apic_write(APIC_ICR_LOW, icr);
	}
}

/* The value that MOV or XCHG stores; operating systems use no other instructions. */
static bool stored_value(const struct vcpu *vcpu, const struct insn *insn, u32 *value)
{
	if (insn->map != MAP_ONE_BYTE || insn->prefixes & PREFIX_66 || insn->rex & REX_W)
		return false;
	switch (insn->opcode) {
	case 0x87:
	case 0x89:
		*value = vcpu->gpr[insn->reg];
		return true;
	case 0xc7:
		*value = insn->imm;
		return true;
	}
	return false;
}

bool apic_write_exit(struct vcpu *vcpu, const struct insn *insn, u64 gpa)
{
	struct cpu *cpu = vcpu->cpu;
	unsigned int offset = gpa - APIC_PAGE;
	u32 value;

	if (!stored_value(vcpu, insn, &value))
		return false;
	if (insn->opcode == 0x87)
		vcpu->gpr[insn->reg] = apic_read(offset);
	/* first, since an INIT for this CPU does not return */
	vcpu_skip_insn(vcpu, insn->length);
	if (offset == APIC_ICR_LOW) {
		write_icr(cpu, value);
		return true;
	}
	if (offset == APIC_LDR)
		cpu->apic_ldr = value;
	if (offset == APIC_DFR)
		cpu->apic_dfr = value;
	apic_write(offset, value);
	return true;
}

void apic_end_interrupt(void)
{
	apic_write(APIC_EOI, 0);
}
