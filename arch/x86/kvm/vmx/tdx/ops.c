// SPDX-License-Identifier: GPL-2.0-only
/*
 * TD or VMX: KVM's operations that differ for a TD.
 *
 * They replace those of VMX only if TDs can be created.  KVM calls them by static calls,
 * and they call VMX's by name, so that ordinary VMs pay for no indirect call.  Operations
 * that are not replaced do not access a VMCS, or are not reached by a vCPU of a TD.
 */
#include <linux/kvm_host.h>

#include "../../x86.h"
#include "../x86_ops.h"
#include "sept.h"
#include "tdx.h"

static void vt_hardware_disable(void)
{
	tdx_flush_cpu();
	vmx_hardware_disable();
}

static bool vt_has_emulated_msr(struct kvm *kvm, u32 index)
{
	if (kvm && is_td(kvm))
		return tdx_has_emulated_msr(index);
	return vmx_has_emulated_msr(kvm, index);
}

static int vt_vm_init(struct kvm *kvm)
{
	if (is_td(kvm))
		return tdx_vm_init(kvm);
	return vmx_vm_init(kvm);
}

static int vt_vm_post_init(struct kvm *kvm)
{
	if (is_td(kvm))
		return tdx_vm_post_init(kvm);
	return 0;
}

static void vt_vm_destroy(struct kvm *kvm)
{
	if (is_td(kvm))
		tdx_release_keyid(kvm);
	else
		vmx_vm_destroy(kvm);
}

static void vt_vm_free(struct kvm *kvm)
{
	if (is_td(kvm))
		tdx_vm_free(kvm);
}

static int vt_set_tss_addr(struct kvm *kvm, unsigned int addr)
{
	if (is_td(kvm))
		return 0;
	return vmx_set_tss_addr(kvm, addr);
}

static int vt_set_identity_map_addr(struct kvm *kvm, u64 ident_addr)
{
	if (is_td(kvm))
		return 0;
	return vmx_set_identity_map_addr(kvm, ident_addr);
}

static int vt_vcpu_precreate(struct kvm *kvm)
{
	if (is_td(kvm))
		return tdx_vcpu_precreate(kvm);
	return vmx_vcpu_precreate(kvm);
}

static int vt_vcpu_create(struct kvm_vcpu *vcpu)
{
	if (is_td_vcpu(vcpu))
		return tdx_vcpu_create(vcpu);
	return vmx_vcpu_create(vcpu);
}

static void vt_vcpu_free(struct kvm_vcpu *vcpu)
{
	if (is_td_vcpu(vcpu))
		tdx_vcpu_free(vcpu);
	else
		vmx_vcpu_free(vcpu);
}

static void vt_vcpu_reset(struct kvm_vcpu *vcpu, bool init_event)
{
	if (is_td_vcpu(vcpu))
		tdx_vcpu_reset(vcpu, init_event);
	else
		vmx_vcpu_reset(vcpu, init_event);
}

static void vt_vcpu_load(struct kvm_vcpu *vcpu, int cpu)
{
	if (is_td_vcpu(vcpu))
		tdx_vcpu_load(vcpu, cpu);
	else
		vmx_vcpu_load(vcpu, cpu);
}

static void vt_vcpu_put(struct kvm_vcpu *vcpu)
{
	if (is_td_vcpu(vcpu))
		tdx_vcpu_put(vcpu);
	else
		vmx_vcpu_put(vcpu);
}

static void vt_prepare_switch_to_guest(struct kvm_vcpu *vcpu)
{
	if (is_td_vcpu(vcpu))
		tdx_prepare_switch_to_guest(vcpu);
	else
		vmx_prepare_switch_to_guest(vcpu);
}

static int vt_vcpu_pre_run(struct kvm_vcpu *vcpu)
{
	if (is_td_vcpu(vcpu))
		return tdx_vcpu_pre_run(vcpu);
	return vmx_vcpu_pre_run(vcpu);
}

static fastpath_t vt_vcpu_run(struct kvm_vcpu *vcpu, u64 run_flags)
{
	if (is_td_vcpu(vcpu))
		return tdx_vcpu_run(vcpu, run_flags);
	return vmx_vcpu_run(vcpu, run_flags);
}

