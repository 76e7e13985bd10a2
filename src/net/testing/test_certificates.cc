#include "net/testing/test_certificates.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdlib>
#include <utility>

#include "net/socket/openssl_memory.h"

namespace slipway::net {
namespace {

std::string Written(const OwnedBio& bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

void AddExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) std::abort();
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

TemporaryDirectory NewFolder() {
  auto folder = TemporaryDirectory::Create("slipway-tls-");
  if (!folder.ok()) std::abort();
  return std::move(*folder);
}

}  // namespace

struct TestIdentity::Parts {
  OwnedKey key;
  OwnedCertificate certificate;
};

TestIdentity TestIdentity::Make(const Request& request, const TestIdentity* issuer) {
  auto parts = std::make_shared<Parts>();
  parts->key.reset(request.rsa_bits == 0
                       ? EVP_EC_gen("P-256")
                       : EVP_RSA_gen(static_cast<unsigned int>(request.rsa_bits)));
  parts->certificate.reset(X509_new());
  X509* const certificate = parts->certificate.get();
  X509* const signer = issuer != nullptr ? issuer->parts_->certificate.get() : certificate;
  X509_set_version(certificate, 2);
  static long serial = 1;
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), request.valid_from_seconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate), request.valid_until_seconds);
  X509_set_pubkey(certificate, parts->key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(request.name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  AddExtension(certificate, signer, NID_basic_constraints,
               request.is_authority ? "critical,CA:TRUE" : "CA:FALSE");
  AddExtension(certificate, signer, NID_subject_alt_name, request.other_names);
  EVP_PKEY* const key = issuer != nullptr ? issuer->parts_->key.get() : parts->key.get();
  if (X509_sign(certificate, key, EVP_sha256()) == 0) std::abort();
  TestIdentity made;
  made.parts_ = std::move(parts);
  return made;
}

std::string TestIdentity::CertificatePem() const {
  const OwnedBio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), parts_->certificate.get());
  return Written(bio);
}

std::string TestIdentity::KeyPem(const std::string& password) const {
  const OwnedBio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), parts_->key.get(),
                                password.empty() ? nullptr : EVP_aes_128_cbc(), password.c_str(),
                                static_cast<int>(password.size()), nullptr, nullptr);
  return Written(bio);
}

std::string TestIdentity::RevocationListPem(const TestIdentity& revoked) const {
  X509_CRL* const list = X509_CRL_new();
  X509_CRL_set_version(list, 1);
  X509_CRL_set_issuer_name(list, X509_get_subject_name(parts_->certificate.get()));
  ASN1_TIME* const time = X509_gmtime_adj(nullptr, -3600);
  X509_CRL_set1_lastUpdate(list, time);
  X509_REVOKED* const entry = X509_REVOKED_new();
  X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked.parts_->certificate.get()));
  X509_REVOKED_set_revocationDate(entry, time);
  X509_gmtime_adj(time, 86400);
  X509_CRL_set1_nextUpdate(list, time);
  ASN1_TIME_free(time);
  X509_CRL_add0_revoked(list, entry);
  X509_CRL_sign(list, parts_->key.get(), EVP_sha256());
  const OwnedBio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_CRL(bio.get(), list);
  X509_CRL_free(list);
  return Written(bio);
}

TestTlsFiles::TestTlsFiles(const TestIdentity& identity) : folder_(NewFolder()) { Write(identity); }

void TestTlsFiles::Write(const TestIdentity& identity) {
  WriteFile("server.key", identity.KeyPem());
  WriteFile("server.crt", identity.CertificatePem());
}

std::string TestTlsFiles::WriteFile(const std::string& name, const std::string& content,
                                    unsigned mode) const {
  const std::string path = Path(name);
  if (!WriteFileAtomically(path, content).ok() || chmod(path.c_str(), mode) != 0) std::abort();
  return path;
}

}  // namespace slipway::net
