// Functions of the kernel and glibc that Swift can't import. These are raw system calls, and code that must run between
// clone and exit without touching a runtime's locks.
#ifndef BOX_CLINUX_SHIM_H
#define BOX_CLINUX_SHIM_H

// No _GNU_SOURCE: it changes some of glibc's types, so that they differ from those of Swift's own modules. A clean
// build refuses that.
#include <errno.h>
#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/quota.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef CLONE_NEWUSER
#define CLONE_NEWUSER 0x10000000
#endif

// With older glibc, linux/mount.h can't be included beside sys/mount.h. So the few names from it are declared here.
struct clinux_mount_attr {
  uint64_t attr_set;
  uint64_t attr_clr;
  uint64_t propagation;
  uint64_t userns_fd;
};
enum {
  CLINUX_OPEN_TREE_CLONE = 1,
  CLINUX_AT_RECURSIVE = 0x8000,
  CLINUX_AT_EMPTY_PATH = 0x1000,
  CLINUX_MOUNT_ATTR_RDONLY = 0x1,
  CLINUX_MOUNT_ATTR_IDMAP = 0x00100000,
  CLINUX_MOVE_MOUNT_F_EMPTY_PATH = 4,
};
#define CLINUX_SYS_OPEN_TREE 428
#define CLINUX_SYS_MOVE_MOUNT 429
#define CLINUX_SYS_FSOPEN 430
#define CLINUX_SYS_MOUNT_SETATTR 442
#define CLINUX_SYS_QUOTACTL_FD 443
#define CLINUX_SYS_PIDFD_SEND_SIGNAL 424
#define CLINUX_SYS_PIDFD_OPEN 434

static inline int clinux_write_map(pid_t pid, const char *name, uint32_t inside, uint32_t outside, uint32_t count) {
  char path[64], line[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  int length = snprintf(line, sizeof line, "%u %u %u", inside, outside, count);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  int result = write(fd, line, (size_t)length) == length ? 0 : -errno;
  close(fd);
  return result;
}

/// Creates a user namespace that maps `count` ids from `inside` to `outside`. Returns its descriptor or -errno. The
/// namespace's first process is a child that only pauses. The descriptor keeps the namespace after the child is gone.
static inline int clinux_user_namespace(uint32_t inside, uint32_t outside, uint32_t count) {
  // The raw call works like fork with flags. glibc's clone needs a stack of its own.
  pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (child < 0) return -errno;
  if (child == 0) {
    // The child has this process's descriptors, so it mustn't outlive it.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) syscall(SYS_pause);
  }
  int result = clinux_write_map(child, "uid_map", inside, outside, count);
  if (result == 0) result = clinux_write_map(child, "gid_map", inside, outside, count);
  if (result == 0) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/user", (int)child);
    result = open(path, O_RDONLY | O_CLOEXEC);
    if (result < 0) result = -errno;
  }
  kill(child, SIGKILL);
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
  }
  return result;
}

/// The work of the child of clinux_write_in_user_namespace. Returns 0 or -errno.
static inline int clinux_enter_and_write(pid_t process, const char *const paths[], const char *const texts[], size_t count) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/user", (int)process);
  int namespace = open(path, O_RDONLY | O_CLOEXEC);
  if (namespace < 0) return -errno;
  int result = syscall(SYS_setns, namespace, CLONE_NEWUSER) < 0 ? -errno : 0;
  close(namespace);
  for (size_t index = 0; result == 0 && index < count; index++) {
    int file = open(paths[index], O_WRONLY | O_CLOEXEC);
    if (file < 0) continue;
    if (write(file, texts[index], strlen(texts[index])) < 0) result = -errno;
    close(file);
  }
  return result;
}

/// Writes `count` texts to files, as a process in `process`'s user namespace. The contents of /proc/sys/user depend on
/// the namespace. Files that can't be opened are skipped. Returns 0 or -errno.
///
/// A process with threads can't change its user namespace (setns(2)), so a child does. The child shares this process's
/// memory, because a copy of the page tables takes longer than all of its work. No other process of that namespace may
/// run yet: it could trace the child and with it this memory.
static inline int clinux_write_in_user_namespace(
    pid_t process, const char *const paths[], const char *const texts[], size_t count) {
  volatile int result = -ECANCELED;
  pid_t child = vfork();
  if (child < 0) return -errno;
  if (child == 0) {
    result = clinux_enter_and_write(process, paths, texts, count);
    _exit(0);
  }
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
  }
  return result;
}

