// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module, called by several logical processors at the same
 * time, each of them a thread.  Built with ThreadSanitizer.
 */
#include <linux/kernel.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "harness.h"
#include "model_guest.h"

#define MAX_THREADS	4
#define SECONDS		2

/*
 * The model writes the 4K level of a PAMT in pieces of this size.  No other
 * write has it.
 */
#define WRITE_BYTES	256
#define PAMTS_PA	G(32)
#define PAMTS_BYTES	M(128)
#define NR_WRITES	(G(3) / K(4) * 16 / WRITE_BYTES)

struct crowd {
	struct model_machine *machine;
	unsigned int nr_threads;
	pthread_barrier_t start;
	unsigned int seed;
	bool wrong;
	unsigned int td_ends;	/* one of so many calls may end a TD */
	u64 nr_busy, nr_calls;
};

struct worker {
	struct crowd *crowd;
	unsigned int lp;
	unsigned int random;
	bool inited, lp_done, ready;
	bool tdmr_done[2];
};

static u8 times_written[PAMTS_BYTES / WRITE_BYTES];

static void written(struct model_machine *machine, u64 pa, u64 bytes)
{
	if (bytes == WRITE_BYTES && pa >= PAMTS_PA && pa < PAMTS_PA + PAMTS_BYTES)
		__atomic_fetch_add(&times_written[(pa - PAMTS_PA) / WRITE_BYTES], 1,
				   __ATOMIC_RELAXED);
}

static unsigned int draw(struct worker *w, unsigned int below)
{
	w->random = w->random * 1103515245 + 12345;
	return (w->random >> 16) % below;
}

static bool is_busy(u64 status)
{
	return status == TDX_SYS_BUSY || (status & TDX_STATUS_CODE_MASK) == TDX_OPERAND_BUSY;
}

static u64 call(struct worker *w, struct tdx_model_regs *regs)
{
	u64 status = machine_seamcall(w->crowd->machine, w->lp, regs);

	__atomic_fetch_add(&w->crowd->nr_calls, 1, __ATOMIC_RELAXED);
	if (is_busy(status))
		__atomic_fetch_add(&w->crowd->nr_busy, 1, __ATOMIC_RELAXED);
	if (!draw(w, 8))
		sched_yield();
	return status;
}

/*
 * @status has to be success, @other, or @lock: the status for a lock that is
 * taken.
 */
static void expect(struct worker *w, u64 leaf, u64 status, u64 lock, u64 other)
{
	if (!status || status == lock || status == other)
		return;
	printf("# leaf %llu on %u: 0x%llx\n", leaf, w->lp, status);
	__atomic_store_n(&w->crowd->wrong, true, __ATOMIC_RELAXED);
}

/* Leaves that take no lock. */
static void read_something(struct worker *w)
{
	u64 pa = BUFFER_PA + K(64) + w->lp * K(8);
	struct tdx_model_regs calls[] = {
		{ .rax = TDH_SYS_INFO,
		  .gpr = { .rcx = pa, .rdx = 1024, .r8 = pa + 1024, .r9 = 32 } },
		{ .rax = TDH_SYS_RD, .gpr = { .rdx = TDX_MD_NUM_CMRS } },
		{ .rax = TDH_SYS_RDALL, .gpr = { .rdx = pa, .r8 = NONE } },
		{ .rax = TDH_SYS_LP_SHUTDOWN },
	};
	struct tdx_model_regs *regs = &calls[draw(w, ARRAY_SIZE(calls))];
	u64 leaf = regs->rax;

	expect(w, leaf, call(w, regs), 0, 0);
}

static void init_tdmr(struct worker *w)
{
	unsigned int tdmr = draw(w, 2);
	struct tdx_model_regs regs = { .rax = TDH_SYS_TDMR_INIT, .gpr = { .rcx = tdmr * G(1) } };
	u64 status = call(w, &regs);

	if (status == TDX_TDMR_ALREADY_INITIALIZED)
		w->tdmr_done[tdmr] = true;
	else
		expect(w, TDH_SYS_TDMR_INIT, status, TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX,
		       w->ready ? 0 : TDX_SYS_NOT_READY);
	w->ready |= status != TDX_SYS_NOT_READY;
}

static void config(struct worker *w)
{
	struct tdx_model_regs regs = {
		.rax = TDH_SYS_CONFIG, .gpr = { .rcx = BUFFER_PA, .rdx = 2, .r8 = 32 },
	};

	expect(w, TDH_SYS_CONFIG, call(w, &regs), TDX_SYS_BUSY, TDX_SYS_CONFIG_NOT_PENDING);
}

