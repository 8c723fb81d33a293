/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of the TDX module's statuses.
 */
#ifndef TDX_UNIT_STATUS_NAME_H
#define TDX_UNIT_STATUS_NAME_H

#include <linux/types.h>

/* Name of a status, without its details */
const char *status_name(u64 status);

#endif
