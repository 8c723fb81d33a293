# SPDX-License-Identifier: GPL-2.0-only
#
# TDX host support for Linux 6.1: every command.  make help lists them.

# What a test prints is also kept: the status is the test's, not tee's.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c

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
.PHONY: help packages tree refresh kernel emulator run td boot \
	kernels test test-all test-tools test-unit test-maps test-kunit test-kunit-whole test-e2e \
	test-e2e-all test-stock-qemu test-mainline test-qemu selftests all-selftests vmm \
	test-notdx test-notdx-whole check test-locking coverage soak overhead fuzz mutate \
	mutate-sample soak-sample bench series series-check test-series deb size clean

help:
	@echo 'Three commands:'
	@echo '  make run           boot Linux on an emulated TDX machine, and Linux in a TD on it'
	@echo '                     (CPUS=$(CPUS) PACKAGES=2 MEM=$(MEM) MODULE=none|1.0|1.5.01|1.5.06|2.0'
	@echo '                      KEYIDS=MKTME:TDX EMU="emulator options" CMDLINE="kernel options"'
	@echo '                      GUEST=path/to/bzImage GUEST_CPUS=1 GUEST_MEM=48M, or 512M with GUEST)'
	@echo '  make td            a shell in a TD on the terminal (CPUS= MEM= GUEST= GUEST_CPUS='
	@echo '                     as above, GUEST_MEM=64M, or 512M with GUEST)'
	@echo '  make test          what must hold at every change (half an hour on 2 cores)'
	@echo
	@echo 'Before a release:'
	@echo '  make test-all      everything that must hold (3 hours)'
	@echo
	@echo 'Any kernel on the emulated platform, its console on the terminal:'
	@echo '  make boot KERNEL=path/to/bzImage INITRD=path CPUS= PACKAGES= MEM= EMU= CMDLINE='
	@echo
	@echo 'Parts of make test:'
	@echo '  make test-tools    the tools that assemble the tree, and those that count tests'
	@echo '  make test-unit     pure kernel files and the software TDX module, in userspace'
	@echo '  make test-series   the patch series can be made and applied, and are in style'
	@echo '  make check         style and static analysis'
	@echo '  make test-kunit    KUnit suites in stock QEMU'
	@echo '  make test-notdx    without TDX host support nothing that it touches has any of it'
	@echo '  make test-e2e      whole machines (KERNELS=host,debug: where the kernel debug can find'
	@echo '                     more than host, it too; PYTEST_ARGS="-k words")'
	@echo
	@echo 'What make test-all has more:'
	@echo '  make test-maps         the layout of TDX memory on many more random maps'
	@echo '  make test-kunit-whole  KUnit suites with all failures of SEAMCALLs'
	@echo '  make test-notdx-whole  the same as test-notdx of a whole kernel'
	@echo '  make test-e2e-all      whole machines with all kernels, under KASAN and under KCSAN,'
	@echo '                         compared with the unpatched kernel, with a thread for each CPU'
	@echo '  make test-stock-qemu   the emulated platform on QEMU of Debian 13 and of its backports'
	@echo '  make test-locking      the model of the locking with more events'
	@echo '  and series-check, coverage, and some of soak and mutate'
	@echo
	@echo 'The product:'
	@echo '  make series        write the three patch series into build/series, for git am'
	@echo '  make series-check  build and test every prefix of them, by other compilers and configs'
	@echo '                     too (half an hour; SERIES_CHECKS="names of checks")'
	@echo '  make size          what TDX host support adds to a kernel that does not use it'
	@echo
	@echo 'More, when asked for:'
	@echo '  make coverage      which lines of the core the tests run, and why not the others'
	@echo '  make soak          200 boots of the emulated platform, all different (10 minutes)'
	@echo '  make overhead      what the emulated platform costs code that it does not trap'
	@echo '  make bench         what a layout of TDX memory costs, how its initialization'
	@echo '                     spreads over CPUs; SEAMCALLs, memory and exits of a TD, compared with'
	@echo '                     Linux 7.3; what a page fault of an ordinary guest costs'
	@echo '  make test-mainline Linux 7.3, with its own TDX host support, on the emulated platform'
	@echo '  make test-qemu     QEMU and TDVF from Debian boot Debian'"'"'s kernel in a TD (10 minutes)'
	@echo '  make fuzz          fuzz the layout (FUZZ_SECONDS=60)'
	@echo '  make mutate        do the tests notice when a line of the kernel is wrong? All lines of the'
	@echo '                     layout (half an hour), and 20 others (another half; MUTATE_ARGS="--all",'
	@echo '                     "--sample 100 --seed 2", "--files arch/x86/kvm/vmx/tdx/main.c";'
	@echo '                     LAYOUT_ARGS="--files place.c")'
	@echo '  make deb           Debian packages of the kernel in build/deb, tried in a Debian system'
	@echo '                     (needs root or sudo; an hour the first time)'
	@echo
	@echo 'Building:'
	@echo '  make tree          assemble build/linux from the base and this overlay'
	@echo '                     (KSRC=dir: another base than Debian 12'"'"'s linux-source-6.1)'
	@echo '  make refresh       write edits of build/linux back into the overlay (TOPIC=name: into'
	@echo '                     PATH@name.patch, where a file of the kernel has several patches)'
	@echo '  make kernel        build build/$$CONFIG (CONFIG=host|notdx|debug|base)'
	@echo '  make kernels       build all that make test takes'
	@echo '  make emulator      build the emulated TDX platform'
	@echo '  make selftests     build the selftests of KVM for TDs and private memory'
	@echo '  make vmm           build tdx-vmm, which boots Linux in a TD'
	@echo '  make packages      install missing Debian packages'
	@echo '  make clean         remove build/'

