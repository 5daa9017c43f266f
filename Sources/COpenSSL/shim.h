#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// Macros that Swift cannot see.
static inline void copenssl_free(void *pointer) { OPENSSL_free(pointer); }
static inline void copenssl_clear_free(void *pointer, size_t count) { OPENSSL_clear_free(pointer, count); }
static const unsigned int copenssl_ts_verify_signature = TS_VFY_SIGNATURE | TS_VFY_VERSION;
