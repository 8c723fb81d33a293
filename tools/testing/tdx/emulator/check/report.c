// SPDX-License-Identifier: GPL-2.0-only
/* Violations are counted, and the first of them are printed. */
#include "check/report.h"
#include "lib/log.h"

/* A kernel may repeat a violation forever: do not fill the disk. */
#define MAX_SHOWN	1000

static u64 nr_violations;

void report_violation(const struct vcpu *vcpu, u64 pa, bool write, const char *what)
{
	report_fault("host %s of %s 0x%llx at 0x%llx cpu %u", write ? "write" : "read", what, pa,
		     vcpu->vmcb.rip, vcpu->cpu->index);
}

void report_fault(const char *format, ...)
{
	u64 number = __atomic_add_fetch(&nr_violations, 1, __ATOMIC_SEQ_CST);
	va_list args;

	if (number == MAX_SHOWN + 1)
		log_line("%u violations are shown, more are only counted", MAX_SHOWN);
	if (number > MAX_SHOWN)
		return;
	va_start(args, format);
	log_line_args("violation: ", format, args);
	va_end(args);
}

u64 report_nr_violations(void)
{
	return __atomic_load_n(&nr_violations, __ATOMIC_SEQ_CST);
}
