#include "net/socket/tls_context.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <time.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/log.h"
#include "net/socket/openssl_memory.h"

namespace slipway::net {
namespace {

constexpr std::size_t kMostFileBytes = 4 * 1024 * 1024;
constexpr long kMostClientCertificateBytes = 32 * 1024;  // a client's chain, as it is sent
constexpr int kSecurityLevel = 2;                        // 112 bits: RSA from 2048, EC from 224
constexpr const char* kCiphersOf12 = "ECDHE+AESGCM:ECDHE+CHACHA20";  // AEAD with forward secrecy
constexpr std::string_view kServerProtocols = "\x02h2\x08http/1.1";  // in the order of preference

Status Unusable(std::string message, const std::string& path, std::string hint) {
  ERR_clear_error();
  return FailedPrecondition(std::move(message))
      .With(errors::kTlsCertificate)
      .At(path)
      .Hint(std::move(hint));
}

/// Forgets a key's text when it goes.
struct SecretText {
  explicit SecretText(std::string the_text) : text(std::move(the_text)) {}
  SecretText(SecretText&&) = default;
  ~SecretText() { OPENSSL_cleanse(text.data(), text.size()); }
  std::string text;
};

// Reading.

Result<std::string> ReadPem(const std::string& path) { return ReadFile(path, kMostFileBytes); }

/// Nobody but its owner may read it; the group may where root owns it, as packages set it up.
Status CheckSecret(int descriptor, const std::string& path) {
  struct stat file{};
  if (fstat(descriptor, &file) != 0)
    return ErrnoStatus(errno, fmt::format("cannot examine {}", path));
  const mode_t forbidden = file.st_uid == 0 ? 027 : 077;
  if ((file.st_mode & forbidden) == 0) return {};
  return Unusable(
      fmt::format("the key may be read by others (mode {:04o})", file.st_mode & 07777u), path,
      fmt::format("chmod 600 {} (in Kubernetes: defaultMode: 0400 of the secret's volume)", path));
}

Result<SecretText> ReadSecret(const std::string& path) {
  SLIPWAY_TRY(const FileDescriptor file, OpenRegularFile(path));
  SLIPWAY_RETURN_IF_ERROR(CheckSecret(file.get(), path));
  SLIPWAY_TRY(std::string text, ReadAll(file.get(), kMostFileBytes));
  return SecretText(std::move(text));
}

int NoPassword(char*, int, int, void*) { return -1; }

Result<OwnedKey> ReadKey(const std::string& path) {
  SLIPWAY_TRY(const SecretText secret, ReadSecret(path));
  OwnedKey key(PEM_read_bio_PrivateKey(Reader(secret.text).get(), nullptr, NoPassword, nullptr));
  if (key) return key;
  if (secret.text.find("ENCRYPTED") != std::string::npos) {
    return Unusable(
        "the key is encrypted, and nobody is there to type its password", path,
        fmt::format("decrypt it once: (umask 077; openssl pkey -in {} -out FILE)", path));
  }
  return Unusable("the file holds no private key in PEM form", path,
                  "it begins with a line like -----BEGIN PRIVATE KEY-----; certificate and key "
                  "may have been mixed up");
}

Result<std::vector<OwnedCertificate>> ReadCertificates(const std::string& path,
                                                       std::string_view text) {
  std::vector<OwnedCertificate> chain;
  const OwnedBio reader = Reader(text);
  while (X509* const next = PEM_read_bio_X509(reader.get(), nullptr, NoPassword, nullptr))
    chain.emplace_back(next);
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!chain.empty() && at_end) return chain;
  return Unusable(chain.empty() ? "the file holds no certificate in PEM form"
                                : fmt::format("certificate {} of the file is damaged or cut off",
                                              chain.size() + 1),
                  path, "a certificate begins with -----BEGIN CERTIFICATE-----");
}

// Examining.

std::int64_t Seconds(const ASN1_TIME* time) {
  tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

std::string Day(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unknown day";
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} UTC", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min);
}

Status CheckDates(X509* certificate, const std::string& path) {
  const ASN1_TIME* const from = X509_get0_notBefore(certificate);
  const ASN1_TIME* const until = X509_get0_notAfter(certificate);
  if (X509_cmp_current_time(until) <= 0) {
    return Unusable(fmt::format("the certificate expired on {}", Day(until)), path,
                    "get a new one from whoever issued it");
  }
  if (X509_cmp_current_time(from) > 0) {
    return Unusable(fmt::format("the certificate is valid from {} on only", Day(from)), path,
                    "check this machine's clock");
  }
  return {};
}

std::string TextOf(const GENERAL_NAME& name) {
  const ASN1_STRING* const text = name.type == GEN_DNS ? name.d.dNSName : name.d.iPAddress;
  const unsigned char* const bytes = ASN1_STRING_get0_data(text);
  const auto size = static_cast<std::size_t>(ASN1_STRING_length(text));
  if (name.type == GEN_DNS) return Printable({reinterpret_cast<const char*>(bytes), size});
  char address[INET6_ADDRSTRLEN] = "";
  inet_ntop(size == sizeof(in_addr) ? AF_INET : AF_INET6, bytes, address, sizeof address);
  return address;
}

std::vector<std::string> NamesOf(X509* certificate) {
  std::vector<std::string> names;
  auto* const list = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME& name = *sk_GENERAL_NAME_value(list, i);
    const bool is_address =
        name.type == GEN_IPADD && (name.d.iPAddress->length == 4 || name.d.iPAddress->length == 16);
    if (name.type == GEN_DNS || is_address) names.push_back(TextOf(name));
  }
  GENERAL_NAMES_free(list);
  return names;
}

