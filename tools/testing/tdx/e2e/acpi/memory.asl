// SPDX-License-Identifier: GPL-2.0-only
/*
 * ACPI devices for memory that is RAM since boot.  QEMU places 1 GB above 4 GB:
 * DIMM is its second quarter, in a container; KEEP is its last quarter, where
 * the kernel has unmovable allocations.  Firmware requests a device check of
 * DIMM, requests the ejection of DIMM or KEEP, or removes DIMM without a
 * request.  Reading the sysfs attribute "sun" of a device raises its event.
 */
DefinitionBlock ("", "SSDT", 2, "TDXE2E", "MEMORY", 1)
{
	Device (\_SB.BOX0)
	{
		Name (_HID, "ACPI0004")
		Name (_UID, 1)
		Method (_EJ0, 1)
		{
		}

		Device (DIMM)
		{
			Name (_HID, EisaId ("PNP0C80"))
			Name (_UID, 1)
			Name (GONE, 0)		/* removed */
			Name (ENDS, 0)		/* number of handled events */
			Name (LAST, 0)		/* status of the last one */
			Name (_CRS, ResourceTemplate ()
			{
				QWordMemory (ResourceConsumer, PosDecode, MinFixed, MaxFixed,
					     Cacheable, ReadWrite, 0, 0x110000000, 0x11FFFFFFF, 0,
					     0x10000000)
			})
			Method (_STA)
			{
				If (GONE)
				{
					Return (0)
				}
				Return (0x0F)
			}
			Method (_EJ0, 1)
			{
				GONE = 1
			}
			Method (_OST, 3)
			{
				If (Arg1 != 0x84)	/* ejection in progress */
				{
					ENDS++
					LAST = Arg1
				}
			}
			Method (_HRV)
			{
				Return (ENDS)
			}
			Method (_SUN)
			{
				Return (LAST)
			}
		}
	}

	Device (\_SB.BOX1)		/* an empty container */
	{
		Name (_HID, "ACPI0004")
		Name (_UID, 2)
		Method (_EJ0, 1)
		{
		}
	}

	Device (\_SB.KEEP)
	{
		Name (_HID, EisaId ("PNP0C80"))
		Name (_UID, 2)
		Name (ENDS, 0)
		Name (LAST, 0)
		Name (_CRS, ResourceTemplate ()
		{
			QWordMemory (ResourceConsumer, PosDecode, MinFixed, MaxFixed,
				     Cacheable, ReadWrite, 0, 0x130000000, 0x13FFFFFFF, 0,
				     0x10000000)
		})
		Method (_STA)
		{
			Return (0x0F)
		}
		Method (_EJ0, 1)
		{
		}
		Method (_OST, 3)
		{
			If (Arg1 != 0x84)
			{
				ENDS++
				LAST = Arg1
			}
		}
		Method (_HRV)
		{
			Return (ENDS)
		}
		Method (_SUN)
		{
			Return (LAST)
		}
	}

	Device (\_SB.MEME)		/* ejection request for DIMM */
	{
		Name (_HID, "TDXE0002")
		Name (_UID, 1)
		Method (_SUN, 0, Serialized)
		{
			Notify (\_SB.BOX0.DIMM, 0x03)
			Return (0)
		}
	}

	Device (\_SB.KEEE)		/* ejection request for KEEP */
	{
		Name (_HID, "TDXE0002")
		Name (_UID, 2)
		Method (_SUN, 0, Serialized)
		{
			Notify (\_SB.KEEP, 0x03)
			Return (0)
		}
	}

	Device (\_SB.MEMC)		/* device check: still present */
	{
		Name (_HID, "TDXE0002")
		Name (_UID, 3)
		Method (_SUN, 0, Serialized)
		{
			Notify (\_SB.BOX0.DIMM, 0x01)
			Return (0)
		}
	}

	Device (\_SB.MEMT)		/* removal of DIMM */
	{
		Name (_HID, "TDXE0002")
		Name (_UID, 4)
		Method (_SUN, 0, Serialized)
		{
			\_SB.BOX0.DIMM.GONE = 1
			Notify (\_SB.BOX0.DIMM, 0x01)
			Return (0)
		}
	}
}
