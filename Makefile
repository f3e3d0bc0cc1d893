# deploy-db: one flat GNU Makefile. `make help` lists what it can do.

VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
LIBDIR  ?= $(PREFIX)/lib/deploy-db
CC      ?= cc
OPT     ?= -O2 -g

# A variant has its own build directory: FAULTS=1 (fault points), SANITIZE=1 (ASan and UBSan),
# FUZZ=1 (for libFuzzer, with clang).
VARIANT := $(if $(FUZZ),fuzz,$(if $(SANITIZE),asan,$(if $(FAULTS),faults,release)))$(if $(filter clang%,$(CC)),-clang)
BUILD   ?= build
B       := $(BUILD)/$(VARIANT)

PKGS     := libpq libarchive libzstd libxxhash libconfig jansson libcrypto inih libssh2
PG_QUERY := $(firstword $(wildcard /usr/lib/*/libpg_query.a /usr/lib/libpg_query.a /usr/local/lib/libpg_query.a))
MISSING  := $(shell pkg-config --exists $(PKGS) 2>/dev/null || echo $(PKGS)) $(if $(PG_QUERY),,libpg_query)
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
            -Wpointer-arith -Wundef -Wno-format-nonliteral
HARDEN   := -fvisibility=hidden -fstack-protector-strong -fPIE \
            $(if $(SANITIZE)$(FUZZ),,$(if $(findstring -O0,$(OPT)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
comma    := ,
SANFLAGS := $(if $(SANITIZE)$(FUZZ),-fsanitize=address$(comma)undefined$(if $(FUZZ),$(comma)fuzzer-no-link) \
            -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
DEFINES  := -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DPLUGIN_DIR='"$(LIBDIR)/plugins"' \
            -DHOOK_DIR='"$(PREFIX)/share/deploy-db/hooks"' $(if $(FAULTS),-DFAULTS=1)
# CFLAGS and LDFLAGS are the user's and come last.
ALL_CFLAGS  := -std=c11 $(OPT) $(WARNINGS) $(if $(WERROR),-Werror) $(HARDEN) $(SANFLAGS) $(DEFINES) \
            -include tests/tools/banned.h -Isrc -I$(B)/gen $(shell pkg-config --cflags $(PKGS) 2>/dev/null) \
            $(CFLAGS)
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now -rdynamic $(SANFLAGS) $(LDFLAGS)
LDLIBS      := $(shell pkg-config --libs libpq libzstd libxxhash libconfig jansson libcrypto 2>/dev/null) \
            -ldl -lpthread -lm

Q := $(if $(V),,@)

# Floors, from low to high: each is an archive; a floor links with the ones below it only.
FLOOR_base     :=
FLOOR_conf     := base
FLOOR_pg       := base
FLOOR_revision := base
FLOOR_import   := base
FLOOR_bundle   := base
FLOOR_host     := base
FLOOR_deploy   := conf pg revision import bundle host base
FLOOR_cmd      := deploy conf pg revision import bundle host base
FLOORS         := base conf pg revision import bundle host deploy cmd
LINK_ORDER     := cmd deploy conf pg revision import bundle host base

PLUGINS := $(notdir $(patsubst %/,%,$(dir $(wildcard plugins/*/*.c))))
PLUGINS := $(sort $(PLUGINS))

## all: the program and its plugins (the default)
all: $(B)/deploy-db $(B)/deploy-db.1 $(PLUGINS:%=$(B)/plugins/%.so)

# Everything compiled waits for this: a missing library is named before the compiler stumbles.
READY := $(if $(strip $(MISSING)),missing-libraries,$(B)/flags)
missing-libraries:
	@echo "make: these libraries, or pkg-config itself, are missing: $(strip $(MISSING))" >&2
	@! command -v dpkg-query >/dev/null || echo "make: Debian's packages: $$(packaging/install-deps.sh --missing)" >&2
	@echo 'make: run "packaging/install-deps.sh" to install them' >&2
	@exit 1

# What the objects were compiled for: another PREFIX, compiler or optimisation compiles them again.
FLAGS := $(CC) $(OPT) $(SANFLAGS) $(DEFINES) $(CFLAGS)
$(B)/flags: always
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(FLAGS))' >$@

