# SPDX-License-Identifier: GPL-2.0-only
"""Tools that make a kernel tree and patch series from this repository."""
