// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creating and freeing a vCPU of a TD, and its association with a CPU.
 *
 * The module associates a vCPU with the CPU on which it is initialized, accessed or
 * entered.  Only TDH.VP.FLUSH on that CPU ends the association.  So a vCPU that is loaded
 * is on a list of its CPU, like loaded VMCSs, and is flushed when it is loaded on another
 * CPU, when the CPU leaves VMX operation, and before the TD's KeyID is released, if it was
 * accessed at all.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/kvm_host.h>
#include <linux/percpu.h>
#include <linux/ratelimit.h>
#include <linux/smp.h>

#include <asm/fpu/api.h>
#include <asm/irq_vectors.h>

#include "../../irq.h"
#include "../../lapic.h"
#include "../../x86.h"
#include "pages.h"
#include "tdx.h"

/* vCPUs that may be associated with a CPU.  Accessed there, with interrupts off. */
static DEFINE_PER_CPU(struct list_head, associated_vcpus);

/**
 * tdx_init_cpu_lists - initialize the lists of vCPUs of each CPU
 *
 * Context: While kvm_intel is loaded, before there are VMs.
 */
void __init tdx_init_cpu_lists(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		INIT_LIST_HEAD(&per_cpu(associated_vcpus, cpu));
}

static void report_flush(const struct tdx_td *td, u64 status)
{
	char text[TDX_STATUS_TEXT_SIZE];

	/*
	 * The leaf that would have associated it was refused before: the vCPU cannot run any more,
	 * or was busy.  Or another kernel is being started.
	 */
	if (tdx_status_code(status) == TDX_VCPU_NOT_ASSOCIATED ||
	    status == TDX_SEAMCALL_RETIRED)
		return;

	tdx_status_format(text, sizeof(text), status);
	pr_err_ratelimited("TDH.VP.FLUSH on CPU %d failed, the KeyID of the TD of process %d will be lost: %s\n",
			   raw_smp_processor_id(), td->creator, text);
}

/* On the CPU with which the vCPU may be associated, interrupts off. */
static void flush_here(struct vcpu_tdx *tdx)
{
	u64 status = TDX_SUCCESS;

	if (tdx->vp.associated)
		status = tdh_vp_flush(&tdx->vp);
	if (tdx_status_failed(status))
		report_flush(tdx->vp.td, status);

	list_del(&tdx->cpu_list);

	/*
	 * Pairs with smp_rmb() in associate(): a CPU that sees -1 may add the vCPU to its
	 * own list, so it has to be off this one.
	 */
	smp_wmb();
	WRITE_ONCE(tdx->cpu, -1);
}

static void flush_ipi(void *arg)
{
	struct vcpu_tdx *tdx = arg;

	/* The CPU may have gone offline and come back, and have flushed it then. */
	if (tdx->cpu == raw_smp_processor_id())
		flush_here(tdx);
}

/**
 * tdx_vcpu_flush - end the association of a vCPU with a CPU
 * @vcpu: a vCPU of a TD that is not loaded, or not yet on this CPU
 *
 * Context: Interrupts on; does not sleep.
 */
void tdx_vcpu_flush(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	int cpu = READ_ONCE(tdx->cpu);

	/* A CPU that went offline has flushed its vCPUs. */
	if (cpu != -1)
		smp_call_function_single(cpu, flush_ipi, tdx, 1);
}

/**
 * tdx_flush_cpu - end the association of all vCPUs with this CPU
 *
 * Context: Interrupts off, before the CPU leaves VMX operation.
 */
void tdx_flush_cpu(void)
{
	struct list_head *list = this_cpu_ptr(&associated_vcpus);
	struct vcpu_tdx *tdx, *next;

	list_for_each_entry_safe(tdx, next, list, cpu_list)
		flush_here(tdx);
}

/* The vCPU is associated with no CPU; preemption is off. */
static void associate(struct vcpu_tdx *tdx, int cpu)
{
	local_irq_disable();

	/* Pairs with smp_wmb() in flush_here(). */
	smp_rmb();
	list_add(&tdx->cpu_list, per_cpu_ptr(&associated_vcpus, cpu));
	WRITE_ONCE(tdx->cpu, cpu);
	local_irq_enable();
}

void tdx_vcpu_load(struct kvm_vcpu *vcpu, int cpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	vmx_vcpu_pi_load(vcpu, cpu);
	if (!tdx->associable || READ_ONCE(tdx->cpu) == cpu)
		return;

	tdx_vcpu_flush(vcpu);
	associate(tdx, cpu);

	/* The CPU may have translations of an earlier association. */
	kvm_make_request(KVM_REQ_TLB_FLUSH, vcpu);
}

