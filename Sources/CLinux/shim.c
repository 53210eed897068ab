// SwiftPM wants one source file for a C target; all of it is inline in shim.h.
#include "shim.h"
