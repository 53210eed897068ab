#include "keystream.h"

#if OPENSSL_VERSION_NUMBER < 0x30000000L

int box_keystream_install(void) { return 0; }

#else

#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <stdint.h>
#include <string.h>

enum { AHEAD = 4096, BLOCK = 16 };

static const unsigned char zeros[AHEAD];

/// The context of a cipher. OpenSSL's context is `AHEAD - used` bytes ahead of this one's user.
struct counter {
  EVP_CIPHER_CTX *inner;
  size_t used;
  unsigned char stream[AHEAD];
};

static void counter_free(void *context) {
  struct counter *counter = context;
  if (!counter) return;
  EVP_CIPHER_CTX_free(counter->inner);
  OPENSSL_clear_free(counter, sizeof *counter);
}

static void *counter_new(const EVP_CIPHER *original) {
  struct counter *counter = OPENSSL_zalloc(sizeof *counter);
  if (!counter) return NULL;
  counter->used = AHEAD;
  counter->inner = EVP_CIPHER_CTX_new();
  if (counter->inner && EVP_EncryptInit_ex2(counter->inner, original, NULL, NULL, NULL)) return counter;
  counter_free(counter);
  return NULL;
}

/// Initialises both directions, which are the same in counter mode. The lengths are the algorithm's
/// (EVP_CipherInit_ex2(3)).
static int counter_init(
    void *context, const unsigned char *key, size_t key_length, const unsigned char *iv, size_t iv_length, const OSSL_PARAM *parameters) {
  struct counter *counter = context;
  (void)key_length, (void)iv_length;
  if (key || iv) {
    counter->used = AHEAD;
    OPENSSL_cleanse(counter->stream, AHEAD);
  }
  return EVP_EncryptInit_ex2(counter->inner, NULL, key, iv, parameters);
}

static void exclusive_or(unsigned char *out, const unsigned char *in, const unsigned char *stream, size_t length) {
  if (length == BLOCK) {
    // A packet's blocks may be unaligned. memcpy of a fixed size compiles to one instruction.
    uint64_t a[2], b[2];
    memcpy(a, in, BLOCK);
    memcpy(b, stream, BLOCK);
    a[0] ^= b[0];
    a[1] ^= b[1];
    memcpy(out, a, BLOCK);
    return;
  }
  for (size_t index = 0; index < length; index++) out[index] = in[index] ^ stream[index];
}

/// Consumes up to `length` bytes of the rest of the key stream, and returns how many.
static size_t take(struct counter *counter, unsigned char *out, const unsigned char *in, size_t length) {
  size_t left = AHEAD - counter->used;
  if (length > left) length = left;
  exclusive_or(out, in, counter->stream + counter->used, length);
  counter->used += length;
  return length;
}

/// EVP_CipherUpdate(3): consumes the rest of the key stream, then calls OpenSSL.
static int counter_update(
    void *context, unsigned char *out, size_t *out_length, size_t out_size, const unsigned char *in, size_t length) {
  struct counter *counter = context;
  int done = 0;
  if (out_size < length) return 0;
  *out_length = length;
  size_t taken = take(counter, out, in, length);
  // EVP_CipherUpdate received the length as an int.
  return taken == length || EVP_EncryptUpdate(counter->inner, out + taken, &done, in + taken, (int)(length - taken));
}

/// EVP_Cipher(3): a caller that passes single blocks is going to pass more.
static int counter_cipher(
    void *context, unsigned char *out, size_t *out_length, size_t out_size, const unsigned char *in, size_t length) {
  struct counter *counter = context;
  int done = 0;
  if (length != BLOCK) return counter_update(context, out, out_length, out_size, in, length);
  if (out_size < length) return 0;
  size_t taken = take(counter, out, in, length);
  if (taken < length) {
    if (!EVP_EncryptUpdate(counter->inner, counter->stream, &done, zeros, AHEAD)) return 0;
    counter->used = 0;
    take(counter, out + taken, in + taken, length - taken);
  }
  *out_length = length;
  return 1;
}

