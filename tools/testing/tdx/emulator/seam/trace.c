// SPDX-License-Identifier: GPL-2.0-only
/* The binary trace of SEAMCALLs. */
#include <linux/build_bug.h>

#include "lib/clock.h"
#include "lib/lock.h"
#include "seam/trace.h"

#define PORT_TRACE	0xe8
#define CONSOLE_IS_HERE	0xe9	/* value that QEMU's debug consoles read as */

#define MAGIC		0x54584454	/* TDXT */
#define NR_REGISTERS	7		/* RAX RCX RDX R8 R9 R10 R11 */

/* Little endian, in the format of trace.py. */
struct record {
	u32 magic;
	u32 cpu;
	u64 start_us, end_us;
	u64 in[NR_REGISTERS], out[NR_REGISTERS];
};

static_assert(sizeof(struct record) == 17 * 8);

static bool enabled;
static struct lock trace_lock;

void trace_init(void)
{
	enabled = io_in8(PORT_TRACE) == CONSOLE_IS_HERE;
}

static void put_registers(u64 *to, const struct tdx_model_regs *regs)
{
	const struct tdx_regs *r = &regs->gpr;
	const u64 from[NR_REGISTERS] = { regs->rax, r->rcx, r->rdx, r->r8, r->r9, r->r10, r->r11 };
	unsigned int i;

	for (i = 0; i < NR_REGISTERS; i++)
		to[i] = from[i];
}

void trace_seamcall(unsigned int cpu, u64 start_us, u64 end_us, const struct tdx_model_regs *in,
		    const struct tdx_model_regs *out)
{
	struct record record = { MAGIC, cpu, start_us, end_us, { 0 }, { 0 } };
	const void *from = &record;
	u64 bytes = sizeof(record);

	if (!enabled)
		return;
	put_registers(record.in, in);
	put_registers(record.out, out);
	lock(&trace_lock);
	asm volatile("rep outsb" : "+S"(from), "+c"(bytes) : "d"((u16)PORT_TRACE) : "memory");
	unlock(&trace_lock);
}
