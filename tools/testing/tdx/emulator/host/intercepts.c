// SPDX-License-Identifier: GPL-2.0-only
/* Intercepts of the host's Linux. */
#include <linux/string.h>

#include "host/intercepts.h"

static u8 msr_permissions[2 * PAGE_SIZE] __page_aligned;
static u8 io_permissions[3 * PAGE_SIZE] __page_aligned;

void host_init_permissions(void)
{
	memset(msr_permissions, 0xff, sizeof(msr_permissions));
	memset(io_permissions, 0, sizeof(io_permissions));
}

void host_pass_msr(u32 msr)
{
	unsigned int at = (msr & 0x1fff) * 2;

	if (msr >= 0xc0000000)
		at += 0x2000 * 2;
	msr_permissions[at / 8] &= ~(3 << (at % 8));
}

void host_trap_port(u16 port)
{
	io_permissions[port / 8] |= 1 << (port % 8);
}

const u8 *host_trapped_ports(void)
{
	return io_permissions;
}

void host_intercept(struct vcpu *vcpu)
{
	struct vmcb *v = &vcpu->vmcb;

	v->intercept_cr = SVM_INTERCEPT_CR_WRITE(4);
	v->intercept_exceptions = BIT(VECTOR_UD);
	v->intercept1 = SVM_INTERCEPT1_NMI | SVM_INTERCEPT1_CPUID | SVM_INTERCEPT1_SWINT |
			SVM_INTERCEPT1_INVD | SVM_INTERCEPT1_INVLPGA | SVM_INTERCEPT1_IOIO |
			SVM_INTERCEPT1_MSR | SVM_INTERCEPT1_SHUTDOWN;
	v->intercept2 = SVM_INTERCEPT2_VMRUN | SVM_INTERCEPT2_VMMCALL | SVM_INTERCEPT2_VMLOAD |
			SVM_INTERCEPT2_VMSAVE | SVM_INTERCEPT2_STGI | SVM_INTERCEPT2_CLGI |
			SVM_INTERCEPT2_SKINIT | SVM_INTERCEPT2_WBINVD;
	v->iopm_base_pa = phys_of(io_permissions);
	v->msrpm_base_pa = phys_of(msr_permissions);
	v->asid = 1;
	v->nested_control = 1;
	v->nested_cr3 = npt_root(vcpu->npt);
}
