// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: vCPUs of TDs in the software TDX module.
 */
#include <kunit/test.h>
#include <linux/smp.h>

#include "../keyid.h"
#include "../owner.h"
#include "../vcpu.h"
#include "model_host.h"
#include "td_life.h"

static int vcpu_test_init(struct kunit *test)
{
	td_life_host_create(test);
	return 0;
}

static void vcpu_test_exit(struct kunit *test)
{
	td_life_host_unload(test->priv);
}

static void fields_are_written_and_read(struct kunit *test)
{
	const u64 field = TDX_MD_VMCS_16(TDX_VMCS_NOTIFICATION_VECTOR);
	struct td_life *life = td_life_new(test);
	struct tdx_vp *vp = &life->vps[0];
	u64 value = 1;

	migrate_disable();
	KUNIT_EXPECT_EQ(test, td_life_create(life, 1), 0);
	KUNIT_EXPECT_EQ(test, tdh_vp_wr(vp, field, 0xf5, 0xffff), 0ULL);
	KUNIT_EXPECT_EQ(test, tdh_vp_rd(vp, field, &value), 0ULL);
	KUNIT_EXPECT_EQ(test, value, 0xf5ULL);
	KUNIT_EXPECT_EQ(test, tdx_status_code(tdh_vp_wr(vp, field, 0x100, 0xffff)),
			(u64)TDX_METADATA_FIELD_VALUE_NOT_VALID);
	KUNIT_EXPECT_EQ(test, tdx_status_code(tdh_vp_rd(vp, ~0ULL >> 1, &value)),
			(u64)TDX_METADATA_FIELD_ID_INCORRECT);
	KUNIT_EXPECT_EQ(test, value, 0ULL);
	td_life_destroy(life);
	migrate_enable();
}

static void fields_of_all_sizes_are_written_and_read(struct kunit *test)
{
	const u64 pi_descriptor = 0x123456789fc0, eptp = 0x123456789000;
	struct td_life *life = td_life_new(test);
	struct tdx_vp *vp = &life->vps[0];
	u64 value64;
	u32 value32;
	u16 value16;

	migrate_disable();
	KUNIT_EXPECT_EQ(test, td_life_create(life, 1), 0);
	KUNIT_EXPECT_EQ(test, tdx_vp_write16(vp, TDX_MD_VMCS_16(TDX_VMCS_NOTIFICATION_VECTOR),
					     0xf5, U16_MAX), 0ULL);
	KUNIT_EXPECT_EQ(test, tdx_vp_read16(vp, TDX_MD_VMCS_16(TDX_VMCS_NOTIFICATION_VECTOR),
					    &value16), 0ULL);
	KUNIT_EXPECT_EQ(test, value16, (u16)0xf5);
	KUNIT_EXPECT_EQ(test, tdx_vp_write64(vp, TDX_MD_VMCS_64(TDX_VMCS_PI_DESCRIPTOR),
					     pi_descriptor, U64_MAX), 0ULL);
	KUNIT_EXPECT_EQ(test, tdx_vp_read64(vp, TDX_MD_VMCS_64(TDX_VMCS_PI_DESCRIPTOR),
					    &value64), 0ULL);
	KUNIT_EXPECT_EQ(test, value64, pi_descriptor);
	KUNIT_EXPECT_EQ(test, tdx_vp_write64(vp, TDX_MD_VMCS_64(TDX_VMCS_SHARED_EPTP), eptp,
					     U64_MAX), 0ULL);
	KUNIT_EXPECT_EQ(test, tdx_vp_read64(vp, TDX_MD_VMCS_64(TDX_VMCS_SHARED_EPTP), &value64),
			0ULL);
	KUNIT_EXPECT_EQ(test, value64, eptp);

	/* Only the bits of the mask are written. */
	KUNIT_EXPECT_EQ(test, tdx_vp_write32(vp, TDX_MD_VMCS_32(TDX_VMCS_PIN_CONTROLS), U32_MAX,
					     TDX_PIN_CONTROLS_POSTED_INTERRUPTS), 0ULL);
	KUNIT_EXPECT_EQ(test, tdx_vp_read32(vp, TDX_MD_VMCS_32(TDX_VMCS_PIN_CONTROLS), &value32),
			0ULL);
	KUNIT_EXPECT_NE(test, value32, U32_MAX);
	KUNIT_EXPECT_TRUE(test, value32 & TDX_PIN_CONTROLS_POSTED_INTERRUPTS);
	KUNIT_EXPECT_EQ(test, tdx_status_code(tdx_vp_read64(vp, TDX_MD_VMCS_64(0x6800), &value64)),
			(u64)TDX_METADATA_FIELD_NOT_READABLE);
	KUNIT_EXPECT_EQ(test, value64, 0ULL);
	td_life_destroy(life);
	migrate_enable();
}

