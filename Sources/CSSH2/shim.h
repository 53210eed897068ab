#ifndef BOX_CSSH2_SHIM_H
#define BOX_CSSH2_SHIM_H

#include <libssh2.h>
#include <libssh2_sftp.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

typedef ssize_t (*box_ssh2_recv)(libssh2_socket_t fd, void *buffer, size_t length, int flags, void **abstract);
typedef ssize_t (*box_ssh2_send)(libssh2_socket_t fd, const void *buffer, size_t length, int flags, void **abstract);

/// Creates a non-blocking session that sends and receives with `recv` and `send`. Their last argument points to
/// `abstract`. It is in C because libssh2_session_callback_set takes a function pointer as `void *`.
static inline LIBSSH2_SESSION *box_ssh2_session(void *abstract, box_ssh2_recv recv, box_ssh2_send send) {
    LIBSSH2_SESSION *session = libssh2_session_init_ex(NULL, NULL, NULL, abstract);
    if (!session) return NULL;
    libssh2_session_callback_set(session, LIBSSH2_CALLBACK_RECV, (void *)recv);
    libssh2_session_callback_set(session, LIBSSH2_CALLBACK_SEND, (void *)send);
    libssh2_session_set_blocking(session, 0);
    return session;
}

/// renameat2(2) with RENAME_NOREPLACE. Through syscall(2), because glibc declares it for _GNU_SOURCE only.
static inline int box_rename_if_free(const char *from, const char *to) {
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1U);
}

/// Whether this processor has instructions for SHA-256. With them SHA-256 is the fastest hash of SSH's, without them
/// SHA-512 is.
static inline int box_cpu_has_sha256(void) {
#if defined(__x86_64__)
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
#elif defined(__aarch64__)
    return getauxval(AT_HWCAP) >> 6 & 1;
#else
    return 0;
#endif
}

/// pipe2(2) with both ends close-on-exec and non-blocking. Through syscall(2), because glibc declares it for
/// _GNU_SOURCE only.
static inline int box_pipe(int ends[2]) {
    return (int)syscall(SYS_pipe2, ends, O_CLOEXEC | O_NONBLOCK);
}

#endif
