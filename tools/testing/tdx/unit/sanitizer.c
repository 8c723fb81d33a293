// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tool that is ended by a sanitizer has a status that no test expects.
 */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "exitcode=99";
}