packages:
	@overlay/build/packages.sh

tree: packages
	@$(PYTHON) -m overlay.tree.assemble $(if $(KSRC),--ksrc $(KSRC))

refresh:
	@$(PYTHON) -m overlay.tree.refresh $(if $(TOPIC),--topic $(TOPIC))

kernel: tree
	@$(BUILD_KERNELS) $(CONFIG)

emulator: packages
	@$(MAKE) --no-print-directory -s -C tools/testing/tdx/emulator O=$(BUILD)/emulator

# A kernel of one's own to run in the TD; else it is the config host.
GUEST ?=
GUEST_CPUS ?= 1
GUEST_MEM ?=
run: kernel emulator vmm
	@$(if $(GUEST)$(filter host,$(CONFIG)),,$(BUILD_KERNELS) host)
	@$(PYTHON) $(E2E)/run.py --kernel $(CONFIG) --cpus $(CPUS) --memory $(MEM) \
		$(if $(PACKAGES),--packages $(PACKAGES)) \
		--emulator-options "$(EMU)" --cmdline "$(CMDLINE)" \
		$(if $(MODULE),--module $(MODULE)) $(if $(KEYIDS),--keyids $(KEYIDS)) \
		$(if $(GUEST),--guest $(GUEST)) --guest-cpus $(GUEST_CPUS) \
		$(if $(GUEST_MEM),--guest-memory $(GUEST_MEM))

td: tree emulator vmm
	@$(BUILD_KERNELS) host
	@$(PYTHON) $(E2E)/td_shell.py --cpus $(CPUS) --memory $(MEM) \
		$(if $(GUEST),--guest $(GUEST)) --guest-cpus $(GUEST_CPUS) \
		$(if $(GUEST_MEM),--guest-memory $(GUEST_MEM))

# A kernel of one's own.
KERNEL ?=
INITRD ?=
boot: emulator
	@$(if $(KERNEL),,echo 'make boot KERNEL=path/to/bzImage [INITRD=path CPUS= PACKAGES= MEM= EMU= CMDLINE=]'; exit 1;) \
	$(PYTHON) $(E2E)/boot.py $(KERNEL) $(if $(INITRD),--initrd $(INITRD)) --cpus $(CPUS) \
		--memory $(MEM) $(if $(PACKAGES),--packages $(PACKAGES)) \
		--emulator-options "$(EMU)" --cmdline "$(CMDLINE)"

test: packages
	@$(PYTHON) -m overlay.test.run

test-all: packages
	@$(PYTHON) -m overlay.test.run --all

# What a part of make test found, as junit XML, TAP or JSON: overlay/test/results.py reads it.
RESULTS = $(BUILD)/results/$@
KEEP_TAP = { mkdir -p $(RESULTS) && tee $(RESULTS)/$@.tap; }

# Tests side by side, as many as there are CPUs.
PYTEST = PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m pytest -p no:cacheprovider \
	--junitxml=$(RESULTS)/$(1).xml -o junit_duration_report=call
SIDE_BY_SIDE := -n $(shell nproc)
BUILD_KERNELS = $(PYTHON) -m overlay.build.kernel

test-tools: tree
	@$(call PYTEST,tools) $(SIDE_BY_SIDE) overlay

UNIT := $(MAKE) --no-print-directory -C tools/testing/tdx/unit O=$(BUILD)/unit KTREE=$(BUILD)/linux

