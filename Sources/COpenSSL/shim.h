// OpenSSL 3 as Swift sees it; macros become static inline functions here. No logic.
#pragma once
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// OpenSSL's macros, as functions.
static inline int insula_public_key_from_data(EVP_PKEY_CTX *ctx, EVP_PKEY **key, OSSL_PARAM *params) {
    return EVP_PKEY_fromdata(ctx, key, EVP_PKEY_PUBLIC_KEY, params);
}
static inline int insula_ssl_ctx_min_tls12(SSL_CTX *ctx) { return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION); }
static inline long insula_ssl_ctx_server_modes(SSL_CTX *ctx) {
    return SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}
static inline uint64_t insula_ssl_ctx_options(SSL_CTX *ctx) {
    return SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
}
static inline long insula_ssl_set_server_name(SSL *ssl, const char *name) { return SSL_set_tlsext_host_name(ssl, name); }

// The certificates that a peer has shown, and the names in one; stacks are macros.
static inline int insula_chain_count(SSL *ssl) {
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    return chain ? sk_X509_num(chain) : 0;
}
static inline X509 *insula_chain_certificate(SSL *ssl, int at) { return sk_X509_value(SSL_get_peer_cert_chain(ssl), at); }
static inline void *insula_certificate_names(X509 *certificate) {
    return X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}
static inline int insula_names_count(void *names) { return sk_GENERAL_NAME_num((GENERAL_NAMES *)names); }
static inline const ASN1_STRING *insula_names_value(void *names, int at, int *type) {
    return (const ASN1_STRING *)GENERAL_NAME_get0_value(sk_GENERAL_NAME_value((GENERAL_NAMES *)names, at), type);
}
static inline void insula_names_free(void *names) { GENERAL_NAMES_free((GENERAL_NAMES *)names); }