static int vt_handle_exit(struct kvm_vcpu *vcpu, fastpath_t fastpath)
{
	if (is_td_vcpu(vcpu))
		return tdx_handle_exit(vcpu, fastpath);
	return vmx_handle_exit(vcpu, fastpath);
}

static void vt_vcpu_after_set_cpuid(struct kvm_vcpu *vcpu)
{
	if (!is_td_vcpu(vcpu))
		vmx_vcpu_after_set_cpuid(vcpu);
}

static int vt_get_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	if (is_td_vcpu(vcpu))
		return tdx_get_msr(vcpu, msr);
	return vmx_get_msr(vcpu, msr);
}

static int vt_set_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	if (is_td_vcpu(vcpu))
		return tdx_set_msr(vcpu, msr);
	return vmx_set_msr(vcpu, msr);
}

static int vt_complete_emulated_msr(struct kvm_vcpu *vcpu, int err)
{
	if (is_td_vcpu(vcpu))
		return tdx_complete_emulated_msr(vcpu, err);
	return kvm_complete_insn_gp(vcpu, err);
}

static void vt_msr_filter_changed(struct kvm_vcpu *vcpu)
{
	if (!is_td_vcpu(vcpu))
		vmx_msr_filter_changed(vcpu);
}

/* KVM cannot read instructions of a TD, and does not have to skip them. */

static bool vt_can_emulate_instruction(struct kvm_vcpu *vcpu, int emul_type, void *insn,
				       int insn_len)
{
	if (is_td_vcpu(vcpu))
		return false;
	return vmx_can_emulate_instruction(vcpu, emul_type, insn, insn_len);
}

static int vt_skip_emulated_instruction(struct kvm_vcpu *vcpu)
{
	if (is_td_vcpu(vcpu))
		return 1;
	return vmx_skip_emulated_instruction(vcpu);
}

/* Hypercalls of a TD are not checked: it is up to the guest who makes them. */
static int vt_get_cpl(struct kvm_vcpu *vcpu)
{
	if (is_td_vcpu(vcpu))
		return 0;
	return vmx_get_cpl(vcpu);
}

/* The registers of a TD are protected; these only store the values of KVM's reset. */

static void vt_set_cr0(struct kvm_vcpu *vcpu, unsigned long cr0)
{
	if (is_td_vcpu(vcpu))
		vcpu->arch.cr0 = cr0;
	else
		vmx_set_cr0(vcpu, cr0);
}

static void vt_set_cr4(struct kvm_vcpu *vcpu, unsigned long cr4)
{
	if (is_td_vcpu(vcpu))
		vcpu->arch.cr4 = cr4;
	else
		vmx_set_cr4(vcpu, cr4);
}

static int vt_set_efer(struct kvm_vcpu *vcpu, u64 efer)
{
	if (!is_td_vcpu(vcpu))
		return vmx_set_efer(vcpu, efer);
	vcpu->arch.efer = efer;
	return 0;
}

static void vt_set_dr7(struct kvm_vcpu *vcpu, unsigned long val)
{
	if (!is_td_vcpu(vcpu))
		vmx_set_dr7(vcpu, val);
}

static unsigned long vt_get_rflags(struct kvm_vcpu *vcpu)
{
	if (is_td_vcpu(vcpu))
		return 0;
	return vmx_get_rflags(vcpu);
}

static void vt_set_rflags(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	if (!is_td_vcpu(vcpu))
		vmx_set_rflags(vcpu, rflags);
}

static bool vt_get_if_flag(struct kvm_vcpu *vcpu)
{
	if (is_td_vcpu(vcpu))
		return false;
	return vmx_get_if_flag(vcpu);
}

static void vt_update_exception_bitmap(struct kvm_vcpu *vcpu)
{
	if (!is_td_vcpu(vcpu))
		vmx_update_exception_bitmap(vcpu);
}

static u32 vt_get_interrupt_shadow(struct kvm_vcpu *vcpu)
{
	if (is_td_vcpu(vcpu))
		return 0;
	return vmx_get_interrupt_shadow(vcpu);
}

static void vt_set_interrupt_shadow(struct kvm_vcpu *vcpu, int mask)
{
	if (!is_td_vcpu(vcpu))
		vmx_set_interrupt_shadow(vcpu, mask);
}

