#include "serve/http/settings_handlers.h"

#include <string>
#include <vector>

#include "serve/http/settings_codec.h"

namespace slipway::serve::settings {
namespace {

/// "": all models. InvalidArgument: not a model's name.
Result<std::string> ModelOf(const ApiCall& call) {
  if (call.Capture("model").empty()) return std::string();
  SLIPWAY_TRY(const std::string_view name, call.ModelName());
  return std::string(name);
}

void AnswerTraces(const ApiCall& call, const std::string& model) {
  const Result<std::vector<TraceSetting>> all = call.parts().traces.All(model);
  if (!all.ok()) return call.Fail(all.status());
  call.SendJson(EncodeTraceSettings(*all));
}

}  // namespace

void ShowLog(const ApiCall& call) { call.SendJson(EncodeLogSettings(call.parts().log.All())); }

void ChangeLog(const ApiCall& call) {
  const Result<std::vector<LogSetting>> wishes = ParseLogSettings(call.text());
  if (!wishes.ok()) return call.Fail(wishes.status());
  const slipway::Status changed = call.parts().log.Change(*wishes);
  if (!changed.ok()) return call.Fail(changed);
  ShowLog(call);
}

void ShowTraces(const ApiCall& call) {
  const Result<std::string> model = ModelOf(call);
  if (!model.ok()) return call.Fail(model.status());
  AnswerTraces(call, *model);
}

void ChangeTraces(const ApiCall& call) {
  const Result<std::string> model = ModelOf(call);
  if (!model.ok()) return call.Fail(model.status());
  const Result<std::vector<TraceSetting>> wishes = ParseTraceSettings(call.text());
  if (!wishes.ok()) return call.Fail(wishes.status());
  const slipway::Status changed = call.parts().traces.Change(*model, *wishes);
  if (!changed.ok()) return call.Fail(changed);
  AnswerTraces(call, *model);
}

}  // namespace slipway::serve::settings
