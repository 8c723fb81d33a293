// SPDX-License-Identifier: GPL-2.0-only
/* Cases with private memory of a TD: what a host may do with it, and what it must not do. */
#include <linux/types.h>

#include "abi.h"
#include "asm/tdx_abi_td.h"
#include "lib/text.h"
#include "lib/x86.h"
#include "probe.h"

#define NR_TDVPX	5
#define NR_TABLES	3
#define SMALL		0
#define LARGE		1

/* Guest addresses */
#define ADDED_GPA	0ULL
#define AUG_GPA		0x1000ULL
#define LARGE_GPA	0x400000ULL

/* Pages for them, and for the rest of the TD, in other ranges of 2 MB */
#define MEMORY		0x10000000ULL
#define ADDED		MEMORY
#define AUG		(MEMORY + 0x1000)
#define AUG_LARGE	(MEMORY + SIZE_2M)
#define VCPU		(MEMORY + 2 * SIZE_2M)
#define TABLES		(MEMORY + 3 * SIZE_2M)
#define IN_LARGE	(AUG_LARGE + 0x123000)

static struct tdx_td_params params __aligned(1024);
static u8 source[PAGE_SIZE] __page_aligned;

u64 td_init(u64 attributes, u64 xfam)
{
	params.attributes = attributes;
	params.xfam = xfam;
	params.max_vcpus = 2;
	params.eptp_controls = TDX_EPTP_WB | TDX_EPTP_4_LEVELS;
	/* 1 GHz, so that the TSC is scaled */
	params.tsc_frequency = 40;
	return td_call("init", TDH_MNG_INIT, td_tdr(0), (u64)&params);
}

u64 td_create_vcpu(u64 vcpu, u64 rcx)
{
	u64 status = td_call("vp_create", TDH_VP_CREATE, vcpu, td_tdr(0));
	unsigned int i;

	for (i = 1; i <= NR_TDVPX && !status; i++)
		status = td_call("vp_addcx", TDH_VP_ADDCX, vcpu + i * PAGE_SIZE, vcpu);
	return status ?: td_call("vp_init", TDH_VP_INIT, vcpu, rcx);
}

u64 td_memory(const char *name, u64 leaf, u64 gpa, u64 page, const void *source)
{
	struct regs regs = { .rcx = gpa, .rdx = td_tdr(0), .r8 = page, .r9 = (u64)source };

	return call(name, leaf, &regs);
}

static u64 mem_call(const char *name, u64 leaf, u64 gpa, u64 page)
{
	return td_memory(name, leaf, gpa, page, source);
}

static u64 add_tables(void)
{
	u64 status = 0;
	unsigned int level;

	for (level = NR_TABLES; level && !status; level--)
		status = mem_call("sept_add", TDH_MEM_SEPT_ADD, level,
				  TABLES + (NR_TABLES - level) * PAGE_SIZE);
	return status;
}

/* A TD with pages of all kinds */
static void begin(void)
{
	u64 status = bring_up(true);

	status = status ?: td_create(0);
	status = status ?: td_init(0, TDX_XFAM_FP_SSE);
	status = status ?: td_create_vcpu(VCPU, 0);
	status = status ?: add_tables();
	status = status ?: mem_call("add", TDH_MEM_PAGE_ADD, ADDED_GPA, ADDED);
	status = status ?: td_call("finalize", TDH_MR_FINALIZE, td_tdr(0), 0);
	status = status ?: mem_call("aug", TDH_MEM_PAGE_AUG, AUG_GPA, AUG);
	status = status ?: mem_call("aug", TDH_MEM_PAGE_AUG, LARGE_GPA | LARGE, AUG_LARGE);
	say("created", status);
}

static u64 remove(u64 gpa)
{
	u64 status = mem_call("block", TDH_MEM_RANGE_BLOCK, gpa, 0);

	status = status ?: td_call("track", TDH_MEM_TRACK, td_tdr(0), 0);
	return status ?: mem_call("remove", TDH_MEM_PAGE_REMOVE, gpa, 0);
}

static void take_back(u64 pa, u64 bytes)
{
	u64 end = pa + bytes;

	for (; pa < end; pa += PAGE_SIZE) {
		td_write_back(pa, td_keyid(0));
		direct_store(pa, 64);
	}
}

static unsigned int touch_range(u64 pa, u64 bytes)
{
	unsigned int touched = 0;
	u64 end = pa + bytes;

	for (; pa < end; pa += PAGE_SIZE)
		touched += touch(pa, true);
	return touched;
}

/* The host has all memory of the TD again. */
static void case_good(void)
{
	begin();
	say("removed", remove(ADDED_GPA) ?: remove(AUG_GPA) ?: remove(LARGE_GPA | LARGE));
	take_back(ADDED, 2 * PAGE_SIZE);
	take_back(AUG_LARGE, SIZE_2M);
	say("touched", touch_range(ADDED, 2 * PAGE_SIZE) + touch_range(AUG_LARGE, SIZE_2M));
	power_off();
}

static void touch_one(u64 pa, bool write)
{
	begin();
	say("touched", touch(pa, write));
	say("trapped", now(trapped));
}

static void case_touch_added(void)
{
	touch_one(ADDED, false);
}

static void case_touch_aug(void)
{
	touch_one(AUG, true);
}

static void case_touch_large(void)
{
	touch_one(IN_LARGE, true);
}

static void case_touch_table(void)
{
	touch_one(TABLES, false);
}

/* The pages beside it belong to the host. */
static void case_touch_neighbours(void)
{
	begin();
	say("touched", touch(AUG + PAGE_SIZE, true) + touch(AUG_LARGE - PAGE_SIZE, true) +
	    touch(VCPU + (1 + NR_TDVPX) * PAGE_SIZE, true));
	power_off();
}

