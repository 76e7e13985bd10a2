#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/line_file.h"
#include "base/status.h"
#include "monitor/request_sink.h"
#include "telemetry/counter.h"

namespace slipway::monitor {

struct AccessLogOptions {
  std::string path;  ///< "-": standard output; empty: no log
  /// A file that has so many is renamed to PATH.1, in the place of the one before; 0: of any size.
  std::uint64_t max_bytes = std::uint64_t{1} << 30;
};

/// A line of JSON (access_line.h) for every answered request, appended to a LineFile. What cannot
/// be written is counted and warned of once; requests never notice.
class AccessLog final : public RequestSink {
 public:
  /// What LineFile::Open() says.
  static Result<std::unique_ptr<AccessLog>> Open(const AccessLogOptions& options);

  void Take(const KeptRequest& request) override;
  void Flush() override;

  std::uint64_t written() const { return written_.Value(); }  ///< lines; on any thread
  std::uint64_t lost() const { return lost_.Value(); }        ///< alike

 private:
  explicit AccessLog(LineFile file) : file_(std::move(file)) {}

  LineFile file_;
  std::string lines_;
  std::size_t count_ = 0;    ///< in lines_
  bool is_failing_ = false;  ///< and that was said
  telemetry::Counter written_;
  telemetry::Counter lost_;
};

}  // namespace slipway::monitor
