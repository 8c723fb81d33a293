/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events that a confidential computing platform refuses or does not survive.
 * Each function logs the reason when it refuses an event.
 */
#ifndef _LINUX_CC_EVENTS_H
#define _LINUX_CC_EVENTS_H

#include <linux/types.h>

struct acpi_device;
struct resource;

#ifdef CONFIG_INTEL_TDX_HOST
bool cc_refuses_cpu_hot_add(u32 apic_id);
void cc_check_cpu_hot_removal(unsigned int cpu, u32 apic_id);
bool cc_refuses_memory_hot_add(u64 base, u64 size);
void cc_check_memory_hot_removal(u64 base, u64 size);
bool cc_refuses_eject(struct acpi_device *device);
bool cc_refuses_memory(const struct resource *memory);
bool cc_refuses_suspend(void);
#else
static inline bool cc_refuses_cpu_hot_add(u32 apic_id) { return false; }
static inline void cc_check_cpu_hot_removal(unsigned int cpu, u32 apic_id) { }
static inline bool cc_refuses_memory_hot_add(u64 base, u64 size) { return false; }
static inline void cc_check_memory_hot_removal(u64 base, u64 size) { }
static inline bool cc_refuses_eject(struct acpi_device *device) { return false; }
static inline bool cc_refuses_memory(const struct resource *memory) { return false; }
static inline bool cc_refuses_suspend(void) { return false; }
#endif

#endif /* _LINUX_CC_EVENTS_H */