static void config_key(struct worker *w)
{
	struct tdx_model_regs regs = { .rax = TDH_SYS_KEY_CONFIG };
	u64 status = call(w, &regs);

	if (status != TDX_KEY_CONFIGURED)
		expect(w, TDH_SYS_KEY_CONFIG, status, TDX_SYS_BUSY, TDX_SYS_KEY_CONFIG_NOT_PENDING);
}

static void init(struct worker *w)
{
	struct tdx_model_regs regs = { .rax = TDH_SYS_INIT };
	u64 status = call(w, &regs);

	expect(w, TDH_SYS_INIT, status, TDX_SYS_BUSY, TDX_SYS_INIT_NOT_PENDING);
	w->inited |= status != TDX_SYS_BUSY;
}

static void init_lp(struct worker *w)
{
	struct tdx_model_regs regs = { .rax = TDH_SYS_LP_INIT };
	u64 status = call(w, &regs);

	expect(w, TDH_SYS_LP_INIT, status, TDX_SYS_BUSY, 0);
	w->lp_done = !status;
}

/* Calls a leaf that is possible in the state that this logical processor has seen. */
static void bring_up_step(struct worker *w)
{
	if (!w->inited) {
		init(w);
		return;
	}
	if (!w->lp_done) {
		init_lp(w);
		return;
	}
	switch (draw(w, w->ready ? 16 : 8)) {
	case 0:
		read_something(w);
		break;
	case 1:
		init(w);
		break;
	case 2:
	case 3:
		config(w);
		break;
	case 4:
	case 5:
		config_key(w);
		break;
	default:
		init_tdmr(w);
	}
}

/* Checks the owners of pages while PAMTs change. */
static void ask_for_pages(struct worker *w)
{
	const struct tdx_model *m = &w->crowd->machine->model;
	struct tdx_model_page pamt = tdx_model_page(m, PAMTS_PA + draw(w, M(4)));
	struct tdx_model_page hosts = tdx_model_page(m, draw(w, G(1)));

	if (pamt.keyid == (pamt.type == TDX_MODEL_PAGE_PAMT ? 32 : 0) &&
	    hosts.type == TDX_MODEL_PAGE_HOST && !hosts.keyid)
		return;
	printf("# a page of type %u, KeyID %u\n", pamt.type, pamt.keyid);
	__atomic_store_n(&w->crowd->wrong, true, __ATOMIC_RELAXED);
}

static void *bring_up(void *worker)
{
	struct worker *w = worker;

	pthread_barrier_wait(&w->crowd->start);
	while (!w->tdmr_done[0] || !w->tdmr_done[1]) {
		bring_up_step(w);
		ask_for_pages(w);
		if (__atomic_load_n(&w->crowd->wrong, __ATOMIC_RELAXED))
			break;
	}
	return NULL;
}

static void prepare(struct crowd *crowd)
{
	struct tdx_tdmr_info tdmrs[2];

	legal_pair(tdmrs);
	machine_write_tdmrs(crowd->machine, tdmrs, 2);
	memset(times_written, 0, sizeof(times_written));
}

/* Runs @run in a thread for each logical processor, and waits for the end of all. */
static bool run_all(struct crowd *crowd, struct worker *workers, void *(*run)(void *worker))
{
	pthread_t threads[MAX_THREADS];
	unsigned int i;

	pthread_barrier_init(&crowd->start, NULL, crowd->nr_threads);
	for (i = 0; i < crowd->nr_threads; i++) {
		workers[i].crowd = crowd;
		workers[i].lp = i;
		workers[i].random = crowd->seed += 7919;
		if (pthread_create(&threads[i], NULL, run, &workers[i]))
			abort();
	}
	for (i = 0; i < crowd->nr_threads; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&crowd->start);
	return !crowd->wrong;
}

static bool each_chunk_was_done_once(void)
{
	unsigned int i, nr = 0;

	for (i = 0; i < ARRAY_SIZE(times_written); i++) {
		if (times_written[i] > 1)
			return false;
		nr += times_written[i];
	}
	return nr == NR_WRITES;
}

static bool is_complete(const struct tdx_model *m)
{
	return m->state == TDX_MODEL_READY && m->nr_tdmrs == 2 && !m->lps_inside &&
	       m->tdmrs[0].next == G(1) && m->tdmrs[1].next == G(3) &&
	       !m->global_lock.holders && !m->tdmrs[0].lock.holders && !m->tdmrs[1].lock.holders;
}

FIXTURE(threads) {
	struct crowd crowd;
};

FIXTURE_VARIANT(threads) {
	unsigned int nr_threads;
};

FIXTURE_VARIANT_ADD(threads, two) {
	.nr_threads = 2,
};

FIXTURE_VARIANT_ADD(threads, four) {
	.nr_threads = 4,
};

