#include "repository/batching_parameters.h"

#include <fmt/format.h>
#include <tensorflow/batching_parameters.pb.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

#include "base/error_catalogue.h"
#include "repository/proto_text.h"

namespace slipway::repository {
namespace {

using Proto = tensorflow::serving::BatchingParameters;

constexpr std::size_t kMaxTextBytes = std::size_t{64} << 10;
constexpr std::int64_t kDefaultBatchSize = 1000;

struct IgnoredField {
  std::string_view name;
  std::string_view reason;
  bool (*is_said)(const Proto& parameters);
};
constexpr IgnoredField kIgnored[] = {
    {"num_batch_threads", "one thread budget shares the cores among all models",
     [](const Proto& parameters) { return parameters.has_num_batch_threads(); }},
    {"thread_pool_name", "one thread budget shares the cores among all models",
     [](const Proto& parameters) { return parameters.has_thread_pool_name(); }},
    {"allowed_batch_sizes", "the engine takes any number of rows, so none are made up",
     [](const Proto& parameters) { return !parameters.allowed_batch_sizes().empty(); }},
    {"pad_variable_length_inputs",
     "requests of different shapes have a run each: padding would change their answers",
     [](const Proto& parameters) { return parameters.pad_variable_length_inputs(); }},
    {"enable_large_batch_splitting", "a request runs whole",
     [](const Proto& parameters) { return parameters.enable_large_batch_splitting().value(); }},
    {"max_execution_batch_size", "a request runs whole",
     [](const Proto& parameters) { return parameters.has_max_execution_batch_size(); }},
};

Status Invalid(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kInvalidPackage);
}

struct NumberRule {
  std::string_view name;
  std::int64_t least;
  bool (*has)(const Proto& parameters);
  std::int64_t (*value)(const Proto& parameters);
};
constexpr NumberRule kNumbers[] = {
    {"max_batch_size", 1, [](const Proto& p) { return p.has_max_batch_size(); },
     [](const Proto& p) { return p.max_batch_size().value(); }},
    {"batch_timeout_micros", 0, [](const Proto& p) { return p.has_batch_timeout_micros(); },
     [](const Proto& p) { return p.batch_timeout_micros().value(); }},
    {"max_enqueued_batches", 1, [](const Proto& p) { return p.has_max_enqueued_batches(); },
     [](const Proto& p) { return p.max_enqueued_batches().value(); }},
    {"num_batch_threads", 1, [](const Proto& p) { return p.has_num_batch_threads(); },
     [](const Proto& p) { return p.num_batch_threads().value(); }},
};

std::int64_t BatchSize(const Proto& parameters) {
  return parameters.has_max_batch_size() ? parameters.max_batch_size().value() : kDefaultBatchSize;
}

Status CheckNumbers(const Proto& parameters) {
  for (const NumberRule& rule : kNumbers) {
    if (!rule.has(parameters) || rule.value(parameters) >= rule.least) continue;
    return Invalid(
        fmt::format("{} is {}, less than {}", rule.name, rule.value(parameters), rule.least));
  }
  const auto& sizes = parameters.allowed_batch_sizes();
  if (sizes.empty()) return {};
  if (std::ranges::adjacent_find(sizes, std::greater_equal<>()) != sizes.end() || sizes[0] < 1)
    return Invalid("allowed_batch_sizes are not above zero and ascending");
  if (*sizes.rbegin() == BatchSize(parameters)) return {};
  return Invalid(fmt::format("the last of allowed_batch_sizes is {}, max_batch_size is {}",
                             *sizes.rbegin(), BatchSize(parameters)));
}

// In requests, of which each has a row at least; 0: the server's own bound.
std::int64_t QueueSize(const Proto& parameters) {
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  if (!parameters.has_max_enqueued_batches()) return 0;
  const std::int64_t batches = parameters.max_enqueued_batches().value();
  return batches > kMost / BatchSize(parameters) ? kMost : batches * BatchSize(parameters);
}

}  // namespace

Result<BatchingParameters> ParseBatchingParameters(std::string_view text) {
  if (text.size() > kMaxTextBytes) return Invalid("batching parameters of more than 64 KiB");
  Proto parameters;
  std::vector<std::string> unknown;
  SLIPWAY_RETURN_IF_ERROR(ParseProtoText(text, parameters, unknown));
  if (!unknown.empty()) return Invalid(unknown.front());
  SLIPWAY_RETURN_IF_ERROR(CheckNumbers(parameters));
  BatchingParameters read{
      .config_json = fmt::format(
          R"({{"max_batch_size": {}, "dynamic_batching": {{"max_queue_delay_microseconds": {}, )"
          R"("default_queue_policy": {{"max_queue_size": {}}}}}}})",
          BatchSize(parameters), parameters.batch_timeout_micros().value(), QueueSize(parameters)),
      .ignored = {}};
  for (const IgnoredField& field : kIgnored) {
    if (field.is_said(parameters))
      read.ignored.push_back(fmt::format("{}: {}", field.name, field.reason));
  }
  return read;
}

}  // namespace slipway::repository
