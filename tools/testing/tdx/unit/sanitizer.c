// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tool that a sanitizer ends has a status that no test takes for an expected one.
 */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "exitcode=99";
}