# --- text files that the program carries -----------------------------------------------------
# X.sql, X.py, X.sh, X.md become gen/…/X.h with `static const char X_sql[]`, and so on.
EMBEDS := $(wildcard src/*/sql/*.sql src/*/embed/* plugins/*/embed/*)
GEN    := $(patsubst src/%,$(B)/gen/%.h,$(filter src/%,$(EMBEDS))) \
          $(patsubst plugins/%,$(B)/gen/plugins/%.h,$(filter plugins/%,$(EMBEDS)))

$(B)/gen/plugins/%.h: plugins/% tests/tools/embed.awk
	@mkdir -p $(@D)
	$(Q)awk -v name=$(subst -,_,$(subst .,_,$(notdir $<))) -f tests/tools/embed.awk $< > $@
$(B)/gen/%.h: src/% tests/tools/embed.awk
	@mkdir -p $(@D)
	$(Q)awk -v name=$(subst -,_,$(subst .,_,$(notdir $<))) -f tests/tools/embed.awk $< > $@

# --- objects, floors, program ----------------------------------------------------------------
SRCS := $(foreach f,$(FLOORS),$(wildcard src/$f/*.c)) src/main.c
DEPS := $(SRCS:src/%.c=$(B)/%.d) $(patsubst plugins/%.c,$(B)/plugins/%.d,$(wildcard plugins/*/*.c))

$(B)/%.o: src/%.c $(READY) | $(GEN)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# libarchive is loaded when it is needed (archive_lib.c), under the name that linking would have recorded.
LIBARCHIVE = $(shell objdump -p "$$($(CC) -print-file-name=libarchive.so)" 2>/dev/null | sed -n 's/^ *SONAME *//p')
$(B)/bundle/archive_lib.o: ALL_CFLAGS += -DLIBARCHIVE='"$(LIBARCHIVE)"'

# libpg_query exports some 2,000 names (palloc, protobuf_c_…): link it into one object with parse.c
# and make everything else local to it.
$(B)/pg/parse.o: src/pg/parse.c $(READY) | $(GEN)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $< (with libpg_query)")
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $(B)/pg/parse.raw.o $<
	$(Q)ld -r -o $(B)/pg/parse.all.o $(B)/pg/parse.raw.o $(PG_QUERY)
	$(Q)objcopy --wildcard --keep-global-symbol='parse_*' $(B)/pg/parse.all.o $@

