#include "net/testing/test_tls_client.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "net/socket/openssl_memory.h"
#include "net/testing/raw_client.h"

namespace slipway::net {

struct TestTlsClient::Parts {
  explicit Parts(std::uint16_t port) : raw(port) {}
  ~Parts() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  RawClient raw;
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = nullptr;
};

TestTlsClient::TestTlsClient(std::uint16_t port, const Options& options)
    : parts_(std::make_unique<Parts>(port)) {
  SSL_CTX* const context = parts_->context;
  if (options.only_tls12) SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  if (!options.ciphers_of_12.empty())
    SSL_CTX_set_cipher_list(context, options.ciphers_of_12.c_str());
  if (options.identity != nullptr) {
    const std::string certificate = options.identity->CertificatePem();
    const std::string key = options.identity->KeyPem();
    SSL_CTX_use_certificate(context, OwnedCertificate(PEM_read_bio_X509(Reader(certificate).get(),
                                                                        nullptr, nullptr, nullptr))
                                         .get());
    SSL_CTX_use_PrivateKey(
        context,
        OwnedKey(PEM_read_bio_PrivateKey(Reader(key).get(), nullptr, nullptr, nullptr)).get());
  }
  std::string offered;
  for (const std::string& protocol : options.protocols)
    offered += static_cast<char>(protocol.size()) + protocol;
  parts_->ssl = SSL_new(context);
  SSL_set_alpn_protos(parts_->ssl, reinterpret_cast<const unsigned char*>(offered.data()),
                      static_cast<unsigned int>(offered.size()));
  SSL_set_fd(parts_->ssl, parts_->raw.socket());
  ERR_clear_error();
  if (SSL_connect(parts_->ssl) != 1) error_ = LastOpensslError();
}

TestTlsClient::~TestTlsClient() = default;

bool TestTlsClient::IsEstablished() const { return error_.empty(); }

std::string TestTlsClient::Protocol() const {
  const unsigned char* name = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(parts_->ssl, &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

std::string TestTlsClient::Version() const { return SSL_get_version(parts_->ssl); }

std::string TestTlsClient::Ask(std::string_view request) {
  char answer[65536];
  if (!IsEstablished()) return "";
  ERR_clear_error();
  SSL_write(parts_->ssl, request.data(), static_cast<int>(request.size()));
  const int count = SSL_read(parts_->ssl, answer, sizeof answer);
  if (count > 0) return {answer, static_cast<std::size_t>(count)};
  error_ = LastOpensslError();
  return "";
}

int TestTlsClient::socket() const { return parts_->raw.socket(); }

}  // namespace slipway::net