static bool vt_get_nmi_mask(struct kvm_vcpu *vcpu)
{
	if (is_td_vcpu(vcpu))
		return false;
	return vmx_get_nmi_mask(vcpu);
}

static void vt_set_nmi_mask(struct kvm_vcpu *vcpu, bool masked)
{
	if (!is_td_vcpu(vcpu))
		vmx_set_nmi_mask(vcpu, masked);
}

static void vt_load_mmu_pgd(struct kvm_vcpu *vcpu, hpa_t root_hpa, int root_level)
{
	if (is_td_vcpu(vcpu))
		tdx_load_mmu_pgd(vcpu, root_hpa);
	else
		vmx_load_mmu_pgd(vcpu, root_hpa, root_level);
}

/* The EPTP of a TD belongs to the module, so that KVM cannot flush this context alone. */
static void vt_flush_tlb_current(struct kvm_vcpu *vcpu)
{
	if (is_td_vcpu(vcpu))
		ept_sync_global();
	else
		vmx_flush_tlb_current(vcpu);
}

static u8 vt_get_mt_mask(struct kvm_vcpu *vcpu, gfn_t gfn, bool is_mmio)
{
	if (is_td_vcpu(vcpu))
		return tdx_get_mt_mask(is_mmio);
	return vmx_get_mt_mask(vcpu, gfn, is_mmio);
}

/* Writes to the shared half are logged by write protection. */
static void vt_update_cpu_dirty_logging(struct kvm_vcpu *vcpu)
{
	if (!is_td_vcpu(vcpu))
		vmx_update_cpu_dirty_logging(vcpu);
}

/* Interrupts and NMIs are delivered by the module. */

static int vt_interrupt_allowed(struct kvm_vcpu *vcpu, bool for_injection)
{
	if (is_td_vcpu(vcpu))
		return tdx_interrupt_allowed(vcpu);
	return vmx_interrupt_allowed(vcpu, for_injection);
}

static void vt_enable_irq_window(struct kvm_vcpu *vcpu)
{
	if (!is_td_vcpu(vcpu))
		vmx_enable_irq_window(vcpu);
}

static void vt_inject_irq(struct kvm_vcpu *vcpu, bool reinjected)
{
	if (!is_td_vcpu(vcpu))
		vmx_inject_irq(vcpu, reinjected);
}

static void vt_inject_exception(struct kvm_vcpu *vcpu)
{
	if (!is_td_vcpu(vcpu))
		vmx_inject_exception(vcpu);
}

static void vt_cancel_injection(struct kvm_vcpu *vcpu)
{
	if (!is_td_vcpu(vcpu))
		vmx_cancel_injection(vcpu);
}

static void vt_inject_nmi(struct kvm_vcpu *vcpu)
{
	if (is_td_vcpu(vcpu))
		tdx_inject_nmi(vcpu);
	else
		vmx_inject_nmi(vcpu);
}

static int vt_nmi_allowed(struct kvm_vcpu *vcpu, bool for_injection)
{
	if (is_td_vcpu(vcpu))
		return true;
	return vmx_nmi_allowed(vcpu, for_injection);
}

/* TDs have no SMM, but a guest can send an SMI. */
static int vt_smi_allowed(struct kvm_vcpu *vcpu, bool for_injection)
{
	if (is_td_vcpu(vcpu))
		return false;
	return vmx_smi_allowed(vcpu, for_injection);
}

static int vt_sync_pir_to_irr(struct kvm_vcpu *vcpu)
{
	if (is_td_vcpu(vcpu))
		return tdx_sync_pir_to_irr(vcpu);
	return vmx_sync_pir_to_irr(vcpu);
}

static void vt_hwapic_irr_update(struct kvm_vcpu *vcpu, int max_irr)
{
	if (!is_td_vcpu(vcpu))
		vmx_hwapic_irr_update(vcpu, max_irr);
}

static void vt_hwapic_isr_update(struct kvm_vcpu *vcpu, int max_isr)
{
	if (!is_td_vcpu(vcpu))
		vmx_hwapic_isr_update(vcpu, max_isr);
}

static void vt_load_eoi_exitmap(struct kvm_vcpu *vcpu, u64 *eoi_exit_bitmap)
{
	if (!is_td_vcpu(vcpu))
		vmx_load_eoi_exitmap(vcpu, eoi_exit_bitmap);
}