/* It was blocked, but not removed. */
static void case_touch_blocked(void)
{
	begin();
	say("blocked", mem_call("block", TDH_MEM_RANGE_BLOCK, AUG_GPA, 0));
	say("touched", touch(AUG, true));
}

static void case_no_overwrite(void)
{
	begin();
	say("removed", remove(LARGE_GPA | LARGE));
	say("written_back", td_write_back(IN_LARGE, td_keyid(0)));
	say("touched", touch(IN_LARGE, true));
}

static void case_in_caches(void)
{
	begin();
	say("removed", remove(ADDED_GPA));
	direct_store(ADDED, 64);
}

/* A range of 2 MB that a TD has again, in small pages. */
static void case_large_again(void)
{
	begin();
	say("removed", remove(LARGE_GPA | LARGE) ?: remove(AUG_GPA));
	take_back(AUG_LARGE, SIZE_2M);
	say("aug", mem_call("aug", TDH_MEM_PAGE_AUG, AUG_GPA, IN_LARGE));
	say("touched", touch(IN_LARGE - PAGE_SIZE, true) + touch(IN_LARGE + PAGE_SIZE, true));
	say("touched_private", touch(IN_LARGE, true));
}

/* The host uses a page in between, and only that.  More rounds than there are page tables. */
static void case_large_rounds(void)
{
	unsigned int round;
	u64 status = 0;

	begin();
	for (round = 0; round < 1000 && !status; round++) {
		status = remove(LARGE_GPA | LARGE);
		wbinvd();
		direct_store(IN_LARGE, 64);
		status = status ?: mem_call("aug", TDH_MEM_PAGE_AUG, LARGE_GPA | LARGE, AUG_LARGE);
	}
	say("status", status);
	say("rounds", round);
}

#define LINE_BYTES	64
#define AREA_LINES	(2 * PAGE_SIZE / LINE_BYTES)

static u8 area[AREA_LINES * LINE_BYTES] __page_aligned;
static const u8 zeroes[LINE_BYTES] __aligned(LINE_BYTES);

/* A loop as compilers make it, from one address to another, which may be compared either way. */
#define STORE_LOOP(source, to, end, compare)					\
({										\
	asm volatile("1: movdir64b (" source "), %0; addq $64, %0;"		\
		     "cmpq " compare "; jne 1b"					\
		     : "+r"(to) : "r"(end), "d"(zeroes) : "cc", "memory");	\
})

static u64 line_address(unsigned int line)
{
	return (u64)area + line * LINE_BYTES;
}

static void fill_area(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(area); i++)
		area[i] = 0xff;
}

/* Lines from @first to before @end were overwritten, no others, and @to is behind them. */
static bool area_is_clear(u64 to, unsigned int first, unsigned int end)
{
	unsigned int i;
	u8 expected;

	for (i = 0; i < sizeof(area); i++) {
		expected = i / LINE_BYTES >= first && i / LINE_BYTES < end ? 0 : 0xff;
		if (area[i] != expected)
			return false;
	}
	return to == line_address(end);
}

static u64 store_with_high_registers(u64 from, u64 until)
{
	register u64 to asm("r9") = from, end asm("r14") = until;

	STORE_LOOP("%2", to, end, "%1, %0");
	return to;
}

/* As gcc 14 makes it: an even number of lines. */
static u64 store_unrolled(u64 to, u64 end)
{
	asm volatile("1: movq %0, %%rax; movdir64b (%2), %%rax;"
		     "leaq 64(%0), %%rax; movdir64b (%2), %%rax;"
		     "subq $-128, %0; cmpq %1, %0; jne 1b"
		     : "+r"(to) : "r"(end), "d"(zeroes) : "rax", "cc", "memory");
	return to;
}

static void case_store_loops(void)
{
	u64 to = line_address(3), end = line_address(70);

	fill_area();
	STORE_LOOP("%2", to, end, "%1, %0");
	say("over_a_page", area_is_clear(to, 3, 70));
	to = line_address(5);
	end = line_address(9);
	fill_area();
	STORE_LOOP("%2", to, end, "%0, %1");
	say("in_a_page", area_is_clear(to, 5, 9));
	to = line_address(127);
	end = line_address(128);
	fill_area();
	STORE_LOOP("%2", to, end, "%1, %0");
	say("one_line", area_is_clear(to, 127, 128));
	fill_area();
	to = store_with_high_registers(line_address(60), line_address(65));
	say("other_registers", area_is_clear(to, 60, 65));
	fill_area();
	to = store_unrolled(line_address(3), line_address(69));
	say("unrolled", area_is_clear(to, 3, 69));
	to = line_address(0);
	end = line_address(100);
	fill_area();
	area[7 * LINE_BYTES] = 0;
	STORE_LOOP("%0", to, end, "%1, %0");
	area[7 * LINE_BYTES]--;
	say("to_itself", area_is_clear(to, 100, 100));
	power_off();
}

static const struct probe_case cases[] = {
	{ "memory-good", case_good },
	{ "memory-touch-added", case_touch_added },
	{ "memory-touch-aug", case_touch_aug },
	{ "memory-touch-large", case_touch_large },
	{ "memory-touch-table", case_touch_table },
	{ "memory-touch-neighbours", case_touch_neighbours },
	{ "memory-touch-blocked", case_touch_blocked },
	{ "memory-no-overwrite", case_no_overwrite },
	{ "memory-in-caches", case_in_caches },
	{ "memory-large-again", case_large_again },
	{ "memory-large-rounds", case_large_rounds },
	{ "store-loops", case_store_loops },
};

bool run_memory_case(const char *name)
{
	return run_case(name, cases, ARRAY_LEN(cases));
}
