/* SPDX-License-Identifier: GPL-2.0-only */
/* Attributes of segments: the access rights of a VMCS, and what a VMCB has instead. */
#ifndef _TDX_EMU_SEGMENT_H
#define _TDX_EMU_SEGMENT_H

#include "cpu/svm.h"

#define SEGMENT_TYPE		0xfU
#define SEGMENT_ACCESSED	BIT(0)
#define SEGMENT_CODE_OR_DATA	BIT(4)
#define SEGMENT_PRESENT		BIT(7)
#define SEGMENT_UNUSABLE	BIT(16)
#define SEGMENT_DPL_SHIFT	5
#define SEGMENT_DPL		(3U << SEGMENT_DPL_SHIFT)
#define TSS_16_AVAILABLE	1
#define TSS_16_BUSY		3
#define TSS_AVAILABLE		9
#define TSS_BUSY		11

/**
 * segment_attributes() - convert the access rights of a segment
 * @access_rights:	as in a VMCS
 *
 * Return: attributes for a VMCB.
 */
static inline u16 segment_attributes(u32 access_rights)
{
	if (access_rights & SEGMENT_UNUSABLE)
		return 0;
	return (access_rights & 0xff) | (access_rights >> 4 & 0xf00);
}

/**
 * segment_access_rights() - the reverse of segment_attributes()
 * @attributes:	as in a VMCB
 *
 * Return: access rights for a VMCS.
 */
static inline u32 segment_access_rights(u16 attributes)
{
	u32 access_rights = (attributes & 0xff) | (attributes & 0xf00U) << 4;

	return attributes & SEGMENT_PRESENT ? access_rights : access_rights | SEGMENT_UNUSABLE;
}

/**
 * segment_load_stack() - set attributes of SS
 * @v:			VMCB, which gets the privilege level, too
 * @access_rights:	as in a VMCS
 *
 * For QEMU the privilege level is that of SS, also if SS is unusable.
 */
static inline void segment_load_stack(struct vmcb *v, u32 access_rights)
{
	v->ss.attributes = segment_attributes(access_rights) | (access_rights & SEGMENT_DPL);
	v->cpl = (access_rights & SEGMENT_DPL) >> SEGMENT_DPL_SHIFT;
}

/**
 * segment_stack_access_rights() - the reverse of segment_load_stack()
 * @v:			VMCB after an exit
 *
 * Return: access rights for a VMCS.
 */
static inline u32 segment_stack_access_rights(const struct vmcb *v)
{
	return (segment_access_rights(v->ss.attributes) & ~SEGMENT_DPL) |
	       (u32)v->cpl << SEGMENT_DPL_SHIFT;
}

/**
 * segment_task_attributes() - convert the access rights of TR
 * @access_rights:	as in a VMCS
 *
 * VMX wants a busy TSS, but QEMU delivers events with an available one only.
 *
 * Return: attributes for a VMCB.
 */
static inline u16 segment_task_attributes(u32 access_rights)
{
	u16 attributes = segment_attributes(access_rights);

	switch (attributes & SEGMENT_TYPE) {
	case TSS_BUSY:
	case TSS_16_BUSY:
		return attributes & ~(TSS_BUSY ^ TSS_AVAILABLE);
	default:
		return attributes;
	}
}

/**
 * segment_task_access_rights() - the reverse of segment_task_attributes()
 * @attributes:	as in a VMCB
 *
 * Return: access rights for a VMCS.
 */
static inline u32 segment_task_access_rights(u16 attributes)
{
	switch (attributes & SEGMENT_TYPE) {
	case TSS_AVAILABLE:
	case TSS_16_AVAILABLE:
		return segment_access_rights(attributes | (TSS_BUSY ^ TSS_AVAILABLE));
	default:
		return segment_access_rights(attributes);
	}
}

#endif /* _TDX_EMU_SEGMENT_H */
