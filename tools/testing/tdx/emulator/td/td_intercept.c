// SPDX-License-Identifier: GPL-2.0-only
/* What a TD's vCPU is intercepted for. */
#include <linux/string.h>

#include "cpu/cpu.h"
#include "td/td_intercept.h"

#define TSC_MULTIPLIER_1	BIT_ULL(48)
#define ALL_DRS			0xffff

static u8 msr_permissions[2 * PAGE_SIZE] __page_aligned;
static u8 io_permissions[3 * PAGE_SIZE] __page_aligned;

/* VMLOAD and VMSAVE move these. */
static const u32 passed_msrs[] = {
	0x174, 0x175, 0x176,		/* SYSENTER_CS, _ESP, _EIP */
	0xc0000081, 0xc0000082,		/* STAR, LSTAR */
	0xc0000084,			/* FMASK */
	0xc0000100, 0xc0000101, 0xc0000102, /* FS, GS and kernel GS base */
	0xc0000103,			/* TSC_AUX, which td_run.c moves */
};

void td_intercept_init(void)
{
	unsigned int i, at;

	memset(msr_permissions, 0xff, sizeof(msr_permissions));
	memset(io_permissions, 0xff, sizeof(io_permissions));
	for (i = 0; i < ARRAY_LEN(passed_msrs); i++) {
		at = (passed_msrs[i] & 0x1fff) * 2;
		if (passed_msrs[i] >= 0xc0000000)
			at += 0x2000 * 2;
		msr_permissions[at / 8] &= ~(3 << (at % 8));
	}
}

void td_intercept(struct vcpu *vcpu, const struct tdx_model_run *run)
{
	struct vmcb *v = &vcpu->vmcb;

	v->intercept_cr = SVM_INTERCEPT_CR_WRITE(0) | SVM_INTERCEPT_CR_WRITE(4) |
			  SVM_INTERCEPT_CR_WRITE(8);
	v->intercept_dr = SVM_INTERCEPT_DR_READ(0) * ALL_DRS | SVM_INTERCEPT_DR_WRITE(0) * ALL_DRS;
	v->intercept_exceptions = BIT(VECTOR_UD);
	v->intercept1 = SVM_INTERCEPT1_INTR | SVM_INTERCEPT1_NMI | SVM_INTERCEPT1_RDPMC |
			SVM_INTERCEPT1_CPUID | SVM_INTERCEPT1_SWINT | SVM_INTERCEPT1_INVD |
			SVM_INTERCEPT1_HLT | SVM_INTERCEPT1_INVLPGA | SVM_INTERCEPT1_IOIO |
			SVM_INTERCEPT1_MSR | SVM_INTERCEPT1_SHUTDOWN;
	v->intercept2 = SVM_INTERCEPT2_VMRUN | SVM_INTERCEPT2_VMMCALL | SVM_INTERCEPT2_VMLOAD |
			SVM_INTERCEPT2_VMSAVE | SVM_INTERCEPT2_STGI | SVM_INTERCEPT2_CLGI |
			SVM_INTERCEPT2_SKINIT | SVM_INTERCEPT2_WBINVD | SVM_INTERCEPT2_MONITOR |
			SVM_INTERCEPT2_MWAIT | SVM_INTERCEPT2_MWAIT_ARMED |
			SVM_INTERCEPT2_XSETBV;
	/* The CPU can add an offset, to which that of the host belongs, but not scale */
	v->tsc_offset = run->tsc_offset + vcpu->cpu->tsc_adjust;
	if (run->tsc_multiplier != TSC_MULTIPLIER_1) {
		v->intercept1 |= SVM_INTERCEPT1_RDTSC;
		v->intercept2 |= SVM_INTERCEPT2_RDTSCP;
	}
	v->iopm_base_pa = phys_of(io_permissions);
	v->msrpm_base_pa = phys_of(msr_permissions);
	v->asid = 1;
	v->nested_control = 1;
}
