/* Tests of bundle/age_header, age_key, age_bech32 and age_base64: forms that are read, and refused. */
#include "basetest.h"

#include "bundle/age_base64.h"
#include "bundle/age_bech32.h"
#include "bundle/age_crypto.h"
#include "bundle/age_header.h"

/* From the description of the format: the identity of 32 times 0x42, and its recipient. */
#define IDENTITY  "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
#define RECIPIENT "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

static const unsigned char file_key[AGE_FILE_KEY_BYTES] = "sixteen bytes...";
static struct age_keys recipients, identities;

static int begin(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    if (age_recipient(RECIPIENT, &recipients, &err) != 0 ||
        age_identities(IDENTITY "\n", "test", &identities, &err) != 0)
        fail_msg("%s", err.primary);
    return 0;
}

static int end(void **state)
{
    (void)state;
    age_keys_release(&recipients);
    age_keys_release(&identities);
    return 0;
}

/* --- keys ---------------------------------------------------------------------------------------- */

static void key_of_the_description(void **state)
{
    auto_buf struct buf text = {0};
    struct age_key recipient;

    (void)state;
    for (size_t i = 0; i < 32; i++)
        assert_int_equal(identities.v[0].bytes[i], 0x42);
    age_recipient_of(&identities.v[0], &recipient, &text);
    assert_string_equal(buf_text(&text), RECIPIENT);
    assert_memory_equal(recipient.bytes, recipients.v[0].bytes, 32);
}

static void any_changed_letter(void **state)
{
    char text[] = RECIPIENT;
    unsigned char bytes[32];

    (void)state;
    for (size_t i = 0; text[i] != '\0'; i++) {
        char kept = text[i];

        for (const char *c = "qpzry9x8gf2tvdw0s3jn54khce6mua7lbio1Q A"; *c != '\0'; c++) {
            text[i] = *c;
            assert_int_equal(age_bech32_decode(text, "age", bytes), *c == kept ? 0 : -1);
        }
        text[i] = '\0';
        assert_int_equal(age_bech32_decode(text, "age", bytes), -1);
        text[i] = kept;
    }
    assert_int_equal(age_bech32_decode(RECIPIENT "q", "age", bytes), -1);
    assert_int_equal(age_bech32_decode("AGE1ZVKYG2LQZRAA2LNJVQEJ32NKUU0UES2S82HZRYE869XEEXVN73EQUNUJWJ",
                                       "age", bytes), -1);
}

