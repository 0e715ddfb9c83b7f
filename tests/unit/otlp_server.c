#include "otlp_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static size_t content_length(const char *head)
{
    const char *at = strcasestr(head, "\r\nContent-Length:");
    return at != NULL ? strtoul(at + sizeof "\r\nContent-Length:" - 1, NULL, 10) : 0;
}

/* Reads up to the blank line, byte by byte: what follows is the body's. */
static bool read_head(int fd, char head[OTLP_SERVER_HEAD_BYTES])
{
    size_t size = 0;
    while (size + 1 < OTLP_SERVER_HEAD_BYTES && read(fd, head + size, 1) == 1) {
        head[++size] = '\0';
        if (size >= 4 && strcmp(head + size - 4, "\r\n\r\n") == 0) {
            return true;
        }
    }
    return false;
}

static bool read_body(int fd, uint8_t *body, size_t size)
{
    while (size > 0) {
        ssize_t got = read(fd, body, size);
        if (got <= 0) {
            return false;
        }
        body += got;
        size -= (size_t)got;
    }
    return true;
}

static bool read_request(otlp_server *server, int fd)
{
    static char head[OTLP_SERVER_HEAD_BYTES];
    static uint8_t body[OTLP_SERVER_BODY_BYTES];
    if (!read_head(fd, head)) {
        return false;
    }
    size_t size = content_length(head);
    if (size > sizeof body || !read_body(fd, body, size)) {
        return false;
    }
    pthread_mutex_lock(&server->mu);
    memcpy(server->head, head, sizeof head);
    memcpy(server->body, body, size);
    server->body_size = size;
    server->requests++;
    pthread_mutex_unlock(&server->mu);
    return true;
}

static void wait_for_the_client_to_leave(int fd)
{
    char byte;
    while (read(fd, &byte, 1) > 0) {
    }
}

static bool answer(int fd, const otlp_reply *reply)
{
    if (reply->data == NULL) {
        wait_for_the_client_to_leave(fd);
        return false;
    }
    const char *data = reply->data;
    for (size_t sent = 0; sent < reply->size;) {
        ssize_t n = send(fd, data + sent, reply->size - sent, MSG_NOSIGNAL);
        if (n <= 0) {
            return false; /* the client did not want more */
        }
        sent += (size_t)n;
    }
    return !reply->close;
}

static void serve(otlp_server *server, int fd)
{
    bool go_on = true;
    while (go_on && read_request(server, fd)) {
        size_t i = otlp_server_requests(server) - 1;
        go_on = answer(fd, &server->replies[i < server->reply_count ? i : server->reply_count - 1]);
    }
    close(fd);
}

static void *run(void *self)
{
    otlp_server *server = self;
    for (;;) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0) {
            return NULL;
        }
        pthread_mutex_lock(&server->mu);
        server->connections++;
        pthread_mutex_unlock(&server->mu);
        serve(server, fd);
    }
}

void otlp_server_start(otlp_server *server, const otlp_reply *replies, size_t reply_count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    memset(server, 0, sizeof *server);
    if (reply_count > OTLP_SERVER_REPLIES) {
        abort();
    }
    if (reply_count > 0) {
        memcpy(server->replies, replies, reply_count * sizeof *replies); /* the test's own may be gone before we are */
    }
    server->reply_count = reply_count;
    pthread_mutex_init(&server->mu, NULL);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->listener < 0 || bind(server->listener, (struct sockaddr *)&address, size) != 0 ||
        listen(server->listener, 8) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) != 0 ||
        pthread_create(&server->thread, NULL, run, server) != 0) {
        abort(); /* a test without its server proves nothing */
    }
    server->port = ntohs(address.sin_port);
}

void otlp_server_stop(otlp_server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    pthread_mutex_destroy(&server->mu);
}

static size_t locked(otlp_server *server, const size_t *number)
{
    pthread_mutex_lock(&server->mu);
    size_t value = *number;
    pthread_mutex_unlock(&server->mu);
    return value;
}

size_t otlp_server_requests(otlp_server *server)
{
    return locked(server, &server->requests);
}

size_t otlp_server_connections(otlp_server *server)
{
    return locked(server, &server->connections);
}

size_t otlp_server_count_line(otlp_server *server, const char *line)
{
    size_t count = 0;
    size_t size = strlen(line);
    pthread_mutex_lock(&server->mu);
    for (const char *at = server->head; *at != '\0';) {
        size_t length = strcspn(at, "\r");
        count += length == size && strncasecmp(at, line, size) == 0 ? 1 : 0;
        at += length + strspn(at + length, "\r\n");
    }
    pthread_mutex_unlock(&server->mu);
    return count;
}

bool otlp_server_has_header(otlp_server *server, const char *name)
{
    size_t size = strlen(name);
    bool found = false;
    pthread_mutex_lock(&server->mu);
    for (const char *at = strstr(server->head, "\r\n"); at != NULL && !found; at = strstr(at + 2, "\r\n")) {
        found = strncasecmp(at + 2, name, size) == 0 && at[2 + size] == ':';
    }
    pthread_mutex_unlock(&server->mu);
    return found;
}
