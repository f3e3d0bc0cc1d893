/* test_revise - what a new revision is made of, and everything that is refused. */
#include "revtest.h"

#include "revision/revise.h"

static struct revise_request request;
static struct revise_plan plan;

/* aaaa1 - aaaa2 - { net01(networking) - net02, shp01(shop) - shp02 }, and shp02 depends on net01 */
static void branches(void)
{
    rev("aaaa1", "");
    rev("aaaa2", "aaaa1");
    rev_labelled("net01", "aaaa2", "networking");
    rev("net02", "net01");
    rev_labelled("shp01", "aaaa2", "shop");
    rev_depends("shp02", "shp01", "net01");
    link_ok();
}

/* The request as a test says it: words for heads, labels and dependencies. */
static int ask(const char *id, const char *heads, const char *labels, const char *depends_on)
{
    errs_release(&errs);
    errs = (struct errs){0};
    request.id = id;
    request.heads = words(heads);
    request.labels = words(labels);
    request.depends_on = words(depends_on);
    return revise(graph, &request, &plan, &errs);
}

static const char *joined(const char *const *list)
{
    const char *text = "";

    for (; *list != NULL; list++)
        text = arena_printf(arena, "%s%s%s", text, *text == '\0' ? "" : " ", *list);
    return text;
}

/* The one mistake: its class, and a part of its sentence. */
static void refused(enum err_code code, const char *sentence)
{
    assert_int_equal(errs.n, 1);
    assert_int_equal(errs.items[0].code, code);
    if (strstr(errs.items[0].primary, sentence) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", errs.items[0].primary, sentence);
}

static void test_parents(void **state)
{
    (void)state;
    request = (struct revise_request){0};
    link_ok();
    assert_int_equal(ask("bbbb1", "", "", ""), 0);
    assert_string_equal(joined(plan.down), "");
    assert_null(plan.beside);
}

static void test_default_head(void **state)
{
    (void)state;
    request = (struct revise_request){0};
    rev("aaaa1", "");
    rev("aaaa2", "aaaa1");
    link_ok();
    assert_int_equal(ask("bbbb1", "", "", ""), 0);
    assert_string_equal(joined(plan.down), "aaaa2");
    assert_string_equal(plan.beside, "versions/aaaa2_.py");
    assert_false(plan.splices);
    assert_int_equal(ask("bbbb1", "base", "", ""), 0);
    assert_string_equal(joined(plan.down), "");
}

static void test_named_heads(void **state)
{
    (void)state;
    request = (struct revise_request){0};
    branches();
    assert_int_equal(ask("bbbb1", "networking@head", "", ""), 0);
    assert_string_equal(joined(plan.down), "net02");
    assert_int_equal(ask("bbbb1", "shp02 net02", "", ""), 0);
    assert_string_equal(joined(plan.down), "shp02 net02");
    assert_string_equal(plan.beside, "versions/shp02_.py");
    assert_int_equal(ask("bbbb1", "heads", "", ""), 0);
    assert_string_equal(joined(plan.down), "net02 shp02");
    assert_int_equal(ask("bbbb1", "", "", ""), -1);
    refused(ERR_REFUSED, "there are 2 heads");
    assert_non_null(strstr(errs.items[0].detail, "candidate: \"net02\""));
    assert_non_null(strstr(errs.items[0].hint, "--head"));
    assert_int_equal(ask("bbbb1", "nope", "", ""), -1);
    refused(ERR_USAGE, "can't locate revision identified by \"nope\"");
    assert_int_equal(ask("bbbb1", "aaaa", "", ""), -1);
    refused(ERR_USAGE, "2 begin so");
    assert_int_equal(ask("bbbb1", "shop@net02", "", ""), -1);
    refused(ERR_USAGE, "not a member of branch");
    assert_int_equal(ask("bbbb1", "shop@", "", ""), -1);
    refused(ERR_USAGE, "parent \"shop@\" is no revision");
    request.heads = (const char *[]){"", NULL};
    errs_release(&errs);
    assert_int_equal(revise(graph, &request, &plan, &errs), -1);
    refused(ERR_USAGE, "parent \"\" is no revision");
    assert_int_equal(ask("bbbb1", "net02 net02", "", ""), -1);
    refused(ERR_REFUSED, "named twice");
}

static void test_splice(void **state)
{
    (void)state;
    request = (struct revise_request){0};
    branches();
    assert_int_equal(ask("bbbb1", "net01", "", ""), -1);
    refused(ERR_REFUSED, "\"net01\" is not a head");
    request.splice = true;
    assert_int_equal(ask("bbbb1", "net01", "", ""), 0);
    assert_true(plan.splices);
    assert_int_equal(ask("bbbb1", "net02 aaaa1", "", ""), -1);
    refused(ERR_REFUSED, "\"net02\" has \"aaaa1\" below it already");
    assert_int_equal(ask("bbbb1", "net01 shp02", "", ""), -1); /* by a dependency */
    refused(ERR_REFUSED, "\"shp02\" has \"net01\" below it already");
}

static void test_merge(void **state)
{
    (void)state;
    request = (struct revise_request){.merge = true};
    branches();
    assert_int_equal(ask("bbbb1", "heads", "", ""), 0);
    assert_string_equal(joined(plan.down), "net02 shp02");
    assert_int_equal(ask("bbbb1", "net02", "", ""), -1);
    refused(ERR_REFUSED, "\"net02\" is the only revision named");
    assert_int_equal(ask("bbbb1", "base", "", ""), -1);
    refused(ERR_REFUSED, "no revision is named");
}

/* One head is there for the sake of another only. */
static void test_merge_effective(void **state)
{
    (void)state;
    request = (struct revise_request){.merge = true};
    rev("netw1", "");
    rev_depends("shop1", "", "netw1");
    link_ok();
    assert_int_equal(ask("bbbb1", "heads", "", ""), -1);
    refused(ERR_REFUSED, "\"shop1\" is the only revision named");
    assert_non_null(strstr(errs.items[0].detail, "\"netw1\" is a head that others depend on"));
    assert_int_equal(ask("bbbb1", "netw1 shop1", "", ""), -1);
    refused(ERR_REFUSED, "\"shop1\" has \"netw1\" below it already");
}

static void test_identifiers(void **state)
{
    static const char *const usage[][2] = {
        {"", "the revision identifier is empty"},
        {"a@b", "has the character \"@\""},
        {"a-b", "has the character \"-\""},
        {"a+b", "has the character \"+\""},
        {"a:b", "has the character \":\""},
        {"a/b", "has the character \"/\""},
        {"a,b", "has the character \",\""},
        {"a b", "has a blank"},
        {"a\nb", "has a blank"},
        {"head", "has a meaning of its own"},
        {"heads", "has a meaning of its own"},
        {"base", "has a meaning of its own"},
        {"current", "has a meaning of its own"},
        {"123456789012345678901234567890123", "has 33 characters"},
    };

    (void)state;
    request = (struct revise_request){0};
    branches();
    for (size_t i = 0; i < sizeof usage / sizeof *usage; i++) {
        assert_int_equal(ask(usage[i][0], "net02", "", ""), -1);
        refused(ERR_USAGE, usage[i][1]);
        assert_true(errs.items[0].hint[0] != '\0');
    }
    assert_int_equal(ask("12345678901234567890123456789012", "net02", "", ""), 0);
    assert_int_equal(ask("ä2345678901234567890123456789012", "net02", "", ""), 0);
    assert_int_equal(ask("aaaa1", "net02", "", ""), -1);
    refused(ERR_REFUSED, "revision \"aaaa1\" exists already");
    assert_non_null(strstr(errs.items[0].detail, "versions/aaaa1_.py"));
    assert_int_equal(ask("shop", "net02", "", ""), -1);
    refused(ERR_REFUSED, "is the branch label of \"shp01\"");
    assert_int_equal(ask("aaaa", "net02", "", ""), 0); /* the beginning of another is fine */
}

static void test_labels(void **state)
{
    static const char *const wrong[][2] = {
        {"a@b", "has the character \"@\""},  {"a+b", "has the character \"+\""},
        {"-b", "has the character \"-\""},   {"heads", "has a meaning of its own"},
        {"x x", "is given twice"},           {"bbbb1", "is the revision's identifier, too"},
    };

    (void)state;
    request = (struct revise_request){0};
    branches();
    assert_int_equal(ask("bbbb1", "net02", "a-b other", ""), 0);
    assert_string_equal(joined(plan.labels), "a-b other");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(ask("bbbb1", "net02", wrong[i][0], ""), -1);
        refused(ERR_USAGE, wrong[i][1]);
    }
    assert_int_equal(ask("bbbb1", "net02", "shop", ""), -1);
    refused(ERR_REFUSED, "is used by revision \"shp01\" already");
    assert_int_equal(ask("bbbb1", "net02", "aaaa2", ""), -1);
    refused(ERR_REFUSED, "is the identifier of a revision");
}

