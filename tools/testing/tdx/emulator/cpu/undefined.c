// SPDX-License-Identifier: GPL-2.0-only
/* Instructions of a guest that QEMU's CPU does not know. */
#include "cpu/undefined.h"
#include "cpu/walk.h"

bool decode_undefined(struct vcpu *vcpu, struct insn *insn)
{
	u64 pa;

	if (decode(vcpu, insn))
		return true;
	if (insn->missing && !guest_address(vcpu, insn->missing, ACCESS_FETCH, &pa)) {
		if ((u32)vcpu->vmcb.exit_code == SVM_EXIT_NPF)
			vcpu->vmcb.exit_info1 |= SVM_NPF_FETCH;
		return false;
	}
	*insn = (struct insn){ 0 };
	return true;
}
