# SPDX-License-Identifier: Apache-2.0
#
# Fuzzing (included by the Makefile of the project); docs/testing.md.
#
#   fuzz          SECONDS=60 for each target, or for TARGET=name; with SEED=1
#                 the same run each time
#   fuzz-regress  reads the inputs again that were findings once, and the seeds
#   fuzz-mutants  puts bugs into a copy of the code; each must be found

SECONDS  ?= 60
TARGET   ?=
SEED     ?=
FUZZ_CC  ?= clang

FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/*.c)))

# What each target needs besides the model and the trust store.
FUZZ_MODULE := $(MODULE_SOURCES) tests/fuzz/lib/module.c
FUZZ_EXTRA_leaf := $(FUZZ_MODULE)
FUZZ_EXTRA_search := $(FUZZ_MODULE) tests/fuzz/lib/answers.c
FUZZ_EXTRA_find := $(FUZZ_EXTRA_search)
FUZZ_EXTRA_configuration := provider/module/log.c
FUZZ_EXTRA_vet := provider/rdsca/fetch/validate.c provider/rdsca/fetch/unpack.c
FUZZ_EXTRA_defaults := provider/rdsca/fetch/defaults.c provider/rdsca/fetch/target.c
FUZZ_EXTRA_response := provider/rdsca/fetch/http.c
FUZZ_EXTRA_etag := $(addprefix provider/rdsca/,fetch/etag.c \
    fetch/installed.c file/replace.c)

FUZZ_DER := tests/fuzz/lib/mutate_der.c tests/fuzz/lib/mutator_der.c
FUZZ_PEM := tests/fuzz/lib/mutate_der.c tests/fuzz/lib/mutator_pem.c
FUZZ_MUTATOR_certificate := $(FUZZ_DER)
FUZZ_MUTATOR_name := $(FUZZ_DER)
FUZZ_MUTATOR_find := $(FUZZ_DER)
FUZZ_MUTATOR_leaf := $(FUZZ_DER)
FUZZ_MUTATOR_scope := $(FUZZ_DER)
FUZZ_MUTATOR_bundle := $(FUZZ_PEM)
FUZZ_MUTATOR_vet := $(FUZZ_PEM)

FUZZ_COMMON := $(addprefix tests/fuzz/lib/,support.c grammar.c covers.c \
    scope.c leaf.c) provider/truststore/linked.c

fuzz_objects = $(call objects,tests/fuzz/$(1).c $(FUZZ_COMMON) \
    $(FUZZ_EXTRA_$(1))) $(CORE_OBJECTS)
fuzz_link = $(CC) -Wl,-z,relro,-z,now $(CFLAGS) -fsanitize=$(SANITIZE) \
    -o $@ $^ $(LDFLAGS) $(CRYPTO_LIBS) -lpthread -ldl

define fuzz_rules
$(BUILD)/fuzz-$(1): $(call fuzz_objects,$(1)) \
    $(call objects,$(FUZZ_MUTATOR_$(1)))
	$$(say) LINK $$@
	$$(Q)$$(fuzz_link) -fsanitize=fuzzer

$(BUILD)/replay-$(1): $(call fuzz_objects,$(1)) \
    $(call objects,tests/fuzz/lib/replay.c)
	$$(say) LINK $$@
	$$(Q)$$(fuzz_link)
endef
$(foreach target,$(FUZZ_TARGETS),$(eval $(call fuzz_rules,$(target))))

# Seeds that are certificates are made from those that are built in.
$(BUILD)/fuzz-seeds: $(call objects,$(addprefix tests/fuzz/lib/,seeds.c \
    seed_leaves.c) $(FUZZ_COMMON)) $(CORE_OBJECTS)
	$(say) LINK $@
	$(Q)$(fuzz_link)

$(BUILD)/seeds: $(BUILD)/fuzz-seeds
	$(say) SEEDS $@
	@rm -rf $@ && mkdir -p $(addprefix $@/,$(FUZZ_TARGETS))
	$(Q)$(SCRUB) $< $@ ../shared/truststore

.PHONY: fuzz-programs replay-programs fuzz fuzz-regress fuzz-mutants
fuzz-programs: $(addprefix $(BUILD)/fuzz-,$(or $(TARGET),$(FUZZ_TARGETS))) \
    $(BUILD)/seeds
replay-programs: $(addprefix $(BUILD)/replay-,$(FUZZ_TARGETS)) $(BUILD)/seeds

fuzz:
	$(if $(filter-out $(FUZZ_TARGETS),$(TARGET)), \
	    $(error TARGET=$(TARGET): one of $(FUZZ_TARGETS)))
	@NO_DEPS='$(NO_DEPS)' conf/install-deps fuzz
	@$(MAKE) $(AT_A_TIME) fuzz-programs BUILD=$(BUILD)/fuzz CC=$(FUZZ_CC) \
	    SANITIZE=address,undefined CFLAGS='-O1 -g -fno-omit-frame-pointer \
	    -fno-sanitize-recover=all -fsanitize=fuzzer-no-link'
	@JOBS='$(JOBS)' SEED='$(SEED)' $(SCRUB) tests/fuzz/run.sh \
	    $(BUILD)/fuzz $(SECONDS) $(or $(TARGET),$(FUZZ_TARGETS))

fuzz-regress:
	@$(MAKE) replay-programs BUILD=$(BUILD)/replay \
	    SANITIZE=address,undefined CFLAGS='-O1 -g -fno-sanitize-recover=all'
	@$(SCRUB) tests/fuzz/regress.sh $(BUILD)/replay $(FUZZ_TARGETS)

fuzz-mutants:
	@tests/fuzz/mutants.sh tests/fuzz/mutants $(BUILD) $(SECONDS) $(TARGET)
