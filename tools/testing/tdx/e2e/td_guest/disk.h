/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The disk of a TD.
 */
#ifndef TDX_TD_GUEST_DISK_H
#define TDX_TD_GUEST_DISK_H

/*
 * Loads the modules of the initrd, which are its drivers.  Copies the first half of it to the
 * second one, each byte inverted, again and again until end_disk().
 */
void begin_disk(void);
/* When all of it was copied once: reports how large it is, and how often that was. */
void end_disk(void);

#endif
