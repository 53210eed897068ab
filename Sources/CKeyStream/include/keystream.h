#ifndef BOX_CKEYSTREAM_H
#define BOX_CKEYSTREAM_H

#include <openssl/evp.h>
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
#include <openssl/provider.h>
#endif

/// Lets every AES-CTR of this process that is fed block by block have its key stream made in advance, by 4 KiB at a time.
///
/// libssh2 before 1.11 calls EVP_Cipher(3) for each 16 bytes of a connection, and OpenSSL takes longer to get to its AES than for that block.
/// This adds a provider (provider(7)) whose AES-CTR XORs with what OpenSSL's has made already; longer pieces, and EVP_CipherUpdate(3),
/// which OpenSSL's random generator uses, go straight to OpenSSL's. Call it once, before other threads use OpenSSL.
///
/// Returns 0 when OpenSSL is older than 3.0, is configured for FIPS or refuses; everything works as before then.
int box_keystream_install(void);

#endif
