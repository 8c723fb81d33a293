/* SPDX-License-Identifier: GPL-2.0-only */
/* For checks of a VM entry: the guest's segment registers. */
#ifndef _TDX_EMU_VM_SEGMENTS_H
#define _TDX_EMU_VM_SEGMENTS_H

#include "vm/vm_check.h"

/**
 * vm_check_segments() - check CS, SS, DS, ES, FS, GS, LDTR and TR of the guest state
 * @check:	the entry; its controls are valid
 * @segment:	the name of the register that is not valid
 *
 * Return: the rule that it breaks, or NULL.
 */
const char *vm_check_segments(const struct vm_check *check, const char **segment);

#endif /* _TDX_EMU_VM_SEGMENTS_H */