FIXTURE_SETUP(threads)
{
	struct crowd *crowd = &self->crowd;

	crowd->machine = machine_alloc();
	ASSERT_NE(NULL, crowd->machine);
	crowd->nr_threads = variant->nr_threads;
	crowd->seed = 1;
	machine_init(crowd->machine, crowd->nr_threads);
	crowd->machine->written = written;
}

FIXTURE_TEARDOWN(threads)
{
	machine_free(self->crowd.machine);
}

TEST_F(threads, bring_the_module_up_together)
{
	struct crowd *crowd = &self->crowd;
	time_t end = time(NULL) + SECONDS;
	unsigned int rounds = 0;

	do {
		struct worker workers[MAX_THREADS] = {};

		machine_reload(crowd->machine);
		crowd->nr_calls = 0;
		prepare(crowd);
		ASSERT_TRUE(run_all(crowd, workers, bring_up));
		ASSERT_TRUE(is_complete(&crowd->machine->model));
		ASSERT_TRUE(each_chunk_was_done_once());
		ASSERT_EQ(crowd->nr_calls, crowd->machine->model.nr_seamcalls);
		rounds++;
	} while (time(NULL) < end);
	printf("# %u rounds, %llu times busy\n", rounds, crowd->nr_busy);
}

/* LP 0 shuts the module down; the others call it until it refuses that. */
static void *shut_down(void *worker)
{
	struct worker *w = worker;
	struct tdx_model_regs regs;
	u64 status = TDX_SYS_BUSY;

	pthread_barrier_wait(&w->crowd->start);
	while (w->lp == 0 && status == TDX_SYS_BUSY) {
		regs = (struct tdx_model_regs) { .rax = TDH_SYS_SHUTDOWN };
		status = call(w, &regs);
		expect(w, TDH_SYS_SHUTDOWN, status, TDX_SYS_BUSY, 0);
	}
	while (status != TDX_SYS_SHUTDOWN && !__atomic_load_n(&w->crowd->wrong, __ATOMIC_RELAXED)) {
		regs = (struct tdx_model_regs) { .rax = TDH_SYS_TDMR_INIT, .gpr = { .rcx = G(1) } };
		if (draw(w, 2))
			regs = (struct tdx_model_regs) { .rax = TDH_SYS_RD, .gpr = { .rdx = NONE } };
		status = call(w, &regs);
		if (status != TDX_TDMR_ALREADY_INITIALIZED &&
		    status != TDX_METADATA_FIRST_FIELD_ID_IN_CONTEXT)
			expect(w, regs.rax, status, TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX,
			       TDX_SYS_SHUTDOWN);
	}
	return NULL;
}

/* All threads call TDH.SYS.DISABLE at different times, until it succeeds. */
static void *disable(void *worker)
{
	struct worker *w = worker;
	struct tdx_model_regs regs;
	unsigned int left = draw(w, 50);
	u64 status;

	pthread_barrier_wait(&w->crowd->start);
	for (; left && !__atomic_load_n(&w->crowd->wrong, __ATOMIC_RELAXED); left--) {
		regs = (struct tdx_model_regs) { .rax = TDH_SYS_TDMR_INIT, .gpr = { .rcx = G(1) } };
		status = call(w, &regs);
		if (status != (TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX))
			expect(w, TDH_SYS_TDMR_INIT, status, TDX_SYS_BUSY, TDX_SYS_NOT_READY);
	}
	do {
		ask_for_pages(w);
		regs = (struct tdx_model_regs) { .rax = TDH_SYS_DISABLE };
		status = call(w, &regs);
		if (status != TDX_INTERRUPTED_RESUMABLE)
			expect(w, TDH_SYS_DISABLE, status, TDX_SYS_BUSY, 0);
	} while (status && !__atomic_load_n(&w->crowd->wrong, __ATOMIC_RELAXED));
	return NULL;
}

TEST_F(threads, disable_the_module_and_bring_it_up_again)
{
	struct crowd *crowd = &self->crowd;
	struct model_machine *m = crowd->machine;
	time_t end = time(NULL) + SECONDS;
	unsigned int rounds = 0;

	m->config.generation = TDX_MODEL_2_0;
	do {
		struct worker workers[MAX_THREADS] = {}, next[MAX_THREADS] = {};

		machine_make_ready(m);
		m->spoiled = (struct spoiled_msr) { 0x9a, rounds % 2 };
		ASSERT_TRUE(run_all(crowd, workers, disable));
		ASSERT_EQ(TDX_MODEL_INIT_PENDING, m->model.state);
		ASSERT_EQ(0, m->model.lps_inside);
		ASSERT_EQ(0, m->bytes_owned);
		prepare(crowd);
		ASSERT_TRUE(run_all(crowd, next, bring_up));
		ASSERT_TRUE(is_complete(&m->model));
		ASSERT_TRUE(each_chunk_was_done_once());
		rounds++;
	} while (time(NULL) < end);
	printf("# %u rounds, %llu times busy\n", rounds, crowd->nr_busy);
}

