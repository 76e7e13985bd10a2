#pragma once

#include <string>
#include <vector>

struct x509_st;

namespace slipway::net {

/// What the certificate says that a client showed: "URI:spiffe://a/b", "DNS:shop.example",
/// "CN:shop", in this order, those that are printable.
using CertificateNames = std::vector<std::string>;

/// By which names a certificate may be called, in the order of CertificateNames: at most 16, each
/// of at most 256 printable characters of ASCII; others are left out, so that none of them looks
/// like another.
CertificateNames NamesIn(x509_st& certificate);

}  // namespace slipway::net
