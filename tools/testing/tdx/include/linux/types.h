/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Definitions of kernel headers that pure files need for freestanding and
 * userspace builds.
 */
#ifndef _TDX_STUB_LINUX_TYPES_H
#define _TDX_STUB_LINUX_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef long long s64;
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;

/* <sched.h> of glibc 2.41 expects them here. */
typedef s32 __s32;
typedef u32 __u32;
typedef u64 __u64;

#define __packed	__attribute__((__packed__))
#define __aligned(x)	__attribute__((__aligned__(x)))

#endif
