// SPDX-License-Identifier: GPL-2.0-only
/*
 * The exit status of a tool that a sanitizer ends: no test expects it.
 */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return "exitcode=99";
}

const char *__ubsan_default_options(void)
{
	return "exitcode=99";
}
