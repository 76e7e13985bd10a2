#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "access/caller.h"
#include "access/usage.h"
#include "base/clock.h"
#include "base/line_file.h"
#include "base/status.h"
#include "telemetry/counter.h"

namespace slipway::access {

/// An administrative act, or a try that was refused.
struct AuditEvent {
  const Caller* caller = nullptr;  ///< absent: nobody that is known, or the server itself
  std::string_view from;           ///< "127.0.0.1:41234"; empty: the server itself
  std::string_view protocol;       ///< "http", "grpc", "server"
  std::string_view act;     ///< "load", "RepositoryModelLoad", "keys_reload": never a client's text
  std::string_view target;  ///< what it was done to; a client's text
  std::string_view result;  ///< "ok", "failed", "refused"
  int code = 0;             ///< as in the answer: HTTP's, or gRPC's
};

/// The administrative acts of a server, one line of JSON each, appended to a file that its owner
/// alone reads: who, from where, what, when, with what result. A client's text is cut and escaped.
///
/// A line is handed to the kernel before the act is answered, and not waited for on the disk. What
/// cannot be written is counted and warned of once, and serving goes on. A file that was renamed or
/// removed is followed by a new one of its name. Tries that are refused are written ten times a
/// second at most, and the next line says how many were left out ("left_out"): nobody fills a disk
/// without a key. Thread-safe; meant for acts, not for requests.
class AuditLog {
 public:
  /// Also what opening a file may say. `clock` outlives this.
  static Result<std::unique_ptr<AuditLog>> Open(const std::string& path, const Clock& clock);

  void Record(const AuditEvent& event);
  /// Lines that could not be written.
  std::uint64_t lost() const { return lost_.Value(); }

 private:
  AuditLog(LineFile file, const Clock& clock) : clock_(clock), file_(std::move(file)) {}

  const Clock& clock_;
  Usage refused_;
  telemetry::Counter lost_;
  std::mutex mutex_;  ///< guards what follows
  LineFile file_;
  std::uint64_t left_out_ = 0;
  bool is_failing_ = false;  ///< and that was said
};

}  // namespace slipway::access
