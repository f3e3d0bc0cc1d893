# deploy-db: one flat GNU Makefile. `make help` lists what it can do.

VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
LIBDIR  ?= $(PREFIX)/lib/deploy-db
CC      ?= cc
OPT     ?= -O2 -g

# A variant has its own build directory: FAULTS=1 (fault points), SANITIZE=1 (ASan and UBSan).
VARIANT := $(if $(SANITIZE),asan,$(if $(FAULTS),faults,release))$(if $(filter clang%,$(CC)),-clang)
BUILD   ?= build
B       := $(BUILD)/$(VARIANT)

PKGS     := libpq libarchive libzstd libconfig jansson libcrypto inih
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
            -Wpointer-arith -Wundef -Wno-format-nonliteral
HARDEN   := -fvisibility=hidden -fstack-protector-strong -fPIE \
            $(if $(SANITIZE),,$(if $(findstring -O0,$(OPT)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
comma    := ,
SANFLAGS := $(if $(SANITIZE),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
DEFINES  := -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DPLUGIN_DIR='"$(LIBDIR)/plugins"' \
            -DHOOK_DIR='"$(PREFIX)/share/deploy-db/hooks"' $(if $(FAULTS),-DFAULTS=1)
override CFLAGS := -std=c11 $(OPT) $(WARNINGS) $(if $(WERROR),-Werror) $(HARDEN) $(SANFLAGS) $(DEFINES) \
            -include tests/tools/banned.h -Isrc -I$(B)/gen $(shell pkg-config --cflags $(PKGS)) $(CFLAGS)
LDFLAGS  += -pie -Wl,-z,relro,-z,now -rdynamic $(SANFLAGS)
LDLIBS    = $(shell pkg-config --libs libpq libarchive libzstd libconfig jansson libcrypto) -ldl -lpthread -lm

Q := $(if $(V),,@)

# Floors, from low to high: each is an archive; a floor links with the ones below it only.
FLOOR_base     :=
FLOOR_conf     := base
FLOOR_pg       := base
FLOOR_revision := base
FLOOR_bundle   := base
FLOOR_host     := base
FLOOR_deploy   := conf pg revision bundle host base
FLOOR_cmd      := deploy conf pg revision bundle host base
FLOORS         := base conf pg revision bundle host deploy cmd
LINK_ORDER     := cmd deploy conf pg revision bundle host base

PLUGINS := $(notdir $(patsubst %/,%,$(dir $(wildcard plugins/*/*.c))))
PLUGINS := $(sort $(PLUGINS))

all: $(B)/deploy-db $(PLUGINS:%=$(B)/plugins/%.so)

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

$(B)/%.o: src/%.c | $(GEN)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# libpg_query exports some 2,000 names (palloc, protobuf_c_…): link it into one object with parse.c
# and make everything else local to it.
PG_QUERY := $(firstword $(wildcard /usr/lib/*/libpg_query.a /usr/lib/libpg_query.a /usr/local/lib/libpg_query.a))
$(B)/pg/parse.o: src/pg/parse.c | $(GEN)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $< (with libpg_query)")
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $(B)/pg/parse.raw.o $<
	$(Q)ld -r -o $(B)/pg/parse.all.o $(B)/pg/parse.raw.o $(PG_QUERY)
	$(Q)objcopy --wildcard --keep-global-symbol='parse_*' $(B)/pg/parse.all.o $@

define FLOOR_RULE
$(B)/lib$(1).a: $(patsubst src/%.c,$(B)/%.o,$(wildcard src/$(1)/*.c))
	$(Q)rm -f $$@ && ar crs $$@ $$^
endef
$(foreach f,$(FLOORS),$(eval $(call FLOOR_RULE,$f)))

$(B)/deploy-db: $(B)/main.o $(LINK_ORDER:%=$(B)/lib%.a)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# --- plugins: one folder, one .so, one exported function ---------------------------------------
$(B)/plugins/%.o: plugins/%.c src/plugin.h | $(GEN)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(filter-out -fPIE,$(CFLAGS)) -fPIC -MMD -MP -c -o $@ $<

PLUGIN_LIBS_alembic := $(shell pkg-config --libs inih jansson)
define PLUGIN_RULE
$(B)/plugins/$(1).so: $(patsubst plugins/%.c,$(B)/plugins/%.o,$(wildcard plugins/$(1)/*.c))
	$(if $(V),,@echo "  LD    $$@")
	$(Q)$(CC) -shared -Wl,-z,relro,-z,now $(if $(SANITIZE),,-Wl,-z,defs) $(SANFLAGS) -o $$@ $$^ $$(PLUGIN_LIBS_$(1))
endef
$(foreach p,$(PLUGINS),$(eval $(call PLUGIN_RULE,$p)))

-include $(DEPS)

# --- tests -------------------------------------------------------------------------------------
# tests/unit/FLOOR/test_X.c is linked with FLOOR and the floors below it; tests/unit/plugins/P/
# test_X.c with the plugin's objects; both run under cmocka.
UNIT_SRCS := $(wildcard tests/unit/*/test_*.c)
UNITS     := $(UNIT_SRCS:tests/unit/%.c=$(B)/tests/%)

.SECONDEXPANSION:
$(B)/tests/%: tests/unit/%.c $$(B)/lib$$(firstword $$(subst /, ,$$*)).a $$(foreach f,$$(FLOOR_$$(firstword $$(subst /, ,$$*))),$$(B)/lib$$f.a)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  TEST  $@")
	$(Q)$(CC) $(CFLAGS) -MMD -MP -Itests/harness -o $@ $< $(filter %.a,$^) $(LDFLAGS) -lcmocka $(LDLIBS)

PLUGIN_UNIT_SRCS := $(wildcard tests/unit/plugins/*/test_*.c)
PLUGIN_UNITS     := $(PLUGIN_UNIT_SRCS:tests/unit/plugins/%.c=$(B)/tests/plugins/%)
$(B)/tests/plugins/%: tests/unit/plugins/%.c $$(patsubst plugins/$$(PERCENT).c,$$(B)/plugins/$$(PERCENT).o,$$(wildcard plugins/$$(firstword $$(subst /, ,$$*))/*.c)) $(B)/libbase.a
	@mkdir -p $(@D)
	$(if $(V),,@echo "  TEST  $@")
	$(Q)$(CC) $(CFLAGS) -MMD -MP -Itests/harness -Iplugins -o $@ $< $(filter %.o %.a,$^) $(LDFLAGS) -lcmocka $(LDLIBS) $(PLUGIN_LIBS_$(firstword $(subst /, ,$*)))
PERCENT := %

-include $(UNITS:%=%.d) $(PLUGIN_UNITS:%=%.d)

units: $(UNITS) $(PLUGIN_UNITS)

clean:
	rm -rf $(BUILD)

.PHONY: all units clean
.DELETE_ON_ERROR:
