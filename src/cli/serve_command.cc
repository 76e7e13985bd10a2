#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "access/right.h"
#include "base/clock.h"
#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread_budget.h"
#include "cli/batching_file.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/describe.h"
#include "cli/folder_watches.h"
#include "cli/keep_serving.h"
#include "cli/quota_flags.h"
#include "cli/remote_flags.h"
#include "cli/request_example.h"
#include "cli/serve_sources.h"
#include "cli/served_address.h"
#include "cli/watch_flags.h"
#include "net/local_socket.h"
#include "serve/control/fixed_source.h"
#include "serve/control/joined_source.h"
#include "serve/control/registry_source.h"
#include "server/heartbeat.h"
#include "server/inherited_sockets.h"
#include "server/server.h"
#include "server/server_options.h"
#include "server/supervisor.h"
#include "server/termination.h"

namespace slipway::cli {
namespace {

constexpr std::int64_t kMaxBodyLimit = std::int64_t{1} << 34;
constexpr std::int64_t kMaxBytes = std::int64_t{1} << 50;  // of memory
constexpr std::int64_t kMaxQueueLimit = 1'000'000;
constexpr double kMaxSeconds = 3600;
constexpr std::chrono::seconds kSoon{7 * 24 * 3600};  // for a certificate that expires
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

Status ReadSchedule(const Arguments& arguments, const Context& context,
                    server::ServerOptions& options) {
  options.batching = !arguments.Switch("--no-batching");
  if (arguments.Given("--batching-parameters")) {
    SLIPWAY_TRY(options.default_config,
                ReadBatchingFile(arguments.Text("--batching-parameters"), context));
  }
  SLIPWAY_TRY(const std::int64_t queued, arguments.Integer("--max-queued", 1, kMaxQueueLimit));
  options.max_queued = static_cast<std::size_t>(queued);
  SLIPWAY_TRY(const std::int64_t cached, arguments.Integer("--response-cache", 0, kMaxBytes));
  options.response_cache_bytes = static_cast<std::uint64_t>(cached);
  SLIPWAY_TRY(const std::int64_t sequences, arguments.Integer("--max-sequences", 1, kMaxSequences));
  options.sequence_limits.max_sequences = static_cast<std::size_t>(sequences);
  return {};
}

Result<server::ServerOptions> ReadOptions(const Arguments& arguments, const Context& context,
                                          const ThreadBudget& budget,
                                          std::vector<server::InheritedSocket> sockets) {
  server::ServerOptions options{.address = arguments.Text("--address"),
                                .insecure = arguments.Switch("--insecure"),
                                .require_key = arguments.Switch("--require-key"),
                                .store_folder = context.store_folder()};
  SLIPWAY_TRY(options.tls, ReadTls(arguments));
  SLIPWAY_TRY(options.anonymous_quota, ReadQuota(arguments, "--anonymous-rate", "--anonymous-burst",
                                                 "--anonymous-in-flight"));
  SLIPWAY_RETURN_IF_ERROR(ReadWatchFlags(arguments, options));
  if (arguments.Text("--dialect") == "kserve") options.dialect = serve::Dialect::kKServe;
  if (arguments.Given("--admin-listen")) {
    SLIPWAY_TRY(options.admin, ReadAdminListener(arguments.Text("--admin-listen")));
  }
  SLIPWAY_TRY(options.cors, serve::CorsPolicy::ForOrigins(arguments.List("--cors-origin")));
  SLIPWAY_TRY(const std::int64_t port, arguments.Integer("--port", 0, 65535));
  options.port = static_cast<std::uint16_t>(port);
  SLIPWAY_TRY(const std::int64_t body, arguments.Integer("--max-body", 1, kMaxBodyLimit));
  options.max_body_bytes = static_cast<std::uint64_t>(body);
  SLIPWAY_RETURN_IF_ERROR(ReadSchedule(arguments, context, options));
  SLIPWAY_TRY(const std::int64_t run, arguments.Integer("--max-run-memory", 0, kMaxBytes));
  options.max_run_bytes = static_cast<std::uint64_t>(run);
  options.shared_memory = arguments.Switch("--shared-memory");
  SLIPWAY_TRY(const std::int64_t shared, arguments.Integer("--max-shared-memory", 1, kMaxBytes));
  options.shared_memory_limits.max_bytes = static_cast<std::uint64_t>(shared);
  SLIPWAY_TRY(options.remotes, ReadRemotes(arguments, context.tls(), options.max_body_bytes));
  SLIPWAY_TRY(options.default_deadline, Seconds(arguments, "--deadline"));
  SLIPWAY_TRY(options.drain_timeout, Seconds(arguments, "--drain-timeout"));
  if (arguments.Given("--drain-delay")) {
    SLIPWAY_TRY(options.drain_delay, Seconds(arguments, "--drain-delay"));
  }
  server::Listen(std::move(sockets), options);
  return server::Decided(std::move(options), budget, DetectMemoryLimit());
}

std::optional<net::CertificateFacts> Certificate(const server::Server& server) {
  if (server.tls() == nullptr) return std::nullopt;
  return server.tls()->current()->certificate();
}

std::string HumanTime(std::chrono::nanoseconds duration) {
  return HumanSeconds(std::chrono::duration<double>(duration).count());
}

std::string DescribeLoaded(const serve::ServedModel& model) {
  std::string text = fmt::format("model     {}:{}", model->name, model->version);
  if (!model->package_digest.empty()) text += fmt::format("  {}", model->package_digest);
  text += fmt::format("\n{}  warm      loaded in {}", DescribeSignature(model->signature),
                      HumanTime(model->load_time));
  if (model->run_time.count() > 0)
    text += fmt::format(", one run takes {}", HumanTime(model->run_time));
  const bool were_kept = model->measured_before.IsKnown();
  const serve::BatchProfile& known = were_kept ? model->measured_before : model->batches;
  if (known.IsKnown()) {
    text += fmt::format(", rows of a batch: {} ({})", known.best_rows(),
                        were_kept ? "kept from before" : "measured");
  }
  return text + "\n";
}

// What people see once the server is ready.
Result<std::string> Welcome(const server::Server& server, const ServedAddress& address,
                            const ServeSources& sources, double seconds) {
  const std::string& url = address.url;
  std::string text;
  for (const std::string& description : sources.descriptions) text += description;
  const std::vector<serve::ModelHandle> models = server.models().Ready();
  for (const serve::ModelHandle& model : models) text += DescribeLoaded(*model);
  text += fmt::format("ready in {:.2f} s\n", seconds);
  for (const serve::ModelHandle& model : models)
    text += fmt::format("  REST    {}/v2/models/{}/infer\n", url, (*model)->name);
  text += fmt::format("  page    {}/   metrics {}/metrics   API {}/openapi.json\n", url, url, url);
  if (server.admin_port() != 0) text += fmt::format("  admin   at port {}\n", server.admin_port());
  if (models.empty()) return text + "try   slipway load NAME\n";
  const serve::ServedModel& first = *models.front();
  SLIPWAY_TRY(const std::string line,
              MakeCurlLine(address.curl, url, first->name, first->signature, sources.work.path()));
  return text + fmt::format("try   {}\nstop  Ctrl-C, or kill {}\n", line, getpid());
}

OrderedJson WelcomeJson(const server::Server& server, const std::string& url) {
  OrderedJson models = OrderedJson::array();
  for (const serve::ModelHandle& model : server.models().Ready()) {
    models.push_back({{"name", (*model)->name},
                      {"version", (*model)->version},
                      {"infer", fmt::format("{}/v2/models/{}/infer", url, (*model)->name)}});
  }
  OrderedJson json = {{"url", url}, {"port", server.port()}};
  if (server.admin_port() != 0) json["admin_port"] = server.admin_port();
  json["models"] = std::move(models);
  return json;
}

void WarnOfAddress(const server::ServerOptions& options, const Context& context) {
  if (server::IsLoopback(options.address)) return;
  if (!options.tls) {
    context.Warn(
        fmt::format("{} can be reached by others, and they can read along: nothing is encrypted",
                    options.address));
  }
  const bool asks_clients = options.tls && !options.tls->client_ca_file.empty();
  if (access::IsOpen(options.openness, access::Right::kInfer) && !asks_clients) {
    context.Warn(fmt::format(
        "whoever reaches {} may send requests to models; --require-key or --tls-client-ca says who",
        options.address));
  }
}

void WarnOfExpiry(const server::Server& server, const Context& context) {
  const auto certificate = Certificate(server);
  if (!certificate) return;
  const std::int64_t left = certificate->not_after - static_cast<std::int64_t>(time(nullptr));
  if (left < kSoon.count())
    context.Warn(fmt::format("the certificate expires in {} hours", left / 3600));
}

// Files and folders first, then stores: a name is that of the first that has it.
serve::JoinedSource Join(ServeSources& sources, registry::Registry& registry) {
  std::vector<std::unique_ptr<const serve::ModelSource>> all;
  all.push_back(std::make_unique<serve::FixedSource>(sources.packages));
  for (auto& folder : sources.folders) all.push_back(std::move(folder));
  for (const auto& store : sources.stores)
    all.push_back(std::make_unique<serve::RegistrySource>(*store));
  all.push_back(std::make_unique<serve::RegistrySource>(registry));
  return serve::JoinedSource(std::move(all));
}

CommandResult RunServe(const Arguments& arguments, Context& context) {
  const Stopwatch watch;
  const server::Supervisor supervisor = server::Supervisor::FromEnvironment();
  SLIPWAY_TRY(std::vector<server::InheritedSocket> sockets, server::TakeInheritedSockets());
  const ThreadBudget budget = DetectThreadBudget();
  SLIPWAY_TRY(server::ServerOptions options,
              ReadOptions(arguments, context, budget, std::move(sockets)));
  SLIPWAY_TRY(ServeSources sources, PrepareSources(context, arguments.List("SOURCE")));
  options.models = sources.startup;
  SLIPWAY_TRY(const std::chrono::milliseconds watch_interval, Seconds(arguments, "--watch"));
  FolderWatches folders(watch_interval);
  for (const auto& folder : sources.folders) folders.Add(folder->layout());

  context.interruption().Release();
  server::Termination::Block();
  if (options.tls || !folders.empty() || supervisor.exists()) server::Termination::BlockReload();
  WarnOfAddress(options, context);
  SLIPWAY_TRY(registry::Registry * registry, context.Registry());
  SLIPWAY_TRY(engine::Engine * engine, context.Engine());
  const serve::JoinedSource source = Join(sources, *registry);
  const SystemClock clock;
  SLIPWAY_TRY(const std::unique_ptr<server::Server> server,
              server::Server::Start(options, {.engine = *engine,
                                              .source = source,
                                              .clock = clock,
                                              .budget = budget,
                                              .supervisor = &supervisor}));
  const server::Heartbeat heartbeat(supervisor, [&server] { return server->IsAlive(); });
  const ServedAddress address = AddressOf(options, server->port(), Certificate(*server));
  SLIPWAY_TRY(const std::string welcome, Welcome(*server, address, sources, watch.Seconds()));
  SLIPWAY_RETURN_IF_ERROR(
      Print(RenderItem("Server", WelcomeJson(*server, address.url), welcome, context.format())));

  if (!access::IsOpen(options.openness, access::Right::kInfer))
    context.Say("clients need a key: slipway grant NAME makes one");
  WarnOfExpiry(*server, context);
  KeepServing(*server, folders, supervisor);
  const std::uint64_t dropped = server->Drain();
  context.Say(fmt::format("stopped: {} requests were dropped", dropped));
  return ExitCode::kSuccess;
}

}  // namespace

Command MakeServeCommand() {
  Command command = {
      .name = "serve",
      .group = "Start",
      .summary = "serve models over HTTP",
      .description =
          "A source is a model file, a folder, or a model of the store: NAME, NAME:3, NAME:alias. "
          "A folder may be one of Triton's repositories, a base path of TensorFlow Serving or of "
          "OpenVINO's server, a folder of model files, or a store. Without a source, every model "
          "of the store is served. SIGTERM and Ctrl-C "
          "end the server when what it accepted is answered. Sockets that a service manager passes "
          "(LISTEN_FDS) take the place of --address and --port, one named admin that of "
          "--admin-listen; docs/service.md.",
      .positionals = {{.name = "SOURCE",
                       .help = "model files, folders, names of the store",
                       .least = 0,
                       .most = 1000}},
      .flags = {{.name = "--port",
                 .letter = 'p',
                 .value = "N",
                 .help = "the port; 0: any free one",
                 .default_value = "8080"},
                {.name = "--address",
                 .value = "ADDRESS",
                 .help = "the address to listen on",
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
                         "can reach"},
                {.name = "--require-key",
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
                 .repeatable = true},
                {.name = "--watch",
                 .value = "SECONDS",
                 .help =
                     "look at served folders again this often and load what changed; 0: only at "
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
                 .default_value = "0"},
                {.name = "--shared-memory",
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
                 .help =
                     "how many sequences of requests may go on at one time, for each model that "
                     "keeps them",
                 .default_value = "1024"},
                {.name = "--deadline",
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
                 .default_value = "20"}},
      .examples =
          {"slipway serve model.keras", "slipway serve mnist:3 resnet --port 9000",
           "slipway serve models/ --address 0.0.0.0 --tls-cert server.crt --tls-key server.key"},
      .run = RunServe};
  for (Flag& flag : RemoteFlags()) command.flags.push_back(std::move(flag));
  for (Flag& flag : WatchFlags()) command.flags.push_back(std::move(flag));
  return command;
}

}  // namespace slipway::cli
