#include "cli/serve_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error_catalogue.h"
#include "base/text.h"
#include "cli/batching_file.h"
#include "cli/quota_flags.h"
#include "cli/remote_flags.h"
#include "cli/watch_flags.h"
#include "net/socket/local_socket.h"

namespace slipway::cli {
namespace {

constexpr std::int64_t kMaxBodyLimit = std::int64_t{1} << 34;
constexpr std::int64_t kMaxBytes = std::int64_t{1} << 50;  // of memory or disk
constexpr std::int64_t kMaxQueueLimit = 1'000'000;
constexpr double kMaxSeconds = 3600;
constexpr std::int64_t kMaxSequences = 1'000'000;

Result<std::chrono::milliseconds> Seconds(const Arguments& arguments, std::string_view flag) {
  SLIPWAY_TRY(const double seconds, arguments.Number(flag, 0, kMaxSeconds));
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

Result<std::optional<net::TlsServerOptions>> ReadTls(const Arguments& arguments) {
  const bool has_certificate = arguments.Given("--tls-cert");
  if (has_certificate != arguments.Given("--tls-key")) {
    return InvalidArgument("--tls-cert and --tls-key belong together").With(errors::kUsage);
  }
  if (!has_certificate) {
    if (!arguments.Given("--tls-client-ca")) return std::optional<net::TlsServerOptions>();
    return InvalidArgument("--tls-client-ca needs --tls-cert and --tls-key").With(errors::kUsage);
  }
  const bool with_12 = arguments.Text("--tls-min") == "1.2";
  return std::optional<net::TlsServerOptions>(
      {.certificate_file = arguments.Text("--tls-cert"),
       .key_file = arguments.Text("--tls-key"),
       .client_ca_file = arguments.Text("--tls-client-ca"),
       .least = with_12 ? net::TlsVersion::k12 : net::TlsVersion::k13});
}

/// "127.0.0.1:9000", "[::1]:9000", "unix:/run/slipway/admin.sock".
Result<server::AdminListener> ReadAdminListener(std::string_view text) {
  if (net::LocalPath(text)) return server::AdminListener{.address = std::string(text)};
  const std::size_t colon = text.rfind(':');
  const auto port =
      colon == std::string_view::npos ? std::nullopt : ParseInt64(text.substr(colon + 1));
  std::string_view address = text.substr(0, std::min(colon, text.size()));
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  if (port && *port >= 0 && *port <= 65535 && !address.empty())
    return server::AdminListener{.address = std::string(address),
                                 .port = static_cast<std::uint16_t>(*port)};
  return InvalidArgument("--admin-listen takes an address and a port")
      .With(errors::kUsage)
      .Hint("write --admin-listen 127.0.0.1:8081, [::1]:8081 or unix:PATH");
}

/// A number of bytes, requests or such into an option of any unsigned type.
template <class Option>
Status ReadNumber(const Arguments& arguments, std::string_view flag, std::int64_t least,
                  std::int64_t most, Option& option) {
  SLIPWAY_TRY(const std::int64_t value, arguments.Integer(flag, least, most));
  option = static_cast<Option>(value);
  return {};
}

// Where the server listens, and how.

std::vector<Flag> ListenFlags() {
  return {{.name = "--port",
           .letter = 'p',
           .value = "N",
           .help = "the port; 0: any free one",
           .default_value = "8080"},
          {.name = "--address",
           .value = "ADDRESS",
           .help = "the address to listen on; unix:PATH is a socket of this machine",
           .default_value = "127.0.0.1"},
          {.name = "--tls-cert",
           .value = "FILE",
           .help = "speak TLS with this certificate (PEM, with those up to its authority)"},
          {.name = "--tls-key",
           .value = "FILE",
           .help = "the certificate's key (PEM); both files are read again when they change"},
          {.name = "--tls-client-ca",
           .value = "FILE",
           .help = "take only clients that have a certificate of this authority"},
          {.name = "--tls-min",
           .value = "VERSION",
           .help = "the oldest version of TLS",
           .default_value = "1.3",
           .choices = {"1.2", "1.3"}},
          {.name = "--insecure",
           .help = "allow clear text, and requests without a key, on an address that others "
                   "can reach"}};
}

Status ReadListen(const Arguments& arguments, ServeSettings& settings) {
  server::ServerOptions& options = settings.options;
  options.address = arguments.Text("--address");
  options.insecure = arguments.Switch("--insecure");
  SLIPWAY_TRY(options.tls, ReadTls(arguments));
  return ReadNumber(arguments, "--port", 0, 65535, options.port);
}

// Who may ask it, how often, and who hears of it.

std::vector<Flag> CallerFlags() {
  return {{.name = "--require-key",
           .help = "ask for a key (slipway grant) for everything but health, on any "
                   "address"},
          {.name = "--admin-listen",
           .value = "ADDRESS:PORT",
           .help = "take loading, unloading, listing and the configuration here and nowhere "
                   "else, on a thread of its own; unix:PATH is a socket of this machine "
                   "(default: at the same address)"},
          {.name = "--anonymous-rate",
           .value = "RATE",
           .help = "how many requests each address may send without a key: 100/s, 600/m, "
                   "10/h (default: any number); beyond it 429"},
          {.name = "--anonymous-burst",
           .value = "N",
           .help = "how many of them at once (default: one second's worth)"},
          {.name = "--anonymous-in-flight",
           .value = "N",
           .help = "how many requests without a key each address may have in flight "
                   "(default: any number); beyond it 429"},
          {.name = "--cors-origin",
           .value = "ORIGIN",
           .help = "let pages of this origin, like https://shop.example, read answers in a "
                   "browser (default: of none)",
           .repeatable = true}};
}

Status ReadCaller(const Arguments& arguments, ServeSettings& settings) {
  server::ServerOptions& options = settings.options;
  options.require_key = arguments.Switch("--require-key");
  SLIPWAY_TRY(options.anonymous_quota, ReadQuota(arguments, "--anonymous-rate", "--anonymous-burst",
                                                 "--anonymous-in-flight"));
  SLIPWAY_TRY(options.cors, serve::CorsPolicy::ForOrigins(arguments.List("--cors-origin")));
  if (!arguments.Given("--admin-listen")) return {};
  SLIPWAY_TRY(options.admin, ReadAdminListener(arguments.Text("--admin-listen")));
  return {};
}

// How it works on models and requests.

std::vector<Flag> WorkFlags() {
  return {{.name = "--watch",
           .value = "SECONDS",
           .help = "look at served folders again this often and load what changed; 0: only at "
                   "SIGHUP and when a load is asked for",
           .default_value = "0"},
          {.name = "--no-batching",
           .help = "run every request alone, also where runs of several were measured to be "
                   "cheaper"},
          {.name = "--dialect",
           .value = "NAME",
           .help = "whose answer GET /v1/models and /v1/models/NAME give: TensorFlow "
                   "Serving's status of versions, or KServe's list and readiness",
           .default_value = "tfserving",
           .choices = {"tfserving", "kserve"}},
          {.name = "--batching-parameters",
           .value = "FILE",
           .help = "TensorFlow Serving's batching file: how requests wait for company, of "
                   "models that have no configuration of their own"},
          {.name = "--max-body",
           .value = "BYTES",
           .help = "the largest request body, before and after decompression",
           .default_value = "67108864"},
          {.name = "--max-queued",
           .value = "N",
           .help = "how many requests may wait for one model",
           .default_value = "256"},
          {.name = "--max-run-memory",
           .value = "BYTES",
           .help = "how much memory one run of a model may take beside its weights; 0: a "
                   "quarter of what the process may use",
           .default_value = "0"}};
}

Status ReadWork(const Arguments& arguments, ServeSettings& settings) {
  server::ServerOptions& options = settings.options;
  if (arguments.Text("--dialect") == "kserve") options.dialect = serve::Dialect::kKServe;
  options.batching = !arguments.Switch("--no-batching");
  SLIPWAY_TRY(settings.look_every, Seconds(arguments, "--watch"));
  SLIPWAY_RETURN_IF_ERROR(
      ReadNumber(arguments, "--max-body", 1, kMaxBodyLimit, options.max_body_bytes));
  SLIPWAY_RETURN_IF_ERROR(
      ReadNumber(arguments, "--max-queued", 1, kMaxQueueLimit, options.max_queued));
  return ReadNumber(arguments, "--max-run-memory", 0, kMaxBytes, options.max_run_bytes);
}

// What loaded models may take.

std::vector<Flag> LoadingFlags() {
  return {{.name = "--memory-budget",
           .value = "BYTES",
           .help = "how much memory all models together may take; 0: four fifths of what the "
                   "process may use",
           .default_value = "0"},
          {.name = "--when-full",
           .value = "RULE",
           .help = "page: a model that does not fit in that memory takes the place of those that "
                   "were used longest ago, which come back with their next request; refuse: it is "
                   "not loaded",
           .default_value = "page",
           .choices = {"page", "refuse"}},
          {.name = "--compile-cache",
           .value = "BYTES",
           .help = "how much of the store's disk compiled models may take, which load in "
                   "milliseconds and share their weights; 0: none are kept",
           .default_value = "17179869184"},
          {.name = "--isolation",
           .value = "RULE",
           .help = "process: each model runs in a confined process of its own, and one that "
                   "crashes or hangs harms no other; none: models run in the server",
           .default_value = "none",
           .choices = {"none", "process"}},
          {.name = "--worker-memory",
           .value = "BYTES",
           .help = "how much memory such a process may have, beside weights in files; 0: any",
           .default_value = "0"},
          {.name = "--run-limit",
           .value = "SECONDS",
           .help = "how long such a process may take for a request without a deadline, or after "
                   "its deadline, before it is ended",
           .default_value = "60"}};
}

Status ReadLoading(const Arguments& arguments, ServeSettings& settings) {
  server::ServerOptions& options = settings.options;
  options.pages_models = arguments.Text("--when-full") == "page";
  SLIPWAY_RETURN_IF_ERROR(
      ReadNumber(arguments, "--memory-budget", 0, kMaxBytes, options.memory_budget));
  options.isolates_models = arguments.Text("--isolation") == "process";
  for (const std::string_view flag : {"--worker-memory", "--run-limit"}) {
    if (!arguments.Given(flag) || options.isolates_models) continue;
    return InvalidArgument(fmt::format("{} goes with --isolation process", flag))
        .With(errors::kUsage);
  }
  SLIPWAY_TRY(options.run_limit, Seconds(arguments, "--run-limit"));
  SLIPWAY_RETURN_IF_ERROR(
      ReadNumber(arguments, "--worker-memory", 0, kMaxBytes, options.worker_memory));
  return ReadNumber(arguments, "--compile-cache", 0, kMaxBytes, options.compile_cache_bytes);
}

// What it keeps for its clients.

std::vector<Flag> MemoryFlags() {
  return {{.name = "--shared-memory",
           .help = "let programs of this machine, with the admin key, register shared memory "
                   "that requests may then name for their tensors"},
          {.name = "--max-shared-memory",
           .value = "BYTES",
           .help = "the most shared memory that may be registered at one time",
           .default_value = "1073741824"},
          {.name = "--response-cache",
           .value = "BYTES",
           .help = "memory for answers that are given again when the same is asked, for "
                   "models whose configuration allows it; 0: none",
           .default_value = "0"},
          {.name = "--max-sequences",
           .value = "N",
           .help = "how many sequences of requests may go on at one time, for each model that "
                   "keeps them",
           .default_value = "1024"}};
}

Status ReadMemory(const Arguments& arguments, ServeSettings& settings) {
  server::ServerOptions& options = settings.options;
  options.shared_memory = arguments.Switch("--shared-memory");
  SLIPWAY_RETURN_IF_ERROR(ReadNumber(arguments, "--max-shared-memory", 1, kMaxBytes,
                                     options.shared_memory_limits.max_bytes));
  SLIPWAY_RETURN_IF_ERROR(
      ReadNumber(arguments, "--response-cache", 0, kMaxBytes, options.response_cache_bytes));
  return ReadNumber(arguments, "--max-sequences", 1, kMaxSequences,
                    options.sequence_limits.max_sequences);
}

// How long things may take.

std::vector<Flag> TimeFlags() {
  return {{.name = "--deadline",
           .value = "SECONDS",
           .help = "how long a request may take that names no time itself",
           .default_value = "30"},
          {.name = "--drain-delay",
           .value = "SECONDS",
           .help = "how long to go on accepting after readiness ended (default: 0 on "
                   "loopback, else 5)"},
          {.name = "--drain-timeout",
           .value = "SECONDS",
           .help = "how long requests in flight may take at the end",
           .default_value = "20"}};
}

Status ReadTime(const Arguments& arguments, ServeSettings& settings) {
  server::ServerOptions& options = settings.options;
  SLIPWAY_TRY(options.default_deadline, Seconds(arguments, "--deadline"));
  SLIPWAY_TRY(options.drain_timeout, Seconds(arguments, "--drain-timeout"));
  if (!arguments.Given("--drain-delay")) return {};
  SLIPWAY_TRY(options.drain_delay, Seconds(arguments, "--drain-delay"));
  return {};
}

struct FlagGroup {
  std::vector<Flag> (*flags)();
  Status (*read)(const Arguments& arguments, ServeSettings& settings);
};
/// In the order of the help.
constexpr FlagGroup kGroups[] = {{ListenFlags, ReadListen}, {CallerFlags, ReadCaller},
                                 {WorkFlags, ReadWork},     {LoadingFlags, ReadLoading},
                                 {MemoryFlags, ReadMemory}, {TimeFlags, ReadTime}};

}  // namespace

std::vector<Flag> ServeFlags() {
  std::vector<Flag> all;
  const auto add = [&](std::vector<Flag> flags) {
    for (Flag& flag : flags) all.push_back(std::move(flag));
  };
  for (const FlagGroup& group : kGroups) add(group.flags());
  add(RemoteFlags());
  add(WatchFlags());
  return all;
}

Result<ServeSettings> ReadServeFlags(const Arguments& arguments, const Context& context) {
  ServeSettings settings;
  for (const FlagGroup& group : kGroups) SLIPWAY_RETURN_IF_ERROR(group.read(arguments, settings));
  server::ServerOptions& options = settings.options;
  SLIPWAY_RETURN_IF_ERROR(ReadWatchFlags(arguments, options));
  if (arguments.Given("--batching-parameters")) {
    SLIPWAY_TRY(options.default_config,
                ReadBatchingFile(arguments.Text("--batching-parameters"), context));
  }
  options.store_folder = context.store_folder();
  SLIPWAY_TRY(options.remotes, ReadRemotes(arguments, context.tls(), options.max_body_bytes));
  return settings;
}

}  // namespace slipway::cli
