#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "serve/model/model_set.h"
#include "telemetry/trace_sampler.h"

namespace slipway::serve {

/// One of Triton's trace settings. All values are texts; none as a wish: as it was before anything
/// was wished, and of a model as it is of all.
struct TraceSetting {
  std::string name;
  std::vector<std::string> values;
  bool operator==(const TraceSetting&) const = default;
};

/// Which requests are exported as spans (OTLP), by the names of Triton's trace settings, of all
/// models or of one: trace_level is OFF or TIMESTAMPS; trace_rate: one in so many of the requests
/// whose caller says nothing, 0: none of those; trace_count: so many more answers, -1: any number.
/// trace_file is "", log_frequency 0 and trace_mode opentelemetry, always. Thread-safe.
class TraceSettings {
 public:
  /// Both outlive this.
  TraceSettings(telemetry::TraceSampler& sampler, const ModelSet& models)
      : sampler_(sampler), models_(models) {}

  /// `model`: "": of all. NotFound (kModelNotFound): no such model is served.
  Result<std::vector<TraceSetting>> All(const std::string& model) const;
  /// All that is wished, or none of it. InvalidArgument (kRequestFieldInvalid): no such setting, or
  /// a value that it cannot have; Unimplemented: what is not done (tensors in traces, files);
  /// FailedPrecondition: the server exports no traces; what All() says.
  Status Change(const std::string& model, std::span<const TraceSetting> wishes);

 private:
  Status Check(const std::string& model) const;

  telemetry::TraceSampler& sampler_;
  const ModelSet& models_;
};

}  // namespace slipway::serve
