// Counts heap allocations of one process by who asked for them. Loaded with LD_PRELOAD; the counters live in the file that
// BENCH_ALLOCATIONS names, which the harness maps and reads while the server runs. Each allocating call counts one;
// frees are not counted. Memory that libc takes on another's behalf (strdup, getaddrinfo) counts under "libc".
//
// cc -O2 -shared -fPIC -o count.so count.c -ldl

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum owner { OURS, LIBPQ, LIBCRYPTO, LIBC, OWNERS };

// Exactly what the harness reads: for each owner, calls and bytes.
struct counters {
    _Atomic uint64_t calls[OWNERS];
    _Atomic uint64_t bytes[OWNERS];
};

struct range {
    uintptr_t low, high;
    enum owner owner;
};

#define MAXIMUM_RANGES 64

static struct counters idle;  // takes the counts until the file is mapped
static struct counters *counters = &idle;
static struct range ranges[MAXIMUM_RANGES];
static int rangeCount;

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

static void count(void *caller, size_t bytes) {
    uintptr_t address = (uintptr_t)caller;
    enum owner owner = OURS;
    for (int i = 0; i < rangeCount; i++) {
        if (address >= ranges[i].low && address < ranges[i].high) {
            owner = ranges[i].owner;
            break;
        }
    }
    atomic_fetch_add_explicit(&counters->calls[owner], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&counters->bytes[owner], bytes, memory_order_relaxed);
}

static int note(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size, (void)unused;
    enum owner owner = OURS;
    if (strstr(info->dlpi_name, "/libpq.so")) owner = LIBPQ;
    if (strstr(info->dlpi_name, "/libcrypto.so") || strstr(info->dlpi_name, "/libssl.so")) owner = LIBCRYPTO;
    if (strstr(info->dlpi_name, "/libc.so")) owner = LIBC;
    for (int i = 0; owner != OURS && i < info->dlpi_phnum && rangeCount < MAXIMUM_RANGES; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
        uintptr_t low = info->dlpi_addr + part->p_vaddr;
        ranges[rangeCount++] = (struct range){low, low + part->p_memsz, owner};
    }
    return 0;
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("BENCH_ALLOCATIONS");
    unsetenv("LD_PRELOAD");  // children count for themselves, not for us
    if (!path) return;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *mapped = mmap(NULL, sizeof(struct counters), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED) return;
    dl_iterate_phdr(note, NULL);
    counters = mapped;
}

void *malloc(size_t size) {
    count(__builtin_return_address(0), size);
    return __libc_malloc(size);
}

void *calloc(size_t items, size_t size) {
    count(__builtin_return_address(0), items * size);
    return __libc_calloc(items, size);
}

void *realloc(void *old, size_t size) {
    count(__builtin_return_address(0), size);
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count(__builtin_return_address(0), size);
    return __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size) {
    count(__builtin_return_address(0), size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    count(__builtin_return_address(0), size);
    void *memory = __libc_memalign(alignment, size);
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}
