# SPDX-License-Identifier: Apache-2.0
#
# rds-provider: `make help` lists the targets and the variables.

VERSION := 0.2.0

# ---- what a packager sets ---------------------------------------------------

PREFIX      ?= /usr/local
SYSCONFDIR  ?= /etc
MODULESDIR  ?= $(call ask,libcrypto,modulesdir)
BINDIR      ?= $(PREFIX)/bin
MANDIR      ?= $(PREFIX)/share/man
DOCDIR      ?= $(PREFIX)/share/doc/rds-provider
APPARMORDIR ?= $(SYSCONFDIR)/apparmor.d

# $(call ask,PACKAGE,VARIABLE,FALLBACK): what pkg-config knows.
ask = $(or $(shell $(PKG_CONFIG) --variable=$(2) $(1) 2>/dev/null),$(3))
SYSTEMDUNITDIR ?= $(call \
    ask,systemd,systemdsystemunitdir,$(PREFIX)/lib/systemd/system)
SYSUSERSDIR ?= $(call ask,systemd,sysusersdir,$(PREFIX)/lib/sysusers.d)
TMPFILESDIR ?= $(call ask,systemd,tmpfilesdir,$(PREFIX)/lib/tmpfiles.d)
COMPLETIONDIR ?= $(call ask,bash-completion,completionsdir,$(strip \
    $(PREFIX)/share/bash-completion/completions))

CC          ?= cc
CC_FOR_BUILD ?= cc
PKG_CONFIG  ?= pkg-config
BUILD       ?= build
ANCHORS     ?=

# ---- flags ------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
    -Wmissing-prototypes -Wold-style-definition -Wpointer-arith \
    -Wwrite-strings -Wcast-align -Wformat=2 -Wundef -Wvla -Wswitch-enum \
    -Wimplicit-fallthrough -Wnull-dereference -Wdouble-promotion
ifdef CI
WARNINGS += -Werror
endif

HARDENING := -fstack-protector-strong -fno-strict-overflow \
    -fno-delete-null-pointer-checks
ifneq ($(SANITIZE),)
HARDENING += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer
else
HARDENING += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
# Protected jumps, of the processor that is compiled for.
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
ifneq ($(filter x86_64-% i686-%,$(MACHINE)),)
HARDENING += -fcf-protection
endif
ifneq ($(filter aarch64-%,$(MACHINE)),)
HARDENING += -mbranch-protection=standard
endif

# Where long has 32 bits: sizes and inodes of today's file systems.  Not
# _TIME_BITS, too: libcrypto takes and gives the time_t that it was built with.
ifeq ($(shell echo __SIZEOF_LONG__ | $(CC) -E -P -x c - 2>/dev/null),4)
LARGE_FILES := -D_FILE_OFFSET_BITS=64
endif

# CFLAGS, CPPFLAGS and LDFLAGS of the caller come last and win.
CFLAGS   ?= -O2 -g
BASE_FLAGS = -std=c11 -D_GNU_SOURCE $(LARGE_FILES) \
    -DOPENSSL_API_COMPAT=30000 \
    -DOPENSSL_NO_DEPRECATED -DRDS_VERSION='"$(VERSION)"' -Iinclude \
    -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections \
    -ffile-prefix-map=$(CURDIR)=. $(WARNINGS) $(HARDENING)
CRYPTO_CFLAGS = $(shell $(PKG_CONFIG) --cflags libcrypto)
CRYPTO_LIBS   = $(shell $(PKG_CONFIG) --libs libcrypto)
SSL_LIBS      = -lssl
COMPILE = $(CC) $(BASE_FLAGS) $(CRYPTO_CFLAGS) $(CPPFLAGS) $(CFLAGS)
LINK_FLAGS = -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections \
    $(if $(SANITIZE),-fsanitize=$(SANITIZE))
MODULE_LINK_FLAGS = $(LINK_FLAGS) -shared -Wl,-z,nodelete -Wl,-Bsymbolic \
    $(if $(SANITIZE),,-Wl,-z,defs) -Wl,--as-needed -Wl,--build-id=sha1 \
    -Wl,--version-script=provider/module/rds.map
