# SPDX-License-Identifier: Apache-2.0
#
# The tests of process-wide trust (included by the Makefile of the project).
#
#   trust-check     runs them
#   trust-valgrind  the same under valgrind, each process of a test, too

TRUST_SOURCES := $(filter-out %/program.c,$(sort $(wildcard tests/trust/*.c)))
TRUST_OBJECTS := $(patsubst %.c,$(BUILD)/obj/%.o,$(TRUST_SOURCES))

# A second libcrypto, and programs that hold one of their own, are made of
# the static library, where there is one.
TRUST_ARCHIVE := $(wildcard $(shell $(PKG_CONFIG) --variable=libdir libcrypto 2>/dev/null)/libcrypto.a)
TRUST_WHOLE = -Wl,--whole-archive $(TRUST_ARCHIVE) -Wl,--no-whole-archive
TRUST_EXTRAS = $(if $(TRUST_ARCHIVE),$(addprefix $(BUILD)/, \
    libother-crypto.so trust-hidden trust-exported))

# A module with one more root of Amazon Trust Services, whose key we have: no
# bundle brings such a root.  Made anew in each build directory.
TRUST_EXTRAS += $(if $(shell command -v openssl),$(BUILD)/trial-ats.so)

$(BUILD)/trust-tests: $(TRUST_OBJECTS) $(BUILD)/rds.so $(TRUST_EXTRAS)
	$(say) LINK $@
	$(Q)$(CC) $(LINK_FLAGS) $(CFLAGS) -o $@ $(TRUST_OBJECTS) $(LDFLAGS) \
	    $(SSL_LIBS) $(CRYPTO_LIBS) $(CUNIT_LIBS) -lpthread -ldl

# -Bsymbolic: its own calls stay in it, whoever else exports the same names.
$(BUILD)/libother-crypto.so: $(TRUST_ARCHIVE)
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) -shared -Wl,-soname,libother-crypto.so -Wl,-Bsymbolic -o $@ \
	    $(TRUST_WHOLE) -lpthread -ldl

$(BUILD)/trial-ats.pem: tests/trust/trial.sh
	$(say) OPENSSL $@
	@mkdir -p $(@D)
	$(Q)tests/trust/trial.sh $(BUILD)/trial-ats provider/anchors/pins.tsv

$(BUILD)/gen/trial-ats.c: $(BUILTIN) $(BUILD)/trial-ats.pem
	$(say) DIGEST $@
	$(Q)$(DIGEST) $(BUILD)/trial-ats.tsv \
	    provider/anchors/rds-combined-ca-bundle.list \
	    provider/anchors/DATE $(PEM_FILES) $(BUILD)/trial-ats.pem > $@

$(BUILD)/obj/trial-ats.o: $(BUILD)/gen/trial-ats.c
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -c -o $@ $<

TRUST_TRIAL_OBJECTS = $(filter-out $(BUILD)/obj/builtin.o,$(MODULE_OBJECTS)) \
    $(BUILD)/obj/trial-ats.o
$(BUILD)/trial-ats.so: $(TRUST_TRIAL_OBJECTS) provider/module/rds.map
	$(say) LINK $@
	$(Q)$(CC) $(MODULE_LINK_FLAGS) $(CFLAGS) -o $@ $(TRUST_TRIAL_OBJECTS) \
	    $(LDFLAGS)

# Its libcrypto exports nothing, and the system's is there, too.
$(BUILD)/trust-hidden: $(BUILD)/obj/tests/trust/program.o $(TRUST_ARCHIVE)
	$(say) LINK $@
	$(Q)$(CC) $(LINK_FLAGS) $(CFLAGS) -o $@ $< $(LDFLAGS) \
	    -Wl,--exclude-libs,ALL $(TRUST_ARCHIVE) -Wl,--no-as-needed $(SSL_LIBS) \
	    -lpthread -ldl

# Its libcrypto exports everything, as node's does.
$(BUILD)/trust-exported: $(BUILD)/obj/tests/trust/program.o $(TRUST_ARCHIVE)
	$(say) LINK $@
	$(Q)$(CC) $(filter-out %gc-sections,$(LINK_FLAGS)) $(CFLAGS) -rdynamic \
	    -o $@ $< $(LDFLAGS) $(TRUST_WHOLE) -lpthread -ldl

.PHONY: trust-check trust-valgrind
trust-check: all $(BUILD)/trust-tests
	$(SCRUB) $(RUNNER) $(BUILD)/trust-tests

# What a process keeps to its end is reachable, and meant.
TRUST_VALGRIND = valgrind -q --trace-children=yes \
    --trace-children-skip=*/true,*/false \
    --leak-check=full --errors-for-leak-kinds=definite,indirect \
    --show-leak-kinds=definite,indirect --error-exitcode=9 --num-callers=30
trust-valgrind:
	@$(MAKE) trust-check RUNNER='env RDS_SLOW=30 $(TRUST_VALGRIND)'