CertificateFacts FactsOf(X509* certificate) {
  return {.names = NamesOf(certificate),
          .not_after = Seconds(X509_get0_notAfter(certificate)),
          .is_self_signed = X509_self_signed(certificate, 0) == 1};
}

// Setting up.

/// h2 first: one connection for everything. A client that names other protocols only gets an alert.
int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* length,
                   const unsigned char* offered, unsigned int offered_length, void*) {
  unsigned char* selected = nullptr;
  const int found = SSL_select_next_proto(
      &selected, length, reinterpret_cast<const unsigned char*>(kServerProtocols.data()),
      static_cast<unsigned int>(kServerProtocols.size()), offered, offered_length);
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = selected;
  return SSL_TLSEXT_ERR_OK;
}

/// What holds on both sides.
void SetUp(SSL_CTX* context, TlsVersion least) {
  SSL_CTX_set_min_proto_version(context,
                                least == TlsVersion::k13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, kCiphersOf12);
  SSL_CTX_set_security_level(context, kSecurityLevel);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Buffers live only while something is in them, and a write may take a part and be tried again.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);  // one system call for a record instead of two
  SSL_CTX_set_default_passwd_cb(context, NoPassword);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

/// Shows the certificate, and returns what it says.
Result<CertificateFacts> UsePair(SSL_CTX* context, const std::string& certificate_file,
                                 const std::string& key_file) {
  SLIPWAY_TRY(const std::string text, ReadPem(certificate_file));
  SLIPWAY_TRY(std::vector<OwnedCertificate> chain, ReadCertificates(certificate_file, text));
  SLIPWAY_TRY(const OwnedKey key, ReadKey(key_file));
  SLIPWAY_RETURN_IF_ERROR(CheckDates(chain.front().get(), certificate_file));
  if (X509_check_private_key(chain.front().get(), key.get()) != 1) {
    return Unusable(
        fmt::format("the key does not belong to the certificate in {}", certificate_file), key_file,
        "the server's own certificate must come first in its file, before those of its "
        "authority");
  }
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    std::string reason = LastOpensslError();
    return Unusable(fmt::format("the certificate cannot be used: {}", reason), certificate_file,
                    "make one with an EC key, or RSA of 2048 bits or more");
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) == 1) continue;
    std::string reason = LastOpensslError();
    return Unusable(fmt::format("certificate {} of the chain cannot be used: {}", i + 1, reason),
                    certificate_file, "leave out what does not lead to the authority");
  }
  return FactsOf(chain.front().get());
}

/// Believes in the certificates of the file, which it returns, and holds to the lists of revoked
/// ones in it.
Result<std::vector<OwnedCertificate>> Trust(SSL_CTX* context, const std::string& path) {
  SLIPWAY_TRY(const std::string text, ReadPem(path));
  SLIPWAY_TRY(std::vector<OwnedCertificate> authorities, ReadCertificates(path, text));
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  for (const OwnedCertificate& authority : authorities) X509_STORE_add_cert(store, authority.get());
  const OwnedBio reader = Reader(text);
  bool has_list = false;
  while (X509_CRL* const list = PEM_read_bio_X509_CRL(reader.get(), nullptr, NoPassword, nullptr)) {
    X509_STORE_add_crl(store, list);
    X509_CRL_free(list);
    has_list = true;
  }
  if (has_list) X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
  ERR_clear_error();
  return authorities;
}

Status AskForCertificate(SSL_CTX* context, const std::string& ca_file) {
  SLIPWAY_TRY(const std::vector<OwnedCertificate> authorities, Trust(context, ca_file));
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_max_cert_list(context, kMostClientCertificateBytes);
  for (const OwnedCertificate& authority : authorities)
    SSL_CTX_add_client_CA(context, authority.get());  // so that a client finds the right one
  return {};
}

}  // namespace

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Result<std::shared_ptr<const TlsContext>> TlsContext::ForServer(const TlsServerOptions& options) {
  const std::shared_ptr<TlsContext> made(new TlsContext(SSL_CTX_new(TLS_server_method())));
  SSL_CTX* const context = made->get();
  if (context == nullptr) return Internal("OpenSSL cannot be used: " + LastOpensslError());
  SetUp(context, options.least);
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);  // HTTP says itself where it ends
  SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, nullptr);
  constexpr std::string_view kName = "slipway";  // tickets are refused without one
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(kName.data()),
                                 static_cast<unsigned int>(kName.size()));
  SLIPWAY_TRY(made->certificate_, UsePair(context, options.certificate_file, options.key_file));
  if (!options.client_ca_file.empty())
    SLIPWAY_RETURN_IF_ERROR(AskForCertificate(context, options.client_ca_file));
  return std::shared_ptr<const TlsContext>(made);
}

Result<std::shared_ptr<const TlsContext>> TlsContext::ForClient(const TlsClientOptions& options) {
  const std::shared_ptr<TlsContext> made(new TlsContext(SSL_CTX_new(TLS_client_method())));
  SSL_CTX* const context = made->get();
  if (context == nullptr) return Internal("OpenSSL cannot be used: " + LastOpensslError());
  SetUp(context, TlsVersion::k12);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (options.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else {
    SLIPWAY_RETURN_IF_ERROR(Trust(context, options.ca_file).status());
  }
  if (!options.certificate_file.empty() || !options.key_file.empty()) {
    SLIPWAY_RETURN_IF_ERROR(UsePair(context, options.certificate_file, options.key_file).status());
  }
  return std::shared_ptr<const TlsContext>(made);
}

}  // namespace slipway::net