/* Called in an IPI, with interrupts off. */
static void flush_here(void *data)
{
	struct td_life *life = data;

	life->status = tdh_vp_flush(&life->vps[0]);
}

static void it_is_flushed_where_it_is_associated(struct kunit *test)
{
	struct td_life *life = td_life_new(test);
	unsigned int here, there;
	u64 value;

	if (num_online_cpus() < 2)
		kunit_skip(test, "there is one CPU only");
	migrate_disable();
	here = smp_processor_id();
	there = cpumask_any_but(cpu_online_mask, here);
	KUNIT_EXPECT_EQ(test, td_life_create(life, 1), 0);
	smp_call_function_single(there, flush_here, life, true);
	KUNIT_EXPECT_EQ(test, tdx_status_code(life->status), (u64)TDX_VCPU_NOT_ASSOCIATED);
	KUNIT_EXPECT_EQ(test, tdx_status_code(tdh_mng_vpflushdone(&life->td)),
			(u64)TDX_FLUSHVP_NOT_DONE);

	smp_call_function_single(here, flush_here, life, true);
	KUNIT_EXPECT_EQ(test, life->status, 0ULL);
	KUNIT_EXPECT_FALSE(test, life->vps[0].associated);
	smp_call_function_single(here, flush_here, life, true);
	KUNIT_EXPECT_EQ(test, tdx_status_code(life->status), (u64)TDX_VCPU_NOT_ASSOCIATED);

	/* Reading a field associates it again. */
	KUNIT_EXPECT_EQ(test, tdh_vp_rd(&life->vps[0], TDX_MD_VCPU_STATE_DETAILS, &value), 0ULL);
	KUNIT_EXPECT_TRUE(test, life->vps[0].associated);
	smp_call_function_single(here, flush_here, life, true);
	KUNIT_EXPECT_EQ(test, life->status, 0ULL);
	td_life_destroy(life);
	migrate_enable();
	KUNIT_EXPECT_FALSE(test, tdx_pages_are_owned());
}

static void a_flush_does_not_sleep_while_the_module_is_busy(struct kunit *test)
{
	struct td_life *life = td_life_new(test);
	struct model_host *host = test->priv;

	migrate_disable();
	KUNIT_EXPECT_EQ(test, td_life_create(life, 1), 0);
	model_host_fail(host, atomic64_read(&host->seamcalls) + 1, 50,
			TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX);
	smp_call_function_single(smp_processor_id(), flush_here, life, true);
	KUNIT_EXPECT_EQ(test, life->status, 0ULL);

	/* Retries end. */
	model_host_fail(host, atomic64_read(&host->seamcalls) + 1, U64_MAX,
			TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX);
	smp_call_function_single(smp_processor_id(), flush_here, life, true);
	KUNIT_EXPECT_EQ(test, life->status, TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX);
	model_host_fail(host, 0, 0, 0);
	td_life_destroy(life);
	migrate_enable();
	KUNIT_EXPECT_FALSE(test, tdx_pages_are_owned());
}

static u64 init_leaf;

static u64 watch(u64 leaf, u64 status, struct tdx_regs *regs)
{
	if ((leaf & TDX_LEAF_NUMBER_MASK) == TDH_VP_INIT)
		init_leaf = leaf;
	return status;
}

static void the_version_of_its_configuration_is_the_modules(struct kunit *test)
{
	static const bool topology[] = { false, true };
	struct model_host *host = test->priv;
	struct tdx_td_limits limits = host->module.sysinfo.td_limits;
	struct td_life *life;
	unsigned int i;

	host->distort = watch;
	for (i = 0; i < ARRAY_SIZE(topology); i++) {
		limits.topology = topology[i];
		tdx_vcpu_setup(&limits);
		life = td_life_new(test);
		migrate_disable();
		td_life_create(life, 1);
		KUNIT_EXPECT_EQ(test, init_leaf >> TDX_LEAF_VERSION_SHIFT, (u64)topology[i]);
		td_life_destroy(life);
		migrate_enable();
	}
	KUNIT_EXPECT_FALSE(test, tdx_pages_are_owned());
}

static struct kunit_case vcpu_test_cases[] = {
	KUNIT_CASE(fields_are_written_and_read),
	KUNIT_CASE(fields_of_all_sizes_are_written_and_read),
	KUNIT_CASE(it_is_flushed_where_it_is_associated),
	KUNIT_CASE(a_flush_does_not_sleep_while_the_module_is_busy),
	KUNIT_CASE(the_version_of_its_configuration_is_the_modules),
	{}
};

static struct kunit_suite vcpu_test_suite = {
	.name = "tdx_vcpu",
	.init = vcpu_test_init,
	.exit = vcpu_test_exit,
	.test_cases = vcpu_test_cases,
};

kunit_test_suite(vcpu_test_suite);
