// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdxinfo tells whether TDX guests can be created on this machine, or why not.
 */
#include <getopt.h>
#include <stdlib.h>

#include "tdxinfo.h"

#define EXIT_BAD_USAGE	3

static const char usage[] =
	"usage: tdxinfo [--json] [--root DIR] [--map FILE.svg]\n"
	"\n"
	"Tells whether TDX guests (TDs) can be created on this machine, or why not and what to do.\n"
	"Run as root it knows more.\n"
	"\n"
	"  --json          print the facts for programs\n"
	"  --map FILE.svg  draw TDX memory: RAM, CMRs, TDMRs, PAMTs (needs root and debugfs)\n"
	"  --root DIR      read files that were recorded from another machine\n"
	"\n"
	"Exit status: 0 if TDs can be created, 1 if not, 2 if that is not known, 3 for bad usage\n"
	"or if the map cannot be drawn.\n";

struct options {
	const char *root;
	const char *map;
	bool json;
};

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "map", required_argument, NULL, 'm' },
	{ "root", required_argument, NULL, 'r' },
	{ "help", no_argument, NULL, 'h' },
	{},
};

static void end_with_usage(FILE *to, int status)
{
	fputs(usage, to);
	exit(status);
}

static struct options parse(int argc, char **argv)
{
	struct options options = { .root = "" };
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
		switch (option) {
		case 'j':
			options.json = true;
			break;
		case 'm':
			options.map = optarg;
			break;
		case 'r':
			options.root = optarg;
			break;
		case 'h':
			end_with_usage(stdout, 0);
			break;
		default:
			end_with_usage(stderr, EXIT_BAD_USAGE);
		}
	}
	if (optind < argc)
		end_with_usage(stderr, EXIT_BAD_USAGE);
	return options;
}

int main(int argc, char **argv)
{
	static const int statuses[] = { [YES] = 0, [NO] = 1, [UNKNOWN] = 2 };
	struct options options = parse(argc, argv);
	static struct facts facts;
	struct verdict verdict;

	if (options.map)
		return write_map(options.root, options.map) ? 0 : EXIT_BAD_USAGE;
	facts_collect(&facts, options.root);
	verdict = verdict_of(&facts);
	if (options.json)
		print_json(&facts, &verdict);
	else
		print_text(&facts, &verdict);
	return statuses[verdict.usable];
}
