#include "monitor/access_line.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <iterator>

#include "base/text.h"
#include "base/timestamp.h"

namespace slipway::monitor {
namespace {

/// Printable ASCII and UTF-8 as it is; what JSON or a terminal would take for something else as
/// \uXXXX, a byte that is not UTF-8 as U+FFFD.
void AppendText(std::string_view text, std::string& json) {
  if (text.empty()) return;
  json += '"';
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t length = Utf8SequenceLength(text);
    if (length == 0) {
      json += "\\ufffd";
    } else if (first == '"' || first == '\\') {
      json += '\\';
      json += text.front();
    } else if (first < 0x20 || first == 0x7f) {
      fmt::format_to(std::back_inserter(json), "\\u{:04x}", first);
    } else {
      json += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  json += '"';
}

void AppendNumber(std::uint64_t number, std::string& json) {
  json += fmt::format_int(number).c_str();
}

void AppendSeconds(std::chrono::nanoseconds time, std::string& json) {
  const std::int64_t micros = std::max<std::int64_t>(time.count(), 0) / 1000;
  fmt::format_to(std::back_inserter(json), "{}.{:06}", micros / 1'000'000, micros % 1'000'000);
}

/// Of a request that had a run.
void AppendStage(const KeptRequest& request, std::chrono::nanoseconds time, std::string& json) {
  if (request.batch_rows > 0) AppendSeconds(time, json);
}

constexpr std::array kFields = {
    AccessField{"time", "when the request's head had come, in UTC (RFC 3339)",
                [](const KeptRequest& request, std::string& json) {
                  json += '"';
                  json += Rfc3339(request.began());
                  json += '"';
                }},
    AccessField{"request_id", "the client's: its header X-Request-Id, else the id in its message",
                [](const KeptRequest& request, std::string& json) {
                  AppendText(request.request_id.view(), json);
                }},
    AccessField{"from", "the client's address and port",
                [](const KeptRequest& request, std::string& json) {
                  AppendText(request.peer.view(), json);
                }},
    AccessField{
        "caller",
        "how the caller is known: \"key\", \"admin key\", \"certificate\", \"login\", "
        "\"anonymous\"",
        [](const KeptRequest& request, std::string& json) { AppendText(request.caller, json); }},
    AccessField{"caller_id", "the id of its grant (slipway grants); never a key",
                [](const KeptRequest& request, std::string& json) {
                  AppendText(request.caller_id.view(), json);
                }},
    AccessField{
        "protocol", "as metrics have it: \"v2\", \"tfserving\", \"grpc\", ...",
        [](const KeptRequest& request, std::string& json) { AppendText(request.protocol, json); }},
    AccessField{
        "route", "as metrics have it: \"infer\", \"ModelInfer\", ...",
        [](const KeptRequest& request, std::string& json) { AppendText(request.route, json); }},
    AccessField{
        "method", "of HTTP; \"OTHER\" for one that no route has",
        [](const KeptRequest& request, std::string& json) { AppendText(request.method, json); }},
    AccessField{"path", "as sent, without its query, cut at 256 bytes",
                [](const KeptRequest& request, std::string& json) {
                  AppendText(request.path.view(), json);
                }},
    AccessField{"model", "the model's name",
                [](const KeptRequest& request, std::string& json) {
                  AppendText(request.model.view(), json);
                }},
    AccessField{"version", "the version that answered",
                [](const KeptRequest& request, std::string& json) {
                  if (request.version > 0)
                    AppendNumber(static_cast<std::uint64_t>(request.version), json);
                }},
    AccessField{"code", "HTTP's status, or gRPC's number",
                [](const KeptRequest& request, std::string& json) {
                  AppendNumber(static_cast<std::uint64_t>(std::max(request.code, 0)), json);
                }},
    AccessField{"bytes_in", "of the body, decompressed",
                [](const KeptRequest& request, std::string& json) {
                  AppendNumber(request.bytes_in, json);
                }},
    AccessField{"bytes_out", "of the answer's body, before compression",
                [](const KeptRequest& request, std::string& json) {
                  AppendNumber(request.bytes_out, json);
                }},
    AccessField{"batch_rows", "rows of all requests that shared its run",
                [](const KeptRequest& request, std::string& json) {
                  if (request.batch_rows > 0)
                    AppendNumber(static_cast<std::uint64_t>(request.batch_rows), json);
                }},
    AccessField{"cached", "true: answered from the response cache",
                [](const KeptRequest& request, std::string& json) {
                  if (request.is_cached) json += "true";
                }},
    AccessField{"queue_seconds", "from the decoded request to the start of its run",
                [](const KeptRequest& request, std::string& json) {
                  AppendStage(request, request.queue, json);
                }},
    AccessField{"batch_seconds", "checking it, joining it with others, memory for its outputs",
                [](const KeptRequest& request, std::string& json) {
                  AppendStage(request, request.batch, json);
                }},
    AccessField{"compute_seconds", "in the engine",
                [](const KeptRequest& request, std::string& json) {
                  AppendStage(request, request.compute, json);
                }},
    AccessField{"encode_seconds", "from the run's end to the answer",
                [](const KeptRequest& request, std::string& json) {
                  AppendStage(request, request.encode, json);
                }},
    AccessField{
        "total_seconds", "from the request's head to its answer, reading its body included",
        [](const KeptRequest& request, std::string& json) { AppendSeconds(request.total, json); }},
    AccessField{"trace_id", "of its trace (W3C Trace Context)",
                [](const KeptRequest& request, std::string& json) {
                  if (request.span) AppendText(telemetry::ToHex(request.span->trace_id), json);
                }},
    AccessField{"span_id", "of the request in that trace, where it is exported",
                [](const KeptRequest& request, std::string& json) {
                  if (request.span && request.span->is_sampled)
                    AppendText(telemetry::ToHex(request.span->span_id), json);
                }},
};

}  // namespace

std::span<const AccessField> AccessFields() { return kFields; }

void AppendAccessLine(const KeptRequest& request, std::string& text) {
  text += '{';
  bool is_first = true;
  for (const AccessField& field : kFields) {
    const std::size_t before = text.size();
    if (!is_first) text += ',';
    text += '"';
    text += field.name;
    text += "\":";
    const std::size_t value = text.size();
    field.append(request, text);
    if (text.size() == value) {
      text.resize(before);
    } else {
      is_first = false;
    }
  }
  text += "}\n";
}

}  // namespace slipway::monitor
