// SPDX-License-Identifier: GPL-2.0-only
/* The report at the end of a run. */
#include "check/report.h"
#include "cpu/cpu.h"
#include "exit/end.h"
#include "host/io.h"
#include "lib/log.h"
#include "lib/text.h"
#include "machine/options.h"
#include "memory/owner.h"
#include "memory/td_page.h"
#include "memory/td_tables.h"
#include "seam/module.h"
#include "seam/seam_log.h"

/*
 * A reset takes everything back, and may follow a panic.  Before power-off, a host ends all
 * programs, and with them their TDs.
 */
static void check_leftovers(const char *how)
{
	if (!text_equal(how, IO_POWER_OFF))
		return;
	td_tables_check(&tdx_module);
	if (options.check_leftovers)
		td_page_report_left(owner_nr_td_keyids());
}

void end_report(const char *how)
{
	unsigned int i;

	check_leftovers(how);
	log_line("end: %s", how);
	seam_log_counts();
	for (i = 0; i < nr_cpus; i++)
		log_line("lp %u vmx %s", i, cpus[i].vmx.on ? "on" : "off");
	owner_report();
	td_tables_report();
	log_line("violations %llu", report_nr_violations());
}

void end_shutdown(const char *why)
{
	end_report(why);
	io_out8(0xcf9, 0x0e);
	for (;;)
		cpu_pause();
}
