// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TDMRs of this machine: allocates memory for the geometry in tdmr/, and
 * describes its failures as text.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/slab.h>

#include "cache.h"
#include "cause.h"
#include "layout.h"
#include "pamt.h"

static int explain(const struct tdmr_failure *failure, struct tdx_cause *cause)
{
	u64 first = failure->base, last = first + failure->size - 1;

	switch (failure->error) {
	case TDMR_OK:
		return 0;
	case TDMR_TOO_MANY_TDMRS:
		return tdx_cause(cause, -ENOSPC,
				 "RAM needs %u TDMRs, the module takes %u, and [0x%llx-0x%llx] is the first left over; keep ranges from Linux, such as with memmap=0x%llx$0x%llx",
				 failure->count, failure->limit, first, last, failure->size, first);
	case TDMR_TOO_MANY_RESERVED:
		return tdx_cause(cause, -ENOSPC,
				 "[0x%llx-0x%llx] needs %u reserved areas, a TDMR takes %u; keep RAM between its holes from Linux with memmap=<size>$<base>",
				 first, last, failure->count, failure->limit);
	case TDMR_NO_PAMT_MEMORY:
		if (tdx_cache_retired())
			return tdx_cause(cause, -ESHUTDOWN, "the machine is going down");
		return tdx_cause(cause, -ENOMEM,
				 "no %llu contiguous KB for the PAMT of TDMR [0x%llx-0x%llx]; free memory, or boot with kvm_intel.tdx_at_load=1",
				 failure->bytes >> 10, first, last);
	case TDMR_MALFORMED_CMRS:
		return tdx_cause(cause, -EINVAL, "the list of CMRs is malformed; update the BIOS");
	default:
		return tdx_cause(cause, -EINVAL, "no reason is known");
	}
}

static int lay_out(struct tdmr_layout *layout, struct tdx_cause *cause)
{
	void *scratch = kvzalloc(tdmr_scratch_bytes(layout->map), GFP_KERNEL);
	struct tdx_pamt_search search;
	struct tdmr_failure failure;

	if (!scratch)
		return tdx_cause(cause, -ENOMEM, "no memory");

	tdx_pamt_search_begin(&search);
	failure = tdmr_lay_out(layout, scratch, &search.source);
	kvfree(scratch);
	return explain(&failure, cause);
}

static void free_arrays(struct tdmr_layout *layout)
{
	kfree(layout->tdmrs);
	kfree(layout->unusable);
	*layout = (struct tdmr_layout) {};
}

/**
 * tdx_layout_create - choose the TDMRs and allocate their PAMTs
 * @layout: the result; to be freed with tdx_layout_destroy()
 * @map:    the memory map, with all RAM in CMRs; must outlive @layout
 * @cause:  says why, when the return value is not 0
 *
 * Context: Process context, may sleep for a long time, because memory is
 *	    migrated, and without limit while a page in the way stays locked.
 * Return:
 * * 0		- @layout is complete
 * * -ENOSPC	- this RAM cannot be described within the module's limits
 * * -ENOMEM	- no memory; for a PAMT it has to be contiguous
 * * -ESHUTDOWN - a reboot, power-off or kexec is in progress
 */
int tdx_layout_create(struct tdmr_layout *layout, const struct tdmr_map *map,
		      struct tdx_cause *cause)
{
	int ret;

	*layout = (struct tdmr_layout) {
		.map	  = map,
		.tdmrs	  = kcalloc(map->limits.max_tdmrs, sizeof(*layout->tdmrs), GFP_KERNEL),
		.unusable = kcalloc(tdmr_max_unusable(map), sizeof(*layout->unusable),
				    GFP_KERNEL),
	};
	if (layout->tdmrs && layout->unusable)
		ret = lay_out(layout, cause);
	else
		ret = tdx_cause(cause, -ENOMEM, "no memory");

	if (ret)
		free_arrays(layout);
	return ret;
}

/**
 * tdx_layout_destroy - free the PAMTs and the list of TDMRs
 * @layout: from tdx_layout_create(), or all zero
 *
 * Context: Process context, may sleep.  After tdx_pamt_make_safe() if the
 *	    module may have written the PAMTs.
 */
void tdx_layout_destroy(struct tdmr_layout *layout)
{
	const struct tdmr *tdmr = layout->tdmrs;

	for (; tdmr < &layout->tdmrs[layout->nr_tdmrs]; tdmr++)
		tdx_pamt_free(tdmr->pamt, tdmr_pamt_bytes(layout->map, tdmr));
	free_arrays(layout);
}

/* A PAMT is in a single zone. */
static int pamt_node(const struct tdmr *tdmr)
{
	return page_to_nid(pfn_to_page(PHYS_PFN(tdmr->pamt)));
}

/**
 * tdx_layout_pamt_bytes - size of the PAMTs
 * @layout: from tdx_layout_create()
 * @node:   the NUMA node whose memory they take, or NUMA_NO_NODE for all of them
 *
 * Context: Any.
 * Return: The sum in bytes.
 */
u64 tdx_layout_pamt_bytes(const struct tdmr_layout *layout, int node)
{
	const struct tdmr *tdmr = layout->tdmrs;
	u64 bytes = 0;

	for (; tdmr < &layout->tdmrs[layout->nr_tdmrs]; tdmr++)
		if (node == NUMA_NO_NODE || node == pamt_node(tdmr))
			bytes += tdmr_pamt_bytes(layout->map, tdmr);
	return bytes;
}

/**
 * tdx_layout_find_pamt - find the TDMR whose PAMT contains an address
 * @layout:  from tdx_layout_create()
 * @address: physical
 *
 * Context: Any.
 * Return: The TDMR; NULL if the address is in no PAMT.
 */
const struct tdmr *tdx_layout_find_pamt(const struct tdmr_layout *layout, u64 address)
{
	const struct tdmr *tdmr = layout->tdmrs;

	for (; tdmr < &layout->tdmrs[layout->nr_tdmrs]; tdmr++)
		if (address - tdmr->pamt < tdmr_pamt_bytes(layout->map, tdmr))
			return tdmr;
	return NULL;
}
