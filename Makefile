# SPDX-License-Identifier: GPL-2.0-only
#
# TDX host support for Linux 6.1: every command.  make help lists them.

PYTHON	:= /usr/bin/python3
CONFIG	?= host
BUILD	:= $(CURDIR)/build
E2E	:= tools/testing/tdx/e2e

# make run
CPUS	 ?= 4
PACKAGES ?=
MEM	 ?= 6G
MODULE	 ?=
KEYIDS	 ?=
EMU	 ?=
CMDLINE	 ?=

.DEFAULT_GOAL := help
.PHONY: help packages tree refresh kernel emulator run boot \
	test test-tools test-unit test-kunit test-e2e test-notdx check coverage soak overhead fuzz mutate bench \
	series series-check test-series deb size clean

help:
	@echo 'Two commands:'
	@echo '  make run           boot Linux on an emulated TDX machine, let KVM bring TDX up'
	@echo '                     (CPUS=$(CPUS) PACKAGES=2 MEM=$(MEM) MODULE=none|1.0|1.5|2.0'
	@echo '                      KEYIDS=MKTME:TDX EMU="emulator options" CMDLINE="kernel options")'
	@echo '  make test          everything that must hold'
	@echo
	@echo 'Any kernel on the emulated platform, its console on the terminal:'
	@echo '  make boot KERNEL=path/to/bzImage INITRD=path CPUS= PACKAGES= MEM= EMU= CMDLINE='
	@echo
	@echo 'Parts of make test:'
	@echo '  make test-tools    the tools that assemble the tree'
	@echo '  make test-unit     pure kernel files and the software TDX module, in userspace'
	@echo '  make test-kunit    KUnit suites in stock QEMU'
	@echo '  make test-e2e      whole machines, kernels host, debug and kcsan (KERNELS=host: not debug)'
	@echo '  make test-notdx    the kernel without TDX host support builds and has none of it'
	@echo '  make check         style and static analysis'
	@echo '  make test-series   the patch series can be made and applied, and is in style'
	@echo
	@echo 'The product:'
	@echo '  make series        write the patch series into build/series, for git am'
	@echo '  make series-check  build and test every prefix of it, by other compilers and configs'
	@echo '                     too (an hour; SERIES_CHECKS="names of checks")'
	@echo '  make size          what TDX host support adds to a kernel that does not use it'
	@echo
	@echo 'More, when asked for:'
	@echo '  make coverage      which lines of the core the tests run, and why not the others'
	@echo '  make soak          200 boots of the emulated platform, all different (10 minutes)'
	@echo '  make overhead      what the emulated platform costs code that it does not trap'
	@echo '  make bench         what a layout of TDX memory costs, how its initialisation'
	@echo '                     spreads over CPUs'
	@echo '  make fuzz          fuzz the layout (FUZZ_SECONDS=60)'
	@echo '  make mutate        do the tests notice when a line of it is wrong? (half an hour)'
	@echo '  make deb           Debian packages of the kernel in build/deb, tried in a Debian system'
	@echo '                     (needs root or sudo; an hour the first time)'
	@echo
	@echo 'Building:'
	@echo '  make tree          assemble build/linux from the base and this overlay'
	@echo '                     (KSRC=dir: another base than Debian'"'"'s linux-source-6.1)'
	@echo '  make refresh       write edits of build/linux back into *.patch'
	@echo '  make kernel        build build/$$CONFIG (CONFIG=host|notdx|debug|base)'
	@echo '  make emulator      build the emulated TDX platform'
	@echo '  make packages      install missing Debian packages'
	@echo '  make clean         remove build/'

packages:
	@tools/overlay/packages.sh

tree: packages
	@$(PYTHON) tools/overlay/overlay.py tree $(if $(KSRC),--ksrc $(KSRC))

refresh:
	@$(PYTHON) tools/overlay/overlay.py refresh

kernel: tree
	@$(PYTHON) tools/overlay/kernel.py $(CONFIG)

