#include "cli/server_client.h"

#include <fmt/format.h>

#include <utility>

#include "base/error_catalogue.h"
#include "base/json.h"
#include "serve/remote/oip_codec.h"

namespace slipway::cli {

namespace {

std::string RepositoryPath(const std::string& model, std::string_view action) {
  return fmt::format("/v2/repository/models/{}/{}", model, action);
}

}  // namespace

Result<ServerClient> ServerClient::Create(const Context& context,
                                          std::chrono::milliseconds patience) {
  SLIPWAY_TRY(net::HttpUrl server, net::ParseHttpUrl(context.host()));
  SLIPWAY_TRY(std::string key, context.KeyFor(server.host));
  return ServerClient(
      net::HttpClient(std::move(server), {.answer_timeout = patience, .tls = context.tls()}),
      std::move(key));
}

Result<std::string> ServerClient::Call(std::string_view method, const std::string& target,
                                       std::string_view body) {
  net::ClientRequest request{.method = method, .target = target, .headers = {}, .body = body};
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  if (!key_.empty()) request.headers.emplace_back("Authorization", "Bearer " + key_);
  SLIPWAY_TRY(net::HttpAnswer answer, client_.Send(request));
  if (answer.status == 401) {
    return serve::StatusOfAnswer(answer)
        .At(server().Authority())
        .Hint(
            "name the store of that server with --store DIR, or its key with --api-key-file FILE "
            "(the file admin.key in its store)");
  }
  if (Status status = serve::StatusOfAnswer(answer); !status.ok())
    return std::move(status).At(server().Authority());
  return std::move(answer.body);
}

Result<std::vector<ServedVersion>> ServerClient::List() {
  SLIPWAY_TRY(const std::string index, Call("POST", "/v2/repository/index", "{}"));
  const Result<std::string> statistics = Call("GET", "/v2/models/stats", "");
  return ParseServedVersions(index, statistics.ok() ? *statistics : "");
}

Result<ServerFigures> ServerClient::Figures() {
  SLIPWAY_TRY(const std::string page, Call("GET", "/metrics", ""));
  return ParseServerFigures(page);
}

Result<ServedLog> ServerClient::Log(std::uint64_t after, std::int64_t most) {
  SLIPWAY_TRY(const std::string answer,
              Call("GET", fmt::format("/v2/log?after={}&most={}", after, most), ""));
  return ParseServedLog(answer);
}

Result<bool> ServerClient::IsReady() {
  SLIPWAY_TRY(const net::HttpAnswer answer, client_.Send({.target = "/v2/health/ready"}));
  return answer.status == 200;
}

Status ServerClient::Load(const registry::Reference& reference, const std::string& config) {
  if (reference.package) {
    return InvalidArgument("a server loads a model by its version or alias, not by a digest")
        .With(errors::kUsage)
        .Hint(fmt::format("the versions: slipway ls {}", reference.model));
  }
  Json body = Json::object();
  if (reference.version) {
    body["parameters"]["version"] = *reference.version;
  } else if (!reference.alias.empty()) {
    body["parameters"]["version"] = reference.alias;
  }
  if (!config.empty()) body["parameters"]["config"] = config;
  return Call("POST", RepositoryPath(reference.model, "load"), DumpJson(body)).status();
}

Status ServerClient::Unload(const std::string& model) {
  return Call("POST", RepositoryPath(model, "unload"), "{}").status();
}

}  // namespace slipway::cli
