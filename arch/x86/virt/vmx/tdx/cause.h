/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reason of a failure, as text.  Filled in where the failure is detected;
 * printed once, by the caller that started the operation.
 */
#ifndef _X86_VIRT_TDX_CAUSE_H
#define _X86_VIRT_TDX_CAUSE_H

#include <linux/compiler_attributes.h>
#include <linux/kernel.h>
#include <linux/string.h>

struct tdx_cause {
	char text[384];
};

/* Evaluates to @error, for use in return statements. */
#define tdx_cause(cause, error, fmt, ...)						\
({											\
	scnprintf((cause)->text, sizeof((cause)->text), fmt, ##__VA_ARGS__);		\
	(error);									\
})

/* Appends to the text of tdx_cause(). */
#define tdx_cause_add(cause, fmt, ...)							\
({											\
	size_t length = strlen((cause)->text);						\
											\
	scnprintf((cause)->text + length, sizeof((cause)->text) - length, fmt,		\
		  ##__VA_ARGS__);							\
})

#endif /* _X86_VIRT_TDX_CAUSE_H */
