#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/dashboard.h"
#include "monitor/promql.h"

namespace slipway::monitor {
namespace {

struct Alert {
  std::string_view name;
  std::string expression;
  std::string_view lasts;     ///< so long before it is one
  std::string_view severity;  ///< "page", "ticket"
  std::string_view summary;
  std::string_view remedy;
};

std::string Grew(const MetricFamily& counter) {
  return fmt::format("increase({}[10m]) > 0", counter.name);
}

std::vector<Alert> RequestAlerts() {
  constexpr const MetricFamily& kRequests = MetricNamed("slipway_requests_total");
  const std::string by = "instance";
  return {
      {"SlipwayAbsent", fmt::format("absent({})", MetricNamed("slipway_build_info").name), "5m",
       "page", "no slipway server is scraped",
       "look whether the process runs and whether Prometheus reaches its /metrics"},
      {"SlipwayServerErrors",
       fmt::format("{} / {} > 0.01", RateOf(kRequests, by, "5m", "code=~\"5..\""),
                   RateOf(kRequests, by, "5m")),
       "5m", "page", "more than 1 % of the answers are a server's error",
       "slipway top, the log, and the access log's lines with code 500 and above"},
      {"SlipwayOverloaded",
       fmt::format("{} > 0", RateOf(MetricNamed("slipway_rejected_total"), by, "5m",
                                    "reason=~\"queue_full|deadline\"")),
       "10m", "page", "requests are refused because too many wait",
       "add replicas or cores, or look at slipway_batches_closed_total for why runs are small"},
      {"SlipwayQuotaUsed",
       fmt::format("{} > 1",
                   RateOf(MetricNamed("slipway_rejected_total"), by, "5m", "reason=~\"quota_.*\"")),
       "15m", "ticket", "callers are refused by their quota", "slipway keys shows who has which"},
      {"SlipwayConnectionsRefused", Grew(MetricNamed("slipway_connections_refused_total")), "5m",
       "ticket", "connections beyond the limits were refused",
       "/v2/config shows the limits; look for clients that open many"},
      {"SlipwayRequestsLost", Grew(MetricNamed("slipway_drain_dropped_total")), "0m", "ticket",
       "requests were lost when a server ended", "give it a longer --drain-timeout"}};
}

std::vector<Alert> ModelAlerts() {
  const std::string of_model = "instance, model, version";
  return {
      {"SlipwayModelNotReady",
       fmt::format("{}{{state!=\"READY\"}} == 1", MetricNamed("slipway_model_state").name), "10m",
       "page", "a model is not ready", "slipway ps --all says why"},
      {"SlipwayModelSlow",
       QuantileOf(MetricNamed("slipway_model_request_seconds"), "0.99", of_model, "5m") + " > 1",
       "10m", "ticket", "one in a hundred inferences takes more than a second",
       "compare slipway_queue_seconds with slipway_compute_seconds: the one is load, the other "
       "the model"},
      {"SlipwayQueueLong",
       fmt::format("{} > 100", SumOf(MetricNamed("slipway_queue_requests"), of_model)), "5m",
       "ticket", "more than 100 requests wait for a model",
       "add replicas, or bound what waits with --max-queued"}};
}

std::vector<Alert> ServerAlerts() {
  return {{"SlipwayCertificateExpires",
           fmt::format("{} - time() < 7 * 86400",
                       MetricNamed("slipway_tls_certificate_expiry_timestamp_seconds").name),
           "1h", "page", "the certificate ends within a week",
           "replace its files: they are read again by themselves"},
          {"SlipwayDescriptors",
           fmt::format("{} / {} > 0.8", MetricNamed("process_open_fds").name,
                       MetricNamed("process_max_fds").name),
           "10m", "ticket", "four of five file descriptors are in use", "raise LimitNOFILE"},
          {"SlipwayAuditLost", Grew(MetricNamed("slipway_audit_lost_total")), "0m", "page",
           "administrative acts are not recorded", "look at the disk of the audit log"},
          {"SlipwayAccessLogLost", Grew(MetricNamed("slipway_access_log_lost_total")), "5m",
           "ticket", "lines of the access log are lost", "look at its disk"},
          {"SlipwayTracesLost", Grew(MetricNamed("slipway_traces_lost_total")), "15m", "ticket",
           "traces are lost", "look at the collector, or lower --trace-sample"}};
}

/// Of single quotes, in which YAML knows no escapes.
std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += '\'';
    quoted += c;
  }
  return quoted + "'";
}

void AppendGroup(std::string_view name, const std::vector<Alert>& alerts, std::string& text) {
  fmt::format_to(std::back_inserter(text), "  - name: {}\n    rules:\n", name);
  for (const Alert& alert : alerts) {
    fmt::format_to(std::back_inserter(text),
                   "      - alert: {}\n"
                   "        expr: {}\n"
                   "        for: {}\n"
                   "        labels:\n"
                   "          severity: {}\n"
                   "        annotations:\n"
                   "          summary: {}\n"
                   "          remedy: {}\n",
                   alert.name, Quoted(alert.expression), alert.lasts, alert.severity,
                   Quoted(alert.summary), Quoted(alert.remedy));
  }
}

}  // namespace

std::string PrometheusRules() {
  std::string text = "# Alert rules for slipway servers: slipway dashboards prometheus\ngroups:\n";
  AppendGroup("slipway-requests", RequestAlerts(), text);
  AppendGroup("slipway-models", ModelAlerts(), text);
  AppendGroup("slipway-server", ServerAlerts(), text);
  return text;
}

}  // namespace slipway::monitor
