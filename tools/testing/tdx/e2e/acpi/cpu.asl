// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware that requests the ejection of CPU 1, or a device check of it, or
 * removes it without a request.
 * QEMU's own firmware never requests a device check, and cannot eject a CPU
 * that was present at boot, because device_del has no name for it.  Reading the
 * sysfs attribute "sun" of a device raises its event.
 */
DefinitionBlock ("", "SSDT", 2, "TDXE2E", "CPU", 1)
{
	External (\_SB.CPUS.C001, DeviceObj)
	External (\_SB.CPUS.C001._EJ0, MethodObj)

	Device (\_SB.CPUE)		/* ejection request */
	{
		Name (_HID, "TDXE0001")
		Name (_UID, 1)
		Method (_SUN, 0, Serialized)
		{
			Notify (\_SB.CPUS.C001, 0x03)
			Return (0)
		}
	}

	Device (\_SB.CPUC)		/* device check: still present */
	{
		Name (_HID, "TDXE0001")
		Name (_UID, 2)
		Method (_SUN, 0, Serialized)
		{
			Notify (\_SB.CPUS.C001, 0x01)
			Return (0)
		}
	}

	Device (\_SB.CPUT)		/* removal */
	{
		Name (_HID, "TDXE0001")
		Name (_UID, 3)
		Method (_SUN, 0, Serialized)
		{
			\_SB.CPUS.C001._EJ0 (0)
			Notify (\_SB.CPUS.C001, 0x01)
			Return (0)
		}
	}
}
