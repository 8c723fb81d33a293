// SPDX-License-Identifier: GPL-2.0-only
/* The ports that turn the machine off, reset it, or request a dump. */
#include "cpu/crash.h"
#include "host/intercepts.h"
#include "host/io.h"

#define PORT_KEYBOARD_COMMAND	0x64
#define KEYBOARD_RESET		0xfe
#define PORT_SYSTEM_CONTROL_A	0x92
#define SYSTEM_CONTROL_A_RESET	BIT_ULL(0)
#define PORT_RESET_CONTROL	0xcf9
#define RESET_CONTROL_RESET	BIT_ULL(2)
#define PM1_SLEEP_ENABLE	BIT_ULL(13)

static u16 pm1a_control_port;

/*
 * The kind of end that a write of @value to @port causes; NULL if it does not
 * end the run.
 */
static const char *ending(u16 port, u32 value)
{
	if (pm1a_control_port && port == pm1a_control_port)
		return value & PM1_SLEEP_ENABLE ? IO_POWER_OFF : NULL;
	switch (port) {
	case PORT_KEYBOARD_COMMAND:
		return (u8)value == KEYBOARD_RESET ? "keyboard controller reset" : NULL;
	case PORT_SYSTEM_CONTROL_A:
		return value & SYSTEM_CONTROL_A_RESET ? "port 0x92 reset" : NULL;
	case PORT_RESET_CONTROL:
		return value & RESET_CONTROL_RESET ? "port 0xcf9 reset" : NULL;
	}
	return NULL;
}

static void do_out(u16 port, unsigned int bytes, u32 value)
{
	if (bytes == 1)
		io_out8(port, value);
	else if (bytes == 2)
		io_out16(port, value);
	else
		io_out32(port, value);
}

static u64 do_in(u16 port, unsigned int bytes, u64 rax)
{
	if (bytes == 1)
		return (rax & ~0xffULL) | io_in8(port);
	if (bytes == 2)
		return (rax & ~0xffffULL) | io_in16(port);
	return io_in32(port);
}

void io_exit(struct vcpu *vcpu, void (*on_end)(const char *how), void (*on_dump)(void))
{
	u64 info = vcpu->vmcb.exit_info1;
	u16 port = SVM_IOIO_PORT(info);
	unsigned int bytes = SVM_IOIO_SIZE(info);
	const char *how;

	if (info & SVM_IOIO_STRING)
		crash_guest(vcpu, "string I/O to an intercepted port is not emulated");
	/*
	 * before the access, as a reset does not return; QEMU passes the next
	 * RIP
	 */
	vcpu_skip_insn(vcpu, vcpu->vmcb.exit_info2 - vcpu->vmcb.rip);
	if (info & SVM_IOIO_IN) {
		vcpu->gpr[RAX] = do_in(port, bytes, vcpu->gpr[RAX]);
		return;
	}
	if (port == PORT_DUMP) {
		on_dump();
		return;
	}
	how = ending(port, vcpu->gpr[RAX]);
	if (how)
		on_end(how);
	do_out(port, bytes, vcpu->gpr[RAX]);
}

void io_init(u16 pm1a_control)
{
	pm1a_control_port = pm1a_control;
	host_trap_port(PORT_KEYBOARD_COMMAND);
	host_trap_port(PORT_SYSTEM_CONTROL_A);
	host_trap_port(PORT_RESET_CONTROL);
	host_trap_port(PORT_DUMP);
	if (pm1a_control) {
		host_trap_port(pm1a_control);
		host_trap_port(pm1a_control + 1);
	}
}
