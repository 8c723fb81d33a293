# SPDX-License-Identifier: GPL-2.0-only
"""Style, static analysis, and what a maintainer asks of a series."""
