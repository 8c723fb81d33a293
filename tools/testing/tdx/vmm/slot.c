// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where memory of the guest is in the VMM.
 */
#include "vmm.h"

struct slot *slot_find(struct td *td, uint64_t gpa, uint64_t size)
{
	struct slot *slot;

	for (slot = td->slots; slot < td->slots + td->nr_slots; slot++)
		if (gpa >= slot->gpa && gpa - slot->gpa < slot->size &&
		    size <= slot->size - (gpa - slot->gpa))
			return slot;
	return NULL;
}

void *memory_shared(struct td *td, uint64_t gpa, uint64_t size)
{
	struct slot *slot = slot_find(td, gpa, size);

	return slot ? slot->shared + (gpa - slot->gpa) : NULL;
}
