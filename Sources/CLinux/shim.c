// SwiftPM requires a source file for a C target. All functions are inline in shim.h.
#include "shim.h"