static void update(struct worker *w)
{
	struct tdx_model_regs regs = { .rax = TDH_SYS_UPDATE };

	expect(w, TDH_SYS_UPDATE, call(w, &regs), TDX_SYS_BUSY, TDX_SYS_STATE_INCORRECT);
}

/* The next module, until all TDMRs of the previous one are initialized. */
static void *go_on(void *worker)
{
	struct worker *w = worker;

	pthread_barrier_wait(&w->crowd->start);
	while (!w->tdmr_done[0] || !w->tdmr_done[1]) {
		if (!w->inited)
			init(w);
		else if (!w->lp_done)
			init_lp(w);
		else if (!w->ready && draw(w, 2))
			update(w);
		else
			init_tdmr(w);
		if (__atomic_load_n(&w->crowd->wrong, __ATOMIC_RELAXED))
			break;
	}
	return NULL;
}

TEST_F(threads, shut_the_module_down_and_go_on_with_the_next)
{
	struct crowd *crowd = &self->crowd;
	struct model_machine *m = crowd->machine;
	time_t end = time(NULL) + SECONDS;
	unsigned int rounds = 0;

	do {
		struct worker workers[MAX_THREADS] = {}, next[MAX_THREADS] = {};

		prepare(crowd);
		machine_make_ready(m);
		ASSERT_TRUE(run_all(crowd, workers, shut_down));
		ASSERT_EQ(TDX_MODEL_SHUTDOWN, m->model.state);
		ASSERT_EQ(TDX_MODEL_CLOSED, m->model.lps_inside);
		ASSERT_TRUE(tdx_model_update(&m->model, &m->config));
		ASSERT_TRUE(run_all(crowd, next, go_on));
		ASSERT_TRUE(is_complete(&m->model));
		ASSERT_TRUE(each_chunk_was_done_once());
		rounds++;
	} while (time(NULL) < end);
	printf("# %u rounds, %llu times busy\n", rounds, crowd->nr_busy);
}

/* Leaves for TDs; repeated ones are more frequent. */
static const u16 td_leaves[] = {
	TDH_MNG_CREATE, TDH_MNG_KEY_CONFIG, TDH_MNG_KEY_CONFIG, TDH_MNG_ADDCX, TDH_MNG_ADDCX,
	TDH_MNG_ADDCX, TDH_MNG_ADDCX, TDH_MNG_INIT, TDH_MNG_RD, TDH_MNG_WR, TDH_VP_CREATE,
	TDH_VP_ADDCX, TDH_VP_ADDCX, TDH_VP_ADDCX, TDH_VP_INIT, TDH_VP_RD, TDH_VP_RD, TDH_VP_WR,
	TDH_VP_FLUSH, TDH_VP_FLUSH, TDH_PHYMEM_CACHE_WB, TDH_PHYMEM_PAGE_RECLAIM,
	TDH_PHYMEM_PAGE_RECLAIM, TDH_PHYMEM_PAGE_RECLAIM, TDH_PHYMEM_PAGE_RDMD,
	TDH_PHYMEM_PAGE_WBINVD, TDH_MNG_KEY_RECLAIMID,
};

/* Leaves that end a TD; they are rare. */
static const u16 final_td_leaves[] = { TDH_MNG_VPFLUSHDONE, TDH_MNG_KEY_FREEID };

#define NR_TD_PAGES	40		/* shared by all threads */
#define TD_CALLS	800		/* of each thread, in a round */
#define TD_ROUNDS	6
#define MOST_TIMES	50		/* as many rounds, until all has happened */

static u64 draw_page(struct worker *w)
{
	return TDR_PA + K(4) * draw(w, NR_TD_PAGES);
}

static u64 draw_td_leaf(struct worker *w)
{
	if (!draw(w, w->crowd->td_ends))
		return final_td_leaves[draw(w, ARRAY_SIZE(final_td_leaves))];
	return td_leaves[draw(w, ARRAY_SIZE(td_leaves))];
}

static u64 draw_rcx(struct worker *w, u64 leaf, u64 tdr, u64 tdvpr)
{
	switch (leaf) {
	case TDH_MNG_ADDCX:
	case TDH_VP_ADDCX:
	case TDH_PHYMEM_PAGE_RECLAIM:
	case TDH_PHYMEM_PAGE_RDMD:
	case TDH_PHYMEM_PAGE_WBINVD:
		return draw_page(w);
	case TDH_PHYMEM_CACHE_WB:
		return draw(w, 2);
	case TDH_VP_CREATE:
	case TDH_VP_INIT:
	case TDH_VP_RD:
	case TDH_VP_WR:
	case TDH_VP_FLUSH:
		return tdvpr;
	default:
		return tdr;
	}
}

