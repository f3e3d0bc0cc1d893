/* log - see log.h. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

enum { SHORTEST_SECRET = 3 };

static const char *const level_names[] = {"error", "warning", "info", "detail", "debug"};

/* Set before there is another thread. */
static enum log_level shown = LOG_INFO;
static int coloured;

/* For what follows. Lines of several threads do not mix; a message about the log file is written while one
 * is. */
static pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static int file = -1;
static struct strvec secrets;
static void (*erase_bar)(void);

/* --- the filter --------------------------------------------------------------------------------*/

/* The length of the longest secret that begins at ${text}; 0 when none does. */
static size_t secret_at(const char *text)
{
    size_t longest = 0;

    for (size_t i = 0; i < secrets.n; i++) {
        size_t len = strlen(secrets.v[i]);

        if (len > longest && strncmp(text, secrets.v[i], len) == 0)
            longest = len;
    }
    return longest;
}

static void add_redacted(struct buf *out, const char *text)
{
    while (*text != '\0') {
        size_t len = secret_at(text);

        if (len > 0)
            buf_adds(out, "***");
        else
            buf_addc(out, *text);
        text += len > 0 ? len : 1;
    }
}

/* Control characters, C1 in UTF-8 among them, could move the cursor or forge a line. */
static void add_escaped(struct buf *out, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c == '\n')
            buf_adds(out, "\\n");
        else if (*c == '\t')
            buf_addc(out, '\t');
        else if (*c < 0x20 || *c == 0x7f)
            buf_addf(out, "\\x%02x", *c);
        else if (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
            buf_addf(out, "\\u%04x", *++c);
        else
            buf_addc(out, (char)*c);
    }
}

static void filter(struct buf *out, const char *text)
{
    auto_free char *redacted = log_redact(text);

    add_escaped(out, redacted);
}

void log_secret(const char *text)
{
    if (text == NULL || strlen(text) < SHORTEST_SECRET)
        return;
    pthread_mutex_lock(&mutex);
    if (!strvec_has(&secrets, text))
        strvec_push(&secrets, text);
    pthread_mutex_unlock(&mutex);
}

char *log_redact(const char *text)
{
    struct buf out = {0};

    buf_reserve(&out, strlen(text));
    pthread_mutex_lock(&mutex);
    add_redacted(&out, text);
    pthread_mutex_unlock(&mutex);
    buf_adds(&out, "");
    return out.data;
}

/* The length of the well-formed UTF-8 character at ${at} (RFC 3629); 0 when there is none. */
static size_t utf8_length(const unsigned char *at)
{
    size_t n = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3
                                                                : at[0] < 0xf5   ? 4
                                                                                 : 0;

    for (size_t i = 1; i < n; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return n;
}

char *log_clean(const char *text)
{
    char *clean = log_redact(text);

    for (unsigned char *at = (unsigned char *)clean; *at != '\0';) {
        size_t n = utf8_length(at);

        if (n == 0)
            *at = '?';
        at += n == 0 ? 1 : n;
    }
    return clean;
}

/* --- the two places ----------------------------------------------------------------------------*/

static int write_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, data, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        data += done;
        n -= (size_t)done;
    }
    return 0;
}

/* ${lead} is what stands before the message on standard error. */
static void to_terminal(const char *lead, const char *message)
{
    auto_buf struct buf line = {0};

    if (erase_bar != NULL)
        erase_bar();
    buf_addf(&line, "%s%s\n", lead, message);
    if (write_all(STDERR_FILENO, line.data, line.len) != 0)
        return; /* nowhere left to say so */
}

static void to_file(enum log_level level, const char *part, const char *message)
{
    auto_buf struct buf line = {0};
    char at[32];

    buf_addf(&line, "%s %s %s%s\n", clock_iso(clock_now(), at), level_names[level], part, message);
    if (write_all(file, line.data, line.len) != 0) {
        int errnum = errno;

        log_close();
        log_warning("could not write the log file, it ends here: %s", strerror(errnum));
    }
}

