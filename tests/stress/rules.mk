# SPDX-License-Identifier: Apache-2.0
#
# Threads that ask while the bundles change (included by the Makefile of the
# project).
#
#   stress         SECONDS=N how long, at least; SEED=N repeats a run
#   stress-asan    the same under AddressSanitizer and UBSan
#   stress-tsan    the same under ThreadSanitizer
#   stress-mutants puts bugs into a copy of the code; each must be found

STRESS_OBJECTS := $(call objects,$(call sources,tests/stress) \
    $(addprefix tests/trust/,pki.c process.c verify.c))

$(BUILD)/stress: $(STRESS_OBJECTS) $(BUILD)/rds.so
	$(say) LINK $@
	$(Q)$(CC) $(LINK_FLAGS) $(CFLAGS) -o $@ $(STRESS_OBJECTS) $(LDFLAGS) \
	    $(SSL_LIBS) $(CRYPTO_LIBS) -lpthread

# SECONDS has a value of its own for fuzzing.
STRESS_SECONDS = $(if $(filter command environment,$(firstword \
    $(origin SECONDS))),$(SECONDS),5)

.PHONY: stress stress-asan stress-tsan stress-mutants
stress: $(BUILD)/stress
	$(SCRUB) $(RUNNER) $(BUILD)/stress $(STRESS_SECONDS) $(SEED)

stress-asan:
	@$(MAKE) stress BUILD=$(BUILD)/asan SANITIZE=address,undefined \
	    CFLAGS='-O1 -g -fno-sanitize-recover=all'
stress-tsan:
	@$(MAKE) stress BUILD=$(BUILD)/tsan SANITIZE=thread CFLAGS='-O1 -g'
stress-mutants:
	@tests/fuzz/mutants.sh tests/stress/mutants $(BUILD) $(STRESS_SECONDS) \
	    $(TARGET)