/* With kvm->lock. */
int tdx_vcpu_precreate(struct kvm *kvm)
{
	if (to_kvm_tdx(kvm)->state != KVM_TDX_INIT)
		return -EIO;

	/* The module virtualizes the local APIC, and does not report EOIs to KVM. */
	return irqchip_split(kvm) ? 0 : -EINVAL;
}

int tdx_vcpu_create(struct kvm_vcpu *vcpu)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(vcpu->kvm);
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	INIT_LIST_HEAD(&tdx->vmx.pi_wakeup_list);
	tdx->vp.td = &kvm_tdx->td;
	tdx->cpu = -1;
	tdx->vmcall_function = TDX_NO_VMCALL;

	/* TDs do not use INIT and SIPI: all vCPUs are started. */
	vcpu->arch.mp_state = KVM_MP_STATE_RUNNABLE;
	vcpu->arch.guest_state_protected = true;
	fpstate_set_confidential(&vcpu->arch.guest_fpu);
	vcpu->arch.xfd_no_write_intercept = kvm_tdx->xfam & XFEATURE_MASK_XTILE_DATA;

	vcpu->arch.guest_tsc_protected = true;
	vcpu->arch.l1_tsc_offset = kvm_tdx->tsc_offset;
	vcpu->arch.tsc_offset = kvm_tdx->tsc_offset;
	vcpu->arch.l1_tsc_scaling_ratio = kvm_tdx->tsc_multiplier;
	vcpu->arch.tsc_scaling_ratio = kvm_tdx->tsc_multiplier;

	/* KVM cannot check whether the timer's interrupt was delivered. */
	vcpu->arch.apic->lapic_timer.timer_advance_ns = 0;
	return 0;
}

void tdx_vcpu_reset(struct kvm_vcpu *vcpu, bool init_event)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);

	/* INIT is blocked. */
	if (WARN_ON_ONCE(init_event))
		return;

	vmx->hv_deadline_tsc = -1;
	vcpu->arch.microcode_version = 0x100000000ULL;

	/* As in VMX: the vector has to be valid at any time. */
	vmx->pi_desc.nv = POSTED_INTR_VECTOR;
	vmx->pi_desc.sn = 1;
}

/* The TD's KeyID was released, unless the vCPU has no pages. */
void tdx_vcpu_free(struct kvm_vcpu *vcpu)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(vcpu->kvm);
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	struct tdx_vp *vp = &tdx->vp;

	WARN_ON_ONCE(tdx->cpu != -1);
	tdx_reclaim_pages(kvm_tdx, vp->tdvpx, vp->nr_tdvpx);
	if (vp->tdvpr)
		tdx_reclaim_pages(kvm_tdx, &vp->tdvpr, 1);
}

/* Gives the vCPU's pages to the module.  Pages that it does not accept are freed. */
static int create_vp(struct kvm_vcpu *vcpu)
{
	unsigned int i, nr = tdx_td_limits()->nr_tdvpx;
	struct tdx_vp *vp = &to_tdx(vcpu)->vp;
	struct page *pages[TDX_MAX_TDVPS_PAGES];
	const char *leaf = "TDH.VP.CREATE";
	u64 status;

	if (tdx_alloc_pages(vp->td, pages, 1 + nr))
		return -ENOMEM;

	status = tdh_vp_create(vp, pages[nr]);
	if (tdx_status_failed(status))
		tdx_free_pages(vp->td, &pages[nr], 1);

	for (i = 0; !tdx_status_failed(status) && i < nr; i++) {
		leaf = "TDH.VP.ADDCX";
		status = tdh_vp_addcx(vp, pages[i]);
	}
	if (!tdx_status_failed(status))
		return 0;

	tdx_free_pages(vp->td, pages + vp->nr_tdvpx, nr - vp->nr_tdvpx);
	return tdx_kill_vm(vcpu->kvm, leaf, status);
}

/* The module associates the vCPU with this CPU, also if it fails. */
static int init_vp(struct kvm_vcpu *vcpu, u64 rcx)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(vcpu->kvm);
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	u64 status;

	preempt_disable();
	tdx->associable = true;
	associate(tdx, smp_processor_id());
	preempt_enable();

	/* It locks the TD exclusively, so no page can be removed at the same time. */
	down_write(&kvm_tdx->sept_lock);
	status = tdh_vp_init(&tdx->vp, rcx, vcpu->vcpu_id);
	up_write(&kvm_tdx->sept_lock);
	return tdx_status_failed(status) ? tdx_kill_vm(vcpu->kvm, "TDH.VP.INIT", status) : 0;
}

