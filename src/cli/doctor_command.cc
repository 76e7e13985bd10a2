#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "base/thread_budget.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/finding.h"
#include "cli/read_server.h"
#include "cli/server_checkup.h"
#include "net/server/http_server.h"
#include "sandbox/find_program.h"

namespace slipway::cli {

namespace {

Finding CheckEngine(Context& context) {
  const Result<engine::Engine*> engine = context.Engine();
  if (engine.ok())
    return {"engine", Verdict::kPass, fmt::format("onnxruntime {}", (*engine)->version()), ""};
  const Status status = engine.status();
  return {"engine", Verdict::kFail, status.message(), status.hint()};
}

Finding CheckProgram(std::string topic, std::string_view name) {
  const Result<std::string> program = sandbox::FindProgram(name);
  if (!program.ok())
    return {std::move(topic), Verdict::kFail, program.status().message(), program.status().hint()};
  if (access(program->c_str(), X_OK) == 0) return {std::move(topic), Verdict::kPass, *program, ""};
  return {std::move(topic), Verdict::kFail, fmt::format("{} cannot be run", *program),
          "build it or install the package again"};
}

Finding CheckCpu() {
  const Result<std::string> info = ReadFile("/proc/cpuinfo", std::size_t{16} << 20);
  std::string features;
  if (info.ok()) {
    for (const std::string_view feature :
         {"avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8"}) {
      if (info->find(feature) != std::string::npos)
        features += fmt::format("{}{}", features.empty() ? "" : " ", feature);
    }
  }
  if (features.empty())
    return {"cpu", Verdict::kWarn, "no AVX2: models run slowly", "use a newer machine"};
  return {"cpu", Verdict::kPass, features, ""};
}

Finding CheckCores() { return {"cores", Verdict::kPass, DetectThreadBudget().why, ""}; }

Finding CheckMemory() {
  constexpr std::uint64_t kSmall = std::uint64_t{512} << 20;
  const std::uint64_t limit = DetectMemoryLimit();
  return {"memory", limit < kSmall ? Verdict::kWarn : Verdict::kPass,
          fmt::format("{} may be used", HumanBytes(limit)),
          limit < kSmall ? "raise the cgroup's memory limit" : ""};
}

Finding CheckDescriptors() {
  constexpr rlim_t kFew = 1024;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const bool few = limit.rlim_cur < kFew;
  return {"descriptors", few ? Verdict::kWarn : Verdict::kPass,
          fmt::format("{} files may be open", limit.rlim_cur), few ? "ulimit -n 65536" : ""};
}

Finding CheckStore(Context& context) {
  constexpr std::uint64_t kLittle = std::uint64_t{1} << 30;
  const std::string& folder = context.store_folder();
  const Result<registry::Registry*> registry = context.Registry();
  if (!registry.ok())
    return {"store", Verdict::kFail, registry.status().ToString(), registry.status().hint()};
  if (access(folder.c_str(), W_OK) != 0) {
    return {"store", Verdict::kWarn, fmt::format("{} is read-only for this user", folder),
            "publishing needs write permission"};
  }
  struct statvfs disk{};
  statvfs(folder.c_str(), &disk);
  const std::uint64_t free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  return {"store", free < kLittle ? Verdict::kWarn : Verdict::kPass,
          fmt::format("{}, {} free", folder, HumanBytes(free)),
          free < kLittle ? "slipway gc, or a larger disk" : ""};
}

/// A service that nobody reaches: only binding is tried.
class NoService final : public net::HttpService {
 public:
  net::BodyPlan Plan(const net::RequestHead&) override { return {}; }
  void Serve(std::shared_ptr<net::Exchange>) override {}
  net::Response ErrorResponse(int status, std::string_view message,
                              const net::RequestHead*) override {
    return net::Response::Text(status, "text/plain", std::string(message));
  }
};

Finding CheckPort() {
  constexpr std::uint16_t kDefaultPort = 8080;
  NoService service;
  const auto server = net::HttpServer::Listen({.port = kDefaultPort}, service);
  if (server.ok()) return {"port", Verdict::kPass, "127.0.0.1:8080 is free", ""};
  return {"port", Verdict::kWarn, server.status().message(),
          "serve on another one: slipway serve ... --port N"};
}

Finding CheckClock() {
  const auto year = std::chrono::year_month_day(
                        std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()))
                        .year();
  const bool wrong = static_cast<int>(year) < 2024;
  return {"clock", wrong ? Verdict::kFail : Verdict::kPass,
          fmt::format("the year is {}", static_cast<int>(year)),
          wrong ? "set the clock: certificates and logs depend on it" : ""};
}

std::vector<Finding> CheckMachine(Context& context) {
  return {CheckEngine(context),
          CheckProgram("importer", "slipway-import"),
          CheckProgram("worker", "slipway-worker"),
          CheckCpu(),
          CheckCores(),
          CheckMemory(),
          CheckDescriptors(),
          CheckStore(context),
          CheckPort(),
          CheckClock()};
}

Result<std::vector<Finding>> Check(const Arguments& arguments, Context& context) {
  if (!arguments.Given("--host")) return CheckMachine(context);
  SLIPWAY_TRY(const ServerReading reading, ReadServer(context));
  return JudgeServer(reading);
}

CommandResult RunDoctor(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(const std::vector<Finding> findings, Check(arguments, context));
  Listing listing{.kind = "DoctorReport", .columns = {"CHECK", "RESULT", "DETAIL", "FIX"}};
  bool failed = false;
  for (const Finding& finding : findings) {
    failed = failed || finding.verdict == Verdict::kFail;
    const std::string verdict(VerdictName(finding.verdict));
    listing.rows.push_back({finding.subject, verdict, finding.detail, finding.fix});
    listing.items.push_back({{"check", finding.subject},
                             {"result", verdict},
                             {"detail", finding.detail},
                             {"fix", finding.fix}});
    listing.names.push_back(fmt::format("{} {}", finding.subject, verdict));
  }
  SLIPWAY_RETURN_IF_ERROR(context.PrintListing(listing));
  return failed ? ExitCode::kFailure : ExitCode::kSuccess;
}

}  // namespace

Command MakeDoctorCommand() {
  return {.name = "doctor",
          .group = "Start",
          .summary = "check whether this machine is fit to serve, or a running server is well",
          .description =
              "With --host (or SLIPWAY_HOST) it looks at the server there: readiness, models that "
              "failed, versions, clocks, the certificate, refused requests, descriptors, memory, "
              "cores and, where it is on this machine, the disk of the store. Every finding says "
              "what to do. Exits with 1 when a check fails, with 8 when there is no server; "
              "warnings do not count.",
          .examples = {"slipway doctor", "slipway doctor --host http://127.0.0.1:8080",
                       "slipway doctor --format json"},
          .run = RunDoctor};
}

}  // namespace slipway::cli
