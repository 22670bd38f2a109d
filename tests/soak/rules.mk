# SPDX-License-Identifier: Apache-2.0
#
# The soak (included by the Makefile of the project).
#
#   soak            CONNECTIONS=20000 verified TLS connections in two long-lived
#                   processes, while the bundles are replaced every second

CONNECTIONS ?= 20000

# Asked when it is built: only then is the package there for certain.
PQ_CFLAGS = $(shell $(PKG_CONFIG) --cflags libpq)
PQ_LIBS   = $(shell $(PKG_CONFIG) --libs libpq)

$(BUILD)/obj/tests/soak/%.o: CPPFLAGS += $(PQ_CFLAGS)

$(BUILD)/soak-pool: $(BUILD)/obj/tests/soak/pool.o
	$(say) LINK $@
	$(Q)$(CC) $(LINK_FLAGS) $(CFLAGS) -o $@ $< $(LDFLAGS) $(PQ_LIBS) -lpthread

.PHONY: soak
soak: all
	@NO_DEPS='$(NO_DEPS)' conf/install-deps clients
	@$(MAKE) $(BUILD)/soak-pool
	$(SCRUB) CONNECTIONS='$(CONNECTIONS)' SOAK_POOL='$(BUILD)/soak-pool' \
	    prove --verbose tests/soak/soak.t
