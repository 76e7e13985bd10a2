#include "cli/remote_model.h"

#include <fmt/format.h>

#include <utility>

#include "base/error_catalogue.h"
#include "base/text.h"
#include "cli/context.h"
#include "serve/remote/oip_codec.h"

namespace slipway::cli {

namespace {

constexpr std::string_view kModels = "/v2/models/";

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

net::ClientRequest InferRequest(std::string_view target, const serve::InferBody& body,
                                const std::string& key) {
  std::vector<net::Header> headers = KeyHeader(key);
  headers.emplace_back("Content-Type", "application/octet-stream");
  headers.emplace_back(serve::kJsonBytesHeader, std::to_string(body.json.size()));
  return {.method = "POST",
          .target = target,
          .headers = std::move(headers),
          .body = body.json,
          .more_body = body.tensors};
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
  if (Status status = serve::StatusOfAnswer(answer); !status.ok()) return std::move(status).At(url);
  Result<Signature> signature = serve::ParseModelMetadata(answer.body);
  if (!signature.ok()) return std::move(signature).status().At(url);
  model.signature_ = std::move(*signature);
  return model;
}

Result<TensorBuffer> RemoteModel::Run(std::span<const TensorView> inputs, std::size_t output) {
  const TensorSpec& wanted = signature_.outputs[output];
  const std::string_view names[] = {wanted.name};
  const serve::InferBody body = serve::EncodeInfer(Named(inputs), names);
  const std::string target = path_ + "/infer";
  SLIPWAY_TRY(const net::HttpAnswer answer, client_.Send(InferRequest(target, body, key_)));
  if (Status status = serve::StatusOfAnswer(answer); !status.ok())
    return std::move(status).At(url_);
  Result<std::vector<TensorBuffer>> tensors =
      serve::DecodeInfer(answer.body, serve::JsonBytesOf(answer), names);
  if (!tensors.ok()) return std::move(tensors).status().At(url_);
  TensorBuffer& tensor = tensors->front();
  if (tensor.dtype() == wanted.dtype) return std::move(tensor);
  return DataLoss(fmt::format("output \"{}\" is {}, the model says {}", wanted.name,
                              OipName(tensor.dtype()), OipName(wanted.dtype)))
      .At(url_);
}

std::vector<serve::InferInput> RemoteModel::Named(std::span<const TensorView> inputs) const {
  std::vector<serve::InferInput> named;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    named.push_back({.name = signature_.inputs[i].name, .tensor = inputs[i]});
  return named;
}

std::string RemoteModel::EncodeRequest(std::span<const TensorView> inputs) const {
  const serve::InferBody body = serve::EncodeInfer(Named(inputs));
  const std::string target = path_ + "/infer";
  std::string request =
      net::EncodeHead(InferRequest(target, body, key_), client_.server()) + body.json;
  for (const std::string_view tensor : body.tensors) request += tensor;
  return request;
}

}  // namespace slipway::cli
