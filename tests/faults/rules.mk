# SPDX-License-Identifier: Apache-2.0
#
# Allocations that fail (included by the Makefile of the project).
#
#   faults-check   each of the module's own, and some of OpenSSL's
#   faults-all     all of OpenSSL's, too (many minutes)

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

.PHONY: faults-check faults-all
faults-check: all $(BUILD)/faults
	$(SCRUB) $(BUILD)/faults
faults-all: all $(BUILD)/faults
	$(SCRUB) $(BUILD)/faults --all
