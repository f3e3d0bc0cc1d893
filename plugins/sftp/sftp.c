/* sftp - the plugin's table, its settings and which of its two transports is used. See sftp.h. */
#include "sftp.h"

#include <libssh2.h>
#include <limits.h>
#include <string.h>

#include "batch.h"
#include "folder.h"
#include "reading.h"
#include "writing.h"

const struct ddb_host *sftp_host;

int sftp_is_name(const char *name)
{
    return name[0] != '\0' && name[0] != '.' && strpbrk(name, "/\n\r") == NULL &&
           strlen(name) <= NAME_MAX - strlen("..part");
}

int sftp_is_part(const char *name)
{
    size_t n = strlen(name);

    return n > 6 && n <= NAME_MAX && name[0] == '.' && name[1] != '.' &&
           strpbrk(name, "/\n\r") == NULL && strcmp(name + n - 5, ".part") == 0;
}

int sftp_check_name(struct ddb_call *call, const char *name)
{
    return sftp_is_name(name)
               ? 0
               : sftp_host->fail(call, "\"%s\" cannot be the name of a snapshot", name);
}

static int load(const struct ddb_host *host)
{
    sftp_host = host;
    return libssh2_init(0) == 0 ? 0 : -1;
}

static void unload(void)
{
    libssh2_exit();
}

static const struct ddb_setting settings[] = {
    {"url", DDB_TYPE_STRING, NULL, "the folder: sftp://user@host:port/path; /~/path is from home"},
    {"identity", DDB_TYPE_PATH, NULL, "the private key; default: ssh-agent, then ~/.ssh/id_ed25519"},
    {"passphrase", DDB_TYPE_STRING, NULL, "where the key's is: \"env:NAME\" or \"file:PATH\""},
    {"known_hosts", DDB_TYPE_PATH, NULL, "keys of hosts; default ~/.ssh/known_hosts"},
    {"fingerprint", DDB_TYPE_STRING, NULL, "the server's key, \"SHA256:…\", instead of known_hosts"},
    {"host_key", DDB_TYPE_STRING, "strict", "unknown servers: \"strict\" or \"accept-new\""},
    {"timeout", DDB_TYPE_DURATION, "30s", "how long to wait for an answer of the server"},
    {"keepalive", DDB_TYPE_DURATION, "15s", "between messages on an idle connection; 0: none"},
    {"transport", DDB_TYPE_STRING, "libssh2", "\"libssh2\", or \"ssh\": the system's sftp program"},
    {"spool", DDB_TYPE_PATH, "/var/tmp", "with \"ssh\": where a file is kept that is sent or read"},
    {NULL, DDB_TYPE_STRING, NULL, NULL},
};

static const struct ddb_store by_libssh2 = {
    .size = sizeof by_libssh2,
    .create = writing_create,
    .write = writing_write,
    .commit = writing_commit,
    .abort = writing_abort,
    .open = reading_open,
    .read = reading_read,
    .close = reading_close,
    .list = folder_list,
    .remove = folder_remove,
    .free_bytes = folder_free_bytes,
    .locate = folder_locate,
    .suspend = writing_suspend,
    .resume = writing_resume,
};

/* A store's transport does not change while one of its files is open. */
static const struct ddb_store *by(struct ddb_call *call)
{
    const char *transport = sftp_host->setting(call, "transport");

    return transport != NULL && strcmp(transport, "ssh") == 0 ? &batch_store : &by_libssh2;
}

static int create_file(struct ddb_call *call, const char *name, void **file)
{
    return by(call)->create(call, name, file);
}

static int write_file(struct ddb_call *call, void *file, const void *data, size_t n)
{
    return by(call)->write(call, file, data, n);
}

static int commit_file(struct ddb_call *call, void *file)
{
    return by(call)->commit(call, file);
}

static int abort_file(struct ddb_call *call, void *file)
{
    return by(call)->abort(call, file);
}

static int suspend_file(struct ddb_call *call, void *file)
{
    return by(call)->suspend(call, file);
}

static int resume_file(struct ddb_call *call, const char *name, void **file, int64_t *size_bytes)
{
    return by(call)->resume(call, name, file, size_bytes);
}

static int open_file(struct ddb_call *call, const char *name, void **file, int64_t *size_bytes)
{
    return by(call)->open(call, name, file, size_bytes);
}

static ssize_t read_file(struct ddb_call *call, void *file, int64_t offset, void *data, size_t cap)
{
    return by(call)->read(call, file, offset, data, cap);
}

static int close_file(struct ddb_call *call, void *file)
{
    return by(call)->close(call, file);
}

static int list_files(struct ddb_call *call, int (*each)(void *arg, const struct ddb_stored *stored),
                      void *arg)
{
    return by(call)->list(call, each, arg);
}

static int remove_file(struct ddb_call *call, const char *name)
{
    return by(call)->remove(call, name);
}

static int64_t free_bytes(struct ddb_call *call)
{
    return by(call)->free_bytes(call);
}

static const struct ddb_store store = {
    .size = sizeof store,
    .create = create_file,
    .write = write_file,
    .commit = commit_file,
    .abort = abort_file,
    .open = open_file,
    .read = read_file,
    .close = close_file,
    .list = list_files,
    .remove = remove_file,
    .free_bytes = free_bytes,
    .locate = folder_locate,
    .suspend = suspend_file,
    .resume = resume_file,
};

static const struct ddb_plugin plugin = {
    .size = sizeof plugin,
    .abi = DDB_ABI,
    .kind = DDB_KIND_STORE,
    .name = "sftp",
    .summary = "keeps snapshots in a folder of another machine, over SSH",
    .settings = settings,
    .ops = &store,
    .load = load,
    .unload = unload,
};

const struct ddb_plugin *ddb_plugin(void)
{
    return &plugin;
}
