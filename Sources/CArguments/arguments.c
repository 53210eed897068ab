#include "arguments.h"

static char **given;
static int given_count;

/// Stores the arguments. glibc passes `main`'s arguments to every function that runs before it.
__attribute__((constructor)) static void keep(int count, char **arguments) {
  given = arguments;
  given_count = count;
}

char **_swift_stdlib_getUnsafeArgvArgc(int *count) {
  *count = given_count;
  return given;
}

void _swift_stdlib_overrideUnsafeArgvArgc(char **arguments, int count) { keep(count, arguments); }
