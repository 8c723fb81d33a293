/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks of memory that the module reads and writes in a SEAMCALL. */
#ifndef _TDX_EMU_OPERAND_H
#define _TDX_EMU_OPERAND_H

#include <linux/types.h>

/**
 * operand_read() - the module reads an operand of the calling CPU's SEAMCALL
 * @pa:		where it reads: a violation if that is not the host's memory
 */
void operand_read(u64 pa);

/**
 * operand_write() - the module writes a result, or a PAMT, in the calling CPU's SEAMCALL
 * @pa:		where it writes: a violation if a result is not for the host's memory, or the
 *		host has taken the PAMT's page back
 */
void operand_write(u64 pa);

#endif /* _TDX_EMU_OPERAND_H */
