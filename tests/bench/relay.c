/*
 * relay NAME NAME MILLISECONDS - two TUN devices with these names, and a long way between them: what one
 * gets comes out of the other that much later. Prints "ready" when both exist; ends with its input.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { PACKET_MOST = 2048, QUEUED_MOST = 32768 };

struct way {
    int from, to;
    size_t first, n;
    struct {
        int64_t due_ns;
        size_t n;
        char bytes[PACKET_MOST];
    } queued[QUEUED_MOST];
};

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int device(const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0) {
        fprintf(stderr, "relay: %s: %s\n", name, strerror(errno));
        exit(1);
    }
    return fd;
}

/* What has come is queued, or dropped as on any road that is full; what is due goes on. */
static int64_t serve(struct way *way, int64_t delay_ns)
{
    int64_t now = now_ns();

    while (way->n < QUEUED_MOST) {
        size_t at = (way->first + way->n) % QUEUED_MOST;
        ssize_t n = read(way->from, way->queued[at].bytes, PACKET_MOST);

        if (n <= 0)
            break;
        way->queued[at].n = (size_t)n;
        way->queued[at].due_ns = now + delay_ns;
        way->n++;
    }
    while (way->n > 0 && way->queued[way->first].due_ns <= now) {
        if (write(way->to, way->queued[way->first].bytes, way->queued[way->first].n) < 0 &&
            errno == EAGAIN)
            break;
        way->first = (way->first + 1) % QUEUED_MOST;
        way->n--;
    }
    return way->n > 0 ? way->queued[way->first].due_ns : INT64_MAX;
}

int main(int argc, char **argv)
{
    static struct way there, back;
    int64_t delay_ns = argc == 4 ? strtoll(argv[3], NULL, 10) * 1000000 : -1;
    struct pollfd ready[] = {{.events = POLLIN}, {.events = POLLIN}, {.fd = 0, .events = POLLIN}};

    if (delay_ns < 0)
        return 2;
    there.from = back.to = ready[0].fd = device(argv[1]);
    there.to = back.from = ready[1].fd = device(argv[2]);
    puts("ready");
    fflush(stdout);
    while ((ready[2].revents & (POLLIN | POLLHUP)) == 0) {
        int64_t due = serve(&there, delay_ns), other = serve(&back, delay_ns), wait;
        struct timespec timeout = {.tv_sec = 1};

        due = due < other ? due : other;
        if (due != INT64_MAX) {
            wait = due - now_ns();
            timeout = (struct timespec){.tv_nsec = wait < 0 ? 0 : wait % 1000000000};
        }
        ppoll(ready, 3, &timeout, NULL);
    }
    return 0;
}
