/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions and architectural constants. */
#ifndef _TDX_EMU_X86_H
#define _TDX_EMU_X86_H

#include <linux/bits.h>
#include <linux/types.h>

#define PAGE_SIZE		4096UL
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define SIZE_2M			BIT_ULL(21)
#define SIZE_1G			BIT_ULL(30)
#define SIZE_4G			BIT_ULL(32)
#define SIZE_512G		BIT_ULL(39)

#define ARRAY_LEN(a)		(sizeof(a) / sizeof((a)[0]))
#define BIT_ULL(n)		(1ULL << (n))
#define __page_aligned		__aligned(4096)

#define X86_CR0_PE		BIT_ULL(0)
#define X86_CR0_ET		BIT_ULL(4)
#define X86_CR0_NE		BIT_ULL(5)
#define X86_CR0_WP		BIT_ULL(16)
#define X86_CR0_NW		BIT_ULL(29)
#define X86_CR0_CD		BIT_ULL(30)
#define X86_CR0_PG		BIT_ULL(31)

#define X86_CR4_PSE		BIT_ULL(4)
#define X86_CR4_PAE		BIT_ULL(5)
#define X86_CR4_MCE		BIT_ULL(6)
#define X86_CR4_UMIP		BIT_ULL(11)
#define X86_CR4_LA57		BIT_ULL(12)
#define X86_CR4_VMXE		BIT_ULL(13)
#define X86_CR4_FSGSBASE	BIT_ULL(16)
#define X86_CR4_PCIDE		BIT_ULL(17)
#define X86_CR4_OSXSAVE		BIT_ULL(18)
#define X86_CR4_SMEP		BIT_ULL(20)
#define X86_CR4_SMAP		BIT_ULL(21)
#define X86_CR4_PKE		BIT_ULL(22)
#define X86_CR4_PKS		BIT_ULL(24)

#define X86_EFLAGS_CF		BIT_ULL(0)
#define X86_EFLAGS_FIXED	BIT_ULL(1)
#define X86_EFLAGS_PF		BIT_ULL(2)
#define X86_EFLAGS_AF		BIT_ULL(4)
#define X86_EFLAGS_ZF		BIT_ULL(6)
#define X86_EFLAGS_SF		BIT_ULL(7)
#define X86_EFLAGS_TF		BIT_ULL(8)
#define X86_EFLAGS_IF		BIT_ULL(9)
#define X86_EFLAGS_OF		BIT_ULL(11)
#define X86_EFLAGS_RF		BIT_ULL(16)
#define X86_EFLAGS_VM		BIT_ULL(17)
#define X86_EFLAGS_ARITH	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | \
				 X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_OF)
#define X86_EFLAGS_RESERVED	0xffffffffffc08028ULL	/* those that are 0 */

#define EFER_SCE		BIT_ULL(0)
#define EFER_LME		BIT_ULL(8)
#define EFER_LMA		BIT_ULL(10)
#define EFER_NXE		BIT_ULL(11)
#define EFER_SVME		BIT_ULL(12)

#define DR6_SINGLE_STEP		BIT_ULL(14)
#define DR7_RESET		0x400
#define DR7_ENABLED		0xffULL

#define VECTOR_DB		1
#define VECTOR_NMI		2
#define VECTOR_UD		6
#define VECTOR_DF		8
#define VECTOR_GP		13
#define VECTOR_PF		14
#define VECTOR_MC		18
#define FIRST_INTERRUPT_VECTOR	32

/* Page table entries, the guest's and the nested ones. */
#define PTE_P			BIT_ULL(0)
#define PTE_W			BIT_ULL(1)
#define PTE_U			BIT_ULL(2)
#define PTE_A			BIT_ULL(5)
#define PTE_D			BIT_ULL(6)
#define PTE_PS			BIT_ULL(7)
#define PTE_ADDR		0x000ffffffffff000ULL
#define PTE_NX			BIT_ULL(63)

/* Whether the highest of @bits and all above it are the same. */
static inline bool is_canonical(u64 linear, unsigned int bits)
{
	const unsigned int unused = 64 - bits;

	return (u64)((s64)(linear << unused) >> unused) == linear;
}

#define MSR_APIC_BASE		0x1b
#define MSR_EFER		0xc0000080
#define MSR_FS_BASE		0xc0000100
#define MSR_GS_BASE		0xc0000101
#define MSR_VM_HSAVE_PA		0xc0010117

static inline void io_out8(u16 port, u8 value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void io_out16(u16 port, u16 value)
{
	asm volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void io_out32(u16 port, u32 value)
{
	asm volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline u8 io_in8(u16 port)
{
	u8 value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u16 io_in16(u16 port)
{
	u16 value;

	asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u32 io_in32(u16 port)
{
	u32 value;

	asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u64 native_rdmsr(u32 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (u64)high << 32 | low;
}

static inline void native_wrmsr(u32 msr, u64 value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static inline void native_cpuid(u32 leaf, u32 subleaf, u32 regs[4])
{
	asm volatile("cpuid"
		     : "=a"(regs[0]), "=b"(regs[1]), "=c"(regs[2]), "=d"(regs[3])
		     : "0"(leaf), "2"(subleaf));
}

static inline u64 native_rdtsc(void)
{
	u32 low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

static inline u64 native_read_cr8(void)
{
	u64 value;

	asm volatile("movq %%cr8, %0" : "=r"(value));
	return value;
}

static inline void native_write_cr8(u64 value)
{
	asm volatile("movq %0, %%cr8" : : "r"(value) : "memory");
}

#define native_read_dr(number)						\
({									\
	u64 value;							\
	asm volatile("movq %%db" #number ", %0" : "=r"(value));		\
	value;								\
})

#define native_write_dr(number, value)					\
	asm volatile("movq %0, %%db" #number : : "r"((u64)(value)))

/* The registers that VMRUN does not load and an exit does not store. */
static inline void native_vmload(u64 vmcb_pa)
{
	asm volatile("vmload %%rax" : : "a"(vmcb_pa) : "memory");
}

static inline void native_vmsave(u64 vmcb_pa)
{
	asm volatile("vmsave %%rax" : : "a"(vmcb_pa) : "memory");
}

static inline void native_halt(void)
{
	asm volatile("hlt" : : : "memory");
}

static inline void cpu_pause(void)
{
	asm volatile("pause" : : : "memory");
}

static inline void native_clgi(void)
{
	asm volatile("clgi" : : : "memory");
}

/* Take a pending interrupt, and only one; see interrupt_stubs. */
static inline void native_take_interrupt(void)
{
	asm volatile("stgi; sti; nop; nop; cli; clgi" : : : "memory");
}

/* Physical memory is identity mapped; see boot.S. */
static inline void *phys(u64 pa)
{
	return (void *)pa;
}

static inline u64 phys_of(const void *p)
{
	return (u64)p;
}

#endif /* _TDX_EMU_X86_H */
