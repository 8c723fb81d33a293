# SPDX-License-Identifier: GPL-2.0-only
"""Style, static analysis, and requirements of maintainers on a series."""