static u64 draw_rdx(struct worker *w, u64 leaf, u64 tdr, u64 tdvpr)
{
	switch (leaf) {
	case TDH_MNG_CREATE:
		return 33 + draw(w, 3);
	case TDH_MNG_INIT:
		return PARAMS_PA;
	case TDH_MNG_RD:
		return draw(w, 2) ? TDX_MD_TDCS_NUM_ASSOC_VCPUS : TDX_MD_TDR_CHLDCNT;
	case TDH_MNG_WR:
		return TDX_MD_TDCS_HP_LOCK_TIMEOUT;
	case TDH_VP_RD:
	case TDH_VP_WR:
		return TDX_MD_VCPU_PEND_NMI;
	case TDH_VP_ADDCX:
		return tdvpr;
	default:
		return tdr;
	}
}

static struct tdx_model_regs draw_td_call(struct worker *w)
{
	u64 tdr = draw(w, 2) ? TDR_PA : PAGE_PA, tdvpr = draw(w, 2) ? TDVPR_PA : PAGE_PA + K(4);
	u64 leaf = draw_td_leaf(w);
	struct tdx_model_regs regs = {
		.rax = leaf,
		.gpr = {
			.rcx = draw_rcx(w, leaf, tdr, tdvpr), .rdx = draw_rdx(w, leaf, tdr, tdvpr),
			.r8 = leaf == TDH_MNG_WR ? 20000 : draw(w, 2), .r9 = NONE,
		},
	};

	if (leaf == TDH_VP_INIT && draw(w, 2))
		regs.rax |= 1 << TDX_LEAF_VERSION_SHIFT;
	return regs;
}

static void check_owner(struct worker *w, const struct tdx_model_page *page)
{
	if (page->type == TDX_MODEL_PAGE_PAMT || (page->type == TDX_MODEL_PAGE_HOST && page->keyid))
		__atomic_store_n(&w->crowd->wrong, true, __ATOMIC_RELAXED);
}

/* Owners of pages are read at the same time, without a lock. */
static void *use_tds(void *worker)
{
	struct worker *w = worker;
	struct tdx_model_regs regs;
	struct tdx_model_page page;
	unsigned int i;

	pthread_barrier_wait(&w->crowd->start);
	for (i = 0; i < TD_CALLS; i++) {
		regs = draw_td_call(w);
		call(w, &regs);
		page = tdx_model_page(&w->crowd->machine->model, draw_page(w));
		check_owner(w, &page);
	}
	return NULL;
}

static bool is_consistent(const struct model_machine *m)
{
	bool locked;

	return m->model.nr_td_pages == td_count_pages(m, &locked) && !locked &&
	       m->td_bytes_owned == K(4) * m->model.nr_td_pages && !m->model.kot_lock.holders &&
	       !m->model.ket_lock.holders && !m->model.lps_inside;
}

static void count_successes(const struct tdx_model *m, u64 succeeded[TDX_MODEL_NR_LEAVES])
{
	unsigned int leaf;

	for (leaf = 0; leaf < TDX_MODEL_NR_LEAVES; leaf++)
		succeeded[leaf] += m->nr_by_leaf[leaf] - m->nr_failed_by_leaf[leaf];
}

static bool td_leaves_succeeded(const u64 succeeded[TDX_MODEL_NR_LEAVES])
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(td_leaves); i++)
		if (!succeeded[td_leaves[i]])
			return false;
	return true;
}

/*
 * Starts from several stages, so that each leaf succeeds sometimes.  How often is different in each
 * run, as the order of the threads is.
 */
TEST_F(threads, live_and_die_as_tds)
{
	static const struct {
		enum td_stage stage;
		unsigned int ends;
	} rounds[] = { { TDCX_6, 256 }, { VP_6, 256 }, { WB_2, 16 } };
	u64 succeeded[TDX_MODEL_NR_LEAVES] = {};
	struct crowd *crowd = &self->crowd;
	struct model_machine *m = crowd->machine;
	unsigned int round, i;

	m->written = NULL;
	for (round = 0; round < TD_ROUNDS ||
	     (round < MOST_TIMES * TD_ROUNDS && !td_leaves_succeeded(succeeded)); round++) {
		struct worker workers[MAX_THREADS] = {};

		ASSERT_TRUE(td_bring_to(m, rounds[round % ARRAY_SIZE(rounds)].stage));
		crowd->td_ends = rounds[round % ARRAY_SIZE(rounds)].ends;
		ASSERT_TRUE(run_all(crowd, workers, use_tds));
		ASSERT_TRUE(is_consistent(m));
		count_successes(&m->model, succeeded);
	}
	for (i = 0; i < ARRAY_SIZE(td_leaves); i++)
		EXPECT_LT(0, succeeded[td_leaves[i]]) TH_LOG("leaf %u", td_leaves[i]);
	printf("# %u rounds, %llu times busy\n", round, crowd->nr_busy);
}

