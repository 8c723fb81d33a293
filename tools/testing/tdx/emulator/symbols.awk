# SPDX-License-Identifier: GPL-2.0-only
# From nm's list to struct symbol of entry.h: 4 bytes of address, 28 of name.
BEGIN	{ print ".section .symbols, \"a\"" }
$2 ~ /^[tT]$/	{ printf ".long 0x%s\n.asciz \"%s\"\n.balign 32, 0\n", $1, substr($3, 1, 27) }
END	{ print ".section .note.GNU-stack, \"\"" }
