#include <string>
#include <variant>
#include <vector>

#include "inference.pb.h"
#include "serve/grpc/methods.h"
#include "serve/grpc/proto_message.h"

namespace slipway::serve::grpc {
namespace {

using LogValue = inference::LogSettingsRequest::SettingValue;

LogSetting ReadLogSetting(const std::string& name, const LogValue& value) {
  switch (value.parameter_choice_case()) {
    case LogValue::kBoolParam:
      return {name, value.bool_param()};
    case LogValue::kUint32Param:
      return {name, std::uint64_t{value.uint32_param()}};
    case LogValue::kStringParam:
      return {name, value.string_param()};
    case LogValue::PARAMETER_CHOICE_NOT_SET:
      break;
  }
  return {name, {}};
}

inference::LogSettingsResponse EncodeLog(const std::vector<LogSetting>& settings) {
  inference::LogSettingsResponse response;
  for (const LogSetting& setting : settings) {
    auto& value = (*response.mutable_settings())[setting.name];
    if (const bool* const is_on = std::get_if<bool>(&setting.value)) value.set_bool_param(*is_on);
    if (const auto* const number = std::get_if<std::uint64_t>(&setting.value))
      value.set_uint32_param(static_cast<std::uint32_t>(*number));
    if (const auto* const text = std::get_if<std::string>(&setting.value))
      value.set_string_param(*text);
  }
  return response;
}

inference::TraceSettingResponse EncodeTraces(const std::vector<TraceSetting>& settings) {
  inference::TraceSettingResponse response;
  for (const TraceSetting& setting : settings) {
    auto& value = (*response.mutable_settings())[setting.name];
    for (const std::string& each : setting.values) value.add_value(each);
  }
  return response;
}

}  // namespace

void ChangeLogSettings(const GrpcCall& call) {
  Respond<inference::LogSettingsRequest>(
      call, [&](const auto& request) -> Result<inference::LogSettingsResponse> {
        std::vector<LogSetting> wishes;
        for (const auto& [name, value] : request.settings())
          wishes.push_back(ReadLogSetting(name, value));
        SLIPWAY_RETURN_IF_ERROR(call.parts().log.Change(wishes));
        return EncodeLog(call.parts().log.All());
      });
}

void ChangeTraceSettings(const GrpcCall& call) {
  const auto request = Parse<inference::TraceSettingRequest>(call.message());
  if (!request.ok()) return call.Fail(request.status());
  const GrpcCall about = call.About(request->model_name());
  std::vector<TraceSetting> wishes;
  for (const auto& [name, value] : request->settings())
    wishes.push_back({name, {value.value().begin(), value.value().end()}});
  const Status changed = call.parts().traces.Change(request->model_name(), wishes);
  if (!changed.ok()) return about.Fail(changed);
  const auto all = call.parts().traces.All(request->model_name());
  if (!all.ok()) return about.Fail(all.status());
  AnswerWith(about, EncodeTraces(*all));
}

}  // namespace slipway::serve::grpc