define FLOOR_RULE
$(B)/lib$(1).a: $(patsubst src/%.c,$(B)/%.o,$(wildcard src/$(1)/*.c))
	$(Q)rm -f $$@ && ar crs $$@ $$^
endef
$(foreach f,$(FLOORS),$(eval $(call FLOOR_RULE,$f)))

$(B)/deploy-db: $(B)/main.o $(LINK_ORDER:%=$(B)/lib%.a)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

# --- plugins: one folder, one .so, one exported function ---------------------------------------
$(B)/plugins/%.o: plugins/%.c src/plugin.h $(READY) | $(GEN)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(filter-out -fPIE,$(ALL_CFLAGS)) -fPIC -MMD -MP -c -o $@ $<

PLUGIN_LIBS_sql     := $(shell pkg-config --libs libcrypto libpq 2>/dev/null)
PLUGIN_LIBS_template := $(shell pkg-config --libs libpq 2>/dev/null)
PLUGIN_LIBS_alembic := $(shell pkg-config --libs inih jansson 2>/dev/null)
PLUGIN_LIBS_sftp    := $(shell pkg-config --libs libssh2 2>/dev/null)
define PLUGIN_RULE
$(B)/plugins/$(1).so: $(patsubst plugins/%.c,$(B)/plugins/%.o,$(wildcard plugins/$(1)/*.c))
	$(if $(V),,@echo "  LD    $$@")
	$(Q)$(CC) -shared -Wl,-z,relro,-z,now $(if $(SANITIZE)$(FUZZ),,-Wl,-z,defs) $(SANFLAGS) -o $$@ $$^ $$(PLUGIN_LIBS_$(1))
endef
$(foreach p,$(PLUGINS),$(eval $(call PLUGIN_RULE,$p)))

-include $(DEPS)

# --- tests -------------------------------------------------------------------------------------
# tests/unit/FLOOR/test_X.c is linked with FLOOR and the floors below it; tests/unit/plugins/P/
# test_X.c with the plugin's objects, and with PLUGIN_FLOORS_P, of which the fake host offers what the
# real one does; both run under cmocka.
PLUGIN_FLOORS_sql     := pg revision
PLUGIN_FLOORS_alembic := revision

UNIT_SRCS := $(wildcard tests/unit/*/test_*.c)
UNITS     := $(UNIT_SRCS:tests/unit/%.c=$(B)/tests/%)

.SECONDEXPANSION:
$(B)/tests/%: tests/unit/%.c $$(B)/lib$$(firstword $$(subst /, ,$$*)).a $$(foreach f,$$(FLOOR_$$(firstword $$(subst /, ,$$*))),$$(B)/lib$$f.a)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  TEST  $@")
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -Itests/harness -o $@ $< $(filter %.a,$^) $(ALL_LDFLAGS) -lcmocka $(LDLIBS) -larchive

PLUGIN_UNIT_SRCS := $(wildcard tests/unit/plugins/*/test_*.c)
PLUGIN_UNITS     := $(PLUGIN_UNIT_SRCS:tests/unit/plugins/%.c=$(B)/tests/plugins/%)
$(B)/tests/plugins/%: tests/unit/plugins/%.c $$(patsubst plugins/$$(PERCENT).c,$$(B)/plugins/$$(PERCENT).o,$$(wildcard plugins/$$(firstword $$(subst /, ,$$*))/*.c)) $$(foreach f,$$(PLUGIN_FLOORS_$$(firstword $$(subst /, ,$$*))),$$(B)/lib$$f.a) $(B)/libbase.a
	@mkdir -p $(@D)
	$(if $(V),,@echo "  TEST  $@")
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP $(addprefix -DFAKEHOST_,$(PLUGIN_FLOORS_$(firstword $(subst /, ,$*)))) -Itests/harness -Iplugins -o $@ $< $(filter %.o %.a,$^) $(ALL_LDFLAGS) -lcmocka $(LDLIBS) $(PLUGIN_LIBS_$(firstword $(subst /, ,$*)))
PERCENT := %

# What tests/differential asks about revision graphs.
$(B)/tests/graph_tool: tests/differential/graph_tool.c $(B)/librevision.a $(B)/libbase.a
	@mkdir -p $(@D)
	$(if $(V),,@echo "  TEST  $@")
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(filter %.a,$^) $(ALL_LDFLAGS) $(LDLIBS)

# What tests/bench/sftp.sh runs.
BENCH_TOOLS := $(B)/tests/bench/relay $(B)/tests/bench/sftp_copy
$(B)/tests/bench/%: tests/bench/%.c $(patsubst %.c,$(B)/%.o,$(wildcard plugins/sftp/*.c)) $(B)/libbase.a
	@mkdir -p $(@D)
	$(if $(V),,@echo "  TEST  $@")
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -Itests/harness -o $@ $< $(if $(filter relay,$*),,$(filter %.o %.a,$^)) $(ALL_LDFLAGS) $(LDLIBS) $(PLUGIN_LIBS_sftp)

-include $(BENCH_TOOLS:%=%.d) $(UNITS:%=%.d) $(PLUGIN_UNITS:%=%.d) $(B)/tests/graph_tool.d

## units: the unit test programs, under $(B)/tests
units: $(UNITS) $(PLUGIN_UNITS) $(B)/tests/graph_tool

# A machine may lack every tool when make starts, and what pkg-config says is computed then: so the
# tools are installed first, and the work is done by a second make.
JOBS     ?= $(shell nproc 2>/dev/null || echo 2)
SUBMAKE   = $(MAKE) --no-print-directory $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(JOBS))
RUN       = DDB_B='$(abspath $(B))' DDB_FAULTS_B='$(abspath $(BUILD))/faults$(if $(filter clang%,$(CC)),-clang)' \
            tests/run -j $(TEST_JOBS)
TEST_JOBS ?= 2
TESTS     ?=

## check: every test: units, cli, deploy, fault, docs; floors, symbols and linters (TESTS= selects)
check: deps
	@$(SUBMAKE) all units
	@$(SUBMAKE) FAULTS=1 all
	@$(SUBMAKE) check-static
	$(Q)$(RUN) $(TESTS)

## check-faults: the failure matrix of CONTRIBUTING.md: disks, networks, servers, clocks, locks, kill -9 (no part of check)
check-faults: deps
	@$(SUBMAKE) all
	@$(SUBMAKE) FAULTS=1 all
	$(Q)$(RUN) $(or $(TESTS),faults/)

## check-static: floors, exported symbols, manual pages, shell scripts
check-static: all
	@awk -f tests/tools/layers Makefile $(sort $(wildcard src/*.[ch] src/*/*.[ch] src/*/*.def plugins/*/*.[ch]))
	@tests/tools/symbols $(B)
	@tests/tools/lint

