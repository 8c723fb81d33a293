/* SPDX-License-Identifier: GPL-2.0-only */
/* What the platform does for TDH.VP.ENTER. */
#ifndef _TDX_EMU_TD_RUN_H
#define _TDX_EMU_TD_RUN_H

#include "model/guest.h"

extern const struct tdx_model_guest_ops td_guest_ops;

#endif /* _TDX_EMU_TD_RUN_H */
