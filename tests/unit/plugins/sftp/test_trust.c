/* Tests of the store plugin "sftp" on a real server: is it the right one, and who are we.
 * time-limit: 300 */
#include "basetest.h"

#include "fakehost.c"
#include "sshdtest.h"

#define call  sshdtest.call
#define store sshdtest.store

#ifdef __SANITIZE_ADDRESS__
DDB_EXPORT const char *__lsan_default_suppressions(void);

/* libssh2 1.10 forgets a number for each use of an ECDSA key. */
const char *__lsan_default_suppressions(void)
{
    return "leak:CRYPTO_zalloc";
}
#endif

static int list(void)
{
    auto_buf struct buf text = {0};

    return store->list(call, sshdtest_each, &text);
}

static void known_hosts(const char *script)
{
    sshdtest_run(arena_printf(call->arena, "cd \"$D\"; P=$(cat port); rm -f mine; %s", script));
    fakehost_setting(call, "known_hosts", sshdtest_path("mine"));
}

static const char *output(const char *script)
{
    char *text = sshdtest_shell(script);
    const char *kept = arena_printf(call->arena, "%.*s", (int)strcspn(text, "\n"), text);

    mem_free(text);
    return kept;
}

/* --- the settings ----------------------------------------------------------------------------------- */

static void test_settings(void **state)
{
    static const struct {
        const char *key, *value, *part;
    } bad[] = {
        {"url", "", "is not set"},
        {"url", "ssh://h/p", "does not begin with \"sftp://\""},
        {"url", "sftp://h", "has no path"},
        {"url", "sftp:///p", "names no host"},
        {"url", "sftp://-oProxyCommand=x/p", "names no host"},
        {"url", "sftp://-l@h/p", "no usable user"},
        {"url", "sftp://h:0/p", "port that is no number"},
        {"url", "sftp://h:70000/p", "port that is no number"},
        {"url", "sftp://h:x/p", "port that is no number"},
        {"url", "sftp://[::1/p", "without its \"]\""},
        {"url", "sftp://h/a%0ab", "no usable path"},
        {"host_key", "none", "is not known"},
        {"transport", "scp", "is not known"},
        {"fingerprint", "MD5:00", "is no SHA-256 fingerprint"},
        {"timeout", "0", "must be more than 0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fakehost_setting(call, bad[i].key, bad[i].value);
        sshdtest_refused(list(), bad[i].part, NULL);
        fakehost_setting(call, bad[i].key, NULL);
        sshdtest_url("/tmp/none");
        fakehost_setting(call, "timeout", "10000");
    }
    fakehost_setting(call, "url", "sftp://u:secret@h/p");
    assert_int_equal(list(), -1);
    assert_null(strstr(call->err.primary, "secret"));
    sshdtest_refused(-1, "holds a password", "with a key");
    sshdtest_url("/tmp/none");
    fakehost_setting(call, "passphrase", "open sesame");
    assert_int_equal(list(), -1);
    assert_null(strstr(call->err.primary, "sesame"));
    sshdtest_refused(-1, "stands in the configuration itself", "env:NAME");
}

static void expect_place(const char *url, const char *place)
{
    fakehost_setting(call, "url", url);
    assert_string_equal(store->locate(call, "n"), place);
}

static void test_url(void **state)
{
    (void)state;
    expect_place("sftp://h/srv/a%20b/", "sftp://h/srv/a b/n");
    expect_place("sftp://u@h:2222/~/x", "sftp://u@h:2222/~/x/n");
    expect_place("sftp://[::1]:2222/x", "sftp://[::1]:2222/x/n");
    expect_place("sftp://h/~", "sftp://h/~/./n");
}

/* --- the server's key ------------------------------------------------------------------------------- */

static void test_known(void **state)
{
    static const char *const files[] = {
        "cp known_hosts mine",
        "grep ed25519 known_hosts >mine",
        "grep ecdsa known_hosts >mine",
        /* hashed, behind another host's and a comment */
        "{ sed 's/^[^ ]*/[other.example]:22/' known_hosts; echo '# comment'; grep ed25519 known_hosts; } "
        ">mine; ssh-keygen -q -H -f mine 2>/dev/null; ! grep -q 127.0.0.1 mine",
        /* another host's key first, which must not choose the kind */
        "{ echo \"other $(cut -d' ' -f1,2 host_rsa.pub)\"; "
        "echo \"a.example,[127.0.0.1]:$P $(cat host_ecdsa.pub)\"; } >mine",
        /* the host without its port has another key, the one with the port counts */
        "{ echo \"127.0.0.1 $(cat keys/stranger.pub)\"; grep ed25519 known_hosts; } >mine",
        /* known without the port only, as ssh accepts it */
        "echo \"127.0.0.1 $(cat host_ed25519.pub)\" >mine",
        /* lines that nobody understands, an authority's line, no newline at the end */
        "{ echo nonsense; echo \"@cert-authority * $(cat host_rsa.pub)\"; echo 'x ssh-foo AAAA'; "
        "echo; printf %s \"$(grep ed25519 known_hosts)\"; } >mine",
    };

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        known_hosts(files[i]);
        sshdtest_ok(list());
    }
    basetest_has(buf_text(&call->log), "is left out: libssh2 does not check certificates");
}

