# SPDX-License-Identifier: Apache-2.0
#
# Which lines of provider/ the tests reach (included by the Makefile of the
# project); docs/testing.md.
#
#   coverage   the checks with counters; fails below COVERAGE_MIN percent.
#              What is not reached: build/cov/index.html

COVERAGE_MIN ?= 95
COVERAGE := $(abspath $(BUILD))/cov
COVERAGE_CHECKS := unit-check trust-check system-check rdsca-check
COVERAGE_EXIT := $(COVERAGE)/obj/tests/coverage/exit.o
COVERAGE_FLAGS := -O0 -g --coverage -fprofile-update=atomic
COVERAGE_MAKE = $(MAKE) BUILD=$(COVERAGE) SANITIZE= \
    CFLAGS='$(COVERAGE_FLAGS)' LDFLAGS='$(COVERAGE_EXIT) -Wl,--wrap=_exit'
COVERAGE_PROGRAMS := $(addprefix $(COVERAGE)/, \
    unit-tests loader-tests trust-tests)

# Processes of other users count, too, and may make no files: so each file of
# counters is there beforehand.  An empty one is a new one.
.PHONY: coverage
coverage:
	@NO_DEPS='$(NO_DEPS)' conf/install-deps coverage
	@$(COVERAGE_MAKE) $(COVERAGE_EXIT)
	@$(COVERAGE_MAKE) all $(COVERAGE_PROGRAMS)
	@find $(COVERAGE)/obj -name '*.gcda' -delete
	@find $(COVERAGE)/obj -name '*.gcno' | sed 's/gcno$$/gcda/' | \
	    while read -r file; do : > $$file; chmod 666 $$file; done
	@for check in $(COVERAGE_CHECKS); do \
	    RDS_COVERAGE=1 $(COVERAGE_MAKE) $$check || exit 1; \
	done
	@gcovr --root . --filter provider/ --exclude provider/anchors/ \
	    --txt --html-details $(COVERAGE)/index.html \
	    --fail-under-line $(COVERAGE_MIN) $(COVERAGE)/obj
	@echo 'The lines: $(COVERAGE)/index.html'
