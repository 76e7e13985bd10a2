#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

// What OpenSSL hands out, owned. For the .cc files of TLS only.
namespace slipway::net {

template <auto kFree>
struct OpensslDelete {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using OwnedBio = std::unique_ptr<BIO, OpensslDelete<BIO_free>>;
using OwnedKey = std::unique_ptr<EVP_PKEY, OpensslDelete<EVP_PKEY_free>>;
using OwnedCertificate = std::unique_ptr<X509, OpensslDelete<X509_free>>;

/// Reads `text`, which lives longer.
inline OwnedBio Reader(std::string_view text) {
  return OwnedBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Why the last call of this thread failed, in OpenSSL's words: for the operator, not for clients.
/// Forgets it.
inline std::string LastOpensslError() {
  const char* const reason = ERR_reason_error_string(ERR_peek_error());
  std::string text = reason == nullptr ? "no reason given" : reason;
  ERR_clear_error();
  return text;
}

}  // namespace slipway::net
