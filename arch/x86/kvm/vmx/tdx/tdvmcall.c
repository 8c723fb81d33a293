// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDG.VP.VMCALL: requests of the guest, which are answered by KVM or by user space.
 *
 * Registers that are not in the mask of the request are 0, and the guest does not get an
 * answer there.  The status in R10 is success unless it is changed, because it was 0.
 */
#include <linux/errno.h>
#include <linux/kvm_host.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include <asm/kvm_para.h>
#include <asm/kvm_vcpu_regs.h>
#include <asm/tdx_ghci.h>

#include "../../cpuid.h"
#include "../../kvm_cache_regs.h"
#include "../../mmu.h"
#include "../../trace.h"
#include "../../x86.h"
#include "tdx.h"

/* Of one KVM_HC_MAP_GPA_RANGE, so that interrupts are not delayed */
#define MAP_GPA_CHUNK		SZ_2M

/* Width of I/O ports */
#define MAX_PORT		0xffff

static u64 *reg(struct kvm_vcpu *vcpu, unsigned int nr)
{
	return &to_tdx(vcpu)->vmcall[nr];
}

#define r10(vcpu)	(*reg(vcpu, __VCPU_REGS_R10))
#define r11(vcpu)	(*reg(vcpu, __VCPU_REGS_R11))
#define r12(vcpu)	(*reg(vcpu, __VCPU_REGS_R12))
#define r13(vcpu)	(*reg(vcpu, __VCPU_REGS_R13))
#define r14(vcpu)	(*reg(vcpu, __VCPU_REGS_R14))
#define r15(vcpu)	(*reg(vcpu, __VCPU_REGS_R15))

static int finish(struct kvm_vcpu *vcpu, u64 status)
{
	r10(vcpu) = status;
	return 1;
}

static int invalid(struct kvm_vcpu *vcpu)
{
	return finish(vcpu, TDX_VMCALL_INVALID_OPERAND);
}

/* Does a range have no end, or one beyond the width of guest physical addresses? */
static bool is_outside(struct kvm_vcpu *vcpu, u64 gpa, u64 size)
{
	u64 limit = BIT_ULL(to_kvm_tdx(vcpu->kvm)->gpaw_bits);

	return !size || gpa >= limit || size > limit - gpa;
}

static bool is_shared(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	return kvm_gpa_is_shared(vcpu->kvm, gpa);
}

static gpa_t without_shared(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	return kvm_gpa_without_shared(vcpu->kvm, gpa);
}

/* Instructions of the guest, which cause #VE */

static int handle_cpuid(struct kvm_vcpu *vcpu)
{
	u32 eax = r12(vcpu), ebx, ecx = r13(vcpu), edx;

	kvm_cpuid(vcpu, &eax, &ebx, &ecx, &edx, false);
	r12(vcpu) = eax;
	r13(vcpu) = ebx;
	r14(vcpu) = ecx;
	r15(vcpu) = edx;
	return 1;
}

/* An interrupt may be pending where KVM would not see it later. */
static int handle_hlt(struct kvm_vcpu *vcpu)
{
	if (tdx_interrupt_allowed(vcpu) && tdx_has_virtual_interrupt(vcpu))
		return 1;
	return kvm_emulate_halt_noskip(vcpu);
}

static int complete_io_in(struct kvm_vcpu *vcpu)
{
	r11(vcpu) = 0;
	memcpy(&r11(vcpu), vcpu->arch.pio_data, vcpu->arch.pio.size);
	vcpu->arch.pio.count = 0;
	return 1;
}

static int handle_io_in(struct kvm_vcpu *vcpu, unsigned int size, u16 port)
{
	kvm_rax_write(vcpu, 0);
	if (!kvm_fast_pio(vcpu, size, port, true)) {
		vcpu->arch.complete_userspace_io = complete_io_in;
		return 0;
	}
	r11(vcpu) = kvm_rax_read(vcpu);
	return 1;
}

static int handle_io(struct kvm_vcpu *vcpu)
{
	u64 size = r12(vcpu), write = r13(vcpu), port = r14(vcpu);

	if ((size != 1 && size != 2 && size != 4) || write > 1 || port > MAX_PORT)
		return invalid(vcpu);
	if (!write)
		return handle_io_in(vcpu, size, port);

	kvm_rax_write(vcpu, r15(vcpu));
	return kvm_fast_pio(vcpu, size, port, false);
}

