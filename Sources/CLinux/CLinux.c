// The calls that need GNU's view of the C library, which Swift's Glibc module does not share; and what has to be done before `main`.
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

__thread void *insula_current_loop_pointer = 0;

int insula_accept(int fd, void *address, uint32_t *length) {
    return accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

uint64_t insula_monotonic_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int64_t insula_realtime_microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int insula_errno(void) { return errno; }

void insula_wipe(void *memory, unsigned long count) { explicit_bzero(memory, count); }

void insula_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int insula_process_descriptor(int process) { return (int)syscall(SYS_pidfd_open, process, 0); }

// OpenSSL would take itself down at `exit`, under the threads that are still at work then, which is undefined (openssl/openssl#6214). The
// first to initialise it decides, so it is done before `main`. The symbol is weak, for what is linked without OpenSSL.
extern int OPENSSL_init_crypto(uint64_t options, const void *settings) __attribute__((weak));

__attribute__((constructor)) static void insula_keep_openssl(void) {
    const uint64_t no_atexit = 0x00080000; // OPENSSL_INIT_NO_ATEXIT
    if (OPENSSL_init_crypto) OPENSSL_init_crypto(no_atexit, 0);
}
