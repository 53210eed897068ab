#ifndef BOX_CKEYSTREAM_H
#define BOX_CKEYSTREAM_H

#include <openssl/evp.h>
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
#include <openssl/provider.h>
#endif

/// Makes all AES-CTR of this process that is processed block by block use a key stream computed in advance, 4 KiB at a
/// time.
///
/// libssh2 before 1.11 calls EVP_Cipher(3) for each 16 bytes of a connection. OpenSSL takes longer to reach its AES
/// code than for that block.
///
/// This adds a provider (provider(7)) whose AES-CTR XORs with a key stream that OpenSSL has already computed. Longer
/// pieces go directly to OpenSSL. So does EVP_CipherUpdate(3), which OpenSSL's random generator uses. Call it once,
/// before other threads use OpenSSL.
///
/// Returns 0 when OpenSSL is older than 3.0, is configured for FIPS or refuses. Then everything works as before.
int box_keystream_install(void);

#endif
