// SPDX-License-Identifier: GPL-2.0-only
/* Names of the TDX module's statuses.  See status_name.h. */
#include <asm/tdx_status.h>
#include <linux/kernel.h>

#include "status_name.h"

const char *status_name(u64 status)
{
	static const struct {
		u64 status;
		const char *name;
	} names[] = {
#define NAME(name, value) { value, #name },
		TDX_STATUS_LIST(NAME)
#undef NAME
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].status == (status & TDX_STATUS_CODE_MASK))
			return names[i].name;
	return "UNKNOWN";
}
