#include "serve/http/explanation.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::serve {
namespace {

std::int64_t Microseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

double Milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

Result<bool> AsksForExplanation(std::string_view query) {
  constexpr std::string_view kKey = "explain=";
  if (query.empty()) return false;
  bool is_asked = false;
  for (const std::string_view pair : Split(query, '&')) {
    if (!pair.starts_with(kKey)) continue;
    const std::string_view value = pair.substr(kKey.size());
    if (value != "0" && value != "1") {
      return InvalidArgument(
                 fmt::format("explain is 0 or 1 in the query, got \"{}\"", Printable(value, 64)))
          .With(errors::kRequestFieldInvalid);
    }
    is_asked = value == "1";
  }
  return is_asked;
}

void AppendExplanation(const InferResponse& response, std::string& json) {
  fmt::format_to(
      std::back_inserter(json),
      R"("parameters":{{"queue_us":{},"compute_us":{},"priority":{},"batch_rows":{},"batch_end":"{}","cached":{}}},)",
      Microseconds(response.times.queue), Microseconds(response.times.compute),
      response.run.priority, response.run.rows, BatchEndName(response.run.batch_end),
      response.run.is_cached);
}

std::string ServerTiming(const InferResponse& response) {
  return fmt::format("queue;dur={:.3f}, batch;desc=\"{} of {}\", compute;dur={:.3f}",
                     Milliseconds(response.times.queue), BatchEndName(response.run.batch_end),
                     response.run.rows, Milliseconds(response.times.compute));
}

}  // namespace slipway::serve
