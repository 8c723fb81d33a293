/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own. */
#include "../../../../../arch/x86/include/asm/tdx_status.h"
