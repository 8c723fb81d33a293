/* SPDX-License-Identifier: GPL-2.0-only */
/* The software TDX module that is loaded. */
#ifndef _TDX_EMU_MODULE_H
#define _TDX_EMU_MODULE_H

#include "model/model.h"

/* Valid if options.module. */
extern struct tdx_model tdx_module;

/**
 * module_load() - load the module according to the options
 *
 * Called by the boot CPU after the platform is initialized.  Ends the run if the module
 * does not support such a machine.
 */
void module_load(void);

#endif /* _TDX_EMU_MODULE_H */
