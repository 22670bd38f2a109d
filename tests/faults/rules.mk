# SPDX-License-Identifier: Apache-2.0
#
# Allocations that fail (included by the Makefile of the project).
#
#   faults-check   each of the module's own, and some of OpenSSL's
#   rdsca-faults   the same of rdsca import and rdsca update
#   faults-all     all of OpenSSL's and libcurl's, too (hours)
#   faults-mutants puts bugs into a copy of the code; each must be found

FAULTS_OBJECTS := $(call objects,$(call sources,tests/faults) \
    $(addprefix tests/trust/,pki.c process.c))

$(BUILD)/faults: $(FAULTS_OBJECTS) $(BUILD)/rds.so
	$(say) LINK $@
	$(Q)$(CC) $(LINK_FLAGS) $(CFLAGS) -o $@ $(FAULTS_OBJECTS) $(LDFLAGS) \
	    $(SSL_LIBS) $(CRYPTO_LIBS) -lpthread -ldl

# For LD_PRELOAD.
$(BUILD)/faults.so: $(BUILD)/obj/tests/faults/allocator.o
	$(say) LINK $@
	$(Q)$(CC) $(LINK_FLAGS) $(CFLAGS) -shared -o $@ $< $(LDFLAGS) -lpthread

.PHONY: faults-check rdsca-faults faults-all faults-mutants
faults-check: all $(BUILD)/faults
	$(SCRUB) $(RUNNER) $(BUILD)/faults
rdsca-faults: all $(BUILD)/faults.so
	$(SCRUB) RDSCA=$(abspath $(BUILD))/rdsca \
	    prove --failures --comments tests/rdsca/memory.t
faults-all: all $(BUILD)/faults
	$(SCRUB) $(BUILD)/faults --all
	@RDS_FAULTS=all $(MAKE) rdsca-faults
faults-mutants:
	@tests/fuzz/mutants.sh tests/faults/mutants $(BUILD) $(SECONDS) $(TARGET)