/* Leaves for private memory, with levels of entries that exist in the test */
static const struct {
	u16 leaf;
	u8 lowest, highest;
} mem_leaves[] = {
	{ TDH_MEM_SEPT_ADD, 1, 2 }, { TDH_MEM_SEPT_ADD, 1, 1 }, { TDH_MEM_SEPT_RD, 0, 3 },
	{ TDH_MEM_SEPT_REMOVE, 1, 1 }, { TDH_MEM_PAGE_AUG, 0, 0 }, { TDH_MEM_PAGE_AUG, 1, 1 },
	{ TDH_MEM_PAGE_REMOVE, 0, 1 }, { TDH_MEM_PAGE_RELOCATE, 0, 0 },
	{ TDH_MEM_PAGE_PROMOTE, 1, 1 }, { TDH_MEM_PAGE_DEMOTE, 1, 1 },
	{ TDH_MEM_RANGE_BLOCK, 0, 1 }, { TDH_MEM_RANGE_UNBLOCK, 0, 1 }, { TDH_MEM_TRACK, 0, 0 },
	{ TDH_MEM_RD, 0, 0 }, { TDH_MEM_WR, 0, 0 }, { TDH_PHYMEM_PAGE_RDMD, 0, 0 },
	{ TDH_MEM_PAGE_ADD, 0, 0 }, { TDH_MR_EXTEND, 0, 0 }, { TDH_MR_FINALIZE, 0, 0 },
};

#define MEM_POOL	32		/* pages */
#define MEM_CALLS	300		/* of each thread, in a round */
#define MEM_ROUNDS	12

static u64 draw_mem_page(struct worker *w, bool large)
{
	if (large)
		return LARGE_PA + M(2) * draw(w, 2);
	return draw(w, 16) ? PAGE_PA + K(4) * draw(w, MEM_POOL) : LARGE_PA + K(4) * draw(w, 2);
}

static bool is_large(u64 leaf, u64 level)
{
	return leaf == TDH_MEM_PAGE_AUG && level;
}

/* Seldom TDH.MR.FINALIZE, after which no page can be added or measured. */
static unsigned int draw_mem_leaf(struct worker *w)
{
	unsigned int i = draw(w, ARRAY_SIZE(mem_leaves));

	return mem_leaves[i].leaf == TDH_MR_FINALIZE ? i - draw(w, 16) : i;
}

static struct tdx_model_regs draw_mem_call(struct worker *w)
{
	unsigned int i = draw_mem_leaf(w);
	u64 level = mem_leaves[i].lowest +
		    draw(w, mem_leaves[i].highest - mem_leaves[i].lowest + 1);
	u64 gpa = (M(2) * draw(w, 4) + K(4) * draw(w, 2)) & ~((K(4) << 9 * level) - 1);
	struct tdx_model_regs regs = {
		.rax = mem_leaves[i].leaf,
		.gpr = {
			.rcx = gpa | level, .rdx = TDR_PA,
			.r8 = draw_mem_page(w, is_large(mem_leaves[i].leaf, level)),
			.r9 = SOURCE_PA,
		},
	};

	if (regs.rax == TDH_MEM_TRACK || regs.rax == TDH_MR_FINALIZE)
		regs.gpr.rcx = TDR_PA;
	if (regs.rax == TDH_PHYMEM_PAGE_RDMD)
		regs.gpr.rcx = regs.gpr.r8;
	return regs;
}

static void *use_memory(void *worker)
{
	struct worker *w = worker;
	struct tdx_model_regs regs;
	struct tdx_model_page page;
	unsigned int i;

	pthread_barrier_wait(&w->crowd->start);
	for (i = 0; i < MEM_CALLS; i++) {
		regs = draw_mem_call(w);
		call(w, &regs);
		page = tdx_model_page(&w->crowd->machine->model, draw_mem_page(w, draw(w, 2)));
		check_owner(w, &page);
	}
	return NULL;
}

static bool mem_leaves_succeeded(const u64 succeeded[TDX_MODEL_NR_LEAVES])
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mem_leaves); i++)
		if (!succeeded[mem_leaves[i].leaf])
			return false;
	return true;
}