static int counter_final(void *context, unsigned char *out, size_t *out_length, size_t out_size) {
  (void)context, (void)out, (void)out_size;
  *out_length = 0;
  return 1;
}

static int counter_get(void *context, OSSL_PARAM *parameters) {
  return EVP_CIPHER_CTX_get_params(((struct counter *)context)->inner, parameters);
}

static int counter_set(void *context, const OSSL_PARAM *parameters) {
  return EVP_CIPHER_CTX_set_params(((struct counter *)context)->inner, parameters);
}

typedef void (*function)(void);

/// OpenSSL's ciphers. They are kept, because a provider that fetched them while its own ciphers are looked up would be
/// skipped.
#define ALGORITHM(bits)                                                        \
  static EVP_CIPHER *original_##bits;                                          \
  static void *new_##bits(void *provider) {                                    \
    (void)provider;                                                            \
    return counter_new(original_##bits);                                       \
  }                                                                            \
  static int parameters_##bits(OSSL_PARAM *parameters) {                       \
    return EVP_CIPHER_get_params(original_##bits, parameters);                 \
  }                                                                            \
  static const OSSL_DISPATCH functions_##bits[] = {                            \
      {OSSL_FUNC_CIPHER_NEWCTX, (function)new_##bits},                         \
      {OSSL_FUNC_CIPHER_FREECTX, (function)counter_free},                      \
      {OSSL_FUNC_CIPHER_ENCRYPT_INIT, (function)counter_init},                 \
      {OSSL_FUNC_CIPHER_DECRYPT_INIT, (function)counter_init},                 \
      {OSSL_FUNC_CIPHER_UPDATE, (function)counter_update},                     \
      {OSSL_FUNC_CIPHER_FINAL, (function)counter_final},                       \
      {OSSL_FUNC_CIPHER_CIPHER, (function)counter_cipher},                     \
      {OSSL_FUNC_CIPHER_GET_PARAMS, (function)parameters_##bits},              \
      {OSSL_FUNC_CIPHER_GET_CTX_PARAMS, (function)counter_get},                \
      {OSSL_FUNC_CIPHER_SET_CTX_PARAMS, (function)counter_set},                \
      {0, NULL},                                                               \
  };

ALGORITHM(128)
ALGORITHM(192)
ALGORITHM(256)

static const OSSL_ALGORITHM ciphers[] = {
    {"AES-128-CTR", "provider=box", functions_128, NULL},
    {"AES-192-CTR", "provider=box", functions_192, NULL},
    {"AES-256-CTR", "provider=box", functions_256, NULL},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM *query(void *provider, int operation, int *is_volatile) {
  (void)provider;
  *is_volatile = 0;
  return operation == OSSL_OP_CIPHER ? ciphers : NULL;
}

static const OSSL_DISPATCH provider_functions[] = {{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (function)query}, {0, NULL}};

static int start(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core, const OSSL_DISPATCH **functions, void **provider) {
  (void)core;
  *functions = provider_functions;
  *provider = (void *)handle;
  return 1;
}

/// The provider, which stays loaded until the process ends.
static OSSL_PROVIDER *loaded;

int box_keystream_install(void) {
  if (EVP_default_properties_is_fips_enabled(NULL)) return 0;
  original_128 = EVP_CIPHER_fetch(NULL, "AES-128-CTR", "provider=default");
  original_192 = EVP_CIPHER_fetch(NULL, "AES-192-CTR", "provider=default");
  original_256 = EVP_CIPHER_fetch(NULL, "AES-256-CTR", "provider=default");
  if (!original_128 || !original_192 || !original_256 || !OSSL_PROVIDER_add_builtin(NULL, "box", start)) return 0;
  loaded = OSSL_PROVIDER_try_load(NULL, "box", 1);
  return loaded && EVP_set_default_properties(NULL, "?provider=box");
}

#endif
