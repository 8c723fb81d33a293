/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations of VMX that differ for a TD: tdx/ops.c chooses between the two.  Others
 * that it needs are in vmx.h.
 */
#ifndef __KVM_X86_VMX_X86_OPS_H
#define __KVM_X86_VMX_X86_OPS_H

#include <linux/kvm_host.h>

void vmx_hardware_disable(void);
bool vmx_has_emulated_msr(struct kvm *kvm, u32 index);

int vmx_vm_init(struct kvm *kvm);
void vmx_vm_destroy(struct kvm *kvm);
int vmx_set_tss_addr(struct kvm *kvm, unsigned int addr);
int vmx_set_identity_map_addr(struct kvm *kvm, u64 ident_addr);

int vmx_vcpu_precreate(struct kvm *kvm);
int vmx_vcpu_create(struct kvm_vcpu *vcpu);
void vmx_vcpu_free(struct kvm_vcpu *vcpu);
void vmx_vcpu_reset(struct kvm_vcpu *vcpu, bool init_event);
void vmx_vcpu_load(struct kvm_vcpu *vcpu, int cpu);
void vmx_vcpu_put(struct kvm_vcpu *vcpu);
int vmx_vcpu_pre_run(struct kvm_vcpu *vcpu);
fastpath_t vmx_vcpu_run(struct kvm_vcpu *vcpu, u64 run_flags);
int vmx_handle_exit(struct kvm_vcpu *vcpu, fastpath_t exit_fastpath);
void vmx_vcpu_after_set_cpuid(struct kvm_vcpu *vcpu);

int vmx_get_msr(struct kvm_vcpu *vcpu, struct msr_data *msr_info);
int vmx_set_msr(struct kvm_vcpu *vcpu, struct msr_data *msr_info);
void vmx_msr_filter_changed(struct kvm_vcpu *vcpu);
bool vmx_can_emulate_instruction(struct kvm_vcpu *vcpu, int emul_type,
				 void *insn, int insn_len);
int vmx_skip_emulated_instruction(struct kvm_vcpu *vcpu);
void vmx_set_dr7(struct kvm_vcpu *vcpu, unsigned long val);
bool vmx_get_if_flag(struct kvm_vcpu *vcpu);

void vmx_load_mmu_pgd(struct kvm_vcpu *vcpu, hpa_t root_hpa, int root_level);
void vmx_flush_tlb_current(struct kvm_vcpu *vcpu);
u8 vmx_get_mt_mask(struct kvm_vcpu *vcpu, gfn_t gfn, bool is_mmio);

void vmx_hwapic_irr_update(struct kvm_vcpu *vcpu, int max_irr);
void vmx_hwapic_isr_update(struct kvm_vcpu *vcpu, int max_isr);
int vmx_sync_pir_to_irr(struct kvm_vcpu *vcpu);
int vmx_interrupt_allowed(struct kvm_vcpu *vcpu, bool for_injection);
int vmx_nmi_allowed(struct kvm_vcpu *vcpu, bool for_injection);
int vmx_smi_allowed(struct kvm_vcpu *vcpu, bool for_injection);
void vmx_enable_irq_window(struct kvm_vcpu *vcpu);
void vmx_inject_irq(struct kvm_vcpu *vcpu, bool reinjected);
void vmx_inject_nmi(struct kvm_vcpu *vcpu);
void vmx_inject_exception(struct kvm_vcpu *vcpu);
void vmx_cancel_injection(struct kvm_vcpu *vcpu);
void vmx_load_eoi_exitmap(struct kvm_vcpu *vcpu, u64 *eoi_exit_bitmap);
void vmx_set_apic_access_page_addr(struct kvm_vcpu *vcpu);
bool vmx_apic_init_signal_blocked(struct kvm_vcpu *vcpu);
#ifdef CONFIG_X86_64
int vmx_set_hv_timer(struct kvm_vcpu *vcpu, u64 guest_deadline_tsc,
		     bool *expired);
#endif

#endif /* __KVM_X86_VMX_X86_OPS_H */