static void refused_identity(const char *text, const char *primary)
{
    struct age_keys keys = {0};
    struct err err = ERR_INIT;

    assert_int_equal(age_identities(text, "file \"k\"", &keys, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    basetest_has(err.primary, primary);
    assert_null(strstr(err.primary, "SECRET"));
    age_keys_release(&keys);
}

static void refused_recipient(const char *text, const char *part)
{
    struct age_keys keys = {0};
    struct err err = ERR_INIT;
    char all[2048];

    assert_int_equal(age_recipient(text, &keys, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    snprintf(all, sizeof all, "%s %s", err.primary, err.hint);
    basetest_has(all, part);
    assert_null(strstr(all, "1GFPYYSJ"));
    age_keys_release(&keys);
}

static void identity_files(void **state)
{
    struct age_keys keys = {0};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(age_identities("# created: today\r\n\n" IDENTITY " \r\n#\n" IDENTITY, "test",
                                    &keys, &err), 0);
    assert_int_equal(keys.n, 2);
    age_keys_release(&keys);
    refused_identity("", "holds no age identity");
    refused_identity("# nothing\n", "holds no age identity");
    refused_identity("#\nAGE-SECRET-KEY-1GFPYY\n", "line 2 is no age identity");
    refused_identity(RECIPIENT, "a public key stands where the secret one belongs");
    refused_identity("age-encryption.org/v1\n", "a passphrase protects");
    refused_identity("-----BEGIN AGE ENCRYPTED FILE-----\n", "a passphrase protects");
    refused_identity("-----BEGIN OPENSSH PRIVATE KEY-----\n", "SSH keys are not supported");
    refused_identity("AGE-PLUGIN-YUBIKEY-1XYZ", "plugins are not supported");
    refused_recipient(IDENTITY, "a secret key stands where a recipient belongs");
    refused_recipient("ssh-ed25519 AAAA", "SSH keys are not supported");
    refused_recipient("age1yubikey1qwerty", "plugins are not supported");
    refused_recipient("age1zvkyg", "58 letters");
    refused_recipient("", "is no age recipient");
}

static void base64_has_one_form(void **state)
{
    unsigned char bytes[64];
    size_t n;

    (void)state;
    for (size_t length = 0; length < 40; length++) {
        auto_buf struct buf text = {0};
        unsigned char data[40];

        for (size_t i = 0; i < length; i++)
            data[i] = (unsigned char)(i * 37 + length);
        age_base64_encode(data, length, &text);
        assert_int_equal(age_base64_decode(buf_text(&text), text.len, bytes, &n), 0);
        assert_int_equal(n, length);
        if (n > 0)
            assert_memory_equal(bytes, data, n);
    }
    assert_int_equal(age_base64_decode("QQ", 2, bytes, &n), 0);
    assert_int_equal(age_base64_decode("QR", 2, bytes, &n), -1); /* bits that belong to nothing */
    assert_int_equal(age_base64_decode("QQ==", 4, bytes, &n), -1);
    assert_int_equal(age_base64_decode("Q", 1, bytes, &n), -1);
    assert_int_equal(age_base64_decode("Q\0", 2, bytes, &n), -1);
    assert_int_equal(age_base64_decode("Q_", 2, bytes, &n), -1);
}

/* --- headers -------------------------------------------------------------------------------------- */

/* A header of our own, with ${stanzas} before what it holds, and its MAC right. */
static void header_with(const char *stanzas, struct buf *out)
{
    auto_buf struct buf own = {0};
    unsigned char key[32], mac[32];
    struct err err = ERR_INIT;
    size_t version = strlen(AGE_VERSION_LINE);

    assert_int_equal(age_header_format(file_key, &recipients, NULL, &own, &err), 0);
    buf_adds(out, AGE_VERSION_LINE);
    buf_adds(out, stanzas);
    buf_add(out, own.data + version, (size_t)(strstr(own.data, "--- ") - own.data) - version);
    buf_adds(out, "---");
    age_crypto_hkdf(file_key, sizeof file_key, NULL, 0, "header", key);
    age_crypto_hmac(key, out->data, out->len, mac);
    buf_addc(out, ' ');
    age_base64_encode(mac, sizeof mac, out);
    buf_adds(out, "\nwhat follows");
}

static int parse(const struct buf *text, struct err *err)
{
    unsigned char found[AGE_FILE_KEY_BYTES];
    size_t used = 0;
    int rc = age_header_parse(buf_text(text), text->len, &identities, "test", found, &used, err);

    if (rc == 0) {
        assert_memory_equal(found, file_key, sizeof found);
        assert_int_equal(used, text->len - strlen("what follows"));
    }
    return rc;
}

static void read_with(const char *stanzas)
{
    auto_buf struct buf text = {0};
    struct err err = ERR_INIT;

    header_with(stanzas, &text);
    if (parse(&text, &err) != 0)
        fail_msg("%s: %s", stanzas, err.primary);
}

static void refused_with(const char *stanzas, const char *primary)
{
    auto_buf struct buf text = {0};
    struct err err = ERR_INIT;

    header_with(stanzas, &text);
    if (parse(&text, &err) == 0)
        fail_msg("read: %s", stanzas);
    assert_int_equal(err.code, ERR_PREPARE);
    basetest_has(err.primary, primary);
}

#define FULL_LINE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
#define SHARE     "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define WRAPPED   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void stanzas_that_are_passed_over(void **state)
{
    (void)state;
    read_with("");
    read_with("-> grease\n\n");
    read_with("-> a-grease ]9* {\n" FULL_LINE "\n");
    read_with("-> x\n" FULL_LINE FULL_LINE "QQ\n-> y z\nQQ\n");
    read_with("-> X25519b " SHARE "\n" WRAPPED "\n");
}

static void notes_that_are_none(void **state)
{
    static const char *const lines[] = {"-> deploy-db\n\n", "-> deploy-db \n\n", "-> deploy-db QQ==\n\n",
                                        "-> deploy-db QQ  QQ\n\n", "-> deploy-db AA\n\n",
                                        "-> deploy-dbx QQ\n\n", "-> deploy-db QQ"};
    struct arena *arena = arena_new();
    char **note;

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *text = arena_printf(arena, "%s%s", AGE_VERSION_LINE, lines[i]);

        assert_null(age_header_note(text, strlen(text), arena));
    }
    note = age_header_note(AGE_VERSION_LINE "-> deploy-db QQ Qg\n", strlen(AGE_VERSION_LINE) + 19, arena);
    assert_string_equal(note[0], "A");
    assert_string_equal(note[1], "B");
    assert_null(note[2]);
    arena_free(arena);
}

static void stanzas_that_are_refused(void **state)
{
    (void)state;
    refused_with("-> \n\n", "an empty argument");
    refused_with("-> a  b\n\n", "an empty argument");
    refused_with("-> a \n\n", "an empty argument");
    refused_with("-> a\tb\n\n", "does not belong");
    refused_with("-> a\xc3\xa4\n\n", "does not belong");
    refused_with("->\n\n", "neither a stanza nor its end");
    refused_with("\n", "neither a stanza nor its end");
    refused_with("-> a\n" FULL_LINE, "no base64"); /* the next stanza's line is its last */
    refused_with("-> a\nQR\n", "no base64");
    refused_with("-> a\nQQ==\n", "no base64");
    refused_with("-> a\r\n\r\n", "does not belong");
    refused_with("-> X25519 " SHARE "\n" WRAPPED "\n", "low order");
    refused_with("-> X25519 " SHARE " x\n" WRAPPED "\n", "not of the form");
    refused_with("-> X25519\n" WRAPPED "\n", "not of the form");
    refused_with("-> X25519 " SHARE "A\n" WRAPPED "\n", "not of the form");
    refused_with("-> X25519 " FULL_LINE WRAPPED "\n", "not of the form");
    refused_with("-> X25519 " SHARE "\nQQ\n", "not of the form");
    refused_with("-> X25519 " SHARE "\n" FULL_LINE "\n", "not of the form");
    refused_with("-> scrypt bBjlhJVYZeE4aqUdmtRHfw 10\n" WRAPPED "\n", "does not stand alone");
}

static void files_of_other_kinds(void **state)
{
    static const struct {
        const char *text, *primary;
    } cases[] = {
        {"", "it is no age file of version 1"},
        {"age-encryption.org/v2\n", "it is no age file of version 1"},
        {AGE_VERSION_LINE "-> scrypt bBjlhJVYZeE4aqUdmtRHfw 10\n" WRAPPED "\n--- " WRAPPED "\n",
         "a passphrase, which is not supported"},
        {AGE_VERSION_LINE "-> ssh-ed25519 xyz abc\n" WRAPPED "\n--- " WRAPPED "\n",
         "recipients of the kind \"ssh-ed25519\", which is not supported"},
        {AGE_VERSION_LINE "--- " WRAPPED "\n", "other keys than test holds"},
        {AGE_VERSION_LINE "-> a\n\n", "it is cut off"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        auto_buf struct buf text = {0};
        struct err err = ERR_INIT;

        buf_adds(&text, cases[i].text);
        assert_int_equal(parse(&text, &err), -1);
        basetest_has(err.primary, cases[i].primary);
    }
}

static void the_mac_is_of_one_form(void **state)
{
    static const char *const ends[] = {"", " ", "--- ", " AAAA", "\r"};

    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        auto_buf struct buf text = {0};
        struct err err = ERR_INIT;

        header_with("", &text);
        text.len = (size_t)(strstr(text.data, "--- ") - text.data) + 3;
        text.data[text.len] = '\0';
        buf_adds(&text, ends[i]);
        buf_adds(&text, "\nwhat follows");
        assert_int_equal(parse(&text, &err), -1);
        basetest_has(err.primary, "its last line is not of the form");
    }
}

static void nobody_encrypts_for_a_low_order_point(void **state)
{
    struct age_key zero = {{0}};
    const struct age_keys keys = {.v = &zero, .n = 1};
    auto_buf struct buf text = {0};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(age_header_format(file_key, &keys, NULL, &text, &err), -1);
    basetest_has(err.primary, "low order");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_of_the_description),
        cmocka_unit_test(any_changed_letter),
        cmocka_unit_test(identity_files),
        cmocka_unit_test(base64_has_one_form),
        cmocka_unit_test(stanzas_that_are_passed_over),
        cmocka_unit_test(notes_that_are_none),
        cmocka_unit_test(stanzas_that_are_refused),
        cmocka_unit_test(files_of_other_kinds),
        cmocka_unit_test(the_mac_is_of_one_form),
        cmocka_unit_test(nobody_encrypts_for_a_low_order_point),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
