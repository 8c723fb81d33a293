# SPDX-License-Identifier: GPL-2.0-only
"""MRTD, the measurement of a TD's initial contents, calculated without the TDX module."""
import hashlib

PAGE, CHUNK = 4096, 256


class Mrtd:
    """SHA-384 of the events that build a TD, in their order."""

    def __init__(self):
        self.sha = hashlib.sha384()

    def event(self, name, gpa):
        """A block of 128 bytes: name and address."""
        self.sha.update(name.encode().ljust(16, b"\0") + gpa.to_bytes(8, "little") + bytes(104))

    def add(self, gpa):
        """TDH.MEM.PAGE.ADD."""
        self.event("MEM.PAGE.ADD", gpa)

    def extend(self, gpa, chunk):
        """TDH.MR.EXTEND: contents of 256 bytes."""
        self.event("MR.EXTEND", gpa)
        self.sha.update(chunk)

    def add_region(self, gpa, contents, measured=True):
        """KVM_TDX_INIT_MEM_REGION: each page is extended before the next one is added."""
        for offset in range(0, len(contents), PAGE):
            self.add(gpa + offset)
            for at in range(offset, offset + PAGE, CHUNK):
                if measured:
                    self.extend(gpa + at, contents[at:at + CHUNK])
        return self

    def hex(self):
        return self.sha.hexdigest()


def pattern_page(number):
    """The contents with a number: byte i is 7 * number + i."""
    return bytes((7 * number + i) & 0xff for i in range(PAGE))


def pattern(first, pages):
    return b"".join(pattern_page(first + i) for i in range(pages))