BUILD_COMPILE = $(CC_FOR_BUILD) -std=c11 -D_GNU_SOURCE -Iinclude -O1 \
    $(CPPFLAGS_FOR_BUILD) $(CFLAGS_FOR_BUILD)

# One line a step; V=1 shows the commands.
ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s %s\n'
endif

# ---- files ------------------------------------------------------------------

sources = $(sort $(wildcard $(addsuffix /*.c,$(1))))
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

MODEL_SOURCES  := $(call sources,provider/model)
STORE_SOURCES  := $(filter-out %/linked.c,$(call sources,provider/truststore))
MODULE_SOURCES := $(call sources,provider/module)
RDSCA_SOURCES  := $(call sources,provider/rdsca provider/rdsca/*)
UNIT_SOURCES   := $(call sources,tests/unit)
LOADER_SOURCES := $(call sources,tests/loader)

BUILTIN := $(BUILD)/gen/builtin.c
DIGEST  := $(BUILD)/digest
DIGEST_SOURCES := provider/anchors/digest.c $(addprefix provider/model/, \
    anchor.c certificate.c der.c error.c region.c uri.c nearest.c \
    endpoint.c)
PEM_FILES := $(sort $(wildcard provider/anchors/*.pem)) \
    $(if $(ANCHORS),$(sort $(wildcard $(ANCHORS)/*.pem)))

CORE_OBJECTS := $(call objects,$(MODEL_SOURCES) $(STORE_SOURCES)) \
    $(BUILD)/obj/builtin.o
MODULE_OBJECTS := $(call objects,$(MODULE_SOURCES)) $(CORE_OBJECTS)
# What of the command needs no file and no network is tested with the core,
# and what of the module is a function of its arguments.
UNIT_RDSCA_SOURCES := $(addprefix provider/rdsca/, certs/describe.c \
    doctor/diagnosis.c cli/shell_quote.c enable/block.c fetch/target.c \
    fetch/unpack.c fetch/validate.c \
    openssl/activation.c openssl/conf.c probe/chain.c probe/hosts.c \
    probe/mysql_greeting.c probe/result.c probe/san.c probe/trust_check.c \
    probe/verdict.c)
UNIT_OBJECTS := $(call objects,$(UNIT_SOURCES) $(UNIT_RDSCA_SOURCES) \
    provider/module/identity.c provider/truststore/linked.c) $(CORE_OBJECTS)
LOADER_OBJECTS := $(call objects,$(LOADER_SOURCES))
RDSCA_OBJECTS := $(call objects,$(RDSCA_SOURCES) \
    provider/truststore/linked.c) $(CORE_OBJECTS)

# ---- building ---------------------------------------------------------------

.DELETE_ON_ERROR:
.PHONY: all
all: $(BUILD)/rds.so $(BUILD)/rds.cnf $(BUILD)/rds-trust.cnf $(BUILD)/rdsca \
    $(BUILD)/rdsca.bash-completion

$(BUILD)/obj/%.o: %.c Makefile
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

$(BUILD)/obj/builtin.o: $(BUILTIN)
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -ffile-prefix-map=$(BUILD)=build -MMD -MP -c -o $@ $<

$(DIGEST): $(DIGEST_SOURCES) $(wildcard include/rds/*.h)
	$(say) HOSTCC $@
	@mkdir -p $(@D)
	$(Q)$(BUILD_COMPILE) -o $@ $(DIGEST_SOURCES) $(LDFLAGS_FOR_BUILD) \
	    -lcrypto

# Remade when the list of PEM files changes, too.
$(BUILD)/gen/inputs: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(PEM_FILES) | cmp -s - $@ || \
	    printf '%s\n' $(PEM_FILES) > $@

$(BUILTIN): $(DIGEST) $(BUILD)/gen/inputs $(PEM_FILES) \
    provider/anchors/pins.tsv provider/anchors/rds-combined-ca-bundle.list \
    provider/anchors/DATE
	$(say) DIGEST $@
	$(if $(and $(ANCHORS),$(if $(wildcard $(ANCHORS)/*.pem),,none)), \
	    $(error ANCHORS=$(ANCHORS): no *.pem file there))
	$(Q)$(DIGEST) provider/anchors/pins.tsv \
	    provider/anchors/rds-combined-ca-bundle.list \
	    provider/anchors/DATE $(PEM_FILES) > $@

$(BUILD)/rds.so: $(MODULE_OBJECTS) provider/module/rds.map
	$(say) LINK $@
	$(Q)$(CC) $(MODULE_LINK_FLAGS) $(CFLAGS) -o $@ $(MODULE_OBJECTS) \
	    $(LDFLAGS)

CURL_CFLAGS = $(shell $(PKG_CONFIG) --cflags libcurl jansson)
CURL_LIBS   = $(shell $(PKG_CONFIG) --libs libcurl jansson libssl)

$(BUILD)/obj/provider/rdsca/%.o: CPPFLAGS += $(CURL_CFLAGS)

$(BUILD)/rdsca: $(RDSCA_OBJECTS)
	$(say) LINK $@
	$(Q)$(CC) $(LINK_FLAGS) -pie $(CFLAGS) -o $@ $(RDSCA_OBJECTS) $(LDFLAGS) \
	    $(CRYPTO_LIBS) $(CURL_LIBS) -lpthread

$(BUILD)/%.cnf: conf/%.cnf.in Makefile
	$(say) CONF $@
	@mkdir -p $(@D)
	$(Q)sed 's|@MODULE@|$(abspath $(BUILD))/rds.so|' $< > $@

# The regions are those of the known roots.
$(BUILD)/rdsca.bash-completion: conf/rdsca.bash-completion.in \
    provider/anchors/pins.tsv Makefile
	$(say) CONF $@
	@mkdir -p $(@D)
	$(Q)regions=$$(sed -n 's/.*Amazon RDS \([a-z0-9-]*\) Root CA .* G1.*/\1/p' \
	    provider/anchors/pins.tsv | sort -u | tr '\n' ' ') && \
	    sed "s|@REGIONS@|$${regions% }|" $< > $@

FORCE:

# ---- tests ------------------------------------------------------------------

CUNIT_LIBS = $(shell $(PKG_CONFIG) --libs cunit 2>/dev/null || echo -lcunit)

# Calls that tests/unit/faults.c and memory.c stand before.
comma := ,
UNIT_WRAPPED = $(addprefix -Wl$(comma)--wrap=,openat fstat fstatat fstatvfs \
    fdopendir readdir read malloc calloc)

$(BUILD)/unit-tests: $(UNIT_OBJECTS)
	$(say) LINK $@
	$(Q)$(CC) $(LINK_FLAGS) $(CFLAGS) -o $@ $^ $(LDFLAGS) $(UNIT_WRAPPED) \
	    $(CRYPTO_LIBS) $(CUNIT_LIBS) -lpthread

$(BUILD)/loader-tests: $(LOADER_OBJECTS) $(BUILD)/rds.so
	$(say) LINK $@
	$(Q)$(CC) $(LINK_FLAGS) $(CFLAGS) -o $@ $(LOADER_OBJECTS) $(LDFLAGS) \
	    $(CRYPTO_LIBS) $(CUNIT_LIBS) -lpthread

# Settings of the machine that would lead a test astray.
SCRUB = env -u SSL_CERT_FILE -u SSL_CERT_DIR -u CURL_CA_BUNDLE \
    -u OPENSSL_CONF -u OPENSSL_MODULES -u RDS_PROVIDER_DEBUG \
    RDS_MODULE=$(abspath $(BUILD))/rds.so

.PHONY: unit-check system-check abi-check rdsca-check client-check check
unit-check: all $(BUILD)/unit-tests $(BUILD)/loader-tests
	$(SCRUB) $(RUNNER) $(BUILD)/unit-tests
	$(SCRUB) $(RUNNER) $(BUILD)/loader-tests

system-check: all
	$(SCRUB) prove --failures --comments tests/system/*.t

# Part of system-check; alone, it takes a second.
abi-check: all
	$(SCRUB) prove --failures --comments tests/system/abi.t

# The command, against HTTPS servers on loopback.
rdsca-check: all $(BUILD)/faults.so
	$(SCRUB) RDSCA=$(abspath $(BUILD))/rdsca \
	    prove --failures --comments tests/rdsca/*.t

# Real clients with rds-trust; installs them.
client-check: all
	@NO_DEPS='$(NO_DEPS)' conf/install-deps clients
	$(SCRUB) prove --failures --comments tests/clients/*.t

# The installed files, with nothing from $(BUILD): where the variables say, if
# one is set; else the rdsca of PATH and the module that `openssl version -m`
# leads to.
given = $(strip $(foreach name,DESTDIR $(1),$(filter-out \
    undefined default file,$(origin $(name)))))
.PHONY: installcheck
installcheck:
	$(SCRUB) \
	    RDS_MODULE=$(if $(call given,MODULESDIR),$(DESTDIR)$(MODULESDIR)/rds.so) \
	    RDSCA=$(if $(call given,PREFIX BINDIR),$(DESTDIR)$(BINDIR)/rdsca) \
	    RDS_CNF=$(DESTDIR)$(SYSCONFDIR)/rds-ca/rds.cnf \
	    RDS_NO_SKIP=$(RDS_NO_SKIP) \
	    prove --failures --comments tests/installed/*.t

-include tests/trust/rules.mk
-include tests/fuzz/rules.mk
-include tests/stress/rules.mk
-include tests/soak/rules.mk
-include tests/faults/rules.mk
-include tests/coverage/rules.mk

# The same module with other lines of OpenSSL, a build with musl, and builds
# for other processors.  What cannot be installed is a line that is skipped.
RDS_LINES ?= here trixie sid experimental
LINES_FILES = $(addprefix $(BUILD)/,rds.so unit-tests loader-tests trust-tests)

CROSS ?= arm64

.PHONY: lines-check musl-check cross-check arm64-check
lines-check: all $(LINES_FILES)
	@NO_DEPS='$(NO_DEPS)' conf/install-deps lines || :
	@BUILD='$(BUILD)' tests/lines/run $(RDS_LINES)

musl-check: RDS_LINES = musl
musl-check: lines-check

# CROSS='arm64 armhf i386 s390x', or some of them.
cross-check:
	@NO_DEPS='$(NO_DEPS)' conf/install-deps cross || :
	@BUILD='$(BUILD)' tests/lines/run $(CROSS)

arm64-check: CROSS = arm64
arm64-check: cross-check

check: deps
	@$(MAKE) unit-check
	@$(MAKE) trust-check
	@$(MAKE) faults-check
	@$(MAKE) system-check
	@$(MAKE) rdsca-check

.PHONY: valgrind asan ubsan tsan
VALGRIND := valgrind -q --leak-check=full --errors-for-leak-kinds=all \
    --show-leak-kinds=all --error-exitcode=9 --num-callers=30 \
    --suppressions=tests/valgrind.supp
valgrind:
	@$(MAKE) unit-check RUNNER='$(VALGRIND)'

asan:
	@$(MAKE) unit-check BUILD=$(BUILD)/asan SANITIZE=address,undefined \
	    CFLAGS='-O1 -g -fno-sanitize-recover=all'
ubsan:
	@$(MAKE) unit-check BUILD=$(BUILD)/ubsan SANITIZE=undefined \
	    CFLAGS='-O1 -g -fno-sanitize-recover=all'
tsan:
	@$(MAKE) unit-check BUILD=$(BUILD)/tsan SANITIZE=thread CFLAGS='-O1 -g'

.PHONY: demo bench bench-short performance-page
demo: deps
	@$(MAKE) all
	@$(SCRUB) tests/demo.sh $(BUILD)

BENCH_OBJECTS := $(call objects,$(call sources,tests/bench) \
    $(addprefix tests/trust/,pki.c process.c verify.c))

$(BUILD)/bench: $(BENCH_OBJECTS) $(BUILD)/rds.so
	$(say) LINK $@
	$(Q)$(CC) $(LINK_FLAGS) $(CFLAGS) -o $@ $(BENCH_OBJECTS) $(LDFLAGS) \
	    -lssl $(CRYPTO_LIBS)

BENCH = $(SCRUB) BENCH_COMMIT='$(shell git describe --always --dirty \
    --exclude='*' 2>/dev/null)' $(BUILD)/bench

bench: $(BUILD)/bench
	@$(BENCH) --rows '$(ROWS)' --format '$(FORMAT)' --sessions '$(SESSIONS)'

# For CI: every row has a number; no aim is judged.
bench-short: $(BUILD)/bench
	@$(BENCH) --short

# On a quiet machine.
performance-page: $(BUILD)/bench
	@tests/bench/page.sh docs/performance.md $(BENCH) --format markdown \
	    --sessions '$(SESSIONS)'

# ---- linters ----------------------------------------------------------------

LINT_SOURCES = $(MODEL_SOURCES) $(STORE_SOURCES) $(MODULE_SOURCES) \
    $(RDSCA_SOURCES) \
    provider/truststore/linked.c provider/anchors/digest.c
FORMAT_FILES = $(LINT_SOURCES) $(UNIT_SOURCES) $(LOADER_SOURCES) \
    $(wildcard include/rds/*.h provider/*/*.h provider/*/*/*.h tests/*/*.h \
    tests/*/*.c tests/fuzz/lib/*.h tests/fuzz/lib/*.c)

.PHONY: lint analyze tidy format

# A file that was found good is not looked at again until it, a header or the
# rules change.
LINT_INPUTS := Makefile .clang-tidy \
    $(wildcard include/rds/*.h provider/*/*.h provider/*/*/*.h)

# What gcc 12 gets wrong, and cannot be written so that it does not: it loses
# track of what is stored at an index that it does not know, and it takes each
# of two users who leave for the last one.
$(BUILD)/analyze/provider/truststore/bundle_cache.ok: \
    FALSE_ALARMS := -Wno-analyzer-malloc-leak
$(BUILD)/analyze/provider/truststore/truststore.ok: \
    FALSE_ALARMS := -Wno-analyzer-use-after-free

ANALYZE_CC ?= gcc
$(BUILD)/analyze/%.ok: %.c $(LINT_INPUTS)
	$(say) ANALYZE $<
	@mkdir -p $(@D)
	$(Q)$(ANALYZE_CC) $(BASE_FLAGS) $(CRYPTO_CFLAGS) -O2 -fanalyzer -Werror \
	    $(FALSE_ALARMS) -c -o /dev/null $<
	@touch $@

$(BUILD)/tidy/%.ok: %.c $(LINT_INPUTS)
	$(say) TIDY $<
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet --warnings-as-errors='*' $< -- $(BASE_FLAGS) \
	    -Wno-unknown-warning-option $(CRYPTO_CFLAGS)
	@touch $@

analyze: $(patsubst %.c,$(BUILD)/analyze/%.ok,$(LINT_SOURCES))
tidy: $(patsubst %.c,$(BUILD)/tidy/%.ok,$(LINT_SOURCES))

# As many at a time as there are processors, unless make was told.
JOBS ?= $(shell nproc)
AT_A_TIME = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))

