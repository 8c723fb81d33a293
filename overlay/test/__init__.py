# SPDX-License-Identifier: GPL-2.0-only
"""Run all tests, and count what they found."""
