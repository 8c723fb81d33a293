/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The disk of a TD.
 */
#ifndef TDX_TD_GUEST_DISK_H
#define TDX_TD_GUEST_DISK_H

/*
 * Loads the modules of the initrd, which are its drivers.  Copies the first half of it to the
 * second one, each byte inverted, and reports that.
 */
void use_disk(void);

#endif