static void test_dependencies(void **state)
{
    (void)state;
    request = (struct revise_request){0};
    branches();
    assert_int_equal(ask("bbbb1", "net02", "", "shop shp02 shp0 networking@head aaaa1 shop"), -1);
    refused(ERR_USAGE, "identified by \"shp0\"");
    assert_int_equal(ask("bbbb1", "net02", "", "shop shp02 sho networking@head aaaa1 shop"), 0);
    assert_string_equal(joined(plan.depends_on), "shop shp02 shp01 net02 aaaa1");
    assert_int_equal(ask("bbbb1", "net02", "", "base"), -1);
    refused(ERR_USAGE, "dependency \"base\" is no revision");
    assert_int_equal(ask("bbbb1", "net02", "", "heads"), -1);
    refused(ERR_USAGE, "multiple head revisions");
}

static void test_all_at_once(void **state)
{
    (void)state;
    request = (struct revise_request){0};
    branches();
    assert_int_equal(ask("a-b", "nope aaaa1", "shop", "none"), -1);
    assert_int_equal(errs.n, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        REVTEST(test_parents),    REVTEST(test_default_head),    REVTEST(test_named_heads),
        REVTEST(test_splice),     REVTEST(test_merge),           REVTEST(test_merge_effective),
        REVTEST(test_identifiers), REVTEST(test_labels),         REVTEST(test_dependencies),
        REVTEST(test_all_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