## check-valgrind: the unit tests under valgrind (compiled by gcc)
VALGRIND := valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
            $(patsubst %,--suppressions=$(CURDIR)/%,$(wildcard tests/valgrind/*.supp))
check-valgrind: deps
	@$(SUBMAKE) CC=gcc units
	$(Q)DDB_WRAP='$(VALGRIND)' DDB_B='$(abspath $(BUILD))/release' tests/run -j $(TEST_JOBS) $(or $(TESTS),unit)

## check-asan: unit, cli and deploy tests of a build with AddressSanitizer and UBSan
check-asan: deps
	@$(SUBMAKE) SANITIZE=1 all units
	@$(SUBMAKE) FAULTS=1 all
	$(Q)DDB_B='$(abspath $(BUILD))/asan$(if $(filter clang%,$(CC)),-clang)' UBSAN_OPTIONS=print_stacktrace=1 \
	    tests/run -j $(TEST_JOBS) $(or $(TESTS),unit cli deploy)

## check-tsan: the tests of what has threads, of a build with ThreadSanitizer (compiled by gcc)
check-tsan: deps
	@$(SUBMAKE) CC=gcc BUILD='$(BUILD)/tsan' SANITIZE=1 SANFLAGS='-fsanitize=thread -g' all
	@$(SUBMAKE) FAULTS=1 all
	$(Q)DDB_B='$(abspath $(BUILD))/tsan/asan' setarch -R tests/run -j $(TEST_JOBS) \
	    $(or $(TESTS),deploy/60-parallel deploy/62-ship deploy/63-push deploy/64-ship deploy/65-parallel)

## check-differential: N= revision graphs (10000) from SEED= (1), asked of Alembic and of our own code
N    ?= 10000
SEED ?= 1
check-differential: deps
	@$(SUBMAKE) $(B)/tests/graph_tool
	$(Q)DDB_SRC='$(CURDIR)' DDB_B='$(abspath $(B))' DDB_GRAPHS='$(N)' DDB_SEED='$(SEED)' bash tests/cli/differential.sh

# tests/fuzz/fuzz_X.c, which may include a plugin's files, with its corpus in tests/fuzz/corpus/X; what
# is found is kept in $(B)/fuzz.
## fuzz: every fuzzer for FUZZ_SECONDS (default 60), with clang
FUZZ_SECONDS ?= 60
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
$(B)/fuzz/%: tests/fuzz/fuzz_%.c $(wildcard plugins/*/*.[ch]) $(LINK_ORDER:%=$(B)/lib%.a)
	@mkdir -p $(@D) $(@D)/corpus-$*
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/harness -fsanitize=fuzzer -o $@ $< $(filter %.a,$^) $(ALL_LDFLAGS) $(LDLIBS)
fuzz-run-%: $(B)/fuzz/%
	$(Q)cd $(B)/fuzz && ./$* -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 \
	    corpus-$* $(wildcard $(CURDIR)/tests/fuzz/corpus/$*)
fuzz: deps
	@$(SUBMAKE) CC=clang FUZZ=1 $(FUZZERS:%=fuzz-run-%)

# Nothing is asserted by the clock, so this is no part of check.
## bench: measure: revisions, sql-engine, snapshot, restore, sftp (BENCH=, BENCH_COUNT=, BENCH_ROUNDS=)
BENCH ?=
bench: deps
	@$(SUBMAKE) all $(BENCH_TOOLS)
	$(Q)DDB_SRC='$(CURDIR)' DDB_B='$(abspath $(B))' bash tests/bench/run.sh $(BENCH)

## demo: a deployment, a failure and a recovery, shown on a private cluster (ENGINE=sql: plain SQL)
ENGINE ?= alembic
demo: deps
	@$(SUBMAKE) all
	$(Q)DDB_SRC='$(CURDIR)' DDB_B='$(abspath $(B))' ENGINE='$(ENGINE)' bash tests/demo.sh

## deps: install what building and testing need (Debian; says nothing when all is there)
deps:
	@packaging/install-deps.sh

# The manual page's lists of options and exit statuses come from the program's own tables.
$(B)/deploy-db.1: src/deploy-db.1.in src/base/err.def src/cmd/options.def tests/tools/manual.awk
	@mkdir -p $(@D)
	$(Q)printf '#define X(n, s, d, m) . @ s @ d @ m\n#include "base/err.def"\n' | $(CC) -E -P -Isrc - >$@.statuses
	$(Q)printf '#define X(n, l, c, v, h) . @ l @ c @ v @ h\n#include "cmd/options.def"\n' | $(CC) -E -P -Isrc - >$@.options
	$(Q)awk -v statuses=$@.statuses -v options=$@.options -f tests/tools/manual.awk $< >$@

# --- installation --------------------------------------------------------------------------------
PAGES     := $(B)/deploy-db.1 $(wildcard src/*.[157] src/*/*.[157] config/*.[157] hooks/*.[157] plugins/*/*.[157] packaging/*.[157])
HOOKS      = $(shell find hooks -type f ! -name '*.[157]')
CONFIGS    = $(shell find config -type f ! -name '*.[157]')
SAMPLES    = $(wildcard packaging/systemd/* packaging/cron/*)
SHARE     := $(DESTDIR)$(PREFIX)/share
INSTALL   ?= install

## install: to PREFIX (default /usr/local), below DESTDIR
install: all
	$(INSTALL) -D -m 755 $(B)/deploy-db $(DESTDIR)$(PREFIX)/bin/deploy-db
	$(INSTALL) -D -m 644 src/plugin.h $(DESTDIR)$(PREFIX)/include/deploy-db/plugin.h
	$(Q)for p in $(PLUGINS); do $(INSTALL) -D -m 644 $(B)/plugins/$$p.so $(DESTDIR)$(LIBDIR)/plugins/$$p.so || exit 1; done
	$(Q)for p in $(PAGES); do $(INSTALL) -D -m 644 $$p $(SHARE)/man/man$${p##*.}/$${p##*/} || exit 1; done
	$(Q)for f in $(HOOKS) $(CONFIGS); do \
	    mode=644; [ ! -x $$f ] || mode=755; \
	    $(INSTALL) -D -m $$mode $$f $(SHARE)/deploy-db/$$f || exit 1; done
	$(Q)for f in $(SAMPLES); do to=$(SHARE)/deploy-db/$${f#packaging/}; $(INSTALL) -D -m 644 $$f $$to && \
	    sed -i 's,/usr/local/bin,$(PREFIX)/bin,g' $$to || exit 1; done

## uninstall: remove what install put there
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/deploy-db $(DESTDIR)$(PREFIX)/include/deploy-db/plugin.h \
	    $(PLUGINS:%=$(DESTDIR)$(LIBDIR)/plugins/%.so) $(foreach p,$(PAGES),$(SHARE)/man/man$(subst .,,$(suffix $p))/$(notdir $p)) \
	    $(addprefix $(SHARE)/deploy-db/,$(HOOKS) $(CONFIGS) $(SAMPLES:packaging/%=%))
	$(Q)for d in $(DESTDIR)$(PREFIX)/include/deploy-db $(DESTDIR)$(LIBDIR) $(SHARE)/deploy-db; do \
	    [ ! -d $$d ] || find $$d -depth -type d -empty -delete; done

## check-install: what install puts below a directory runs, and uninstall takes all of it away
check-install: all
	$(Q)dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	    $(MAKE) -s install DESTDIR="$$dir" && "$$dir"$(PREFIX)/bin/deploy-db --version && \
	    grep -q '^ExecStart=$(PREFIX)/bin/deploy-db' "$$dir"$(PREFIX)/share/deploy-db/systemd/deploy-db-drill@.service && \
	    $(MAKE) -s uninstall DESTDIR="$$dir" && \
	    if [ -n "$$(find "$$dir" -type f)" ]; then find "$$dir" -type f; exit 1; fi

## dist: an archive of the committed tree, build/deploy-db-VERSION.tar.gz
dist:
	@mkdir -p $(BUILD)
	git archive --format=tar.gz --prefix=deploy-db-$(VERSION)/ -o $(BUILD)/deploy-db-$(VERSION).tar.gz HEAD

## clean: remove all builds
clean:
	rm -rf $(BUILD)

## help: this list
help:
	@sed -n 's/^## \([a-z-]*\): /\1|/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'
	@echo
	@echo "PREFIX=$(PREFIX) LIBDIR=$(LIBDIR) DESTDIR=$(DESTDIR)   where to install"
	@echo "BUILD=$(BUILD) CC=$(CC) OPT='$(OPT)' CFLAGS= LDFLAGS=   how to build"
	@echo "FAULTS=1 SANITIZE=1 FUZZ=1   variants, each in its own directory below BUILD"
	@echo "WERROR=1   warnings are errors        V=1   show the commands"
	@echo "N=$(N) SEED=$(SEED)   how many graphs, and which, check-differential asks about"
	@echo "BENCH=revisions   benchmarks to run"
	@echo "TESTS='unit/pg deploy'   tests to run        TEST_JOBS=$(TEST_JOBS)   how many at a time"

.PHONY: all units check check-faults check-static check-valgrind check-asan check-tsan check-differential check-install fuzz bench demo deps install uninstall dist \
        clean help always missing-libraries
.DELETE_ON_ERROR:
# Dependencies of a test's object files are no intermediate files.
.SECONDARY:
