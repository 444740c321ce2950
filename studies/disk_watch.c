/* Loaded before libc (LD_PRELOAD): counts, logs and, at one of them, kills at what changes a folder on disk.

   What to do is told by a control file that all processes of a run map (disk_watch.py writes and reads it): the folder,
   a log, and the number of the call at which who is killed, before it, half-way through it or after it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { BEFORE, HALF, AFTER };
enum { SELF, GROUP, LEADER };
struct control {
    uint64_t calls;   /* made by all processes so far */
    uint64_t kill_at; /* 0: none */
    uint32_t how, whom, data, version;
    char root[1024], log[1024];
};
struct record { /* then the path, and the data: bytes written, or the second path */
    uint32_t magic, op, pid, path, data;
    int32_t fd;
    uint64_t call, at, size;
};
enum { OPEN, CREATE, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, MKDIR, RMDIR, CLOSE, KILLED, MARK };

static struct control *told;
static int log_fd = -1;
static char *paths[65536]; /* of descriptors that are open in the folder */
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

#define REAL(kind, name, ...) \
    static kind (*real_##name)(__VA_ARGS__); \
    if (!real_##name) real_##name = dlsym(RTLD_NEXT, #name)

static ssize_t plain_write(int fd, const void *bytes, size_t size) {
    REAL(ssize_t, write, int, const void *, size_t);
    return real_write(fd, bytes, size);
}

void watch_begin(const char *file) {
    REAL(int, open, const char *, int, ...);
    int fd = real_open(file, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    struct control *found = mmap(0, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (found == MAP_FAILED) return;
    log_fd = real_open(found->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (log_fd >= 0) { /* out of the way of those who close all low descriptors */
        int high = fcntl(log_fd, F_DUPFD_CLOEXEC, 900);
        if (high >= 0) { close(log_fd); log_fd = high; }
    }
    told = found;
}

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("DISK_WATCH");
    if (file && *file) watch_begin(file);
}

static void note(int op, uint64_t call, int fd, const char *path, const void *data, size_t size, uint64_t at) {
    if (log_fd < 0) return;
    int whole = told->data || op == RENAME || op == MARK || op == KILLED;
    struct record r = {0x4b534944, op, getpid(), strlen(path), whole ? size : 0, fd, call, at, size};
    size_t length = sizeof r + r.path + r.data;
    char *line = malloc(length);
    memcpy(line, &r, sizeof r);
    memcpy(line + sizeof r, path, r.path);
    if (r.data) memcpy(line + sizeof r + r.path, data, r.data);
    plain_write(log_fd, line, length);
    free(line);
}

void watch_mark(const char *text) {
    if (told) note(MARK, told->calls, -1, "", text, strlen(text), 0);
}

/* The path as one from the folder's own; 0 where it lies elsewhere. */
static int inside(int dir, const char *path, char *full) {
    if (!told || !path) return 0;
    char here[2048];
    if (path[0] == '/') {
        snprintf(full, 4096, "%s", path);
    } else {
        if (dir == AT_FDCWD) {
            if (!getcwd(here, sizeof here)) return 0;
        } else if (dir >= 0 && dir < 65536 && paths[dir]) {
            snprintf(here, sizeof here, "%s", paths[dir]);
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
            ssize_t got = readlink(link, here, sizeof here - 1);
            if (got < 0) return 0;
            here[got] = 0;
        }
        snprintf(full, 4096, "%s/%s", here, path);
    }
    size_t length = strlen(told->root);
    return !strncmp(full, told->root, length) && (full[length] == '/' || !full[length]);
}

static void strike(void) {
    int leader = getpgrp();
    if (told->whom == GROUP) kill(0, SIGKILL);
    if (told->whom == LEADER && leader != getpid()) kill(leader, SIGKILL);
    else kill(getpid(), SIGKILL);
}

/* Count a call; true where it is the one to be killed at, and not only before it. */
static int count(int op, const char *path, uint64_t *call) {
    *call = __atomic_add_fetch(&told->calls, 1, __ATOMIC_SEQ_CST);
    if (!told->kill_at || *call != told->kill_at) return 0;
    char said[32];
    snprintf(said, sizeof said, "%d", op);
    note(KILLED, *call, -1, path, said, strlen(said), 0);
    if (told->how == BEFORE) strike();
    return told->how != BEFORE;
}

static int is_inside(int fd) { return told && fd >= 0 && fd < 65536 && paths[fd] && fd != log_fd; }

static void forget(int fd) {
    if (fd >= 0 && fd < 65536 && paths[fd]) {
        free(paths[fd]);
        paths[fd] = 0;
    }
}

static int opened(int dir, const char *path, int flags, mode_t mode) {
    REAL(int, openat, int, const char *, int, ...);
    char full[4096];
    if (!inside(dir, path, full)) return real_openat(dir, path, flags, mode);
    struct stat found;
    int made = (flags & O_CREAT) && lstat(full, &found);
    int cut = !made && (flags & O_TRUNC) && !lstat(full, &found);
    uint64_t call = told->calls;
    pthread_mutex_lock(&held);
    int dies = made || cut ? count(made ? CREATE : TRUNCATE, full, &call) : 0;
    int fd = real_openat(dir, path, flags, mode);
    if (fd >= 0 && fd < 65536) {
        forget(fd);
        paths[fd] = strdup(full);
        note(made ? CREATE : OPEN, call, fd, full, 0, 0, 0);
        if (cut) note(TRUNCATE, call, fd, full, 0, 0, 0);
    }
    if (dies) strike();
    pthread_mutex_unlock(&held);
    return fd;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }
int open(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int openat(int dir, const char *path, int flags, ...) { MODE(flags) return opened(dir, path, flags, mode); }
int openat64(int dir, const char *path, int flags, ...) { MODE(flags) return opened(dir, path, flags, mode); }

int close(int fd) {
    REAL(int, close, int);
    if (is_inside(fd)) note(CLOSE, told->calls, fd, paths[fd], 0, 0, 0);
    forget(fd);
    return real_close(fd);
}

static ssize_t written(int fd, const void *bytes, size_t size, int64_t at) {
    REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
    if (!is_inside(fd)) return at < 0 ? plain_write(fd, bytes, size) : real_pwrite(fd, bytes, size, at);
    uint64_t call;
    pthread_mutex_lock(&held);
    int64_t from = at < 0 ? lseek(fd, 0, SEEK_CUR) : at;
    int dies = count(WRITE, paths[fd], &call);
    size_t part = dies && told->how == HALF ? size / 2 : size;
    ssize_t done = at < 0 ? plain_write(fd, bytes, part) : real_pwrite(fd, bytes, part, at);
    if (done > 0) note(WRITE, call, fd, paths[fd], bytes, done, from);
    if (dies) strike();
    pthread_mutex_unlock(&held);
    return done;
}
ssize_t write(int fd, const void *bytes, size_t size) { return written(fd, bytes, size, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { return written(fd, bytes, size, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) { return written(fd, bytes, size, at); }

/* A call with one path or descriptor: count, do, log, and die of it. */
#define WATCHED(op, fd, path, data, length, at, done) \
    uint64_t call; \
    pthread_mutex_lock(&held); \
    int dies = count(op, path, &call); \
    int result = done; \
    if (!result) note(op, call, fd, path, data, length, at); \
    if (dies) strike(); \
    pthread_mutex_unlock(&held); \
    return result;

static int cut(int fd, int64_t size) {
    REAL(int, ftruncate, int, off_t);
    if (!is_inside(fd)) return real_ftruncate(fd, size);
    WATCHED(TRUNCATE, fd, paths[fd], 0, 0, size, real_ftruncate(fd, size))
}
int ftruncate(int fd, off_t size) { return cut(fd, size); }
int ftruncate64(int fd, off64_t size) { return cut(fd, size); }

int fsync(int fd) {
    REAL(int, fsync, int);
    if (!is_inside(fd)) return real_fsync(fd);
    WATCHED(SYNC, fd, paths[fd], 0, 0, 0, real_fsync(fd))
}
int fdatasync(int fd) {
    REAL(int, fdatasync, int);
    if (!is_inside(fd)) return real_fdatasync(fd);
    WATCHED(SYNC, fd, paths[fd], 0, 0, 0, real_fdatasync(fd))
}

static int renamed(int from_dir, const char *from, int to_dir, const char *to) {
    REAL(int, renameat, int, const char *, int, const char *);
    char a[4096], b[4096];
    if (!inside(from_dir, from, a) || !inside(to_dir, to, b)) return real_renameat(from_dir, from, to_dir, to);
    WATCHED(RENAME, -1, a, b, strlen(b), 0, real_renameat(from_dir, from, to_dir, to))
}
int rename(const char *from, const char *to) { return renamed(AT_FDCWD, from, AT_FDCWD, to); }
int renameat(int from_dir, const char *from, int to_dir, const char *to) { return renamed(from_dir, from, to_dir, to); }

static int removed(int dir, const char *path, int flags) {
    REAL(int, unlinkat, int, const char *, int);
    char full[4096];
    if (!inside(dir, path, full)) return real_unlinkat(dir, path, flags);
    WATCHED(flags & AT_REMOVEDIR ? RMDIR : UNLINK, -1, full, 0, 0, 0, real_unlinkat(dir, path, flags))
}
int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int unlinkat(int dir, const char *path, int flags) { return removed(dir, path, flags); }
int rmdir(const char *path) { return removed(AT_FDCWD, path, AT_REMOVEDIR); }

static int folder(int dir, const char *path, mode_t mode) {
    REAL(int, mkdirat, int, const char *, mode_t);
    char full[4096];
    if (!inside(dir, path, full)) return real_mkdirat(dir, path, mode);
    WATCHED(MKDIR, -1, full, 0, 0, 0, real_mkdirat(dir, path, mode))
}
int mkdir(const char *path, mode_t mode) { return folder(AT_FDCWD, path, mode); }
int mkdirat(int dir, const char *path, mode_t mode) { return folder(dir, path, mode); }
