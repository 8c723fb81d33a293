/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TDX_STUB_LINUX_SIZES_H
#define _TDX_STUB_LINUX_SIZES_H

#define SZ_4K		0x00001000
#define SZ_1M		0x00100000
#define SZ_2M		0x00200000
#define SZ_256M	0x10000000
#define SZ_512M	0x20000000
#define SZ_1G		0x40000000

#endif
