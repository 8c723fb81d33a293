/* SPDX-License-Identifier: GPL-2.0-only */
/* Interface between C and assembly. */
#ifndef _TDX_EMU_ENTRY_H
#define _TDX_EMU_ENTRY_H

#include "cpu/cpu.h"

/* The emulator's memory; emulator.lds */
extern u8 emulator_start[], emulator_end[];

/* The names of its functions, by address; symbols.awk and emulator.lds */
struct symbol {
	u32 address;
	char name[28];
};

extern const struct symbol symbols[], symbols_end[];

/* The code that an AP runs in real mode, to be copied; boot.S */
extern const u8 ap_trampoline[], ap_trampoline_end[];

/* The first C functions; called by boot.S */
void __noreturn bsp_main(u32 magic, u64 multiboot_info_pa);
void __noreturn ap_main(void);

/* Lets all CPUs run with page tables of 5 levels; boot.S */
void boot_use_5_levels(void);

/* The world switch; vmrun.S.  Returns the ticks that it has taken, with VMRUN_TICKS of its own. */
#define VMRUN_TICKS	41
u64 vmrun(u64 vmcb_pa, u64 gpr[NR_GPRS], bool shadow);

/*
 * What instructions on extended state need of CR4, and XCR0; xcr0.S.  xstate_enable() returns
 * CR4 as it was, for xstate_disable().
 */
u64 xstate_enable(void);
void xstate_disable(u64 cr4);
u64 xcr0_read(void);
void xcr0_write(u64 value);

/* As vmrun.S pushes it. */
struct exception_frame {
	u64 rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15;
	u64 vector, error, rip, cs, rflags, rsp, ss;
};

/* Where the gates of the interrupt descriptor table lead; exceptions.S */
extern const u8 exception_stubs[];
/* ... and the functions that the stubs call. */
void __noreturn exception_report(const struct exception_frame *f);

/* Where the gates of another table lead, with the function that they call; interrupt.S */
extern const u8 interrupt_stubs[];
void interrupt_taken(u64 vector);

#endif /* _TDX_EMU_ENTRY_H */
