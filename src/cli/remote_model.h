#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "net/client/http_client.h"
#include "serve/predict/predictor.h"
#include "tensor/signature.h"

namespace slipway::cli {

class Context;

/// A model that some server serves under the Open Inference Protocol v2, named by its URL:
/// http://HOST:PORT/v2/models/NAME or .../versions/N. A key (Context::KeyFor()) is sent only to a
/// server that has asked for one. Not thread-safe.
class RemoteModel {
 public:
  /// Asks for the metadata. InvalidArgument (kUsage): the URL names no model. NotFound; as
  /// HttpClient::Send.
  static Result<RemoteModel> Open(const std::string& url, const Context& context);

  const std::string& url() const { return url_; }
  const net::HttpUrl& server() const { return client_.server(); }
  const Signature& signature() const { return signature_; }

  /// One request, over the kept connection; gives the output of that index.
  Result<TensorBuffer> Run(std::span<const TensorView> inputs, std::size_t output);

  /// The bytes of a request for every output, head and body: what a load generator sends.
  std::string EncodeRequest(std::span<const TensorView> inputs) const;

 private:
  RemoteModel(std::string url, net::HttpUrl server, const net::TlsClientOptions& tls);
  Result<net::HttpAnswer> AskForMetadata(const Context& context);
  std::vector<serve::InferInput> Named(std::span<const TensorView> inputs) const;

  std::string url_;
  std::string path_;  ///< "/v2/models/mnist"
  std::string key_;   ///< empty: the server asked for none
  net::HttpClient client_;
  Signature signature_;
};

}  // namespace slipway::cli
