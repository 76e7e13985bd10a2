#include "serve/remote/http_connection.h"

#include <fmt/format.h>

#include "serve/remote/http_outcome.h"

namespace slipway::serve {

HttpConnection::HttpConnection(const RemoteServerOptions& options, int interrupt)
    : options_(options), client_(options.url, ClientOptionsOf(options, interrupt)) {}

Status HttpConnection::Prepare(const RemoteRequest& request) {
  target_ = fmt::format("{}/v2/models/{}", options_.url.path, request.model);
  if (request.version) target_ += fmt::format("/versions/{}", *request.version);
  target_ += "/infer";
  body_ = EncodeInfer(request.inputs, request.outputs);
  outputs_ = request.outputs;
  trace_ = request.trace;
  return {};
}

RemoteOutcome HttpConnection::Try(MonotonicTime deadline) {
  const Result<net::HttpAnswer> answer = client_.Send({.method = "POST",
                                                       .target = target_,
                                                       .headers = Headers(deadline),
                                                       .body = body_.json,
                                                       .more_body = body_.tensors,
                                                       .deadline = deadline});
  return JudgeHttp({.server = options_.name,
                    .outputs = outputs_,
                    .was_connected = client_.WasConnected(),
                    .may_have_begun = client_.WasConnected()},
                   answer);
}

std::vector<net::Header> HttpConnection::Headers(MonotonicTime deadline) const {
  std::vector<net::Header> headers = {
      {"Content-Type", "application/octet-stream"},
      {std::string(kJsonBytesHeader), std::to_string(body_.json.size())},
      {"Slipway-Timeout", fmt::format("{}m", MillisecondsUntil(deadline))}};
  if (!options_.key.empty()) headers.emplace_back("Authorization", "Bearer " + options_.key);
  AddTrace(trace_, headers);
  return headers;
}

}  // namespace slipway::serve
