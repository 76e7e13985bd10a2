#include "cli/server_checkup.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "base/version.h"

namespace slipway::cli {
namespace {

constexpr std::int64_t kDay = 24 * 3600;
constexpr std::uint64_t kLittleDisk = std::uint64_t{1} << 30;
constexpr std::uint64_t kNoDisk = std::uint64_t{64} << 20;

Finding JudgeReadiness(const ServerReading& reading) {
  if (reading.is_ready) return {"ready", Verdict::kPass, "it answers requests", ""};
  return {"ready", Verdict::kFail, "it is alive and not ready: it loads, drains, or a model failed",
          "slipway ps --all says which model and why"};
}

Finding JudgeVersion(const ServerReading& reading) {
  if (reading.version == kVersion)
    return {"version", Verdict::kPass, fmt::format("{}, as here", reading.version), ""};
  return {
      "version", Verdict::kWarn,
      fmt::format("the server has {}, this program {}", Printable(reading.version, 64), kVersion),
      "use the same version on both sides"};
}

/// Nobody asked for it, or somebody asked to unload it.
bool IsWanted(std::string_view reason) {
  return reason.empty() || reason == "unloaded" || reason == "not loaded";
}

void JudgeModels(const ServerReading& reading, std::vector<Finding>& findings) {
  if (!reading.models) {
    findings.push_back({"models", Verdict::kWarn, "the server does not show them without its key",
                        "--api-key-file FILE, or --store DIR where the server's store is here"});
    return;
  }
  std::size_t ready = 0;
  for (const ServedVersion& model : *reading.models) {
    if (model.state == "READY") ++ready;
    if (model.state != "UNAVAILABLE" || IsWanted(model.reason)) continue;
    findings.push_back({fmt::format("model {}:{}", model.name, model.version), Verdict::kFail,
                        Printable(model.reason),
                        fmt::format("mend it, then slipway load {}; or slipway unload {}",
                                    model.name, model.name)});
  }
  findings.push_back({"models", ready > 0 ? Verdict::kPass : Verdict::kWarn,
                      fmt::format("{} ready", ready), ready > 0 ? "" : "slipway load NAME"});
}

Finding JudgeClock(std::int64_t ahead) {
  const std::int64_t apart = std::abs(ahead);
  const Verdict verdict = apart > 300 ? Verdict::kFail
                          : apart > 5 ? Verdict::kWarn
                                      : Verdict::kPass;
  if (verdict == Verdict::kPass) return {"clock", verdict, "as here", ""};
  return {"clock", verdict,
          fmt::format("{} s {} of this machine's", apart, ahead > 0 ? "ahead" : "behind"),
          "set one of the two (NTP): certificates and logs depend on it"};
}

Finding JudgeCertificate(std::int64_t left) {
  if (left <= 0) {
    return {"certificate", Verdict::kFail, fmt::format("expired {} days ago", -left / kDay),
            "replace the files of --tls-cert and --tls-key; the server notices by itself"};
  }
  const bool soon = left < 7 * kDay;
  return {
      "certificate", soon ? Verdict::kWarn : Verdict::kPass,
      fmt::format("valid for {} days", left / kDay),
      soon ? "replace the files of --tls-cert and --tls-key; the server notices by itself" : ""};
}

/// Refusals because of load, as a share of all requests.
Finding JudgeQueues(const std::string& page) {
  const double rejected =
      SumOfMetric(page, "slipway_rejected_total", R"(reason="queue_full")").value_or(0);
  const double late =
      SumOfMetric(page, "slipway_rejected_total", R"(reason="deadline")").value_or(0);
  const double all = SumOfMetric(page, "slipway_requests_total").value_or(0);
  const double share = all > 0 ? (rejected + late) / all : 0;
  const Verdict verdict = JudgeShare(share, 0.001, 0.05);
  return {"queues", verdict,
          fmt::format("of {:.0f} requests {:.0f} found a queue full, {:.0f} waited too long", all,
                      rejected, late),
          verdict == Verdict::kPass
              ? ""
              : "it gets more than it can do: more cores, batching (docs/batching.md) or fewer "
                "requests; slipway bench URL shows what it can"};
}

Finding JudgeConnections(const std::string& page) {
  const double refused = SumOfMetric(page, "slipway_connections_refused_total").value_or(0);
  if (refused == 0) return {"connections", Verdict::kPass, "none was refused", ""};
  return {"connections", Verdict::kWarn,
          fmt::format("{:.0f} were refused beyond the limits", refused),
          "keep connections alive in clients; /v2/config shows both limits (connections)"};
}

Finding JudgeDescriptors(double open, double most) {
  const Verdict verdict = JudgeShare(most > 0 ? open / most : 0, 0.8, 0.95);
  return {"descriptors", verdict, fmt::format("{:.0f} of {:.0f} in use", open, most),
          verdict == Verdict::kPass ? "" : "LimitNOFILE=65536 in its unit, or ulimit -n 65536"};
}

Finding JudgeMemory(double used, double most) {
  const Verdict verdict = JudgeShare(used / most, 0.85, 0.95);
  return {"memory", verdict,
          fmt::format("{} of {} in use", HumanBytes(static_cast<std::uint64_t>(used)),
                      HumanBytes(static_cast<std::uint64_t>(most))),
          verdict == Verdict::kPass ? "" : "unload models, or raise the memory limit (MemoryMax=)"};
}

void JudgeMetrics(const ServerReading& reading, std::vector<Finding>& findings) {
  const std::string& page = *reading.metrics;
  if (const auto expiry = SumOfMetric(page, "slipway_tls_certificate_expiry_timestamp_seconds"))
    findings.push_back(
        JudgeCertificate(static_cast<std::int64_t>(*expiry) - reading.now_unix_seconds));
  findings.push_back(JudgeQueues(page));
  findings.push_back(JudgeConnections(page));
  const auto open = SumOfMetric(page, "process_open_fds");
  const auto most = SumOfMetric(page, "process_max_fds");
  if (open && most) findings.push_back(JudgeDescriptors(*open, *most));
  if (SumOfMetric(page, "slipway_audit_lost_total").value_or(0) > 0) {
    findings.push_back({"audit log", Verdict::kFail, "administrative acts were not recorded",
                        "free the disk of --audit-log, or mend its permissions"});
  }
}

std::string Fact(const Json& configuration, const char* name) {
  const Json facts = configuration.value("facts", Json::object());
  if (!facts.is_object()) return "";
  const auto found = facts.find(name);
  return found != facts.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Its threads were made for the cores that it had when it started.
Finding JudgeCores(const Json& configuration) {
  std::string detail = Printable(Fact(configuration, "cores"));
  const std::int64_t loops = ParseInt64(Fact(configuration, "loops")).value_or(0);
  detail += fmt::format("; {} event loops, {} workers", loops,
                        Printable(Fact(configuration, "workers"), 16));
  const std::int64_t cores = ParseInt64(detail.substr(0, detail.find(' '))).value_or(loops);
  if (loops <= cores) return {"cores", Verdict::kPass, detail, ""};
  return {"cores", Verdict::kWarn, detail,
          "more busy threads than cores: they wait for each other"};
}

void JudgeConfiguration(const ServerReading& reading, std::vector<Finding>& findings) {
  const Result<Json> parsed = ParseJson(*reading.configuration);
  if (!parsed.ok() || !parsed->is_object()) return;
  findings.push_back(JudgeCores(*parsed));
  const auto used = reading.metrics ? SumOfMetric(*reading.metrics, "process_resident_memory_bytes")
                                    : std::nullopt;
  const std::uint64_t most = ParseUint64(Fact(*parsed, "memory_bytes")).value_or(0);
  if (used && most > 0) findings.push_back(JudgeMemory(*used, static_cast<double>(most)));
}

Finding JudgeStore(std::uint64_t free) {
  const Verdict verdict = free < kNoDisk       ? Verdict::kFail
                          : free < kLittleDisk ? Verdict::kWarn
                                               : Verdict::kPass;
  return {"store", verdict, fmt::format("{} free", HumanBytes(free)),
          verdict == Verdict::kPass ? "" : "slipway gc, or a larger disk"};
}

}  // namespace

std::string_view VerdictName(Verdict verdict) {
  static constexpr std::string_view kNames[] = {"pass", "warn", "fail"};
  return kNames[static_cast<std::size_t>(verdict)];
}

Verdict JudgeShare(double share, double warn_at, double fail_at) {
  if (share >= fail_at) return Verdict::kFail;
  return share >= warn_at ? Verdict::kWarn : Verdict::kPass;
}

std::optional<double> SumOfMetric(std::string_view page, std::string_view name,
                                  std::string_view label) {
  std::optional<double> sum;
  for (std::string_view line : Split(page, '\n')) {
    if (!line.starts_with(name) || line.size() == name.size()) continue;
    const char next = line[name.size()];
    if (next != ' ' && next != '{') continue;
    if (line.find(label) == std::string_view::npos) continue;
    const auto value = ParseDouble(line.substr(line.rfind(' ') + 1));
    if (value && std::isfinite(*value)) sum = sum.value_or(0) + *value;
  }
  return sum;
}

std::vector<Finding> JudgeServer(const ServerReading& reading) {
  std::vector<Finding> findings{JudgeReadiness(reading), JudgeVersion(reading)};
  JudgeModels(reading, findings);
  if (reading.clock_ahead_seconds) findings.push_back(JudgeClock(*reading.clock_ahead_seconds));
  if (reading.metrics) JudgeMetrics(reading, findings);
  if (reading.configuration) JudgeConfiguration(reading, findings);
  if (reading.store_free_bytes) findings.push_back(JudgeStore(*reading.store_free_bytes));
  return findings;
}

}  // namespace slipway::cli
