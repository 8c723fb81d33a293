# SPDX-License-Identifier: GPL-2.0-only
"""What makes a kernel tree and patch series of this repository."""
