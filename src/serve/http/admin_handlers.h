#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/http/http_types.h"
#include "serve/control/configuration.h"
#include "serve/control/model_control.h"

namespace slipway::serve {

/// The admin routes: decode, use case, encode. Thread-safe; `control` outlives this and every
/// answer.
class AdminHandlers {
 public:
  AdminHandlers(ModelControl& control, const Configuration& configuration);

  /// Runs once, on any thread.
  using Answer = std::function<void(Result<net::Response>)>;

  void Index(std::string_view body, Answer answer) const;
  void Load(const std::string& model, std::string_view body, Answer answer) const;
  void Unload(const std::string& model, std::string_view body, Answer answer) const;
  net::Response Config() const;
  /// What the process has told of itself lately (RecentLogAfter()).
  Result<net::Response> ServerLog(std::string_view query) const;

 private:
  ModelControl& control_;
  std::string configuration_;
};

}  // namespace slipway::serve