emulator: packages
	@$(MAKE) --no-print-directory -s -C tools/testing/tdx/emulator O=$(BUILD)/emulator

run: kernel emulator
	@$(PYTHON) $(E2E)/run.py --kernel $(CONFIG) --cpus $(CPUS) --memory $(MEM) \
		$(if $(PACKAGES),--packages $(PACKAGES)) \
		--emulator-options "$(EMU)" --cmdline "$(CMDLINE)" \
		$(if $(MODULE),--module $(MODULE)) $(if $(KEYIDS),--keyids $(KEYIDS))

# A kernel of one's own.
KERNEL ?=
INITRD ?=
boot: emulator
	@$(if $(KERNEL),,echo 'make boot KERNEL=path/to/bzImage [INITRD=path CPUS= PACKAGES= MEM= EMU= CMDLINE=]'; exit 1;) \
	$(PYTHON) $(E2E)/boot.py $(KERNEL) $(if $(INITRD),--initrd $(INITRD)) --cpus $(CPUS) \
		--memory $(MEM) $(if $(PACKAGES),--packages $(PACKAGES)) \
		--emulator-options "$(EMU)" --cmdline "$(CMDLINE)"

test: packages
	@$(PYTHON) tools/overlay/test.py

PYTEST := PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m pytest -p no:cacheprovider

test-tools: packages
	@$(PYTEST) tools/overlay

UNIT := $(MAKE) --no-print-directory -C tools/testing/tdx/unit O=$(BUILD)/unit KTREE=$(BUILD)/linux

test-unit: tree
	@$(UNIT) test
	@$(PYTEST) tools/testing/tdx/unit

fuzz bench: tree
	@$(UNIT) $@

mutate: tree
	@$(PYTHON) tools/testing/tdx/unit/mutate.py

test-kunit: tree
	@$(PYTHON) tools/overlay/suites.py
	@grep -aE '(cases|steps|indispensable)' $(BUILD)/kunit/test.log

KERNELS ?= host,debug
comma := ,
test-e2e: tree emulator
	@for config in $(subst $(comma), ,$(KERNELS)) kcsan notdx base; do \
		$(PYTHON) tools/overlay/kernel.py $$config || exit 1; done
	@cd $(E2E) && $(PYTEST) -v --tb=short --durations=12 --kernels $(KERNELS) $(PYTEST_ARGS)

# Its result is what is to be seen, so of a build only an error.
QUIETLY = >$(BUILD)/kernel.log || { cat $(BUILD)/kernel.log; exit 1; }

soak overhead: tree emulator
	@$(PYTHON) tools/overlay/kernel.py host $(QUIETLY)
	@$(PYTHON) $(E2E)/$@.py

coverage: tree emulator
	@$(PYTHON) tools/overlay/kernel.py gcov
	@$(PYTHON) $(E2E)/coverage.py

deb: tree emulator
	@tools/overlay/packages.sh packages-deb.txt
	@$(PYTHON) tools/overlay/deb.py
	@$(PYTHON) $(E2E)/debian.py $(if $(EMU),--emulator-options "$(EMU)")

test-notdx: tree
	@$(PYTHON) tools/overlay/kernel.py notdx vmlinux
	@tools/overlay/nothing-left.sh build/notdx/vmlinux

check: tree
	@$(PYTHON) tools/overlay/kernel.py host
	@tools/overlay/check.sh

series: packages
	@$(PYTHON) tools/overlay/series.py

SERIES_CHECKS ?=
series-check: packages emulator
	@tools/overlay/packages.sh packages-series.txt
	@$(PYTHON) tools/overlay/series_check.py $(SERIES_CHECKS)
	@$(if $(SERIES_CHECKS),,$(MAKE) --no-print-directory check)

test-series: packages
	@$(PYTHON) tools/overlay/series_check.py --quick

size: tree
	@$(PYTHON) tools/overlay/kernel.py plain $(QUIETLY)
	@$(PYTHON) tools/overlay/kernel.py notdx $(QUIETLY)
	@$(PYTHON) $(E2E)/size.py

clean:
	rm -rf build
