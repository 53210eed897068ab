// Preloaded into boxd: a wall clock that is CLOCK_OFFSET seconds off. The clocks that can't be set, monotonic and boot
// time, stay. libfaketime moves them too, and then no timer of the kernel fires.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static time_t offset;

__attribute__((constructor)) static void read_offset(void) {
  const char *text = getenv("CLOCK_OFFSET");
  offset = text ? atoll(text) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += offset;
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  static int (*real)(struct timeval *, void *);
  if (!real) real = dlsym(RTLD_NEXT, "gettimeofday");
  int result = real(now, zone);
  if (result == 0) now->tv_sec += offset;
  return result;
}

time_t time(time_t *store) {
  static time_t (*real)(time_t *);
  if (!real) real = dlsym(RTLD_NEXT, "time");
  time_t now = real(NULL) + offset;
  if (store) *store = now;
  return now;
}