test-unit: tree
	@rm -rf $(BUILD)/unit/tap
	@$(UNIT) -j$$(nproc) test; status=$$?; mkdir -p $(RESULTS); \
		cp $(BUILD)/unit/tap/*.tap $(RESULTS); \
		$(call PYTEST,tools) $(SIDE_BY_SIDE) tools/testing/tdx/unit && exit $$status

test-maps: tree
	@$(UNIT) -s $@ | $(KEEP_TAP)

fuzz: tree
	@$(UNIT) $@

bench: tree emulator selftests
	@$(UNIT) $@
	@$(BUILD_KERNELS) host mainline $(QUIETLY)
	@$(PYTHON) $(E2E)/td_cost.py
	@$(PYTHON) $(E2E)/td_memory_cost.py
	@$(PYTHON) $(E2E)/td_exit_cost.py
	@$(BUILD_KERNELS) base plain $(QUIETLY)
	@$(PYTHON) $(E2E)/fault_cost.py
	@$(PYTHON) $(E2E)/vm_exit_cost.py

LAYOUT_ARGS ?=
MUTATE_ARGS ?=
mutate: tree emulator selftests
	@$(PYTHON) tools/testing/tdx/unit/mutate.py $(LAYOUT_ARGS)
	@$(PYTHON) -m overlay.test.mutate_kernel $(MUTATE_ARGS)

mutate-sample:
	@$(MAKE) --no-print-directory mutate LAYOUT_ARGS="--sample 40" MUTATE_ARGS="--sample 4"

# What hooks touch and this kernel has; of the objects of KVM make knows the directory only.
HOOKED := $(patsubst %.c,%.o,$(filter-out arch/x86/coco/% arch/x86/kvm/% drivers/edac/% virt/kvm/%,$(sort $(shell \
	git ls-files -co --exclude-standard '*.c.patch' '*.c@*.patch' | sed 's/\(@[^@]*\)\?\.patch$$//'))))
comma := ,
empty :=
NOTDX := notdx:$(subst $(empty) $(empty),$(comma),$(HOOKED) arch/x86/kvm/)
KERNELS ?= host

# All at once: while one is linked, another is compiled.
kernels: tree emulator
	@$(BUILD_KERNELS) host $(NOTDX)

test-kunit: tree
	@$(BUILD_KERNELS) host
	@mkdir -p $(RESULTS)
	@$(PYTHON) -m overlay.test.suites --json $(RESULTS)/kunit.json

test-kunit-whole: tree
	@$(BUILD_KERNELS) host
	@mkdir -p $(RESULTS)
	@$(PYTHON) -m overlay.test.suites --all --json $(RESULTS)/kunit.json

# KVM's selftests of TDs and of private memory, and some of Linux 6.1, built statically by their own
# Makefile.  They are built again each time, as it knows no header files.
SELFTESTS := $(BUILD)/selftests
SELFTEST_NAMES := $(patsubst tools/testing/selftests/kvm/%.c,%,$(wildcard \
	tools/testing/selftests/kvm/x86_64/*_test.c)) \
	demand_paging_test kvm_page_table_test memslot_modification_stress_test \
	set_memory_region_test $(addprefix x86_64/,cr4_cpuid_sync_test set_sregs_test smm_test \
	state_test sync_regs_test triple_fault_event_test tsc_msrs_test userspace_io_test \
	userspace_msr_exit_test)
# Arguments: the kernel's tree, and where its headers and selftests are built.
make_selftests = LDFLAGS=-static $(MAKE) --no-print-directory -s -C $(1)/tools/testing/selftests/kvm \
	OUTPUT=$(2)/kvm LINUX_HDR_PATH=$(2)/usr/include KHDR_INCLUDES="-isystem $(2)/usr/include"
MAKE_SELFTESTS = $(call make_selftests,$(BUILD)/linux,$(SELFTESTS))
selftests: tree
	@$(MAKE) --no-print-directory -s -C $(BUILD)/linux O=$(SELFTESTS) headers
	@rm -rf $(SELFTESTS)/kvm
	@$(MAKE_SELFTESTS) $(SELFTEST_NAMES:%=$(SELFTESTS)/kvm/%)

# All those of Linux 6.1.  Two do not compile as they are in Debian's source: one lacks a header, the
# other has the name that a macro got later.
all-selftests: selftests
	@$(MAKE_SELFTESTS) CC="gcc -include linux/stddef.h -DTEST_ASSERT_EQ=ASSERT_EQ" \
		$(SELFTESTS)/kvm/steal_time $(SELFTESTS)/kvm/dirty_log_test
	@$(MAKE_SELFTESTS) all

# With the headers of this kernel: those of the system may know no TDs.
vmm: tree
	@$(MAKE) --no-print-directory -s -C $(BUILD)/linux O=$(SELFTESTS) headers
	@$(MAKE) --no-print-directory -s -C tools/testing/tdx/vmm O=$(BUILD)/vmm \
		HEADERS=$(SELFTESTS)/usr/include

test-e2e: tree emulator selftests vmm
	@$(BUILD_KERNELS) $(subst $(comma), ,$(KERNELS))
	@cd $(E2E) && $(call PYTEST,e2e) $(SIDE_BY_SIDE) -v --tb=short --durations=10 \
		--kernels $(KERNELS) $(PYTEST_ARGS)

# What make test leaves out; then what it does, with machines that have a thread for each CPU and
# so do not run side by side.
test-e2e-all: tree emulator all-selftests vmm
	@overlay/build/packages.sh packages-trace.txt
	@$(BUILD_KERNELS) host debug kcsan modular notdx base
	@cd $(E2E) && $(call PYTEST,others) $(SIDE_BY_SIDE) -v --tb=short --durations=10 --others \
		--kernels host,debug $(PYTEST_ARGS); others=$$?; \
		$(call PYTEST,threads) -v --tb=short --durations=10 --threads multi \
		--kernels host $(PYTEST_ARGS) && exit $$others

# The emulated platform on QEMU of Debian 13 and of its backports.
test-stock-qemu: tree emulator
	@$(BUILD_KERNELS) host
	@cd $(E2E) && for suite in trixie trixie-backports; do \
		$(call PYTEST,$$suite) $(SIDE_BY_SIDE) -v --tb=short --qemu $$suite --kernels host \
			test_emulator.py test_emulator_guest.py test_emulator_td.py \
			test_emulator_vm.py test_vms.py test_bringup.py \
			|| exit; done

# QEMU and TDVF as Debian has packaged them.  What the guest prints is shown meanwhile.
test-qemu: tree emulator
	@$(BUILD_KERNELS) host
	@cd $(E2E) && $(call PYTEST,e2e) -v -s --show --tb=short --all --kernels host test_qemu.py \
		$(PYTEST_ARGS)

# A TD of tdx-vmm has the kernel host, or one of Debian.  Ordinary guests are run by the selftests of
# that kernel.
OF_MAINLINE := $(BUILD)/selftests-mainline
test-mainline: tree emulator selftests vmm
	@$(BUILD_KERNELS) host base base-modular mainline mainline-modular
	@$(MAKE) --no-print-directory -s -C $(BUILD)/linux-mainline O=$(OF_MAINLINE) headers
	@$(call make_selftests,$(BUILD)/linux-mainline,$(OF_MAINLINE)) all
	@cd $(E2E) && $(call PYTEST,e2e) $(SIDE_BY_SIDE) -v --tb=short --all --kernels mainline \
		test_mainline.py test_private_memory.py test_vm_selftests.py test_qemu.py \
		test_qemu_vm.py $(PYTEST_ARGS)

# Its result is what is to be seen, so of a build only an error.
QUIETLY = >$(BUILD)/kernel.log || { cat $(BUILD)/kernel.log; exit 1; }

SOAK_ARGS ?=
soak overhead: tree emulator
	@$(BUILD_KERNELS) host $(QUIETLY)
	@$(PYTHON) $(E2E)/$@.py $(if $(filter soak,$@),$(SOAK_ARGS))

soak-sample:
	@$(MAKE) --no-print-directory soak SOAK_ARGS="--boots 50"

coverage: tree emulator selftests
	@$(BUILD_KERNELS) gcov
	@$(PYTHON) $(E2E)/gcov.py

deb: tree emulator
	@overlay/build/packages.sh packages-deb.txt
	@$(PYTHON) -m overlay.build.deb
	@$(PYTHON) $(E2E)/debian.py $(if $(EMU),--emulator-options "$(EMU)")

test-notdx: tree
	@$(BUILD_KERNELS) $(NOTDX)
	@overlay/check/nothing-left.sh $(HOOKED:%=build/notdx/%) \
		$$(find build/notdx/arch/x86/kvm build/notdx/virt/kvm -name '*.o') | $(KEEP_TAP)

test-notdx-whole: tree
	@$(BUILD_KERNELS) notdx:vmlinux
	@overlay/check/nothing-left.sh build/notdx/vmlinux | $(KEEP_TAP)

check: tree
	@$(BUILD_KERNELS) host
	@overlay/check/check.sh | $(KEEP_TAP)

test-locking:
	@overlay/build/packages.sh
	@tools/testing/tdx/locking/check.sh 3

series: packages
	@$(PYTHON) -m overlay.series.series

SERIES_CHECKS ?=
series-check: packages emulator
	@overlay/build/packages.sh packages-series.txt
	@$(PYTHON) -m overlay.check.series_check $(SERIES_CHECKS) | $(KEEP_TAP)

test-series: packages
	@$(PYTHON) -m overlay.check.series_check --quick | $(KEEP_TAP)

size: tree
	@$(BUILD_KERNELS) plain notdx $(QUIETLY)
	@$(PYTHON) $(E2E)/size.py

clean:
	rm -rf build
