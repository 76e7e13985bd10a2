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
#include "base/recent_log.h"
#include "base/text.h"
#include "base/thread_budget.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/describe.h"
#include "cli/folder_watches.h"
#include "cli/keep_serving.h"
#include "cli/request_example.h"
#include "cli/serve_flags.h"
#include "cli/serve_sources.h"
#include "cli/served_address.h"
#include "engine/worker/isolated_engine.h"
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

constexpr std::chrono::seconds kSoon{7 * 24 * 3600};  // for a certificate that expires

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

/// The one folder or list, whose models a client may replace, but by none that has a file's name;
/// nullptr: there is none, or more.
serve::FolderSource* ReplaceableList(const ServeSources& sources) {
  if (sources.folders.size() != 1) return nullptr;
  for (const serve::ModelPackage& package : sources.packages)
    sources.folders.front()->Reserve(package.name);
  return sources.folders.front().get();
}

CommandResult RunServe(const Arguments& arguments, Context& context) {
  const Stopwatch watch;
  const server::Supervisor supervisor = server::Supervisor::FromEnvironment();
  SLIPWAY_TRY(std::vector<server::InheritedSocket> sockets, server::TakeInheritedSockets());
  const ThreadBudget budget = DetectThreadBudget();
  SLIPWAY_TRY(ServeSettings settings, ReadServeFlags(arguments, context));
  server::Listen(std::move(sockets), settings.options);
  SLIPWAY_TRY(server::ServerOptions options,
              server::Decided(std::move(settings.options), budget, DetectMemoryLimit()));
  SLIPWAY_TRY(ServeSources sources,
              PrepareSources(context, arguments.List("SOURCE"), options.load_threads));
  options.models = sources.startup;
  FolderWatches folders(settings.look_every);
  for (const auto& folder : sources.folders) folders.Add(folder->repository(), folder->layout());

  KeepRecentLog(LogLevel::kInfo);  // for slipway logs
  context.interruption().Release();
  server::Termination::Block();
  if (options.tls || !folders.empty() || supervisor.exists()) server::Termination::BlockReload();
  WarnOfAddress(options, context);
  SLIPWAY_TRY(registry::Registry * registry, context.Registry());
  SLIPWAY_TRY(engine::Engine * engine, context.Engine());
  serve::FolderSource* const list = ReplaceableList(sources);
  std::unique_ptr<engine::IsolatedEngine> isolated;
  if (options.isolates_models) {
    SLIPWAY_TRY(isolated, engine::IsolatedEngine::Create(*engine, server::WorkersOf(options)));
    engine = isolated.get();
  }
  const serve::JoinedSource source = Join(sources, *registry);
  const SystemClock clock;
  SLIPWAY_TRY(const std::unique_ptr<server::Server> server,
              server::Server::Start(options, {.engine = *engine,
                                              .source = source,
                                              .list = list,
                                              .clock = clock,
                                              .budget = budget,
                                              .isolated = isolated.get(),
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
  return {
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
      .flags = ServeFlags(),
      .examples =
          {"slipway serve model.keras", "slipway serve mnist:3 resnet --port 9000",
           "slipway serve models/ --address 0.0.0.0 --tls-cert server.crt --tls-key server.key"},
      .run = RunServe};
}

}  // namespace slipway::cli
