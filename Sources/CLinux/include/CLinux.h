// What Swift's Glibc module does not see of Linux: epoll, eventfd, accept4, macros, a thread-local pointer. No logic.
#pragma once
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

static inline int insula_epoll_add(int epoll, int fd, uint32_t events, uint64_t tag) {
    struct epoll_event event = {.events = events, .data = {.u64 = tag}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static inline int insula_epoll_modify(int epoll, int fd, uint32_t events, uint64_t tag) {
    struct epoll_event event = {.events = events, .data = {.u64 = tag}};
    return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
}

static inline int insula_epoll_remove(int epoll, int fd) {
    return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, (void *)0);
}

static inline uint64_t insula_epoll_tag(const struct epoll_event *event) { return event->data.u64; }
static inline uint32_t insula_epoll_events(const struct epoll_event *event) { return event->events; }

// Accepts a connection; the new descriptor is non-blocking and closed on exec. `address` is a struct sockaddr_storage.
int insula_accept(int fd, void *address, uint32_t *length);

uint64_t insula_monotonic_nanoseconds(void);
int64_t insula_realtime_microseconds(void);
int insula_errno(void);

// A descriptor that becomes readable when the process ends; -1 when there is no such process.
int insula_process_descriptor(int process);

// Overwrites memory in a way that the compiler keeps.
void insula_wipe(void *memory, unsigned long count);

// Gives the calling thread a name of at most 15 bytes.
void insula_name_thread(const char *name);

// The loop that the calling thread runs, as an opaque pointer; null on any other thread.
extern __thread void *insula_current_loop_pointer;
static inline void *insula_current_loop(void) { return insula_current_loop_pointer; }
static inline void insula_set_current_loop(void *loop) { insula_current_loop_pointer = loop; }
