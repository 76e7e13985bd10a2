#include "cli/samples.h"

#include <fmt/format.h>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/text.h"
#include "tensor/npz.h"

namespace slipway::cli {

namespace {

constexpr std::size_t kMaxLabelsFile = 16 << 20;
constexpr std::string_view kExpect = "expect.";

bool IsPositional(std::string_view name, std::string_view prefix) {
  return name.starts_with(prefix) && ParseUint64(name.substr(prefix.size())).has_value();
}

Result<std::vector<std::string>> ReadLines(const std::string& path) {
  SLIPWAY_TRY(const std::string content, ReadFile(path, kMaxLabelsFile));
  if (!IsUtf8(content)) return InvalidArgument(fmt::format("{} is not UTF-8 text", path));
  std::vector<std::string> lines;
  for (const std::string_view line : Split(Trim(content), '\n')) lines.emplace_back(Trim(line));
  return lines;
}

}  // namespace

Result<jobs::Sample> ReadSample(const std::string& path) {
  SLIPWAY_TRY(std::vector<NamedTensor> arrays, ReadNpz(path));
  jobs::Sample sample;
  for (NamedTensor& array : arrays) {
    if (IsPositional(array.name, "out_")) {
      sample.expected.emplace_back(array.name, std::move(array.tensor));
    } else if (array.name.starts_with(kExpect)) {
      sample.expected.emplace_back(array.name.substr(kExpect.size()), std::move(array.tensor));
    } else if (array.name != "label") {
      sample.inputs.emplace_back(array.name, std::move(array.tensor));
    }
  }
  if (sample.inputs.empty() || sample.expected.empty()) {
    return InvalidArgument(fmt::format(
        "{} holds no sample: it needs inputs (in_0, ...) and expected outputs (out_0, ...)", path));
  }
  return sample;
}

Result<std::map<std::string, std::vector<std::string>>> ReadLabels(
    const std::vector<std::string>& arguments, const Signature& signature) {
  std::map<std::string, std::vector<std::string>> labels;
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    const std::string output = equals == std::string::npos ? "" : argument.substr(0, equals);
    const std::string path = equals == std::string::npos ? argument : argument.substr(equals + 1);
    if (output.empty() && signature.outputs.size() != 1) {
      return InvalidArgument(
                 fmt::format("the model has {} outputs: say which with --labels OUTPUT={}",
                             signature.outputs.size(), path))
          .With(errors::kUsage);
    }
    const std::string name = output.empty() ? signature.outputs[0].name : output;
    if (signature.FindOutput(name) == nullptr) {
      return InvalidArgument(fmt::format("the model has no output \"{}\"", name))
          .With(errors::kTensorNameUnknown);
    }
    SLIPWAY_TRY(labels[name], ReadLines(path));
  }
  return labels;
}

}  // namespace slipway::cli
