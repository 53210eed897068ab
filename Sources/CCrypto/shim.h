#ifndef BOX_CCRYPTO_SHIM_H
#define BOX_CCRYPTO_SHIM_H

#include <openssl/evp.h>
#include <openssl/hmac.h>

#endif
