/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks of memory that the module reads and writes in a SEAMCALL. */
#ifndef _TDX_EMU_OPERAND_H
#define _TDX_EMU_OPERAND_H

#include <linux/types.h>

/**
 * operand_exists() - test whether there is memory that a SEAMCALL names
 * @pa:		start, in one page
 * @bytes:	size
 *
 * Return: true if there is; memory that was added when Linux ran is not in the BIOS's map.
 */
bool operand_exists(u64 pa, u64 bytes);

/**
 * operand_read() - the module reads an operand of the calling CPU's SEAMCALL
 * @pa:		address, a violation if the host does not own that memory
 */
void operand_read(u64 pa);

/**
 * operand_write() - the module writes a result, or a PAMT, in the calling CPU's SEAMCALL
 * @pa:		address, a violation if the host does not own the memory for a result, or
 *		has taken back the page of the PAMT
 */
void operand_write(u64 pa);

#endif /* _TDX_EMU_OPERAND_H */