/// Returns a descriptor of a process, or -errno. A later process with the same number is never mistaken for it.
/// pidfd_open(2).
static inline int clinux_process_descriptor(pid_t process) {
  int descriptor = (int)syscall(CLINUX_SYS_PIDFD_OPEN, process, 0);
  return descriptor < 0 ? -errno : descriptor;
}

/// Sends a signal to the process of a descriptor. pidfd_send_signal(2). Returns 0 or -errno.
static inline int clinux_signal(int descriptor, int number) {
  return syscall(CLINUX_SYS_PIDFD_SEND_SIGNAL, descriptor, number, NULL, 0) < 0 ? -errno : 0;
}

/// Binds `source` read-only at `target`, with its ids mapped by `userns_fd`. Returns 0 or -errno.
static inline int clinux_bind_idmapped(const char *source, const char *target, int userns_fd) {
  int tree = (int)syscall(CLINUX_SYS_OPEN_TREE, AT_FDCWD, source, CLINUX_OPEN_TREE_CLONE | O_CLOEXEC);
  if (tree < 0) return -errno;
  struct clinux_mount_attr attr = {
      .attr_set = CLINUX_MOUNT_ATTR_IDMAP | CLINUX_MOUNT_ATTR_RDONLY,
      .propagation = MS_PRIVATE,
      .userns_fd = (uint64_t)userns_fd,
  };
  int result = 0;
  if (syscall(CLINUX_SYS_MOUNT_SETATTR, tree, "", CLINUX_AT_EMPTY_PATH, &attr, sizeof attr) < 0) result = -errno;
  if (result == 0 &&
      syscall(CLINUX_SYS_MOVE_MOUNT, tree, "", AT_FDCWD, target, CLINUX_MOVE_MOUNT_F_EMPTY_PATH) < 0)
    result = -errno;
  close(tree);
  return result;
}

/// Checks whether the kernel supports a file system type. The kernel loads the type's module for it. fsopen(2). Returns
/// 0 or -errno, which is -ENODEV without support.
static inline int clinux_find_file_system(const char *type) {
  int context = (int)syscall(CLINUX_SYS_FSOPEN, type, 0);
  if (context < 0) return -errno;
  close(context);
  return 0;
}

/// Mounts an overlay. mount(2). Returns 0 or -errno.
static inline int clinux_mount_overlay(const char *target, const char *options) {
  if (mount("overlay", target, "overlay", MS_NODEV, options) < 0) return -errno;
  return mount(NULL, target, NULL, MS_PRIVATE, NULL) < 0 ? -errno : 0;
}

/// Drops the unused dentries of a mounted overlay, which hold files open, by a remount that changes nothing. See
/// reconfigure_super in the kernel's fs/super.c. Returns 0 or -errno.
static inline int clinux_forget_names(const char *target) {
  return mount(NULL, target, NULL, MS_REMOUNT | MS_NODEV, NULL) < 0 ? -errno : 0;
}

/// syncfs(2), which glibc declares for GNU sources only. Returns 0 or -errno.
static inline int clinux_sync_file_system(int fd) {
  return syscall(SYS_syncfs, fd) < 0 ? -errno : 0;
}

/// Detaches the mount at `target`. It is unmounted when its last user is gone. Returns 0 or -errno.
static inline int clinux_unmount(const char *target) {
  return umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
}

// linux/fs.h can't be included beside sys/mount.h either. ioctl_xfs_fsgetxattr(2), which ext4 supports too.
struct clinux_file_attributes {
  uint32_t flags, extent_size, extents, project, copy_extent_size;
  uint8_t padding[8];
};
#define CLINUX_GET_FILE_ATTRIBUTES _IOR('X', 31, struct clinux_file_attributes)
#define CLINUX_SET_FILE_ATTRIBUTES _IOW('X', 32, struct clinux_file_attributes)
enum { CLINUX_PROJECT_IS_INHERITED = 0x200 };