/* Called when an MSR was accessed, possibly by user space. */
int tdx_complete_emulated_msr(struct kvm_vcpu *vcpu, int err)
{
	if (err)
		return invalid(vcpu);
	if (to_tdx(vcpu)->vmcall_function == TDX_VMCALL_RDMSR)
		r11(vcpu) = kvm_read_edx_eax(vcpu);
	return 1;
}

static int handle_rdmsr(struct kvm_vcpu *vcpu)
{
	if (r12(vcpu) > U32_MAX)
		return invalid(vcpu);

	kvm_rcx_write(vcpu, r12(vcpu));
	return kvm_emulate_rdmsr(vcpu);
}

static int handle_wrmsr(struct kvm_vcpu *vcpu)
{
	if (r12(vcpu) > U32_MAX)
		return invalid(vcpu);

	kvm_rcx_write(vcpu, r12(vcpu));
	kvm_rax_write(vcpu, lower_32_bits(r13(vcpu)));
	kvm_rdx_write(vcpu, upper_32_bits(r13(vcpu)));
	return kvm_emulate_wrmsr(vcpu);
}

static int handle_mmio_write(struct kvm_vcpu *vcpu, gpa_t gpa, unsigned int size)
{
	if (!kvm_io_bus_write(vcpu, KVM_FAST_MMIO_BUS, gpa, 0, NULL)) {
		trace_kvm_fast_mmio(gpa);
		return 1;
	}

	/* User space may change what is written. */
	kvm_rax_write(vcpu, r15(vcpu));
	return kvm_sev_es_mmio_write(vcpu, gpa, size, &vcpu->arch.regs[VCPU_REGS_RAX]);
}

static int handle_mmio_read(struct kvm_vcpu *vcpu, gpa_t gpa, unsigned int size)
{
	/* User space writes to it, too, when KVM_RUN is called again. */
	r11(vcpu) = 0;
	return kvm_sev_es_mmio_read(vcpu, gpa, size, &r11(vcpu));
}

static int handle_mmio(struct kvm_vcpu *vcpu)
{
	u64 size = r12(vcpu), write = r13(vcpu), gpa = r14(vcpu);

	if ((size != 1 && size != 2 && size != 4 && size != 8) || write > 1)
		return invalid(vcpu);
	if (is_outside(vcpu, gpa, size) || !is_shared(vcpu, gpa))
		return invalid(vcpu);

	gpa = without_shared(vcpu, gpa);
	return write ? handle_mmio_write(vcpu, gpa, size) : handle_mmio_read(vcpu, gpa, size);
}

/* Requests that user space answers */

static struct kvm_tdx_exit *prepare_exit(struct kvm_vcpu *vcpu,
					 int (*complete)(struct kvm_vcpu *vcpu))
{
	struct kvm_tdx_exit *exit = &vcpu->run->tdx;

	vcpu->run->exit_reason = KVM_EXIT_TDX;
	memset(exit, 0, sizeof(*exit));
	exit->nr = to_tdx(vcpu)->vmcall_function;
	vcpu->arch.complete_userspace_io = complete;
	return exit;
}

static int complete_status(struct kvm_vcpu *vcpu)
{
	/* All members of the union begin with it. */
	return finish(vcpu, vcpu->run->tdx.unknown.ret);
}

static int complete_tdvmcall_info(struct kvm_vcpu *vcpu)
{
	const struct kvm_tdx_exit *exit = &vcpu->run->tdx;

	r11(vcpu) = exit->get_tdvmcall_info.r11;
	r12(vcpu) = exit->get_tdvmcall_info.r12;
	r13(vcpu) = exit->get_tdvmcall_info.r13;
	r14(vcpu) = exit->get_tdvmcall_info.r14;
	return complete_status(vcpu);
}

static int handle_get_tdvmcall_info(struct kvm_vcpu *vcpu)
{
	switch (r12(vcpu)) {
	case TDX_VMCALL_INFO_BASE:
		r11(vcpu) = 0;
		r12(vcpu) = 0;
		r13(vcpu) = 0;
		r14(vcpu) = 0;
		return 1;
	case TDX_VMCALL_INFO_MORE:
		prepare_exit(vcpu, complete_tdvmcall_info)->get_tdvmcall_info.leaf = r12(vcpu);
		return 0;
	default:
		return invalid(vcpu);
	}
}