static void vt_set_apic_access_page_addr(struct kvm_vcpu *vcpu)
{
	if (!is_td_vcpu(vcpu))
		vmx_set_apic_access_page_addr(vcpu);
}

/* A TD always uses the virtual APIC of the CPU. */
static void vt_refresh_apicv_exec_ctrl(struct kvm_vcpu *vcpu)
{
	if (is_td_vcpu(vcpu))
		KVM_BUG_ON(!kvm_vcpu_apicv_active(vcpu), vcpu->kvm);
	else
		vmx_refresh_apicv_exec_ctrl(vcpu);
}

static void vt_set_virtual_apic_mode(struct kvm_vcpu *vcpu)
{
	if (!is_td_vcpu(vcpu))
		vmx_set_virtual_apic_mode(vcpu);
}

static bool vt_apic_init_signal_blocked(struct kvm_vcpu *vcpu)
{
	if (is_td_vcpu(vcpu))
		return true;
	return vmx_apic_init_signal_blocked(vcpu);
}

/* KVM cannot use the VMX-preemption timer of a TD: it uses a host timer. */
static int vt_set_hv_timer(struct kvm_vcpu *vcpu, u64 guest_deadline_tsc, bool *expired)
{
	if (is_td_vcpu(vcpu))
		return -EIO;
	return vmx_set_hv_timer(vcpu, guest_deadline_tsc, expired);
}

static int vt_mem_enc_ioctl(struct kvm *kvm, void __user *argp)
{
	/* As for an ordinary VM on a CPU without memory encryption. */
	if (!is_td(kvm))
		return -ENOTTY;
	return tdx_vm_mem_enc_ioctl(kvm, argp);
}

static int vt_vcpu_mem_enc_ioctl(struct kvm_vcpu *vcpu, void __user *argp)
{
	if (!is_td_vcpu(vcpu))
		return -EINVAL;
	return tdx_vcpu_mem_enc_ioctl(vcpu, argp);
}

static int vt_vcpu_async_ioctl(struct kvm_vcpu *vcpu, unsigned int ioctl, void __user *argp)
{
	if (!is_td_vcpu(vcpu))
		return -ENOIOCTLCMD;
	return tdx_vcpu_async_ioctl(vcpu, ioctl, argp);
}

static int vt_vm_ioctl(struct kvm *kvm, unsigned int ioctl, unsigned long arg)
{
	if (!is_td(kvm))
		return -ENOIOCTLCMD;
	return tdx_vm_ioctl(kvm, ioctl, arg);
}

static int vt_vm_enable_cap(struct kvm *kvm, struct kvm_enable_cap *cap)
{
	if (!is_td(kvm))
		return -ENOIOCTLCMD;
	return tdx_vm_enable_cap(kvm, cap);
}

static int vt_vm_check_extension(struct kvm *kvm, long ext)
{
	if (!is_td(kvm))
		return -ENOIOCTLCMD;
	return tdx_vm_check_extension(kvm, ext);
}

static void __init replace_vm_ops(struct kvm_x86_ops *ops)
{
	ops->hardware_disable = vt_hardware_disable;
	ops->has_emulated_msr = vt_has_emulated_msr;

	ops->vm_size = max_t(unsigned int, ops->vm_size, sizeof(struct kvm_tdx));
	ops->vm_init = vt_vm_init;
	ops->vm_post_init = vt_vm_post_init;
	ops->vm_destroy = vt_vm_destroy;
	ops->vm_free = vt_vm_free;
	ops->set_tss_addr = vt_set_tss_addr;
	ops->set_identity_map_addr = vt_set_identity_map_addr;

	/* Only TDs have a private MMU. */
	ops->map_private = tdx_map_private;
	ops->zap_private = tdx_zap_private;

	ops->mem_enc_ioctl = vt_mem_enc_ioctl;
	ops->vcpu_mem_enc_ioctl = vt_vcpu_mem_enc_ioctl;
	ops->vcpu_async_ioctl = vt_vcpu_async_ioctl;
	ops->vm_ioctl = vt_vm_ioctl;
	ops->vm_enable_cap = vt_vm_enable_cap;
	ops->vm_check_extension = vt_vm_check_extension;
}

