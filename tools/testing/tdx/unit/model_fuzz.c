// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer: the software TDX module under any sequence of SEAMCALLs.
 *
 * The input is a program: three bytes that set up the machine, then steps that change
 * memory or the platform, hold a lock, load another module, or make a SEAMCALL.  General
 * properties are checked after each SEAMCALL.
 */
#include <linux/kernel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_mem.h"

#define MAX_STEPS	200
#define INFO_OFFSET	K(4)		/* of TDMR_INFOs in the buffer */
#define OUTPUT_PA	(BUFFER_PA + K(64))

struct input {
	const u8 *at, *end;
};

/* Everything that a SEAMCALL may change. */
struct summary {
	enum tdx_model_state state;
	unsigned int nr_lps_done, nr_keyids, nr_keys, nr_tdmrs, global_keyid;
	bool handoff_valid;
	u64 tdmrs, bytes_owned, nr_td_pages;
};

/* Memory that the current leaf may write. */
static struct {
	struct tdx_pamt_area areas[TDX_NR_PAMT_LEVELS];
	unsigned int nr_writes;
} permitted;

static void stop_if(bool wrong, const char *why)
{
	if (wrong) {
		fprintf(stderr, "%s\n", why);
		abort();
	}
}

static u8 take(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static u64 take_word(struct input *in)
{
	u64 word = 0;
	int i;

	for (i = 0; i < 8; i++)
		word = word << 8 | take(in);
	return word;
}

static const u64 interesting[] = {
	0, 1, 8, 31, 32, 63, 64, 65, 512, 1023, 1024, 4096, NONE, 1ULL << 63, 1ULL << 52,
	1ULL << 51, 1ULL << 46, 33ULL << 46, 1ULL << 45, (1ULL << 45) - 4096, 1 << 16,
	M(1), M(2), G(1), G(2), G(3), G(4), G(32), G(33), G(64), G(64) - K(4), ~0ULL << 12,
	~0ULL << 30, BUFFER_PA, BUFFER_PA + K(4), BUFFER_PA + K(4) + 512, OUTPUT_PA,
	OUTPUT_PA + 1024, OUTPUT_PA | 3ULL << 46, OUTPUT_PA | 33ULL << 46, OUTPUT_PA + 512,
	BUFFER_PA + BUFFER_BYTES - 8, BUFFER_PA + BUFFER_BYTES, BUFFER_PA - 4096,
	TDR_PA, TDVPR_PA, PAGE_PA, TDCX_PA(0), TDCX_PA(1), TDCX_PA(2), TDCX_PA(3), TDCX_PA(4),
	TDCX_PA(5), TDVPS_PA(1), TDVPS_PA(2), TDVPS_PA(3), TDVPS_PA(4), TDVPS_PA(5),
	TDVPR_PA | 33ULL << 46, PARAMS_PA, 33, 34, TDX_MD_TDCS_VM_CTLS,
	TDX_MD_VCPU_TDVPS_PAGE_PA + 14, TDX_MD_VMCS_32(TDX_VMCS_PIN_CONTROLS), 0x80,
	3, 2, ADDED_GPA, AUG_GPA, NEW_GPA, LARGE_GPA | 1, EMPTY_GPA | 1, M(8) | 1, TABLE_PA(0),
	TABLE_PA(1), TABLE_PA(2), EMPTY_PA, ADDED_PA, AUG_PA, LARGE_PA, LARGE_PA + K(4),
	TDR_PA | 1, SOURCE_PA, PAGE_PA + K(4), TDX_MD_TDCS_MRTD, 1ULL << 47,
	TDX_MD_NUM_CMRS, TDX_MD_CMR_BASE + 31, TDX_MD_CPUID_CONFIG_VALUES + 1,
	TDX_MD_NUM_CMRS | 1ULL << 34, TDX_MD_MAX_TDMRS ^ 31ULL << 50,
};

/* @good, an interesting value, or any other value, as the input says. */
static u64 take_value(struct input *in, u64 good)
{
	u8 choice = take(in);

	if (choice < 128)
		return good;
	if (choice == 255)
		return take_word(in);
	return interesting[(choice - 128) % ARRAY_SIZE(interesting)];
}

static void written(struct model_machine *machine, u64 pa, u64 bytes)
{
	unsigned int i;

	permitted.nr_writes++;
	for (i = 0; i < ARRAY_SIZE(permitted.areas); i++)
		if (pa >= permitted.areas[i].base &&
		    pa + bytes <= permitted.areas[i].base + permitted.areas[i].size)
			return;
	stop_if(true, "a write outside of what the leaf may write to");
}

static void permit_pamts(const struct model_machine *m, u64 base)
{
	unsigned int i;

	for (i = 0; i < m->model.nr_tdmrs; i++)
		if (m->model.tdmrs[i].info.base == base)
			memcpy(permitted.areas, m->model.tdmrs[i].info.pamt,
			       sizeof(permitted.areas));
}

static void permit(const struct model_machine *m, struct tdx_model_regs *regs)
{
	const u64 pa_mask = (1ULL << (52 - m->config.keyid_bits)) - 1;
	u64 leaf = regs->rax & TDX_LEAF_NUMBER_MASK;
	const struct expected_leaf *expected = expected_leaf(leaf);
	unsigned int i;

	memset(&permitted, 0, sizeof(permitted));
	for (i = 0; expected && i < ARRAY_SIZE(expected->writes) && expected->writes[i].bytes; i++)
		permitted.areas[i] = (struct tdx_pamt_area) {
			*tdx_model_register(&regs->gpr, expected->writes[i].operand) & pa_mask,
			expected->writes[i].bytes,
		};
	if (tdx_model_leaf(leaf)->writes_private)
		permit_pamts(m, regs->gpr.rcx);
}

/*
 * Results in memory of the module: it writes where it is told to, and what it destroys there is
 * its own.  On the platform that is a violation of the host.
 */
static bool writes_over_the_module(const struct model_machine *m, struct tdx_model_regs *regs)
{
	unsigned int i;

	permit(m, regs);
	for (i = 0; i < ARRAY_SIZE(permitted.areas); i++)
		if (permitted.areas[i].size &&
		    tdx_model_page(&m->model, permitted.areas[i].base).type != TDX_MODEL_PAGE_HOST)
			return !tdx_model_leaf(regs->rax & TDX_LEAF_NUMBER_MASK)->writes_private;
	return false;
}

static u64 mix(u64 sum, const void *data, size_t bytes)
{
	const u8 *byte = data;

	while (bytes--)
		sum = (sum ^ *byte++) * 0x100000001b3ULL;
	return sum;
}

static struct summary sum_up(const struct model_machine *machine)
{
	const struct tdx_model *m = &machine->model;
	struct summary s = {
		.state = m->state,
		.nr_tdmrs = m->nr_tdmrs,
		.global_keyid = m->global_keyid,
		.handoff_valid = m->handoff.valid,
		.bytes_owned = machine->bytes_owned,
		.nr_td_pages = m->nr_td_pages,
	};
	unsigned int i;

	for (i = 0; i < m->config.nr_lps; i++)
		s.nr_lps_done += m->lps[i].init_done;
	for (i = 0; i < 64; i++)
		s.nr_keyids += m->keyids[i].state == TDX_MODEL_KEYID_RESERVED;
	for (i = 0; i < TDX_MODEL_MAX_PKGS; i++)
		s.nr_keys += m->pkg_key_configured[i];
	for (i = 0; i < m->nr_tdmrs; i++) {
		s.tdmrs = mix(s.tdmrs, &m->tdmrs[i].info, sizeof(m->tdmrs[i].info));
		s.tdmrs = mix(s.tdmrs, &m->tdmrs[i].next, sizeof(m->tdmrs[i].next));
	}
	stop_if(s.nr_lps_done != m->nr_lps_init_done, "LPs done are miscounted");
	return s;
}

static u64 count_td_pages(const struct model_machine *machine)
{
	bool locked;
	u64 nr = td_count_pages(machine, &locked);

	stop_if(locked, "a page was not let go");
	return nr;
}

static bool is_known_status(u64 status)
{
#define CASE(name, value)	case value:
	switch (status & TDX_STATUS_CODE_MASK) {
	TDX_STATUS_LIST(CASE)
		return true;
	}
#undef CASE
	return false;
}

static bool is_success(u64 status)
{
	return status == TDX_SUCCESS || status == TDX_KEY_CONFIGURED ||
	       status == TDX_TDMR_ALREADY_INITIALIZED || status == TDX_NO_HKID_READY_TO_WBCACHE ||
	       status == TDX_METADATA_FIRST_FIELD_ID_IN_CONTEXT ||
	       status == (TDX_GPA_RANGE_ALREADY_BLOCKED | TDX_OPERAND_ID_RCX);
}

/* A leaf has succeeded in @state: checks that this is allowed, and the resulting state. */
static void check_state(const struct model_machine *m, u64 leaf, enum tdx_model_state state,
			enum tdx_model_state after)
{
	const struct expected_leaf *expected = expected_leaf(leaf);

	stop_if(!expected, "a leaf succeeded that does not exist");
	stop_if(expected->from && !(expected->from & BIT(state)), "a leaf succeeded out of order");
	stop_if(after != expected_state(m, leaf, state), "wrong next state");
}

static void check_summary(const struct model_machine *m, u64 leaf, u64 status,
			  struct summary before)
{
	struct summary after = sum_up(m);

	if (status == TDX_SUCCESS) {
		check_state(m, leaf, before.state, after.state);
		if (leaf == TDH_SYS_CONFIG)
			stop_if(!after.nr_tdmrs || !after.bytes_owned, "SYS.CONFIG took nothing");
		if (!(tdx_model_leaf(leaf)->states & BIT(TDX_MODEL_INIT_PENDING)))
			stop_if(after.nr_td_pages != count_td_pages(m), "pages are miscounted");
		if (leaf == TDH_SYS_DISABLE)
			stop_if(after.nr_lps_done || after.nr_keyids || after.nr_keys ||
				after.nr_tdmrs || after.handoff_valid || after.bytes_owned,
				"SYS.DISABLE left something");
		return;
	}
	if (status == TDX_INTERRUPTED_RESUMABLE || status == TDX_INTERRUPTED_RESTARTABLE)
		stop_if(!tdx_model_leaf(leaf)->interruptible, "a leaf was interrupted that cannot be");
	if (status == TDX_INTERRUPTED_RESUMABLE && leaf == TDH_SYS_DISABLE) {
		stop_if(after.state != TDX_MODEL_DISABLING || after.nr_tdmrs >= before.nr_tdmrs ||
			after.bytes_owned >= before.bytes_owned, "SYS.DISABLE did not get on");
		return;
	}
	/*
	 * A call without success changes nothing, but TDH.SYS.CONFIG may
	 * reserve a KeyID.
	 */
	stop_if(after.nr_keyids < before.nr_keyids ||
		after.nr_keyids > before.nr_keyids + (leaf == TDH_SYS_CONFIG), "KeyIDs changed");
	after.nr_keyids = before.nr_keyids;
	stop_if(after.state != before.state || after.nr_lps_done != before.nr_lps_done ||
		after.nr_keys != before.nr_keys || after.nr_tdmrs != before.nr_tdmrs ||
		after.global_keyid != before.global_keyid || after.tdmrs != before.tdmrs ||
		after.handoff_valid != before.handoff_valid ||
		after.nr_td_pages != before.nr_td_pages ||
		after.bytes_owned != before.bytes_owned, "a call without success changed something");
}

static void check_status(struct model_machine *m, u64 status)
{
	stop_if(!is_known_status(status), "no status code");
	stop_if(!(status & TDX_STATUS_ERROR) != is_success(status), "bit 63 is wrong");
	stop_if(!tdx_model_why(&m->model)[0] != is_success(status), "no reason, or one too many");
	stop_if(permitted.nr_writes && (status & TDX_STATUS_ERROR) &&
		status != TDX_METADATA_LIST_OVERFLOW, "an error, but memory was written");
}

/* Checks of outputs that are not in the table of leaves. */
static void check_values(const struct tdx_regs *in, const struct tdx_regs *out, u64 leaf,
			 u64 status)
{
	bool failed = status & TDX_STATUS_ERROR;

	switch (leaf) {
	case TDH_SYS_INIT:
	case TDH_SYS_LP_INIT:
		stop_if(!failed && (out->rcx | out->rdx | out->r8), "details of a success");
		stop_if(!failed && leaf == TDH_SYS_INIT && (out->r9 | out->r10),
			"details of a success");
		break;
	case TDH_SYS_INFO:
		stop_if(out->rdx != 1024 * !failed || out->r9 != 32 * !failed, "SYS.INFO: outputs");
		break;
	case TDH_SYS_RD:
		stop_if(failed && (out->rdx != NONE || out->r8), "SYS.RD: outputs of an error");
		break;
	case TDH_SYS_RDALL:
		stop_if((out->r8 == NONE) == (status == TDX_METADATA_LIST_OVERFLOW),
			"SYS.RDALL: next id");
		break;
	case TDH_MEM_SEPT_ADD:
	case TDH_MEM_PAGE_ADD:
	case TDH_MEM_PAGE_AUG:
	case TDH_MEM_PAGE_DEMOTE:
	case TDH_MEM_RANGE_UNBLOCK:
		stop_if(!failed && (out->rcx | out->rdx), "details of a success");
		break;
	case TDH_MEM_PAGE_REMOVE:
	case TDH_MEM_PAGE_RELOCATE:
	case TDH_MEM_PAGE_PROMOTE:
	case TDH_MEM_SEPT_REMOVE:
		stop_if(!failed && (!out->rcx || out->rcx % K(4) || out->rdx),
			"the page that was removed");
		break;
	case TDH_SYS_TDMR_INIT:
		stop_if(failed && out->rdx, "TDMR.INIT: address of an error");
		stop_if(!failed && (out->rdx < in->rcx || out->rdx % G(1)), "TDMR.INIT: address");
		break;
	}
}

/* Only RAX and the outputs of the leaf may have changed. */
static void check_registers(struct tdx_model_regs *in, struct tdx_model_regs *out,
			    const struct tdx_model_leaf *leaf)
{
	u16 outputs = leaf->outputs | (in->rax & TDX_LEAF_VERSION_MASK ? leaf->outputs_1 : 0);
	unsigned int i;

	for (i = 0; i < TDX_MODEL_NR_REGISTERS; i++)
		if (outputs & BIT(i))
			*tdx_model_register(&out->gpr, i) = *tdx_model_register(&in->gpr, i);
	out->rax = in->rax;
	stop_if(memcmp(in, out, sizeof(*in)), "a register changed that is no output");
}

/* RAX, version and state are all right, so that the leaf itself decided, or it may have. */
static bool was_dispatched(const struct tdx_model_regs *in, const struct tdx_model_regs *out)
{
	const struct tdx_model_leaf *leaf = tdx_model_leaf(in->rax & TDX_LEAF_NUMBER_MASK);
	u64 code = out->rax & TDX_STATUS_CODE_MASK;

	return (out->rax != TDX_OPERAND_INVALID || leaf->any_version) && code != TDX_SYS_SHUTDOWN &&
	       code != TDX_SYS_NOT_READY;
}

static void checked_call(struct model_machine *m, unsigned int lp, struct tdx_model_regs in)
{
	u64 leaf = in.rax & TDX_LEAF_NUMBER_MASK, nr = m->model.nr_seamcalls;
	unsigned int counter = leaf < TDX_MODEL_NR_LEAVES ? leaf : TDX_MODEL_NR_LEAVES - 1;
	u64 nr_leaf = m->model.nr_by_leaf[counter], nr_failed = m->model.nr_failed_by_leaf[counter];
	int holders = m->model.global_lock.holders, inside = m->model.lps_inside;
	struct summary before = sum_up(m);
	struct tdx_model_regs out = in;
	u64 status, ran;

	permit(m, &in);
	status = machine_seamcall(m, lp, &out);
	check_status(m, status);
	check_summary(m, leaf, status, before);
	ran = was_dispatched(&in, &out) ? leaf : TDX_LEAF_NUMBER_MASK;
	check_values(&in.gpr, &out.gpr, ran, status);
	check_registers(&in, &out, tdx_model_leaf(ran));
	stop_if(m->model.nr_seamcalls != nr + 1 || m->model.nr_by_leaf[counter] != nr_leaf + 1 ||
		m->model.nr_failed_by_leaf[counter] != nr_failed + !is_success(status),
		"SEAMCALLs are miscounted");
	stop_if(m->model.global_lock.holders != holders, "the global lock was not let go");
	stop_if((m->model.lps_inside ^ inside) & ~TDX_MODEL_CLOSED, "LPs inside are miscounted");
	/* TDH.SYS.LP.SHUTDOWN of a module 1.0 takes no lock. */
	if (holders && leaf != TDH_SYS_LP_SHUTDOWN)
		stop_if(m->model.state != before.state, "a state change under a foreign lock");
}

/* All leaves of the module, and numbers without a leaf. */
static struct {
	u16 number[TDX_MODEL_NR_LEAVES + 6];
	unsigned int nr;
} leaves;

static void list_leaves(void)
{
	static const u16 others[] = {
		TDH_MNG_CREATE, TDH_MEM_RANGE_BLOCK, TDH_VP_ENTER, 42, 0x7777, 127,
	};
	unsigned int number;

	for (number = 0; number < TDX_MODEL_NR_LEAVES; number++)
		if (tdx_model_leaf(number)->run)
			leaves.number[leaves.nr++] = number;
	for (number = 0; number < ARRAY_SIZE(others); number++)
		leaves.number[leaves.nr++] = others[number];
}

static void step_call(struct model_machine *m, struct input *in, u8 op)
{
	u64 leaf = leaves.number[take(in) % leaves.nr];
	const struct expected_leaf *expected = expected_leaf(leaf);
	const struct tdx_regs good = expected ? expected->good : (struct tdx_regs) {};
	struct tdx_model_regs regs = { .gpr = { .rbx = 3, .rsi = 5, .r12 = NONE, .r15 = 7 } };
	unsigned int lp = take(in), times = op & 0x40 ? 2 : 1;

	/* Enough calls to complete a TDMR. */
	if (leaf == TDH_SYS_TDMR_INIT && times == 2)
		times = 1 + take(in);
	regs.rax = leaf;
	if (op & 0x80)
		regs.rax ^= take_value(in, 1 << 16);
	regs.gpr.rcx = take_value(in, good.rcx);
	regs.gpr.rdx = take_value(in, good.rdx);
	regs.gpr.r8 = take_value(in, good.r8);
	regs.gpr.r9 = take_value(in, good.r9);
	if (writes_over_the_module(m, &regs))
		return;
	/* Repeated calls are made on all processors in turn. */
	while (times--)
		checked_call(m, lp++ % m->config.nr_lps, regs);
}

/*
 * Writes a word of a TDMR_INFO, of the array of their addresses, or of any
 * memory.
 */
static void step_memory(struct model_machine *m, struct input *in, u8 op)
{
	u8 where = take(in);
	u64 value = take_value(in, BUFFER_PA + K(4) + 512), offset;

	if (op & 4)
		offset = INFO_OFFSET + where % 128 * 8;
	else if (op & 8)
		offset = where % 64 * 8;
	else
		offset = take_word(in) % (BUFFER_BYTES - 8);
	memcpy(&m->buffer[offset], &value, sizeof(value));
}

static void replace_module(struct model_machine *m, u16 min_update_hv, bool init)
{
	enum tdx_model_state state = m->model.state;
	unsigned int lp;

	m->config.min_update_hv = min_update_hv;
	stop_if(tdx_model_update(&m->model, &m->config) != (state == TDX_MODEL_SHUTDOWN),
		"replaced before it was shut down, or not replaced");
	if (!init)
		return;
	checked_call(m, 0, (struct tdx_model_regs) { .rax = TDH_SYS_INIT });
	for (lp = 0; lp < m->config.nr_lps; lp++)
		checked_call(m, lp, (struct tdx_model_regs) { .rax = TDH_SYS_LP_INIT });
}

static void step_platform(struct model_machine *m, struct input *in, u8 op)
{
	static const u32 msrs[] = { 0x3b, 0x87, 0x9a, 0xfe, 0x10a, 0x1f3, 0x982, 0x1401, 0 };

	switch (op >> 2 & 7) {
	case 0:
		m->no_entropy = op & 0x80;
		break;
	case 1:
		m->model.global_lock.holders = op >> 6 == 3 ? -1 : op >> 6;
		break;
	case 2:
		m->model.tdmrs[op >> 5 & 1].lock.holders = op & 0x80 ? -1 : 0;
		break;
	case 3:
		m->spoiled.msr = msrs[take(in) % ARRAY_SIZE(msrs)];
		m->spoiled.value = take_value(in, 0);
		break;
	case 4:
		m->spoiled_cpuid.leaf = take(in) % 32;
		m->spoiled_cpuid.reg = op >> 6;
		m->spoiled_cpuid.value = take_value(in, 0);
		m->cpuid_is_spoiled = op & 0x20;
		break;
	case 5:
		m->model.lps_inside = (m->model.lps_inside & TDX_MODEL_CLOSED) | (op >> 7);
		break;
	default:
		replace_module(m, op >> 6, op & 0x20);
	}
}

/* A TD in any stage of its lifecycle, or with memory */
static void set_up_td(struct model_machine *m, u8 stage)
{
	if (stage & 0x40)
		mem_bring_to(m, stage % NR_MEM_STAGES);
	else
		td_bring_to(m, stage % NR_TD_STAGES);
	td_params(m);
	stop_if(m->model.nr_td_pages != count_td_pages(m), "pages are miscounted");
}

static void set_up(struct model_machine *m, struct input *in)
{
	u8 machine = take(in), module = take(in), stage = take(in);
	struct phys_memory memory = m->memory;
	struct tdx_tdmr_info tdmrs[2];

	memory_clear(&memory);
	machine_init(m, 1 + (machine >> 2) % 4);
	m->memory = memory;
	m->config.generation = machine % TDX_MODEL_NR_GENERATIONS;
	m->config.module_hv = module & 3;
	m->config.min_update_hv = module >> 2 & 3;
	m->config.no_downgrade = module & 16;
	m->config.metadata_list_bytes = module & 32 ? 32 + (module >> 6) * 40 : 0;
	/* Excludes a part of the legal TDMRs. */
	if (machine & 0x40)
		m->config.cmrs[0].base = M(2);
	machine_reload(m);

	if (stage & 0x80)
		set_up_td(m, stage);
	m->written = written;
	if (stage & 0x80)
		return;
	legal_pair(tdmrs);
	if (stage % 4 > 0)
		machine_init_module(m);
	if (stage % 4 > 1)
		machine_config(m, tdmrs, 2);
	if (stage % 4 > 2)
		machine_config_keys(m);
	/*
	 * TDH.SYS.CONFIG was not called yet: the input can modify its addresses
	 * and TDMRs.
	 */
	if (stage % 4 < 2)
		prepare_config(m);
}

/* This name is required by libFuzzer, but declared in no header. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct model_machine *machine;
	struct input in = { data, data + size };
	unsigned int steps;
	u8 op;

	if (!machine) {
		machine = machine_alloc();
		stop_if(!machine, "no memory");
		machine->memory = (struct phys_memory) {};
		list_leaves();
	}
	set_up(machine, &in);
	for (steps = 0; in.at < in.end && steps < MAX_STEPS; steps++) {
		op = take(&in);
		if ((op & 3) == 0)
			step_memory(machine, &in, op);
		else if ((op & 3) == 1)
			step_platform(machine, &in, op);
		else
			step_call(machine, &in, op);
	}
	return 0;
}