static void test_unknown(void **state)
{
    const char *fingerprint = output("ssh-keygen -lf \"$D/host_ed25519.pub\" | cut -d' ' -f2");

    (void)state;
    known_hosts("true");
    assert_int_equal(list(), -1);
    basetest_has(call->err.detail, fingerprint);
    basetest_has(call->err.hint, arena_printf(call->arena, "ssh-keyscan -p %d -t ed25519 127.0.0.1",
                                              sshdtest.port));
    sshdtest_refused(-1, "is not known", fingerprint);
    assert_false(fs_exists(sshdtest_path("mine")));
    known_hosts("echo \"127.0.0.1 $(cat keys/stranger.pub)\" >mine"); /* of another port */
    sshdtest_refused(list(), "is not known", fingerprint);
}

static void test_changed(void **state)
{
    (void)state;
    known_hosts("{ echo '# one'; echo \"[127.0.0.1]:$P $(cat keys/stranger.pub)\"; } >mine");
    assert_int_equal(list(), -1);
    basetest_has(call->err.primary, "mine\" line 2 has another one");
    basetest_has(call->err.detail, "It shows ssh-ed25519 SHA256:");
    sshdtest_refused(-1, "the host key of 127.0.0.1", "ssh-keygen -R '[127.0.0.1]:");
    fakehost_setting(call, "host_key", "accept-new"); /* a changed one is not new */
    sshdtest_refused(list(), "has changed", NULL);

    known_hosts("{ cat known_hosts; echo \"@revoked * $(cat host_ed25519.pub)\"; } >mine");
    sshdtest_refused(list(), "is revoked: \"", "Do not go on");
}

static void test_accept_new(void **state)
{
    (void)state;
    known_hosts("printf 'other ssh-rsa AAAA' >mine");
    fakehost_setting(call, "host_key", "accept-new");
    sshdtest_ok(list());
    basetest_has(buf_text(&call->log), "warning: the host key of 127.0.0.1");
    sshdtest_run("cd \"$D\"; P=$(cat port); diff - mine <<E\nother ssh-rsa AAAA\n"
                 "[127.0.0.1]:$P $(cut -d' ' -f1,2 host_ed25519.pub)\nE\n"
                 "ssh-keygen -q -F \"[127.0.0.1]:$P\" -f mine >/dev/null");
    fakehost_setting(call, "host_key", "strict");
    sshdtest_ok(list());

    known_hosts("rm -rf new"); /* no folder yet */
    fakehost_setting(call, "known_hosts", sshdtest_path("new/known_hosts"));
    fakehost_setting(call, "host_key", "accept-new");
    sshdtest_ok(list());
    sshdtest_run("[[ $(stat -c %a \"$D/new\") == 700 && $(stat -c %a \"$D/new/known_hosts\") == 600 ]]");
}

static void test_fingerprint(void **state)
{
    (void)state;
    known_hosts("true"); /* is not needed */
    for (size_t i = 0; i < 2; i++) {
        const char *kind = i == 0 ? "ed25519" : "ecdsa";

        fakehost_setting(call, "fingerprint",
                         output(arena_printf(call->arena, "ssh-keygen -lf \"$D/host_%s.pub\" | "
                                             "cut -d' ' -f2", kind)));
        sshdtest_ok(list());
    }
    fakehost_setting(call, "fingerprint", output("ssh-keygen -lf \"$D/keys/stranger.pub\" | "
                                                 "cut -d' ' -f2"));
    assert_int_equal(list(), -1);
    basetest_has(call->err.detail, "ssh-ed25519 SHA256:");
    basetest_has(call->err.detail, "ecdsa-sha2-nistp256 SHA256:");
    sshdtest_refused(-1, "has another host key than the pinned one", "Somebody may stand");
}

