# SPDX-License-Identifier: GPL-2.0-only
"""Assemble build/linux from a base and the overlay, and write edits back."""
