#include "net/socket/certificate_names.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace slipway::net {
namespace {

constexpr std::size_t kMostNames = 16;
constexpr std::size_t kMostBytes = 256;

void Add(std::string_view kind, const ASN1_STRING* text, CertificateNames& names) {
  const std::string_view name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                              static_cast<std::size_t>(ASN1_STRING_length(text)));
  const bool is_printable =
      std::ranges::all_of(name, [](char c) { return c >= ' ' && c < '\x7f'; });
  if (name.empty() || name.size() > kMostBytes || !is_printable || names.size() >= kMostNames)
    return;
  names.push_back(std::string(kind) + ":" + std::string(name));
}

void AddAlternatives(const GENERAL_NAMES& list, int type, CertificateNames& names) {
  for (int i = 0; i < sk_GENERAL_NAME_num(&list); ++i) {
    const GENERAL_NAME& name = *sk_GENERAL_NAME_value(&list, i);
    if (name.type == type) Add(type == GEN_URI ? "URI" : "DNS", name.d.ia5, names);
  }
}

}  // namespace

CertificateNames NamesIn(X509& certificate) {
  CertificateNames names;
  auto* const list = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
  if (list != nullptr) {
    AddAlternatives(*list, GEN_URI, names);
    AddAlternatives(*list, GEN_DNS, names);
    GENERAL_NAMES_free(list);
  }
  const X509_NAME* const subject = X509_get_subject_name(&certificate);
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;)
    Add("CN", X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), names);
  return names;
}

}  // namespace slipway::net
