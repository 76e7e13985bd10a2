#include "cli/read_server.h"

#include <sys/statvfs.h>

#include <chrono>
#include <ctime>
#include <utility>

#include "base/error_catalogue.h"
#include "base/json.h"
#include "net/client/http_client.h"

namespace slipway::cli {
namespace {

constexpr std::chrono::seconds kPatience{10};

/// Asks one server, with the key that it may be sent.
class Questions {
 public:
  Questions(net::HttpUrl server, std::string key, const net::TlsClientOptions& tls)
      : client_(std::move(server), {.answer_timeout = kPatience, .tls = tls}),
        authorization_("Bearer " + key),
        has_key_(!key.empty()) {}

  Result<net::HttpAnswer> Ask(std::string_view target) {
    net::ClientRequest request{.target = target};
    if (has_key_) request.headers.emplace_back("Authorization", authorization_);
    return client_.Send(request);
  }
  /// Absent: it does not say.
  std::optional<std::string> Text(std::string_view target) {
    Result<net::HttpAnswer> answer = Ask(target);
    if (!answer.ok() || answer->status != 200) return std::nullopt;
    return std::move(answer->body);
  }
  const net::HttpUrl& server() const { return client_.server(); }

 private:
  net::HttpClient client_;
  std::string authorization_;
  bool has_key_ = false;
};

std::int64_t Now() { return static_cast<std::int64_t>(time(nullptr)); }

/// By the Date of its answer, which has whole seconds.
std::optional<std::int64_t> ClockAhead(const net::HttpAnswer& answer) {
  const std::string* const date = answer.Find("Date");
  std::tm parts{};
  if (date == nullptr || strptime(date->c_str(), "%a, %d %b %Y %H:%M:%S", &parts) == nullptr)
    return std::nullopt;
  return static_cast<std::int64_t>(timegm(&parts)) - Now();
}

std::string VersionIn(const std::optional<std::string>& metadata) {
  const Result<Json> parsed = ParseJson(metadata.value_or("{}"));
  if (!parsed.ok() || !parsed->is_object()) return "unknown";
  const auto version = parsed->find("version");
  const bool is_said = version != parsed->end() && version->is_string();
  return is_said ? version->get<std::string>() : "unknown";
}

std::optional<std::uint64_t> FreeDisk(const std::string& folder) {
  struct statvfs disk{};
  if (statvfs(folder.c_str(), &disk) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
}

bool IsHere(const std::string& host) {
  return host == "localhost" || host.starts_with("127.") || host == "::1";
}

}  // namespace

Result<ServerReading> ReadServer(const Context& context) {
  SLIPWAY_TRY(net::HttpUrl server, net::ParseHttpUrl(context.host()));
  SLIPWAY_TRY(std::string key, context.KeyFor(server.host));
  Questions questions(std::move(server), std::move(key), context.tls());
  SLIPWAY_TRY(const net::HttpAnswer ready, questions.Ask("/v2/health/ready"));
  ServerReading reading{.is_ready = ready.status == 200, .now_unix_seconds = Now()};
  reading.clock_ahead_seconds = ClockAhead(ready);
  reading.version = VersionIn(questions.Text("/v2"));
  reading.metrics = questions.Text("/metrics");
  reading.configuration = questions.Text("/v2/config");
  if (IsHere(questions.server().host)) reading.store_free_bytes = FreeDisk(context.store_folder());
  SLIPWAY_TRY(ServerClient client, ServerClient::Create(context));
  if (auto models = client.List(); models.ok()) reading.models = *std::move(models);
  return reading;
}

}  // namespace slipway::cli