/* What stands before a message of ${level}: only trouble is named. */
static const char *lead_of(enum log_level level)
{
    switch (level) {
    case LOG_ERROR:
        return coloured ? "deploy-db: \033[1;31merror:\033[0m " : "deploy-db: error: ";
    case LOG_WARNING:
        return coloured ? "deploy-db: \033[1;33mwarning:\033[0m " : "deploy-db: warning: ";
    case LOG_DEBUG:
        return "deploy-db: debug: ";
    case LOG_INFO:
    case LOG_DETAIL:
    default:
        return "deploy-db: ";
    }
}

static void emit(enum log_level level, const char *fmt, va_list args)
{
    auto_buf struct buf message = {0};
    auto_free char *raw = NULL;

    if (level > shown && level > LOG_DETAIL)
        return;
    if (vasprintf(&raw, fmt, args) < 0) {
        raw = NULL;
        return;
    }
    pthread_mutex_lock(&mutex);
    if (level <= shown || file >= 0)
        filter(&message, raw);
    if (level <= shown)
        to_terminal(lead_of(level), buf_text(&message));
    if (file >= 0)
        to_file(level, "", buf_text(&message));
    pthread_mutex_unlock(&mutex);
}

void log_at(enum log_level level, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    emit(level, fmt, args);
    va_end(args);
}

#define LEVEL_FUNCTION(name, level)                                                                \
    void name(const char *fmt, ...)                                                                \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, fmt);                                                                       \
        emit(level, fmt, args);                                                                    \
        va_end(args);                                                                              \
    }

LEVEL_FUNCTION(log_error, LOG_ERROR)
LEVEL_FUNCTION(log_warning, LOG_WARNING)
LEVEL_FUNCTION(log_info, LOG_INFO)
LEVEL_FUNCTION(log_detail, LOG_DETAIL)
LEVEL_FUNCTION(log_debug, LOG_DEBUG)

void log_child(enum log_level level, const char *tool, const char *line)
{
    log_at(level, "%s: %s", tool, line);
}

/* One line of a part ("detail: ", "hint: ") of a failure. */
static void emit_part(const char *part, const char *line)
{
    auto_buf struct buf message = {0};
    auto_buf struct buf lead = {0};

    filter(&message, line);
    buf_addf(&lead, "  %s", part);
    to_terminal(lead.data, buf_text(&message));
    if (file >= 0)
        to_file(LOG_ERROR, part, buf_text(&message));
}

void log_failure(const struct err *err)
{
    /* Redacted as a whole, so that a secret of several lines is found too. */
    auto_free char *detail = log_redact(err->detail);
    char *rest = detail;
    char *line;

    pthread_mutex_lock(&mutex);
    log_error("%s", err->primary);
    while ((line = strsep(&rest, "\n")) != NULL)
        if (*line != '\0')
            emit_part("detail: ", line);
    if (err->hint[0] != '\0')
        emit_part("hint: ", err->hint);
    pthread_mutex_unlock(&mutex);
}

/* --- set-up ------------------------------------------------------------------------------------*/

void log_setup(enum log_level level, int colour)
{
    shown = level;
    coloured = colour;
}

int log_open(const char *path, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);

    if (fd < 0)
        return err_sys(err, ERR_INTERNAL, errno, "could not open log file \"%s\"", path);
    pthread_mutex_lock(&mutex);
    log_close();
    file = fd;
    pthread_mutex_unlock(&mutex);
    return 0;
}

void log_close(void)
{
    pthread_mutex_lock(&mutex);
    if (file >= 0)
        close(file);
    file = -1;
    pthread_mutex_unlock(&mutex);
}

void log_hold(void (*erase)(void))
{
    pthread_mutex_lock(&mutex);
    erase_bar = erase;
    pthread_mutex_unlock(&mutex);
}