static void __init replace_vcpu_ops(struct kvm_x86_ops *ops)
{
	ops->vcpu_precreate = vt_vcpu_precreate;
	ops->vcpu_create = vt_vcpu_create;
	ops->vcpu_free = vt_vcpu_free;
	ops->vcpu_reset = vt_vcpu_reset;
	ops->vcpu_load = vt_vcpu_load;
	ops->vcpu_put = vt_vcpu_put;
	ops->prepare_switch_to_guest = vt_prepare_switch_to_guest;
	ops->vcpu_pre_run = vt_vcpu_pre_run;
	ops->vcpu_run = vt_vcpu_run;
	ops->handle_exit = vt_handle_exit;
	ops->vcpu_after_set_cpuid = vt_vcpu_after_set_cpuid;

	ops->get_msr = vt_get_msr;
	ops->set_msr = vt_set_msr;
	ops->complete_emulated_msr = vt_complete_emulated_msr;
	ops->msr_filter_changed = vt_msr_filter_changed;
	ops->can_emulate_instruction = vt_can_emulate_instruction;
	ops->skip_emulated_instruction = vt_skip_emulated_instruction;

	ops->get_cpl = vt_get_cpl;
	ops->set_cr0 = vt_set_cr0;
	ops->set_cr4 = vt_set_cr4;
	ops->set_efer = vt_set_efer;
	ops->set_dr7 = vt_set_dr7;
	ops->get_rflags = vt_get_rflags;
	ops->set_rflags = vt_set_rflags;
	ops->get_if_flag = vt_get_if_flag;
	ops->update_exception_bitmap = vt_update_exception_bitmap;
}

static void __init replace_mmu_ops(struct kvm_x86_ops *ops)
{
	ops->load_mmu_pgd = vt_load_mmu_pgd;
	ops->flush_tlb_current = vt_flush_tlb_current;
	ops->get_mt_mask = vt_get_mt_mask;
	ops->update_cpu_dirty_logging = vt_update_cpu_dirty_logging;
}

static void __init replace_interrupt_ops(struct kvm_x86_ops *ops)
{
	ops->get_interrupt_shadow = vt_get_interrupt_shadow;
	ops->set_interrupt_shadow = vt_set_interrupt_shadow;
	ops->get_nmi_mask = vt_get_nmi_mask;
	ops->set_nmi_mask = vt_set_nmi_mask;
	ops->interrupt_allowed = vt_interrupt_allowed;
	ops->nmi_allowed = vt_nmi_allowed;
	ops->smi_allowed = vt_smi_allowed;
	ops->enable_irq_window = vt_enable_irq_window;
	ops->inject_irq = vt_inject_irq;
	ops->inject_nmi = vt_inject_nmi;
	ops->inject_exception = vt_inject_exception;
	ops->cancel_injection = vt_cancel_injection;
}

static void __init replace_apic_ops(struct kvm_x86_ops *ops)
{
	ops->sync_pir_to_irr = vt_sync_pir_to_irr;
	ops->hwapic_irr_update = vt_hwapic_irr_update;
	ops->hwapic_isr_update = vt_hwapic_isr_update;
	ops->load_eoi_exitmap = vt_load_eoi_exitmap;
	ops->set_apic_access_page_addr = vt_set_apic_access_page_addr;
	ops->refresh_apicv_exec_ctrl = vt_refresh_apicv_exec_ctrl;
	ops->set_virtual_apic_mode = vt_set_virtual_apic_mode;
	ops->apic_init_signal_blocked = vt_apic_init_signal_blocked;

	/* It is not set if KVM does not use the VMX-preemption timer. */
	if (ops->set_hv_timer)
		ops->set_hv_timer = vt_set_hv_timer;
}

/**
 * tdx_replace_ops - replace the operations that differ for TDs
 * @ops: VMX's operations, otherwise complete, with APICv
 *
 * Context: While kvm_intel is loaded, before @ops are used.
 */
void __init tdx_replace_ops(struct kvm_x86_ops *ops)
{
	replace_vm_ops(ops);
	replace_vcpu_ops(ops);
	replace_mmu_ops(ops);
	replace_interrupt_ops(ops);
	replace_apic_ops(ops);
}
