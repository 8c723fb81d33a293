/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that page tables of the host give to a guest: it has to be the host's. */
#ifndef _TDX_EMU_LENT_H
#define _TDX_EMU_LENT_H

#include "cpu/cpu.h"

/**
 * lent_limit() - limit a page to memory of the host
 * @cpu:	the calling CPU
 * @pa:		physical address that the guest accesses
 * @bytes:	size of the page, and afterwards of the part that can be used
 * @writable:	the page table allows writes, and afterwards the host does, too
 * @write:	the guest writes
 *
 * Nothing else keeps a guest out of memory that the host's page table should not lead to.  A
 * large page of the host may contain pages that it has given to the module, or that it has got
 * back from there and not used yet.
 *
 * Return: false if the access is not allowed.
 */
bool lent_limit(const struct cpu *cpu, u64 pa, u64 *bytes, bool *writable, bool write);

#endif /* _TDX_EMU_LENT_H */
