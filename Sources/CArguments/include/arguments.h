#ifndef BOX_CARGUMENTS_H
#define BOX_CARGUMENTS_H

/// What Swift's runtime knows the command line by (stdlib/public/stubs/CommandLine.cpp). Its own way, before `main`, is to look for the stack
/// in /proc/self/maps, of which a program with libcurl's libraries has 230 lines: 0.4 of the 11 ms that `box info` takes.
///
/// A program that is linked with Swift's static library and has these functions doesn't get the library's. They are hidden, so that
/// one which is linked with the shared library keeps that library's.
__attribute__((visibility("hidden"))) char **_swift_stdlib_getUnsafeArgvArgc(int *count);
__attribute__((visibility("hidden"))) void _swift_stdlib_overrideUnsafeArgvArgc(char **arguments, int count);

#endif