static int handle_get_quote(struct kvm_vcpu *vcpu)
{
	u64 gpa = r12(vcpu), size = r13(vcpu);
	struct kvm_tdx_exit *exit;

	/* User space checks the rest. */
	if (!is_shared(vcpu, gpa))
		return invalid(vcpu);

	exit = prepare_exit(vcpu, complete_status);
	exit->get_quote.ret = TDX_VMCALL_SUBFUNC_UNSUPPORTED;
	exit->get_quote.gpa = without_shared(vcpu, gpa);
	exit->get_quote.size = size;
	return 0;
}

static int handle_setup_event_notify_interrupt(struct kvm_vcpu *vcpu)
{
	u64 vector = r12(vcpu);
	struct kvm_tdx_exit *exit;

	if (vector < TDX_VMCALL_MIN_VECTOR || vector > TDX_VMCALL_MAX_VECTOR)
		return invalid(vcpu);

	exit = prepare_exit(vcpu, complete_status);
	exit->setup_event_notify.ret = TDX_VMCALL_SUBFUNC_UNSUPPORTED;
	exit->setup_event_notify.vector = vector;
	return 0;
}

/* User space gets all registers, by their numbers, with the status instead of RAX. */
static int handle_report_fatal_error(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	struct kvm_run *run = vcpu->run;

	BUILD_BUG_ON(ARRAY_SIZE(run->system_event.data) != TDX_NR_REGS);

	run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
	run->system_event.type = KVM_SYSTEM_EVENT_TDX_FATAL;
	run->system_event.ndata = TDX_NR_REGS;
	memcpy(run->system_event.data, tdx->vmcall, sizeof(tdx->vmcall));
	run->system_event.data[__VCPU_REGS_RAX] = tdx->status;
	run->system_event.data[__VCPU_REGS_RSP] = 0;
	run->system_event.data[__VCPU_REGS_RBP] = 0;
	return 0;
}

/* Private memory that the guest wants to share, or vice versa */

static int fail_map_gpa(struct kvm_vcpu *vcpu, u64 status)
{
	r11(vcpu) = to_tdx(vcpu)->map_gpa.next;
	return finish(vcpu, status);
}

static u64 chunk_size(struct vcpu_tdx *tdx)
{
	return min_t(u64, tdx->map_gpa.end - tdx->map_gpa.next, MAP_GPA_CHUNK);
}

static int complete_map_gpa(struct kvm_vcpu *vcpu);

static int map_chunk(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);
	gpa_t gpa = tdx->map_gpa.next;
	struct kvm_run *run = vcpu->run;

	run->exit_reason = KVM_EXIT_HYPERCALL;
	memset(&run->hypercall, 0, sizeof(run->hypercall));
	run->hypercall.nr = KVM_HC_MAP_GPA_RANGE;
	run->hypercall.args[0] = without_shared(vcpu, gpa);
	run->hypercall.args[1] = chunk_size(tdx) >> PAGE_SHIFT;
	run->hypercall.args[2] = is_shared(vcpu, gpa) ? KVM_MAP_GPA_RANGE_DECRYPTED :
							KVM_MAP_GPA_RANGE_ENCRYPTED;
	run->hypercall.longmode = 1;
	vcpu->arch.complete_userspace_io = complete_map_gpa;
	return 0;
}

static bool has_event(struct kvm_vcpu *vcpu)
{
	return pi_has_pending_interrupt(vcpu) || kvm_test_request(KVM_REQ_NMI, vcpu) ||
	       kvm_cpu_has_pending_timer(vcpu);
}

static int complete_map_gpa(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	switch (vcpu->run->hypercall.ret) {
	case 0:
		break;
	case EAGAIN:
		return fail_map_gpa(vcpu, TDX_VMCALL_RETRY);
	case EINVAL:
		return fail_map_gpa(vcpu, TDX_VMCALL_INVALID_OPERAND);
	default:
		fail_map_gpa(vcpu, TDX_VMCALL_INVALID_OPERAND);
		return -EINVAL;
	}

	tdx->map_gpa.next += chunk_size(tdx);
	if (tdx->map_gpa.next == tdx->map_gpa.end)
		return 1;
	return has_event(vcpu) ? fail_map_gpa(vcpu, TDX_VMCALL_RETRY) : map_chunk(vcpu);
}