/* All threads use the memory of one TD.  If it can run, tables are blocked first. */
TEST_F(threads, share_the_memory_of_a_td)
{
	static const enum mem_stage stages[] = { RUNNABLE, MEM_TRACKED, SPLIT_BLOCKED, TABLES };
	u64 succeeded[TDX_MODEL_NR_LEAVES] = {};
	struct crowd *crowd = &self->crowd;
	struct model_machine *m = crowd->machine;
	unsigned int round, i;

	m->written = NULL;
	for (round = 0; round < MEM_ROUNDS ||
	     (round < MOST_TIMES * MEM_ROUNDS && !mem_leaves_succeeded(succeeded)); round++) {
		struct worker workers[MAX_THREADS] = {};

		ASSERT_TRUE(mem_bring_to(m, stages[round % ARRAY_SIZE(stages)]));
		tdcs_of(m)->attributes = TDX_TD_ATTR_DEBUG;
		ASSERT_TRUE(run_all(crowd, workers, use_memory));
		ASSERT_TRUE(is_consistent(m));
		ASSERT_EQ(m->model.nr_td_pages - 1, td_of(m)->chldcnt);
		ASSERT_EQ(0, tdcs_of(m)->sept_lock.holders);
		count_successes(&m->model, succeeded);
	}
	for (i = 0; i < ARRAY_SIZE(mem_leaves); i++)
		EXPECT_LT(0, succeeded[mem_leaves[i].leaf]) TH_LOG("leaf %u", mem_leaves[i].leaf);
	printf("# %u rounds, %llu times busy\n", round, crowd->nr_busy);
}

static bool is_called_by_threads(unsigned int leaf)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(td_leaves); i++)
		if (td_leaves[i] == leaf)
			return true;
	for (i = 0; i < ARRAY_SIZE(mem_leaves); i++)
		if (mem_leaves[i].leaf == leaf)
			return true;
	return leaf == final_td_leaves[0] || leaf == final_td_leaves[1];
}

TEST(each_leaf_for_tds_is_called_by_threads)
{
	unsigned int number;

	for (number = 0; number < TDX_MODEL_NR_LEAVES; number++)
		if (leaf_is_for_tds(number) && !tdx_model_leaf(number)->runs_guest)
			EXPECT_TRUE(is_called_by_threads(number)) TH_LOG("leaf %u", number);
}

/*
 * A guest that writes to memory while the host takes it away.  It keeps translations, as a CPU
 * does, until the module has them dropped; ThreadSanitizer finds accesses to pages that the
 * host has got back.
 */
#define NR_GPAS		8
#define GUEST_STEPS	16	/* of each run */
#define GUEST_ENTRIES	1000
#define GUEST_ROUNDS	8
#define FEW_GUEST_WRITES 100	/* there have to be more */
#define FEW_HOST_WRITES	10

static struct tdx_model_translation translations[NR_GPAS];
static unsigned int guest_random, nr_guest_writes, nr_host_writes;

static u64 guest_page(unsigned int i)
{
	return M(2) * (i / 2) + K(4) * (i % 2);
}

static unsigned int draw_for_guest(unsigned int below)
{
	guest_random = guest_random * 1103515245 + 12345;
	return (guest_random >> 16) % below;
}

/* A TDCALL to accept a page that is not there yet, small or large */
static void accept(struct tdx_model_guest *guest, unsigned int i, struct tdx_model_exit *exit)
{
	u64 level = draw_for_guest(2);

	guest->gpr[TDX_MODEL_RAX] = TDG_MEM_PAGE_ACCEPT;
	guest->gpr[TDX_MODEL_RCX] = (level ? guest_page(i & ~1) : guest_page(i)) | level;
	*exit = (struct tdx_model_exit) { .reason = TDX_MODEL_EXIT_TDCALL };
}

static void run_guest(void *ctx, const struct tdx_model_run *run, struct tdx_model_exit *exit)
{
	struct model_machine *machine = ctx;
	unsigned int i, step;

	guest_in_64bit_mode(run->guest);
	for (step = 0; step < GUEST_STEPS; step++) {
		struct tdx_model_access access = { .rights = TDX_MODEL_WRITE };

		i = draw_for_guest(NR_GPAS);
		access.gpa = guest_page(i);
		if (!translations[i].rights &&
		    tdx_model_translate(run, &access, &translations[i], exit) !=
		    TDX_MODEL_TRANSLATED) {
			accept(run->guest, i, exit);
			return;
		}
		memory_map(&machine->memory, translations[i].hpa)[0]++;
		nr_guest_writes++;
		if (!draw_for_guest(4))
			sched_yield();
	}
	exit->interrupt.info = TDX_MODEL_EVENT_VALID | TDX_MODEL_EVENT_NMI | 2;
}

static void drop_translations(void *ctx, u64 tdr)
{
	memset(translations, 0, sizeof(translations));
}

static void get_no_host(void *ctx, struct tdx_model_host *host)
{
	memset(host, 0, sizeof(*host));
}

