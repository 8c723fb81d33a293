// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware that wants CPU 1 back, or looks at it.  QEMU's own does not look again, and takes
 * no CPU back that was there at boot: it has no name for device_del.  An event is raised by
 * reading the attribute sun of its device.
 */
DefinitionBlock ("", "SSDT", 2, "TDXE2E", "CPU", 1)
{
	External (\_SB.CPUS.C001, DeviceObj)

	Device (\_SB.CPUE)		/* eject it */
	{
		Name (_HID, "TDXE0001")
		Name (_UID, 1)
		Method (_SUN, 0, Serialized)
		{
			Notify (\_SB.CPUS.C001, 0x03)
			Return (0)
		}
	}

	Device (\_SB.CPUC)		/* check it: it is still there */
	{
		Name (_HID, "TDXE0001")
		Name (_UID, 2)
		Method (_SUN, 0, Serialized)
		{
			Notify (\_SB.CPUS.C001, 0x01)
			Return (0)
		}
	}
}