static bool is_map_gpa_enabled(struct kvm *kvm)
{
	return kvm->arch.hypercall_exit_enabled & BIT(KVM_HC_MAP_GPA_RANGE);
}

static int handle_map_gpa(struct kvm_vcpu *vcpu)
{
	u64 gpa = r12(vcpu), size = r13(vcpu);
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	tdx->map_gpa.next = gpa;
	if (!is_map_gpa_enabled(vcpu->kvm))
		return fail_map_gpa(vcpu, TDX_VMCALL_SUBFUNC_UNSUPPORTED);

	/* All of it has to be private, or all of it shared. */
	if (is_outside(vcpu, gpa, size) ||
	    is_shared(vcpu, gpa) != is_shared(vcpu, gpa + size - 1))
		return fail_map_gpa(vcpu, TDX_VMCALL_INVALID_OPERAND);
	if (!PAGE_ALIGNED(gpa) || !PAGE_ALIGNED(size))
		return fail_map_gpa(vcpu, TDX_VMCALL_ALIGN_ERROR);

	tdx->map_gpa.end = gpa + size;
	return map_chunk(vcpu);
}

/* Hypercalls of KVM: the number is in R10, and not 0. */

static int complete_hypercall(struct kvm_vcpu *vcpu)
{
	++vcpu->stat.hypercalls;
	return finish(vcpu, vcpu->run->hypercall.ret);
}

/* The first argument of others may be anything. */
static bool takes_address(u64 nr)
{
	return nr == KVM_HC_CLOCK_PAIRING || nr == KVM_HC_MAP_GPA_RANGE;
}

static int handle_hypercall(struct kvm_vcpu *vcpu)
{
	u64 nr = r10(vcpu), arg = r11(vcpu);

	kvm_rax_write(vcpu, nr);
	kvm_rbx_write(vcpu, takes_address(nr) ? without_shared(vcpu, arg) : arg);
	kvm_rcx_write(vcpu, r12(vcpu));
	kvm_rdx_write(vcpu, r13(vcpu));
	kvm_rsi_write(vcpu, r14(vcpu));
	if (kvm_emulate_hypercall(vcpu))
		return finish(vcpu, kvm_rax_read(vcpu));

	vcpu->run->hypercall.ret = 0;
	vcpu->arch.complete_userspace_io = complete_hypercall;
	return 0;
}

static int handle_function(struct kvm_vcpu *vcpu)
{
	switch (to_tdx(vcpu)->vmcall_function) {
	case TDX_VMCALL_CPUID:
		return handle_cpuid(vcpu);
	case TDX_VMCALL_HLT:
		return handle_hlt(vcpu);
	case TDX_VMCALL_IO:
		return handle_io(vcpu);
	case TDX_VMCALL_RDMSR:
		return handle_rdmsr(vcpu);
	case TDX_VMCALL_WRMSR:
		return handle_wrmsr(vcpu);
	case TDX_VMCALL_MMIO:
		return handle_mmio(vcpu);
	case TDX_VMCALL_GET_TDVMCALL_INFO:
		return handle_get_tdvmcall_info(vcpu);
	case TDX_VMCALL_MAP_GPA:
		return handle_map_gpa(vcpu);
	case TDX_VMCALL_GET_QUOTE:
		return handle_get_quote(vcpu);
	case TDX_VMCALL_REPORT_FATAL_ERROR:
		return handle_report_fatal_error(vcpu);
	case TDX_VMCALL_SETUP_EVENT_NOTIFY_INTERRUPT:
		return handle_setup_event_notify_interrupt(vcpu);
	default:
		return finish(vcpu, TDX_VMCALL_SUBFUNC_UNSUPPORTED);
	}
}

/**
 * tdx_handle_vmcall - handle a TDG.VP.VMCALL
 * @vcpu: a vCPU of a TD that exited with it
 *
 * Intel TDX Guest-Hypervisor Communication Interface specification, "TDG.VP.VMCALL Interface".
 *
 * Context: Process context, may sleep; with kvm->srcu held.
 * Return: 1 to enter the guest with the answer, 0 to return to user space first, or a
 *	   negative errno.
 */
int tdx_handle_vmcall(struct kvm_vcpu *vcpu)
{
	if (r10(vcpu))
		return handle_hypercall(vcpu);

	to_tdx(vcpu)->vmcall_function = r11(vcpu);
	return handle_function(vcpu);
}
