#include "cli/remote_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kMostRemotes = 64;
constexpr std::int64_t kMostConnections = 1024;
constexpr double kMostSeconds = 3600;
constexpr std::size_t kMostKeyBytes = 4096;

Status Usage(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kUsage);
}

struct Pair {
  std::string name;
  std::string value;
};

Result<Pair> ReadPair(std::string_view flag, const std::string& text) {
  const std::size_t equals = text.find('=');
  Pair pair{.name = text.substr(0, equals),
            .value = equals == std::string::npos ? "" : text.substr(equals + 1)};
  if (!pair.value.empty() && IsModelName(pair.name)) return pair;
  return Usage(fmt::format("{} \"{}\" is not NAME=..., with a name like {}", flag,
                           Printable(text, 64), kModelNamePattern));
}

/// What a URL of gRPC is to HTTP, which carries it: "grpcs://a:1" is "https://a:1". nullopt: it has
/// another scheme.
std::optional<std::string> HttpOfGrpc(std::string_view url) {
  constexpr std::string_view kScheme = "grpc";
  const std::size_t end = url.find("://");
  if (end == std::string_view::npos || !EqualsIgnoreCase(url.substr(0, kScheme.size()), kScheme))
    return std::nullopt;
  const std::string_view rest = url.substr(kScheme.size(), end - kScheme.size());
  if (!rest.empty() && !EqualsIgnoreCase(rest, "s")) return std::nullopt;
  return fmt::format("http{}", url.substr(kScheme.size()));
}

/// A server of HTTP may stand below a path of its host; one of gRPC may not.
bool NamesAServerAlone(const serve::RemoteServerOptions& remote) {
  const std::string& path = remote.url.path;
  if (remote.protocol == serve::RemoteProtocol::kGrpc) return path.empty();
  return path.find_first_of("?#") == std::string::npos && !path.ends_with("/v2");
}

Result<serve::RemoteServerOptions> ReadRemote(const std::string& text,
                                              const serve::RemoteServerOptions& common) {
  SLIPWAY_TRY(Pair pair, ReadPair("--remote", text));
  serve::RemoteServerOptions remote = common;
  remote.name = std::move(pair.name);
  if (const std::optional<std::string> url = HttpOfGrpc(pair.value)) {
    remote.protocol = serve::RemoteProtocol::kGrpc;
    pair.value = *url;
  }
  SLIPWAY_TRY(remote.url, net::ParseHttpUrl(pair.value));
  while (remote.url.path.ends_with('/')) remote.url.path.pop_back();
  if (NamesAServerAlone(remote)) return remote;
  const std::string_view example = remote.protocol == serve::RemoteProtocol::kGrpc
                                       ? "grpc://127.0.0.1:8001"
                                       : "http://127.0.0.1:8000";
  return Usage(fmt::format("--remote {}: name the server alone, like {}", remote.name, example));
}

Status AddKey(const std::string& text, std::vector<serve::RemoteServerOptions>& remotes) {
  SLIPWAY_TRY(const Pair pair, ReadPair("--remote-key", text));
  const auto remote = std::ranges::find(remotes, pair.name, &serve::RemoteServerOptions::name);
  if (remote == remotes.end())
    return Usage(fmt::format("--remote-key {}: no --remote has this name", pair.name));
  SLIPWAY_TRY(const FileDescriptor file, OpenForReading(pair.value));
  SLIPWAY_TRY(const std::string key, ReadAll(file.get(), kMostKeyBytes));
  remote->key = Trim(key);
  const bool is_one_word =
      std::ranges::all_of(remote->key, [](char c) { return c > ' ' && c < 127; });
  if (is_one_word && !remote->key.empty()) return {};
  return Usage(fmt::format("--remote-key {}: the file holds no key", pair.name));
}

}  // namespace

std::vector<Flag> RemoteFlags() {
  return {{.name = "--remote",
           .value = "NAME=URL",
           .help = "let steps of ensembles run models of this other server, which they call "
                   "NAME, over http://, https://, grpc:// or grpcs://; no address but these is "
                   "ever asked",
           .repeatable = true},
          {.name = "--remote-key",
           .value = "NAME=FILE",
           .help = "show it the key in this file",
           .repeatable = true},
          {.name = "--remote-timeout",
           .value = "SECONDS",
           .help = "how long one request may take there, all tries together",
           .default_value = "10"},
          {.name = "--remote-connections",
           .value = "N",
           .help = "how many connections to keep to each",
           .default_value = "16"}};
}

Result<std::vector<serve::RemoteServerOptions>> ReadRemotes(const Arguments& arguments,
                                                            const net::TlsClientOptions& tls,
                                                            std::uint64_t max_answer_bytes) {
  serve::RemoteServerOptions common{.name = "", .url = {}, .key = "", .tls = tls};
  common.max_answer_bytes = max_answer_bytes;
  SLIPWAY_TRY(const double seconds, arguments.Number("--remote-timeout", 0.001, kMostSeconds));
  common.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  SLIPWAY_TRY(const std::int64_t connections,
              arguments.Integer("--remote-connections", 1, kMostConnections));
  common.connections = static_cast<unsigned>(connections);
  std::vector<serve::RemoteServerOptions> remotes;
  for (const std::string& text : arguments.List("--remote")) {
    SLIPWAY_TRY(serve::RemoteServerOptions remote, ReadRemote(text, common));
    if (std::ranges::find(remotes, remote.name, &serve::RemoteServerOptions::name) != remotes.end())
      return Usage(fmt::format("--remote {} is given twice", remote.name));
    remotes.push_back(std::move(remote));
  }
  if (remotes.size() > kMostRemotes)
    return Usage(fmt::format("at most {} servers can be named by --remote", kMostRemotes));
  for (const std::string& text : arguments.List("--remote-key"))
    SLIPWAY_RETURN_IF_ERROR(AddKey(text, remotes));
  return remotes;
}

}  // namespace slipway::cli