/// The project of a directory that new files in it inherit. 0 when they inherit none, or when the file system has no
/// projects.
static inline uint32_t clinux_project(int directory) {
  struct clinux_file_attributes attributes = {0};
  if (ioctl(directory, CLINUX_GET_FILE_ATTRIBUTES, &attributes) < 0) return 0;
  return attributes.flags & CLINUX_PROJECT_IS_INHERITED ? attributes.project : 0;
}

/// Sets the project of a directory, which everything created in it inherits. Returns 0 or -errno.
static inline int clinux_set_project(int directory, uint32_t project) {
  struct clinux_file_attributes attributes = {0};
  if (ioctl(directory, CLINUX_GET_FILE_ATTRIBUTES, &attributes) < 0) return -errno;
  attributes.project = project;
  attributes.flags |= CLINUX_PROJECT_IS_INHERITED;
  return ioctl(directory, CLINUX_SET_FILE_ATTRIBUTES, &attributes) < 0 ? -errno : 0;
}

/// Whether the file system of a file enforces project limits. quotactl(2).
static inline int clinux_projects_are_limited(int file) {
  struct fs_quota_stat state = {0};
  if (syscall(CLINUX_SYS_QUOTACTL_FD, file, QCMD(Q_XGETQSTAT, PRJQUOTA), 0, &state) < 0) return 0;
  return (state.qs_flags & FS_QUOTA_PDQ_ENFD) != 0;
}

/// Sets the limits of a project in bytes and files; 0 means no limit. Returns 0 or -errno.
static inline int clinux_limit_project(int file, uint32_t project, uint64_t bytes, uint64_t files) {
  struct if_dqblk limits = {
      .dqb_bhardlimit = bytes >> QIF_DQBLKSIZE_BITS, .dqb_ihardlimit = files, .dqb_valid = QIF_LIMITS};
  return syscall(CLINUX_SYS_QUOTACTL_FD, file, QCMD(Q_SETQUOTA, PRJQUOTA), project, &limits) < 0 ? -errno : 0;
}

/// Returns the bytes that a project uses, or -errno, and its limit in bytes; 0 means no limit.
static inline int64_t clinux_project_use(int file, uint32_t project, uint64_t *limit) {
  struct if_dqblk use = {0};
  if (syscall(CLINUX_SYS_QUOTACTL_FD, file, QCMD(Q_GETQUOTA, PRJQUOTA), project, &use) < 0) return -errno;
  *limit = use.dqb_bhardlimit << QIF_DQBLKSIZE_BITS;
  return (int64_t)use.dqb_curspace;
}

// sys/socket.h can't be included either: its types would belong to another module than those of Swift's own.
enum { CLINUX_AF_NETLINK = 16, CLINUX_SOCK_RAW = 3 };

/// Returns a socket that receives a message for every change of this network namespace's nftables ruleset, or -errno.
/// netlink(7).
static inline int clinux_ruleset_events(void) {
  struct sockaddr_nl address = {.nl_family = CLINUX_AF_NETLINK, .nl_groups = 1u << (NFNLGRP_NFTABLES - 1)};
  int events = (int)syscall(SYS_socket, CLINUX_AF_NETLINK, CLINUX_SOCK_RAW | O_NONBLOCK | O_CLOEXEC, NETLINK_NETFILTER);
  if (events < 0) return -errno;
  if (syscall(SYS_bind, events, &address, sizeof address) == 0) return events;
  int error = errno;
  close(events);
  return -error;
}

/// Reads the socket's messages. Returns 1 when tables, chains, rules or sets changed, 0 when only sets' elements did,
/// or -errno. A lost message counts as a change (ENOBUFS).
static inline int clinux_ruleset_changed(int events) {
  int changed = 0;
  _Alignas(struct nlmsghdr) char buffer[16384];
  for (;;) {
    ssize_t length = read(events, buffer, sizeof buffer);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == ENOBUFS) {
      changed = 1;
      continue;
    }
    if (length < 0) return errno == EAGAIN ? changed : -errno;
    int left = (int)length;
    for (struct nlmsghdr *message = (struct nlmsghdr *)buffer; NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
      int type = message->nlmsg_type & 0xFF;
      changed |= type != NFT_MSG_NEWSETELEM && type != NFT_MSG_DELSETELEM && type != NFT_MSG_NEWGEN;
    }
  }
}

#endif
