// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdx-vmm: boots Linux in a TD, by KVM.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <linux/kvm.h>

#include "vmm.h"

static const char usage[] =
	"Usage: tdx-vmm --kernel BZIMAGE [OPTION]...\n"
	"Boots Linux in a trust domain (TD), until the guest turns it off.\n"
	"\n"
	"  --kernel BZIMAGE   with CONFIG_INTEL_TDX_GUEST\n"
	"  --initrd FILE\n"
	"  --append TEXT      the kernel's command line (console=ttyS0)\n"
	"  --memory SIZE      with M or G (256M)\n"
	"  --cpus NUMBER      vCPUs (1)\n"
	"  --width BITS       of guest physical addresses: 48, or 52 if KVM supports it (48)\n"
	"  --disk FILE        the guest's disk /dev/vda: a file or a block device, as it is\n"
	"  --report NONCE     before the kernel begins, let the TDX module report what the TD is, and\n"
	"                     verify that; NONCE is REPORTDATA in hexadecimal, up to 64 bytes\n"
	"  --measured FILE    write what will be measured to FILE, print MRTD, and do not run it\n"
	"  --verbose          print what was measured, and exits by their kind\n"
	"  --help\n"
	"\n"
	"The terminal is the guest's serial port ttyS0; Ctrl-A x ends the VMM.\n"
	"All that the guest begins with is measured: kernel, initrd, command line, ACPI tables.\n"
	"Exit status: 0 if the guest turned itself off or Ctrl-A x ended it, 1 if it failed, 2 after\n"
	"an error of the VMM, 3 if the guest reset itself.\n";

static uint64_t parse_size(const char *text)
{
	char *end;
	uint64_t size = strtoull(text, &end, 0);
	unsigned int shift = 0;

	if (*end == 'M')
		shift = 20;
	else if (*end == 'G')
		shift = 30;
	errno = 0;
	if (!shift || end[1] || size >> 20 || !size)
		die("%s is not a size, as 256M or 2G", text);
	return size << shift;
}

static unsigned int parse_cpus(const char *text)
{
	char *end;
	unsigned long cpus = strtoul(text, &end, 0);

	errno = 0;
	if (*end || !cpus || cpus > MAX_VCPUS)
		die("%s is not a number of vCPUs from 1 to %u", text, MAX_VCPUS);
	return cpus;
}

static unsigned int parse_width(const char *text)
{
	errno = 0;
	if (!strcmp(text, "48"))
		return 48;
	if (strcmp(text, "52"))
		die("guest physical addresses have 48 or 52 bits, not %s", text);
	return 52;
}

static const uint8_t *parse_nonce(const char *text)
{
	const uint8_t *nonce = report_parse_nonce(text);

	errno = 0;
	if (!nonce)
		die("%s is not up to 64 bytes in hexadecimal", text);
	return nonce;
}

static void parse(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{ "kernel", required_argument, NULL, 'k' },
		{ "initrd", required_argument, NULL, 'i' },
		{ "append", required_argument, NULL, 'a' },
		{ "memory", required_argument, NULL, 'm' },
		{ "cpus", required_argument, NULL, 'c' },
		{ "width", required_argument, NULL, 'w' },
		{ "disk", required_argument, NULL, 'd' },
		{ "measured", required_argument, NULL, 'M' },
		{ "report", required_argument, NULL, 'r' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int name;

	while ((name = getopt_long(argc, argv, "", names, NULL)) >= 0) {
		switch (name) {
		case 'k':
			options->kernel = optarg;
			break;
		case 'i':
			options->initrd = optarg;
			break;
		case 'a':
			options->append = optarg;
			break;
		case 'm':
			options->memory = parse_size(optarg);
			break;
		case 'c':
			options->cpus = parse_cpus(optarg);
			break;
		case 'w':
			options->width = parse_width(optarg);
			break;
		case 'd':
			options->disk = optarg;
			break;
		case 'M':
			options->measured = optarg;
			break;
		case 'r':
			options->nonce = parse_nonce(optarg);
			break;
		case 'v':
			options->verbose = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(STATUS_ERROR);
		}
	}
	if (optind < argc || !options->kernel) {
		fputs(usage, stderr);
		exit(STATUS_ERROR);
	}
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void print_mrtd(const struct td *td)
{
	uint8_t mrtd[HASH_SIZE];

	measure_mrtd(td, mrtd);
	print_hex("MRTD", mrtd, sizeof(mrtd));
}

/* All memory that is not measured is accepted by the stub, or the kernel does not begin. */
static uint64_t pages_to_accept(const struct td *td)
{
	const struct region *region;
	const struct slot *slot;
	uint64_t nr = 0;

	for (slot = td->slots; slot < td->slots + td->nr_slots; slot++)
		if (!slot->always_shared)
			nr += PAGES(slot->size);
	for (region = td->regions; region < td->regions + td->nr_regions; region++)
		nr -= PAGES(region->size);
	return nr;
}

static void print_built(const struct td *td, double time)
{
	const struct region *region;

	print_mrtd(td);
	for (region = td->regions; region < td->regions + td->nr_regions; region++)
		printf("tdx-vmm: measured 0x%llx %llu pages\n", (unsigned long long)region->gpa,
		       PAGES(region->size));
	printf("tdx-vmm: to accept %llu pages\n", (unsigned long long)pages_to_accept(td));
	printf("tdx-vmm: built in %.1f s\n", time);
}

static const struct {
	unsigned int reason;
	const char *name;
} exits[] = {
	{ KVM_EXIT_IO, "I/O" },
	{ KVM_EXIT_MMIO, "MMIO" },
	{ KVM_EXIT_HYPERCALL, "MapGPA" },
	{ KVM_EXIT_MEMORY_FAULT, "memory fault" },
	{ KVM_EXIT_TDX, "other TDVMCALL" },
};

static void print_ran(const struct td *td, double time)
{
	unsigned long nr;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(exits); i++) {
		for (j = 0, nr = 0; j < td->nr_vcpus; j++)
			nr += td->vcpus[j].exits[exits[i].reason];
		printf("tdx-vmm: exits %s: %lu\n", exits[i].name, nr);
	}
	printf("tdx-vmm: ran for %.1f s\n", time);
}

int main(int argc, char **argv)
{
	struct options options = {
		.append = "console=ttyS0",
		.memory = 256 << 20,
		.cpus = 1,
		.width = 48,
	};
	double start = seconds();
	struct td td = {};
	int status;

	parse(&options, argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	linux_load(&td, &options);
	if (options.measured) {
		measure(&td, options.measured);
		print_mrtd(&td);
		return 0;
	}
	if (options.disk)
		disk_open(options.disk);
	td_create(&td);
	td_build(&td);
	if (options.verbose)
		print_built(&td, seconds() - start);

	console_start();
	start = seconds();
	status = run(&td);
	if (options.verbose)
		print_ran(&td, seconds() - start);
	td_close(&td);
	return status;
}
