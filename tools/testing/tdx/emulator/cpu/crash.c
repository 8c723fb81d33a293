// SPDX-License-Identifier: GPL-2.0-only
/* Reports of crashes, the emulator's own and the guest's. */
#include "cpu/crash.h"
#include "cpu/entry.h"
#include "cpu/idt.h"
#include "lib/log.h"

#define NR_EXCEPTIONS		32
static struct idt_gate idt[NR_EXCEPTIONS];

/* Pushed by a function at its start: RBP; the return address is above it. */
struct stack_frame {
	const struct stack_frame *caller;
	u64 rip;
};

#define MAX_STACK_FRAMES	16

#define NOT_CANONICAL		BIT_ULL(63)

void crash_load_idt(void)
{
	const struct idt_register idtr = { sizeof(idt) - 1, phys_of(idt) };

	idt_fill(idt, NR_EXCEPTIONS, exception_stubs);
	native_lidt(&idtr);
}

static void log_address(u64 address)
{
	const struct symbol *symbol = symbols_end;

	while (symbol > symbols && (--symbol)->address > address)
		;
	log_line("  0x%llx %s+0x%llx", address, symbol->name, address - symbol->address);
}

/* Stacks lie inside the emulator, and grow downwards. */
static bool is_caller_of(const struct stack_frame *caller, const struct stack_frame *frame)
{
	return caller > frame && phys_of(caller + 1) < phys_of(emulator_end);
}

static void log_backtrace(const struct exception_frame *f)
{
	const struct stack_frame *frame = phys(f->rbp);
	unsigned int i;

	log_line("backtrace:");
	log_address(f->rip);
	for (i = 0; i < MAX_STACK_FRAMES && phys_of(frame) >= f->rsp &&
	     phys_of(frame + 1) < phys_of(emulator_end); i++) {
		log_address(frame->rip);
		if (!is_caller_of(frame->caller, frame))
			break;
		frame = frame->caller;
	}
}

void exception_report(const struct exception_frame *f)
{
	const struct cpu *cpu = this_cpu();
	u64 cr2;

	log_take_over();
	asm volatile("movq %%cr2, %0" : "=r"(cr2));
	log_line("rax %016llx rbx %016llx rcx %016llx rdx %016llx", f->rax, f->rbx, f->rcx, f->rdx);
	log_line("rsi %016llx rdi %016llx rbp %016llx rsp %016llx", f->rsi, f->rdi, f->rbp, f->rsp);
	log_line("r8  %016llx r9  %016llx r10 %016llx r11 %016llx", f->r8, f->r9, f->r10, f->r11);
	log_line("r12 %016llx r13 %016llx r14 %016llx r15 %016llx", f->r12, f->r13, f->r14, f->r15);
	log_line("cr2 %016llx rflags %llx", cr2, f->rflags);
	log_backtrace(f);
	fail(EXIT_CRASH,
	     "crashed on CPU %u: exception %llu, error code 0x%llx, at 0x%llx",
	     cpu->index, f->vector, f->error, f->rip);
}

void crash_on_purpose(bool in_log)
{
	if (in_log)
		log_line("%s", (const char *)NOT_CANONICAL);
	asm volatile("ud2");
}

void crash_guest(const struct vcpu *vcpu, const char *what)
{
	const struct vmcb *v = &vcpu->vmcb;

	log_take_over();
	log_line("exit code 0x%llx info1 0x%llx info2 0x%llx", v->exit_code, v->exit_info1,
		 v->exit_info2);
	log_line("cr0 %llx cr2 %llx cr3 %llx cr4 %llx efer %llx", v->cr0, v->cr2, v->cr3,
		 vcpu_cr4(vcpu), v->efer);
	log_line("rax %016llx rcx %016llx rdx %016llx rbx %016llx", vcpu->gpr[RAX], vcpu->gpr[RCX],
		 vcpu->gpr[RDX], vcpu->gpr[RBX]);
	log_line("rsp %016llx rbp %016llx rsi %016llx rdi %016llx", vcpu->gpr[RSP], vcpu->gpr[RBP],
		 vcpu->gpr[RSI], vcpu->gpr[RDI]);
	fail(EXIT_CRASH, "CPU %u at %04x:0x%llx, rflags 0x%llx: %s", vcpu->cpu->index,
	     v->cs.selector, v->rip, v->rflags, what);
}

void crash_vmrun(const struct vcpu *vcpu)
{
	const struct entry_state *e = &vcpu->entered;

	log_take_over();
	log_line("cr0 %llx cr3 %llx cr4 %llx efer %llx event 0x%x", e->cr0, e->cr3, e->cr4,
		 e->efer, e->event);
	fail(EXIT_CRASH, "VMRUN failed on CPU %u at 0x%llx, rflags 0x%llx", vcpu->cpu->index,
	     e->rip, e->rflags);
}