static void set_no_host(void *ctx, const struct tdx_model_host *host)
{
}

static const struct tdx_model_guest_ops writing_guest = {
	.run = run_guest, .flush = drop_translations, .get_host = get_no_host,
	.set_host = set_no_host,
};

static void enter_guest(struct worker *w)
{
	struct tdx_model_regs regs = { .rax = TDH_VP_ENTER, .gpr.rcx = TDVPR_PA };
	u64 status = call(w, &regs);

	if (status != TDX_MODEL_EXIT_EPT_VIOLATION && !is_busy(status))
		expect(w, TDH_VP_ENTER, status, 0, 0);
}

/* Leaves that look at the vCPU and its TD */
static void look_at_vcpu(struct worker *w)
{
	static const struct tdx_model_regs calls[] = {
		{ .rax = TDH_VP_RD, .gpr = { TDVPR_PA, TDX_MD_VCPU_PEND_NMI } },
		{ .rax = TDH_VP_ENTER, .gpr = { TDVPR_PA } },
		{ .rax = TDH_VP_FLUSH, .gpr = { TDVPR_PA } },
		/* REFCOUNT */
		{ .rax = TDH_MNG_RD, .gpr = { TDR_PA, 0x9210000100000001ULL } },
		{ .rax = TDH_MNG_RD, .gpr = { TDR_PA, TDX_MD_TDR_FATAL } },
		{ .rax = TDH_MNG_VPFLUSHDONE, .gpr = { TDR_PA } },
	};
	struct tdx_model_regs regs = calls[draw(w, ARRAY_SIZE(calls))];

	call(w, &regs);
}

/* Only one thread gives pages, so that no other thread uses those that it gets back. */
static void take_memory_away(struct worker *w)
{
	struct model_machine *m = w->crowd->machine;
	struct tdx_model_regs regs;
	bool gives;
	u64 leaf;

	if (!draw(w, 8)) {
		look_at_vcpu(w);
		return;
	}
	do {
		regs = draw_mem_call(w);
		leaf = regs.rax;
		gives = leaf == TDH_MEM_PAGE_AUG || leaf == TDH_MEM_PAGE_RELOCATE ||
			leaf == TDH_MEM_PAGE_REMOVE || leaf == TDH_MEM_SEPT_ADD ||
			leaf == TDH_MEM_SEPT_REMOVE || leaf == TDH_MEM_PAGE_DEMOTE;
	} while (leaf == TDH_MEM_WR || (gives && w->lp != 1));
	if (call(w, &regs) || (leaf != TDH_MEM_PAGE_REMOVE && leaf != TDH_MEM_PAGE_RELOCATE))
		return;
	memory_map(&m->memory, regs.gpr.rcx)[0] = 1;
	nr_host_writes++;
}

static void *run_or_take_away(void *worker)
{
	struct worker *w = worker;
	unsigned int i;

	pthread_barrier_wait(&w->crowd->start);
	for (i = 0; i < GUEST_ENTRIES; i++) {
		if (w->lp)
			take_memory_away(w);
		else
			enter_guest(w);
	}
	return NULL;
}

static bool both_have_written(void)
{
	return nr_guest_writes > FEW_GUEST_WRITES && nr_host_writes > FEW_HOST_WRITES;
}

TEST_F(threads, a_guest_does_not_write_to_pages_of_the_host)
{
	static const enum mem_stage stages[] = { AUGMENTED, MEM_TRACKED, SPLIT_BLOCKED };
	struct crowd *crowd = &self->crowd;
	struct model_machine *m = crowd->machine;
	unsigned int i;

	m->written = NULL;
	m->guests = &writing_guest;
	for (i = 0; i < GUEST_ROUNDS || (i < MOST_TIMES * GUEST_ROUNDS && !both_have_written());
	     i++) {
		struct worker workers[MAX_THREADS] = {};

		ASSERT_TRUE(mem_bring_to(m, stages[i % ARRAY_SIZE(stages)]));
		tdcs_of(m)->td_ctls = TDX_TD_CTLS_PENDING_VE_DISABLE;
		ASSERT_TRUE(run_all(crowd, workers, run_or_take_away));
		ASSERT_TRUE(is_consistent(m));
		ASSERT_EQ(0, tdcs_of(m)->refcount[0] | tdcs_of(m)->refcount[1]);
		ASSERT_EQ(TDX_VCPU_READY, vcpu_of(m)->state);
	}
	EXPECT_LT(FEW_GUEST_WRITES, nr_guest_writes);
	EXPECT_LT(FEW_HOST_WRITES, nr_host_writes);
	printf("# %u writes of the guest, %u of the host\n", nr_guest_writes, nr_host_writes);
}

TEST_HARNESS_MAIN
