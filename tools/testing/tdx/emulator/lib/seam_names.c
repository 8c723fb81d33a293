// SPDX-License-Identifier: GPL-2.0-only
/* Leaves and statuses of the TDX module by name. */
#include "abi.h"
#include "lib/seam_names.h"
#include "lib/text.h"
#include "lib/x86.h"

struct name {
	u64 value;
	const char *text;
};

#define LEAF_NAME(name, number, text)	{ number, text },
static const struct name leaves[] = { TDX_LEAF_LIST(LEAF_NAME) };

#define STATUS_NAME(name, value)	{ value, #name },
static const struct name statuses[] = { TDX_STATUS_LIST(STATUS_NAME) };

static const char *find_text(const struct name *names, unsigned int nr, u64 value)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (names[i].value == value)
			return names[i].text;
	}
	return "unknown";
}

static bool find_value(const struct name *names, unsigned int nr, const char *text, u64 *value)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (text_equal(names[i].text, text)) {
			*value = names[i].value;
			return true;
		}
	}
	return false;
}

const char *leaf_name(u64 rax)
{
	return find_text(leaves, ARRAY_LEN(leaves), rax & TDX_LEAF_NUMBER_MASK);
}

const char *status_name(u64 status)
{
	return find_text(statuses, ARRAY_LEN(statuses), status & TDX_STATUS_CODE_MASK);
}

bool leaf_by_name(const char *name, u64 *leaf)
{
	return find_value(leaves, ARRAY_LEN(leaves), name, leaf);
}

bool status_by_name(const char *name, u64 *status)
{
	return find_value(statuses, ARRAY_LEN(statuses), name, status);
}
