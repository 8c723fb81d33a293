# SPDX-License-Identifier: GPL-2.0-only
"""The overlay as patches for others: messages, and the tool that makes mails of them."""
