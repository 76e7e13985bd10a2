#include "net/socket/tls_certificates.h"

#include <sys/stat.h>

#include <chrono>
#include <utility>

namespace slipway::net {
namespace {

constexpr std::chrono::hours kRenewal{12};

}  // namespace

Result<std::shared_ptr<TlsCertificates>> TlsCertificates::Load(const TlsServerOptions& options) {
  std::shared_ptr<TlsCertificates> certificates(new TlsCertificates(options));
  SLIPWAY_RETURN_IF_ERROR(certificates->Reload());
  return certificates;
}

std::shared_ptr<const TlsContext> TlsCertificates::current() const {
  std::lock_guard lock(mutex_);
  return current_;
}

Status TlsCertificates::Reload() {
  Stamps stamps = Look();  // before reading: what is written meanwhile is a change
  Result<std::shared_ptr<const TlsContext>> context = TlsContext::ForServer(options_);
  std::lock_guard lock(mutex_);
  tried_ = seen_ = std::move(stamps);
  renewal_due_ = std::chrono::steady_clock::now() + kRenewal;
  if (!context.ok()) return std::move(context).status();
  current_ = std::move(*context);
  return {};
}

Result<TlsCertificates::Change> TlsCertificates::ReloadIfChanged(MonotonicTime now) {
  bool is_change = false;
  {
    Stamps stamps = Look();
    std::lock_guard lock(mutex_);
    if (stamps != std::exchange(seen_, stamps)) return Change::kNone;
    is_change = stamps != tried_;
    if (!is_change && now < renewal_due_) return Change::kNone;
  }
  SLIPWAY_RETURN_IF_ERROR(Reload());
  return is_change ? Change::kReplaced : Change::kNone;
}

TlsCertificates::Stamps TlsCertificates::Look() const {
  Stamps stamps;
  for (const std::string* path :
       {&options_.certificate_file, &options_.key_file, &options_.client_ca_file}) {
    struct stat file{};
    if (path->empty() || stat(path->c_str(), &file) != 0) {
      stamps.emplace_back();
      continue;
    }
    stamps.push_back({.inode = file.st_ino,
                      .size = file.st_size,
                      .seconds = file.st_mtim.tv_sec,
                      .nanoseconds = file.st_mtim.tv_nsec});
  }
  return stamps;
}

}  // namespace slipway::net
