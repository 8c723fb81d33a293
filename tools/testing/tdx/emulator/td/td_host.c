// SPDX-License-Identifier: GPL-2.0-only
/* State of the host that TDH.VP.ENTER takes or does not preserve. */
#include "td/td_host.h"

#define MSR_STAR		0xc0000081
#define MSR_LSTAR		0xc0000082
#define MSR_FMASK		0xc0000084
#define MSR_KERNEL_GS_BASE	0xc0000102
#define MSR_TSC_AUX		0xc0000103

void td_host_get(struct cpu *cpu, struct tdx_model_host *host)
{
	const struct vmcb *v = &cpu->host.vmcb;

	*host = (struct tdx_model_host){
		.cr2 = v->cr2,
		.dr = { native_read_dr(0), native_read_dr(1), native_read_dr(2),
			native_read_dr(3) },
		.dr6 = v->dr6,
		.dr7 = v->dr7,
		.star = native_rdmsr(MSR_STAR),
		.lstar = native_rdmsr(MSR_LSTAR),
		.fmask = native_rdmsr(MSR_FMASK),
		.kernel_gs_base = native_rdmsr(MSR_KERNEL_GS_BASE),
		.tsc_aux = native_rdmsr(MSR_TSC_AUX),
		.debugctl = cpu->host.msr_store[STORE_DEBUGCTL],
	};
	vcpu_unload_xstate(&cpu->host);
	host->xcr0 = cpu->host.xstate.xcr0;
	xstate_get_xmm(&cpu->host.xstate, host->xmm);
}

/*
 * QEMU 7.2 does not disarm breakpoints at an exit, and must not be given other values for
 * registers of those that are armed.
 */
static void set_debug_registers(struct vmcb *v, const struct tdx_model_host *host)
{
	if (v->dr7 & DR7_ENABLED)
		return;
	native_write_dr(0, host->dr[0]);
	native_write_dr(1, host->dr[1]);
	native_write_dr(2, host->dr[2]);
	native_write_dr(3, host->dr[3]);
	v->dr6 = host->dr6;
	v->dr7 = host->dr7;
}

static bool has_xmm(const struct tdx_model_host *host)
{
	u64 any = 0;
	unsigned int i;

	for (i = 0; i < TDX_MODEL_NR_XMM; i++)
		any |= host->xmm[i][0] | host->xmm[i][1];
	return any;
}

void td_host_set(struct cpu *cpu, const struct tdx_model_host *host)
{
	struct xstate *xstate = &cpu->host.xstate;

	vcpu_unload_xstate(&cpu->td);
	xstate->xcr0 = host->xcr0;
	xstate_reset_components(xstate, host->xcr0);
	if (has_xmm(host))
		xstate_set_xmm(xstate, host->xmm);
	cpu->host.vmcb.cr2 = host->cr2;
	set_debug_registers(&cpu->host.vmcb, host);
	native_wrmsr(MSR_STAR, host->star);
	native_wrmsr(MSR_LSTAR, host->lstar);
	native_wrmsr(MSR_FMASK, host->fmask);
	native_wrmsr(MSR_KERNEL_GS_BASE, host->kernel_gs_base);
	native_wrmsr(MSR_TSC_AUX, host->tsc_aux);
	cpu->host.msr_store[STORE_DEBUGCTL] = host->debugctl;
}