/* Interrupts are delivered to a TD by its posted-interrupt descriptor only. */
static int enable_posted_interrupts(struct kvm_vcpu *vcpu)
{
	struct tdx_vp *vp = &to_tdx(vcpu)->vp;
	u64 status;

	status = tdx_vp_write16(vp, TDX_MD_VMCS_16(TDX_VMCS_NOTIFICATION_VECTOR),
				POSTED_INTR_VECTOR, U16_MAX);
	if (!tdx_status_failed(status))
		status = tdx_vp_write64(vp, TDX_MD_VMCS_64(TDX_VMCS_PI_DESCRIPTOR),
					__pa(&to_vmx(vcpu)->pi_desc), U64_MAX);
	if (!tdx_status_failed(status))
		status = tdx_vp_write32(vp, TDX_MD_VMCS_32(TDX_VMCS_PIN_CONTROLS),
					TDX_PIN_CONTROLS_POSTED_INTERRUPTS,
					TDX_PIN_CONTROLS_POSTED_INTERRUPTS);
	return tdx_status_failed(status) ? tdx_kill_vm(vcpu->kvm, "TDH.VP.WR", status) : 0;
}

/* As user space wanted for this VM: KVM_CAP_X86_BUS_LOCK_EXIT, KVM_CAP_X86_NOTIFY_VMEXIT. */
static int enable_optional_exits(struct kvm_vcpu *vcpu)
{
	struct kvm_arch *arch = &vcpu->kvm->arch;
	struct tdx_vp *vp = &to_tdx(vcpu)->vp;
	u64 status = TDX_SUCCESS;
	u32 controls = 0;

	if (arch->bus_lock_detection_enabled)
		controls |= TDX_SECONDARY_CONTROLS_BUS_LOCK;
	if (arch->notify_vmexit_flags & KVM_X86_NOTIFY_VMEXIT_ENABLED) {
		controls |= TDX_SECONDARY_CONTROLS_NOTIFY;
		status = tdx_vp_write32(vp, TDX_MD_VMCS_32(TDX_VMCS_INSTRUCTION_TIMEOUT),
					arch->notify_window, U32_MAX);
	}
	if (controls && !tdx_status_failed(status))
		status = tdx_vp_write32(vp, TDX_MD_VMCS_32(TDX_VMCS_SECONDARY_CONTROLS),
					controls, controls);
	return tdx_status_failed(status) ? tdx_kill_vm(vcpu->kvm, "TDH.VP.WR", status) : 0;
}

/* TDs only support x2APIC.  Fails if the vCPU's CPUID does not have it. */
static int enter_x2apic_mode(struct kvm_vcpu *vcpu)
{
	struct msr_data apic_base = {
		.host_initiated = true,
		.index = MSR_IA32_APICBASE,
		.data = APIC_DEFAULT_PHYS_BASE | LAPIC_MODE_X2APIC |
			(kvm_vcpu_is_reset_bsp(vcpu) ? MSR_IA32_APICBASE_BSP : 0),
	};

	return kvm_set_apic_base(vcpu, &apic_base) ? -EINVAL : 0;
}

/**
 * tdx_init_vcpu - KVM_TDX_INIT_VCPU
 * @vcpu: a vCPU of a TD in the state INIT
 * @cmd: its data is the initial value of the guest's RCX and R8
 *
 * Context: With all locks of the VM; the vCPU is loaded.
 * Return: 0, -EINVAL: flags are not 0, it was done before, or the vCPU's CPUID has no
 *	   x2APIC; -ENOMEM, or -EIO, and then the VM is dead.
 */
int tdx_init_vcpu(struct kvm_vcpu *vcpu, const struct kvm_tdx_cmd *cmd)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	int ret;

	if (cmd->flags || tdx->initialized)
		return -EINVAL;

	ret = enter_x2apic_mode(vcpu);
	if (!ret)
		ret = create_vp(vcpu);
	if (!ret)
		ret = init_vp(vcpu, cmd->data);
	if (!ret)
		ret = enable_posted_interrupts(vcpu);
	if (!ret)
		ret = enable_optional_exits(vcpu);
	if (!ret)
		WRITE_ONCE(tdx->initialized, true);
	return ret;
}
