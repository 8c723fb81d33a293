// SPDX-License-Identifier: GPL-2.0-only
#include "log.h"
#include "report.h"
#include "seam_log.h"

static u64 nr_violations, nr_taken_back;

void report_violation(const struct cpu *cpu, u64 pa, bool write, const char *what)
{
	__atomic_add_fetch(&nr_violations, 1, __ATOMIC_SEQ_CST);
	log_line("violation: host %s of %s 0x%llx at 0x%llx cpu %u", write ? "write" : "read",
		 what, pa, cpu->vmcb.rip, cpu->index);
}

void report_taken_back(void)
{
	__atomic_add_fetch(&nr_taken_back, 1, __ATOMIC_SEQ_CST);
}

void report_end(const char *how)
{
	unsigned int i;

	log_line("end: %s", how);
	seam_log_counts();
	for (i = 0; i < nr_cpus; i++)
		log_line("lp %u vmx %s", i, cpus[i].vmx.on ? "on" : "off");
	log_line("pamt_pages_taken_back %llu", nr_taken_back);
	log_line("violations %llu", nr_violations);
}
