# SPDX-License-Identifier: GPL-2.0-only
"""Kernels and packages, and what a machine needs to build them."""