/* What libssh2 1.10 and the server cannot agree on. */
static void test_no_common_algorithms(void **state)
{
    static const struct {
        const char *line, *part;
    } servers[] = {
        {"MACs hmac-sha2-256-etm@openssh.com", "could not begin"},
        {"Ciphers chacha20-poly1305@openssh.com", "could not begin"},
        {"HostKeyAlgorithms rsa-sha2-512", "no algorithms in common"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
        sshdtest_run(arena_printf(call->arena, "sshd_stop \"$D\"; cp \"$D/server.conf\" \"$D/usual\"; "
                                  "echo '%s' >>\"$D/server.conf\"; sshd_start \"$D\"",
                                  servers[i].line));
        assert_int_equal(list(), -1);
        basetest_has(call->err.hint, "transport = \"ssh\"");
        err_clear(&call->err);
        sshdtest_run("sshd_stop \"$D\"; mv \"$D/usual\" \"$D/server.conf\"; sshd_start \"$D\"");
    }
    known_hosts("grep ssh-rsa known_hosts >mine"); /* libssh2 may know ssh-rsa, the server does not */
    assert_int_equal(list(), -1);
    basetest_has(call->err.hint, "transport = \"ssh\"");
    err_clear(&call->err);
}

/* --- our key ----------------------------------------------------------------------------------------- */

static void identity(const char *name)
{
    fakehost_setting(call, "identity", sshdtest_path(name));
}

static void test_keys(void **state)
{
    (void)state;
    sshdtest_ok(list()); /* ed25519 */
    identity("keys/ecdsa");
    sshdtest_ok(list());
    identity("keys/stranger");
    assert_int_equal(list(), -1);
    basetest_has(call->err.detail, "keys/stranger");
    sshdtest_refused(-1, "does not accept our key for user", "authorized_keys");
    identity("keys/none");
    sshdtest_refused(list(), "No such file", NULL);
    identity("keys/ed25519.pub");
    sshdtest_refused(list(), "it is no private key", "\".pub\"");
}

static void test_rsa(void **state)
{
    (void)state;
    identity("keys/rsa");
    sshdtest_refused(list(), "is an RSA key", "transport = \"ssh\"");
    sshdtest_run("cd \"$D\" && cp keys/rsa keys/pem && ssh-keygen -q -p -m PEM -N '' -f keys/pem "
                 ">/dev/null");
    identity("keys/pem");
    sshdtest_refused(list(), "is an RSA key", "ssh-keygen -t ed25519");
}

static void test_passphrase(void **state)
{
    (void)state;
    identity("keys/locked");
    sshdtest_refused(list(), "has a passphrase, and no agent has the key", "ssh-add");
    basetest_env("STORE_PASSPHRASE=open sesame");
    fakehost_setting(call, "passphrase", "env:STORE_PASSPHRASE");
    sshdtest_ok(list());
    basetest_env_reset();
    sshdtest_refused(list(), "\"STORE_PASSPHRASE\", which should hold the passphrase, is not set",
                     NULL);
    sshdtest_run("cd \"$D\" && echo 'open sesame' >right && echo 'shut' >wrong");
    fakehost_setting(call, "passphrase", arena_printf(call->arena, "file:%s", sshdtest_path("right")));
    sshdtest_ok(list());
    fakehost_fact(call, "config_dir", sshdtest.server);
    fakehost_setting(call, "passphrase", "file:wrong");
    sshdtest_refused(list(), "could not use the key", "passphrase is right");
    fakehost_setting(call, "passphrase", "file:none");
    sshdtest_refused(list(), "could not read the passphrase", NULL);
}

static void test_agent(void **state)
{
    const char *socket = sshdtest_path("agent");
    const char *pid;

    (void)state;
    pid = output("eval \"$(ssh-agent -a \"$D/agent\")\" >/dev/null; echo 'open sesame' >\"$D/secret\"; "
                 "printf '#!/bin/sh\\ncat %q\\n' \"$D/secret\" >\"$D/ask\"; chmod +x \"$D/ask\"; "
                 "ssh-add -q \"$D/keys/rsa\" \"$D/keys/stranger\" 2>/dev/null; "
                 "SSH_ASKPASS=\"$D/ask\" SSH_ASKPASS_REQUIRE=force ssh-add -q \"$D/keys/locked\"; "
                 "echo $SSH_AGENT_PID");
    basetest_env(arena_printf(call->arena, "SSH_AUTH_SOCK=%s", socket));
    identity("keys/locked"); /* the agent has its secret half */
    sshdtest_ok(list());
    fakehost_setting(call, "identity", NULL); /* any key of the agent */
    sshdtest_ok(list());
    sshdtest_run("SSH_AUTH_SOCK=\"$D/agent\" ssh-add -q -d \"$D/keys/locked.pub\"");
    assert_int_equal(list(), -1);
    basetest_has(call->err.detail, "\"user rsa\" (an RSA key");
    basetest_has(call->err.detail, "\"stranger\"");
    sshdtest_refused(-1, "does not accept our key", "transport = \"ssh\"");
    sshdtest_run(arena_printf(call->arena, "kill %s", pid));
    basetest_env_reset();
    sshdtest_refused(list(), "does not accept our key", NULL); /* no agent, no key */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sshdtest_fresh, sshdtest_clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_settings),    TEST(test_url),         TEST(test_known),
        TEST(test_unknown),     TEST(test_changed),     TEST(test_accept_new),
        TEST(test_fingerprint), TEST(test_no_common_algorithms),
        TEST(test_keys),        TEST(test_rsa),         TEST(test_passphrase),
        TEST(test_agent),
    };

    return cmocka_run_group_tests(tests, sshdtest_start, sshdtest_stop);
}
