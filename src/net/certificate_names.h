#pragma once

#include "net/http_types.h"

struct x509_st;

namespace slipway::net {

/// By which names a certificate may be called, in the order of CertificateNames: at most 16, each
/// of at most 256 printable characters of ASCII; others are left out, so that none of them looks
/// like another.
CertificateNames NamesIn(x509_st& certificate);

}  // namespace slipway::net
