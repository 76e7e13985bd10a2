#include "import/importer.h"

namespace slipway::import {

namespace {

template <class T>
bool Take(const Json& json, const char* key, T& into) {
  const auto found = json.find(key);
  if (found == json.end()) return false;
  if constexpr (std::is_same_v<T, std::string>) {
    if (!found->is_string()) return false;
    into = found->get_ref<const std::string&>();
  } else {
    if (!found->is_number_unsigned()) return false;
    into = found->get<T>();
  }
  return true;
}

bool TakeSentences(const Json& json, const char* key, std::vector<std::string>& into) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array()) return false;
  for (const Json& sentence : *found) {
    if (!sentence.is_string()) return false;
    into.push_back(sentence.get_ref<const std::string&>());
  }
  return true;
}

}  // namespace

OrderedJson ReportToJson(const Report& report) {
  OrderedJson json;
  json["format"] = report.format;
  json["framework"] = report.framework;
  json["model_name"] = report.model_name;
  json["parameters"] = report.parameters;
  json["layers"] = report.layers;
  json["warnings"] = report.warnings;
  json["notes"] = report.notes;
  return json;
}

Result<Report> ReportFromJson(const Json& json) {
  Report report;
  const bool whole =
      json.is_object() && Take(json, "format", report.format) &&
      Take(json, "framework", report.framework) && Take(json, "model_name", report.model_name) &&
      Take(json, "parameters", report.parameters) && Take(json, "layers", report.layers) &&
      TakeSentences(json, "warnings", report.warnings) &&
      TakeSentences(json, "notes", report.notes);
  if (!whole) return InvalidArgument("not an import report: a field is missing or of another type");
  return report;
}

}  // namespace slipway::import
