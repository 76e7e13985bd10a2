#include "cli/remote_model.h"

#include <fmt/format.h>

#include <utility>

#include "base/error_catalogue.h"
#include "base/text.h"
#include "cli/context.h"
#include "cli/oip_codec.h"

namespace slipway::cli {

namespace {

constexpr std::string_view kModels = "/v2/models/";
constexpr const char* kJsonBytes = "Inference-Header-Content-Length";

/// True for /v2/models/NAME and /v2/models/NAME/versions/N.
bool NamesAModel(std::string_view path) {
  if (!path.starts_with(kModels)) return false;
  const std::vector<std::string_view> parts = Split(path.substr(kModels.size()), '/');
  if (parts[0].empty()) return false;
  return parts.size() == 1 || (parts.size() == 3 && parts[1] == "versions" && !parts[2].empty());
}

std::vector<net::Header> KeyHeader(const std::string& key) {
  if (key.empty()) return {};
  return {{"Authorization", "Bearer " + key}};
}

net::ClientRequest InferRequest(std::string_view target, const InferBody& body,
                                const std::string& key) {
  std::vector<net::Header> headers = KeyHeader(key);
  headers.emplace_back("Content-Type", "application/octet-stream");
  headers.emplace_back(kJsonBytes, std::to_string(body.json_bytes));
  return {.method = "POST", .target = target, .headers = std::move(headers), .body = body.bytes};
}

}  // namespace

RemoteModel::RemoteModel(std::string url, net::HttpUrl server, const net::TlsClientOptions& tls)
    : url_(std::move(url)), path_(server.path), client_(std::move(server), {.tls = tls}) {}

Result<net::HttpAnswer> RemoteModel::AskForMetadata(const Context& context) {
  SLIPWAY_TRY(net::HttpAnswer answer, client_.Send({.target = path_}));
  if (answer.status != 401) return answer;
  SLIPWAY_TRY(key_, context.KeyFor(server().host));
  if (key_.empty()) return answer;
  return client_.Send({.target = path_, .headers = KeyHeader(key_)});
}

Result<RemoteModel> RemoteModel::Open(const std::string& url, const Context& context) {
  SLIPWAY_TRY(net::HttpUrl server, net::ParseHttpUrl(url));
  while (server.path.ends_with('/')) server.path.pop_back();
  if (!NamesAModel(server.path)) {
    return InvalidArgument(fmt::format("{} names no model", url))
        .With(errors::kUsage)
        .Hint(fmt::format("write {}/v2/models/NAME; the names: slipway ps --host {}",
                          server.Origin(), server.Origin()));
  }
  RemoteModel model(url, std::move(server), context.tls());
  SLIPWAY_TRY(const net::HttpAnswer answer, model.AskForMetadata(context));
  if (Status status = StatusOfAnswer(answer); !status.ok()) return std::move(status).At(url);
  Result<Signature> signature = ParseModelMetadata(answer.body);
  if (!signature.ok()) return std::move(signature).status().At(url);
  model.signature_ = std::move(*signature);
  return model;
}

Result<TensorBuffer> RemoteModel::Run(std::span<const TensorView> inputs, std::size_t output) {
  const TensorSpec& wanted = signature_.outputs[output];
  const InferBody body = EncodeInfer(signature_, inputs, wanted.name);
  const std::string target = path_ + "/infer";
  SLIPWAY_TRY(const net::HttpAnswer answer, client_.Send(InferRequest(target, body, key_)));
  if (Status status = StatusOfAnswer(answer); !status.ok()) return std::move(status).At(url_);
  const std::string* json_bytes = answer.Find(kJsonBytes);
  const std::size_t json_end = json_bytes == nullptr
                                   ? answer.body.size()
                                   : ParseUint64(*json_bytes).value_or(answer.body.size());
  Result<TensorBuffer> tensor = DecodeInferOutput(answer.body, json_end, wanted);
  if (!tensor.ok()) return std::move(tensor).status().At(url_);
  return tensor;
}

std::string RemoteModel::EncodeRequest(std::span<const TensorView> inputs) const {
  const InferBody body = EncodeInfer(signature_, inputs);
  const std::string target = path_ + "/infer";
  return net::EncodeHead(InferRequest(target, body, key_), client_.server()) + body.bytes;
}

}  // namespace slipway::cli
