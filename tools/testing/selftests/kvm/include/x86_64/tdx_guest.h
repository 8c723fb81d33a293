/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trust domains that run, for tests of their vCPUs.
 *
 * Their guest executes one instruction at a time, TDCALL or an access to memory, as the test tells
 * it in a shared page.  So tests decide on their own side what the guest does, and see what it got.
 */
#ifndef SELFTEST_KVM_TDX_GUEST_H
#define SELFTEST_KVM_TDX_GUEST_H

#include "tdx_guest_code.h"
#include "tdx_memory.h"

/* TDCALL leaves, in RAX */
#define TG_VMCALL	0
#define TG_VP_INFO	1
#define TG_VEINFO_GET	3
#define TG_PAGE_ACCEPT	6

/* TDG.VP.VMCALL: RCX if R10 to R15 are passed, functions in R11, and statuses in R10 */
#define TG_R10_TO_R15	0xfc00
#define TG_CPUID	10
#define TG_HLT		12
#define TG_IO		30
#define TG_RDMSR	31
#define TG_WRMSR	32
#define TG_MMIO		48
#define TG_GET_INFO	0x10000
#define TG_MAP_GPA	0x10001
#define TG_GET_QUOTE	0x10002
#define TG_FATAL_ERROR	0x10003
#define TG_NOTIFY	0x10004
#define TG_RETRY	1ull
#define TG_INVALID	BIT_ULL(63)
#define TG_MISALIGNED	(BIT_ULL(63) | 2)
#define TG_UNSUPPORTED	(BIT_ULL(63) | 3)

/* The test's memory is private at this linear address and PM_GPA, and shared at the other. */
#define TG_PRIVATE	PM_GPA
#define TG_SHARED	0x40200000ull
/* Linear address of memory without slot, private at this guest physical address */
#define TG_NO_SLOT	(PM_GPA + PM_HUGE_PAGE)
/* Linear addresses of private and shared memory, without slot, at a high address */
#define TG_HIGH		(PM_GPA + 2 * PM_HUGE_PAGE)
#define TG_HIGH_SHARED	(TG_SHARED + PM_HUGE_PAGE)
#define TG_HIGH_GPA	(PM_GPA | TM_SHARED_BIT / 2 | TM_SHARED_BIT / 16)
/* Linear address of private memory, without slot, at an address that does not fit into 48 bits */
#define TG_WIDE		(PM_GPA + 3 * PM_HUGE_PAGE)
#define TG_WIDE_GPA	(TG_WIDE | BIT_ULL(48))

/* Offsets in these are in tdx_guest_code.h. */
struct tg_regs {
	uint64_t rax, rcx, rdx, rbx, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15;
};

struct tg_page {
	uint64_t operation;	/* TG_TDCALL etc. */
	uint64_t address;
	uint64_t value;
	struct tg_regs in;
	struct tg_regs out;
	struct tg_regs boot;	/* registers at the reset vector */
	uint8_t insn[TG_INSN_SIZE];
	uint64_t target;
	uint64_t exception;	/* vector of the last one, or TG_NO_EXCEPTION */
	uint64_t nmis;
	uint64_t taken[TG_NR_VECTORS];	/* number of interrupts */
	uint64_t abort;		/* if it is not 0, an NMI ends the operation */
};

#define TG_NO_EXCEPTION	~0ull

/* Of a TD: each has a place for instructions. */
#define TG_MAX_VCPUS	16
#define TG_NR_PAGES	512

/* A vCPU, and what it shares with the others of the TD. */
struct tg_td {
	struct tm_td td;
	int boot_gmem;
	void *boot_memory;
	struct tg_page *page;
};

extern const uint8_t tg_code[TG_CODE_SIZE];
extern const uint8_t tg_exception_handlers[], tg_interrupt_handlers[];

/* Skips the test if TDs cannot run. */
void tg_require(void);

/* KVM_RUN and other ioctls that wait end with EINTR when this signal comes. */
void tg_let_interrupt(int signal_number);

/* A TD with the attributes and a vCPU, finalized; its vCPU waits for the first operation. */
void tg_create(struct tg_td *tg, uint64_t attributes);
/* The same, but its vCPU has not run. */
void tg_create_in_reset(struct tg_td *tg, uint64_t attributes);
void tg_close(struct tg_td *tg);

/* The same with several vCPUs, whose exceptions, NMIs and interrupts are handled. */
void tg_create_vcpus(struct tg_td *vcpus, unsigned int nr, uint64_t attributes);
void tg_close_vcpus(struct tg_td *vcpus, unsigned int nr);

/*
 * Dirty logging of the shared memory with the pages of operations, of which the first vCPU has the
 * first one; 0 or an errno.
 */
int tg_log_writes(struct tg_td *first_vcpu, bool on);
/* Whether pages were written to, and not yet reported. */
void tg_get_written(struct tg_td *first_vcpu, uint64_t bitmap[TG_NR_PAGES / 64]);

/* KVM_RUN, repeated while it is interrupted; 0 or an errno. */
int tg_run(struct tg_td *tg);
/* Runs to the next exit, which has to be @reason. */
void tg_run_to(struct tg_td *tg, uint32_t reason);
/* Runs to the end of the operation, and asserts that there was no other exit. */
void tg_finish(struct tg_td *tg);

/* Prepares an operation: tg_run() begins it. */
void tg_prepare_tdcall(struct tg_td *tg, const struct tg_regs *regs);
void tg_prepare_vmcall(struct tg_td *tg, uint64_t function, uint64_t r12, uint64_t r13,
		       uint64_t r14, uint64_t r15);
void tg_prepare_load(struct tg_td *tg, uint64_t address);
void tg_prepare_store(struct tg_td *tg, uint64_t address, uint64_t value);
void tg_prepare_spin(struct tg_td *tg);
/* Another thread waits until it has begun, and ends it. */
void tg_wait_for_spin(const struct tg_td *tg);
void tg_stop(struct tg_td *tg);
/* Waits until a counter of the page has at least a value, spinning or halted. */
void tg_prepare_wait(struct tg_td *tg, const uint64_t *counter, uint64_t value);
void tg_prepare_halt(struct tg_td *tg, const uint64_t *counter, uint64_t value);
/* Executes up to TG_INSN_SIZE bytes of code with these registers. */
void tg_prepare_execute(struct tg_td *tg, const void *code, size_t size,
			const struct tg_regs *regs);

/* Executes one that is handled without user space. */
uint64_t tg_vmcall(struct tg_td *tg, uint64_t function, uint64_t r12, uint64_t r13, uint64_t r14,
		   uint64_t r15);
uint64_t tg_accept(struct tg_td *tg, uint64_t gpa);
/* Code without exceptions, with RAX before and after it. */
uint64_t tg_execute(struct tg_td *tg, const void *code, size_t size, uint64_t rax);
uint64_t tg_load(struct tg_td *tg, uint64_t address);
uint64_t tg_read_msr(struct tg_td *tg, uint32_t msr);
void tg_store(struct tg_td *tg, uint64_t address, uint64_t value);

#endif /* SELFTEST_KVM_TDX_GUEST_H */
