/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interface between start.S and probe.c.
 */
#ifndef _TDX_EMU_PROBE_H
#define _TDX_EMU_PROBE_H

#include <linux/types.h>

#define INTERRUPT_VECTOR	32	/* the first one after exceptions */

/* Memory of the emulator */
#define EMULATOR		0x100000ULL
#define EMULATOR_TRAMPOLINE	0x9e000ULL

struct regs {
	u64 rax, rcx, rdx, r8, r9;
};

/* All registers of TDH.VP.ENTER */
struct vp_regs {
	u64 rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15;
};

/* start.S */
void vp_enter(struct vp_regs *regs);
extern const u8 ap_trampoline[], ap_trampoline_end[], trap_stubs[], pml4[];
extern u8 after_halt[];
extern u64 pdpt[512], trapped, nmis, interrupts, interrupted_at, touches;
u64 seamcall(u64 leaf, struct regs *regs);
bool touch(u64 address, bool write);
bool touch_forever(u64 address);

/* A case of the probe, by name */
struct probe_case {
	const char *name;
	void (*run)(void);
};

/* probe.c */
bool run_case(const char *name, const struct probe_case *cases, unsigned int nr);

/* Read a variable that another CPU or a trap changes. */
#define now(variable)	__atomic_load_n(&(variable), __ATOMIC_ACQUIRE)

void probe_main(u64 boot_params);
void ap_main(void);
void say(const char *what, u64 value);
void wbinvd(void);
u64 global_keyid(void);
u64 call(const char *name, u64 leaf, struct regs *regs);
u64 bring_up(bool write_back);
void direct_store(u64 page, unsigned int lines);
void begin_new_kernel(void);
u64 bring_up_with_ap(void (*job)(void));
void join_vmx(void);

/* td.c: cases with TDs */
bool run_td_case(const char *name);
u64 td_tdr(unsigned int td);
u64 td_keyid(unsigned int td);
u64 td_call(const char *name, u64 leaf, u64 rcx, u64 rdx);
u64 td_create(unsigned int td);
u64 td_write_back(u64 pa, u64 id);
void __noreturn power_off(void);

/* memory.c: cases with private memory; how to give some to a TD */
bool run_memory_case(const char *name);
u64 td_init(u64 attributes, u64 xfam);
u64 td_create_vcpu(u64 vcpu, u64 rcx);
u64 td_memory(const char *name, u64 leaf, u64 gpa, u64 page, const void *source);

/* guest.S: the end of a TD's first 4 GB */
extern u8 guest_image[], guest_image_end[];
extern u8 guest_set_cr4[], guest_xsetbv[], guest_cr8[], guest_drs[], guest_direct_store[];
extern u8 guest_rdtscp[], guest_load_cs[], guest_cr2[], guest_load_cr3[];
extern u64 guest_ve_linear, guest_nmis, guest_nmi_depth, guest_reports_nmis;

/* guest.c: cases with a TD that runs */
bool run_guest_case(const char *name);

/* vm.S: the registers of a VM, its entry, and what the guest executes */
struct vm_regs {
	u64 rax, rcx, rdx, rbx;
};

u64 vm_enter(struct vm_regs *regs, bool launch);
extern u8 vm_guest_basic[], vm_guest_spin[], vm_guest_window[], vm_guest_nmi[], vm_guest_touch[];
extern u8 vm_guest_handler[], vm_guest_real[], vm_guest_real_end[];
extern u8 vm_guest_touch32[], vm_guest_tsc[], vm_guest_wrmsr[];
extern u8 vm_guest_tpr[], vm_guest_registers[], vm_guest_interrupts[], vm_guest_end_interrupt[];
extern u8 vm_guest_x2apic[], vm_guest_end_x2apic[];

/* vm.c: cases with an ordinary VM */
bool run_vm_case(const char *name);

#endif /* _TDX_EMU_PROBE_H */