lint:
	clang-format --dry-run -Werror $(sort $(FORMAT_FILES))
	@$(MAKE) $(AT_A_TIME) --output-sync analyze tidy
	cppcheck -j $(JOBS) --quiet --error-exitcode=1 --std=c11 --inline-suppr \
	    --enable=warning,performance,portability \
	    --suppress=missingIncludeSystem --suppress=ctuuninitvar \
	    -D_GNU_SOURCE \
	    -DRDS_VERSION='""' -Iinclude $(LINT_SOURCES)
	shellcheck -x .ci/run tests/system/*.t \
	    tests/system/*.sh tests/clients/*.t tests/clients/*.sh \
	    tests/rdsca/*.t tests/rdsca/*.sh tests/*.sh tests/lines/*.sh \
	    tests/bench/*.sh tests/fuzz/*.sh tests/soak/*.t \
	    tests/lines/run tests/installed/*.t tests/installed/*.sh \
	    tests/deb/run tests/deb/in-tree tests/deb/*.t tests/deb/*.sh \
	    provider/anchors/*.sh conf/install-deps conf/dist conf/build-deb \
	    conf/debian-changelog \
	    conf/debian/*.p* conf/debian/tests/installcheck \
	    conf/rdsca.bash-completion.in
	@! for page in docs/*.[1-8]; do \
	    groff -man -ww -z -Tutf8 $$page 2>&1; done | grep .
	mandoc -Tlint docs/*.[1-8]
	@! grep -rnE ' +$$|	$$' --include=*.c --include=*.h --include=*.md \
	    provider include tests docs README.md || \
	    { echo 'trailing white space' >&2; exit 1; }

format:
	clang-format -i $(sort $(FORMAT_FILES))

# ---- installing -------------------------------------------------------------

# FILE=TARGET=MODE of what is installed: what belongs to the module, what to
# the command, and what an administrator edits, which comes with the command.
MODULE_FILES = \
    $(BUILD)/rds.so=$(MODULESDIR)/rds.so=644 \
    docs/OSSL_STORE-rds.7=$(MANDIR)/man7/OSSL_STORE-rds.7=644 \
    docs/OSSL_PROVIDER-rds.7=$(MANDIR)/man7/OSSL_PROVIDER-rds.7=644 \
    docs/clients.md=$(DOCDIR)/clients.md=644 \
    docs/security.md=$(DOCDIR)/security.md=644
COMMAND_FILES = \
    $(BUILD)/rdsca=$(BINDIR)/rdsca=755 \
    $(BUILD)/install/rdsca.service=$(SYSTEMDUNITDIR)/rdsca.service=644 \
    conf/rdsca.timer=$(SYSTEMDUNITDIR)/rdsca.timer=644 \
    conf/rdsca.sysusers=$(SYSUSERSDIR)/rdsca.conf=644 \
    conf/rdsca.tmpfiles=$(TMPFILESDIR)/rdsca.conf=644 \
    $(BUILD)/rdsca.bash-completion=$(COMPLETIONDIR)/rdsca=644 \
    docs/rdsca.1=$(MANDIR)/man1/rdsca.1=644 \
    $(BUILD)/install/apparmor/rds-ca=$(APPARMORDIR)/abstractions/rds-ca=644 \
    conf/selinux/rds-ca.fc=$(DOCDIR)/rds-ca.fc=644 \
    docs/airgap.md=$(DOCDIR)/airgap.md=644 \
    docs/deploy.md=$(DOCDIR)/deploy.md=644 \
    conf/deploy/kubernetes.yaml=$(DOCDIR)/kubernetes.yaml=644 \
    $(BUILD)/install/rdsca.cron=$(DOCDIR)/rdsca.cron=644
INSTALLED = $(MODULE_FILES) $(COMMAND_FILES)
SETTINGS = \
    $(BUILD)/install/rds.cnf=$(SYSCONFDIR)/rds-ca/rds.cnf=644 \
    conf/rdsca.default=$(SYSCONFDIR)/default/rdsca=644

part = $(word $(1),$(subst =, ,$(2)))
parts = $(foreach entry,$(2),$(call part,$(1),$(entry)))

# Installs beside the target, then renames: a running process keeps the old
# file whole.
define put
$(say) INSTALL $(DESTDIR)$(call part,2,$(1))
$(Q)install -d -m 755 $(DESTDIR)$(dir $(call part,2,$(1)))
$(Q)install -m $(call part,3,$(1)) $(call part,1,$(1)) \
    $(DESTDIR)$(call part,2,$(1)).new
$(Q)mv -f $(DESTDIR)$(call part,2,$(1)).new $(DESTDIR)$(call part,2,$(1))

endef

define put_settings
$(if $(wildcard $(DESTDIR)$(call part,2,$(1))), \
    @echo '$(call part,2,$(1)) is there already and stays.', \
    $(call put,$(1)))

endef

define remove_settings
@if cmp -s $(call part,1,$(1)) $(DESTDIR)$(call part,2,$(1)); then \
    rm -f $(DESTDIR)$(call part,2,$(1)); \
elif [ -e $(DESTDIR)$(call part,2,$(1)) ]; then \
    echo '$(call part,2,$(1)) was edited and stays.'; \
fi

endef

.PHONY: install install-module install-command uninstall
install-module: $(call parts,1,$(MODULE_FILES))
	$(if $(MODULESDIR),,$(error pkg-config does not know the modulesdir of \
	    libcrypto; set MODULESDIR))
	$(foreach entry,$(MODULE_FILES),$(call put,$(entry)))

install-command: $(call parts,1,$(COMMAND_FILES) $(SETTINGS))
	$(foreach entry,$(COMMAND_FILES),$(call put,$(entry)))
	$(foreach entry,$(SETTINGS),$(call put_settings,$(entry)))

install: all install-module install-command
	@echo 'Installed.  openssl.cnf is as it was; to activate the module:'
	@echo '    rdsca enable'
	@echo 'A weekly update of the certificates is there, but not enabled:'
	@echo '    systemd-sysusers rdsca.conf'
	@echo '    systemctl enable --now rdsca.timer'

uninstall: $(call parts,1,$(SETTINGS))
	rm -f $(addprefix $(DESTDIR),$(call parts,2,$(INSTALLED)))
	$(foreach entry,$(SETTINGS),$(call remove_settings,$(entry)))
	-@rmdir $(DESTDIR)$(SYSCONFDIR)/rds-ca $(DESTDIR)$(DOCDIR) 2>/dev/null; :
	@echo 'Removed.  If openssl.cnf still names rds.so, take that section out,'
	@echo "or the block between the marks of 'rdsca enable'."
	@echo 'The user rds-ca and /var/lib/rds-ca stay, if they were made.'

$(BUILD)/install/%: conf/%.in Makefile FORCE
	@mkdir -p $(@D)
	$(Q)sed 's|@MODULE@|$(MODULESDIR)/rds.so|; s|@BINDIR@|$(BINDIR)|' \
	    $< > $@

# ---- packages ---------------------------------------------------------------

TARBALL  = $(BUILD)/rds-provider-$(VERSION).tar.gz
DEB      = $(BUILD)/deb

.PHONY: dist deb deb-lint deb-check
dist:
	@conf/dist $(VERSION) $(TARBALL)

deb:
	@NO_DEPS='$(NO_DEPS)' conf/install-deps deb
	@conf/dist $(VERSION) $(TARBALL)
	@conf/build-deb $(VERSION) $(TARBALL) $(DEB)

# What `make deb` left.  Debian's compilers make PIE without a flag; lintian
# looks at the files.
deb-lint:
	lintian --allow-root --fail-on error,warning --display-info --pedantic \
	    $(DEB)/*.changes
	blhc --bindnow --ignore-flag -fPIE --ignore-flag -pie $(DEB)/build.log

# Installed, upgraded, removed and purged in trees of Debian 12 and 13.
DEB_SUITES ?= bookworm trixie
deb-check: deb
	@NO_DEPS='$(NO_DEPS)' conf/install-deps lines || :
	@BUILD='$(BUILD)' tests/deb/run $(DEB_SUITES)

# ---- the rest ---------------------------------------------------------------

.PHONY: deps clean help anchors-check refresh-anchors changelog
deps:
	@NO_DEPS='$(NO_DEPS)' conf/install-deps

# The packages' changelog, after docs/CHANGELOG.md was edited.
changelog:
	conf/debian-changelog > conf/debian/changelog.new
	mv conf/debian/changelog.new conf/debian/changelog

anchors-check:
	provider/anchors/extract.sh --check

refresh-anchors: $(BUILD)/rdsca
	provider/anchors/refresh.sh --rdsca $(BUILD)/rdsca $(REFRESH_OPTIONS)

clean:
	rm -rf $(BUILD)

help:
	@echo 'targets:'
	@echo '  all            build/rds.so and build/rds.cnf (the default)'
	@echo '  demo           install what is needed, build, show the main job'
	@echo '  check          install what is needed, build, run all tests'
	@echo '  unit-check     tests that need no root, no server, no network'
	@echo '  system-check   tests with the openssl command and real servers'
	@echo '  abi-check      what the files ask of libc and libcrypto'
	@echo '  trust-check    process-wide trust, through the public API'
	@echo '  faults-check   allocations that fail, one after another'
	@echo '  rdsca-check    the command, against HTTPS servers on loopback'
	@echo '  lines-check    one module with OpenSSL 3.0, 3.5 and later (debootstrap)'
	@echo '  musl-check     a build with musl, and its tests (minutes, at first)'
	@echo '  arm64-check    a build for arm64, and its tests under qemu (minutes)'
	@echo "  cross-check    the same for others: CROSS='arm64 armhf i386 s390x'"
	@echo '  client-check   real clients with rds-trust'
	@echo '  soak           CONNECTIONS=20000 verified connections, bundles replaced'
	@echo '  installcheck   the installed files, and nothing of the build folder'
	@echo '  valgrind asan ubsan tsan   unit-check under a checker'
	@echo '  stress         64 threads while bundles change, for SECONDS=5'
	@echo '  stress-asan stress-tsan    the same under a checker'
	@echo '  stress-mutants bugs put in on purpose, which stress must find'
	@echo '  coverage       which lines the tests reach; fails below 95 %'
	@echo '  fuzz           each parser for SECONDS=60, or one of them: TARGET=uri;'
	@echo '                 SEED=1 makes it the same run each time'
	@echo '  fuzz-regress   what was a finding once, without the fuzzer'
	@echo '  fuzz-mutants   bugs put in on purpose, which the fuzzer must find'
	@echo '  bench          ratios against what one would use instead'
	@echo '                 (ROWS=NAME,... FORMAT=markdown SESSIONS=N)'
	@echo '  bench-short    whether each row of it gives a number'
	@echo '  performance-page   bench, into docs/performance.md'
	@echo '  lint format    style and static analysis'
	@echo '  analyze tidy   parts of lint: gcc -fanalyzer, clang-tidy'
	@echo '  install uninstall          never touch openssl.cnf'
	@echo '  install-module install-command   its two halves, for packagers'
	@echo '  dist           the source, as build/rds-provider-$(VERSION).tar.gz'
	@echo '  deb deb-lint   Debian packages, in build/deb; lintian and blhc'
	@echo '  deb-check      install, upgrade, remove and purge them in trees of'
	@echo '                 Debian 12 and 13 (debootstrap; minutes)'
	@echo '  deps           install Debian packages (root or sudo; NO_DEPS=1 forbids)'
	@echo '  changelog      write conf/debian/changelog from docs/CHANGELOG.md'
	@echo '  anchors-check  repeat the extraction of the anchors (npm)'
	@echo '  refresh-anchors  for maintainers: fetch from AWS what is pinned and'
	@echo '                 not carried, into provider/anchors'
	@echo '  clean'
	@echo 'variables: DESTDIR PREFIX BINDIR MODULESDIR SYSCONFDIR MANDIR DOCDIR'
	@echo '  SYSTEMDUNITDIR SYSUSERSDIR TMPFILESDIR COMPLETIONDIR APPARMORDIR'
	@echo '  CC CFLAGS CPPFLAGS LDFLAGS CC_FOR_BUILD PKG_CONFIG BUILD V=1 NO_DEPS=1'
	@echo '  ANCHORS=DIR    build in the certificates of DIR/*.pem, too'
	@echo '  REFRESH_OPTIONS  of refresh-anchors: "-o DIR" writes there, for ANCHORS;'
	@echo '                 others as provider/anchors/refresh.sh --help says'

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
